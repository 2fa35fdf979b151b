"""Slots by blocks of neighbouring numbers."""

import numpy as np

from engine.state.blocks import BLOCK, Blocks


def test_a_block_is_given_its_slots_at_once() -> None:
    blocks = Blocks()
    assert blocks.slot(0) == -1
    blocks.give(3, 0)
    blocks.give(0, BLOCK)
    assert blocks.slot(3 * BLOCK) == 0
    assert blocks.slot(4 * BLOCK - 1) == BLOCK - 1
    assert blocks.slot(5) == BLOCK + 5
    assert blocks.slot(BLOCK) == -1
    assert blocks.slot(10**6) == -1


def test_many_at_once() -> None:
    blocks = Blocks()
    numbers = np.array([5, BLOCK + 1, 6, 9 * BLOCK], dtype=np.int32)
    assert blocks.missing(numbers) == [0, 1, 9]
    for n, block in enumerate([9, 1, 0]):
        blocks.give(block, n * BLOCK)
    assert blocks.missing(numbers) == []
    assert blocks.slots(numbers).tolist() == [2 * BLOCK + 5, BLOCK + 1, 2 * BLOCK + 6, 0]
    assert blocks.slots(numbers).tolist() == [blocks.slot(n) for n in numbers.tolist()]
