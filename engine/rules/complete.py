"""Does every combination meet exactly one rule, and is every value one that can hold?

Each day of each document, level, status, benefit and place, kind of institution and age, under
each reading. `find_problems` names all that meet none or two; the loader refuses the first. A rule
is one value of each table, or, of a benefit that a city has no file for, the one line that refuses.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from engine.domain.codes import Benefit, Fact, Place, Status
from engine.domain.dates import Interval, next_day, previous_day
from engine.domain.money import BP
from engine.domain.reasons import EXCLUSION_FIRST
from engine.rules.classes import classes_of, narrowed, of_benefit, values_on
from engine.rules.days import gaps, overlap, union
from engine.rules.model import (
    BENEFIT_FILES,
    KEY_NONE,
    KEY_YEAR,
    UNIT_RATE,
    CityRules,
    Document,
    Value,
)
from engine.rules.plan import (
    BRACKETS_MAX,
    DEDUCTIBLE_LEVEL,
    DEDUCTIBLE_OWN,
    NO_CAP,
    PLACES,
)
from engine.rules.readings import Chosen, as_read, choices_of, default_readings
from engine.rules.units import LEVEL_NAMES
from engine.rules.value_figures import SPAN_CAPS

STATUS_NAMES: Final = {status.name.lower(): status - Status.ACTIVE for status in Status}
PLACE_NAMES: Final = {place.name.lower(): int(place) for place in Place}

BENEFITS: Final = {
    "ordinary": int(Fact.ORDINARY),
    "chronic": int(Fact.CHRONIC),
    "special": int(Fact.SPECIAL),
    "day_surgery": int(Fact.DAY_SURGERY),
    "emergency": int(Fact.ORDINARY | Fact.EMERGENCY | Fact.ASKED_EMERGENCY),
    "dual_channel": int(Fact.DUAL_CHANNEL),
    "separate_pay": int(Fact.SEPARATE_PAY),
}
"""What a claim of each benefit shows of itself, by the name it asks for."""

Where = tuple[int, ...]
"""(level), (place), (level, status) or (level, status, place), each from 0."""

BY_STATUS: Final[tuple[Where, ...]] = tuple(
    itertools.product(range(len(LEVEL_NAMES)), range(len(STATUS_NAMES)))
)
BY_PLACE: Final[tuple[Where, ...]] = tuple((*w, p) for w in BY_STATUS for p in range(PLACES))

WHOLE: Final[dict[str, tuple[Where, ...]]] = {
    "deductible": BY_STATUS,
    "rate": BY_PLACE,
    "first_pay": tuple((place,) for place in range(PLACES)),
    "visit_cap": BY_STATUS,
    "annual_cap": BY_STATUS,
    "rounding": ((),),
}
"""Tables with one value for each combination on each day."""

SPARSE: Final[dict[str, tuple[Where, ...]]] = {
    "day_cap": BY_STATUS,
    "month_cap": BY_STATUS,
    "disease_cap": ((),),
    "standard_price": ((),),
    "general_fee": ((),),
    "paper_claim": ((),),
    "rate_bonus": BY_PLACE,
    "rate_cut": BY_PLACE,
    "pooled_cap": ((),),
    "second_payment": ((),),
    "account_limit": ((),),
}
"""Tables with at most one."""

ELSEWHERE_SPARSE: Final = frozenset({"visit_cap", "annual_cap"})
"""Tables that a benefit with a file of its own may leave out: it has no such cap then."""


class Problem(NamedTuple):
    """What is wrong with an entry, or with a table as a whole."""

    file: str
    path: str
    text: str
    under: str = ""
    """The readings under which it is so, in words; empty: under the default ones."""


def find_problems(rules: CityRules) -> Iterator[Problem]:
    """Yield what is wrong with the rules of a city, each once.

    What is wrong under the default readings is not said again of others.
    """
    seen: set[tuple[str, str, str]] = set()
    for problem in _all_problems(rules):
        if problem[:3] not in seen:
            seen.add(problem[:3])
            yield problem


class Proof(NamedTuple):
    """How much `find_problems` looks at."""

    combinations: int
    """Of interval of days, level, status, benefit and place, and of the kinds of institution and
    ages that rules tell apart, under each reading that matters."""
    readings: int
    """Combinations of readings, the default among them."""
    intervals: int
    """Intervals of days on which no rule changes, under the default readings."""


def proof(rules: CityRules) -> Proof:
    """Return how many combinations meet exactly one rule where `find_problems` finds nothing."""
    ways = list(choices_of(rules, [*rules.values(), *rules.lines, *_documents(rules)]))
    found = sum(
        len(BY_PLACE) * _classes(read, days.first_day)
        for chosen in ways
        for read in [as_read(rules, chosen)]
        for days in unchanging(read)
    )
    default = len(list(unchanging(as_read(rules, default_readings(rules)))))
    return Proof(found, len(ways), default)


def _classes(rules: CityRules, day: int) -> int:
    """Return how many benefits, kinds of institution and ages are told apart on a day."""
    served = [of_benefit(rules, benefit) for benefit in rules.benefits]
    classes = [
        len(list(classes_of(own, values_on(own, day), benefit)))
        for own, benefit in zip(served, rules.benefits, strict=True)
    ]
    return sum(classes) + len(BENEFITS) - len(served)


def unchanging(rules: CityRules) -> Iterator[Interval]:
    """Yield the intervals of days in force on which no value and no line changes, in order.

    Args:
        rules: as they are read. A draft counts from the first day there is.
    """
    dated = [value.days for value in rules.values()]
    dated += [line.days for line in rules.lines]
    dated += [document.days for document in rules.documents]
    for span in union([document.days for document in rules.documents]):
        firsts = {span.first_day}
        for days in dated:
            firsts.add(days.first_day)
            if days.last_day < span.last_day:
                firsts.add(next_day(days.last_day))
        inside = sorted(day for day in firsts if day in span)
        lasts = [previous_day(day) for day in inside[1:]] + [span.last_day]
        yield from (Interval(first, last) for first, last in zip(inside, lasts, strict=True))


def _documents(rules: CityRules) -> tuple[Document, ...]:
    return (*rules.documents, *rules.other_documents)


def _benefits(rules: CityRules) -> Iterator[Problem]:
    """Find benefits that no line, or more than one, says anything of; ordinary ones are settled."""
    for chosen in choices_of(rules, [*rules.lines, *_documents(rules)]):
        read, names = as_read(rules, chosen), _named(rules, chosen)
        served = rules.benefits
        for days in unchanging(read):
            for benefit, facts in BENEFITS.items():
                for level, level_name in enumerate(LEVEL_NAMES):
                    found = _answers(read, days.first_day, facts, level)
                    has_file = bool(facts & Fact.ORDINARY) or Benefit[benefit.upper()] in served
                    if found == 1 or (has_file and not found):
                        continue
                    yield Problem(
                        "exclusions.toml",
                        "line",
                        f'a claim of the benefit "{benefit}" at level "{level_name}" meets '
                        f"{found or 'no'} lines on {days.first_day}; expected one that "
                        "refuses it",
                        names,
                    )


def _answers(rules: CityRules, day: int, facts: int, level: int) -> int:
    """Return how many lines answer every claim with these facts, whatever else is known of it."""
    refusing = [
        (line.days, line.require, line.forbid)
        for line in rules.lines
        if line.reason < EXCLUSION_FIRST and line.levels >> level & 1
    ]
    return sum(
        day in days and bool(require) and facts & require == require and not facts & forbid
        for days, require, forbid in refusing
    )


def _all_problems(rules: CityRules) -> Iterator[Problem]:
    for benefit in rules.benefits:
        own = of_benefit(rules, benefit)
        for table in (*WHOLE, *SPARSE):
            values = [*getattr(own, table), *own.given, *_documents(rules)]
            for chosen in choices_of(rules, values):
                read, names = as_read(own, chosen), _named(rules, chosen)
                for claim in classes_of(read, getattr(read, table), benefit):
                    yield from _table(narrowed(read, claim), table, benefit, names)
                yield from _kinds(table, getattr(read, table))
        yield from _rates(own)
    yield from _given_is_dated(rules)
    yield from _counted_once(rules)
    yield from _benefits(rules)
    yield from _levels_apart(rules)
    for table in SPAN_CAPS:
        yield from _figures(table, rules)


def _table(rules: CityRules, table: str, benefit: int, names: str) -> Iterator[Problem]:
    """Find gaps and overlaps of one table, for one class of claims, bracket by bracket."""
    values: tuple[Value, ...] = getattr(rules, table)
    in_force = union([document.days for document in rules.documents])
    ordinary = benefit == Benefit.ORDINARY
    whole = table in WHOLE and (ordinary or table not in ELSEWHERE_SPARSE)
    for above in sorted({0, *(value.above for value in values)}):
        own = [value for value in values if value.above == above]
        for where in (WHOLE | SPARSE)[table]:
            wanted = in_force if whole else []
            if above:
                wanted = union([value.days for value in own])
            if table in ("first_pay", "rounding"):
                wanted = in_force
            elif not ordinary and "level" in _sides(table):
                wanted = _common(wanted, [g.days for g in rules.given if where[0] in g.levels])
            elif not ordinary:
                wanted = _common(wanted, [g.days for g in rules.given])
            yield from _one_each(
                _Held(BENEFIT_FILES[Benefit(benefit)], table, own), where, wanted, names
            )


class _Held(NamedTuple):
    """The values of one table that are held against each other."""

    file: str
    table: str
    values: Sequence[Value]


def _common(wanted: Sequence[Interval], given: Sequence[Interval]) -> list[Interval]:
    """Return the days of both."""
    return [
        Interval(max(one.first_day, other.first_day), min(one.last_day, other.last_day))
        for one in wanted
        for other in union(given)
        if overlap(one, other)
    ]


def _counted_once(rules: CityRules) -> Iterator[Problem]:
    """Find what would count where another benefit counts.

    What is paid in a month, on a day, for a disease, and the year's cost have one counter each, and
    so has a deductible with `counter = "own"`; `"benefit"` has one for each benefit.
    """
    for table, what in (
        ("month_cap", "month"),
        ("day_cap", "day"),
        ("disease_cap", "disease"),
        ("rate", "bracket of the year's cost"),
        ("deductible", "deductible of its own"),
    ):
        values: tuple[Value, ...] = getattr(rules, table)
        if table == "rate":
            values = tuple(value for value in values if value.above)
        elif table == "deductible":
            values = tuple(value for value in values if value.kind == DEDUCTIBLE_OWN)
        elif table != "disease_cap":
            values = tuple(value for value in values if value.number != NO_CAP or value.figure)
        for value in values:
            if value.benefit != values[0].benefit:
                yield Problem(
                    value.file,
                    f"{table}[{value.index}]",
                    f"{values[0].file} has a {what} too, and there is one counter; one benefit may",
                )
    for benefit in rules.benefits:
        own = of_benefit(rules, benefit)
        brackets = sorted({value.above for value in own.rate if value.above})
        by_cost = [value for value in own.annual_cap if value.kind]
        if len(brackets) > BRACKETS_MAX:
            found = f"{len(brackets)} amounts above which rates change; at most {BRACKETS_MAX}"
            yield Problem(BENEFIT_FILES[benefit], "rate", found)
        if brackets and by_cost:
            text = "a cap on cost beside brackets of the cost; give the last bracket a rate of 0"
            yield Problem(by_cost[0].file, f"annual_cap[{by_cost[0].index}].counts", text)


def _given_is_dated(rules: CityRules) -> Iterator[Problem]:
    """Find levels at which a benefit is given by two entries on one day."""
    for benefit in rules.benefits:
        given = [value for value in rules.given if value.benefit == benefit]
        for level in range(len(LEVEL_NAMES)):
            held = sorted((v for v in given if level in v.levels), key=lambda v: v.days)
            for value, following in itertools.pairwise(held):
                if following.days.first_day <= value.days.last_day and not _apart(value, following):
                    yield Problem(
                        following.file,
                        f"given[{following.index}].first_day",
                        "overlap: another entry gives the benefit at that level on those days",
                    )


def _apart(one: Value, other: Value) -> bool:
    """Return whether the two hold under different choices of one question."""
    chosen = dict(reading.split("-") for reading in one.readings)
    return any(
        chosen.get(question, letter) != letter
        for question, letter in (reading.split("-") for reading in other.readings)
    )


def _named(rules: CityRules, chosen: Chosen) -> str:
    """Return the choices that are not the default, in words."""
    made = sorted(chosen - default_readings(rules))
    return f"under {', '.join(made)}" if made else ""


def _one_each(
    of: _Held, where: Where, in_force: Sequence[Interval], names: str
) -> Iterator[Problem]:
    """Find an overlap, and a day of `in_force` without a value, of one combination."""
    held = sorted(
        ((v.days, n) for n, v in enumerate(of.values) if v.holds(where)), key=lambda each: each[0]
    )
    words = _words(of.table, where)
    if in_force and not held:
        yield Problem(of.file, of.table, f"no value{words}; add one, with its clause", names)
        return
    for (days, _), (following, n) in itertools.pairwise(held):
        if following.first_day <= days.last_day:
            yield Problem(
                of.values[n].file,
                f"{of.table}[{of.values[n].index}].first_day",
                f"overlap{words}: two values on {following.first_day}; end "
                "the earlier one on the day before",
                names,
            )
    covered = [days for days, _ in held]
    for wanted in in_force:
        for gap in gaps(wanted, covered):
            yield Problem(
                of.file,
                of.table,
                f"gap{words}: no value from {gap.first_day} to "
                f"{gap.last_day}, days on which a document is in force",
                names,
            )


def _kinds(table: str, values: Sequence[Value]) -> Iterator[Problem]:
    """Find values of one day that are counted in two ways."""
    for n, value in enumerate(values):
        others = (o for o in values[:n] if _matters(table, o) and overlap(value.days, o.days))
        if _matters(table, value) and any(value.kind != other.kind for other in others):
            yield Problem(
                value.file,
                f"{table}[{value.index}]" + (".counter" if table == "deductible" else ""),
                "another value of the same days is counted otherwise; one way a day",
            )


def _levels_apart(rules: CityRules) -> Iterator[Problem]:
    """Find levels with a deductible of their own each that could not be told apart by it.

    Levels of one entry share theirs, and an entry is known by its clauses and text.
    """
    values = [v for v in rules.deductible if v.kind == DEDUCTIBLE_LEVEL]
    for n, value in enumerate(values):
        for other in values[:n]:
            same = value.clauses == other.clauses and overlap(value.days, other.days)
            if same and set(value.statuses) & set(other.statuses):
                yield Problem(
                    value.file,
                    f"deductible[{value.index}].text",
                    "is that of another level with a counter of its own; name the level in it",
                )


def _matters(table: str, value: Value) -> bool:
    """Return whether it matters how a value counts: the rate in the city, a share that is not 0."""
    if table == "rate":
        return Place.LOCAL in value.places
    return table != "first_pay" or value.number > 0


def _rates(rules: CityRules) -> Iterator[Problem]:
    """Find a rate that bonuses and cuts lift above 1 or push below 0, or may do so."""
    for bonus in rules.rate_bonus:
        path = f"rate_bonus[{bonus.index}].points"
        if any(r.number + bonus.number > BP and _meet(r, bonus) for r in rules.rate):
            yield Problem(bonus.file, path, "out of range: rate above 1")
        elif any(r.figure and _meet(r, bonus) for r in rules.rate):
            yield Problem(bonus.file, path, "the rate is an operator figure: put the bonus into it")
    for cut in rules.rate_cut:
        path = f"rate_cut[{cut.index}].points"
        if any(r.number < cut.number and not r.figure and _meet(r, cut) for r in rules.rate):
            yield Problem(cut.file, path, "out of range: rate below 0")
        elif any(r.figure and _meet(r, cut) for r in rules.rate):
            yield Problem(cut.file, path, "the rate is an operator figure: put the cut into it")


def _meet(one: Value, other: Value) -> bool:
    return (
        overlap(one.days, other.days)
        and bool(set(one.levels) & set(other.levels))
        and bool(set(one.statuses) & set(other.statuses))
        and bool(set(one.places) & set(other.places))
    )


def _figures(table: str, rules: CityRules) -> Iterator[Problem]:
    """Find a cap whose figure the city does not declare, or that names only some levels."""
    values: tuple[Value, ...] = getattr(rules, table)
    for value in values:
        path = f"{table}[{value.index}]"
        named = [("figure", value.figure, KEY_NONE)] if value.figure else []
        if value.floor:
            named.append(("floor.figure", value.floor.figure, KEY_YEAR))
        for key, name, kind in named:
            spec = rules.figure(name)
            if spec is None or spec.key != kind or spec.unit == UNIT_RATE:
                yield Problem(
                    value.file,
                    f"{path}.{key}",
                    f'figures.toml declares no amount called "{name}" with key = "{kind}"',
                )
        everybody = (len(LEVEL_NAMES), len(STATUS_NAMES))
        if value.benefit != Benefit.ORDINARY:
            everybody = (len(set(value.levels)), len(STATUS_NAMES))
        if named and (len(set(value.levels)), len(set(value.statuses))) != everybody:
            yield Problem(
                value.file,
                f"{path}.levels",
                "a figure holds for all levels and statuses: without it, every ordinary "
                "claim is refused",
            )


def _words(table: str, where: Where) -> str:
    """Return the combination in words, as ` for level "3p", status "veteran"`."""
    if not where:
        return ""
    names = {"level": list(LEVEL_NAMES), "status": list(STATUS_NAMES), "place": list(PLACE_NAMES)}
    pairs = zip(_sides(table), where, strict=False)
    return " for " + ", ".join(f'{kind} "{names[kind][at]}"' for kind, at in pairs)


def _sides(table: str) -> tuple[str, ...]:
    """Return what the positions of a combination of the table are of."""
    wheres = (WHOLE | SPARSE)[table]
    if table == "first_pay":
        return ("place",)
    return ("level", "status", "place")[: len(wheres[0])]
