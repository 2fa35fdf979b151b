"""Which values of the rule files decide which worked cases: measured, not claimed.

Every case that is supported is played through the reference kernel. A settlement names by its
citations what decided it; a value counts only where it also had an effect: a cap where it cut, a
rate where something was left to share. A value is found by where it holds (day, level, status,
place) and by its clauses, among those that hold under the readings of the case.

A choice of a reading decides a case that comes out otherwise without it: the case is played again
with the default.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from clients.cli.cases.effects import Effect, effects
from clients.cli.cases.format import Case
from clients.cli.cases.inprocess import FindPlan, InProcessLane
from clients.cli.cases.play import Played, one_by_one, registers
from clients.cli.cases.run import REFERENCE, Shared, share
from clients.cli.cases.support import why_not
from clients.cli.cases.values import CaseError
from engine.domain.claim import Claim
from engine.domain.codes import Kind
from engine.domain.reasons import Detail, Reason
from engine.domain.request import BatchAnswer, Refused
from engine.rules.classes import narrowed, of_benefit
from engine.rules.clauses import CitedValue, cited_values
from engine.rules.figures import FigureSet
from engine.rules.model import READING, CityRules, Line, Value
from engine.rules.plan import ClaimClass, RulePlan
from engine.rules.readings import Chosen, as_read, readings_on

Key = tuple[str, str, str]
"""A value by area, file and key path."""

APART: Final = ("document", "selection")
"""Kinds of values that decide no claim: of a document, its days are in those of the others."""
REFUSED: Final = "refused"
EXCLUDED: Final = "excluded"


@dataclass(slots=True)
class Measured:
    """What came of playing the cases."""

    decided: dict[Key, dict[str, str]] = field(default_factory=dict)
    """For each value the cases it decided, with `refused: …` or `excluded: …` if it was so."""
    unserved: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The cases that are not supported yet, with what makes them so."""
    choices: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """For each choice of a reading, by area and name, the cases it decided."""

    def cases(self, area: str, value: CitedValue) -> Mapping[str, str]:
        """Return the cases that a value decided, each with how."""
        return self.decided.get((area, value.file, value.path), {})


def readings_of(value: CitedValue) -> tuple[str, ...]:
    """Return the choices under which alone a value holds, as `G2-B`; empty: under all."""
    readings: tuple[str, ...] = getattr(value.entry, "readings", ())
    return readings


def measure(cases: Sequence[Case], cities: Mapping[str, CityRules]) -> Measured:
    """Play the cases through the reference kernel and return which values decided them.

    Raises:
        CaseError: a case does not come out as it expects, so that it proves nothing.
    """
    measured = Measured()
    for case in cases:
        if why := why_not(case):
            measured.unserved[case.id] = why
    supported = [case for case in cases if case.id not in measured.unserved]
    for shared in share(supported, cities):
        watcher = _Watcher(cities, FigureSet(shared.figures), measured)
        for one in _played(shared, cities, watcher):
            if one.failures:
                problem = f"does not come out as expected: {one.failures[0].line()}"
                raise CaseError(one.case.where, f"{problem}; run gongji cases on the file")
    for (area, choice), defaulted in _without_choices(supported, cities).items():
        measured.choices[area, choice] = tuple(
            one.case.id
            for shared in share(defaulted, cities)
            for one in _played(shared, cities)
            if one.failures
        )
    return measured


def _played(
    shared: Shared, cities: Mapping[str, CityRules], watcher: "_Watcher | None" = None
) -> Iterator[Played]:
    """Play the cases of one ledger, and yield each when it is over."""
    played = [Played(case, REFERENCE) for case in shared.cases]
    lane = InProcessLane(REFERENCE, cities, shared.figures, watcher.see if watcher else None)
    try:
        lane.prepare(registers(played))
        for one in played:
            if watcher:
                watcher.case = one.case
            one_by_one(lane, [one])
            yield one
    finally:
        lane.close()


def _without_choices(
    cases: Iterable[Case], cities: Mapping[str, CityRules]
) -> dict[tuple[str, str], list[Case]]:
    """Return by area and choice the cases that make it, each without it."""
    found: dict[tuple[str, str], list[Case]] = {}
    area_of = {rules.pinyin: area for area, rules in cities.items()}
    for case in cases:
        made: Mapping[str, str] = case.supply.get(READING, {})
        for question, choice in made.items():
            others = {other: made[other] for other in made if other != question}
            supply = {**case.supply, READING: others}
            found.setdefault((area_of[case.city], choice), []).append(replace(case, supply=supply))
    return found


