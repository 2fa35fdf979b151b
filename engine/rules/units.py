"""Units of operator figures, and the names of levels, as rule files and figure files write them."""

import datetime
from typing import Final

from engine.domain import money
from engine.domain.codes import Level
from engine.domain.dates import from_date
from engine.rules.model import UNIT_DATE, UNIT_RATE, UNIT_SWITCH

LEVEL_NAMES: Final = {
    "1": Level.LEVEL_1 - Level.LEVEL_1,
    "2": Level.LEVEL_2 - Level.LEVEL_1,
    "3": Level.LEVEL_3 - Level.LEVEL_1,
    "3p": Level.LEVEL_3_PROVINCIAL - Level.LEVEL_1,
}
"""Levels from 0 by their names."""

_SWITCH: Final = {"false": 0, "true": 1}


def read_number(unit: str, text: str) -> int:
    """Return a figure in fen, in basis points, as YYYYMMDD, or 0 and 1 for a switch.

    Raises:
        ValueError: saying what was expected.
    """
    if unit == UNIT_RATE:
        return money.parse_rate(text)
    if unit == UNIT_DATE:
        try:
            return from_date(datetime.date.fromisoformat(text))
        except ValueError:
            raise ValueError(f'expected a date such as "2024-01-01", found "{text}"') from None
    if unit == UNIT_SWITCH:
        if text not in _SWITCH:
            raise ValueError(f'expected "true" or "false", found "{text}"')
        return _SWITCH[text]
    return money.parse_yuan(text)


def write_number(unit: str, number: int) -> str:
    """Return a figure as `read_number` reads it."""
    if unit == UNIT_RATE:
        return f"{number // money.BP}.{number % money.BP:04}"
    if unit == UNIT_DATE:
        return f"{number // 10_000:04}-{number // 100 % 100:02}-{number % 100:02}"
    if unit == UNIT_SWITCH:
        return "true" if number else "false"
    return money.format_yuan(number)
