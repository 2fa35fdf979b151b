"""Loads the rule files of a city and refuses whatever it does not know.

A city is a folder `<area>_<pinyin>` with five TOML files. Everything that can be wrong with them
is found here, before a claim is settled, and said with file, key path, what was found, what was
expected and how to mend it.
"""

import difflib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from engine.domain.dates import Interval, to_date
from engine.domain.money import BP
from engine.domain.reasons import Reason
from engine.errors import RuleFileError
from engine.rules import schema
from engine.rules.clauses import CLAUSES, ClausesFile, check_clauses, read_clauses
from engine.rules.days import gaps, overlap, union
from engine.rules.model import (
    KEY_NONE,
    KEY_YEAR,
    UNIT_RATE,
    CityRules,
    Document,
    FigureSpec,
    Floor,
    Line,
    UnservedLine,
    Value,
)
from engine.rules.named import check_named_figures
from engine.rules.plan import HALF_UP, NO_CAP, ClauseRef
from engine.rules.strict_toml import parse_toml
from engine.rules.units import LEVEL_NAMES

CITY: Final = "city.toml"
ORDINARY: Final = "ordinary.toml"
EXCLUSIONS: Final = "exclusions.toml"
FIGURES: Final = "figures.toml"
FILES: Final[Mapping[str, type[BaseModel]]] = {
    CITY: schema.CityFile,
    ORDINARY: schema.OrdinaryFile,
    EXCLUSIONS: schema.ExclusionsFile,
    FIGURES: schema.FiguresFile,
    CLAUSES: ClausesFile,
}

CITIES: Final = Path(__file__).parent / "cities"
"""The rule files of the package."""

M = TypeVar("M", bound=BaseModel)
Where = tuple[int, ...]
"""(level), (place), (level, status) or (level, status, place), each from 0."""


def load_cities(root: Path | None = None) -> dict[str, CityRules]:
    """Return the rules of every city folder in `root`, by area code; None: the package's own.

    Raises:
        RuleFileError: a file is missing or says something that is not accepted.
    """
    root = CITIES if root is None else root
    if not root.is_dir():
        raise RuleFileError(str(root), "", "no such folder; expected one folder for each city")
    cities: dict[str, CityRules] = {}
    names: set[str] = set()
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        rules = load_city(folder)
        if rules.area in cities or rules.pinyin in names:
            raise RuleFileError(
                f"{folder.name}/{CITY}", "area", f"two folders for {rules.area} {rules.pinyin}"
            )
        cities[rules.area] = rules
        names.add(rules.pinyin)
    return cities


def load_city(folder: Path) -> CityRules:
    """Return the rules in the folder of one city.

    Raises:
        RuleFileError: a file is missing or says something that is not accepted.
    """
    if not folder.is_dir():
        raise RuleFileError(str(folder), "", "no such folder; expected <area>_<pinyin>")
    present = {path.name: path.read_bytes() for path in sorted(folder.glob("*.toml"))}
    rules = rules_from_files(folder.name, present)
    if folder.name != f"{rules.area}_{rules.pinyin}":
        raise RuleFileError(
            f"{folder.name}/{CITY}",
            "area",
            f'the folder of {rules.area} "{rules.pinyin}" must be called '
            f"{rules.area}_{rules.pinyin}, found {folder.name}",
        )
    return rules


def rules_from_files(folder: str, files: Mapping[str, bytes]) -> CityRules:
    """Return the rules in `files`, content by file name; `folder` is their place in messages.

    Raises:
        RuleFileError: a file is missing or says something that is not accepted.
    """
    for name in files.keys() - FILES.keys():
        raise RuleFileError(
            f"{folder}/{name}", "", f"unknown file; a city has {', '.join(FILES)} and no other"
        )
    for name in FILES:
        if name not in files:
            raise RuleFileError(f"{folder}/{name}", "", "missing; every city has this file")
    return _City(folder, files).rules()


