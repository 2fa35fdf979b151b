"""`gongji terminal`: one claim at a counter, with a receipt."""

import datetime
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clients.cli.common import friendly, json_option, server_option

if TYPE_CHECKING:
    from clients.outbox import Outbox
    from clients.session import Session
    from engine.domain.claim import Claim
    from gongji.v1.settlement_service_pb2 import SettleResponse

_TEXTS = {
    "benefit": "What is asked for: ordinary, chronic, special, day_surgery or emergency.  "
    "[ordinary]",
    "visit": "Id of the visit, where several claims belong to one.  [the request id]",
    "disease": "Code of the disease or procedure, for chronic, special and day surgery.",
    "prescriber": "Institution that wrote the prescription, at a pharmacy.",
    "liability": "Who else is liable: work_injury, third_party, public_health, abroad or "
    "maternity.",
    "admission": "Institution of the inpatient stay that this visit is merged into.",
    "prescription": "Id of the external prescription, at a pharmacy.",
    "payer": "Relative whose account pays what the own account leaves.",
}
_MONEY = {
    "in_scope": "In scope of the catalogue.",
    "pre_payment": "Paid first by the person (class B).",
    "over_limit": "Over the price ceiling.",
    "non_covered": "Outside the catalogue.",
    "total": "What they add up to.  [their sum]",
    "liable_amount": "Part of the in-scope amount that somebody else is liable for.  [all]",
}
_FLAGS = {
    "emergency": "It was an emergency.",
    "referred": "The person was referred.",
    "statement": "The institution's statement of special circumstances is filed.",
    "manual": "A paper claim at the agency, not networked.",
    "use_account": "Let the person's own account pay.",
}
_LINE = (
    "One line of the bill in place of the four parts; once for each. CLASS is A, B or none "
    "(outside the catalogue), KEY one of first_pay, over_limit, flag, benefit, quantity, "
    "unit_price, price_ceiling, code."
)
_PAPER = (
    "A document that came with a paper claim, once for each: credential, invoice, medical_record "
    "or charge_list."
)
_REPEATED = {"lines": "line", "papers": "paper"}
"""Options that can be given several times, by the keys of a record that they make up."""
_EXAMPLES = """Example: gongji terminal {name} claim.json --institution H1

    \b
    A bill by its lines:
      gongji terminal {name} --institution H1 --member M1 --line A,80.00 \\
          --line B,quantity=2,unit_price=50.00,price_ceiling=40.00,first_pay=0.10
"""
_WHOLE_YUAN = re.compile(r"[0-9]+", re.ASCII)

EXIT_CODES = """

    Exit codes: 0 done; 1 refused or malformed; 2 wrong command line; 3 the server cannot be
    reached, or the outcome is unknown: gongji terminal resend, or reverse.
"""


@click.group(
    epilog="Example: gongji terminal settle --institution H1 --member M1 --date 2024-03-05 "
    "--in-scope 320.00"
)
def terminal() -> None:
    """Settle, preview, cancel, reverse or look up one claim; prints a receipt in Chinese.

    The request id is written to an outbox on disk before anything is sent. If no answer comes the
    outcome is unknown, never "failed": `resend` asks again under the same id, `reverse` takes the
    claim back whether or not it arrived.

    Exit codes: 0 done; 1 refused or malformed; 2 wrong command line; 3 the server cannot be
    reached, or the outcome is unknown.
    """


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options every sub-command has."""
    for option in (
        json_option,
        click.option("--patience", type=click.IntRange(1), default=30, help="Seconds to wait."),
        click.option(
            "--outbox",
            type=click.Path(path_type=Path, file_okay=False),
            envvar="GONGJI_OUTBOX",
            help="Folder of unanswered requests.  [~/.local/state/gongji]",
        ),
        server_option,
        click.option(
            "--institution",
            envvar="GONGJI_INSTITUTION",
            help="Whose terminal this is.",
        ),
    ):
        command = option(command)
    return friendly(command)


def _claim_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe a claim, under the names of the worked-case format."""
    for name, text in reversed(_FLAGS.items()):
        command = click.option(f"--{name.replace('_', '-')}", is_flag=True, help=text)(command)
    command = click.option("--paper", multiple=True, metavar="NAME", help=_PAPER)(command)
    for name, text in reversed(_TEXTS.items()):
        command = click.option(f"--{name.replace('_', '-')}", help=text)(command)
    line = click.option("--line", multiple=True, metavar="CLASS[,YUAN][,KEY=VALUE]...", help=_LINE)
    command = line(command)
    for name, text in reversed(_MONEY.items()):
        command = click.option(f"--{name.replace('_', '-')}", metavar="YUAN", help=text)(command)
    day = click.DateTime(["%Y-%m-%d"])
    command = click.option("--until", type=day, help="Last service date.")(command)
    command = click.option("--date", type=day, help="Service date.  [today]")(command)
    command = click.option("--request-id", help="Id of the request.  [a new one]")(command)
    command = click.option("--member", help="Who was treated.")(command)
    return click.argument("claim_file", metavar="[FILE]", type=click.File("rb"), required=False)(
        command
    )


