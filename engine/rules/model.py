"""A city's rules as the loader hands them to the compiler: checked, dated, cited integers.

Amounts in fen, rates in basis points, days YYYYMMDD and inclusive. Levels, statuses and places
are positions from 0, as in the tables of a `RulePlan`.
"""

from dataclasses import dataclass
from typing import Final

from engine.domain.dates import Interval
from engine.domain.reasons import Reason
from engine.rules.plan import ClauseRef

KEY_NONE: Final = "none"
KEY_YEAR: Final = "year"

UNIT_YUAN_A_MONTH: Final = "yuan a month"
UNIT_YUAN_A_YEAR: Final = "yuan a year"
UNIT_RATE: Final = "rate"

USE_ORDINARY: Final = "ordinary"


@dataclass(frozen=True, slots=True)
class Document:
    """A legal document: its name, and the days on which it is in force."""

    key: str
    title: str
    number: str
    issuer: str
    issued: int
    days: Interval
    clause: ClauseRef
    """The clause that prints the days."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The least a figure may be, and what counts in its place where it is not given.

    `rate_bp` of the figure `figure` for the year `years_back` years before the policy year,
    half-up to the fen.
    """

    figure: str
    rate_bp: int
    years_back: int


@dataclass(frozen=True, slots=True)
class Value:
    """One value: where and on which days it holds, and the clauses that say so.

    `number` is in fen or basis points (`NO_CAP`: there is no cap). With `figure` the number is
    an operator figure of that name, or its floor.
    """

    number: int
    days: Interval
    clauses: tuple[ClauseRef, ...]
    levels: tuple[int, ...] = ()
    statuses: tuple[int, ...] = ()
    places: tuple[int, ...] = ()
    kind: int = 0
    """How the deductible is counted, `DEDUCTIBLE_*`; 0 elsewhere."""
    figure: str = ""
    floor: Floor | None = None

    def holds(self, where: tuple[int, ...]) -> bool:
        """Return whether it is for (level, status), (level, status, place), (place) or ().

        Which of the four `where` must be depends on the table the value stands in.
        """
        sides = [side for side in (self.levels, self.statuses, self.places) if side]
        return all(position in side for position, side in zip(where, sides, strict=True))


@dataclass(frozen=True, slots=True)
class Line:
    """One dated line of the exclusion matrix; see `engine.rules.plan.Exclusion`."""

    reason: Reason
    require: int
    forbid: int
    days: Interval
    clauses: tuple[ClauseRef, ...]
    liable_only: bool
    account_bar: int
    figure: str


@dataclass(frozen=True, slots=True)
class FigureSpec:
    """An operator figure a city knows: when it is needed, and the clause that leaves it open."""

    name: str
    key: str
    """`KEY_NONE` or `KEY_YEAR`: whether there is one value, or one a year."""
    unit: str
    use: str
    at_least: int
    at_most: int
    default: int | None
    """What counts where the operator gives none, in fen or basis points."""
    effect: str
    """What happens without it, in English."""
    days: Interval
    """When it is needed."""
    clause: ClauseRef


@dataclass(frozen=True, slots=True)
class CityRules:
    """Everything the files of one city say, every dated version of it."""

    area: str
    """Six-digit administrative code."""
    name: str
    """Name in Chinese."""
    pinyin: str
    documents: tuple[Document, ...]
    deductible: tuple[Value, ...]
    rate: tuple[Value, ...]
    rate_bonus: tuple[Value, ...]
    first_pay: tuple[Value, ...]
    visit_cap: tuple[Value, ...]
    annual_cap: tuple[Value, ...]
    rounding: tuple[Value, ...]
    lines: tuple[Line, ...]
    figures: tuple[FigureSpec, ...]

    def figure(self, name: str) -> FigureSpec | None:
        """Return what the city declares of the operator figure, None if it knows none so called."""
        return next((spec for spec in self.figures if spec.name == name), None)

    def document(self, key: str) -> Document | None:
        """Return the document of that key, None if the city has none."""
        return next((document for document in self.documents if document.key == key), None)

    def values(self) -> tuple[Value, ...]:
        """Return every dated value of the ordinary benefit, in the order of the settlement."""
        return (
            *self.deductible,
            *self.rate,
            *self.rate_bonus,
            *self.first_pay,
            *self.visit_cap,
            *self.annual_cap,
            *self.rounding,
        )
