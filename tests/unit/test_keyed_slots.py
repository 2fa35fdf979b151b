"""Counters with keys of their own: what passes leaves the memory, what is of a year stays."""

import numpy as np

from engine.state.keyed import COST, DAY, DAY_VISITS, DISEASE, FIRST_LEVEL, MONTH, PAID
from engine.state.keyed_slots import KeyedSlots, is_passing
from engine.state.tables import VisitKey
from tests.support.memory_store import MemoryStore

PASSING: list[VisitKey] = [
    (1, 2024, -1, "V"),
    (1, 2024, DAY_VISITS - 3, "20240301"),
    (1, 2024, MONTH, "2024-03"),
    (1, 2024, DAY, "2024-03-01"),
    (1, 2024, 7, "request"),
]
LASTING: list[VisitKey] = [
    (1, 2024, 7, ""),
    (1, 2024, FIRST_LEVEL - 2, ""),
    (1, 2024, COST, ""),
    (1, 2024, DISEASE, "M01"),
    (1, 2024, PAID, "chronic"),
    (1, 2024, PAID - 3, ""),
]


def put(keyed: KeyedSlots, key: VisitKey, fen: int) -> int:
    slot = keyed.find(key)
    slot = keyed.new(key) if slot < 0 else slot
    keyed.slots.values[slot] += fen
    keyed.slots.mark(slot)
    return slot


def test_what_passes_leaves_and_comes_back_from_the_tables() -> None:
    store = MemoryStore()
    keyed = KeyedSlots(store)
    slots = {key: put(keyed, key, 5 + n) for n, key in enumerate(PASSING + LASTING)}
    assert [is_passing(key) for key in slots] == [True] * 5 + [False] * 6
    assert keyed.passing == 5
    written = keyed.take_changed()
    assert written == {key: 5 + n for n, key in enumerate(slots) if key != PASSING[-1]}
    assert keyed.take_changed() == {}
    put(keyed, PASSING[0], 100)  # after the checkpoint began
    store._visits.update(written)
    keyed.end_checkpoint()
    assert keyed.passing == 1
    assert [keyed.find(key) for key in PASSING[1:]] == [-1] * 4
    assert all(keyed.find(key) == slots[key] for key in [PASSING[0], *LASTING])
    assert keyed.take_changed() == {PASSING[0]: 105}
    again = keyed.new(PASSING[1])
    assert again in slots.values()  # a place that became free
    assert keyed.slots.values[again] == 6
    fresh = keyed.new((9, 2024, -1, "V"))
    assert keyed.slots.values[fresh] == 0
    expected = {key[2:]: fen for key, fen in written.items()} | {PASSING[0][2:]: 105}
    assert keyed.of(1, 2024) == expected


def test_a_claims_own_visit_is_a_place_for_one_batch() -> None:
    keyed = KeyedSlots(MemoryStore())
    slots = [keyed.own() for _ in range(3)]
    keyed.slots.values[slots] = 9
    keyed.slots.mark(np.array(slots))
    keyed.begin()
    assert [keyed.own() for _ in range(4)][:3] == slots
    assert not keyed.slots.values[slots].any()
    assert keyed.take_changed() == {}
    assert keyed.passing == 0
    keyed.end_checkpoint()
    assert len(keyed.slots.marked()) == 0
