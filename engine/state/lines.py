"""The rows of the lagging tables that slots of neighbours are stored as."""

from collections.abc import Sequence

import numpy as np

from engine.state.slots import Slots
from engine.state.tables import ROW, ROWS_A_BLOCK, Lines


def take_lines(columns: Sequence[Slots], firsts: Sequence[int]) -> Lines:
    """Return the rows that changed since the last checkpoint, now taken note of.

    Args:
        columns: What a line is made of; the first of them has the marks.
        firsts: The place of the first row of each block of slots, in the order of the slots.
    """
    marked = columns[0].take_marks()
    places = np.array(firsts, dtype=np.int64)[marked // ROWS_A_BLOCK] + marked % ROWS_A_BLOCK
    order = np.argsort(places)
    rows = marked[order]
    widths = [column.values[:1].size for column in columns]
    lines = np.empty((len(rows), ROW, sum(widths)), dtype=np.int64)
    at = 0
    for column, width in zip(columns, widths, strict=True):
        values = column.values[: column.count]
        lines[..., at : at + width] = values.reshape(column.count // ROW, ROW, width)[rows]
        at += width
    return Lines(places[order], lines)
