"""Compiles the rules of a city on a day, with the operator figures, to a `RulePlan`.

Pure: the same rules, figures and day give the same plan, byte for byte. Plans change where a value,
a document or a figure begins or ends, and at each New Year: a plan never spans two policy years.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.domain.codes import Fact
from engine.domain.dates import Interval, next_day, previous_day, year_of
from engine.domain.money import format_yuan, mul_bp_half_up
from engine.domain.reasons import Reason
from engine.errors import InvalidInput
from engine.rules.days import overlap, union
from engine.rules.figures import ASSUMED, Figure, FigureSet
from engine.rules.model import PRESCRIPTION_APART, READING, CityRules, Line, Value
from engine.rules.plan import (
    BAR_NONE,
    LEVELS,
    NO_CAP,
    PLACES,
    STATUSES,
    Citation,
    Exclusion,
    FigureUsed,
    RulePlan,
    Unserved,
)
from engine.rules.readings import check_readings, reading_figure, rules_on, spans


@dataclass(frozen=True, slots=True)
class CapFigure:
    """A cap or a deductible that an operator figure or its floor gives, on one day.

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


def intervals(rules: CityRules, figures: FigureSet) -> tuple[Interval, ...]:
    """Return the intervals of days in which one plan holds, in order; none outside a document."""
    return tuple(
        days for span, read in spans(rules, figures) for days in _intervals(read, figures, span)
    )


def _intervals(rules: CityRules, figures: FigureSet, within: Interval) -> list[Interval]:
    """Return the intervals of the days `within`, on which the rules are read in one way."""
    documents = list(_in_force(rules, figures, within))
    changes = [value.days for value in rules.values()]
    changes += [line.days for line in rules.lines]
    changes += [line.days for line in rules.unserved]
    for value in rules.values():
        for name in value.figure_names():
            changes += [figure.days for figure in figures.of(rules.area, name)]
    found = []
    for span in union(documents):
        years = range(year_of(span.first_day), year_of(span.last_day) + 1)
        firsts = {span.first_day, *(year * 10_000 + 101 for year in years)}
        for days in (*documents, *changes):
            firsts.add(days.first_day)
            if days.last_day < span.last_day:
                firsts.add(next_day(days.last_day))
        inside = sorted(day for day in firsts if day in span)
        lasts = [previous_day(day) for day in inside[1:]] + [span.last_day]
        found += [Interval(first, last) for first, last in zip(inside, lasts, strict=True)]
    return found


def in_force(rules: CityRules, figures: FigureSet) -> Iterator[Interval]:
    """Yield the days on which each document is in force: of a draft, those the operator gives."""
    for span, read in spans(rules, figures):
        yield from _in_force(read, figures, span)


def _in_force(rules: CityRules, figures: FigureSet, within: Interval) -> Iterator[Interval]:
    for document in rules.documents:
        if not document.starts:
            yield from _common(document.days, within)
            continue
        for figure in figures.of(rules.area, document.starts):
            first_day = max(figure.first_day, figure.value)
            last_day = min(figure.last_day, document.days.last_day)
            if first_day <= last_day:
                yield from _common(Interval(first_day, last_day), within)


def _common(one: Interval, other: Interval) -> Iterator[Interval]:
    """Yield the days in both, if there are any."""
    if overlap(one, other):
        last_day = min(one.last_day, other.last_day)
        yield Interval(max(one.first_day, other.first_day), last_day)


def compile_plan(rules: CityRules, figures: FigureSet, day: int) -> RulePlan | None:
    """Return the plan of the interval that contains `day`, None if no document is in force."""
    for days in intervals(rules, figures):
        if day in days:
            return compile_interval(rules, figures, days)
    return None


def compile_interval(rules: CityRules, figures: FigureSet, days: Interval) -> RulePlan:
    """Return the plan of `days`, one of `intervals(rules, figures)`."""
    day = days.first_day
    rules = rules_on(rules, figures, day)
    cites = _Citations(rules, figures, day)
    caps = cap_figures(rules, figures, day)
    given = deductible_figures(rules, figures, day)
    deductible = _table(rules.deductible, day, cites, given)
    rate_bp, rate_cite = _rates(rules, day, cites)
    first_pay = [_one(rules.first_pay, day, (place,)) for place in range(PLACES)]
    visit_cap = _table(rules.visit_cap, day, cites, caps)
    annual_cap = _table(rules.annual_cap, day, cites, caps)
    rounding = _one(rules.rounding, day, ())
    used = {cap.used.label: cap.used for cap in (*caps, *given) if cap.used}
    extras = _extras(rules, figures, day, cites, used)
    extras |= _ways(rules, day)
    exclusions = _exclusions(rules, day, (*caps, *given), cites)
    used |= _readings_made(rules, figures, day)
    return RulePlan(
        city=rules.area,
        name=rules.name,
        first_day=days.first_day,
        last_day=days.last_day,
        deductible_kind=_one(rules.deductible, day, (0, 0)).kind,
        deductible_fen=deductible[0],
        deductible_cite=deductible[1],
        rate_bp=rate_bp,
        rate_cite=rate_cite,
        first_pay_bp=tuple(value.number for value in first_pay),
        first_pay_cite=tuple(cites.add(value) for value in first_pay),
        visit_cap_fen=visit_cap[0],
        visit_cap_cite=visit_cap[1],
        annual_cap_fen=annual_cap[0],
        annual_cap_cite=annual_cap[1],
        rounding=rounding.number,
        rounding_cite=cites.add(rounding),
        exclusions=exclusions,
        citations=tuple(cites.citations),
        figures=tuple(
            FigureUsed(label, figure.value, figure.source) for label, figure in sorted(used.items())
        ),
        unserved=tuple(
            Unserved(line.what, line.require, line.forbid)
            for line in rules.unserved
            if day in line.days
        ),
        **extras,
    )


