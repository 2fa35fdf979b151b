"""Readers for the values of the case format: each turns what TOML gave into what it means.

A reader gets the raw value and where it stands, and returns the meaning or raises `CaseError`.
Money becomes fen, a rate basis points, a date YYYYMMDD, a month YYYYMM; a quantity becomes
ten-thousandths of a unit, a unit price millionths of a yuan.
"""

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from engine.domain.dates import from_date
from engine.domain.money import parse_quantity, parse_rate, parse_unit_price

Values = dict[str, Any]
"""A table of a case after reading; what a key holds is said by its reader in `format`."""

_YUAN = re.compile(r"(-?)(0|[1-9][0-9]{0,14})\.([0-9]{2})", re.ASCII)
_MONTH = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])", re.ASCII)
_AREA = re.compile(r"[1-9][0-9]{5}", re.ASCII)
_NAMES = {str: "text", bool: "true or false", int: "an integer", dict: "a table", list: "a list"}


class Where(NamedTuple):
    """A place in a case file: the file, the case (empty: outside of any), and the key."""

    file: str
    case: str = ""
    key: str = ""

    def at(self, key: str) -> "Where":
        """Return the place of a key of this table."""
        return self._replace(key=f"{self.key}.{key}" if self.key else key)

    def item(self, index: int) -> "Where":
        """Return the place of an item of this list, counted from 1."""
        return self._replace(key=f"{self.key}[{index}]")

    def __str__(self) -> str:
        return ": ".join(part for part in self if part)


class CaseError(Exception):
    """A case file does not keep to the format; says where, what was found and expected."""

    def __init__(self, where: Where, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


Reader = Callable[[Any, Where], Any]

REQUIRED: Final = object()
ABSENT: Final = object()


class Key(NamedTuple):
    """A key of a table: its reader and its default; `ABSENT` leaves the key out."""

    read: Reader
    default: object = ABSENT


def found(raw: object) -> str:
    """Return what a value is, for a message."""
    if isinstance(raw, float):
        return f"the float {raw}"
    if isinstance(raw, str):
        return f'"{raw}"'
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, (dict, list)):
        return _NAMES[type(raw)]
    return str(raw)


def of_type(kind: type) -> Reader:
    """Return a reader of values of one type, exactly."""

    def read(raw: Any, where: Where) -> Any:
        if type(raw) is not kind:
            raise CaseError(where, f"expected {_NAMES[kind]}, found {found(raw)}")
        return raw

    return read


text = of_type(str)
boolean = of_type(bool)


def identifier(raw: Any, where: Where) -> str:
    """Read a text that is not empty."""
    if not isinstance(raw, str) or not raw:
        raise CaseError(where, f"expected text that is not empty, found {found(raw)}")
    return raw


def integer(low: int, high: int) -> Reader:
    """Return a reader of integers from `low` to `high`."""

    def read(raw: Any, where: Where) -> int:
        if type(raw) is not int or not low <= raw <= high:
            raise CaseError(where, f"expected an integer from {low} to {high}, found {found(raw)}")
        return raw

    return read


def money(raw: Any, where: Where) -> int:
    """Read yuan with two decimals, which may be negative, as fen."""
    match = _YUAN.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        problem = f'expected yuan as a string with two decimals, "12.50", found {found(raw)}'
        raise CaseError(where, problem)
    amount_fen = int(match[2]) * 100 + int(match[3])
    return -amount_fen if match[1] else amount_fen


def money_or_met(raw: Any, where: Where) -> int | None:
    """Read yuan as fen, or `"met"` as None."""
    return None if raw == "met" else money(raw, where)


def parsed(parse: Callable[[str], int]) -> Reader:
    """Return a reader of texts that `parse` understands, or raises `ValueError` of."""

    def read(raw: Any, where: Where) -> int:
        try:
            return parse(text(raw, where))
        except ValueError as error:
            raise CaseError(where, str(error)) from None

    return read


rate = parsed(parse_rate)
quantity = parsed(parse_quantity)
unit_price = parsed(parse_unit_price)


def date(raw: Any, where: Where) -> int:
    """Read a TOML date as YYYYMMDD."""
    if type(raw) is not datetime.date:
        raise CaseError(where, f"expected a date such as 2024-06-01, found {found(raw)}")
    return from_date(raw)


def month(raw: Any, where: Where) -> int:
    """Read a month such as `"2024-06"` as YYYYMM."""
    match = _MONTH.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        raise CaseError(where, f'expected a month such as "2024-06", found {found(raw)}')
    return int(match[1]) * 100 + int(match[2])


def area(raw: Any, where: Where) -> str:
    """Read a six-digit administrative code."""
    if not isinstance(raw, str) or _AREA.fullmatch(raw) is None:
        raise CaseError(where, f"expected a six-digit code of an area, found {found(raw)}")
    return raw


def choice(*names: str) -> Reader:
    """Return a reader of one of the names."""

    def read(raw: Any, where: Where) -> str:
        if not isinstance(raw, str) or raw not in names:
            raise CaseError(where, f"expected one of {' '.join(names)}, found {found(raw)}")
        return raw

    return read


def list_of(item: Reader, length: int | None = None) -> Reader:
    """Return a reader of lists, of that length if one is given."""

    def read(raw: Any, where: Where) -> list[Any]:
        if not isinstance(raw, list):
            raise CaseError(where, f"expected a list, found {found(raw)}")
        if length is not None and len(raw) != length:
            raise CaseError(where, f"expected {length} items, found {len(raw)}")
        return [item(value, where.item(i)) for i, value in enumerate(raw, 1)]

    return read


def mapping(name: Reader, value: Reader) -> Reader:
    """Return a reader of tables whose keys are data."""

    def read(raw: Any, where: Where) -> Values:
        if not isinstance(raw, dict):
            raise CaseError(where, f"expected a table, found {found(raw)}")
        return {name(key, where): value(item, where.at(key)) for key, item in raw.items()}

    return read


def table(keys: Mapping[str, Key]) -> Reader:
    """Return a reader of tables with these keys and no others."""

    def read(raw: Any, where: Where) -> Values:
        if not isinstance(raw, dict):
            raise CaseError(where, f"expected a table, found {found(raw)}")
        for key in raw:
            if key not in keys:
                raise CaseError(where.at(key), f"unknown key; known here: {' '.join(sorted(keys))}")
        values: Values = {}
        for key, (reader, default) in keys.items():
            if key in raw:
                values[key] = reader(raw[key], where.at(key))
            elif default is REQUIRED:
                raise CaseError(where.at(key), "this key is required")
            elif default is not ABSENT:
                values[key] = default
        return values

    return read


def unique(items: Sequence[Values], key: str, where: Where) -> None:
    """Raise `CaseError` if two tables of a list say the same under a key."""
    seen = set()
    for index, item in enumerate(items, 1):
        if item[key] in seen:
            raise CaseError(where.item(index).at(key), f"{found(item[key])} stands here twice")
        seen.add(item[key])