class _City:
    """The files of one city on their way to `CityRules`."""

    def __init__(self, folder: str, files: Mapping[str, bytes]) -> None:
        self._folder = folder
        self._city = self._parse(CITY, schema.CityFile, files)
        self._ordinary = self._parse(ORDINARY, schema.OrdinaryFile, files)
        self._exclusions = self._parse(EXCLUSIONS, schema.ExclusionsFile, files)
        self._figures = self._parse(FIGURES, schema.FiguresFile, files)
        self._clause_rows = self._parse(CLAUSES, ClausesFile, files)
        self._documents = {document.key: document for document in self._read_documents()}

    def rules(self) -> CityRules:
        """Return the checked rules."""
        ordinary, specs = self._ordinary, tuple(self._specs())
        rules = CityRules(
            area=self._city.area,
            name=self._city.name,
            pinyin=self._city.pinyin,
            documents=tuple(self._documents.values()),
            deductible=self._values("deductible", ordinary.deductible),
            rate=self._values("rate", ordinary.rate),
            rate_bonus=self._values("rate_bonus", ordinary.rate_bonus),
            first_pay=self._values("first_pay", ordinary.first_pay),
            visit_cap=self._values("visit_cap", ordinary.visit_cap),
            annual_cap=self._values("annual_cap", ordinary.annual_cap),
            rate_cut=self._values("rate_cut", ordinary.rate_cut),
            pooled_cap=self._values("pooled_cap", ordinary.pooled_cap),
            second_payment=self._values("second_payment", ordinary.second_payment),
            account_limit=self._values("account_limit", ordinary.account_limit),
            rounding=self._values("rounding", ordinary.rounding),
            lines=tuple(self._lines()),
            unserved=tuple(self._unserved()),
            figures=specs,
            clauses=read_clauses(self._clause_rows, self._documents, self._refuse),
        )
        self._check_coverage(rules)
        self._check_deductible_kinds(rules)
        self._check_bonus(rules)
        for table in ("visit_cap", "annual_cap"):
            self._check_figures(table, getattr(rules, table), rules)
        check_named_figures(rules, self._refuse)
        check_clauses(rules, self._refuse)
        return rules

    def _parse(self, name: str, model: type[M], files: Mapping[str, bytes]) -> M:
        file = f"{self._folder}/{name}"
        try:
            return model.model_validate(parse_toml(files[name], file))
        except ValidationError as error:
            path, problem = _first_problem(error, model)
            raise RuleFileError(file, path, problem) from None

    def _refuse(self, name: str, path: str, problem: str) -> RuleFileError:
        return RuleFileError(f"{self._folder}/{name}", path, problem)

    def _read_documents(self) -> Iterator[Document]:
        seen: set[str] = set()
        for index, entry in enumerate(self._city.document):
            path = f"document[{index}]"
            if entry.key in seen:
                raise self._refuse(CITY, f"{path}.key", f'two documents have the key "{entry.key}"')
            seen.add(entry.key)
            days = (("issued", entry.issued), *_days(entry))
            for name, day in days if entry.issued else days[1:]:
                self._check_day(CITY, f"{path}.{name}", day)
            yield Document(
                entry.key,
                entry.title,
                entry.number,
                entry.issuer,
                entry.issued,
                Interval(entry.first_day, entry.last_day),
                _clause(entry, entry.key),
                entry.starts,
            )

    def _check_day(self, name: str, path: str, day: int) -> None:
        try:
            to_date(day)
        except ValueError as error:
            raise self._refuse(name, path, str(error)) from None

    def _clauses(self, name: str, path: str, entry: schema.Dated) -> tuple[ClauseRef, ...]:
        """Return the clauses of an entry, its own first; refuse a document or day unknown."""
        for key, cited in (("", entry), *((f".also[{i}]", c) for i, c in enumerate(entry.also))):
            if cited.document not in self._documents:
                raise self._refuse(
                    name,
                    f"{path}{key}.document",
                    f'no document has the key "{cited.document}"; {CITY} has '
                    f"{', '.join(self._documents)}",
                )
        inside = self._documents[entry.document].days
        for key, day in _days(entry):
            if day not in inside:
                raise self._refuse(
                    name,
                    f"{path}.{key}",
                    f"{day} is outside the validity of {entry.document}, "
                    f"{inside.first_day} to {inside.last_day}",
                )
        return tuple(_clause(cited, cited.document) for cited in (entry, *entry.also))

    def _values(self, table: str, entries: Sequence[schema.Dated]) -> tuple[Value, ...]:
        values = []
        for index, entry in enumerate(entries):
            floor = getattr(entry, "floor", None)
            values.append(
                Value(
                    number=_number(entry),
                    days=Interval(entry.first_day, entry.last_day),
                    clauses=self._clauses(ORDINARY, f"{table}[{index}]", entry),
                    levels=tuple(getattr(entry, "levels", ())),
                    statuses=tuple(getattr(entry, "statuses", ())),
                    places=tuple(getattr(entry, "places", ())),
                    kind=getattr(entry, "counter", 0),
                    figure=getattr(entry, "figure", getattr(entry, "unless", "")),
                    figure_key=getattr(entry, "figure_key", ""),
                    cap_figure=getattr(entry, "cap_figure", ""),
                    floor=Floor(floor.figure, floor.rate, floor.years_back) if floor else None,
                )
            )
        return tuple(values)

    def _lines(self) -> Iterator[Line]:
        previous = Reason.NONE
        seen: dict[tuple[int, ...], list[Interval]] = {}
        for index, entry in enumerate(self._exclusions.line):
            path = f"line[{index}]"
            if entry.reason < previous:
                raise self._refuse(
                    EXCLUSIONS,
                    f"{path}.reason",
                    f"{entry.reason.name} goes before {previous.name}: lines stand in order of "
                    "precedence; move it up",
                )
            previous = entry.reason
            days = Interval(entry.first_day, entry.last_day)
            require, forbid = sum(set(entry.require)), sum(set(entry.forbid))
            others = seen.setdefault((entry.reason, require, forbid, *sorted(entry.levels)), [])
            if any(overlap(days, other) for other in others):
                raise self._refuse(
                    EXCLUSIONS, f"{path}.first_day", "the same line stands twice on the same days"
                )
            others.append(days)
            yield Line(
                entry.reason,
                require,
                forbid,
                days,
                self._clauses(EXCLUSIONS, path, entry),
                entry.liable_only,
                entry.account_bar,
                entry.figure,
                sum(1 << level for level in set(entry.levels)),
            )

    def _unserved(self) -> Iterator[UnservedLine]:
        for index, entry in enumerate(self._exclusions.unserved):
            yield UnservedLine(
                entry.what,
                sum(set(entry.require)),
                sum(set(entry.forbid)),
                Interval(entry.first_day, entry.last_day),
                self._clauses(EXCLUSIONS, f"unserved[{index}]", entry),
            )

    def _specs(self) -> Iterator[FigureSpec]:
        seen: set[str] = set()
        for index, entry in enumerate(self._figures.figure):
            path = f"figure[{index}]"
            if entry.name in seen:
                raise self._refuse(FIGURES, f"{path}.name", f"two figures are called {entry.name}")
            seen.add(entry.name)
            low, high = entry.range()
            yield FigureSpec(
                entry.name,
                entry.key,
                entry.unit,
                entry.use,
                low,
                high,
                entry.number(entry.default),
                entry.effect,
                Interval(entry.first_day, entry.last_day),
                self._clauses(FIGURES, path, entry)[0],
                entry.optional,
            )

    def _check_coverage(self, rules: CityRules) -> None:
        """Refuse a gap or an overlap: on each day in force, one value for each combination."""
        levels, statuses = range(len(LEVEL_NAMES)), range(len(schema.STATUS_NAMES))
        places = range(len(schema.PLACE_NAMES))
        by_status = [(level, status) for level in levels for status in statuses]
        by_place = [(*where, place) for where in by_status for place in places]
        in_force = union([document.days for document in rules.documents])
        for table, combinations in (
            ("deductible", by_status),
            ("rate", by_place),
            ("first_pay", [(place,) for place in places]),
            ("visit_cap", by_status),
            ("annual_cap", by_status),
            ("rounding", [()]),
        ):
            for where in combinations:
                self._check_row(table, where, getattr(rules, table), in_force)
        for where in by_place:
            self._check_row("rate_bonus", where, rules.rate_bonus, [])
            self._check_row("rate_cut", where, rules.rate_cut, [])
        for table in ("pooled_cap", "second_payment", "account_limit"):
            self._check_row(table, (), getattr(rules, table), [])

    def _check_row(
        self, table: str, where: Where, values: Sequence[Value], in_force: list[Interval]
    ) -> None:
        """Refuse an overlap, and a day of `in_force` without a value, of one combination."""
        held = sorted((v.days, i) for i, v in enumerate(values) if v.holds(where))
        if in_force and not held:
            raise self._refuse(
                ORDINARY, table, f"no value{_words(table, where)}; add one, with its clause"
            )
        for (days, _), (following, index) in itertools.pairwise(held):
            if following.first_day <= days.last_day:
                raise self._refuse(
                    ORDINARY,
                    f"{table}[{index}].first_day",
                    f"overlap{_words(table, where)}: two values on {following.first_day}; end "
                    "the earlier one on the day before",
                )
        covered = [days for days, _ in held]
        for wanted in in_force:
            for gap in gaps(wanted, covered):
                raise self._refuse(
                    ORDINARY,
                    table,
                    f"gap{_words(table, where)}: no value from {gap.first_day} to "
                    f"{gap.last_day}, days on which a document is in force",
                )

    def _check_deductible_kinds(self, rules: CityRules) -> None:
        for index, value in enumerate(rules.deductible):
            for other in rules.deductible[:index]:
                if value.kind != other.kind and overlap(value.days, other.days):
                    raise self._refuse(
                        ORDINARY,
                        f"deductible[{index}].counter",
                        "another value of the same days is counted otherwise; one counter a day",
                    )

    def _check_bonus(self, rules: CityRules) -> None:
        for index, bonus in enumerate(rules.rate_bonus):
            for rate in rules.rate:
                if (
                    rate.number + bonus.number > BP
                    and overlap(rate.days, bonus.days)
                    and set(rate.levels) & set(bonus.levels)
                    and set(rate.statuses) & set(bonus.statuses)
                    and set(rate.places) & set(bonus.places)
                ):
                    raise self._refuse(
                        ORDINARY, f"rate_bonus[{index}].points", "out of range: rate above 1"
                    )
        for index, cut in enumerate(rules.rate_cut):
            for rate in rules.rate:
                if (
                    rate.number < cut.number
                    and overlap(rate.days, cut.days)
                    and set(rate.levels) & set(cut.levels)
                    and set(rate.statuses) & set(cut.statuses)
                    and set(rate.places) & set(cut.places)
                ):
                    raise self._refuse(
                        ORDINARY, f"rate_cut[{index}].points", "out of range: rate below 0"
                    )

    def _check_figures(self, table: str, values: Sequence[Value], rules: CityRules) -> None:
        """Refuse a cap whose figure the city does not declare, or that names only some levels."""
        for index, value in enumerate(values):
            path = f"{table}[{index}]"
            named = [("figure", value.figure, KEY_NONE)] if value.figure else []
            if value.floor:
                named.append(("floor.figure", value.floor.figure, KEY_YEAR))
            for key, name, kind in named:
                spec = rules.figure(name)
                if spec is None or spec.key != kind or spec.unit == UNIT_RATE:
                    raise self._refuse(
                        ORDINARY,
                        f"{path}.{key}",
                        f'{FIGURES} declares no amount called "{name}" with key = "{kind}"',
                    )
            everybody = (len(LEVEL_NAMES), len(schema.STATUS_NAMES))
            if named and (len(set(value.levels)), len(set(value.statuses))) != everybody:
                raise self._refuse(
                    ORDINARY,
                    f"{path}.levels",
                    "a figure holds for all levels and statuses: without it, every ordinary "
                    "claim is refused",
                )


