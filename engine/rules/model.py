"""A city's rules as the loader hands them to the compiler: checked, dated, cited integers.

Amounts in fen, rates in basis points, days YYYYMMDD and inclusive. Levels, statuses and places
are positions from 0, as in the tables of a `RulePlan`.
"""

from dataclasses import dataclass
from typing import Final

from engine.domain.codes import Benefit
from engine.domain.dates import Interval
from engine.domain.reasons import Reason
from engine.rules.account_model import AccountEntry
from engine.rules.plan import AGE_MAX, ALL_LEVELS, ClauseRef
from engine.rules.selection import SelectionRule

KEY_NONE: Final = "none"
KEY_YEAR: Final = "year"
KEY_LEVEL: Final = "level"
KEY_CODE: Final = "code"
KEY_QUESTION: Final = "question"

UNIT_YUAN_A_MONTH: Final = "yuan a month"
UNIT_YUAN_A_YEAR: Final = "yuan a year"
UNIT_RATE: Final = "rate"
UNIT_DATE: Final = "date"
UNIT_SWITCH: Final = "switch"
UNIT_READING: Final = "reading"

PRESCRIPTION_APART: Final = 4
"""Added to the kind of a visit cap: a prescription filled at a pharmacy is a visit of its own."""

USE_ORDINARY: Final = "ordinary"

READING: Final = "reading"
"""The operator figure by which an alternative reading is chosen; its key is the question."""

TABLES: Final = (
    "given",
    "deductible",
    "rate",
    "rate_bonus",
    "first_pay",
    "visit_cap",
    "day_cap",
    "month_cap",
    "annual_cap",
    "disease_cap",
    "rate_cut",
    "pooled_cap",
    "standard_price",
    "second_payment",
    "account_limit",
    "rounding",
    "general_fee",
    "paper_claim",
)
"""The tables of values in `CityRules`, in the order of the settlement."""

INHERITED: Final = (
    "first_pay",
    "second_payment",
    "account_limit",
    "rounding",
    "general_fee",
    "paper_claim",
)
"""Tables that hold for every benefit whose own file does not say otherwise."""

BENEFIT_FILES: Final = {
    Benefit.ORDINARY: "ordinary.toml",
    Benefit.CHRONIC: "chronic.toml",
    Benefit.SPECIAL: "special.toml",
    Benefit.DAY_SURGERY: "day_surgery.toml",
    Benefit.EMERGENCY: "emergency.toml",
    Benefit.DUAL_CHANNEL: "dual_channel.toml",
    Benefit.SEPARATE_PAY: "separate_pay.toml",
}
"""The rule file of each benefit; a city has those that its documents, or its operator, know."""


