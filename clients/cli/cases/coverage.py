"""Which clause is applied by which rule values, and shown by which worked cases.

Values belong to clauses by the register in the rule files. Cases belong to clauses because a value
of the clause decided them (`measure`), or because a coverage file names them: `clause id -> case
ids` by city, for what no value decides. A named case must cite the clause.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

from pydantic import Field, ValidationError

from clients.cli.cases.format import Case
from clients.cli.cases.measure import Measured, readings_of
from engine.errors import RuleFileError
from engine.rules.clauses import CATEGORIES, CitedValue, cited_values
from engine.rules.model import BENEFIT_FILES, Choice, CityRules, ClauseRow, Question
from engine.rules.readings import default_readings
from engine.rules.schema import Strict
from engine.rules.strict_toml import parse_toml

NAMED: Final = "named"
UNSERVED: Final = "not served yet"
PROVED: Final = ("settlement", "accumulators")
"""The categories in which every clause must have a case."""
REASONED: Final = ("settlement", "accumulators", "eligibility", "precedence", "registration")
"""The categories in which every clause has a case or says why it can have none."""

_PARAGRAPH: Final = re.compile(r"第?[一二三四五六七八九十\d]+款$")
_PARENTHESES: Final = str.maketrans("（）", "()")


class Named(NamedTuple):
    """What a coverage file says, by the pinyin of the city and the clause id."""

    cases: Mapping[str, Mapping[str, Sequence[str]]] = {}
    why: Mapping[str, Mapping[str, str]] = {}
    """Why the clause has no case."""


"""Case ids by clause id, by city of the case format."""


class NamedFile(Strict):
    """A coverage file."""

    format: Literal[1]
    city: dict[str, dict[str, list[str]]]
    why: dict[str, dict[str, str]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Covered:
    """A row of the clause register with its values and its cases, each with how it shows it."""

    row: ClauseRow
    values: tuple[CitedValue, ...]
    cases: Mapping[str, str]
    """Case id -> empty where a value decided it, else in what way."""
    why: str = ""
    """Why there is no case."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A choice of a question that a document leaves open, with the cases that it decided."""

    question: Question
    choice: Choice
    cases: tuple[str, ...]

    @property
    def is_default(self) -> bool:
        """Whether it holds where the operator chooses nothing; no case has to choose it."""
        return self.choice.id == self.question.default


@dataclass(frozen=True, slots=True)
class CityCoverage:
    """The coverage of one city."""

    rules: CityRules
    rows: tuple[Covered, ...]
    values: tuple[tuple[CitedValue, Mapping[str, str]], ...]
    """Every value and line with the cases it decided."""
    choices: tuple[Answered, ...]
    """Every choice of every question."""
    adrift: tuple[str, ...]
    """Cases that belong to no clause."""

    def undecided(self) -> Iterator[CitedValue]:
        """Yield the values and lines that a document prints and that decided no case.

        Those of alternative readings are left out: there each choice must decide one.
        """
        defaults = default_readings(self.rules)
        for value, cases in self.values:
            if value.stated and not cases and defaults.issuperset(readings_of(value)):
                yield value

    def unchosen(self) -> Iterator[Answered]:
        """Yield the choices other than the defaults that decided no case."""
        return (one for one in self.choices if not one.is_default and not one.cases)


@dataclass(frozen=True, slots=True)
class CategorySummary:
    """How many clauses of a category there are, and which have no case, by city."""

    category: str
    clauses: int
    valued: int
    shown: int
    without: Mapping[str, tuple[str, ...]]
    """Name of the city -> clause ids."""

    @property
    def missing(self) -> int:
        """How many clauses have no case."""
        return self.clauses - self.shown


