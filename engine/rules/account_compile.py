"""Compiles the account rules of a city on a day, with the operator figures, to an `AccountPlan`.

Pure: the same rules, figures and day give the same plan, byte for byte. Entries keep their own
days, whatever those of the benefit rules; those of a draft hold once the operator has given the
day of the draft (reading C1-A). Plans change where an entry or a figure begins or ends, and not at
New Year.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from engine.domain.codes import Status
from engine.domain.dates import OPEN_END, Interval, next_day, previous_day
from engine.rules.account_model import (
    AccountEntry,
    ContributionEntry,
    CreditEntry,
    CreditOf,
    DisposalEntry,
    NoAccountEntry,
    UseBanEntry,
    UseEntry,
)
from engine.rules.account_plan import (
    AccountPlan,
    ContributionRule,
    CreditRule,
    DisposalRule,
    NoAccountRule,
    UseBan,
    UseRule,
    bits,
)
from engine.rules.figures import Figure, FigureSet
from engine.rules.model import READING, CityRules
from engine.rules.plan import Citation, FigureUsed
from engine.rules.readings import readings_on, rules_on

E = TypeVar("E", bound=AccountEntry)


class AccountShelf:
    """The account plans of one city, each compiled when it is first asked for."""

    __slots__ = ("_figures", "_firsts", "_lasts", "_plans", "_rules")

    def __init__(self, rules: CityRules, figures: FigureSet) -> None:
        self._rules = rules
        self._figures = figures
        self._firsts = _changes(rules, figures)
        self._lasts = [*(previous_day(day) for day in self._firsts[1:]), OPEN_END]
        self._plans: dict[int, AccountPlan | None] = {}

    def on(self, day: int) -> AccountPlan | None:
        """Return the plan of a day, None if no entry holds; one object for all days of a plan."""
        index = bisect_right(self._firsts, day) - 1
        if index < 0:
            return None
        if index not in self._plans:
            days = Interval(self._firsts[index], self._lasts[index])
            self._plans[index] = _compile(self._rules, self._figures, days)
        return self._plans[index]

    def versions(self) -> Iterator[AccountPlan]:
        """Yield every plan, in order of days."""
        plans = (self.on(day) for day in self._firsts)
        return (plan for plan in plans if plan is not None)


def _changes(rules: CityRules, figures: FigureSet) -> list[int]:
    """Return the days on which a plan may begin, in order."""
    names = {READING, *(document.starts for document in rules.documents)}
    days = [entry.days for entry in rules.account]
    # An alternative reading of a document's days moves the last day of its entries.
    days += [document.days for document in (*rules.documents, *rules.other_documents)]
    for entry in rules.account:
        names |= {getattr(entry, "figure", ""), getattr(entry, "switch", "")}
    for name in sorted(names):
        days += [figure.days for figure in figures.of(rules.area, name)]
    firsts = {one.first_day for one in days}
    firsts |= {next_day(one.last_day) for one in days if one.last_day < OPEN_END}
    return sorted(firsts)


def _compile(rules: CityRules, figures: FigureSet, days: Interval) -> AccountPlan | None:
    """Return the plan of days on which nothing changes, None if no entry holds."""
    day = days.first_day
    read = rules_on(rules, figures, day)
    begun = {
        document.key
        for document in read.documents
        if not document.starts or _is_given(rules, figures, document.starts, day)
    }
    held = [
        entry for entry in read.account if day in entry.days and entry.clauses[0].document in begun
    ]
    if not held:
        return None
    make = _Maker(rules, figures, day)
    parts = sorted(_of(held, CreditEntry), key=lambda entry: entry.part)
    credits = tuple(make.credit(entry) for entry in parts)
    uses = tuple(make.use(entry) for entry in _of(held, UseEntry) if make.is_on(entry))
    no_account = tuple(
        NoAccountRule(bits(entry.modes), make.cite(entry)) for entry in _of(held, NoAccountEntry)
    )
    bans = tuple(UseBan(bits(entry.purposes), make.cite(entry)) for entry in _of(held, UseBanEntry))
    disposals = tuple(make.disposal(entry) for entry in _of(held, DisposalEntry))
    contributions = tuple(
        ContributionRule(int(entry.product), entry.amount_fen, make.cite(entry))
        for entry in _of(held, ContributionEntry)
    )
    make.note_readings()
    return AccountPlan(
        city=rules.area,
        name=rules.name,
        first_day=days.first_day,
        last_day=days.last_day,
        credits=credits,
        no_account=no_account,
        uses=uses,
        bans=bans,
        disposals=disposals,
        contributions=contributions,
        citations=tuple(make.citations),
        figures=tuple(
            FigureUsed(label, figure.value, figure.source)
            for label, figure in sorted(make.used.items())
        ),
    )


def _is_given(rules: CityRules, figures: FigureSet, name: str, day: int) -> bool:
    """Return whether the day of a draft is given: from whichever day on, and not ended before."""
    return any(day <= figure.last_day for figure in figures.of(rules.area, name))


def _of(entries: Sequence[AccountEntry], kind: type[E]) -> list[E]:
    return [entry for entry in entries if isinstance(entry, kind)]


@dataclass(slots=True)
class _Maker:
    """Makes the rules of one plan, with its citations; position 0 is the empty one."""

    rules: CityRules
    figures: FigureSet
    day: int
    citations: list[Citation] = field(default_factory=lambda: [Citation(())])
    used: dict[str, Figure] = field(default_factory=dict)

    def cite(self, entry: AccountEntry, *given: Figure | None) -> int:
        """Return the position of what an entry rests on, and of the figures it took."""
        labels = [figure.label for figure in given if figure]
        self.used |= {figure.label: figure for figure in given if figure}
        made = self._readings()
        labels += [label for name in entry.readings if (label := f"{READING}.{name}") in made]
        citation = Citation(entry.clauses, tuple(labels))
        if citation not in self.citations:
            self.citations.append(citation)
        return self.citations.index(citation)

    def note_readings(self) -> None:
        """Note the operator's choices of the day; some take entries away."""
        self.used |= self._readings()

    def credit(self, entry: CreditEntry) -> CreditRule:
        """Return the rule of a part of the credit, with its figure where that is given."""
        figure = self._figure(entry.figure) if entry.of == CreditOf.FIGURE else None
        asks = entry.of in (CreditOf.FIGURE, CreditOf.NOT_PRINTED)
        return CreditRule(
            part=int(entry.part),
            of=int(entry.of),
            amount_fen=figure.value if figure else entry.amount_fen,
            rate_bp=entry.rate_bp,
            figure=entry.figure,
            given=not asks or figure is not None,
            statuses=bits(position + Status.ACTIVE for position in entry.statuses),
            ages=entry.ages,
            employments=bits(entry.employments),
            still_paying=entry.still_paying,
            alternating=entry.alternating,
            prorated=entry.prorated,
            citation=self.cite(entry, figure),
        )

    def use(self, entry: UseEntry) -> UseRule:
        """Return the rule of a use."""
        return UseRule(
            purpose=int(entry.purpose),
            products=bits(entry.products),
            relations=bits(entry.relations),
            place=int(entry.place),
            registered=entry.registered,
            citation=self.cite(entry, self._figure(entry.switch)),
        )

    def is_on(self, entry: UseEntry) -> bool:
        """Return whether the switch that a use needs is on, by its default where none is given."""
        if not entry.switch:
            return True
        figure, spec = self._figure(entry.switch), self.rules.figure(entry.switch)
        if figure:
            self.used[figure.label] = figure
            return bool(figure.value)
        return bool(spec and spec.default)

    def disposal(self, entry: DisposalEntry) -> DisposalRule:
        """Return the rule of a disposal."""
        return DisposalRule(
            event=int(entry.event),
            in_province=entry.in_province,
            heir=entry.heir,
            application=entry.application,
            outcome=int(entry.outcome),
            citation=self.cite(entry),
        )

    def _figure(self, name: str) -> Figure | None:
        return self.figures.get(self.rules.area, name, "", self.day) if name else None

    def _readings(self) -> Mapping[str, Figure]:
        """Return the operator's choices of the day that the account rules know, by label."""
        named = {reading for entry in self.rules.account for reading in entry.readings}
        questions = {reading.partition("-")[0] for reading in named}
        made = {}
        for choice in readings_on(self.rules, self.figures, self.day):
            question = choice.partition("-")[0]
            figure = self.figures.get(self.rules.area, READING, question, self.day)
            if figure and question in questions:
                made[f"{READING}.{choice}"] = figure
        return made
