"""Columns cut out of records; see `_columns.pyx`."""

from collections.abc import Sequence

from engine.domain.layout import Array

def gather(records: Array, fields: Sequence[tuple[int, int]]) -> list[bytes]:
    """Return a column for each field, as bytes, in the order of the records."""
