"""The clause register of a city, `clauses.toml`: what each clause asks, and which values apply it.

Several rows may share one printed clause, and one row may be applied by values of several tables.
So a row names the printed clause (`cites`) and kinds of values (`values`): a table of
`ordinary.toml` (`rate`) or of another benefit's file (`chronic.rate`), an entry of `account.toml`
(`account.credit.own`, `account.disposal`), a line by its reason (`line.ARREARS`), a figure by its
name (`figure.average_wage`), `selection`, or `document`. A value belongs to every row that names
its kind and one of its clauses, whose days contain its own, and whose statuses and places, where
the row gives any, contain its own.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, get_args

from pydantic import Field

from engine.domain.codes import Benefit
from engine.domain.dates import Interval
from engine.rules.account_model import ACCOUNT, ACCOUNT_KINDS, AccountEntry
from engine.rules.model import (
    READING,
    TABLES,
    CityRules,
    ClauseRow,
    Document,
    FigureSpec,
    Line,
    Value,
)
from engine.rules.plan import ClauseRef
from engine.rules.registration import REGISTRATION
from engine.rules.schema import Day, Places, Statuses, Strict, Text
from engine.rules.selection import SelectionRule

CLAUSES: Final = "clauses.toml"

Category = Literal[
    "settlement",
    "accumulators",
    "account-credit",
    "account-use",
    "account-disposal",
    "institution-clearing",
    "eligibility",
    "precedence",
    "registration",
    "supervision",
    "exchange",
    "administrative",
]
CATEGORIES: Final[tuple[str, ...]] = get_args(Category)
"""What a clause is about, in the order of the documentation."""

Refuse = Callable[[str, str, str], Exception]
"""Makes the exception for a file, a key path and a problem."""
Entry = Value | Line | FigureSpec | Document | SelectionRule | AccountEntry

_BENEFITS: Final = f"({'|'.join(b.name.lower() for b in Benefit if b != Benefit.ORDINARY)})"
_ACCOUNT: Final = "|".join(ACCOUNT_KINDS).replace(".", "[.]")
_KIND: Final = (
    rf"^(document|selection|account\.({_ACCOUNT})|({_BENEFITS}\.)?({'|'.join(TABLES)})"
    r"|line\.[A-Z]+(_[A-Z]+)*|figure\.[a-z][a-z0-9_]*)$"
)
Kind = Annotated[str, Field(pattern=_KIND)]


class ClauseEntry(Strict):
    """`[[clause]]`: one row of the register."""

    id: Text
    documents: Annotated[list[Text], Field(min_length=1)]
    categories: Annotated[list[Category], Field(min_length=1)]
    first_day: Day = 0
    """Absent: from the first day of its documents."""
    last_day: Day = 0
    """Absent: to the last day of its documents."""
    asks: Text
    needs: Literal["", "operator"] = ""
    cites: list[Text] = Field(default_factory=list)
    values: list[Kind] = Field(default_factory=list)
    statuses: Statuses | None = None
    places: Places | None = None


class ClausesFile(Strict):
    """`clauses.toml`: the clause register."""

    format: Literal[1]
    clause: Annotated[list[ClauseEntry], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class CitedValue:
    """Anything in the rule files that rests on clauses: where it stands and what it is."""

    file: str
    path: str
    """Key path in the file, as `rate[3]`."""
    kind: str
    """What a row of the register calls it, as `rate` or `line.ARREARS`."""
    days: Interval
    clauses: tuple[ClauseRef, ...]
    entry: Entry

    @property
    def stated(self) -> bool:
        """Whether a document says it: at least one of its clauses is printed."""
        return any(clause.stated for clause in self.clauses)

    def belongs_to(self, row: ClauseRow) -> bool:
        """Return whether the row of the register is applied by this value."""
        return any(self._rests_on(row, clause) for clause in self.clauses)

    def _rests_on(self, row: ClauseRow, clause: ClauseRef) -> bool:
        return (
            self.kind in row.values
            and clause.document in row.documents
            and clause.clause in row.cites
            and row.days.first_day <= self.days.first_day
            and self.days.last_day <= row.days.last_day
            and _inside(getattr(self.entry, "statuses", ()), row.statuses)
            and _inside(getattr(self.entry, "places", ()), row.places)
        )

    def uncovered(self, rows: tuple[ClauseRow, ...]) -> Iterator[ClauseRef]:
        """Yield the printed clauses that no row of the register takes for this value."""
        for clause in self.clauses:
            if clause.stated and not any(self._rests_on(row, clause) for row in rows):
                yield clause


def _inside(own: tuple[int, ...], of_row: tuple[int, ...]) -> bool:
    return not own or not of_row or set(own) <= set(of_row)


def cited_values(rules: CityRules) -> Iterator[CitedValue]:
    """Yield everything in the rule files of a city that rests on clauses, file by file."""
    for index, document in enumerate(rules.documents):
        path = f"document[{index}]"
        clauses = (document.clause,)
        yield CitedValue("city.toml", path, "document", document.days, clauses, document)
    for table in TABLES:
        values: tuple[Value, ...] = getattr(rules, table)
        for value in values:
            path, benefit = f"{table}[{value.index}]", Benefit(value.benefit)
            own = "" if benefit == Benefit.ORDINARY else f"{benefit.name.lower()}."
            yield CitedValue(value.file, path, own + table, value.days, value.clauses, value)
    for index, line in enumerate(rules.lines):
        path, kind = f"line[{index}]", f"line.{line.reason.name}"
        yield CitedValue("exclusions.toml", path, kind, line.days, line.clauses, line)
    # The choice of a reading is declared beside the questions; the values it chooses are cited.
    declared = [figure for figure in rules.figures if figure.name != READING]
    for index, figure in enumerate(declared):
        path, kind = f"figure[{index}]", f"figure.{figure.name}"
        yield CitedValue("figures.toml", path, kind, figure.days, (figure.clause,), figure)
    for index, rule in enumerate(rules.selection):
        path = f"selection[{index}]"
        yield CitedValue(REGISTRATION, path, "selection", rule.days, rule.clauses, rule)
    for entry in rules.account:
        # Days before those of the document count from its first: no row of it has others.
        path, kind = f"{entry.table}[{entry.index}]", f"account.{entry.kind}"
        days = entry.days_of_document
        yield CitedValue(ACCOUNT, path, kind, days, entry.clauses, entry)


def read_clauses(
    file: ClausesFile, documents: Mapping[str, Document], refuse: Refuse
) -> tuple[ClauseRow, ...]:
    """Return the rows of the register; `refuse` makes the exception for what is wrong with one."""
    rows: dict[str, ClauseRow] = {}
    for index, entry in enumerate(file.clause):
        path = f"clause[{index}]"
        if entry.id in rows:
            raise refuse(CLAUSES, f"{path}.id", f'two clauses have the id "{entry.id}"')
        for key in entry.documents:
            if key not in documents:
                raise refuse(
                    CLAUSES,
                    f"{path}.documents",
                    f'no document has the key "{key}"; city.toml has {", ".join(documents)}',
                )
        if bool(entry.cites) != bool(entry.values):
            raise refuse(
                CLAUSES,
                path,
                "cites and values stand together: the clause as printed, and the kinds of values "
                "that apply it; give both or neither",
            )
        rows[entry.id] = _row(entry, path, documents, refuse)
    return tuple(rows.values())


def _row(
    entry: ClauseEntry, path: str, documents: Mapping[str, Document], refuse: Refuse
) -> ClauseRow:
    """Return one row; refuse days in reverse or outside the validity of its documents."""
    validity = Interval(
        min(documents[key].days.first_day for key in entry.documents),
        max(documents[key].days.last_day for key in entry.documents),
    )
    days = Interval(entry.first_day or validity.first_day, entry.last_day or validity.last_day)
    for name, day in (("first_day", days.first_day), ("last_day", days.last_day)):
        if day not in validity:
            raise refuse(
                CLAUSES,
                f"{path}.{name}",
                f"{day} is outside the validity of {', '.join(entry.documents)}, "
                f"{validity.first_day} to {validity.last_day}",
            )
    if days.last_day < days.first_day:
        problem = f"last_day {days.last_day} is before first_day {days.first_day}"
        raise refuse(CLAUSES, path, f"{problem}; both days are included")
    return ClauseRow(
        id=entry.id,
        documents=tuple(entry.documents),
        cites=tuple(entry.cites),
        values=tuple(entry.values),
        statuses=tuple(entry.statuses or ()),
        places=tuple(entry.places or ()),
        categories=tuple(entry.categories),
        days=days,
        asks=entry.asks,
        needs=entry.needs,
    )


def check_clauses(rules: CityRules, refuse: Refuse) -> None:
    """Refuse a value whose clause no row takes, and a row that names what is not there.

    What a document does not say (`stated = false`) belongs to no clause.
    """
    values = list(cited_values(rules))
    for value in values:
        for clause in value.uncovered(rules.clauses):
            raise refuse(
                value.file,
                value.path,
                f"no row of {CLAUSES} takes {clause.clause} of {clause.document} as {value.kind} "
                f"from {value.days.first_day} to {value.days.last_day}; name the clause in cites "
                "and the kind in values of the row that it applies",
            )
    for index, row in enumerate(rules.clauses):
        applied = [value for value in values if value.belongs_to(row)]
        kinds = {value.kind for value in applied}
        for number, kind in enumerate(row.values):
            if kind not in kinds:
                raise refuse(
                    CLAUSES,
                    f"clause[{index}].values[{number}]",
                    f"no {kind} cites {' or '.join(row.cites)} on these days, for these statuses "
                    "and places; remove it, or mend the value",
                )
        printed = {clause.clause for value in applied for clause in value.clauses}
        for number, cite in enumerate(row.cites):
            if cite not in printed:
                raise refuse(
                    CLAUSES,
                    f"clause[{index}].cites[{number}]",
                    f"no value of {', '.join(row.values)} cites {cite}; remove it, or mend the "
                    "value",
                )