class _Watcher:
    """Sees the answers to the claims of one case after another."""

    def __init__(
        self, cities: Mapping[str, CityRules], figures: FigureSet, measured: Measured
    ) -> None:
        self.case: Case | None = None
        self._cities = cities
        self._figures = figures
        self._read: dict[tuple[str, Chosen], list[CitedValue]] = {}
        self._measured = measured

    def see(self, claims: Sequence[Claim], answer: BatchAnswer, find: FindPlan) -> None:
        """Note what decided each claim of a batch."""
        for index, claim in enumerate(claims):
            if index in answer.errors:
                continue
            if index in answer.refusals:
                self._refused(claim, answer.refusals[index], find)
                continue
            whole = answer.entries[index : index + 1]
            for record in answer.parts.get(index, whole):
                plan = find(answer.plan_digests[int(record["row"]["plan"])])
                if plan is not None:
                    values = self._on(plan.city, claim)
                    own = _of_class(values, self._cities[plan.city], plan)
                    self._note(_deciding(own, record, plan, claim))

    def _refused(self, claim: Claim, refusal: Refused, find: FindPlan) -> None:
        """Note what refused a claim."""
        plan = find(refusal.plan_digest)
        if plan is not None:
            self._note(_refusing(self._on(plan.city, claim), refusal, plan))
        elif refusal.detail == Detail.PAPERS_MISSING and self.case is not None:
            asked = (v for v in self._on(self.case.area, claim) if table_of(v) == "paper_claim")
            self._note((value, f"{REFUSED}: {refusal.reason.name}") for value in asked)

    def _on(self, area: str, claim: Claim) -> list[CitedValue]:
        """Return the values of a city that hold on the day of the claim, as then read."""
        rules, day = self._cities[area], claim.service_date
        chosen = readings_on(rules, self._figures, day)
        if (area, chosen) not in self._read:
            self._read[area, chosen] = list(_as_read(rules, chosen))
        return [value for value in self._read[area, chosen] if day in value.days]

    def _note(self, found: Iterable[tuple[CitedValue, str]]) -> None:
        if self.case is None:
            return
        area = self.case.area
        for value, how in found:
            cases = self._measured.decided.setdefault((area, value.file, value.path), {})
            cases[self.case.id] = how or cases.get(self.case.id, "")


def _as_read(rules: CityRules, chosen: Chosen) -> Iterator[CitedValue]:
    """Yield the values that hold under these choices, by the paths and on the days they then have.

    A path is that of the file, where the entries of all readings stand; the days are as read.
    """
    printed = [
        v for v in cited_values(rules) if v.kind not in APART and chosen.issuperset(readings_of(v))
    ]
    read = [value for value in cited_values(as_read(rules, chosen)) if value.kind not in APART]
    for value, same in zip(printed, read, strict=True):
        yield replace(value, days=same.days)


def _refusing(
    values: Sequence[CitedValue], refusal: Refused, plan: RulePlan
) -> Iterator[tuple[CitedValue, str]]:
    """Yield the line that refused, or the figure that was missing."""
    how = f"{REFUSED}: {refusal.reason.name}"
    clauses = plan.citations[refusal.citation].clauses
    found = False
    for value in values:
        if (
            isinstance(value.entry, Line)
            and value.entry.reason == refusal.reason
            and value.entry.figure == refusal.figure
            and value.clauses == clauses
        ):
            found = True
            yield value, how
    if not found and refusal.figure:
        # The line was added because a figure is missing; `average_wage.2023` is one of a kind.
        yield from ((value, how) for value in _figures(values, [refusal.figure]))


def _figures(values: Sequence[CitedValue], labels: Iterable[str]) -> Iterator[CitedValue]:
    """Yield the declarations of figures by their labels."""
    kinds = {f"figure.{label.partition('.')[0]}" for label in labels}
    return (value for value in values if value.kind in kinds)


def _deciding(
    values: Sequence[CitedValue], record: np.void, plan: RulePlan, claim: Claim
) -> Iterator[tuple[CitedValue, str]]:
    """Yield what decided a settlement: lines of the matrix, values, and the figures they used."""
    result = record["result"]
    reason = Reason(int(result["reason"]))
    for name in ("cite_excluded", "cite_excluded_rest"):
        clauses = plan.citations[int(result[name])].clauses
        for value in values:
            if clauses and isinstance(value.entry, Line) and value.clauses == clauses:
                if name == "cite_excluded" and value.entry.reason != reason:
                    continue
                yield value, f"{EXCLUDED}: {value.entry.reason.name}"
    for effect in effects(record, plan, claim):
        yield from ((value, "") for value in _figures(values, effect.citation.figures))
        yield from ((value, "") for value in values if _had(value, effect))


def _had(value: CitedValue, effect: Effect) -> bool:
    """Return whether a value is one of those that had an effect."""
    return (
        isinstance(value.entry, Value)
        and table_of(value) in effect.tables
        and (value.entry.above == effect.above or table_of(value) != "rate")
        and value.entry.holds(effect.where)
        and (not effect.citation.clauses or set(value.clauses) <= set(effect.citation.clauses))
    )


def table_of(value: CitedValue) -> str:
    """Return the table that a value stands in, whichever file it is of."""
    return value.path.partition("[")[0]


def _of_class(values: Sequence[CitedValue], rules: CityRules, plan: RulePlan) -> list[CitedValue]:
    """Return the values that a plan was made of, and what is not of one benefit."""
    kind = plan.kinds[0] if plan.kinds else int(Kind.HOSPITAL)
    claim = ClaimClass(plan.benefit, kind, plan.ages[0])
    own = cited_values(narrowed(of_benefit(rules, plan.benefit), claim))
    inside = {(value.file, value.path) for value in own if isinstance(value.entry, Value)}
    return [
        value
        for value in values
        if not isinstance(value.entry, Value) or (value.file, value.path) in inside
    ]
