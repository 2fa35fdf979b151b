"""Growing arrays with a slot for each key, for what is asked for again and again."""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.domain.layout import Array

_ROWS_AT_FIRST = 1024


class Slots:
    """Growing int64 storage with a slot for each key, and the slots changed of late."""

    def __init__(self, make: Callable[[int], Array]) -> None:
        self._make = make
        self.values = make(_ROWS_AT_FIRST)
        self.count = 0
        self.changed: set[int] = set()

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
            self.values = grown
        return first


def zeros(rows: int) -> Array:
    """Return zeros, int64."""
    return np.zeros(rows, dtype=np.int64)
