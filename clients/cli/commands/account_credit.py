"""`gongji account credit|credit-run`: the monthly credit of one member, or of a city."""

from typing import TYPE_CHECKING

import click

from clients.cli.common import Fail, echo_json, friendly, json_option, server_or_store
from clients.cli.params import MONTH
from clients.cli.stores import Place

if TYPE_CHECKING:
    from clients.cli.credit_report import CreditReport
    from clients.cli.source import StoreSource
    from clients.server import Server

_STOPPED = "stopped by you; what was posted stays: run the same command again, it posts the rest"


def add_to(account: click.Group) -> None:
    """Add the commands to `gongji account`."""
    account.add_command(credit)
    account.add_command(credit_run)


@click.command(epilog="Example: gongji account credit M1 --month 2024-06")
@click.argument("member")
@click.option("--month", type=MONTH, required=True, help="The month.")
@server_or_store
@json_option
@friendly
def credit(member: str, month: int, server: str | None, store: Place | None, as_json: bool) -> None:
    """Credit the account of MEMBER for a month, by the register and the rules as they are now.

    Asked again, only what has changed since is posted, or taken back as far as the balance goes.

    Exit codes: 0 done, also where there was nothing to post; 1 refused: there is no such member,
    or the credit is not determined; 2 wrong command line; 3 server or store cannot be used: run it
    again.
    """
    from clients.cli.account_ask import ask, expect
    from clients.cli.movement_view import credited_dict, print_credited
    from engine.domain.movement import CreditedMember, CreditMember

    answer = expect(ask(server, store, CreditMember(member, month)), CreditedMember)
    if as_json:
        echo_json(credited_dict(answer))
    else:
        print_credited(answer)


@click.command(
    "credit-run",
    epilog="Example: gongji account credit-run --city 370100 --month 2024-06",
)
@click.option("--city", required=True, help="Area code or pinyin name.")
@click.option("--month", type=MONTH, required=True, help="The month.")
@click.option("--dry-run", is_flag=True, help="Say what it would post, and post nothing.")
@server_or_store
@json_option
@friendly
def credit_run(
    city: str,
    month: int,
    dry_run: bool,
    server: str | None,
    store: Place | None,
    as_json: bool,
) -> None:
    """Credit every member of a city for a month, and report by rule what it came to.

    A run can be broken off and run again at any time: what was posted for the month before counts,
    and only differences are posted. Members whose credit is not determined, because a figure or an
    entry of the register is missing, are left out and counted with the reason; once it is there,
    run it again. Of each rule the clause with its rate is shown; --json has all it rests on.

    Exit codes: 0 done, also where some members have no determined credit; 1 refused; 2 wrong
    command line, or no such city; 3 server or store cannot be used, or the run was stopped: run it
    again; also 3 if the sums do not fit.
    """
    from clients.cli.account_ask import area_of
    from clients.cli.credit_view import print_report
    from clients.cli.filerun import resumable
    from clients.cli.source import open_ledger

    with resumable(_STOPPED), open_ledger(server, store) as ledger:
        report = _run(ledger, area_of(ledger, city), month, dry_run, as_json)
    if as_json:
        echo_json(report.as_dict())
    else:
        print_report(report)
    if report.difference_fen:
        raise Fail("the run's sums do not fit; check the store: gongji verify --store FILE")


def _run(
    ledger: "StoreSource | Server", area: str, month: int, dry_run: bool, as_json: bool
) -> "CreditReport":
    """Do the steps of a run behind a progress bar on standard error; return their report."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from clients.cli.credit_report import CreditReport

    console = Console(stderr=True)
    report = CreditReport(area, month)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=as_json or not console.is_terminal,
    ) as progress:
        task = progress.add_task(f"{area} {month}", total=None)
        for step in ledger.credit_run(area, month, dry_run=dry_run):
            report.add(step)
            progress.update(task, completed=step.next, total=step.registered)
    return report
