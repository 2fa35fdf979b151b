"""Tables as people hand them in: CSV, JSON lines or Parquet, one record at a time.

The end of the name says which: `.jsonl` and `.json`, `.parquet`, and CSV for everything else. A
record of CSV and JSON lines is one physical line: none of our fields holds a line break, so that a
quotation mark nobody closed spoils its own line and not the rest of the file. What is wrong with
the file as a whole (unknown column, nothing in it) is a `FileError`; what is wrong with one line is
a `BadRow`, and the lines after it are read.

CSV is UTF-8 or GB18030 (`clients.lines` finds out which), JSON lines are UTF-8, and Parquet has
types (`clients.parquet`).
"""

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from clients import lines, parquet
from clients.errors import FileError
from clients.lines import (
    AUTO,
    GB18030,
    JSON_LINE_MAX,
    LINE_MAX,
    UTF_8,
    read_lines,
    unreadable,
)
from clients.rows import BadRow, Columns, Row, check_heading, check_names
from engine.errors import InvalidInput

_PARQUET: Final = b"PAR1"
_SAVE_AS: Final = "save the file as “CSV UTF-8”, or see --encoding"


def file_digest(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, hexadecimal.

    Raises:
        FileError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from None


def is_parquet(path: Path) -> bool:
    """Return whether a file is Parquet, by its name."""
    return path.suffix.lower() == ".parquet"


def _is_json(path: Path) -> bool:
    return path.suffix.lower() in (".jsonl", ".json")


def encoding_of(path: Path, choice: str = AUTO) -> str:
    """Return the encoding of the text in a file, `utf-8` or `gb18030`.

    Args:
        path: The file; only CSV can be anything but UTF-8.
        choice: `auto`, or the encoding that somebody knows better.

    Raises:
        FileError: the file cannot be read, or cannot be in the encoding chosen.
    """
    if is_parquet(path) or _is_json(path):
        if choice == GB18030:
            raise FileError(f"{path}: --encoding {choice} is for CSV; this form is always UTF-8")
        return UTF_8
    return lines.encoding_of(path, choice)


def count_rows(path: Path) -> int:
    """Return how many lines a file has, or rows if it is Parquet: the last number of a row.

    Raises:
        FileError: the file cannot be read.
    """
    return parquet.count_rows(path) if is_parquet(path) else lines.count_lines(path)


def read_table(path: Path, columns: Columns, encoding: str = AUTO) -> Iterator[Row | BadRow]:
    """Yield the records of a file: JSON lines, Parquet, or CSV with a heading, by its name.

    Args:
        path: The file.
        columns: What it may hold.
        encoding: As for `encoding_of`.

    Raises:
        FileError: the file as a whole cannot be used.
    """
    encoding = encoding_of(path, encoding)
    if is_parquet(path):
        yield from parquet.read_rows(path, columns)
    elif _is_json(path):
        yield from _json_rows(path, columns)
    else:
        yield from _csv_rows(path, columns, encoding)


def _csv_rows(path: Path, columns: Columns, encoding: str) -> Iterator[Row | BadRow]:
    rows = read_lines(path)
    number, heading = next(rows, (0, b""))
    if not number:
        raise FileError(f"{path}: is empty; expected a heading such as {','.join(columns.known)}")
    names = _heading(path, number, heading, encoding)
    check_heading(path, names, columns)
    number = 0
    for number, line in rows:
        yield _csv_row(number, line, names, encoding)
    if not number:
        raise FileError(f"{path}: holds a heading and nothing below it; expected a record a line")


def _heading(path: Path, number: int, line: bytes, encoding: str) -> list[str]:
    if line.startswith(_PARQUET):
        raise FileError(f"{path}: is Parquet; give it a name that ends in .parquet")
    if len(line) > LINE_MAX:
        raise FileError(
            f"{path}: line {number} is longer than {LINE_MAX} bytes; expected a heading"
        )
    try:
        return [name.strip() for name in next(csv.reader([line.decode(encoding)], strict=True))]
    except UnicodeDecodeError:
        raise FileError(f"{path}: the heading is not {encoding.upper()}; {_SAVE_AS}") from None
    except csv.Error as error:
        raise FileError(f"{path}: line {number} is no CSV heading: {error}") from None


def _csv_row(number: int, line: bytes, names: list[str], encoding: str) -> Row | BadRow:
    if len(line) > LINE_MAX:
        return BadRow(number, "", f"the line is longer than {LINE_MAX} bytes")
    try:
        values = next(csv.reader([line.decode(encoding)], strict=True))
    except UnicodeDecodeError:
        return BadRow(number, "", f"the line is not {encoding.upper()}; {_SAVE_AS}")
    except csv.Error as error:
        return BadRow(number, "", f"the line is no CSV: {error}; close every quotation mark")
    if len(values) != len(names):
        return BadRow(
            number, "", f"expected {len(names)} fields as in the heading, found {len(values)}"
        )
    return Row(number, {k: v.strip() for k, v in zip(names, values, strict=True) if v.strip()})


def _json_rows(path: Path, columns: Columns) -> Iterator[Row | BadRow]:
    number = 0
    for number, line in read_lines(path, JSON_LINE_MAX):
        if len(line) > JSON_LINE_MAX:
            yield BadRow(number, "", f"the line is longer than {JSON_LINE_MAX} bytes")
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