def read_named(path: Path) -> Named:
    """Return the content of a coverage file.

    Raises:
        RuleFileError: the file is not TOML or has other keys than `format`, `city` and `why`.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RuleFileError(str(path), "", f"cannot be read: {error.strerror}") from None
    try:
        found = NamedFile.model_validate(parse_toml(data, str(path)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        problem = (
            f"{first['msg']}; expected [city.NAME] with clause ids and lists of case ids, "
            "and [why.NAME] with clause ids and texts"
        )
        raise RuleFileError(str(path), where, problem) from None
    return Named(found.city, found.why)


def cover(
    cases: Sequence[Case],
    cities: Mapping[str, CityRules],
    measured: Measured,
    named: Named,
    file: str,
) -> tuple[CityCoverage, ...]:
    """Return the coverage of each city; `file` is the name of the coverage file in messages.

    Raises:
        RuleFileError: the coverage file names an unknown city, clause or case, a case that does
            not cite the clause, or says why there is no case where there is one.
    """
    names = [rules.pinyin for rules in cities.values()]
    for table, by_city in (("city", named.cases), ("why", named.why)):
        for city in by_city:
            if city not in names:
                known = ", ".join(names)
                problem = f"no such city; expected one of {known}"
                raise RuleFileError(file, f"{table}.{city}", problem)
    return tuple(
        _city(
            rules,
            [case for case in cases if case.area == area],
            measured,
            _Names(
                file,
                rules.pinyin,
                named.cases.get(rules.pinyin, {}),
                named.why.get(rules.pinyin, {}),
            ),
        )
        for area, rules in sorted(cities.items())
    )


@dataclass(frozen=True, slots=True)
class _Names:
    """What a coverage file names for one city."""

    file: str
    city: str
    cases: Mapping[str, Sequence[str]]
    why: Mapping[str, str]

    def check(self, rows: Iterable[ClauseRow], cases: Mapping[str, Case]) -> None:
        """Refuse a clause or a case that is not there, and a case that does not cite the clause."""
        known = {row.id for row in rows}
        for clause, ids in self.cases.items():
            where = f"city.{self.city}.{clause}"
            if clause not in known:
                raise RuleFileError(self.file, where, "clauses.toml has no clause of this id")
            for name in ids:
                if name not in cases:
                    problem = f'the city has no case "{name}" in the files given'
                    raise RuleFileError(self.file, where, problem)
                if not cites(cases[name], clause):
                    problem = f"{name} cites {', '.join(cases[name].clauses)} and not this clause"
                    raise RuleFileError(self.file, where, f"{problem}; remove it, or mend the case")
        for clause in self.why:
            if clause not in known:
                where = f"why.{self.city}.{clause}"
                raise RuleFileError(self.file, where, "clauses.toml has no clause of this id")

    def why_none(self, clause: str, cases: Mapping[str, str]) -> str:
        """Return why a clause has no case; refuse a reason where it has some."""
        why = self.why.get(clause, "")
        if why and cases:
            problem = f"the clause has cases: {', '.join(cases)}; remove the reason"
            raise RuleFileError(self.file, f"why.{self.city}.{clause}", problem)
        return why


def _city(
    rules: CityRules, cases: Sequence[Case], measured: Measured, names: _Names
) -> CityCoverage:
    names.check(rules.clauses, {case.id: case for case in cases})
    values = tuple(cited_values(rules))
    rows = []
    for row in rules.clauses:
        belonging = tuple(value for value in values if value.belongs_to(row))
        found: dict[str, str] = {}
        for value in belonging:
            for case, how in measured.cases(rules.area, value).items():
                found[case] = how if case not in found else found[case] and how
        for case in names.cases.get(row.id, ()):
            found.setdefault(case, UNSERVED if case in measured.unserved else NAMED)
        rows.append(
            Covered(row, belonging, dict(sorted(found.items())), names.why_none(row.id, found))
        )
    placed = {case for covered in rows for case in covered.cases}
    return CityCoverage(
        rules=rules,
        rows=tuple(rows),
        values=tuple(
            (value, dict(sorted(measured.cases(rules.area, value).items())))
            for value in values
            if value.file in (*BENEFIT_FILES.values(), "exclusions.toml")
        ),
        choices=tuple(
            Answered(question, choice, measured.choices.get((rules.area, choice.id), ()))
            for question in rules.questions
            for choice in question.choices
        ),
        adrift=tuple(case.id for case in cases if case.id not in placed),
    )


def cites(case: Case, clause: str) -> bool:
    """Return whether a case cites a clause: one of its citations is the clause or contains it.

    Cases count paragraphs and the register counts what they ask, so the paragraph is left out:
    第四条5款 is taken for 第四条, which contains `第四条 6`.
    """
    wanted = clause.translate(_PARENTHESES)
    for cited in case.clauses:
        coarse = _PARAGRAPH.sub("", cited.translate(_PARENTHESES).replace(" ", ""))
        if coarse and wanted.startswith(coarse) and wanted[len(coarse) :][:1] in ("", *" (-"):
            return True
    return False


def summarise(cities: Iterable[CityCoverage]) -> list[CategorySummary]:
    """Return a summary of each category; a clause of two categories counts in both."""
    rows = [(city.rules.name, covered) for city in cities for covered in city.rows]
    found = []
    for category in CATEGORIES:
        inside = [(name, covered) for name, covered in rows if category in covered.row.categories]
        without: dict[str, tuple[str, ...]] = {}
        for name, covered in inside:
            if not covered.cases:
                without[name] = (*without.get(name, ()), covered.row.id)
        found.append(
            CategorySummary(
                category,
                clauses=len(inside),
                valued=sum(bool(covered.values) for _, covered in inside),
                shown=sum(bool(covered.cases) for _, covered in inside),
                without=without,
            )
        )
    return found


def unreasoned(cities: Iterable[CityCoverage]) -> list[str]:
    """Return the clauses of `REASONED` with neither a case nor a reason why there is none."""
    return [
        f"{city.rules.name} {covered.row.id}"
        for city in cities
        for covered in city.rows
        if not (covered.cases or covered.why)
        and not set(REASONED).isdisjoint(covered.row.categories)
    ]


def unproved(cities: Iterable[CityCoverage]) -> list[str]:
    """Return the clauses of `PROVED` without a case, each with the name of its city, once."""
    found: dict[str, None] = {}
    for summary in summarise(cities):
        if summary.category in PROVED:
            for name, ids in summary.without.items():
                found.update(dict.fromkeys(f"{name} {clause}" for clause in ids))
    return list(found)