def _number(entry: schema.Dated) -> int:
    if isinstance(entry, schema.DeductibleEntry):
        return entry.amount
    if isinstance(entry, schema.CapEntry):
        return NO_CAP if entry.amount is None else entry.amount
    if isinstance(entry, schema.RateEntry | schema.FirstPayEntry):
        return entry.rate
    if isinstance(entry, schema.SecondPaymentEntry):
        return entry.threshold
    return entry.points if isinstance(entry, schema.BonusEntry | schema.CutEntry) else HALF_UP


def _clause(entry: schema.Clause, document: str) -> ClauseRef:
    return ClauseRef(document, entry.clause, entry.stated, entry.reading, entry.text)


def _days(entry: schema.Dated | schema.DocumentEntry) -> tuple[tuple[str, int], ...]:
    return (("first_day", entry.first_day), ("last_day", entry.last_day))


def _words(table: str, where: Where) -> str:
    """Return the combination in words, as ` for level "3p", status "veteran"`."""
    if not where:
        return ""
    names = {
        "level": list(LEVEL_NAMES),
        "status": list(schema.STATUS_NAMES),
        "place": list(schema.PLACE_NAMES),
    }
    kinds = ["place"] if table == "first_pay" else ["level", "status", "place"]
    pairs = zip(kinds, where, strict=False)
    return " for " + ", ".join(f'{kind} "{names[kind][at]}"' for kind, at in pairs)


def _keys(model: type[BaseModel]) -> set[str]:
    """Return every key of a file's model and of the tables in it."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        found.add(name)
        for inner in _models(field.annotation):
            found |= _keys(inner)
    return found


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)


def _first_problem(error: ValidationError, model: type[BaseModel]) -> tuple[str, str]:
    """Return key path and problem of the first thing the model did not accept."""
    problems = error.errors(include_url=False)
    first = problems[0]
    path = ""
    for part in first["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    key = str(first["loc"][-1]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, sorted(_keys(model)), n=1)
        mend = f'did you mean "{near[0]}"?' if near else "remove it"
        problem = f"unknown key; {mend}"
    elif first["type"] == "missing":
        problem = "missing; add it (every value has its clause, first and last day, and unit)"
    else:
        text = first["msg"].removeprefix("Value error, ")
        found = f"; found {first['input']!r}" if first["type"] != "value_error" else ""
        problem = f"{text}{found}"
    more = len(problems) - 1
    return path, problem + (f" (and {more} more in this file)" if more else "")
