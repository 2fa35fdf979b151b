"""`gongji policy compare`: a claim, or a file of claims, under the rules of several cities."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clients.cli.common import SOME_REFUSED, Wrong, echo_json, friendly, json_option
from clients.cli.rules import rules_option

if TYPE_CHECKING:
    from clients.cli.compare_claim import Setting
    from engine.domain.claim import Claim

_MONEY = {
    "in_scope": "In scope of the catalogue.",
    "pre_payment": "Paid first by the person (class B).",
    "over_limit": "Over the price ceiling.",
    "non_covered": "Outside the catalogue.",
    "deductible_borne": "Borne of the year's deductible before the claim.",
    "ordinary_paid": "Paid by the pooled fund in the year before the claim.",
}
_FLAGS = {
    "emergency": "It was an emergency.",
    "referred": "The person was referred.",
    "statement": "The institution's statement of special circumstances is filed.",
    "manual": "A paper claim at the agency, not networked.",
}
_REGISTERS = ("members", "institutions", "openings")
_OPENINGS = ("deductible_borne", "ordinary_paid")
_WHOLE_YUAN = re.compile(r"[0-9]+", re.ASCII)
_LEVELS = ("1", "2", "3", "3p")
_STATUSES = ("active", "retired", "veteran")
_KINDS = (
    "hospital",
    "specialist",
    "community",
    "village_station",
    "pharmacy",
)
_PLACES = ("local", "filed", "other_city", "other_province")
_BENEFITS = ("ordinary", "chronic", "special", "day_surgery", "emergency")


def _path(name: str, text: str, *, multiple: bool = False) -> Any:
    return click.option(
        f"--{name}",
        name,
        type=click.Path(path_type=Path, dir_okay=False),
        multiple=multiple,
        help=text,
    )


def _choice(name: str, values: tuple[str, ...], default: str, text: str) -> Any:
    return click.option(f"--{name}", type=click.Choice(values), default=default, help=text)


def _options(command: Any) -> Any:
    """Add the options, in the order in which help shows them."""
    options = [
        click.option("--date", type=click.DateTime(["%Y-%m-%d"]), help="Service date."),
        _choice("level", _LEVELS, "2", "Level of the institution."),
        _choice("status", _STATUSES, "active", "Status of the person."),
        _choice("place", _PLACES, "local", "Where the institution is, as each city sees it."),
        *(
            click.option(f"--{name.replace('_', '-')}", metavar="YUAN", help=text)
            for name, text in _MONEY.items()
        ),
        _choice("benefit", _BENEFITS, "ordinary", "What is asked for."),
        click.option(
            "--disease", help="Code of the disease, which counts as registered, or procedure."
        ),
        _choice("kind", _KINDS, "hospital", "Kind of the institution."),
        *(click.option(f"--{name}", is_flag=True, help=text) for name, text in _FLAGS.items()),
        click.option(
            "--not-selected", is_flag=True, help="The person has not selected the institution."
        ),
        click.option(
            "--city", multiple=True, help="Area code or pinyin name; may be given again.  [all]"
        ),
        _path("file", "Compare this file of claims instead: CSV or JSON lines."),
        *(
            _path(name, f"File of {name} as for gongji register, with --file.")
            for name in _REGISTERS
        ),
        _path("figures", "Supply file of operator figures; may be given again.", multiple=True),
        rules_option,
        json_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command(
    epilog="Example: gongji policy compare --date 2024-06-01 --level 2 --in-scope 1000.00"
)
@_options
@friendly
def compare(city: tuple[str, ...], figures: tuple[Path, ...], as_json: bool, **given: Any) -> None:
    """Settle one claim, or a file of claims, under the rules of every city, side by side.

    Nothing is stored and no server is asked: the rule files of this installation decide, with the
    operator figures of --figures. A city that refuses says why, and what it lacks.

    One claim is shown with the clauses that make the difference. In each city it is the first of
    the year; the institution has its level, kind and place as that city sees it, and the person
    has selected it. At --place filed it is in another province, and there is a filing for it.

    With --file, --members and --institutions every claim is settled, in the order of the file, as
    if everybody were insured in each city: the own city and that one change places on the map, so
    that who was treated locally, where filed, in another city or in another province, still is.

    Exit codes: 0 done, whatever cities refuse; 1 some lines of the file hold no claim; 2 wrong
    options or files.
    """
    file: Path | None = given.pop("file")
    registers: list[Path | None] = [given.pop(name) for name in _REGISTERS]
    if file is None:
        if any(registers):
            raise click.UsageError(f"--{' --'.join(_REGISTERS)}: belong to --file; give it too")
        _one_claim(city, figures, as_json, given)
        return
    context = click.get_current_context()
    for name in given:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{name.replace('_', '-')}: describes one claim; leave it out with --file"
            )
    members, institutions, openings = registers
    if members is None or institutions is None:
        raise click.UsageError("--file needs --members and --institutions: who is in the claims")
    _file_of_claims(city, figures, as_json, (file, members, institutions, openings))


def _one_claim(
    city: tuple[str, ...], figures: tuple[Path, ...], as_json: bool, given: dict[str, Any]
) -> None:
    from clients.cli.compare import Bench
    from clients.cli.compare_claim import compare_claim, outcomes_dict, print_outcomes

    if given["date"] is None:
        raise click.UsageError("--date: is missing; give the service date, as 2024-06-01")
    claim, setting = _read(given)
    bench = Bench(city, figures)
    outcomes = compare_claim(bench, claim, setting)
    if as_json:
        echo_json(outcomes_dict(bench, outcomes, claim.service_date))
    else:
        print_outcomes(bench, outcomes, claim.service_date)


def _file_of_claims(
    city: tuple[str, ...],
    figures: tuple[Path, ...],
    as_json: bool,
    files: tuple[Path, Path, Path, Path | None],
) -> None:
    from clients.cli.compare import Bench
    from clients.cli.compare_file import (
        compare_file,
        compared_dict,
        enter_registers,
        print_compared,
    )

    bench = Bench(city, figures)
    registers = enter_registers(bench, *files[1:])
    compared = compare_file(bench, registers, files[0], quiet=as_json)
    if as_json:
        echo_json(compared_dict(compared))
    else:
        for row in compared.bad:
            where = f"line {row.line}" + (f", {row.column}" if row.column else "")
            click.echo(f"{where}: {row.problem}", err=True)
        print_compared(compared)
    if compared.bad:
        raise click.exceptions.Exit(SOME_REFUSED)


def _read(given: dict[str, Any]) -> tuple["Claim", "Setting"]:
    """Return the claim and its setting that the options describe."""
    from clients import fields
    from clients.cli.compare_claim import INSTITUTION, MEMBER, Setting
    from clients.files import claim_column, claim_from_fields
    from clients.registers import LEVELS
    from engine.domain.codes import Kind, Place, Status
    from engine.errors import InvalidInput

    money = {name: _two_decimals(given[name]) for name in _MONEY if given[name]}
    record: dict[str, object] = {
        "institution": INSTITUTION,
        "member": MEMBER,
        "date": given["date"].date().isoformat(),
        "benefit": given["benefit"],
        **{name: value for name, value in money.items() if name not in _OPENINGS},
        **{name: given[name] for name in _FLAGS},
    }
    if given["disease"]:
        record["disease"] = given["disease"]
    try:
        claim = claim_from_fields(record, "1")
        borne, paid = (fields.yuan(money, name) or 0 for name in _OPENINGS)
    except InvalidInput as error:
        column = claim_column(error.path)
        raise Wrong(f"--{column.replace('_', '-')}: {error.problem}") from None
    return claim, Setting(
        Status[given["status"].upper()],
        LEVELS[given["level"]],
        Kind[given["kind"].upper()],
        Place[given["place"].upper()],
        not given["not_selected"],
        borne,
        paid,
    )


def _two_decimals(text: str) -> str:
    return f"{text}.00" if _WHOLE_YUAN.fullmatch(text) else text
