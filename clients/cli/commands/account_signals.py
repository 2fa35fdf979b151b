"""`gongji account signals`: what is worth a look in the use of accounts."""

from typing import TYPE_CHECKING, Final

import click

from clients.cli.common import echo_json, friendly, json_option, server_or_store
from clients.cli.params import DAY, YUAN
from clients.cli.stores import Place
from engine.domain.dates import DATE_MAX
from engine.domain.money import format_yuan
from engine.domain.signals import Limits

if TYPE_CHECKING:
    from engine.domain.signals import Signal

_DEFAULTS: Final = Limits()
_LEAST: Final = click.IntRange(1)


def add_to(account: click.Group) -> None:
    """Add the command to `gongji account`."""
    account.add_command(signals)


@click.command(
    epilog="Example: gongji account signals --from 2024-01-01 --to 2024-03-31 --store l.sqlite"
)
@click.argument("member", default="")
@click.option("--from", "first", type=DAY, required=True, help="First day.")
@click.option("--to", "last", type=DAY, required=True, help="Last day.")
@click.option(
    "--many-a-day",
    type=_LEAST,
    metavar="N",
    default=_DEFAULTS.many_a_day,
    show_default=True,
    help="At least N payments on one day.",
)
@click.option(
    "--same-amount",
    type=_LEAST,
    metavar="N",
    default=_DEFAULTS.same_amount,
    show_default=True,
    help="At least N payments of the same amount at the same institution.",
)
@click.option(
    "--emptied",
    type=YUAN,
    metavar="YUAN",
    default=format_yuan(_DEFAULTS.emptied_fen),
    show_default=True,
    help="One payment of at least that much took the whole balance.",
)
@click.option(
    "--places-a-day",
    type=_LEAST,
    metavar="N",
    default=_DEFAULTS.places_a_day,
    show_default=True,
    help="Payments at N or more institutions on one day.",
)
@click.option(
    "--several-persons",
    type=_LEAST,
    metavar="N",
    default=_DEFAULTS.several_persons,
    show_default=True,
    help="Payments for N or more persons, the owner among them.",
)
@server_or_store
@json_option
@friendly
def signals(
    member: str,
    first: int,
    last: int,
    many_a_day: int,
    same_amount: int,
    emptied: int,
    places_a_day: int,
    several_persons: int,
    server: str | None,
    store: Place | None,
    as_json: bool,
) -> None:
    """List what is worth a look in the use of the account of MEMBER, or of every account.

    Signals are facts to look at and no verdicts: nobody is accused, and nothing is blocked. Each
    comes with the payments it is made of: settled claims and payments outside of claims, without
    what was taken back since, by the numbers that gongji account statement shows. The limits are
    yours to set; the documents give none. Days are those on which the ledger booked.

    Without MEMBER the whole journal of a store is read: give --store.

    Exit codes: 0 listed, whether or not there is anything; 1 there is no such member; 2 wrong
    command line; 3 server or store cannot be used.
    """
    from clients.cli.signals_view import print_signals, signals_dict

    if last < first:
        raise click.UsageError("--to is before the first day, --from")
    days = first, last
    limits = Limits(many_a_day, same_amount, emptied, places_a_day, several_persons)
    if member:
        found = _of_member(member, days, limits, server, store)
    elif store is not None:
        found = _of_store(server, store, days, limits, as_json)
    else:
        raise click.UsageError(
            "without MEMBER every account of a store is looked at, which a server does not do: "
            "name a MEMBER, or give --store FILE"
        )
    if as_json:
        echo_json(signals_dict(found, days, limits))
    else:
        print_signals(found, days)


def _of_member(
    member: str,
    days: tuple[int, int],
    limits: Limits,
    server: str | None,
    store: Place | None,
) -> "tuple[Signal, ...]":
    """Return the signals of one account, by its statement."""
    from clients.accounts import movements_of
    from clients.cli.source import open_ledger
    from engine.domain.signals import payments_of, signals_of

    with open_ledger(server, store) as ledger:
        statement = ledger.statement(member, days[0], DATE_MAX)
    return signals_of(payments_of(member, movements_of(statement), *days), limits)


def _of_store(
    server: str | None, store: Place, days: tuple[int, int], limits: Limits, as_json: bool
) -> "tuple[Signal, ...]":
    """Return the signals of every account, by a pass behind a progress bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from clients.cli.common import one_of
    from clients.cli.local import LocalLedger

    one_of(server, store)
    console = Console(stderr=True)
    with (
        LocalLedger(store, create=False) as ledger,
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=as_json or not console.is_terminal,
        ) as bars,
    ):
        task = bars.add_task("journal", total=None)

        def progress(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        return tuple(ledger.pipeline.signals(*days, limits, progress))
