"""Slots for numbers that lie close together, given by the block: of members, above all.

A number is found without hashing, its neighbours are read from the tables with it, and a slot costs
no memory beside what it holds.
"""

from typing import Final

import numpy as np

from engine.domain.layout import Array

BLOCK: Final = 1024
"""Numbers of a block; a power of 2."""


class Blocks:
    """The first slot of each block that has slots; the others of a block follow in order."""

    def __init__(self) -> None:
        self.firsts: Array = np.full(0, -1, dtype=np.int64)
        """By block: its first slot, -1 where it has none yet."""

    def slot(self, number: int) -> int:
        """Return the slot of a number, -1 if its block has none."""
        block = number // BLOCK
        if block >= len(self.firsts):
            return -1
        first = int(self.firsts[block])
        return first if first < 0 else first + number % BLOCK

    def give(self, block: int, first: int) -> None:
        """Give a block its slots, from `first` on."""
        if block >= len(self.firsts):
            grown = np.full(max(block + 1, 2 * len(self.firsts)), -1, dtype=np.int64)
            grown[: len(self.firsts)] = self.firsts
            self.firsts = grown
        self.firsts[block] = first

    def slots(self, numbers: Array) -> Array:
        """Return the slots of many numbers, whose blocks have some."""
        slots: Array = self.firsts[numbers // BLOCK] + numbers % BLOCK
        return slots

    def missing(self, numbers: Array) -> list[int]:
        """Return the blocks of numbers that have no slots yet, each once."""
        blocks = np.unique(numbers // BLOCK)
        known = np.full(len(blocks), -1, dtype=np.int64)
        within = blocks < len(self.firsts)
        known[within] = self.firsts[blocks[within]]
        missing: list[int] = blocks[known < 0].tolist()
        return missing

    def held(self, numbers: Array) -> Array:
        """Return for each number whether its block has slots, bool."""
        missing = self.missing(numbers)
        found: Array = ~np.isin(numbers // BLOCK, missing)
        return found
