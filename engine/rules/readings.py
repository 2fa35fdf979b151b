"""Alternative readings: what the rules of a city say once each open question is answered.

A document may be read in more than one way. The loader keeps every entry; an entry that names a
choice of a question (`G2-B`) holds only where that choice is made. The operator makes it by the
figure `reading`, dated like any other; otherwise the default holds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from engine.domain.dates import DATE_MIN, OPEN_END, Interval, next_day, previous_day
from engine.errors import InvalidInput
from engine.rules.figures import ASSUMED, Figure, FigureSet
from engine.rules.model import READING, TABLES, CityRules, Document, Question
from engine.rules.plan import RulePlan

Chosen = frozenset[str]
"""One choice of every question of a city, as `G2-B`."""


def default_readings(rules: CityRules) -> Chosen:
    """Return the choices that hold where the operator makes none."""
    return frozenset(question.default for question in rules.questions)


def reading_figure(rules: CityRules, figures: FigureSet, choice: str, day: int) -> Figure | None:
    """Return the operator's figure that makes this choice on `day`, None if the default made it."""
    figure = figures.get(rules.area, READING, choice.partition("-")[0], day)
    return figure if figure and _choice(rules, figure) == choice else None


def readings_on(rules: CityRules, figures: FigureSet, day: int) -> Chosen:
    """Return the choices that hold on `day`."""
    made = []
    for question in rules.questions:
        figure = figures.get(rules.area, READING, question.id, day)
        made.append(_choice(rules, figure) if figure else question.default)
    return frozenset(made)


def rules_on(rules: CityRules, figures: FigureSet, day: int) -> CityRules:
    """Return the rules as they are read on `day`."""
    return as_read(rules, readings_on(rules, figures, day))


def spans(rules: CityRules, figures: FigureSet) -> Iterator[tuple[Interval, CityRules]]:
    """Yield the days on which the readings do not change, in order, with the rules as then read."""
    firsts = {DATE_MIN}
    for figure in figures.of(rules.area, READING):
        firsts.add(figure.first_day)
        if figure.last_day < OPEN_END:
            firsts.add(next_day(figure.last_day))
    ordered = sorted(firsts)
    lasts = [previous_day(day) for day in ordered[1:]] + [OPEN_END]
    for first, last in zip(ordered, lasts, strict=True):
        yield Interval(first, last), rules_on(rules, figures, first)


def as_read(rules: CityRules, chosen: Chosen) -> CityRules:
    """Return the rules with the entries that hold under these choices.

    An entry that ends with its document ends with it under each reading of the document's days.
    """
    if not rules.questions:
        return rules
    documents = tuple(
        document
        for document in (*rules.documents, *rules.other_documents)
        if chosen.issuperset(document.readings)
    )
    ends = {
        printed.key: (printed.days.last_day, document.days.last_day)
        for document in documents
        for printed in (*rules.documents, *rules.other_documents)
        if printed.key == document.key and printed.days.last_day != document.days.last_day
    }
    read: dict[str, Any] = {
        name: tuple(
            _with_its_document(entry, ends)
            for entry in getattr(rules, name)
            if chosen.issuperset(getattr(entry, "readings", ()))
        )
        for name in (*TABLES, "lines", "account")
    }
    return replace(rules, documents=documents, **read)


def choices_of(rules: CityRules, entries: Sequence[Any]) -> Iterator[Chosen]:
    """Yield every combination of choices that can matter to `entries`, the default ones first.

    Questions that none of them names keep their default.
    """
    named = {reading.partition("-")[0] for entry in entries for reading in entry.readings}
    alternatives = [
        sorted((c.id for c in question.choices), key=lambda choice: choice != question.default)
        if question.id in named
        else [question.default]
        for question in rules.questions
    ]
    return (frozenset(choice) for choice in product(*alternatives))


def alternatives(rules: CityRules) -> Iterator[tuple[Question, str]]:
    """Yield (question, choice) for every choice that is not the default."""
    for question in rules.questions:
        for choice in question.choices:
            if choice.id != question.default:
                yield question, choice.id


def never_together(readings: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Return whether the two name different choices of one question, and so never hold at once."""
    chosen = dict(reading.split("-") for reading in readings)
    return any(chosen.get(q, letter) != letter for q, letter in (o.split("-") for o in others))


def unused_choices(rules: CityRules) -> Iterator[str]:
    """Yield the choices that say the same as another: of a question at most one has no entry."""
    entries: list[Any] = [
        *rules.documents,
        *rules.other_documents,
        *rules.lines,
        *rules.account,
    ]
    for table in TABLES:
        entries += getattr(rules, table)
    named = {reading for entry in entries for reading in entry.readings}
    for question in rules.questions:
        yield from [choice.id for choice in question.choices if choice.id not in named][1:]


def documents_of(rules: CityRules, plan: RulePlan) -> tuple[Document, ...]:
    """Return the documents of a plan's city, with their days as the plan's readings have them."""
    made = {figure.name.removeprefix(f"{READING}.") for figure in plan.figures}
    chosen = frozenset(
        next((choice.id for choice in question.choices if choice.id in made), question.default)
        for question in rules.questions
    )
    return as_read(rules, chosen).documents


def check_readings(rules: CityRules, figures: FigureSet) -> None:
    """Refuse a choice that begins or ends inside a policy year of which a document has more.

    Counters of one year cannot be kept in two ways.

    Raises:
        InvalidInput: naming the figure and the days it should have.
    """
    for figure in figures.of(rules.area, READING):
        if figure.source == ASSUMED:
            continue
        first, last = figure.first_day, figure.last_day
        documents = [d for day in (first, last) for d in rules_on(rules, figures, day).documents]
        new_year = first // 10_000 * 10_000 + 101
        old_year = last // 10_000 * 10_000 + 1231
        before = _days_of(documents, new_year, previous_day(first)) if first > new_year else False
        after = _days_of(documents, next_day(last), old_year) if last < old_year else False
        if before or after:
            raise InvalidInput(
                f"{rules.pinyin}.{figure.label}",
                f"a reading holds for whole policy years: {first} to {last} cuts through one; "
                f"supply it from {new_year} to {old_year}",
            )


def _days_of(documents: Sequence[Document], first: int, last: int) -> bool:
    return any(d.days.first_day <= last and first <= d.days.last_day for d in documents)


def _choice(rules: CityRules, figure: Figure) -> str:
    spec = rules.figure(READING)
    return spec.choices[figure.value] if spec else ""


def _with_its_document(entry: Any, ends: dict[str, tuple[int, int]]) -> Any:
    printed, read = ends.get(entry.clauses[0].document, (0, 0))
    if entry.days.last_day != printed:
        return entry
    return replace(entry, days=Interval(entry.days.first_day, read))
