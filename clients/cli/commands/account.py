"""`gongji account`: personal accounts."""

from pathlib import Path

import click

from clients.cli.common import echo_json, friendly, json_option, one_of, server_or_store

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
    from clients.cli.account_view import print_statement, statement_dict
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
        echo_json(statement_dict(found))
    else:
        print_statement(found)