def _extras(
    rules: CityRules, figures: FigureSet, day: int, cites: "_Citations", used: dict[str, Figure]
) -> dict[str, int]:
    """Return what a plan says beyond its tables; the figures it takes are added to `used`."""

    def figure(name: str) -> Figure | None:
        found = figures.get(rules.area, name, "", day) if name else None
        if found:
            used[found.label] = found
        return found

    def cite(value: Value, *found: Figure | None) -> int:
        return cites.add(value, tuple(given.label for given in found if given))

    extras: dict[str, int] = {}
    for value in _matching(rules.pooled_cap, day, ()):
        cap = figure(value.figure)
        extras["pooled_counts"] = 1
        extras["pooled_cap_fen"] = cap.value if cap else NO_CAP
        extras["pooled_cap_cite"] = cite(value, cap)
    for value in _matching(rules.second_payment, day, ()):
        rate = figure(value.figure)
        cap = figure(value.cap_figure) if rate else None
        extras["burden_counts"] = 1
        extras["second_threshold_fen"] = value.number
        extras["second_rate_bp"] = rate.value if rate else 0
        extras["second_cap_fen"] = cap.value if cap else NO_CAP
        extras["second_cite"] = cite(value, rate, cap)
    for value in _matching(rules.account_limit, day, ()):
        spec, switch = rules.figure(value.figure), figures.get(rules.area, value.figure, "", day)
        lifted = switch.value if switch else spec.default if spec else 0
        if not lifted:
            extras["account_limited"] = 1
            extras["account_cite"] = cite(value, figure(value.figure))
    return extras


def _readings_made(rules: CityRules, figures: FigureSet, day: int) -> dict[str, Figure]:
    """Return the operator's choices of the day by name; some take away and are cited by nothing."""
    made = {}
    for question in rules.questions:
        figure = figures.get(rules.area, READING, question.id, day)
        spec = rules.figure(READING)
        if figure and spec and day in question.days:
            made[f"{READING}.{spec.choices[figure.value]}"] = figure
    return made


def _ways(rules: CityRules, day: int) -> dict[str, int]:
    """Return how the plan counts where it does not count in the usual way."""
    visits = _one(rules.visit_cap, day, (0, 0)).kind
    second = next(_matching(rules.second_payment, day, ()), None)
    return {
        "annual_cap_on_cost": _one(rules.annual_cap, day, (0, 0)).kind,
        "first_pay_last": max(_one(rules.first_pay, day, (place,)).kind for place in range(PLACES)),
        "rate_of_selected": _one(rules.rate, day, (0, 0, 0)).kind,
        "visit_by": visits % PRESCRIPTION_APART,
        "prescription_apart": visits // PRESCRIPTION_APART,
        "second_copay_only": second.kind if second else 0,
    }


def deductible_figures(rules: CityRules, figures: FigureSet, day: int) -> tuple["CapFigure", ...]:
    """Return the deductibles that operator figures give on `day`, the missing ones included."""
    found = []
    for value in rules.deductible:
        if value.figure and day in value.days:
            given = figures.get(rules.area, value.figure, value.figure_key, day)
            amount_fen = given.value if given else 0
            found.append(CapFigure(value, amount_fen, given, None, "", refused=None))
    return tuple(found)


def cap_figures(rules: CityRules, figures: FigureSet, day: int) -> tuple[CapFigure, ...]:
    """Return the caps that operator figures give on `day`, those that are missing included."""
    return tuple(
        _cap_figure(rules.area, value, figures, day)
        for value in (*rules.visit_cap, *rules.annual_cap)
        if value.figure and day in value.days
    )


