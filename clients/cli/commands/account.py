"""`gongji account`: personal accounts."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clients.cli.common import echo_json, friendly, json_option, one_of, server_or_store

if TYPE_CHECKING:
    from gongji.v1 import account_service_pb2

_FIRST, _LAST = "2000-01-01", "2999-12-31"


@click.group(epilog="Example: gongji account statement M1 --from 2024-01-01 --to 2024-12-31")
def account() -> None:
    """Look into personal accounts.

    Exit codes: 0 shown; 1 there is no such member; 2 the command line is wrong; 3 server or store
    cannot be used.
    """


@account.command(epilog="Example: gongji account statement M1 --from 2024-01-01 --store l.sqlite")
@click.argument("member")
@click.option("--from", "first", metavar="DAY", default=_FIRST, help="First day.  [all days]")
@click.option("--to", "last", metavar="DAY", default=_LAST, help="Last day.  [all days]")
@server_or_store
@json_option
@friendly
def statement(
    member: str, first: str, last: str, server: str | None, store: Path | None, as_json: bool
) -> None:
    """Show what moved the account of MEMBER on some days, and the balance after each.

    Days are those on which the ledger booked. An account pays for its owner and for the relatives
    that the owner registered.

    Exit codes: 0 shown; 1 there is no such member; 2 a day is none; 3 server or store cannot be
    used.
    """
    from clients.cli.source import StoreSource
    from clients.fields import day
    from clients.server import Server

    days = {"from": first, "to": last}
    first_day, last_day = (day(days, name) for name in days)
    if last_day < first_day:
        raise click.BadParameter("--to is before the first day, --from")
    target = one_of(server, store)
    with StoreSource(target) if isinstance(target, Path) else Server(target) as source:
        found = source.statement(member, first_day, last_day)
    if as_json:
        echo_json(_json(found))
    else:
        _print(found)


def _json(found: "account_service_pb2.Statement") -> dict[str, object]:
    """Return a statement for programs: yuan as text."""
    from engine.domain.money import format_yuan

    return {
        "member": found.member_id,
        "opening": format_yuan(found.opening_fen),
        "closing": format_yuan(found.closing_fen),
        "movements": [
            {
                "entry_id": movement.entry_id,
                "undoes": movement.undone_settlement_id,
                "booked": movement.booked_day,
                "institution": movement.institution_id,
                "request_id": movement.request_id,
                "patient": movement.patient_member_id,
                "date": movement.service_date,
                "moved": format_yuan(movement.moved_fen),
                "balance": format_yuan(movement.balance_fen),
            }
            for movement in found.movements
        ],
    }


def _print(found: "account_service_pb2.Statement") -> None:
    """Print a statement as a table."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from engine.domain.dates import to_date
    from engine.domain.money import format_yuan

    title = f"{found.member_id} 个人账户明细（元）"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name, right in (
        ("记账日期", False),
        ("业务", False),
        ("编号", True),
        ("就诊人", False),
        ("医药机构", False),
        ("就诊日期", False),
        ("收支", True),
        ("余额", True),
    ):
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    table.add_row("", "期初", "", "", "", "", "", format_yuan(found.opening_fen))
    for movement in found.movements:
        undone = movement.undone_settlement_id
        row: tuple[Any, ...] = (
            to_date(movement.booked_day),
            f"撤销 {undone}" if undone else "结算",
            movement.entry_id,
            movement.patient_member_id,
            movement.institution_id,
            to_date(movement.service_date),
            format_yuan(movement.moved_fen),
            format_yuan(movement.balance_fen),
        )
        table.add_row(*map(str, row))
    table.add_row("", "期末", "", "", "", "", "", format_yuan(found.closing_fen))
    Console(highlight=False).print(table)
