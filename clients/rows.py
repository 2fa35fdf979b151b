"""Rows of a table of any form: their fields, the columns they may have, and those not taken."""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

from clients.errors import FileError

Fields = Mapping[str, object]
"""One record: text where it is from CSV; text, booleans and lists where it is from JSON or Parquet,
and there `Fen` for amounts."""


class Fen(int):
    """An amount in fen, from a form that carries integers; a bare number is never an amount."""

    __slots__ = ()


class Holds(Enum):
    """What a column holds. CSV and JSON lines write all of it as text; Parquet has types."""

    TEXT = auto()
    DAY = auto()
    FLAG = auto()
    NUMBER = auto()
    AMOUNT = auto()
    AMOUNT_OR_MET = auto()
    """An amount, or the word `met`."""
    AMOUNTS = auto()
    """Amounts by a key: `V1=120.00` in CSV, an object in JSON."""
    NAMES = auto()
    """A list of names."""
    ENTRIES = auto()
    """A list of dated entries."""
    ENTRIES_OR_FLAG = auto()


class BadRow(NamedTuple):
    """One line that was not taken: where, what was found, what was expected."""

    line: int
    column: str
    problem: str
    record_id: str = ""
    """The request id or register id of the line, where it could be read."""


class Row(NamedTuple):
    """One line of a table and its fields.

    Lines are counted from 1 as they stand in the file; in Parquet, rows are.
    """

    line: int
    fields: Fields


class Columns(NamedTuple):
    """The columns a table may have, and those it must have."""

    known: Mapping[str, Holds]
    required: tuple[str, ...]
    later: tuple[str, ...] = ()
    """Columns of the worked-case format that are not served yet: refused by name, not ignored."""
    one_of: tuple[str, ...] = ()
    """Columns of which a CSV or Parquet file must have one at least."""
    nested: tuple[str, ...] = ()
    """Keys of JSON lines that hold lists of objects; a column cannot."""


def check_heading(path: Path, names: Sequence[str], columns: Columns) -> None:
    """Check the columns of a file.

    Raises:
        FileError: one stands twice, is not known, or is missing.
    """
    if repeated := [name for name in names if names.count(name) > 1]:
        raise FileError(f"{path}: column {repeated[0]} stands twice; remove one of them")
    if nested := [name for name in names if name in columns.nested]:
        raise FileError(
            f"{path}: column {nested[0]}: only JSON lines hold a list of objects; write a file "
            "that ends in .jsonl, or leave the column out"
        )
    if late := [name for name in names if name in columns.later]:
        raise FileError(f"{path}: column {late[0]} is not served yet; remove it")
    if unknown := [name for name in names if name not in columns.known]:
        raise FileError(
            f"{path}: unknown column “{unknown[0][:40]}”; expected some of "
            + ", ".join(columns.known)
        )
    if missing := [name for name in columns.required if name not in names]:
        raise FileError(f"{path}: column {missing[0]} is missing; it is always needed")
    if columns.one_of and not set(columns.one_of) & set(names):
        raise FileError(f"{path}: expected at least one of the columns {', '.join(columns.one_of)}")


def check_names(number: int, record: Fields, columns: Columns) -> Row | BadRow:
    """Return the record as a row if it has known columns only and every required one.

    Empty texts and nulls count as absent. An empty list does not: an institution that offers
    nothing says something else than one that leaves the column out.
    """
    for name in record:
        if name in columns.later:
            return BadRow(number, name, "is not served yet; remove it")
        if name not in columns.known and name not in columns.nested:
            known = ", ".join((*columns.known, *columns.nested))
            return BadRow(number, name[:40], f"unknown; expected some of {known}")
    given = {name: value for name, value in record.items() if value not in ("", None)}
    for name in columns.required:
        if name not in given:
            return BadRow(number, name, "is missing; it is always needed")
    return Row(number, given)
