"""Operator figures: what the documents leave open and the agency supplies, dated and cited.

`gongji policy supply FILE` reads them from TOML:

    format = 1
    city = "…"                     # area code or pinyin; a [[figure]] may name its own

    [[figure]]
    name = "average_wage"
    key = "2023"                   # only for a figure that has one value a year
    value = "98765.50"
    source = "…"                   # where the figure was published
    first_day = 2025-01-01         # the claims it counts for, both days included
    last_day = 2025-12-31

Money and rates are strings; inside they are fen and basis points.
"""

import datetime
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from engine.domain.dates import (
    DATE_MIN,
    OPEN_END,
    Interval,
    from_date,
    next_day,
    previous_day,
    to_date,
)
from engine.errors import InvalidInput, RuleFileError
from engine.rules.days import overlap
from engine.rules.model import (
    KEY_CODE,
    KEY_LEVEL,
    KEY_QUESTION,
    KEY_YEAR,
    UNIT_READING,
    CityRules,
    FigureSpec,
)
from engine.rules.strict_toml import parse_toml
from engine.rules.units import LEVEL_NAMES, read_number, write_number

K = TypeVar("K")

ASSUMED: Final = "assumed"
"""Source of a figure from the `[supply]` table of a worked case; a supply file may not say it."""

_YEAR = re.compile(r"(20[0-9]{2})", re.ASCII)
_FILE_KEYS: Final = {"format", "city", "figure"}
_ENTRY_KEYS: Final = {"city", "name", "key", "value", "source", "first_day", "last_day"}

Refuse = Callable[[str, str], Exception]
"""Makes the exception for a key path and a problem."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One operator figure for an interval of service dates, both days included."""

    city: str
    """Six-digit administrative code."""
    name: str
    key: str
    """The year it is of, as `2023`, the level or the code; empty where it has no key."""
    value: int
    """In fen; in basis points for a rate, YYYYMMDD for a date, 0 or 1 for a switch, for a reading
    its place among the city's choices."""
    first_day: int
    last_day: int
    source: str
    """Where it was published, in the operator's words."""

    @property
    def days(self) -> Interval:
        """The days on which it counts."""
        return Interval(self.first_day, self.last_day)

    @property
    def label(self) -> str:
        """Name and key, as `average_wage.2023`."""
        return f"{self.name}.{self.key}" if self.key else self.name


@dataclass(frozen=True)
class FigureSet:
    """Operator figures, for one (city, name, key) never two on one day. Immutable."""

    figures: tuple[Figure, ...] = ()
    """In order of city, name, key and first day."""

    def add(self, figures: Iterable[Figure]) -> "FigureSet":
        """Return a set with `figures` added, one after the other.

        A later figure takes the place of an earlier one of the same city, name and key on its own
        days; before and after them the earlier one still counts.
        """
        held = list(self.figures)
        for figure in figures:
            held = [rest for other in held for rest in _without(other, figure)]
            held.append(figure)
        return FigureSet(tuple(sorted(held, key=_order)))

    def get(self, city: str, name: str, key: str, day: int) -> Figure | None:
        """Return the figure that counts on the service date, None if there is none."""
        held = self._by_key.get((city, name, key), ())
        return next((figure for figure in held if day in figure.days), None)

    def of(self, city: str, name: str) -> tuple[Figure, ...]:
        """Return every figure of that city and name, by key and day."""
        return self._by_name.get((city, name), ())

    @cached_property
    def _by_key(self) -> dict[tuple[str, str, str], tuple[Figure, ...]]:
        return _grouped(self.figures, lambda f: (f.city, f.name, f.key))

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], tuple[Figure, ...]]:
        return _grouped(self.figures, lambda f: (f.city, f.name))

    def __iter__(self) -> Iterator[Figure]:
        return iter(self.figures)

    def __len__(self) -> int:
        return len(self.figures)


def find_city(city: str, cities: Mapping[str, CityRules]) -> CityRules | None:
    """Return the city with that area code or pinyin name, None if there is none."""
    if city in cities:
        return cities[city]
    return next((rules for rules in cities.values() if rules.pinyin == city), None)


