"""The kernels side by side: compiled, reference, and NumPy by rounds, on the same claims.

Every contender is first shown to give the same results and the same state. Ratios are printed
at the end; absolute numbers are the machine's.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import numpy_rounds
from benchmarks.generate import Batch, batch
from benchmarks.tables import Show, Table
from engine.kernel import FAST, REFERENCE, check_identities

Run = Callable[[Batch, tuple[np.ndarray, ...]], None]

MEMBERS, CLAIMS = 20_000, 200_000
REFERENCE_CLAIMS = 4_000


def run_fast(claims: Batch, state: tuple[np.ndarray, ...]) -> None:
    counters, visits, balances, results = state
    FAST.settle(claims.rows, claims.plans, counters, visits, results)
    FAST.pay_accounts(claims.rows, results, balances)


def run_reference(claims: Batch, state: tuple[np.ndarray, ...]) -> None:
    counters, visits, balances, results = state
    REFERENCE.settle(claims.rows, claims.plans, counters, visits, results)
    REFERENCE.pay_accounts(claims.rows, results, balances)


def run_numpy(claims: Batch, state: tuple[np.ndarray, ...]) -> None:
    counters, visits, balances, results = state
    numpy_rounds.settle(claims.rows, claims.plans, counters, visits, results)
    numpy_rounds.pay_accounts(claims.rows, results, balances)


CONTENDERS: dict[str, tuple[Run, int]] = {
    "fast": (run_fast, CLAIMS),
    "numpy by rounds": (run_numpy, CLAIMS),
    "reference": (run_reference, REFERENCE_CLAIMS),
}


@pytest.fixture(scope="module")
def seconds_a_claim(show: Show) -> Iterator[dict[str, float]]:
    """Collect medians, and show how much faster the compiled kernel is."""
    medians: dict[str, float] = {}
    yield medians
    fast = medians.get("fast")
    if fast:
        rows = [
            (name, f"{median * 1e9:,.0f}", f"{median / fast:,.1f}")
            for name, median in medians.items()
        ]
        show(Table("kernel, both passes", ("", "ns a claim", "times fast"), rows))


def require_agreement(run: Run) -> None:
    """Fail unless a contender gives the results and the state that the reference gives."""
    claims = batch(REFERENCE_CLAIMS, 500)
    expected, found = claims.fresh(), claims.fresh()
    run_reference(claims, expected)
    run(claims, found)
    check_identities(found[3])
    for ours, theirs in zip(expected, found, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.benchmark(group="settle and pay")
@pytest.mark.parametrize("name", CONTENDERS)
def test_settle(benchmark: BenchmarkFixture, seconds_a_claim: dict[str, float], name: str) -> None:
    run, count = CONTENDERS[name]
    require_agreement(run)
    claims = batch(count, MEMBERS * count // CLAIMS)
    state = claims.fresh()

    def reset() -> tuple[tuple[Batch, tuple[np.ndarray, ...]], dict[str, object]]:
        # Into the same memory: pages touched for the first time cost more than the claims.
        state[0][:], state[1][:], state[2][:] = claims.counters, claims.visits, claims.balances
        return (claims, state), {}

    benchmark.pedantic(run, setup=reset, rounds=9 if name != "reference" else 5, warmup_rounds=1)
    if benchmark.stats is not None:
        benchmark.extra_info["claims"] = count
        seconds_a_claim[name] = benchmark.stats.stats.median / count


@pytest.mark.benchmark(group="one claim")
@pytest.mark.parametrize("run", [run_fast, run_reference])
def test_settle_one_claim(benchmark: BenchmarkFixture, run: Run) -> None:
    """What a call costs whatever the number of claims: buffers taken, dtypes compared."""
    claims = batch(1, 1)
    state = claims.fresh()
    benchmark(run, claims, state)
