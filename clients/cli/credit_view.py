"""The report of a credit run, for people."""

from typing import Final

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from clients.cli.credit_report import CreditReport, column_of
from clients.cli.movement_view import PARTS, clause_words
from clients.paper import pad
from engine.domain.account import CreditPart
from engine.domain.money import format_yuan
from engine.domain.movement import ReasonTotal
from engine.domain.reasons import Reason

_LABEL_COLUMNS: Final = 34


def print_report(report: CreditReport) -> None:
    """Print what a run posted, by which rules, who has no credit and why, and whether it fits."""
    year, number = divmod(report.month, 100)
    tried = "试算，未记账 dry run, nothing was posted: " if report.dry_run else ""
    click.echo(f"{tried}{report.city} {year}-{number:02} 个人账户划入 credits of the month")
    Console(highlight=False).print(_table(report))
    moved = "应变动账户 accounts to move" if report.dry_run else "变动账户 accounts moved"
    now = "本次应记 to post" if report.dry_run else "本次记入 posted now"
    amounts = (
        ("此前已记 posted before", report.before_fen),
        (now, report.posted_fen),
        ("  其中划入 added", report.posted_fen + report.taken_back_fen),
        ("  其中冲回 taken back", report.taken_back_fen),
        ("未能冲回 not taken back", report.short_fen),
    )
    rows = [
        ("参保人 members of the city", f"{report.members:,}"),
        ("  无个人账户 without an account", f"{report.without_account:,}"),
        ("  未确定 not determined", f"{report.undetermined:,}"),
        (moved, f"{report.posted:,}"),
        *((label, f"{format_yuan(fen)}") for label, fen in amounts),
    ]
    longest = max(len(value) for _, value in rows)
    for label, value in rows:
        click.echo(f"{pad(label, _LABEL_COLUMNS)}{value:>{longest}}")
    for reason in report.reasons:
        click.echo(f"未确定 not determined: {_why(reason)}")
    click.echo(_check(report))


def _table(report: CreditReport) -> Table:
    """Return what each rule gave, with the clause that says its rate; it stands first."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_footer=True)
    table.add_column("来源 part", "合计 total", no_wrap=True)
    table.add_column("依据 by", overflow="fold")
    table.add_column("人数 members", no_wrap=True, justify="right")
    table.add_column("金额 yuan", format_yuan(report.rules_fen), no_wrap=True, justify="right")
    for total in report.rules:
        table.add_row(
            PARTS[CreditPart(total.part)],
            clause_words(total.clauses[0]) if total.clauses else "",
            f"{total.members:,}",
            format_yuan(total.fen),
        )
    return table


def _why(total: ReasonTotal) -> str:
    """Return how many members have no credit, why, an example, and what to do."""
    if total.reason == Reason.NO_FIGURE:
        what = f"the figure {total.missing} is missing; gongji policy supply, then run again"
    elif total.missing:
        what = f"the register has no {column_of(total)} for them; enter it, then run again"
    elif total.reason == Reason.NO_ACCOUNT:
        what = "the account is closed"
    else:
        what = "no rule speaks of them"
    return f"{total.reason.name} × {total.members:,}: {what}; for example {total.example}"


def _check(report: CreditReport) -> str:
    """Return the line that holds the rules' sum against what stands posted."""
    stands = "应立账 would stand" if report.dry_run else "已立账 stands posted"
    sums = f"规则合计 rules {format_yuan(report.rules_fen)}"
    if report.short_fen:
        sums += f" + 未能冲回 not taken back {format_yuan(report.short_fen)}"
    found = f"{stands} {format_yuan(report.standing_fen)}"
    if not report.difference_fen:
        return f"核对 check: {sums} = {found}"
    return f"核对 check: {sums} ≠ {found}, which is {format_yuan(report.difference_fen)} more"
