"""`gongji register add|end|remove|select|undo|history`: the registers item by item."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import click

from clients.cli.common import (
    Fail,
    Unfound,
    echo_json,
    friendly,
    json_option,
    one_of,
    server_or_store,
)
from clients.cli.params import DAY, YUAN, names
from clients.cli.stores import Place
from clients.errors import CallError, ClientError
from engine.domain.account import Relation
from engine.domain.codes import DiseaseKind, FilingKind, Offer
from engine.domain.dates import OPEN_END, Interval
from engine.domain.register import (
    Contribution,
    Disease,
    FamilyLink,
    Filing,
    Qualification,
    Referral,
    Selection,
    Stay,
)
from engine.domain.registration import (
    INSTITUTION_ITEMS,
    Arrears,
    Changed,
    ChangeKind,
    ChangeRegister,
    Changes,
    Designated,
    Item,
    ListChanges,
    Networked,
    Select,
    StillPaying,
    UndoChange,
)
from engine.errors import OutcomeUnknown

if TYPE_CHECKING:
    from engine.domain.registration import RegistrationRequest

T = TypeVar("T", Changed, Changes)


class _Kind(NamedTuple):
    """One kind of item on the command line."""

    what: str
    options: tuple[Callable[[Any], Any], ...]
    make: Callable[[dict[str, Any], Interval], Item]
    example: str
    """The options of an item, as an example."""
    first: str = "--from"
    last: str = "--to"
    added: tuple[Callable[[Any], Any], ...] = ()
    """Options of an item to be added only: it is found again without them."""
    added_example: str = ""


def _required(name: str, text: str, **more: Any) -> Callable[[Any], Any]:
    return click.option(name, required=True, help=text, **more)


def _amount(name: str, text: str) -> Callable[[Any], Any]:
    return click.option(name, type=YUAN, default=0, show_default=False, help=f"{text}  [not known]")


def _link(options: dict[str, Any], days: Interval) -> Item:
    # A link that is only named goes without its relation, which then does not count.
    relation = Relation[options.get("relation", Relation.OTHER.name).upper()]
    return FamilyLink(options["relative"], relation, options.get("consent", ""), days)


RELATIONS: Final = names(Relation, Relation.SELF)
_INSTITUTION: Final = _required("--institution", "Id of the institution.")

KINDS: Final = {
    "filing": _Kind(
        "a filing for care in another place",
        (
            _required("--kind", "Why.", type=names(FilingKind)),
            _required("--area", "Six-digit administrative code of the place."),
        ),
        lambda o, days: Filing(FilingKind[o["kind"].upper()], o["area"], days),
        "--member M1 --kind long_term --area 440300",
    ),
    "selection": _Kind(
        "a selected institution, outside the city's rule (within it: gongji register select)",
        (_INSTITUTION,),
        lambda o, days: Selection(o["institution"], days),
        "--member M1 --institution H1",
    ),
    "disease": _Kind(
        "a registered chronic or special disease",
        (
            _required("--code", "Code of the disease."),
            _required("--kind", "Chronic or special.", type=names(DiseaseKind)),
        ),
        lambda o, days: Disease(o["code"], DiseaseKind[o["kind"].upper()], days),
        "--member M1 --code M03900 --kind chronic",
    ),
    "stay": _Kind(
        "an inpatient stay: the day of discharge is not in it",
        (_INSTITUTION,),
        lambda o, days: Stay(o["institution"], *days),
        "--member M1 --institution H1",
        "--admitted",
        "--discharged",
    ),
    "arrears": _Kind(
        "days in arrears; a back-payment removes or shortens them, and so re-opens the days",
        (),
        lambda _, days: Arrears(days),
        "--member M1",
    ),
    "referral": _Kind(
        "a referral to another institution",
        (
            _required("--to-institution", "Id of the institution the member is referred to."),
            click.option(
                "--from-institution",
                default="",
                show_default=False,
                help="Id of the one that refers.  [not known]",
            ),
        ),
        lambda o, days: Referral(o["from_institution"], o["to_institution"], days),
        "--member M1 --to-institution H3",
    ),
    "family": _Kind(
        "a link to a relative whom the member's personal account may pay for",
        (_required("--relative", "Id of the relative, who may be insured elsewhere."),),
        _link,
        "--member M1 --relative R1",
        added=(
            _required("--relation", "What the relative is to the member.", type=RELATIONS),
            _required("--consent", "Reference of the member's written consent."),
        ),
        added_example=" --relation child --consent C-2025-17",
    ),
    "contribution": _Kind(
        "the monthly contribution of a member, one at a time",
        (),
        lambda o, days: Contribution(o.get("base", 0), o.get("own", 0), days),
        "--member M1",
        added=(
            _amount("--base", "Contribution base of the month, in yuan."),
            _amount("--own", "Own contribution of the month, in yuan."),
        ),
        added_example=" --base 5000.00 --own 100.00",
    ),
    "still_paying": _Kind(
        "days on which a retiree goes on paying monthly to complete the years required",
        (),
        lambda _, days: StillPaying(days),
        "--member M1",
    ),
    "designated": _Kind(
        "days on which an institution is designated",
        (),
        lambda _, days: Designated(days),
        "--institution H1",
    ),
    "networked": _Kind(
        "days on which an institution is networked",
        (),
        lambda _, days: Networked(days),
        "--institution H1",
    ),
    "offer": _Kind(
        "something an institution is admitted for",
        (_required("--offer", "What.", type=names(Offer)),),
        lambda o, days: Qualification(Offer[o["offer"].upper()], days),
        "--institution H1 --offer chronic",
    ),
}
"""The kinds of items, those of a member first."""

_EXIT = """

    Exit codes: 0 done; 1 refused, nothing changed; 2 wrong command line; 3 server or store cannot
    be used, or the outcome is unknown: run the same command again with the same --id.
