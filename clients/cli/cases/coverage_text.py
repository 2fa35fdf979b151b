"""The coverage of clauses as Markdown: the same input gives the same text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from clients.cli.cases.coverage import (
    PROVED,
    Answered,
    CityCoverage,
    Covered,
    summarise,
    unproved,
)
from clients.cli.cases.measure import readings_of
from engine.domain.dates import DATE_MIN, Interval, to_date
from engine.domain.money import format_yuan
from engine.rules.account_model import (
    AccountEntry,
    ContributionEntry,
    CreditEntry,
    CreditOf,
    DisposalEntry,
    UseEntry,
)
from engine.rules.clauses import CitedValue
from engine.rules.model import Value
from engine.rules.plan import NO_CAP
from engine.rules.readings import Chosen, default_readings
from engine.rules.schema import PLACE_NAMES, STATUS_NAMES
from engine.rules.units import LEVEL_NAMES

_RATES: Final = ("rate", "rate_bonus", "rate_cut", "first_pay")
_NOT_AMOUNTS: Final = ("rounding", "given", "general_fee", "paper_claim")
_SIDES: Final = (
    ("levels", "level ", tuple(LEVEL_NAMES)),
    ("statuses", "", tuple(STATUS_NAMES)),
    ("places", "", tuple(PLACE_NAMES)),
)

_HEAD: Final = """\
# Clauses, rule values, worked cases

Written by `make coverage-table`; do not edit. It stands beside the cases, because it joins them
with the rule files of the package, which know nothing of cases.

For each city, *Clauses* lists every clause of its documents: what it asks of a system, which
values of the rule files apply it, and which worked cases show it. *Values* lists every value and
every line of the exclusion matrix with the cases that it decides. *Readings* lists the questions
that a document leaves open, and the cases that come out otherwise where the operator makes
another choice than the default. A value "under" such a choice, as "under G2-B", holds only there.

A case stands with a clause where a value of the clause decided one of its settlements: it is
played through the reference kernel, whose citations are read, and a value counts only if it had
an effect (a cap that cut, a rate with something left to share). "refused: …" and "excluded: …":
the clause is shown by a claim that is refused or not paid; `NO_FIGURE` where the figures are the
operator's. "named": no value decides there, the case is named in `coverage.toml`. "not served
yet": named there too, and the engine does not settle it yet. "none: …": why no case can show it.
"""


def to_markdown(cities: Sequence[CityCoverage]) -> str:
    """Return the whole document; its last line names what is not proved."""
    lines = [_HEAD.rstrip(), "", *_summary(cities)]
    for city in cities:
        lines += ["", f"## {city.rules.area} {city.rules.name}", ""]
        lines += [f"* {d.key}: {d.number} 《{d.title}》" for d in city.rules.documents]
        defaults = default_readings(city.rules)
        lines += ["", "### Clauses", ""]
        lines += table(
            ("clause", "what it asks", "category", "rule values", "cases"),
            (clause_cells(covered, defaults) for covered in city.rows),
        )
        lines += ["", "### Values", ""]
        lines += table(
            ("value", "for", "days", "clause", "cases"),
            (value_cells(value, cases, defaults) for value, cases in city.values),
        )
        lines += ["", "### Readings", ""]
        lines += table(
            ("question", "choice", "what it means", "cases"), map(choice_cells, city.choices)
        )
    lines += ["", "## What is not covered", "", *_gaps(cities), "", last_line(cities)]
    return "\n".join(lines) + "\n"


def last_line(cities: Sequence[CityCoverage]) -> str:
    """Return the line that names the clauses which must have a case and have none."""
    names = ", ".join(unproved(cities)) or "none"
    return f"clauses in categories {' and '.join(PROVED)} without a case: {names}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a Markdown table, one line a row."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def _summary(cities: Sequence[CityCoverage]) -> list[str]:
    rows = (
        (item.category, *map(str, (item.clauses, item.valued, item.shown)), str(item.missing))
        for item in summarise(cities)
    )
    head = ("category", "clauses", "with a rule value", "with a case", "without a case")
    return ["## Summary", "", *table(head, rows)]


def _gaps(cities: Sequence[CityCoverage]) -> Iterator[str]:
    for item in summarise(cities):
        names = "; ".join(f"{name} {'、'.join(ids)}" for name, ids in item.without.items())
        yield f"* {item.category}, without a case: {names or 'none'}"
    for city in cities:
        values = ", ".join(f"{_place(value)} {value.kind}" for value in city.undecided())
        yield f"* {city.rules.name}, printed values that decide no case: {values or 'none'}"
    for city in cities:
        choices = ", ".join(one.choice.id for one in city.unchosen())
        yield f"* {city.rules.name}, choices of a reading that decide no case: {choices or 'none'}"
    adrift = ", ".join(case for city in cities for case in city.adrift)
    yield f"* cases that belong to no clause: {adrift or 'none'}"


def clause_cells(covered: Covered, defaults: Chosen) -> tuple[str, ...]:
    """Return the cells of a clause: id, what it asks, category, values, cases."""
    row = covered.row
    asks = f"{row.asks} (Operator's.)" if row.needs else row.asks
    values = "; ".join(_joined(covered.values, defaults)) or "–"
    shown = f"none: {covered.why}" if covered.why else case_words(covered.cases)
    return (row.id, asks, ", ".join(row.categories), values, shown)


def value_cells(value: CitedValue, cases: Mapping[str, str], defaults: Chosen) -> tuple[str, ...]:
    """Return the cells of a value: what it is, for whom, on which days, by which clause, cases."""
    cited = dict.fromkeys(
        " ".join(filter(None, (clause.clause or "not printed", clause.reading)))
        for clause in value.clauses
    )
    what = f"{_place(value)} {_number(value)}".rstrip()
    if value.kind.startswith("line."):
        what += f" {value.kind.removeprefix('line.')}"
    what += _under(value, defaults)
    return (what, _whom(value), days_words(value.days), "; ".join(cited), case_words(cases))


def choice_cells(answered: Answered) -> tuple[str, ...]:
    """Return the cells of a choice: the question, its name, what it means, cases."""
    cases = "default" if answered.is_default else ", ".join(answered.cases) or "–"
    return (answered.question.text, answered.choice.id, answered.choice.text, cases)


def case_words(cases: Mapping[str, str]) -> str:
    """Return the cases with how they show it, those in the same way together."""
    ways: dict[str, list[str]] = {}
    for case, how in cases.items():
        ways.setdefault(how, []).append(case)
    texts = [f"{', '.join(ids)}{f' ({how})' if how else ''}" for how, ids in sorted(ways.items())]
    return "; ".join(texts) or "–"


def days_words(days: Interval) -> str:
    """Return an interval of days; of a draft it begins on the operator's day."""
    first = "effective" if days.first_day == DATE_MIN else str(to_date(days.first_day))
    return f"{first} – {to_date(days.last_day)}"