def load_figures(source: Path | bytes, cities: Mapping[str, CityRules]) -> tuple[Figure, ...]:
    """Return the figures of a supply file, in its order; `source` is its path or its content.

    Whether a figure fits the others (a cap and its floor) is asked by
    `engine.rules.compile.check_figures`.

    Raises:
        RuleFileError: the file says something that is not accepted; nothing of it is taken.
        OSError: the file cannot be read.
    """
    file = "figures" if isinstance(source, bytes) else str(source)
    tables = parse_toml(source if isinstance(source, bytes) else source.read_bytes(), file)

    def refuse(path: str, problem: str) -> RuleFileError:
        return RuleFileError(file, path, problem)

    _known_keys(tables, _FILE_KEYS, "", refuse)
    if tables.get("format") != 1:
        raise refuse("format", f"expected format = 1, found {tables.get('format')!r}")
    entries = tables.get("figure", [])
    if not isinstance(entries, list) or not entries:
        raise refuse("figure", "expected at least one [[figure]]")
    figures: list[Figure] = []
    for index, entry in enumerate(entries):
        path = f"figure[{index}]"
        if not isinstance(entry, dict):
            raise refuse(path, "expected a table; write [[figure]]")
        figure = _entry(entry, path, tables.get("city"), cities, refuse)
        for other in figures:
            if _same(figure, other) and overlap(figure.days, other.days):
                raise refuse(
                    f"{path}.first_day",
                    f"{figure.label} stands twice on the same days; end the earlier one before",
                )
        figures.append(figure)
    return tuple(figures)


def figures_from_supply(
    city: str, mapping: Mapping[str, object], cities: Mapping[str, CityRules]
) -> tuple[Figure, ...]:
    """Return the figures of the `[supply]` table of a worked case: undated, source "assumed".

    A value is a string, a date, a switch, or a table of them by year, level or code. A table of
    tables stands for as many figures: `inpatient.2.rate` is the figure `inpatient_rate` of 2.

    Raises:
        InvalidInput: the city does not know the figure, or the value is none.
    """

    def refuse(path: str, problem: str) -> InvalidInput:
        return InvalidInput(path, problem)

    rules = _city(city, "supply", cities, refuse)
    figures = []
    for name, key, value, path in _supplied(mapping):
        spec = _spec(rules, name, path, refuse)
        if spec.key == KEY_YEAR and not key:
            raise refuse(path, f'expected a table by year such as {{ 2023 = "1.00" }}: {value!r}')
        key = _key(spec, key, path, refuse)
        figures.append(
            Figure(
                rules.area,
                name,
                key,
                _value(spec, key, _as_text(value), path, refuse),
                DATE_MIN,
                OPEN_END,
                ASSUMED,
            )
        )
    return tuple(figures)


def supply_names(key: str, value: object) -> set[str]:
    """Return the names of the figures that a key of a `[supply]` table stands for."""
    return {name for name, _, _, _ in _supplied({key: value})} or {key}


def _supplied(mapping: Mapping[str, object]) -> Iterator[tuple[str, str, object, str]]:
    """Yield (name, key, value, path) of every figure of a `[supply]` table."""
    for name, given in mapping.items():
        path = f"supply.{name}"
        if not isinstance(given, Mapping):
            yield name, "", given, path
            continue
        for key, value in given.items():
            if not isinstance(value, Mapping):
                yield name, key, value, f"{path}.{key}"
                continue
            for part, inner in value.items():
                yield f"{name}_{part}", key, inner, f"{path}.{key}.{part}"


