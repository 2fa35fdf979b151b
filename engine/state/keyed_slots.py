"""Counters with keys of their own in memory, on top of the lagging tables; `keyed.py` names them.

What counts for a day, a month or a visit leaves the memory at a checkpoint: there may be as many as
claims. What counts for the year stays: a member has few, and they are asked for again and again.
"""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from engine.domain.layout import Array
from engine.state._ids import Ids
from engine.state.keyed import DAY, DAY_VISITS, MONTH, is_own
from engine.state.slots import Slots, zeros
from engine.state.tables import Tables, VisitKey

NO_VISIT: Final[VisitKey] = (-1, 0, -1, "")
"""A visit that nothing was ever paid for."""

_NAMED_VISIT: Final = -1


def is_passing(key: VisitKey) -> bool:
    """Return whether a counter is of a visit, a day or a month, and not of a year."""
    number = key[2]
    return number in (_NAMED_VISIT, MONTH, DAY) or number <= DAY_VISITS or is_own(key)


class KeyedSlots:
    """The counters with keys of one ledger, a slot each in `slots`."""

    def __init__(self, tables: Tables) -> None:
        self.slots = Slots(zeros)
        self._tables = tables
        self._slot_of: dict[VisitKey, int] = {}
        self._key_of: list[VisitKey | None] = []
        """By slot; None for one that is free, or of a claim that is its own visit."""
        self._of_member_year: dict[tuple[int, int], list[int]] = {}
        self._known = Ids(0)
        """Of member-years that were read: fingerprints of every key of the tables."""
        self._free: list[int] = []
        self._passing: list[int] = []
        self._own: list[int] = []
        self._own_used = 0

    @property
    def passing(self) -> int:
        """How many counters leave the memory at the next checkpoint."""
        return len(self._passing)

    def read_block(self, year: int, block: int) -> None:
        """Learn which counters the tables have of a block of members, before they are asked for."""
        for member, number, text in self._tables.visit_keys(year, block):
            self._known.take(hash((member, year, number)), text)

    def begin(self) -> None:
        """Take the slots back that `own` gave: the claims of an earlier batch are settled."""
        self._own_used = 0

    def own(self) -> int:
        """Return a slot, zero, for a claim of this batch that is its own visit."""
        if self._own_used == len(self._own):
            self._own.append(self._new())
        slot = self._own[self._own_used]
        self._own_used += 1
        self.slots.values[slot] = 0
        return slot

    def find(self, key: VisitKey) -> int:
        """Return the slot of a counter, -1 if it has none."""
        return self._slot_of.get(key, -1)

    def holds(self, key: VisitKey) -> bool:
        """Return whether a counter is in memory; if not, note that the tables have it."""
        if self.find(key) >= 0:
            return True
        if not is_own(key):
            self._is_first(key)
        return False

    def new(self, key: VisitKey) -> int:
        """Return a slot for a counter that has none, whose block of members was read."""
        slot = self._slot_of[key] = self._free.pop() if self._free else self._new()
        self._key_of[slot] = key
        self._of_member_year.setdefault(key[:2], []).append(slot)
        if is_passing(key):
            self._passing.append(slot)
        if not is_own(key) and not self._is_first(key):
            self.slots.values[slot] = self._tables.visit(key) or 0
        return slot

    def _new(self) -> int:
        self._key_of.append(None)
        return self.slots.new()

    def _is_first(self, key: VisitKey) -> bool:
        """Note a counter; return whether it is certain that the tables have nothing of it."""
        member, year, number, text = key
        return self._known.take(hash((member, year, number)), text)

    def of(self, member: int, year: int) -> dict[tuple[int, str], int]:
        """Return fen by number and text of every counter of a member-year but own visits."""
        found = {(number, text): fen for number, text, fen in self._tables.visits(member, year)}
        for slot in self._of_member_year.get((member, year), ()):
            key = self._key_of[slot]
            if key is not None and not is_own(key):
                found[key[2:]] = int(self.slots.values[slot])
        return found

    # --- checkpoints ---------------------------------------------------------------------

    def take_changed(self) -> dict[VisitKey, int]:
        """Return the counters changed since the last checkpoint, now taken note of."""
        return dict(self._stored(self.slots.take_marks()))

    def _stored(self, slots: Array) -> Iterator[tuple[VisitKey, int]]:
        for slot, fen in zip(slots.tolist(), self.slots.values[slots].tolist(), strict=True):
            key = self._key_of[slot]
            if key is not None and not is_own(key):
                yield key, fen

    def end_checkpoint(self) -> None:
        """Forget what passes, but for what changed since the checkpoint began."""
        passing = np.array(self._passing, dtype=np.int64)
        changed = self.slots.marks[passing] > 0
        for slot in passing[~changed].tolist():
            self._forget(slot)
        self._passing = passing[changed].tolist()

    def forget_passing(self, in_tables: Callable[[int, int], bool]) -> None:
        """Forget what passes of the member-years of which the tables have everything."""
        kept = []
        for slot in self._passing:
            key = self._key_of[slot]
            if key is not None and in_tables(key[0], key[1]):
                self._forget(slot)
            else:
                kept.append(slot)
        self._passing = kept

    def _forget(self, slot: int) -> None:
        key = self._key_of[slot]
        if key is None:
            return
        self._key_of[slot] = None
        del self._slot_of[key]
        of_year = self._of_member_year[key[:2]]
        of_year.remove(slot)
        if not of_year:
            del self._of_member_year[key[:2]]
        self.slots.values[slot] = self.slots.marks[slot] = 0
        self._free.append(slot)
