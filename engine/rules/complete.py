"""Does every combination meet exactly one value, and is every value one that can hold?

Each day of each document, level, status and place, under each reading. `find_problems` names all
that meet none or two; the loader refuses the first.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from engine.domain.codes import Place, Status
from engine.domain.dates import Interval
from engine.domain.money import BP
from engine.rules.days import gaps, overlap, union
from engine.rules.model import KEY_NONE, KEY_YEAR, UNIT_RATE, CityRules, Value
from engine.rules.plan import PLACES
from engine.rules.readings import Chosen, as_read, choices_of, default_readings
from engine.rules.units import LEVEL_NAMES

STATUS_NAMES: Final = {status.name.lower(): status - Status.ACTIVE for status in Status}
PLACE_NAMES: Final = {place.name.lower(): int(place) for place in Place}

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
    "rate_bonus": BY_PLACE,
    "rate_cut": BY_PLACE,
    "pooled_cap": ((),),
    "second_payment": ((),),
    "account_limit": ((),),
}
"""Tables with at most one."""


class Problem(NamedTuple):
    """What is wrong with an entry, or with a table as a whole."""

    path: str
    text: str


def find_problems(rules: CityRules) -> Iterator[Problem]:
    """Yield what is wrong with the values of a city, each once."""
    seen: set[Problem] = set()
    for problem in _all_problems(rules):
        if problem not in seen:
            seen.add(problem)
            yield problem


def combinations(rules: CityRules) -> int:
    """Return how many combinations of table, place in it and readings `find_problems` looks at."""
    return sum(
        len(wheres) * len(list(choices_of(rules, getattr(rules, table))))
        for table, wheres in (WHOLE | SPARSE).items()
    )


def _all_problems(rules: CityRules) -> Iterator[Problem]:
    for table, wheres in (WHOLE | SPARSE).items():
        documents = (*rules.documents, *rules.other_documents)
        for chosen in choices_of(rules, [*getattr(rules, table), *documents]):
            read = as_read(rules, chosen)
            names = _named(rules, chosen)
            values = getattr(read, table)
            in_force = union([document.days for document in read.documents])
            for where in wheres:
                wanted = in_force if table in WHOLE else []
                yield from _one_each(rules, table, where, values, wanted, names)
            yield from _kinds(rules, table, values)
    yield from _rates(rules)
    for table in ("visit_cap", "annual_cap"):
        yield from _figures(table, getattr(rules, table), rules)


def _named(rules: CityRules, chosen: Chosen) -> str:
    """Return the choices that are not the default, in words."""
    made = sorted(chosen - default_readings(rules))
    return f" under {', '.join(made)}" if made else ""


def _index(rules: CityRules, table: str, value: Value) -> int:
    """Return the place of a value in its table, as the rule file has it."""
    same = (value.number, value.clauses, value.levels, value.statuses, value.places)
    for index, other in enumerate(getattr(rules, table)):
        if (
            other.number,
            other.clauses,
            other.levels,
            other.statuses,
            other.places,
        ) == same and other.days.first_day == value.days.first_day:
            return index
    return 0


def _one_each(
    rules: CityRules,
    table: str,
    where: Where,
    values: Sequence[Value],
    in_force: Sequence[Interval],
    names: str,
) -> Iterator[Problem]:
    """Find an overlap, and a day of `in_force` without a value, of one combination."""
    held = sorted(
        ((v.days, n) for n, v in enumerate(values) if v.holds(where)), key=lambda each: each[0]
    )
    if in_force and not held:
        yield Problem(table, f"no value{_words(table, where)}{names}; add one, with its clause")
        return
    for (days, _), (following, n) in itertools.pairwise(held):
        if following.first_day <= days.last_day:
            yield Problem(
                f"{table}[{_index(rules, table, values[n])}].first_day",
                f"overlap{_words(table, where)}{names}: two values on {following.first_day}; end "
                "the earlier one on the day before",
            )
    covered = [days for days, _ in held]
    for wanted in in_force:
        for gap in gaps(wanted, covered):
            yield Problem(
                table,
                f"gap{_words(table, where)}{names}: no value from {gap.first_day} to "
                f"{gap.last_day}, days on which a document is in force",
            )


def _kinds(rules: CityRules, table: str, values: Sequence[Value]) -> Iterator[Problem]:
    """Find values of one day that are counted in two ways."""
    for n, value in enumerate(values):
        others = (o for o in values[:n] if _matters(table, o) and overlap(value.days, o.days))
        if _matters(table, value) and any(value.kind != other.kind for other in others):
            yield Problem(
                f"{table}[{_index(rules, table, value)}]"
                + (".counter" if table == "deductible" else ""),
                "another value of the same days is counted otherwise; one way a day",
            )


def _matters(table: str, value: Value) -> bool:
    """Return whether it matters how a value counts: the rate in the city, a share that is not 0."""
    if table == "rate":
        return Place.LOCAL in value.places
    return table != "first_pay" or value.number > 0


def _rates(rules: CityRules) -> Iterator[Problem]:
    """Find a rate that bonuses and cuts lift above 1 or push below 0."""
    for index, bonus in enumerate(rules.rate_bonus):
        if any(r.number + bonus.number > BP and _meet(r, bonus) for r in rules.rate):
            yield Problem(f"rate_bonus[{index}].points", "out of range: rate above 1")
    for index, cut in enumerate(rules.rate_cut):
        if any(r.number < cut.number and _meet(r, cut) for r in rules.rate):
            yield Problem(f"rate_cut[{index}].points", "out of range: rate below 0")


def _meet(one: Value, other: Value) -> bool:
    return (
        overlap(one.days, other.days)
        and bool(set(one.levels) & set(other.levels))
        and bool(set(one.statuses) & set(other.statuses))
        and bool(set(one.places) & set(other.places))
    )


def _figures(table: str, values: Sequence[Value], rules: CityRules) -> Iterator[Problem]:
    """Find a cap whose figure the city does not declare, or that names only some levels."""
    for index, value in enumerate(values):
        path = f"{table}[{index}]"
        named = [("figure", value.figure, KEY_NONE)] if value.figure else []
        if value.floor:
            named.append(("floor.figure", value.floor.figure, KEY_YEAR))
        for key, name, kind in named:
            spec = rules.figure(name)
            if spec is None or spec.key != kind or spec.unit == UNIT_RATE:
                yield Problem(
                    f"{path}.{key}",
                    f'figures.toml declares no amount called "{name}" with key = "{kind}"',
                )
        everybody = (len(LEVEL_NAMES), len(STATUS_NAMES))
        if named and (len(set(value.levels)), len(set(value.statuses))) != everybody:
            yield Problem(
                f"{path}.levels",
                "a figure holds for all levels and statuses: without it, every ordinary "
                "claim is refused",
            )


def _words(table: str, where: Where) -> str:
    """Return the combination in words, as ` for level "3p", status "veteran"`."""
    if not where:
        return ""
    names = {"level": list(LEVEL_NAMES), "status": list(STATUS_NAMES), "place": list(PLACE_NAMES)}
    kinds = ["place"] if table == "first_pay" else ["level", "status", "place"]
    pairs = zip(kinds, where, strict=False)
    return " for " + ", ".join(f'{kind} "{names[kind][at]}"' for kind, at in pairs)
