"""A file of claims settled through a lane, with a progress bar and a summary."""

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from clients.cli.common import SOME_REFUSED, Fail, echo_json
from clients.clock import Clock
from clients.files import have_own_ids
from clients.gateway import Lane, Watcher, settle_file
from clients.lines import UTF_8
from clients.receipt import REASONS
from clients.run import Earlier, Run
from clients.table import count_rows, encoding_of, file_digest, is_parquet
from engine.domain.money import format_yuan
from engine.domain.reasons import Reason

_PAYERS: Final = (
    ("pooled_fund", "统筹基金 pooled fund"),
    ("large_amount_fund", "大额补助 large-amount fund"),
    ("institution_share", "医疗机构 institution"),
    ("account", "个人账户 own account"),
    ("family_account", "共济账户 family account"),
    ("cash", "现金 cash"),
    ("total", "总额 total"),
)

STOPPED: Final = "stopped by you; what was answered stays: run the same command to resume"


def run_file(
    file: Path,
    lane: Lane,
    *,
    out: Path | None,
    again: bool,
    encoding: str,
    as_json: bool,
    clock: Clock | None = None,
) -> None:
    """Settle a file, or what is left of it; print the summary and leave with its exit code.

    With a `clock`, where the time went is part of the summary.
    """
    clock, timed = clock or Clock(), clock is not None
    with clock.stage("read"):
        encoding = encoding_of(file, encoding)
        digest, own_ids = file_digest(file), have_own_ids(file, encoding)
    folder = out or file.with_name(f"{file.name}.gongji")
    with (
        resumable(),
        Run(file, digest, folder=folder, own_ids=own_ids, again=again, encoding=encoding) as run,
    ):
        resumed_at, earlier = run.last_line, run.earlier
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=as_json,
        ) as progress:
            task = progress.add_task(file.name, total=count_rows(file), completed=run.last_line)
            watcher = Watcher(line=lambda line: progress.update(task, completed=line), clock=clock)
            settle_file(file, digest, run, lane, watcher)
            with clock.stage("write"):
                results = run.results()
        counts = dict(run.counts)
    if as_json:
        echo_json(
            {
                "file": file.name,
                "digest": digest,
                "encoding": encoding,
                "out": str(folder),
                **summary(counts),
                "earlier": earlier and earlier._asdict(),
                **({"timings": _seconds(clock)} if timed else {}),
            }
        )
    else:
        if resumed_at:
            unit = "row" if is_parquet(file) else "line"
            click.echo(f"resumed after {unit} {resumed_at}")
        elif earlier:
            click.echo(_looking_back(earlier, counts))
        if encoding != UTF_8:
            click.echo(f"read as {encoding.upper()}")
        print_summary(counts, results)
        if timed:
            print_timings(clock, sum(counts.get(name, 0) for name in _ANSWERED))
    if counts.get("refused") or counts.get("malformed"):
        raise click.exceptions.Exit(SOME_REFUSED)


_ANSWERED: Final = ("settled", "replayed", "refused", "malformed")


def _seconds(clock: Clock) -> dict[str, dict[str, float]]:
    """Return seconds and processor seconds by stage, the longest first."""
    return {
        stage: {"seconds": spent / 1e9, "cpu_seconds": clock.processor[stage] / 1e9}
        for stage, spent in clock.spent.most_common()
    }


def print_timings(clock: Clock, claims: int) -> None:
    """Print where the time went, by stage."""
    together, processor = clock.spent.total(), clock.processor.total()
    table = Table(box=None, pad_edge=False)
    for name in ("用时 stage", "s", "%", "us/claim", "CPU s"):
        table.add_column(name, justify="left" if name.endswith("stage") else "right")
    stages = [(name, spent, clock.processor[name]) for name, spent in clock.spent.most_common()]
    for stage, spent, used in [*stages, ("together", together, processor)]:
        share, each = 100 * spent / max(1, together), spent / 1e3 / max(1, claims)
        seconds = f"{spent / 1e9:.2f}", f"{share:.1f}", f"{each:.2f}", f"{used / 1e9:.2f}"
        table.add_row(stage, *seconds)
    Console().print(table)


_STOPS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def resumable(line: str = STOPPED) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into a line that says how to go on.

    SIGINT as well: in a shell's background job it is ignored from the start.
    """
    before = {number: signal.signal(number, _interrupt) for number in _STOPS}
    try:
        yield
    except KeyboardInterrupt:
        raise Fail(line) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _looking_back(earlier: Earlier, counts: Mapping[str, int]) -> str:
    """Return what a finished file came to before, and what is new."""
    new = counts.get("settled", 0)
    left = earlier.refused + earlier.malformed
    words = f"{earlier.settled:,} settled and {left:,} refused or malformed earlier"
    tried = ", tried again now" if left else ""
    return (
        f"{f'{new:,} settled now; ' if new else 'nothing new: '}{words} ({earlier.date}){tried}; "
        "--again asks for every answer anew"
    )


def summary(counts: Mapping[str, int]) -> dict[str, object]:
    """Return the summary of a run for programs: counts, sums in yuan, reasons."""
    return {
        **{name: counts.get(name, 0) for name in ("settled", "replayed", "refused", "malformed")},
        "sums": {name: format_yuan(counts.get(f"sum.{name}", 0)) for name, _ in _PAYERS},
        "refused_by": _by(counts, "refused."),
        "excluded_by": _by(counts, "excluded."),
    }


def _by(counts: Mapping[str, int], prefix: str) -> dict[str, int]:
    found = {
        key.removeprefix(prefix): n for key, n in counts.items() if key.startswith(prefix) and n
    }
    return dict(sorted(found.items()))


def print_summary(counts: Mapping[str, int], results: Path) -> None:
    """Print the summary of a run for people, and where its results and refusals are."""
    console = Console()
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for name, label in (
        ("settled", "已结算 settled now"),
        ("replayed", "先前已结算 settled before"),
        ("refused", "拒付 refused"),
        ("malformed", "格式错误 malformed"),
    ):
        table.add_row(label, f"{counts.get(name, 0):,}")
    for name, label in _PAYERS:
        if (amount := counts.get(f"sum.{name}", 0)) or name in ("pooled_fund", "cash", "total"):
            table.add_row(label, f"{format_yuan(amount)} 元")
    console.print(table)
    for title, prefix in (("refused", "refused."), ("nothing from the fund", "excluded.")):
        for code, number in _by(counts, prefix).items():
            console.print(f"{title}: {code} {REASONS[Reason[code]]} × {number:,}", highlight=False)
    console.print(f"results   {results}", highlight=False, soft_wrap=True)
    if counts.get("refused") or counts.get("malformed"):
        refusals = results.with_name("refusals.csv")
        console.print(f"refusals  {refusals}", highlight=False, soft_wrap=True)
