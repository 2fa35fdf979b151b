"""A file of claims under the rules of several cities: totals side by side."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from clients.cli.compare import Bench, Registers, of_kind, read_items
from clients.files import ClaimRow, read_claims
from clients.receipt import REASONS
from clients.rows import BadRow
from clients.table import file_digest
from engine.domain.layout import AMOUNTS, Array
from engine.domain.money import format_yuan
from engine.domain.reasons import Reason
from engine.domain.register import AccountOpening, Institution, Member, Opening
from engine.domain.request import BatchAnswer

_BATCH: Final = 1_000
"""Claims of the file that are settled at once, under every city."""

_NOT_SERVED: Final = "NOT_SERVED"

_COMPARED: Final = ("in_scope", "pooled_fund", "large_amount_fund", "institution_share", "person")
"""Two cities differ in a claim if one of these differs, or if one of them refuses it."""

_SUMS: Final = (
    ("total", "总额 total"),
    ("in_scope", "政策范围内 in scope"),
    ("pooled_fund", "统筹基金 pooled fund"),
    ("large_amount_fund", "大额补助 large-amount"),
    ("institution_share", "医疗机构 institution"),
    ("account", "个人账户 own account"),
    ("family_account", "共济账户 family acct"),
    ("cash", "现金 cash"),
    ("person", "个人负担 person"),
)
_ALWAYS: Final = frozenset({"total", "in_scope", "pooled_fund", "person"})


class Totals:
    """What the claims of a file came to under the rules of one city."""

    def __init__(self, area: str, name: str) -> None:
        self.area = area
        self.name = name
        self.settled = 0
        self.refused: Counter[str] = Counter()
        """By reason."""
        self.sums = dict.fromkeys(AMOUNTS, 0)
        """In fen, of the claims that were settled."""
        self.differ = 0
        """Claims that came out otherwise than in the first city."""

    @property
    def share_bp(self) -> int:
        """What the two funds paid of the total of the settled claims, in basis points."""
        paid = self.sums["pooled_fund"] + self.sums["large_amount_fund"]
        total = self.sums["total"]
        return paid * 10_000 // total if total else 0


class Compared(NamedTuple):
    """A file under all cities: totals in their order, and the lines that hold no claim."""

    claims: int
    totals: list[Totals]
    bad: list[BadRow]


def enter_registers(
    bench: Bench, members: Path, institutions: Path, openings: Path | None
) -> Registers:
    """Return the registers that the files hold, entered for every city.

    Raises:
        FileError: a file cannot be used, or one of its lines is no entry.
        InvalidInput: an entry is not accepted.
    """
    registers = Registers(bench)
    registers.enter(
        of_kind(read_items(members, "members"), Member),
        of_kind(read_items(institutions, "institutions"), Institution),
        [
            item
            for item in (read_items(openings, "openings") if openings else ())
            if isinstance(item, Opening | AccountOpening)
        ],
    )
    return registers


def compare_file(bench: Bench, registers: Registers, file: Path, *, quiet: bool) -> Compared:
    """Settle every claim of a file, in its order, under every city.

    Args:
        bench: The cities, with their figures.
        registers: The people of the claims.
        file: The claims.
        quiet: Whether to show no progress.

    Raises:
        FileError: the file as a whole cannot be used.
    """
    totals = [Totals(city.area, city.name) for city in bench.cities]
    bad: list[BadRow] = []
    count = 0
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=quiet,
    ) as progress:
        task = progress.add_task(file.name, total=None)
        rows = _claims(file, bad)
        while batch := list(islice(rows, _BATCH)):
            answer = bench.settle(
                [
                    registers.carry(row.claim, city.area, str(row.line))
                    for city in bench.cities
                    for row in batch
                ]
            )
            _add(totals, answer, len(batch))
            count += len(batch)
            progress.update(task, completed=count)
    return Compared(count, totals, bad)


def _claims(file: Path, bad: list[BadRow]) -> Iterator[ClaimRow]:
    """Yield the claims of a file; what is none, or comes again, goes to `bad`."""
    ids: set[tuple[str, str]] = set()
    for row in read_claims(file, file_digest(file)):
        if isinstance(row, BadRow):
            bad.append(row)
            continue
        key = (row.claim.institution, row.claim.request_id)
        if key in ids:
            bad.append(BadRow(row.line, "request_id", "stands twice; remove one of the two"))
            continue
        ids.add(key)
        yield row


def _add(totals: Sequence[Totals], answer: BatchAnswer, count: int) -> None:
    """Add the answers of a batch: all claims under the first city, then under the next."""
    first: Array | None = None
    for number, city in enumerate(totals):
        rows = range(number * count, (number + 1) * count)
        results = answer.entries["result"][rows.start : rows.stop]
        settled = np.ones(count, np.int64)
        for row in rows:
            if row in answer.errors:
                city.refused[_NOT_SERVED] += 1
            elif row in answer.refusals:
                city.refused[answer.refusals[row].reason.name] += 1
            else:
                continue
            settled[row - rows.start] = 0
        city.settled += int(settled.sum())
        for name in AMOUNTS:
            city.sums[name] += int(results[name].sum())
        outcome = np.stack([settled, *(results[name] for name in _COMPARED)])
        if first is None:
            first = outcome
        city.differ += int((outcome != first).any(axis=0).sum())


# --- for people and programs -------------------------------------------------------------


def print_compared(compared: Compared) -> None:
    """Print the totals of the cities side by side."""
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for city in compared.totals:
        table.add_column(city.name, justify="right", overflow="fold")
    totals = compared.totals
    table.add_row("已结算 settled", *(f"{city.settled:,}" for city in totals))
    table.add_row("拒付 refused", *(f"{city.refused.total():,}" for city in totals))
    for reason in sorted({reason for city in totals for reason in city.refused}):
        table.add_row(f"  {reason}", *(f"{city.refused[reason]:,}" for city in totals))
    for name, label in _SUMS:
        if name in _ALWAYS or any(city.sums[name] for city in totals):
            table.add_row(label, *(format_yuan(city.sums[name]) for city in totals))
    shares = (f"{city.share_bp // 100}.{city.share_bp % 100:02}%" for city in totals)
    table.add_row("基金支付率 funds' share", *shares)
    label = f"与{totals[0].name}不同 differ"
    table.add_row(label, "", *(f"{city.differ:,}" for city in totals[1:]))
    # Amounts stay whole: what is wider than the window is for the window to fold.
    console.print(table, width=max(console.width, console.measure(table).maximum), crop=False)
    reasons = {reason for city in totals for reason in city.refused} - {_NOT_SERVED}
    for reason in sorted(reasons):
        console.print(f"{reason}: {REASONS[Reason[reason]]}")
    console.print(f"{compared.claims:,} claims, {len(compared.bad):,} lines not taken")


def compared_dict(compared: Compared) -> dict[str, object]:
    """Return the totals for programs: yuan as text, the share in per cent."""
    return {
        "claims": compared.claims,
        "not_taken": [row._asdict() for row in compared.bad],
        "cities": [
            {
                "area": city.area,
                "name": city.name,
                "settled": city.settled,
                "refused": city.refused.total(),
                "refused_by": dict(sorted(city.refused.items())),
                "sums": {name: format_yuan(fen) for name, fen in city.sums.items()},
                "funds_share_bp": city.share_bp,
                "differ_from_first": city.differ,
            }
            for city in compared.totals
        ],
    }
