"""Values that operator figures give: which figure each asks for, and what is missing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from engine.domain.dates import year_of
from engine.domain.money import mul_bp_half_up
from engine.rules.figures import Figure, FigureSet
from engine.rules.model import CityRules, Value

SPAN_CAPS: Final = ("visit_cap", "day_cap", "month_cap", "annual_cap")
"""Caps by level and status."""
ANY_CODE: Final = ".*"
"""In the name of a missing figure: the code that the claim has."""
CODE_TABLES: Final = ("disease_cap", "standard_price")
"""Values by the code of a disease or procedure."""


@dataclass(frozen=True, slots=True)
class CapFigure:
    """A value that an operator figure or its floor gives, on one day.

    `used` is the figure that gives it, None where it is missing; `amount_fen` is then 0, and
    the claims it concerns are refused.
    """

    value: Value
    amount_fen: int
    used: Figure | None
    floor_fen: int | None
    """The least the cap may be; None where it has no floor or the floor is not known."""
    floor_label: str
    """The figure the floor is computed from, as `average_wage.2023`; empty: no floor."""
    refused: Figure | None
    """A cap that was given and is below the floor: it does not count."""
    label: str
    """Name and key of the figure that is asked for, as `disease_cap.M01`."""


def values_of_day(values: Sequence[Value], day: int) -> Iterator[Value]:
    """Yield the values that hold on a day, in their order."""
    return (value for value in values if day in value.days)


def named_figures(
    rules: CityRules, figures: FigureSet, day: int, code: str
) -> tuple[CapFigure, ...]:
    """Return the values that operator figures give on `day`, the missing ones included.

    Args:
        rules: as read, of one benefit and class, or of all.
        figures: what the operator supplied.
        day: YYYYMMDD.
        code: of the disease or procedure, for what goes by it.
    """
    found = list(cap_figures(rules, figures, day))
    for table in ("deductible", "rate", *CODE_TABLES, "pooled_cap"):
        for value in values_of_day(getattr(rules, table), day):
            if not value.figure or (table == "pooled_cap" and not value.kind):
                continue
            key = code if table in CODE_TABLES else value.figure_key
            given = figures.get(rules.area, value.figure, key, day)
            unknown = table in CODE_TABLES and given is None
            label = value.figure + (ANY_CODE if unknown else f".{key}" if key else "")
            number = given.value if given else 0
            found.append(CapFigure(value, number, given, None, "", refused=None, label=label))
    return tuple(found)


def cap_figures(rules: CityRules, figures: FigureSet, day: int) -> tuple[CapFigure, ...]:
    """Return the caps that operator figures give on `day`, those that are missing included."""
    return tuple(
        _cap_figure(rules.area, value, figures, day)
        for table in SPAN_CAPS
        for value in values_of_day(getattr(rules, table), day)
        if value.figure
    )


def _cap_figure(area: str, value: Value, figures: FigureSet, day: int) -> CapFigure:
    given = figures.get(area, value.figure, "", day)
    base: Figure | None = None
    floor_fen: int | None = None
    label = ""
    if value.floor:
        year = str(year_of(day) - value.floor.years_back)
        label = f"{value.floor.figure}.{year}"
        base = figures.get(area, value.floor.figure, year, day)
        if base:
            floor_fen = mul_bp_half_up(base.value, value.floor.rate_bp)
    if given and floor_fen is not None and given.value < floor_fen:
        return CapFigure(value, 0, None, floor_fen, label, refused=given, label=value.label)
    if given:
        return CapFigure(value, given.value, given, floor_fen, label, None, value.label)
    return CapFigure(value, floor_fen or 0, base, floor_fen, label, None, value.label)
