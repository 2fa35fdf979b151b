"""`gongji account`: personal accounts."""

import click

from clients.cli.commands import account_credit, account_link, account_move, account_signals
from clients.cli.common import echo_json, friendly, json_option, one_of, server_or_store
from clients.cli.params import DAY
from clients.cli.stores import Place

_FIRST, _LAST = "2000-01-01", "2999-12-31"


@click.group(epilog="Example: gongji account statement M1 --from 2024-01-01 --to 2024-12-31")
def account() -> None:
    """Personal accounts: what they pay, are credited and come to, and for whom they pay.

    pay, dispose and undo have a request id: the same command with the same --id is done once and
    gives the same answer. credit and credit-run post differences only, so they too may be run again
    at any time.

    Exit codes: 0 done; 1 refused, or there is no such member; 2 the command line is wrong; 3 server
    or store cannot be used, or the outcome is unknown: run the same command again.
    """


for _commands in (account_move, account_credit, account_link, account_signals):
    _commands.add_to(account)


@account.command(epilog="Example: gongji account statement M1 --from 2024-01-01 --store l.sqlite")
@click.argument("member")
@click.option("--from", "first", metavar="DAY", default=_FIRST, help="First day.  [all days]")
@click.option("--to", "last", metavar="DAY", default=_LAST, help="Last day.  [all days]")
@server_or_store
@json_option
@friendly
def statement(
    member: str, first: str, last: str, server: str | None, store: Place | None, as_json: bool
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
    with Server(target) if isinstance(target, str) else StoreSource(target) as source:
        found = source.statement(member, first_day, last_day)
    if as_json:
        echo_json(statement_dict(found))
    else:
        print_statement(found)


@account.command(epilog="Example: gongji account duty --city 441600 --day 2026-06-01")
@click.option("--city", required=True, help="Area code or pinyin name.")
@click.option("--day", type=DAY, required=True, help="The day.")
@server_or_store
@json_option
@friendly
def duty(city: str, day: int, server: str | None, store: Place | None, as_json: bool) -> None:
    """Show what a member of a city contributes a month beside the insurance itself.

    Exit codes: 0 shown, also where the documents do not say; 2 there is no such city or day; 3
    server or store cannot be used.
    """
    from clients.cli.account_ask import allowed, area_of, expect
    from clients.cli.movement_view import duties_dict, print_duties
    from clients.cli.source import open_ledger
    from engine.domain.movement import Duties, GetDuty

    with open_ledger(server, store) as ledger:
        answer = expect(allowed(ledger.account(GetDuty(area_of(ledger, city), day))), Duties)
    if as_json:
        echo_json(duties_dict(answer))
    else:
        print_duties(answer)
