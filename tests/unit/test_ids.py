"""Used request ids: an absent one is free for certain, a used one leads to its entry."""

import random

import numpy as np
import pytest

from engine.domain.account import Purpose
from engine.domain.claim import Claim
from engine.domain.movement import Moved, Pay
from engine.domain.register import AccountOpening
from engine.domain.request import (
    BatchAnswer,
    Cancel,
    Found,
    GetSettlement,
    ImportOpenings,
    SettleBatch,
    Undone,
)
from engine.kernel import FAST, REFERENCE, Kernel
from engine.pipeline import Pipeline
from engine.state._ids import STATUS_BITS, Ids, fingerprint
from engine.state.tables import ID_USE, KeyStatus
from tests.support.city_bench import Bench
from tests.support.runner import cities
from tests.support.world import ZIBO


def small_claim(request_id: str) -> Claim:
    return Claim("Y", request_id, "m", 2024_03_01, 2024_03_01, 5_000, 5_000, 0, 0, 0)


def test_it_knows_what_was_put_and_nothing_else() -> None:
    draw, ids = random.Random(1), Ids(2**63 - 1)
    put = {(draw.randrange(-70, 70), f"R{draw.randrange(10**9)}"): n + 1 for n in range(50_000)}
    for (institution, request_id), position in put.items():
        assert ids.uses(institution, request_id) == []
        if position % 2:
            assert ids.take(institution, request_id)
        ids.put(institution, request_id, position, 1)
    assert len(ids) == len(put) == ids.noted_count
    assert not any(ids.take(*one) for one in put)
    assert all(ids.uses(*one) == [(position, 1)] for one, position in put.items())
    assert all(ids.uses(institution, f"S{n}") == [] for n, (institution, _) in enumerate(put))
    noted = np.frombuffer(ids.noted_uses(), dtype=ID_USE)
    assert noted["institution"].tolist() == [institution for institution, _ in put]
    assert (noted["use"] >> STATUS_BITS).tolist() == list(put.values())
    again = Ids(2**63 - 1)
    again.reserve(len(noted))
    room = again.nbytes
    again.load(noted)
    assert again.nbytes <= 2 * room
    assert again.noted_count == 0
    assert all(again.uses(*one) == [(position, 1)] for one, position in put.items())


def test_the_last_use_comes_first_and_a_kept_id_has_none() -> None:
    ids = Ids(5)
    assert ids.take(1, "R")
    assert not ids.take(1, "R")
    assert ids.uses(1, "R") == []
    ids.put(1, "R", 7, 1)
    ids.put(1, "R", 9, 2)
    assert ids.uses(1, "R") == [(9, 2), (7, 1)]
    assert ids.take(2, "R")
    assert ids.take(-1, "R")
    assert ids.take(1, "")
    ids.forget_noted(1)
    assert np.frombuffer(ids.noted_uses(), dtype=ID_USE)["use"].tolist() == [9 << STATUS_BITS | 2]
    with pytest.raises(ValueError, match="1 uses are noted, not 2"):
        ids.forget_noted(2)
    with pytest.raises(ValueError, match="use 0 of a request id is empty"):
        ids.load(np.zeros(1, dtype=ID_USE))


def test_its_memory_is_a_few_words_for_each_id() -> None:
    ids = Ids(0)
    for n in range(100_000):
        ids.put(n % 7, str(n), n + 1, 1)
    assert 20 * len(ids) <= ids.nbytes <= 50 * len(ids)


def test_fingerprints_are_stored_and_stay_what_they_are() -> None:
    """Lengths around the words that are read at once, an id that is not ASCII, other seeds."""
    texts = ["", "a", "1234567", "12345678", "123456789", "1234567890123456", "请求七", "x" * 64]
    found = [fingerprint(seed, at, text) for seed in (0, 9) for at in (-1, 3) for text in texts]
    assert len(set(found)) == len(found)
    assert fingerprint(9, 3, "123456789") == 11216172509881004928
    assert found == [fingerprint(s, at, text) for s in (0, 9) for at in (-1, 3) for text in texts]


@pytest.mark.parametrize("kernel", [FAST, REFERENCE], ids=lambda kernel: kernel.name)
def test_ids_are_found_after_a_checkpoint_and_a_restart(kernel: Kernel) -> None:
    bench = Bench(ZIBO, kernel)
    claims = [small_claim(f"R{n:02}") for n in range(30)]
    assert not bench.batch(*claims).replayed
    bench.pipeline.checkpoint()
    again = Pipeline.open(bench.store, cities(), kernel)
    more = [small_claim("R30"), small_claim("R31"), *claims, small_claim("R30")]
    (answer,) = again.run([SettleBatch(more)], 2)
    assert isinstance(answer, BatchAnswer)
    assert not answer.refusals
    assert not answer.errors
    assert answer.replayed == frozenset(range(2, 33))
    assert len(again._state.ids) == 32


@pytest.mark.parametrize("kernel", [FAST, REFERENCE], ids=lambda kernel: kernel.name)
def test_two_ids_with_one_fingerprint_are_two(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id whose fingerprint is that of a used one: as if it were free, and found as itself."""
    bench = Bench(ZIBO, kernel)
    state = bench.pipeline._state
    (first,) = bench.batch(small_claim("R1")).entries["link"]["position"].tolist()
    here = state.institutions.numbers["Y"]
    # R2 hits what R1 used: a use of R1's entry under the fingerprint of R2.
    state.ids.put(here, "R2", first, KeyStatus.STANDING)
    answer = bench.batch(small_claim("R2"), small_claim("R2"), small_claim("R1"))
    assert answer.replayed == {1, 2}
    second = int(answer.entries["link"]["position"][0])
    assert second > first
    undo = Cancel("Y", "U2", second)
    assert isinstance(bench.pipeline.run([undo], 3)[0], Undone)
    for request_id, undone in (("R1", False), ("R2", True)):
        (found,) = bench.pipeline.run([GetSettlement("Y", 0, request_id)], 4)
        assert isinstance(found, Found)
        assert bool(found.undone_by) is undone


@pytest.mark.parametrize("kernel", [FAST, REFERENCE], ids=lambda kernel: kernel.name)
def test_a_claim_and_a_payment_with_one_fingerprint_are_two(kernel: Kernel) -> None:
    """What a fingerprint leads to may be an act of the other kind: then it is of another id."""
    bench = Bench(ZIBO, kernel)
    bench.ask(ImportOpenings([AccountOpening("m", 50_000)]))
    state = bench.pipeline._state
    (entry,) = bench.batch(small_claim("R1")).entries["link"]["position"].tolist()
    pay = Pay("Y", "P1", "m", 2024_03_01, Purpose.MEDICAL, 100)
    paid = bench.ask(pay)
    assert isinstance(paid, Moved), paid
    state.ids.put(state.asking("Y"), "P2", entry, KeyStatus.STANDING)
    state.ids.put(state.institutions.numbers["Y"], "R2", paid.position, KeyStatus.STANDING)
    again = bench.ask(pay._replace(request_id="P2"))
    assert isinstance(again, Moved)
    assert not bench.batch(small_claim("R2")).replayed
