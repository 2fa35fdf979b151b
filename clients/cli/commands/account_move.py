"""`gongji account pay|dispose|undo`: what moves one account, once for each request id."""

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from clients.cli.common import echo_json, friendly, json_option, server_or_store
from clients.cli.params import DAY, YUAN, names
from clients.cli.stores import Place
from engine.domain.account import DisposalEvent, Product, Purpose

_EXIT = """

    Exit codes: 0 done; 1 refused, nothing moved; 2 wrong command line; 3 server or store cannot
    be used, or the outcome is unknown: run the same command again with the same --id.
"""


def add_to(account: click.Group) -> None:
    """Add the commands to `gongji account`."""
    for command in (pay, dispose, undo):
        command.help = f"{command.help}{_EXIT}"
        account.add_command(command)


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every movement has."""
    own_id = click.option(
        "--id",
        "request_id",
        default="",
        show_default=False,
        help="Id of the request; the same again gives the same answer.  [a new one]",
    )
    return own_id(server_or_store(json_option(friendly(command))))


@click.command(
    epilog="Example: gongji account pay M1 --purpose premium --product resident --for R1 "
    "--amount 380.00 --day 2024-05-05"
)
@click.argument("member")
@click.option("--purpose", type=names(Purpose), required=True, help="What is paid for.")
@click.option(
    "--product", type=names(Product, Product.NONE), help="Of a premium: for which insurance."
)
@click.option("--amount", type=YUAN, required=True, help="What is to be paid, in yuan.")
@click.option("--day", type=DAY, required=True, help="Day of the payment.")
@click.option(
    "--for",
    "person",
    metavar="PERSON",
    default="",
    show_default=False,
    help="Id of the person it is for.  [MEMBER]",
)
@click.option(
    "--institution",
    default="",
    show_default=False,
    help="Id of the institution where it was bought, which asks.  [none: the agency asks]",
)
@_common
def pay(
    member: str,
    purpose: str,
    product: str | None,
    amount: int,
    day: int,
    person: str,
    institution: str,
    request_id: str,
    server: str | None,
    store: Place | None,
    as_json: bool,
) -> None:
    """Pay from the account of MEMBER something other than a settled claim.

    What the city's document does not let accounts pay, or not for that person, is refused with its
    clause. Where the balance is too small, what there is is paid.
    """
    from clients.session import new_id
    from engine.domain.movement import Pay

    is_premium = Purpose[purpose.upper()] == Purpose.PREMIUM
    if is_premium and product is None:
        wanted = ", ".join(_products())
        raise click.UsageError(f"--product: is missing; say what the premium is for: {wanted}")
    if product is not None and not is_premium:
        raise click.UsageError(f"--product: is for --purpose premium, not {purpose}; leave it out")
    request = Pay(
        institution,
        request_id or new_id(),
        member,
        day,
        Purpose[purpose.upper()],
        amount,
        Product[(product or Product.NONE.name).upper()],
        person,
    )
    _move(request, server, store, as_json)


def _products() -> list[str]:
    return [product.name.lower() for product in Product if product]


@click.command(
    epilog="Example: gongji account dispose M1 --event death --day 2024-06-01 --beneficiary "
    "--application A-2024-17 --proof D-2024-3"
)
@click.argument("member")
@click.option("--event", type=names(DisposalEvent), required=True, help="What has happened.")
@click.option("--day", type=DAY, required=True, help="Day of the event.")
@click.option(
    "--to-area",
    default="",
    show_default=False,
    help="Six-digit administrative code of where the member goes.  [stays in the city]",
)
@click.option("--beneficiary", is_flag=True, help="An heir or a beneficiary claims the balance.")
@click.option(
    "--application",
    default="",
    show_default=False,
    help="Reference of the application for the balance.  [nobody has applied]",
)
@click.option(
    "--proof",
    default="",
    show_default=False,
    help="Reference of the document that proves the event.  [none]",
)
@_common
def dispose(
    member: str,
    event: str,
    day: int,
    to_area: str,
    beneficiary: bool,
    application: str,
    proof: str,
    request_id: str,
    server: str | None,
    store: Place | None,
    as_json: bool,
) -> None:
    """End the account of MEMBER, or move it, as the city's document says of an event.

    The balance is paid to the member or to the heir, transferred, or kept.
    """
    from clients.session import new_id
    from engine.domain.movement import Dispose

    request = Dispose(
        request_id or new_id(),
        member,
        day,
        DisposalEvent[event.upper()],
        to_area,
        beneficiary,
        application,
        proof,
    )
    _move(request, server, store, as_json)


@click.command(epilog="Example: gongji account undo --movement 17")
@click.option("--movement", type=click.IntRange(1, 2**63 - 1), help="The movement, by its number.")
@click.option(
    "--original-id",
    "original",
    default="",
    show_default=False,
    help="The movement, by the id of its request, whose answer was lost.",
)
@click.option(
    "--institution",
    default="",
    show_default=False,
    help="Id of the institution that had asked for it.  [none: the agency]",
)
@_common
def undo(
    movement: int | None,
    original: str,
    institution: str,
    request_id: str,
    server: str | None,
    store: Place | None,
    as_json: bool,
) -> None:
    """Take a payment, a disposal or a credit back.

    By --original-id it is taken back whether or not it arrived: a request that arrives later is
    refused.
    """
    from clients.session import new_id
    from engine.domain.movement import UndoMovement

    if (movement is None) == (not original):
        raise click.UsageError("give --movement or --original-id, one of the two")
    own = request_id or new_id()
    _move(UndoMovement(institution, own, movement or 0, original), server, store, as_json)


def _move(request: Any, server: str | None, store: Place | None, as_json: bool) -> None:
    """Ask for a movement, under the request's own id, and print what became of it."""
    from clients.cli.account_ask import ask, expect
    from clients.cli.movement_view import moved_dict, nothing_dict, print_moved, print_nothing
    from engine.domain.movement import Moved
    from engine.domain.request import NothingToReverse

    answer = ask(server, store, request, request_id=request.request_id)
    if isinstance(answer, NothingToReverse):
        shown, show = nothing_dict(answer), partial(print_nothing, answer)
    else:
        moved = expect(answer, Moved)
        shown, show = moved_dict(moved), partial(print_moved, moved)
    if as_json:
        echo_json(shown)
    else:
        show()