"""


def add_to(register: click.Group) -> None:
    """Add the commands to `gongji register`."""
    for verb, kind, text in (
        ("add", ChangeKind.ADD, "Add an item to the register entry of a member or institution."),
        ("end", ChangeKind.END, "End an item on a day, earlier or later than it did."),
        ("remove", ChangeKind.REMOVE, "Remove an item that was entered by mistake."),
    ):
        example = f"Example: {_example(verb, 'filing')}"
        group = click.Group(verb, help=text + _EXIT, epilog=example)
        for name in KINDS:
            group.add_command(_item_command(verb, kind, name))
        register.add_command(group)
    for command in (select, undo, history):
        register.add_command(command)


# --- items -------------------------------------------------------------------------------


def _item_command(verb: str, kind: ChangeKind, name: str) -> click.Command:
    """Return the command that adds, ends or removes one kind of item."""
    entry = KINDS[name]

    def run(**options: Any) -> None:
        # The first day that is not given is the first there is, or not given to find an item by.
        first_day, last_day = options["first_day"] or 0, options.get("last_day") or OPEN_END
        if kind == ChangeKind.ADD and not first_day:
            first_day = 1900_01_01
        holder = "institution" if name in INSTITUTION_ITEMS else "member"
        request = ChangeRegister(
            options["change_id"],
            kind,
            entry.make(options, Interval(first_day, last_day)),
            last_day=options.get("on", 0),
            dry_run=options["dry_run"],
            **{holder: options[holder]},
        )
        carry_out(request, options)

    holder = "--institution" if name in INSTITUTION_ITEMS else "--member"
    decorate: list[Callable[[Any], Any]] = [
        _required(holder, f"Id of the {holder.removeprefix('--')}."),
        *entry.options,
        *(entry.added if kind == ChangeKind.ADD else ()),
        *_days(kind, name),
    ]
    command: Any = change_options(friendly(run))
    for option in reversed(decorate):
        command = option(command)
    text = f"{verb.capitalize()} {entry.what}."
    made: click.Command = click.command(name, help=text, epilog=f"Example: {_example(verb, name)}")(
        command
    )
    return made


def _days(kind: ChangeKind, name: str) -> list[Callable[[Any], Any]]:
    """Return the options for days: of an item to be added both, of another one which it is."""
    entry = KINDS[name]
    if kind == ChangeKind.ADD:
        required = name not in INSTITUTION_ITEMS
        first = "First day." if required else "First day.  [from the beginning]"
        last = "Day of discharge." if name == "stay" else "Last day, included."
        return [
            click.option(entry.first, "first_day", type=DAY, required=required, help=first),
            click.option(entry.last, "last_day", type=DAY, help=f"{last}  [still open]"),
        ]
    which = click.option(
        entry.first, "first_day", type=DAY, help="Its first day, where there are several."
    )
    if kind == ChangeKind.REMOVE:
        return [which]
    last = "Day of discharge." if name == "stay" else "Its new last day, included."
    return [click.option("--on", type=DAY, required=True, help=last), which]


def _example(verb: str, name: str) -> str:
    entry = KINDS[name]
    days = {"add": f" {entry.first} 2025-09-01", "end": " --on 2025-09-30", "remove": ""}
    said = entry.added_example if verb == "add" else ""
    return f"gongji register {verb} {name} {entry.example}{said}{days[verb]}"


def change_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every change has."""
    options = (
        click.option(
            "--id",
            "change_id",
            default="",
            show_default=False,
            help="Id of the change; the same again gives the same answer.  [a new one]",
        ),
        click.option("--dry-run", is_flag=True, help="Say what it would do, and do nothing."),
        server_or_store,
        json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


# --- selections, undoing, history --------------------------------------------------------


@click.command(
    epilog="Example: gongji register select --member M1 --institution H1 --date 2025-09-20 "
    "--for-year 2026"
)
@click.option("--member", required=True, help="Id of the member.")
@click.option("--institution", required=True, help="Id of the institution that is selected.")
@click.option("--date", "day", type=DAY, required=True, help="Day on which the member selects.")
@click.option("--for-year", type=int, required=True, help="The year it is for.")
@click.option("--newly-insured", is_flag=True, help="The member is insured since this year.")
@click.option(
    "--reason", default="", show_default=False, help="Why a selection is changed within the year."
)
@change_options
@friendly
def select(**options: Any) -> None:
    """Select an institution by the rule of the member's city.

    It holds from 1 January if it is for the next year, from the day itself if it is the first of
    the year, and as the city's document says if it changes one.
    """
    request = Select(
        options["change_id"],
        options["member"],
        options["institution"],
        options["day"],
        options["for_year"],
        options["newly_insured"],
        options["reason"],
        options["dry_run"],
    )
    carry_out(request, options)


@click.command(epilog="Example: gongji register undo C-2025-0117 --id U-2025-0031")
@click.argument("undoes", metavar="CHANGE")
@change_options
@friendly
def undo(**options: Any) -> None:
    """Undo the change with the id CHANGE; refused where a later one touched the same item."""
    request = UndoChange(options["change_id"], options["undoes"], options["dry_run"])
    carry_out(request, options)


@click.command(epilog="Example: gongji register history --member M1")
@click.option("--member", default="", show_default=False, help="Id of the member.")
@click.option("--institution", default="", show_default=False, help="Id of the institution.")
@server_or_store
@json_option
@friendly
def history(
    member: str, institution: str, server: str | None, store: Place | None, as_json: bool
) -> None:
    """List the changes of a member or an institution, the oldest first."""
    from clients.cli.registration_view import changes_dict, print_changes

    if bool(member) == bool(institution):
        raise click.UsageError("give --member or --institution, one of the two")
    answer = _ask(one_of(server, store), ListChanges(member, institution), Changes)
    if as_json:
        echo_json(changes_dict(answer))
    else:
        print_changes(answer)


# --- asking ------------------------------------------------------------------------------


def carry_out(request: ChangeRegister | Select | UndoChange, options: dict[str, Any]) -> None:
    """Ask for a change and show what became of it; `options` are those of `change_options`.

    Raises:
        Unfound: it was refused; the line says why.
        Fail: it may or may not have been made; the line says how to find out.
    """
    from clients.cli.registration_view import changed_dict, print_changed

    if not request.change_id and not request.dry_run:
        request = request._replace(change_id=uuid.uuid4().hex)
    try:
        answer = _ask(one_of(options["server"], options["store"]), request, Changed)
    except (ClientError, OutcomeUnknown) as error:
        if request.dry_run:
            raise
        raise Fail(f"{error}; to be sure, run it again with --id {request.change_id}") from error
    if options["as_json"]:
        echo_json(changed_dict(answer))
    else:
        print_changed(answer)


def _ask(target: str | Place, request: "RegistrationRequest", expected: type[T]) -> T:
    """Return the answer of a server or of a store, which is of the expected kind.

    Raises:
        Unfound: it was refused; the line says why.
        CallError: the server answered something else.
    """
    from clients.cli.local import LocalLedger
    from clients.server import Server
    from engine.domain.request import Refused

    if not isinstance(target, str):
        with LocalLedger(target, create=False) as ledger:
            answer = ledger.registration(request)
    else:
        with Server(target) as connection:
            answer = connection.registration(request)
    if isinstance(answer, Refused):
        raise Unfound(f"{answer.reason.name}: {answer.message}")
    if not isinstance(answer, expected):
        raise CallError(f"the server answered {type(answer).__name__}, which was not asked")
    return answer
