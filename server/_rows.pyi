"""Rows and texts made of columns; see `_rows.pyx`."""

from typing import Any, TypeVar

from engine.domain.layout import Array

Row = TypeVar("Row", bound=tuple[Any, ...])

SAME: int
EACH: int
I8: int
I4: int
U1: int
PICKED: int

def tuples_of(kind: type[Row], rows: int, columns: list[tuple[int, Any, Any]]) -> list[Row]:
    """Return a list of named tuples."""

def is_outside(numbers: Array, lowest: int, highest: int) -> bool:
    """Return whether any number is not from one to another."""

def texts_of(text: bytes, lengths: Array, texts: list[str]) -> bool:
    """Append texts that stand one after the other."""
