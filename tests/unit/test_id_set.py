"""Used request ids as fingerprints: never "free" of one that was added."""

import random

import pytest

from engine import pipeline
from engine.domain.claim import Claim
from engine.domain.request import BatchAnswer, SettleBatch
from engine.kernel import FAST, REFERENCE, Kernel
from engine.pipeline import Pipeline
from engine.state._id_set import IdSet
from tests.support.city_bench import Bench
from tests.support.runner import cities
from tests.support.world import ZIBO


def small_claim(request_id: str) -> Claim:
    return Claim("Y", request_id, "m", 2024_03_01, 2024_03_01, 5_000, 5_000, 0, 0, 0)


def test_it_knows_what_was_added_and_nothing_else() -> None:
    draw, ids = random.Random(1), IdSet()
    added = {(draw.randrange(-70, 70), f"R{draw.randrange(10**9)}") for _ in range(50_000)}
    assert all(ids.lacks(*one) for one in added)
    assert sum(ids.add(*one) for one in added) == len(added) == len(ids)
    assert not any(ids.add(*one) for one in added)
    assert not any(ids.lacks(*one) for one in added)
    assert len(ids) == len(added)
    assert all(ids.lacks(institution, f"S{n}") for n, (institution, _) in enumerate(added))


def test_one_id_at_two_institutions_is_two() -> None:
    ids = IdSet()
    assert ids.add(1, "R")
    assert ids.lacks(2, "R")
    assert ids.add(-1, "R")
    assert len(ids) == 2


def test_its_memory_is_a_few_words_for_each_id() -> None:
    ids = IdSet()
    for n in range(100_000):
        ids.add(n % 7, str(n))
    assert 16 * len(ids) <= ids.nbytes <= 64 * len(ids)


@pytest.mark.parametrize("kernel", [FAST, REFERENCE], ids=lambda kernel: kernel.name)
def test_ids_that_are_not_read_yet_are_looked_for_in_the_tables(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(ZIBO, kernel)
    claims = [small_claim(f"R{n:02}") for n in range(30)]
    assert not bench.batch(*claims).replayed
    bench.pipeline.checkpoint()
    monkeypatch.setattr(pipeline, "IDS_READ", 8)
    again = Pipeline.open(bench.store, cities(), kernel)
    more = [small_claim("R30"), small_claim("R31"), *claims, small_claim("R30")]
    (answer,) = again.run([SettleBatch(more)], 2)
    assert isinstance(answer, BatchAnswer)
    assert not answer.refusals
    assert not answer.errors
    assert answer.replayed == frozenset(range(2, 33))
    read = []
    for _ in range(3):
        read.append(again._state.knows_free(2**60, ""))
        again.run([], 3)
    assert read == [False, False, True]
    assert len(again._state.ids) == 32
