"""The plans of every city: which rule answers for a city and a day, and what is missing."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.domain.dates import Interval
from engine.errors import InvalidInput
from engine.rules.account_compile import AccountShelf
from engine.rules.account_plan import AccountPlan
from engine.rules.classes import canonical, classes_of, known_code, of_benefit, values_on
from engine.rules.compile import compile_interval, in_force, intervals
from engine.rules.days import gaps, union
from engine.rules.figures import Figure, FigureSet, find_city
from engine.rules.model import (
    KEY_CODE,
    KEY_LEVEL,
    KEY_NONE,
    USE_ORDINARY,
    CityRules,
    FigureSpec,
)
from engine.rules.plan import LEVELS, ORDINARY_CARE, ClaimClass, ClauseRef, RulePlan
from engine.rules.readings import default_readings, rules_on, spans
from engine.rules.units import LEVEL_NAMES
from engine.rules.value_figures import SPAN_CAPS, named_figures


@dataclass(frozen=True, slots=True)
class Missing:
    """What the documents leave open and nobody has supplied, with what follows from it."""

    figure: str
    """Name of the figure, as `annual_cap`."""
    instead: str
    """A figure that would do as well, as `average_wage.2025`; empty if there is none."""
    first_day: int
    last_day: int
    effect: str
    """What happens without it, in English."""
    clause: ClauseRef
    """The clause that leaves it open."""
    known: bool
    """Whether the city declares it, so that it can be supplied."""


class _Shelf:
    """The plans of one city, each compiled when it is first asked for."""

    __slots__ = ("_by_class", "_plans", "_read", "figures", "firsts", "intervals", "rules")

    def __init__(self, rules: CityRules, figures: FigureSet) -> None:
        self.rules = rules
        self.figures = figures
        self.intervals = intervals(rules, figures)
        self.firsts = [days.first_day for days in self.intervals]
        self._plans: dict[tuple[int, ClaimClass], RulePlan] = {}
        self._by_class: dict[tuple[int, ClaimClass], RulePlan] = {}
        self._read: dict[tuple[int, int], CityRules] = {}

    def on(self, day: int, claim: ClaimClass) -> RulePlan | None:
        """Return the plan of `day`, None if no document is in force."""
        index = self._index(day)
        return None if index is None else self.at(index, claim)

    def at(self, index: int, claim: ClaimClass = ORDINARY_CARE) -> RulePlan:
        """Return the plan of an interval; one object for all classes that have the same plan."""
        if claim.code and not self._looks_at_code(index, claim):
            claim = claim._replace(code="")
        plan = self._by_class.get((index, claim))
        if plan is None:
            day = self.intervals[index].first_day
            stands_for = canonical(self._of(index, claim.benefit), self.figures, day, claim)
            known = self._plans.get((index, stands_for))
            if known is None:
                days = self.intervals[index]
                known = compile_interval(self.rules, self.figures, days, stands_for)
                self._plans[index, stands_for] = known
            plan = self._by_class[index, claim] = known
        return plan

    def _looks_at_code(self, index: int, claim: ClaimClass) -> bool:
        """Return whether a figure goes by the code of a claim: whoever sends it may make it up."""
        day = self.intervals[index].first_day
        rules = self._of(index, claim.benefit)
        return known_code(rules, self.figures, day, claim.code) != ""

    def classes(self, index: int) -> Iterator[ClaimClass]:
        """Yield the classes of claims that have plans of their own, codes apart."""
        day = self.intervals[index].first_day
        for benefit in self.rules.benefits:
            rules = self._of(index, benefit)
            yield from classes_of(rules, values_on(rules, day), benefit)

    def classes_on(self, day: int) -> Iterator[ClaimClass]:
        """Yield the classes of a day, none where no document is in force."""
        index = self._index(day)
        if index is not None:
            yield from self.classes(index)

    def names_by_code(self, day: int, benefit: int) -> list[str]:
        """Return the names of the figures of a benefit that go by a code, in order."""
        index = self._index(day)
        if index is None:
            return []
        rules = self._of(index, benefit)
        by_code = (*rules.disease_cap, *rules.standard_price)
        return list(dict.fromkeys(value.figure for value in by_code if day in value.days))

    def _index(self, day: int) -> int | None:
        """Return which interval a day is in, None if no document is in force."""
        index = bisect_right(self.firsts, day) - 1
        return index if index >= 0 and day <= self.intervals[index].last_day else None

    def _of(self, index: int, benefit: int) -> CityRules:
        """Return the rules of a benefit as they are read in an interval."""
        rules = self._read.get((index, benefit))
        if rules is None:
            read = rules_on(self.rules, self.figures, self.intervals[index].first_day)
            rules = self._read[index, benefit] = of_benefit(read, benefit)
        return rules


class PlanBook:
    """The rules of all cities under one set of operator figures. Immutable but for its cache."""

    def __init__(self, cities: Mapping[str, CityRules], figures: FigureSet | None = None) -> None:
        self.cities: Mapping[str, CityRules] = dict(cities)
        """Rules by area code."""
        self.figures = FigureSet() if figures is None else figures
        self._shelves = {area: _Shelf(rules, self.figures) for area, rules in cities.items()}
        self._accounts = {area: AccountShelf(rules, self.figures) for area, rules in cities.items()}

    def with_figures(self, figures: Iterable[Figure]) -> "PlanBook":
        """Return a book in which `figures` are added (`FigureSet.add`).

        Figures that contradict each other are not refused here (`check_figures` does that): a cap
        below its floor does not count.
        """
        return PlanBook(self.cities, self.figures.add(figures))

    def city(self, name: str) -> CityRules:
        """Return the rules of a city by its area code or pinyin name.

        Raises:
            InvalidInput: there is no such city.
        """
        rules = find_city(name, self.cities)
        if rules is None:
            known = ", ".join(f"{rules.pinyin} ({rules.area})" for rules in self.cities.values())
            raise InvalidInput("city", f'no rules for "{name}"; expected one of {known}')
        return rules

    def plan_for(self, city: str, day: int, claim: ClaimClass = ORDINARY_CARE) -> RulePlan | None:
        """Return the plan of the city (area code) on the service date YYYYMMDD.

        None where no document is in force, or where there are no rules for the city: both are
        NO_RULE. The same plan object is returned for every day of its interval and every class
        that its rules do not tell apart.
        """
        shelf = self._shelves.get(city)
        return None if shelf is None else shelf.on(day, claim)

    def account_on(self, city: str, day: int) -> AccountPlan | None:
        """Return the rules of personal accounts of the city (area code) on the day YYYYMMDD.

        Those of a month's credit are the rules of its first day. None where no account rule is in
        force, or where there are no rules for the city: both are NO_RULE. The same plan object is
        returned for every day of its interval.
        """
        shelf = self._accounts.get(city)
        return None if shelf is None else shelf.on(day)

    def account_versions(self, city: str) -> list[AccountPlan]:
        """Return every account plan of the city (code or name), in order of days.

        Raises:
            InvalidInput: there is no such city.
        """
        return list(self._accounts[self.city(city).area].versions())

    def valid_on(self, city: str, day: int) -> bool:
        """Return whether a document of the city (code or name) is in force on the day."""
        return any(day in days for days in in_force(self.city(city), self.figures))

    def versions(self, city: str) -> list[RulePlan]:
        """Return every plan of the city (code or name) for ordinary care, in order of days."""
        shelf = self._shelves[self.city(city).area]
        return [shelf.at(index) for index in range(len(shelf.intervals))]

    def all_versions(self, city: str) -> list[RulePlan]:
        """Return every plan of the city, in order of days, benefits and classes, codes apart."""
        shelf = self._shelves[self.city(city).area]
        plans = [
            shelf.at(index, claim)
            for index in range(len(shelf.intervals))
            for claim in shelf.classes(index)
        ]
        return list({id(plan): plan for plan in plans}.values())

    def plans_on(self, city: str, day: int) -> list[RulePlan]:
        """Return the plans of the city (code or name) on a day, by benefit and class, codes apart.

        Empty where no document is in force.
        """
        area = self.city(city).area
        plans = (self.plan_for(area, day, claim) for claim in self._shelves[area].classes_on(day))
        return list({id(plan): plan for plan in plans if plan}.values())

    def figures_by_code(self, city: str, day: int, benefit: int) -> list[Figure]:
        """Return the figures of a benefit that go by a code and count on the day, in order."""
        area = self.city(city).area
        names = self._shelves[area].names_by_code(day, benefit)
        held = (figure for name in names for figure in self.figures.of(area, name))
        return [figure for figure in held if figure.key and day in figure.days]

    def serves(self, city: str, benefit: int) -> bool:
        """Return whether the city (area code) has rules of its own for a benefit."""
        return benefit in self.cities[city].benefits

    def missing(self, city: str) -> list[Missing]:
        """Return what is missing for the city (code or name), in order of figure and day.

        Raises:
            InvalidInput: there is no such city.
        """
        rules = self.city(city)
        found = [*self._missing_caps(rules), *self._missing_benefits(rules)]
        found += self._missing_others(rules)
        return sorted(found, key=lambda missing: (missing.figure, missing.first_day))

    def _missing_caps(self, rules: CityRules) -> list[Missing]:
        """Return caps and deductibles with neither figure nor floor, joined over adjacent days."""
        held: dict[tuple[str, str, str, ClauseRef], list[Interval]] = {}
        for days in self._shelves[rules.area].intervals:
            day = days.first_day
            read = rules_on(rules, self.figures, day)
            lacking = [
                (cap, spec)
                for cap in named_figures(read, self.figures, day, "")
                if cap.used is None and (spec := rules.figure(cap.value.figure))
                if not (spec.key == KEY_CODE and self._has_code(rules.area, spec.name, day))
            ]
            levels: dict[str, set[int]] = {}
            for cap, spec in lacking:
                levels.setdefault(spec.name, set()).update(cap.value.levels)
            for cap, spec in lacking:
                below = f"the figure supplied is below its floor ({cap.floor_label}); "
                effect = (below if cap.refused else "") + _effect(spec, levels[spec.name])
                instead = "" if cap.refused else cap.floor_label
                key = (cap.label, instead, effect, spec.clause)
                held.setdefault(key, []).append(days)
        return [
            Missing(figure, instead, span.first_day, span.last_day, effect, clause, known=True)
            for (figure, instead, effect, clause), intervals in held.items()
            for span in union(intervals)
        ]

    def _has_code(self, area: str, name: str, day: int) -> bool:
        """Return whether any code has its figure on the day."""
        return any(day in figure.days for figure in self.figures.of(area, name))

    def _missing_benefits(self, rules: CityRules) -> list[Missing]:
        """Return what the refusal lines of the rule files name, joined over adjacent days."""
        days: dict[tuple[str, ClauseRef], list[Interval]] = {}
        for line in rules.lines:
            if line.figure and default_readings(rules).issuperset(line.readings):
                days.setdefault((line.figure, line.clauses[0]), []).append(line.days)
        return [
            Missing(
                figure,
                "",
                span.first_day,
                span.last_day,
                "claims of this benefit are refused (NO_FIGURE)",
                clause,
                known=rules.figure(figure) is not None,
            )
            for (figure, clause), held in days.items()
            for span in union(held)
        ]

    def _missing_others(self, rules: CityRules) -> list[Missing]:
        """Return the declared figures without which claims are settled, but not all is paid."""
        refusing = {v.figure for t in (*SPAN_CAPS, "deductible", "rate") for v in getattr(rules, t)}
        return [
            Missing(
                spec.name, "", gap.first_day, gap.last_day, spec.effect, spec.clause, known=True
            )
            for spec in rules.figures
            if (spec.use != USE_ORDINARY or spec.optional)
            and not any(value.kind for value in rules.pooled_cap if value.figure == spec.name)
            and spec.key == KEY_NONE
            and spec.name not in refusing
            and spec.default is None
            for gap in gaps(
                spec.days,
                [
                    *(figure.days for figure in self.figures.of(rules.area, spec.name)),
                    *self._dated_without(rules, spec.name),
                ],
            )
        ]

    def _dated_without(self, rules: CityRules, name: str) -> list[Interval]:
        """Return the days on which a draft is read as dated, so that its figure is not needed."""
        if not any(document.starts == name for document in rules.documents):
            return []
        return [
            span
            for span, read in spans(rules, self.figures)
            if not any(document.starts == name for document in read.documents)
        ]


def _effect(spec: FigureSpec, levels: set[int]) -> str:
    """Return what follows where a figure is missing while these levels (from 0) lack theirs."""
    if spec.key != KEY_LEVEL or spec.use != USE_ORDINARY:
        return spec.effect
    if len(levels) == LEVELS:
        return f"{spec.effect}; every level lacks its own: all ordinary claims are refused"
    names = [name for name, level in LEVEL_NAMES.items() if level in levels]
    return f"{spec.effect}; levels that lack theirs: {', '.join(names)}"