def _read_claim(claim_file: Any, institution: str | None, given: dict[str, Any]) -> "Claim":
    """Return the claim that a JSON file, the options, or both describe; options win."""
    from clients.files import CLAIM_COLUMNS, claim_column, claim_from_fields
    from clients.rows import BadRow, check_names
    from clients.session import new_id
    from clients.table import read_json
    from engine.errors import InvalidInput

    try:
        fields = read_json(claim_file.read()) if claim_file else {}
        for name, value in given.items():
            if isinstance(value, datetime.datetime):
                fields[name] = value.date().isoformat()
            elif name == "line" and value:
                fields["lines"] = [_line(n, text) for n, text in enumerate(value, 1)]
            elif name == "paper" and value:
                fields["papers"] = list(value)
            elif name in _MONEY and value and _WHOLE_YUAN.fullmatch(value):
                fields[name] = f"{value}.00"
            elif value:
                fields[name] = value
        china = datetime.timezone(datetime.timedelta(hours=8))
        fields.setdefault("date", datetime.datetime.now(china).date().isoformat())
        if institution:
            fields["institution"] = institution
        row = check_names(0, fields, CLAIM_COLUMNS)
        if isinstance(row, BadRow):
            raise InvalidInput(row.column, row.problem)
        return claim_from_fields(row.fields, new_id())
    except InvalidInput as error:
        where = _option(claim_column(error.path), given)
        raise click.UsageError(f"{where}: {error.problem}" if where else error.problem) from None


def _line(number: int, text: str) -> dict[str, object]:
    """Return the record of a `--line`, the `number`-th."""
    from clients.bill import line_from_text
    from engine.errors import InvalidInput

    try:
        return line_from_text(text)
    except InvalidInput as error:
        key = f".{error.path}" if error.path else ""
        raise InvalidInput(f"lines[{number - 1}]{key}", error.problem) from None


def _option(column: str, given: dict[str, Any]) -> str:
    """Return the option that a column came from; of a line that FILE holds, its path."""
    key, bracket, rest = column.partition("[")
    option = _REPEATED.get(key, "")
    if not bracket:
        return f"--{(option or column).replace('_', '-')}" if column else ""
    if not given.get(option):
        return column
    number, _, name = rest.partition("]")
    return f"--{option} {int(number) + 1}{name.replace('.', ': ')}"


@terminal.command(epilog=_EXAMPLES.format(name="settle"))
@_claim_options
@_common
def settle(claim_file: Any, **options: Any) -> None:
    """Settle a claim from the options, or from FILE (JSON; - for standard input)."""
    common = _split(options)
    claim = _read_claim(claim_file, common["institution"], options)
    common["institution"] = claim.institution
    _run(common, lambda session: session.settle(claim), "settle")


