"""Loads the rule files of a city and refuses whatever it does not know.

A city is a folder `<area>_<pinyin>` with TOML files. Everything that can be wrong with them
is found here, before a claim is settled, and said with file, key path, what was found, what was
expected and how to mend it.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from engine.domain.codes import Benefit
from engine.domain.dates import Interval, to_date
from engine.domain.reasons import Reason
from engine.errors import RuleFileError
from engine.rules import schema
from engine.rules.account_load import AccountReader
from engine.rules.account_model import ACCOUNT
from engine.rules.clauses import CLAUSES, ClausesFile, check_clauses, read_clauses
from engine.rules.complete import find_problems
from engine.rules.days import overlap
from engine.rules.mistakes import first_problem
from engine.rules.model import (
    BENEFIT_FILES,
    KEY_QUESTION,
    READING,
    TABLES,
    UNIT_READING,
    USE_ORDINARY,
    Choice,
    CityRules,
    Document,
    FigureSpec,
    Line,
    Question,
    Value,
)
from engine.rules.named import check_named_figures
from engine.rules.plan import ClauseRef
from engine.rules.readings import never_together, unused_choices
from engine.rules.registration import OPTIONAL, selection_rules
from engine.rules.schema_values import BenefitFile, OrdinaryFile
from engine.rules.strict_toml import parse_toml
from engine.rules.values import value_of

CITY: Final = "city.toml"
ORDINARY: Final = BENEFIT_FILES[Benefit.ORDINARY]
EXCLUSIONS: Final = "exclusions.toml"
FIGURES: Final = "figures.toml"
READINGS: Final = "readings.toml"
FILES: Final[Mapping[str, type[BaseModel]]] = {
    CITY: schema.CityFile,
    ORDINARY: OrdinaryFile,
    EXCLUSIONS: schema.ExclusionsFile,
    FIGURES: schema.FiguresFile,
    READINGS: schema.ReadingsFile,
    CLAUSES: ClausesFile,
}
OTHER_BENEFITS: Final = {
    benefit: name for benefit, name in BENEFIT_FILES.items() if benefit != Benefit.ORDINARY
}
"""The files that a city has only where its documents know the benefit."""

CITIES: Final = Path(__file__).parent / "cities"
"""The rule files of the package."""

M = TypeVar("M", bound=BaseModel)


def load_cities(root: Path | None = None, more: Iterable[Path] = ()) -> dict[str, CityRules]:
    """Return the rules of every city folder, by area code.

    Args:
        root: a folder with a folder for each city; None: the package's own.
        more: further folders of that kind. One that is named twice counts once.

    Raises:
        RuleFileError: a file is missing or says something that is not accepted; two folders have
            the same area or name.
    """
    cities: dict[str, CityRules] = {}
    found: dict[str, Path] = {}
    for above in dict.fromkeys(
        path.resolve() for path in (CITIES if root is None else root, *more)
    ):
        if not above.is_dir():
            raise RuleFileError(str(above), "", "no such folder; expected one folder for each city")
        for folder in sorted(path for path in above.iterdir() if path.is_dir()):
            rules = load_city(folder)
            for key in (rules.area, rules.pinyin):
                if key in found:
                    raise RuleFileError(
                        str(folder.joinpath(CITY)),
                        "area" if key == rules.area else "pinyin",
                        f"two folders for {rules.area} {rules.pinyin}: {found[key]} has {key} "
                        "already; remove one",
                    )
                found[key] = folder
            cities[rules.area] = rules
    return cities


def load_city(folder: Path) -> CityRules:
    """Return the rules in the folder of one city.

    Raises:
        RuleFileError: a file is missing or says something that is not accepted.
    """
    rules = rules_from_files(folder.name, _files(folder))
    if folder.name != f"{rules.area}_{rules.pinyin}":
        raise RuleFileError(
            f"{folder.name}/{CITY}",
            "area",
            f'the folder of {rules.area} "{rules.pinyin}" must be called '
            f"{rules.area}_{rules.pinyin}, found {folder.name}",
        )
    return rules


def problems_of(folder: Path) -> list[RuleFileError]:
    """Return what is wrong with the files of a city.

    That is all that is wrong with how its entries go together, or, where an entry is wrong by
    itself, the first such thing.

    Raises:
        RuleFileError: there is no such folder.
    """
    files = _files(folder)
    try:
        _check_names(folder.name, files)
        city = _City(folder.name, files)
        found = list(city.problems(city.read()))
        if not found:
            load_city(folder)
    except RuleFileError as error:
        return [error]
    return found


def _files(folder: Path) -> dict[str, bytes]:
    """Return the content of a city's files by name."""
    if not folder.is_dir():
        raise RuleFileError(str(folder), "", "no such folder; expected <area>_<pinyin>")
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.toml"))}


