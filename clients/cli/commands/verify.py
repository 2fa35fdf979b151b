"""`gongji verify`: check a store."""

from typing import Final

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from clients.cli.common import DONE, echo_json, friendly, json_option
from clients.cli.stores import Place, PlaceType, check_there, open_store
from engine.domain.money import format_yuan
from engine.store.protocol import Store
from engine.verify.check import STAGES, verify_store
from engine.verify.report import FINDINGS_KEPT, Report

FOUND: Final = 1

EXAMPLE = """\b
Example:
  gongji verify --store ledger.sqlite
"""


@click.command(epilog=EXAMPLE, short_help="Check a store: every amount, every counter, every sum.")
@click.option(
    "--store",
    "place",
    required=True,
    type=PlaceType(),
    help="Store to check: an SQLite file that no server holds, or postgresql://…",
)
@click.option(
    "--findings",
    type=click.IntRange(min=0),
    default=FINDINGS_KEPT,
    show_default=True,
    help="How many findings are shown; all are counted.",
)
@json_option
@friendly
def verify(place: Place, findings: int, as_json: bool) -> None:
    """Check a store: every amount, every counter, every sum.

    Reads the journal from its first segment. Settles every claim again by the reference kernel,
    under the rules and facts that were stored with it, and adds every counter, account and
    request id up anew.

    Exit code 0: nothing found. 1: something is wrong; each finding is shown. 3: the store cannot
    be opened.
    """
    check_there(place)
    with open_store(place, check=False) as store, store.snapshot():
        report = _run(store, findings, as_json)
        end = {"sequence": store.sequence, "position": store.last_position}
        digest = store.last_digest.hex()
    if as_json:
        echo_json(report.as_dict() | {"journal_end": end | {"digest": digest}})
    else:
        _print(report)
        click.echo(
            f"complete up to segment {end['sequence']}, journal position {end['position']}, digest "
            f"{digest}"
        )
    raise SystemExit(DONE if report.ok else FOUND)


def _run(store: Store, findings: int, as_json: bool) -> Report:
    """Check the store behind a progress bar on standard error."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=as_json or not console.is_terminal,
    ) as bars:
        tasks: dict[str, TaskID] = {stage: bars.add_task(stage, total=None) for stage in STAGES}

        def progress(stage: str, done: int, total: int) -> None:
            bars.update(tasks[stage], completed=done, total=total)

        return verify_store(store, progress, findings)


def _print(report: Report) -> None:
    for finding in report.findings:
        click.echo(finding.text())
    if report.finding_count > len(report.findings):
        click.echo(f"and {report.finding_count - len(report.findings)} more")
    click.echo(
        f"{report.segments} segments: {report.settlements} settlements, {report.undos} undos, "
        f"{report.tombstones} tombstones, {report.movements} movements of accounts; "
        f"{report.members} members, "
        f"{report.institutions} institutions, {report.plans} plans"
    )
    click.echo(f"total {format_yuan(report.total_fen)} yuan, paid by")
    for name, amount_fen in report.payers_fen.items():
        click.echo(f"  {name:<18} {format_yuan(amount_fen):>20}")
    moved = ", ".join(f"{k} {format_yuan(fen)}" for k, fen in report.movements_fen.items())
    click.echo(f"accounts moved outside of claims: {moved}")
    click.echo(
        f"{report.tables_compared} rows of the tables compared, as of segment "
        f"{report.checkpoint_sequence}"
    )
    click.echo(f"result digest {report.digest}")
    if report.ok:
        click.echo("ok: nothing found")
        return
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(report.counted.items()))
    click.echo(f"NOT ok: {report.finding_count} findings ({kinds})")