def _as_text(value: object) -> object:
    """Return a date or a switch of TOML as a supply file writes it; anything else as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime.date) else value


def to_json(figures: Iterable[Figure]) -> bytes:
    """Return the figures as canonical JSON, for the journal."""
    return json.dumps(
        [asdict(figure) for figure in figures],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    ).encode()


def from_json(data: bytes) -> tuple[Figure, ...]:
    """Return the figures that `to_json` wrote.

    Raises:
        ValueError: `data` is not what `to_json` writes.
    """
    names = {field.name for field in fields(Figure)}
    raw = json.loads(data)
    if not isinstance(raw, list) or any(
        not isinstance(entry, dict) or entry.keys() != names for entry in raw
    ):
        raise ValueError(f"expected a list of figures with {', '.join(sorted(names))}")
    return tuple(Figure(**entry) for entry in raw)


def _grouped(figures: Iterable[Figure], by: Callable[[Figure], K]) -> dict[K, tuple[Figure, ...]]:
    """Return the figures by a key of theirs, each group in their order."""
    groups: dict[K, list[Figure]] = {}
    for figure in figures:
        groups.setdefault(by(figure), []).append(figure)
    return {key: tuple(group) for key, group in groups.items()}


def _order(figure: Figure) -> tuple[str, str, str, int]:
    return figure.city, figure.name, figure.key, figure.first_day


def _same(one: Figure, other: Figure) -> bool:
    return (one.city, one.name, one.key) == (other.city, other.name, other.key)


def _without(earlier: Figure, later: Figure) -> Iterator[Figure]:
    """Yield what is left of `earlier` where `later` does not stand."""
    if not _same(earlier, later) or not overlap(earlier.days, later.days):
        yield earlier
        return
    if earlier.first_day < later.first_day:
        yield replace(earlier, last_day=previous_day(later.first_day))
    if earlier.last_day > later.last_day:
        yield replace(earlier, first_day=next_day(later.last_day))


def _known_keys(table: Mapping[str, object], known: set[str], path: str, refuse: Refuse) -> None:
    for key in table:
        if key not in known:
            at = f"{path}.{key}" if path else key
            raise refuse(at, f"unknown key; expected {', '.join(sorted(known))}")


def _entry(
    entry: Mapping[str, object],
    path: str,
    default_city: object,
    cities: Mapping[str, CityRules],
    refuse: Refuse,
) -> Figure:
    """Return one [[figure]] of a supply file."""
    _known_keys(entry, _ENTRY_KEYS, path, refuse)
    rules = _city(entry.get("city", default_city), f"{path}.city", cities, refuse)
    for name in ("name", "value", "source", "first_day", "last_day"):
        if name not in entry:
            raise refuse(f"{path}.{name}", "missing; a figure has name, value, source and days")
    spec = _spec(rules, entry["name"], f"{path}.name", refuse)
    source = entry["source"]
    if not isinstance(source, str) or source.strip() in ("", ASSUMED):
        raise refuse(f"{path}.source", f"expected where it was published, found {source!r}")
    first_day = _day(entry["first_day"], f"{path}.first_day", refuse)
    last_day = _day(entry["last_day"], f"{path}.last_day", refuse)
    if last_day < first_day:
        raise refuse(f"{path}.last_day", f"{last_day} is before first_day {first_day}")
    key = _key(spec, entry.get("key", ""), f"{path}.key", refuse)
    return Figure(
        rules.area,
        spec.name,
        key,
        _value(spec, key, entry["value"], f"{path}.value", refuse),
        first_day,
        last_day,
        source,
    )


def _city(city: object, path: str, cities: Mapping[str, CityRules], refuse: Refuse) -> CityRules:
    rules = find_city(city, cities) if isinstance(city, str) else None
    if rules is None:
        known = ", ".join(f"{rules.pinyin} ({rules.area})" for rules in cities.values())
        raise refuse(path, f"expected a city: {known}; found {city!r}")
    return rules


def _spec(rules: CityRules, name: object, path: str, refuse: Refuse) -> FigureSpec:
    spec = rules.figure(name) if isinstance(name, str) else None
    if spec is None:
        known = ", ".join(spec.name for spec in rules.figures) or "none"
        raise refuse(path, f"{rules.pinyin} has no figure {name!r}; it knows {known}")
    return spec


def _key(spec: FigureSpec, key: object, path: str, refuse: Refuse) -> str:
    if spec.key == KEY_LEVEL:
        if key not in LEVEL_NAMES:
            raise refuse(path, f'{spec.name} is of a level: expected "1", "2", …, found {key!r}')
        return str(key)
    if spec.key == KEY_CODE:
        if not isinstance(key, str) or not key:
            raise refuse(path, f"{spec.name} is of a code of a disease: found {key!r}")
        return key
    if spec.key == KEY_YEAR:
        if not isinstance(key, str) or not _YEAR.fullmatch(key):
            raise refuse(path, f'{spec.name} is of a year: expected "2023", found {key!r}')
        return key
    if spec.key == KEY_QUESTION:
        questions = list(dict.fromkeys(choice.partition("-")[0] for choice in spec.choices))
        if key not in questions:
            raise refuse(
                path,
                f"{spec.name} is of a question: expected {', '.join(questions)}, found {key!r}",
            )
        return str(key)
    if key != "":
        raise refuse(path, f"{spec.name} has one value and no key; found {key!r}, remove it")
    return ""


def _value(spec: FigureSpec, key: str, value: object, path: str, refuse: Refuse) -> int:
    """Return the value as a number by the unit of the figure."""
    if not isinstance(value, str):
        raise refuse(path, f"expected {spec.unit} as a string, found {value!r}; quote it")
    if spec.unit == UNIT_READING:
        of_it = [choice for choice in spec.choices if choice.partition("-")[0] == key]
        if value not in of_it:
            raise refuse(path, f"expected one of {', '.join(of_it)}, found {value!r}")
        return spec.choices.index(value)
    try:
        number = read_number(spec.unit, value)
    except ValueError as error:
        raise refuse(path, str(error)) from None
    if not spec.at_least <= number <= spec.at_most:
        raise refuse(
            path,
            f"{spec.name} must be from {write_number(spec.unit, spec.at_least)} to "
            f"{write_number(spec.unit, spec.at_most)}, "
            f"found {value}",
        )
    return number


def _day(value: Any, path: str, refuse: Refuse) -> int:
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        raise refuse(path, f"expected a date such as 2025-01-01, without quotes, found {value!r}")
    day = from_date(value)
    try:
        to_date(day)
    except ValueError as error:
        raise refuse(path, str(error)) from None
    return day
