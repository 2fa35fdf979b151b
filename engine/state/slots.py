"""Growing arrays with a slot for each key, for what is asked for again and again."""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.domain.layout import Array

_ROWS_AT_FIRST = 1024


class Slots:
    """Growing int64 storage with a slot for each key, and marks of what changed of late."""

    def __init__(self, make: Callable[[int], Array], slots_a_mark: int = 1) -> None:
        """Begin without slots; neighbours may share a mark, as they share a row of the tables."""
        self._make = make
        self._slots_a_mark = slots_a_mark
        self.values = make(_ROWS_AT_FIRST)
        self.count = 0
        self.marks = np.zeros(_ROWS_AT_FIRST // slots_a_mark, dtype=np.uint8)
        """1 where a slot changed since `take_marks`."""

    def __getitem__(self, slot: int) -> Any:
        """Return the value of a slot, which may be one that was made in the same expression.

        `values[slot_of(key)]` would look into the old array if making the slot made it grow.
        """
        return self.values[slot]

    def new(self, count: int = 1) -> int:
        """Return the first of some new slots, all zero, one after the other."""
        first, self.count = self.count, self.count + count
        if self.count > len(self.values):
            grown = self._make(max(2 * len(self.values), self.count))
            grown[:first] = self.values[:first]
            marks = np.zeros(len(grown) // self._slots_a_mark, dtype=np.uint8)
            marks[: len(self.marks)] = self.marks
            self.values, self.marks = grown, marks
        return first

    def mark(self, slots: int | Array) -> None:
        """Note that a slot changed, or an array of them."""
        self.marks[slots // self._slots_a_mark] = 1

    def marked(self) -> Array:
        """Return the numbers of the marks that are set, int64, ascending."""
        return np.flatnonzero(self.marks)

    def take_marks(self) -> Array:
        """Return `marked`, and take the marks away."""
        marked = self.marked()
        self.marks[:] = 0
        return marked


def zeros(rows: int) -> Array:
    """Return zeros, int64."""
    return np.zeros(rows, dtype=np.int64)