def _joined(values: Iterable[CitedValue], defaults: Chosen) -> Iterator[str]:
    """Yield values in few words; those that differ only in whom they are for stand together."""
    counts: dict[str, int] = {}
    for value in values:
        file = value.file.removesuffix(".toml")
        table = value.path.partition("[")[0]
        name = value.kind if file == "figures" else table
        what = value.kind.removeprefix("line.") if file == "exclusions" else ""
        number = _number(value)
        words = [f"{file}:{name.removeprefix('figure.')}", what, number, days_words(value.days)]
        text = " ".join(word for word in words if word) + _under(value, defaults)
        counts[text] = counts.get(text, 0) + 1
    for text, count in counts.items():
        yield f"{text} (×{count})" if count > 1 else text


def _under(value: CitedValue, defaults: Chosen) -> str:
    """Return under which choices other than the defaults a value holds; empty if under none."""
    others = [choice for choice in readings_of(value) if choice not in defaults]
    return f" under {' and '.join(others)}" if others else ""


def _place(value: CitedValue) -> str:
    return f"{value.file.removesuffix('.toml')}:{value.path}"


def _number(value: CitedValue) -> str:
    """Return a value of a benefit or an account as people write it; empty for anything else."""
    entry, table = value.entry, value.kind.rpartition(".")[2]
    if isinstance(entry, AccountEntry):
        return _account_words(entry)
    if not isinstance(entry, Value) or table in _NOT_AMOUNTS:
        return ""
    if entry.figure and table != "second_payment":
        return f"= {entry.label}"
    if table in _RATES:
        whole, rest = divmod(entry.number, 100)
        return f"{whole}.{rest:02} %" if rest else f"{whole} %"
    return "none" if entry.number == NO_CAP else format_yuan(entry.number)


def _account_words(entry: AccountEntry) -> str:
    """Return in few words what an entry of the account rules says."""
    match entry:
        case CreditEntry(of=CreditOf.AMOUNT):
            words = (entry.part.name, format_yuan(entry.amount_fen))
        case CreditEntry():
            words = (entry.part.name, entry.figure or entry.of.name)
        case UseEntry(switch=switch):
            words = (entry.purpose.name, f"if {switch}" if switch else "")
        case DisposalEntry():
            words = (entry.event.name, entry.outcome.name)
        case ContributionEntry():
            words = (entry.product.name, format_yuan(entry.amount_fen))
        case _:
            return ""
    return " ".join(words).lower().replace("_", " ").rstrip()


def _whom(value: CitedValue) -> str:
    """Return levels, statuses and places, leaving out a side on which it holds for all."""
    parts = []
    for side, word, names in _SIDES:
        own: tuple[int, ...] = getattr(value.entry, side, ())
        if isinstance(value.entry, Value) and own and len(set(own)) < len(names):
            parts.append(word + " ".join(names[at] for at in own))
    return ", ".join(parts) or "all"