@terminal.command(epilog=_EXAMPLES.format(name="preview"))
@_claim_options
@_common
def preview(claim_file: Any, **options: Any) -> None:
    """Show what settling a claim would give now; nothing is recorded."""
    common = _split(options)
    claim = _read_claim(claim_file, common["institution"], options)
    common["institution"] = claim.institution
    _run(common, lambda session: session.preview(claim), "preview", keeps=False)


@terminal.command(epilog="Example: gongji terminal cancel 17 --institution H1")
@click.argument("settlement_id", type=click.IntRange(1))
@click.option("--request-id", help="The cancel's own id.  [a new one]")
@_common
def cancel(settlement_id: int, request_id: str | None, **common: Any) -> None:
    """Undo a settlement by its id."""
    from clients.session import new_id

    own = request_id or new_id()
    _run(common, lambda session: session.cancel(own, settlement_id), "cancel")


@terminal.command(epilog="Example: gongji terminal reverse R-2024-17 --institution H1")
@click.argument("original_request_id")
@click.option("--request-id", help="The reversal's own id.  [a new one]")
@_common
def reverse(original_request_id: str, request_id: str | None, **common: Any) -> None:
    """Undo a request whose answer was lost, whether or not it arrived."""
    from clients.session import new_id

    own = request_id or new_id()
    _run(
        common,
        lambda session: session.reverse(own, original_request_id),
        "reverse",
        reversed_id=original_request_id,
    )


@terminal.command(epilog="Example: gongji terminal query 17 --institution H1")
@click.argument("settlement_id", type=click.IntRange(1), required=False)
@click.option(
    "--id", "by_id", type=click.IntRange(1), help="Id of the settlement, as SETTLEMENT_ID."
)
@click.option("--request-id", help="Id of the claim's request.")
@_common
def query(
    settlement_id: int | None, by_id: int | None, request_id: str | None, **common: Any
) -> None:
    """Look a settlement up by its id or by its request's id."""
    if sum(given is not None for given in (settlement_id, by_id, request_id)) != 1:
        raise click.UsageError("give the settlement's id, --id or --request-id: one of them")
    _run(
        common,
        lambda session: session.query(
            settlement_id=settlement_id or by_id or 0, request_id=request_id or ""
        ),
        "query",
        keeps=False,
    )


@terminal.command(epilog="Example: gongji terminal resend --institution H1")
@_common
def resend(**common: Any) -> None:
    """Send everything unanswered again, under its old ids."""
    import asyncio

    from clients.cli.counter import send_again

    with _open_outbox(common) as outbox:
        asyncio.run(send_again(outbox, **_connection(common), as_json=common["as_json"]))


def _split(options: dict[str, Any]) -> dict[str, Any]:
    names = ("institution", "server", "outbox", "patience", "as_json")
    return {name: options.pop(name) for name in names}


def _connection(common: dict[str, Any]) -> dict[str, Any]:
    return {name: common[name] for name in ("server", "institution", "patience")}


def _open_outbox(common: dict[str, Any]) -> "Outbox":
    from clients.outbox import Outbox

    institution = common["institution"]
    if not institution:
        raise click.UsageError("--institution: is missing; say whose terminal this is")
    if "/" in institution or institution.startswith("."):
        raise click.UsageError("--institution: cannot name an outbox file; take another id")
    folder = common["outbox"] or Path.home().joinpath(".local", "state", "gongji")
    return Outbox(folder.joinpath(f"{institution}.outbox"))


def _run(
    common: dict[str, Any],
    ask: "Callable[[Session], Awaitable[SettleResponse]]",
    kind: str,
    *,
    reversed_id: str = "",
    keeps: bool = True,
) -> None:
    """Ask one thing over a session and print the answer."""
    import asyncio
    from contextlib import ExitStack

    from clients.cli.counter import ask_and_print

    with ExitStack() as stack:
        if not common["institution"]:
            raise click.UsageError("--institution: is missing; say whose terminal this is")
        outbox = stack.enter_context(_open_outbox(common)) if keeps else None
        asyncio.run(
            ask_and_print(
                ask,
                outbox,
                kind=kind,
                reversed_id=reversed_id,
                as_json=common["as_json"],
                **_connection(common),
            )
        )
