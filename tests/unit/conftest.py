"""Fixtures of the unit tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.kernel import FAST, REFERENCE, Kernel
from engine.verify.check import verify_store
from tests.support.register_bench import Bench


@pytest.fixture(params=[REFERENCE, FAST], ids=lambda kernel: kernel.name)
def kernel(request: pytest.FixtureRequest) -> Kernel:
    chosen: Kernel = request.param
    return chosen


@pytest.fixture
def bench(tmp_path: Path, kernel: Kernel) -> Iterator[Bench]:
    """Yield a register to change, and verify its store in the end."""
    bench = Bench(tmp_path / "ledger.sqlite", kernel)
    yield bench
    report = verify_store(bench.store)
    assert report.ok, report.findings
    bench.store.close()
