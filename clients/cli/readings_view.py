"""The questions that documents leave open, and which choice holds, for people and programs."""

from collections.abc import Iterator

from rich.console import Console

from clients.cli.compare import Bench
from clients.cli.policy_view import Days, days
from clients.paper import indented
from engine.domain.dates import to_date
from engine.rules.figures import Figure
from engine.rules.model import READING, CityRules, Question
from engine.rules.readings import readings_on


def print_readings(bench: Bench, day: int) -> None:
    """Print the questions of every city, and what holds on `day`."""
    console = Console(highlight=False)
    for city in bench.cities:
        held = readings_on(city, bench.book.figures, day)
        console.print(f"[bold]{city.name}[/bold] {city.area} {city.pinyin}")
        for question in city.questions:
            title, open_on = document_of(city, question), days(*question.days)
            _print(console, question.text, f"{question.id:<4}", 2, 6)
            _print(console, f"{title} {question.clause.clause}  {open_on.strip()}", "", 2, 6)
            for choice in question.choices:
                notes = [name for name, is_so in (
                    ("default", choice.id == question.default),
                    ("holds", choice.id in held and day in question.days),
                ) if is_so]  # fmt: skip
                said = f" [{', '.join(notes)}]" if notes else ""
                _print(console, f"{choice.text}{said}", choice.id, 6, 14)
            for choice_id, figure in made(bench, city, question):
                when = Days(figure.first_day, figure.last_day)
                _print(console, f"{choice_id} is chosen {when} ({figure.source})", "", 2, 6)
            if day not in question.days:
                _print(console, f"is not open on {to_date(day)}", "", 2, 6)
        console.print()


def readings_dict(bench: Bench, day: int) -> dict[str, object]:
    """Return the questions of every city for programs; days are YYYYMMDD."""
    return {
        "date": day,
        "cities": [
            {
                "area": city.area,
                "name": city.name,
                "questions": [_question(bench, city, question, day) for question in city.questions],
            }
            for city in bench.cities
        ],
    }


def _question(bench: Bench, city: CityRules, question: Question, day: int) -> dict[str, object]:
    held = readings_on(city, bench.book.figures, day)
    return {
        "id": question.id,
        "text": question.text,
        "document": document_of(city, question),
        "clause": question.clause.clause,
        "first_day": question.days.first_day,
        "last_day": question.days.last_day,
        "choices": [{"id": choice.id, "text": choice.text} for choice in question.choices],
        "default": question.default,
        "open": day in question.days,
        "holds": next(choice.id for choice in question.choices if choice.id in held),
        "chosen": [
            {
                "choice": choice_id,
                "first_day": figure.first_day,
                "last_day": figure.last_day,
                "source": figure.source,
            }
            for choice_id, figure in made(bench, city, question)
        ],
    }


def made(bench: Bench, city: CityRules, question: Question) -> Iterator[tuple[str, Figure]]:
    """Yield (choice, figure) for every choice that the operator made of a question."""
    spec = city.figure(READING)
    for figure in bench.book.figures.of(city.area, READING):
        if spec and figure.key == question.id:
            yield spec.choices[figure.value], figure


def document_of(city: CityRules, question: Question) -> str:
    """Return the number of the document that leaves a question open."""
    document = city.document(question.clause.document)
    return document.number if document else question.clause.document


def _print(console: Console, text: str, first: str, before: int, indent: int) -> None:
    """Print wrapped text with `first` before it, which stands at `before`."""
    for row in indented(text, indent, " " * before + first, console.width):
        console.print(row, markup=False, soft_wrap=True)