@dataclass(frozen=True, slots=True)
class Document:
    """A legal document: its name, and the days on which it is in force."""

    key: str
    title: str
    number: str
    issuer: str
    issued: int
    """0: the material does not say."""
    days: Interval
    clause: ClauseRef
    """The clause that prints the days."""
    starts: str = ""
    """Of a draft: the operator figure that gives the first day; it is in force from then on."""
    readings: tuple[str, ...] = ()
    """The readings under which the days are so."""


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
    """How it is counted: of a deductible `DEDUCTIBLE_*`, of a visit cap `VISIT_*`; elsewhere 1 for
    the alternative."""
    figure: str = ""
    floor: Floor | None = None
    figure_key: str = ""
    cap_figure: str = ""
    """A second figure: the cap of what the first one gives a rate of."""
    readings: tuple[str, ...] = ()
    """It holds only where all of these are chosen."""
    benefit: int = Benefit.ORDINARY
    """The benefit whose file it stands in."""
    index: int = 0
    """Its place in the table of that file."""
    kinds: tuple[int, ...] = ()
    """Only at these kinds of institution; empty: at every kind."""
    ages: tuple[int, int] = (0, AGE_MAX)
    """Only from the first to the last of these ages."""
    above: int = 0
    """Of a rate: only for what is above this amount of the year's cost in scope, in fen."""

    @property
    def file(self) -> str:
        """The rule file it stands in."""
        return BENEFIT_FILES[Benefit(self.benefit)]

    @property
    def label(self) -> str:
        """Name and key of the figure, as `average_wage.2023`."""
        return f"{self.figure}.{self.figure_key}" if self.figure_key else self.figure

    def figure_names(self) -> tuple[str, ...]:
        """Return the names of the operator figures that it asks for."""
        names = (self.figure, self.cap_figure, self.floor.figure if self.floor else "")
        return tuple(name for name in names if name)

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
    levels: int = ALL_LEVELS
    readings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FigureSpec:
    """An operator figure a city knows: when it is needed, and the clause that leaves it open."""

    name: str
    key: str
    """`KEY_*`: whether there is one value, or one a year, a level, a code of a disease."""
    unit: str
    use: str
    at_least: int
    at_most: int
    default: int | None
    """What counts where the operator gives none, in its unit."""
    effect: str
    """What happens without it, in English."""
    days: Interval
    """When it is needed."""
    clause: ClauseRef
    optional: bool = False
    """Nothing is refused without it."""
    choices: tuple[str, ...] = ()
    """Of `READING`: every choice of every question; its number is the place here."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to read a clause."""

    id: str
    """As `G2-B`: the question and the letter of the clause analysis."""
    text: str
    """What it means, in Chinese."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something a document leaves open to more than one reading, switchable by the operator."""

    id: str
    """As `G2`."""
    text: str
    choices: tuple[Choice, ...]
    default: str
    clause: ClauseRef
    days: Interval


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """One row of the clause register: a part of a document, and which values apply it."""

    id: str
    """Article or item and a running number, as `第六条 3`."""
    documents: tuple[str, ...]
    """Keys of the documents that print it."""
    cites: tuple[str, ...]
    """The clause as the values cite it, as `第六条第一款`; empty where no value does."""
    values: tuple[str, ...]
    """Kinds of values that apply it, as `rate` or `line.ARREARS`; see `engine.rules.clauses`."""
    statuses: tuple[int, ...]
    """Only values for nobody else; empty: for whomever."""
    places: tuple[int, ...]
    """Only values for nowhere else; empty: for wherever."""
    categories: tuple[str, ...]
    days: Interval
    asks: str
    """What it asks of a system, in English."""
    needs: str = ""
    """Who has to give a figure that it leaves open; empty: nothing is open."""


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
    day_cap: tuple[Value, ...]
    month_cap: tuple[Value, ...]
    annual_cap: tuple[Value, ...]
    disease_cap: tuple[Value, ...]
    standard_price: tuple[Value, ...]
    general_fee: tuple[Value, ...]
    paper_claim: tuple[Value, ...]
    given: tuple[Value, ...]
    rate_cut: tuple[Value, ...]
    pooled_cap: tuple[Value, ...]
    second_payment: tuple[Value, ...]
    account_limit: tuple[Value, ...]
    rounding: tuple[Value, ...]
    lines: tuple[Line, ...]
    figures: tuple[FigureSpec, ...]
    questions: tuple[Question, ...] = ()
    other_documents: tuple[Document, ...] = ()
    """The documents with their days under the readings that are not the default."""
    clauses: tuple[ClauseRow, ...] = ()
    """The clause register: what the documents ask, row by row."""
    selection: tuple[SelectionRule, ...] = ()
    """How members select an institution; empty: the documents have no rule for it."""
    account: tuple[AccountEntry, ...] = ()
    """The rules of personal accounts; empty: the documents have none."""

    def figure(self, name: str) -> FigureSpec | None:
        """Return what the city declares of the operator figure, None if it knows none so called."""
        return next((spec for spec in self.figures if spec.name == name), None)

    def document(self, key: str) -> Document | None:
        """Return the document of that key, None if the city has none."""
        return next((document for document in self.documents if document.key == key), None)

    def values(self) -> tuple[Value, ...]:
        """Return every dated value of every benefit, in the order of the settlement."""
        return tuple(value for table in TABLES for value in getattr(self, table))

    @property
    def benefits(self) -> tuple[Benefit, ...]:
        """The benefits that have a file of their own, the ordinary one first."""
        own = {Benefit(value.benefit) for value in self.given}
        return (Benefit.ORDINARY, *sorted(own))
