"""Do the operator figures that values name exist, with the key and the unit they are named for?"""

from collections.abc import Callable, Iterator
from typing import Final

from engine.rules.model import (
    KEY_LEVEL,
    KEY_NONE,
    UNIT_DATE,
    UNIT_RATE,
    UNIT_SWITCH,
    CityRules,
    FigureSpec,
)
from engine.rules.units import LEVEL_NAMES

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
    for path, name, key, unit in _named(rules):
        wanted = KEY_LEVEL if key else KEY_NONE
        if not _fits(rules.figure(name), wanted, unit) or (key and key not in LEVEL_NAMES):
            raise refuse(
                "ordinary.toml",
                path,
                f'figures.toml declares no {unit} called "{name}" with key = "{wanted}"',
            )


def _named(rules: CityRules) -> Iterator[tuple[str, str, str, str]]:
    """Yield (path, name, key, unit) of every figure that a value names."""
    for table, unit in (
        ("deductible", _AMOUNT),
        ("pooled_cap", _AMOUNT),
        ("second_payment", UNIT_RATE),
        ("account_limit", UNIT_SWITCH),
    ):
        for index, value in enumerate(getattr(rules, table)):
            if value.figure:
                yield f"{table}[{index}]", value.figure, value.figure_key, unit
            if value.cap_figure:
                yield f"{table}[{index}].cap_figure", value.cap_figure, "", _AMOUNT


def _fits(spec: FigureSpec | None, key: str, unit: str) -> bool:
    """Return whether a figure has this key and unit; an amount may be by the month or year."""
    if spec is None or spec.key != key:
        return False
    return spec.unit.startswith(unit) if unit == _AMOUNT else spec.unit == unit
