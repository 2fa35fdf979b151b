"""Fields of a record, from text (CSV) or JSON values, each with a message when it is wrong.

Every function takes the record and the column's name, and raises `InvalidInput` naming the column,
what was found and what was expected. An absent field is the default.
"""

import datetime
import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Final, TypeVar

from clients.rows import Fen, Fields
from engine.domain.dates import OPEN_END, Interval, from_date
from engine.domain.ids import check_id
from engine.domain.money import AMOUNT_MAX_FEN, parse_yuan
from engine.errors import InvalidInput

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_AREA: Final = re.compile(r"[0-9]{6}", re.ASCII)
_SHOWN: Final = 24

Code = TypeVar("Code", bound=IntEnum)
Item = TypeVar("Item")


def shown(value: object) -> str:
    """Return a value as a message quotes it: short, printable, with its kind if no text."""
    if isinstance(value, str):
        text = value if value.isprintable() else repr(value)[1:-1]
        return f"“{text[:_SHOWN]}{'…' if len(text) > _SHOWN else ''}”"
    return "a JSON " + {bool: "boolean", int: "number", list: "list", dict: "object"}.get(
        type(value), "number" if not isinstance(value, type(None)) else "null"
    )


def text(fields: Fields, name: str, default: str = "") -> str:
    """Return a text, the default if the field is absent."""
    value = fields.get(name, default)
    if not isinstance(value, str):
        raise InvalidInput(name, f"expected text in quotation marks, found {shown(value)}")
    return value


def identifier(fields: Fields, name: str, *, required: bool = False) -> str:
    """Return an id: printable, at most 64 bytes."""
    value = text(fields, name)
    if value or required:
        check_id(name, value)
    return value


def area(fields: Fields, name: str) -> str:
    """Return a six-digit administrative code."""
    value = text(fields, name)
    if not _AREA.fullmatch(value):
        raise InvalidInput(
            name, f"expected a six-digit administrative code such as 370100, found {shown(value)}"
        )
    return value


def yuan(fields: Fields, name: str) -> int | None:
    """Return an amount in fen, None if it is absent; a negative one is the rules' to refuse."""
    if name not in fields:
        return None
    value = fields[name]
    if isinstance(value, Fen):
        if abs(value) > AMOUNT_MAX_FEN:
            raise InvalidInput(name, f"expected at most {AMOUNT_MAX_FEN} fen, found {value}")
        return int(value)
    if not isinstance(value, str):
        raise InvalidInput(name, f'expected yuan as text such as "1234.50", found {shown(value)}')
    try:
        return -parse_yuan(value[1:]) if value.startswith("-") else parse_yuan(value)
    except ValueError:
        raise InvalidInput(
            name,
            "expected yuan with two decimals, at most ten billion, such as 1234.50, "
            f"found {shown(value)}",
        ) from None


def day(fields: Fields, name: str, default: int | None = None, *, first_year: int = 2000) -> int:
    """Return a civil date as YYYYMMDD; service dates begin in 2000, births before."""
    value = fields.get(name)
    if value is None and default is not None:
        return default
    problem = f"expected a date such as 2024-03-05, found {shown(value or '')}"
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise InvalidInput(name, problem)
    try:
        date = datetime.date.fromisoformat(value)
    except ValueError:
        raise InvalidInput(name, f"{problem}, which is no day of the calendar") from None
    if not first_year <= date.year <= 2999:
        raise InvalidInput(name, f"{problem}; the year is from {first_year} to 2999")
    return from_date(date)


def flag(fields: Fields, name: str, default: bool = False) -> bool:
    """Return a boolean: `true` or `false`."""
    value = fields.get(name, default)
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise InvalidInput(name, f"expected true or false, found {shown(value)}")


def number(fields: Fields, name: str, low: int, high: int) -> int:
    """Return an integer in a range."""
    value = fields.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidInput(name, f"expected a number from {low} to {high}, found {shown(value)}")
    return value


def code(fields: Fields, name: str, codes: type[Code], default: Code | None = None) -> Code:
    """Return a member of a closed list by its name in small letters."""
    value = fields.get(name)
    if value is None and default is not None:
        return default
    return named(name, value, {member.name.lower(): member for member in codes})


def named(name: str, value: object, names: Mapping[str, Item]) -> Item:
    """Return what a name stands for in a closed list of names."""
    if not isinstance(value, str) or value not in names:
        raise InvalidInput(name, f"expected one of {' '.join(names)}, found {shown(value or '')}")
    return names[value]


def listed(fields: Fields, name: str) -> list[object]:
    """Return a list of names, none if it is absent; one text holds them with blanks between."""
    value = fields.get(name, [])
    names = value.replace(";", " ").split() if isinstance(value, str) else value
    if not isinstance(names, list):
        raise InvalidInput(name, f"expected a list of names, found {shown(value)}")
    return names


def interval(name: str, value: object) -> Interval:
    """Return an interval of days: `2024-01-01/2024-03-31`, `2024-01-01/`, or `{from, to}`."""
    if isinstance(value, str):
        first, slash, last = value.partition("/")
        if not slash:
            raise InvalidInput(
                name,
                f"expected FROM/TO such as 2024-01-01/2024-03-31 or 2024-01-01/, "
                f"found {shown(value)}",
            )
        value = {"from": first, "to": last} if last else {"from": first}
    if not isinstance(value, dict):
        raise InvalidInput(name, f"expected days as {{from, to}}, found {shown(value)}")
    days = Interval(_day_of(name, value, "from"), _day_of(name, value, "to", OPEN_END))
    if days.last_day < days.first_day:
        raise InvalidInput(name, f"ends {days.last_day}, before it begins {days.first_day}")
    return days


def _day_of(name: str, value: Fields, key: str, default: int | None = None) -> int:
    try:
        return day({k: v for k, v in value.items() if v}, key, default)
    except InvalidInput as error:
        raise InvalidInput(name, f"{key}: {error.problem}") from None


def items(
    fields: Fields, name: str, keys: tuple[str, ...], make: Callable[[Fields, Interval], Item]
) -> tuple[Item, ...]:
    """Return a list of dated entries.

    JSON holds a list of objects with `keys`, `from` and `to`; CSV a text such as
    `long_term 370200 2024-01-01/; stationed 110000 2025-01-01/2025-06-30`.
    """
    value = fields.get(name, [])
    entries = (
        [part for part in value.split(";") if part.strip()] if isinstance(value, str) else value
    )
    if not isinstance(entries, list):
        raise InvalidInput(name, f"expected a list, found {shown(value)}")
    return tuple(_item(name, entry, keys, make) for entry in entries)


def _item(
    name: str, entry: object, keys: tuple[str, ...], make: Callable[[Fields, Interval], Item]
) -> Item:
    if isinstance(entry, str):
        *words, days = entry.split() or [""]
        if len(words) != len(keys):
            form = " ".join([*(key.upper() for key in keys), "FROM/TO"])
            raise InvalidInput(name, f"expected {form}, found {shown(entry.strip())}")
        fields: Fields = dict(zip(keys, words, strict=True))
        period = interval(name, days)
    elif isinstance(entry, dict) and not set(entry) - {*keys, "from", "to"}:
        fields = entry
        period = interval(name, {key: entry[key] for key in ("from", "to") if key in entry})
    else:
        raise InvalidInput(name, f"expected objects with {', '.join((*keys, 'from', 'to'))}")
    try:
        return make(fields, period)
    except InvalidInput as error:
        raise InvalidInput(name, f"{error.path}: {error.problem}") from None
