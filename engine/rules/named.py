"""Do the operator figures that values name exist, with the key and the unit they are named for?"""

from collections.abc import Callable, Iterator
from typing import Final

from engine.rules.model import (
    KEY_CODE,
    KEY_LEVEL,
    KEY_NONE,
    UNIT_DATE,
    UNIT_RATE,
    UNIT_SWITCH,
    CityRules,
    FigureSpec,
    Value,
)
from engine.rules.units import LEVEL_NAMES
from engine.rules.value_figures import CODE_TABLES

Refuse = Callable[[str, str, str], Exception]
"""Makes the exception for a file, a key path and a problem."""

_AMOUNT: Final = "yuan"


def check_named_figures(rules: CityRules, refuse: Refuse) -> None:
    """Refuse a value or a document whose figure the city does not declare, or declares otherwise.

    Caps of the fund are not checked here; they may have floors.
    """
    for index, document in enumerate(rules.documents):
        if document.starts and not _fits(rules.figure(document.starts), KEY_NONE, UNIT_DATE):
            raise refuse(
                "city.toml",
                f"document[{index}].starts",
                f'figures.toml declares no date called "{document.starts}" with key = "none"',
            )
    for file, path, name, key, unit in _named(rules):
        wanted = KEY_CODE if key == KEY_CODE else KEY_LEVEL if key else KEY_NONE
        known = key in ("", KEY_CODE, *LEVEL_NAMES)
        if not _fits(rules.figure(name), wanted, unit) or not known:
            raise refuse(
                file,
                path,
                f'figures.toml declares no {unit} called "{name}" with key = "{wanted}"',
            )


def _named(rules: CityRules) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield (file, path, name, key, unit) of every figure that a value names."""
    for table, unit in (
        ("deductible", _AMOUNT),
        ("rate", UNIT_RATE),
        ("pooled_cap", _AMOUNT),
        ("disease_cap", _AMOUNT),
        ("standard_price", _AMOUNT),
        ("second_payment", UNIT_RATE),
        ("account_limit", UNIT_SWITCH),
    ):
        values: tuple[Value, ...] = getattr(rules, table)
        for value in values:
            path = f"{table}[{value.index}]"
            if value.figure:
                key = KEY_CODE if table in CODE_TABLES else value.figure_key
                yield value.file, path, value.figure, key, unit
            if value.cap_figure:
                yield value.file, f"{path}.cap_figure", value.cap_figure, "", _AMOUNT


def _fits(spec: FigureSpec | None, key: str, unit: str) -> bool:
    """Return whether a figure has this key and unit; an amount may be by the month or year."""
    if spec is None or spec.key != key:
        return False
    return spec.unit.startswith(unit) if unit == _AMOUNT else spec.unit == unit