def rules_from_files(folder: str, files: Mapping[str, bytes]) -> CityRules:
    """Return the rules in `files`, content by file name; `folder` is their place in messages.

    Raises:
        RuleFileError: a file is missing or says something that is not accepted.
    """
    _check_names(folder, files)
    return _City(folder, files).rules()


def _check_names(folder: str, files: Mapping[str, bytes]) -> None:
    optional = (*OTHER_BENEFITS.values(), *OPTIONAL, ACCOUNT)
    for name in sorted(files.keys() - {*FILES, *optional}):
        known = f"{', '.join(FILES)}, may have {', '.join(optional)}, and no other"
        raise RuleFileError(f"{folder}/{name}", "", f"unknown file; a city has {known}")
    for name in FILES:
        if name not in files:
            raise RuleFileError(f"{folder}/{name}", "", "missing; every city has this file")


class _City:
    """The files of one city on their way to `CityRules`."""

    def __init__(self, folder: str, files: Mapping[str, bytes]) -> None:
        self._folder, self._files = folder, files
        self._city = self._parse(CITY, schema.CityFile, files)
        self._benefits: dict[Benefit, OrdinaryFile | BenefitFile] = {
            Benefit.ORDINARY: self._parse(ORDINARY, OrdinaryFile, files)
        }
        for benefit, name in OTHER_BENEFITS.items():
            if name in files:
                self._benefits[benefit] = self._parse(name, BenefitFile, files)
        self._exclusions = self._parse(EXCLUSIONS, schema.ExclusionsFile, files)
        self._figures = self._parse(FIGURES, schema.FiguresFile, files)
        self._clause_rows = self._parse(CLAUSES, ClausesFile, files)
        self._open = self._parse(READINGS, schema.ReadingsFile, files)
        self._choices = tuple(c.id for entry in self._open.reading for c in entry.choices)
        self._documents: dict[str, Document] = {}
        self._other_documents: tuple[Document, ...] = ()
        self._read_documents()
        self._questions = tuple(self._read_questions())

    def read(self) -> CityRules:
        """Return the rules, each entry checked by itself."""
        specs = tuple(self._specs())
        return CityRules(
            area=self._city.area,
            name=self._city.name,
            pinyin=self._city.pinyin,
            documents=tuple(self._documents.values()),
            **{table: tuple(self._values(table)) for table in TABLES},
            lines=tuple(self._lines()),
            figures=specs,
            questions=self._questions,
            other_documents=self._other_documents,
            clauses=read_clauses(self._clause_rows, self._documents, self._refuse),
            selection=selection_rules(self._folder, self._files, self._clauses, self._refuse),
            account=AccountReader(
                documents=self._documents,
                figures={spec.name: spec for spec in specs},
                clauses=self._clauses,
                readings=self._readings,
                refuse=self._refuse,
            ).read(self._folder, self._files),
        )

    def rules(self) -> CityRules:
        """Return the checked rules."""
        rules = self.read()
        for problem in self.problems(rules):
            raise problem
        check_named_figures(rules, self._refuse)
        for choice in unused_choices(rules):
            raise self._refuse(
                READINGS, "reading", f"{choice} changes nothing: no entry names it as its reading"
            )
        check_clauses(rules, self._refuse)
        return rules

    def problems(self, rules: CityRules) -> Iterator[RuleFileError]:
        """Yield what is wrong with the values and lines, each with its file and place."""
        for problem in find_problems(rules):
            text = f"{problem.text} ({problem.under})" if problem.under else problem.text
            yield self._refuse(problem.file, problem.path, text)

    def _parse(self, name: str, model: type[M], files: Mapping[str, bytes]) -> M:
        file = f"{self._folder}/{name}"
        try:
            return model.model_validate(parse_toml(files[name], file))
        except ValidationError as error:
            path, problem = first_problem(error, model)
            raise RuleFileError(file, path, problem) from None

    def _refuse(self, name: str, path: str, problem: str) -> RuleFileError:
        return RuleFileError(f"{self._folder}/{name}", path, problem)

    def _read_documents(self) -> None:
        """Take the documents: those of the default readings, and apart from them the others."""
        defaults = {entry.default for entry in self._open.reading}
        for index, entry in enumerate(self._city.document):
            path = f"document[{index}]"
            days = (("issued", entry.issued), *_days(entry))
            for name, day in days if entry.issued else days[1:]:
                self._check_day(CITY, f"{path}.{name}", day)
            document = Document(
                entry.key,
                entry.title,
                entry.number,
                entry.issuer,
                entry.issued,
                Interval(entry.first_day, entry.last_day),
                _clause(entry, entry.key),
                entry.starts,
                self._readings(CITY, path, entry),
            )
            if not defaults.issuperset(document.readings):
                self._other_documents += (document,)
            elif entry.key in self._documents:
                raise self._refuse(CITY, f"{path}.key", f'two documents have the key "{entry.key}"')
            else:
                self._documents[entry.key] = document
        if missing := {document.key for document in self._other_documents} - {*self._documents}:
            raise self._refuse(CITY, "document", f"no default reading of {sorted(missing)[0]}")

    def _read_questions(self) -> Iterator[Question]:
        seen: set[str] = set()
        for index, entry in enumerate(self._open.reading):
            path = f"reading[{index}]"
            if entry.question in seen:
                raise self._refuse(
                    READINGS, f"{path}.question", f"{entry.question} stands twice; keep one"
                )
            seen.add(entry.question)
            yield Question(
                entry.question,
                entry.text,
                tuple(Choice(choice.id, choice.text) for choice in entry.choices),
                entry.default,
                self._clauses(READINGS, path, entry)[0],
                Interval(entry.first_day, entry.last_day),
            )

    def _readings(
        self, name: str, path: str, entry: schema.Dated | schema.DocumentEntry
    ) -> tuple[str, ...]:
        """Return the choices of switchable questions that an entry names as its reading."""
        days = Interval(entry.first_day, entry.last_day)
        questions = {
            question.question
            for question in self._open.reading
            if overlap(days, Interval(question.first_day, question.last_day))
        }
        named = []
        for reading in entry.reading.split():
            question, letter, _ = reading.partition("-")
            if question not in questions or not letter:
                continue
            if reading not in self._choices:
                raise self._refuse(
                    name,
                    f"{path}.reading",
                    f"{reading} is no choice of {READINGS}; expected one of "
                    f"{', '.join(self._choices)}",
                )
            named.append(reading)
            if len({name.partition("-")[0] for name in named}) < len(named):
                raise self._refuse(
                    name, f"{path}.reading", f"{entry.reading} are never chosen together; keep one"
                )
        return tuple(named)

    def _no_readings(self, name: str, path: str, entry: schema.Dated) -> None:
        for reading in self._readings(name, path, entry):
            raise self._refuse(
                name, f"{path}.reading", f"{reading} cannot switch such an entry; name it in text"
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
            if day not in inside and not self._is_day_of_another_reading(entry.document, day):
                raise self._refuse(
                    name,
                    f"{path}.{key}",
                    f"{day} is outside the validity of {entry.document}, "
                    f"{inside.first_day} to {inside.last_day}",
                )
        return tuple(_clause(cited, cited.document) for cited in (entry, *entry.also))

    def _is_day_of_another_reading(self, document: str, day: int) -> bool:
        others = (other for other in self._other_documents if other.key == document)
        return any(day in other.days for other in others)

    def _values(self, table: str) -> Iterator[Value]:
        """Yield the values of one table, benefit by benefit."""
        for benefit, file in self._benefits.items():
            for index, entry in enumerate(getattr(file, table, ())):
                name, path = BENEFIT_FILES[benefit], f"{table}[{index}]"
                clauses = self._clauses(name, path, entry)
                yield value_of(entry, benefit, index, clauses, self._readings(name, path, entry))

    def _lines(self) -> Iterator[Line]:
        previous = Reason.NONE
        seen: dict[tuple[int, ...], list[tuple[Interval, tuple[str, ...]]]] = {}
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
            readings = self._readings(EXCLUSIONS, path, entry)
            if any(overlap(days, o) and not never_together(readings, also) for o, also in others):
                raise self._refuse(
                    EXCLUSIONS, f"{path}.first_day", "the same line stands twice on the same days"
                )
            others.append((days, readings))
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
                readings,
            )

    def _specs(self) -> Iterator[FigureSpec]:
        seen: set[str] = set()
        for index, entry in enumerate(self._figures.figure):
            path = f"figure[{index}]"
            self._no_readings(FIGURES, path, entry)
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
        if READING in seen:
            raise self._refuse(
                FIGURES, "figure", f'"{READING}" is declared by {READINGS}; remove it'
            )
        if self._questions:
            yield self._reading_spec()

    def _reading_spec(self) -> FigureSpec:
        """Return the figure by which the operator chooses a reading."""
        firsts = [question.days.first_day for question in self._questions]
        lasts = [question.days.last_day for question in self._questions]
        return FigureSpec(
            READING,
            KEY_QUESTION,
            UNIT_READING,
            USE_ORDINARY,
            0,
            len(self._choices) - 1,
            None,
            "the default reading holds",
            Interval(min(firsts), max(lasts)),
            self._questions[0].clause,
            optional=True,
            choices=self._choices,
        )


def _clause(entry: schema.Clause, document: str) -> ClauseRef:
    return ClauseRef(document, entry.clause, entry.stated, entry.reading, entry.text)


def _days(entry: schema.Dated | schema.DocumentEntry) -> tuple[tuple[str, int], ...]:
    return (("first_day", entry.first_day), ("last_day", entry.last_day))
