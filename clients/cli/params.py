"""Values on the command line that several commands take: days, months, amounts, codes."""

import datetime
import re
from enum import IntEnum
from typing import Any, Final

import click

from engine.domain.dates import from_date
from engine.domain.money import parse_yuan

_MONTH: Final = re.compile(r"(20[0-9]{2}|2[1-9][0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)


class _Day(click.ParamType[int]):
    """A day, as YYYYMMDD to the engine."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return YYYYMMDD."""
        if isinstance(value, int):
            return value
        try:
            return from_date(datetime.date.fromisoformat(value))
        except ValueError:
            self.fail(f"expected a day such as 2025-09-01, found {value}", param, ctx)


class _Month(click.ParamType[int]):
    """A month, as YYYYMM to the engine."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return YYYYMM."""
        if isinstance(value, int):
            return value
        found = _MONTH.fullmatch(value)
        if found is None:
            self.fail(f"expected a month from 2000-01 such as 2024-06, found {value}", param, ctx)
        return int(found[1]) * 100 + int(found[2])


class _Yuan(click.ParamType[int]):
    """An amount of yuan, as fen to the engine."""

    name = "yuan"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return fen."""
        if isinstance(value, int):
            return value
        try:
            return parse_yuan(value)
        except ValueError:
            self.fail(f"expected yuan with two decimals such as 5000.00, found {value}", param, ctx)


DAY: Final = _Day()
MONTH: Final = _Month()
YUAN: Final = _Yuan()


def names(codes: type[IntEnum], *but: IntEnum) -> click.Choice[str]:
    """Return the choice of a closed list's names in small letters, without those in `but`."""
    return click.Choice([code.name.lower() for code in codes if code not in but])
