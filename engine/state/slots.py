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

    def new(self) -> int:
        """Return a new slot, all zero."""
        if self.count == len(self.values):
            grown = self._make(2 * len(self.values))
            grown[: self.count] = self.values
            self.values = grown
        self.count += 1
        return self.count - 1


def zeros(rows: int) -> Array:
    """Return zeros, int64."""
    return np.zeros(rows, dtype=np.int64)
