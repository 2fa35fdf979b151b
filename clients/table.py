"""Tables as people hand them in: CSV or JSON lines, one record a line, a bad one at a time.

A record is one physical line: none of our fields holds a line break, so that a quotation mark
nobody closed spoils its own line and not the rest of the file. What is wrong with the file as a
whole (not UTF-8 in the heading, unknown column, nothing in it) is a `FileError`; what is wrong with
one line is a `BadRow`, and the lines after it are read.
"""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from clients.errors import FileError
from engine.errors import InvalidInput

Fields = Mapping[str, object]
"""One record: text where it is from CSV; text, booleans and lists where it is from JSON."""

_BOM: Final = b"\xef\xbb\xbf"
_LINE_MAX: Final = 64 * 1024


class BadRow(NamedTuple):
    """One line that was not taken: where, what was found, what was expected."""

    line: int
    column: str
    problem: str
    record_id: str = ""
    """The request id or register id of the line, where it could be read."""


class Row(NamedTuple):
    """One line of a table: its number in the file, from 1, and its fields."""

    line: int
    fields: Fields


class Columns(NamedTuple):
    """The columns a table may have, and those it must have."""

    known: tuple[str, ...]
    required: tuple[str, ...]
    later: tuple[str, ...] = ()
    """Columns of the worked-case format that are not served yet: refused by name, not ignored."""
    one_of: tuple[str, ...] = ()
    """Columns of which a CSV file must have one at least."""


def file_digest(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, hexadecimal.

    Raises:
        FileError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}; name a file that can be read") from None


def read_table(path: Path, columns: Columns) -> Iterator[Row | BadRow]:
    """Yield the records of a CSV file with a heading, or of JSON lines (`.jsonl`, `.json`).

    Raises:
        FileError: the file as a whole cannot be used.
    """
    lines = _lines(path)
    if path.suffix in (".jsonl", ".json"):
        yield from _json_rows(path, lines, columns)
        return
    number, heading = next(lines, (0, b""))
    if not number:
        raise FileError(f"{path}: is empty; expected a heading such as {','.join(columns.known)}")
    names = _heading(path, heading, columns)
    for number, line in lines:
        yield _csv_row(number, line, names)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank with their numbers, without a byte order mark."""
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                text = line.removeprefix(_BOM) if number == 1 else line
                if text.strip():
                    yield number, text.rstrip(b"\r\n")
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}; name a file that can be read") from None


def _heading(path: Path, line: bytes, columns: Columns) -> list[str]:
    try:
        names = [name.strip() for name in next(csv.reader([line.decode()], strict=True))]
    except UnicodeDecodeError:
        raise FileError(f"{path}: is not UTF-8; save it as “CSV UTF-8”") from None
    except csv.Error as error:
        raise FileError(f"{path}: line 1 is no CSV heading: {error}") from None
    if repeated := [name for name in names if names.count(name) > 1]:
        raise FileError(f"{path}: column {repeated[0]} stands twice; remove one of them")
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
    return names


def _csv_row(number: int, line: bytes, names: list[str]) -> Row | BadRow:
    if len(line) > _LINE_MAX:
        return BadRow(number, "", f"the line is longer than {_LINE_MAX} bytes")
    try:
        values = next(csv.reader([line.decode()], strict=True))
    except UnicodeDecodeError:
        return BadRow(number, "", "the line is not UTF-8; save the file as “CSV UTF-8”")
    except csv.Error as error:
        return BadRow(number, "", f"the line is no CSV: {error}; close every quotation mark")
    if len(values) != len(names):
        return BadRow(
            number, "", f"expected {len(names)} fields as in the heading, found {len(values)}"
        )
    return Row(number, {k: v.strip() for k, v in zip(names, values, strict=True) if v.strip()})


def _json_rows(
    path: Path, lines: Iterator[tuple[int, bytes]], columns: Columns
) -> Iterator[Row | BadRow]:
    number = 0
    for number, line in lines:
        if len(line) > _LINE_MAX:
            yield BadRow(number, "", f"the line is longer than {_LINE_MAX} bytes")
            continue
        try:
            record = read_json(line)
        except InvalidInput as error:
            yield BadRow(number, error.path, error.problem)
            continue
        yield check_names(number, record, columns)
    if not number:
        raise FileError(f"{path}: is empty; expected one JSON object a line")


def read_json(text: bytes) -> dict[str, object]:
    """Return the object in a piece of JSON; a key that stands twice is refused.

    Raises:
        InvalidInput: it is no JSON object.
    """
    try:
        record = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise InvalidInput("", "the line is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise InvalidInput("", f"is no JSON: {error}") from None
    if not isinstance(record, dict):
        raise InvalidInput("", 'expected one JSON object a line, as {"member": "…"}')
    return record


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("a key stands twice")
    return record


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no value of ours")


def check_names(number: int, record: Fields, columns: Columns) -> Row | BadRow:
    """Return the record as a row if it has known columns only and every required one."""
    for name in record:
        if name in columns.later:
            return BadRow(number, name, "is not served yet; remove it")
        if name not in columns.known:
            return BadRow(
                number, name[:40], f"unknown; expected some of {', '.join(columns.known)}"
            )
    given = {name: value for name, value in record.items() if value not in ("", None, [])}
    for name in columns.required:
        if name not in given:
            return BadRow(number, name, "is missing; it is always needed")
    return Row(number, given)
