"""Rows made of columns; see `_rows.pyx`."""

from typing import Any, TypeVar

Row = TypeVar("Row", bound=tuple[Any, ...])

SAME: int
EACH: int
I8: int
I4: int
U1: int
PICKED: int

def rows_of(kind: type[Row], rows: int, columns: list[tuple[int, Any, Any]]) -> list[Row]:
    """Return a list of named tuples."""
