"""Compiles the rules of a city on a day, with the operator figures, to a `RulePlan`.

Pure: the same rules, figures and day give the same plan, byte for byte. Plans change where a value,
a document or a figure begins or ends, and at each New Year: a plan never spans two policy years.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.domain.codes import BENEFIT_FACTS, Benefit, Place
from engine.domain.dates import Interval, next_day, previous_day, year_of
from engine.domain.money import format_yuan
from engine.domain.reasons import Reason
from engine.errors import InvalidInput, InvariantBroken
from engine.rules import family
from engine.rules.classes import (
    ages_like,
    kinds_like,
    known_code,
    narrowed,
    of_benefit,
    values_on,
)
from engine.rules.days import overlap, union
from engine.rules.figures import ASSUMED, Figure, FigureSet
from engine.rules.model import (
    PRESCRIPTION_APART,
    READING,
    CityRules,
    Line,
    Value,
)
from engine.rules.plan import (
    ALL_LEVELS,
    BAR_NONE,
    LEVELS,
    NO_CAP,
    ORDINARY_CARE,
    PLACES,
    STATUSES,
    Bracket,
    Citation,
    ClaimClass,
    Exclusion,
    FigureUsed,
    RulePlan,
)
from engine.rules.readings import check_readings, reading_figure, rules_on, spans
from engine.rules.value_figures import (
    CODE_TABLES,
    SPAN_CAPS,
    CapFigure,
    cap_figures,
    named_figures,
    values_of_day,
)


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
    changes += family.changes(rules, figures)
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


def compile_plan(
    rules: CityRules, figures: FigureSet, day: int, claim: ClaimClass = ORDINARY_CARE
) -> RulePlan | None:
    """Return the plan of the interval that contains `day`, None if no document is in force."""
    for days in intervals(rules, figures):
        if day in days:
            return compile_interval(rules, figures, days, claim)
    return None


def compile_interval(
    rules: CityRules, figures: FigureSet, days: Interval, claim: ClaimClass = ORDINARY_CARE
) -> RulePlan:
    """Return the plan of `days`, one of `intervals(rules, figures)`, for a class of claims."""
    day = days.first_day
    whole = of_benefit(rules_on(rules, figures, day), claim.benefit)
    of_day = values_on(whole, day)
    rules = narrowed(whole, claim)
    cites = _Citations(rules, figures, day)
    given = named_figures(rules, figures, day, claim.code)
    deductible = _table(rules.deductible, day, cites, given, nothing=0)
    rates = [_rates(rules, day, cites, given, above) for above in _brackets(rules, day)]
    first_pay = [_one(rules.first_pay, day, (place,)) for place in range(PLACES)]
    visit, by_day, by_month, by_year = (
        _table(getattr(rules, name), day, cites, given) for name in SPAN_CAPS
    )
    rounding = _one(rules.rounding, day, ())
    used = {found.used.label: found.used for found in given if found.used}
    extras = _extras(rules, figures, day, cites, used)
    extras |= _by_code(rules, day, cites, given)
    extras |= _ways(rules, day)
    extras |= _family(whole, figures, day, cites, used)
    exclusions = _exclusions(rules, day, given, cites, claim.benefit)
    used |= _readings_made(rules, figures, day)
    return RulePlan(
        city=rules.area,
        name=rules.name,
        first_day=days.first_day,
        last_day=days.last_day,
        deductible_kind=_kind_of(rules.deductible, day),
        deductible_fen=deductible[0],
        deductible_cite=deductible[1],
        rate_bp=rates[0][0],
        rate_cite=rates[0][1],
        first_pay_bp=tuple(value.number for value in first_pay),
        first_pay_cite=tuple(cites.add(value) for value in first_pay),
        visit_cap_fen=visit[0],
        visit_cap_cite=visit[1],
        day_cap_fen=by_day[0],
        day_cap_cite=by_day[1],
        month_cap_fen=by_month[0],
        month_cap_cite=by_month[1],
        annual_cap_fen=by_year[0],
        annual_cap_cite=by_year[1],
        rounding=rounding.number,
        rounding_cite=cites.add(rounding),
        exclusions=exclusions,
        citations=tuple(cites.citations),
        figures=tuple(
            FigureUsed(label, figure.value, figure.source) for label, figure in sorted(used.items())
        ),
        benefit=int(claim.benefit),
        given_levels=_given(rules, day, claim.benefit),
        kinds=kinds_like(of_day, claim.kind),
        ages=ages_like(of_day, claim.age),
        code=known_code(whole, figures, day, claim.code),
        brackets=tuple(
            Bracket(above, *table)
            for above, table in zip(_brackets(rules, day)[1:], rates[1:], strict=True)
        ),
        **extras,
    )


def _kind_of(values: Sequence[Value], day: int) -> int:
    """Return how the values of a day count; the loader has refused two ways on one day."""
    return next((value.kind for value in values if day in value.days), 0)


def _brackets(rules: CityRules, day: int) -> list[int]:
    """Return the amounts of the year's cost above which rates change, 0 first."""
    return sorted({0, *(value.above for value in rules.rate if day in value.days)})


def _given(rules: CityRules, day: int, benefit: int) -> int:
    """Return the levels at which the benefit is given, as a set of bits."""
    if benefit not in rules.benefits or benefit == Benefit.ORDINARY:
        return ALL_LEVELS
    levels = {level for value in values_of_day(rules.given, day) for level in value.levels}
    return sum(1 << level for level in levels)