def check_figures(cities: Mapping[str, CityRules], figures: FigureSet) -> None:
    """Refuse figures that contradict each other on a day on which a document is in force.

    And readings that do not hold for whole policy years.

    Ask before figures are taken. A plan compiled from such figures is safe all the same: the cap
    below its floor does not count, and claims are refused with NO_FIGURE. A worked case's figure
    has no days: where it is too low for some other year, it stays, and only that happens.

    Raises:
        InvalidInput: a cap lies below its floor (reading H12); a year has two readings.
    """
    for rules in cities.values():
        check_readings(rules, figures)
        for days in intervals(rules, figures):
            read = rules_on(rules, figures, days.first_day)
            for cap in cap_figures(read, figures, days.first_day):
                if cap.refused is None or cap.floor_fen is None:
                    continue
                if cap.refused.source == ASSUMED:
                    continue
                raise InvalidInput(
                    f"{rules.pinyin}.{cap.refused.label}",
                    f"{format_yuan(cap.refused.value)} yuan from {days.first_day} to "
                    f"{days.last_day} is below the floor of {format_yuan(cap.floor_fen)} yuan "
                    f"({cap.value.clauses[0].clause}, from {cap.floor_label}); supply at least "
                    "the floor, or leave the cap out so that the floor counts",
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
        return CapFigure(value, 0, None, floor_fen, label, refused=given)
    if given:
        return CapFigure(value, given.value, given, floor_fen, label, refused=None)
    return CapFigure(value, floor_fen or 0, base, floor_fen, label, refused=None)


@dataclass(slots=True)
class _Citations:
    """The citations of a plan, each once; position 0 is the empty one."""

    rules: CityRules
    figures: FigureSet
    day: int
    citations: list[Citation] = field(default_factory=lambda: [Citation(())])

    def add(self, value: Value | Line, figures: tuple[str, ...] = ()) -> int:
        """Return the position of what a value rests on, and of the figures it took."""
        return self.add_all([value], figures)

    def add_all(self, values: Sequence[Value | Line], figures: tuple[str, ...] = ()) -> int:
        """Return the position of what values together rest on, entered if it is new."""
        clauses = [clause for value in values for clause in value.clauses]
        for reading in dict.fromkeys(reading for value in values for reading in value.readings):
            figure = reading_figure(self.rules, self.figures, reading, self.day)
            if figure:
                figures += (f"{READING}.{reading}",)
        citation = Citation(tuple(dict.fromkeys(clauses)), figures)
        if citation not in self.citations:
            self.citations.append(citation)
        return self.citations.index(citation)


def _matching(values: Sequence[Value], day: int, where: tuple[int, ...]) -> Iterator[Value]:
    """Return the values of `day` for (level, status), (level, status, place) or (place)."""
    return (value for value in values if day in value.days and value.holds(where))


def _one(values: Sequence[Value], day: int, where: tuple[int, ...]) -> Value:
    """Return the one value there is; the loader has refused gaps and overlaps."""
    (value,) = _matching(values, day, where)
    return value


def _table(
    values: Sequence[Value], day: int, cites: _Citations, caps: Sequence[CapFigure] = ()
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return amounts in fen and citations by level and status."""
    by_value = {id(cap.value): cap for cap in caps}
    amounts, cited = [], []
    for level in range(LEVELS):
        for status in range(STATUSES):
            value = _one(values, day, (level, status))
            cap = by_value.get(id(value))
            names = (cap.used.label,) if cap and cap.used else ()
            amounts.append(cap.amount_fen if cap else value.number)
            cited.append(cites.add(value, names))
    return tuple(amounts), tuple(cited)


def _rates(
    rules: CityRules, day: int, cites: _Citations
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return rates in basis points and citations by level, status and place, bonus included."""
    rates, cited = [], []
    for level in range(LEVELS):
        for status in range(STATUSES):
            for place in range(PLACES):
                where = (level, status, place)
                parts = [_one(rules.rate, day, where), *_matching(rules.rate_bonus, day, where)]
                cuts = list(_matching(rules.rate_cut, day, where))
                rates.append(sum(part.number for part in parts) - sum(cut.number for cut in cuts))
                parts += cuts
                cited.append(cites.add_all(parts))
    return tuple(rates), tuple(cited)


def _exclusions(
    rules: CityRules, day: int, caps: Sequence[CapFigure], cites: _Citations
) -> tuple[Exclusion, ...]:
    """Return the matrix of the day in order of precedence, missing figures included."""
    lines = []
    for cap in caps:
        spec = rules.figure(cap.value.figure)
        if cap.used is None and spec is not None:
            clause = spec.clause
            if cap.floor_label and not cap.refused:
                either = f"（需提供 {cap.value.label} 或 {cap.floor_label}）"
                clause = replace(clause, text=f"{clause.text}{either}")
            missing = (int(Fact.ORDINARY), 0, cap.value.days, (clause,))
            levels = sum(1 << level for level in set(cap.value.levels))
            lines.append(Line(Reason.NO_FIGURE, *missing, False, BAR_NONE, cap.value.label, levels))
    lines += [line for line in rules.lines if day in line.days]
    return tuple(
        Exclusion(
            reason=int(line.reason),
            require=int(line.require),
            forbid=int(line.forbid),
            citation=cites.add(line),
            liable_only=line.liable_only,
            account_bar=line.account_bar,
            figure=line.figure,
            levels=line.levels,
        )
        for line in sorted(lines, key=lambda line: line.reason)
    )