def _by_code(
    rules: CityRules, day: int, cites: "_Citations", given: Sequence[CapFigure]
) -> dict[str, int]:
    """Return what goes by the code of a disease or procedure."""
    found: dict[str, int] = {}
    by_value = {id(figure.value): figure for figure in given}
    for table in CODE_TABLES:
        for value in values_of_day(getattr(rules, table), day):
            figure = by_value[id(value)]
            # 0 where it is missing: then every claim of the code is refused.
            found[f"{table}_fen"] = figure.amount_fen
            names = (figure.used.label,) if figure.used else ()
            found[f"{table}_cite"] = cites.add(value, names)
    return found


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
    for name, field_name in (("general_fee", "general_fee_in_scope"), ("paper_claim", "papers")):
        for value in _matching(getattr(rules, name), day, ()):
            extras[field_name] = value.number
            extras[f"{field_name.removesuffix('_in_scope')}_cite"] = cite(value)
    return extras


def _family(
    rules: CityRules,
    figures: FigureSet,
    day: int,
    cites: "_Citations",
    used: dict[str, Figure],
) -> dict[str, int]:
    """Return for whom relatives' accounts pay, and note the figures that decided it."""
    extras: dict[str, int] = {}
    for name, use in family.family_uses(rules, figures, day).items():
        extras[name] = use.relations
        extras[f"{name}_cite"] = cites.add_citation(use.citation)
        for label in use.citation.figures:
            figure_name, _, key = label.partition(".")
            if figure := figures.get(rules.area, figure_name, key, day):
                used[label] = figure
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
    visits = _kind_of(rules.visit_cap, day)
    local = [v for v in values_of_day(rules.rate, day) if Place.LOCAL in v.places]
    first_pay = [_one(rules.first_pay, day, (place,)).kind for place in range(PLACES)]
    return {
        "annual_cap_on_cost": _kind_of(rules.annual_cap, day),
        "first_pay_last": max(first_pay),
        "rate_of_selected": max((value.kind for value in local), default=0),
        "visit_by": visits % PRESCRIPTION_APART,
        "prescription_apart": visits // PRESCRIPTION_APART,
        "second_copay_only": _kind_of(rules.second_payment, day),
    }


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
        return self.add_citation(Citation(tuple(dict.fromkeys(clauses)), figures))

    def add_citation(self, citation: Citation) -> int:
        """Return the position of a citation, entered if it is new."""
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
    values: Sequence[Value],
    day: int,
    cites: _Citations,
    given: Sequence[CapFigure],
    nothing: int = NO_CAP,
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return amounts in fen and citations by level and status, `nothing` where nothing is said."""
    by_value = {id(figure.value): figure for figure in given}
    amounts, cited = [], []
    for level in range(LEVELS):
        for status in range(STATUSES):
            value = next(_matching(values, day, (level, status)), None)
            if value is None:
                amounts.append(nothing)
                cited.append(0)
                continue
            figure = by_value.get(id(value))
            names = (figure.used.label,) if figure and figure.used else ()
            amounts.append(figure.amount_fen if figure else value.number)
            cited.append(cites.add(value, names))
    return tuple(amounts), tuple(cited)


def _rates(
    rules: CityRules, day: int, cites: _Citations, given: Sequence[CapFigure], above: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return rates in basis points and citations by level, status and place, bonus included.

    Of the bracket of the year's cost `above` an amount; 0 where nothing is said.
    """
    by_value = {id(figure.value): figure for figure in given}
    own = [value for value in rules.rate if value.above == above]
    rates, cited = [], []
    for where in itertools.product(range(LEVELS), range(STATUSES), range(PLACES)):
        base = next(_matching(own, day, where), None)
        if base is None:
            rates.append(0)
            cited.append(0)
            continue
        figure = by_value.get(id(base))
        bonuses = list(_matching(rules.rate_bonus, day, where))
        cuts = list(_matching(rules.rate_cut, day, where))
        added = sum(bonus.number for bonus in bonuses) - sum(cut.number for cut in cuts)
        rates.append((figure.amount_fen if figure else base.number) + added)
        names = (figure.used.label,) if figure and figure.used else ()
        cited.append(cites.add_all([base, *bonuses, *cuts], names))
    return tuple(rates), tuple(cited)


def _exclusions(
    rules: CityRules, day: int, given: Sequence[CapFigure], cites: _Citations, benefit: int
) -> tuple[Exclusion, ...]:
    """Return the matrix of the day in order of precedence, missing figures included."""
    lines = []
    fact = BENEFIT_FACTS[Benefit(benefit)]
    for figure in given:
        spec = rules.figure(figure.value.figure)
        if figure.used is None:
            if spec is None:
                raise InvariantBroken(f"{rules.pinyin} declares no figure {figure.value.figure}")
            clause = spec.clause
            if figure.floor_label and not figure.refused:
                either = f"（需提供 {figure.label} 或 {figure.floor_label}）"
                clause = replace(clause, text=f"{clause.text}{either}")
            missing = (fact, 0, figure.value.days, (clause,))
            levels = sum(1 << level for level in set(figure.value.levels)) or ALL_LEVELS
            lines.append(Line(Reason.NO_FIGURE, *missing, False, BAR_NONE, figure.label, levels))
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
