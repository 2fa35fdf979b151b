"""`gongji policy`: the rules in force, and the operator's figures."""

import datetime
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import click

from clients.cli.commands.policy_check import check
from clients.cli.commands.policy_compare import compare
from clients.cli.commands.policy_coverage import coverage
from clients.cli.commands.policy_effect import effect
from clients.cli.commands.policy_readings import readings
from clients.cli.common import (
    SOME_REFUSED,
    Wrong,
    echo_json,
    friendly,
    json_option,
    one_of,
    server_or_store,
    server_or_store_or_files,
)
from clients.cli.stores import Place

_BENEFITS: Final = (
    "ordinary",
    "chronic",
    "special",
    "day_surgery",
    "emergency",
    "dual_channel",
    "separate_pay",
)


@contextmanager
def _asked_rightly() -> Iterator[None]:
    """Take a server's refusal for what it is here: a wrong city, date or file."""
    from clients.errors import Refusal

    try:
        yield
    except Refusal as error:
        raise Wrong(str(error)) from None


@click.group(epilog="Example: gongji policy list")
def policy() -> None:
    """Show the rules in force, and supply operator figures.

    Without --server or --store the rule files of this installation answer, without any figures.

    Exit codes: 0 done; 1 figures that ordinary claims need are missing (policy list --strict);
    2 wrong city, date or file; 3 server or store cannot be used.
    """


@policy.command("list", epilog="Example: gongji policy list --server 127.0.0.1:50051")
@click.option(
    "--city",
    default="",
    show_default=False,
    help="Area code or pinyin name; all cities if not given.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if a figure that can be supplied is not.")
@server_or_store_or_files
@json_option
@friendly
def list_(city: str, strict: bool, server: str | None, store: Place | None, as_json: bool) -> None:
    """List cities, documents, versions, and the figures that are missing."""
    from clients.cli.policy_view import missing_dict, policies_dict, print_policies
    from clients.cli.source import open_source

    with _asked_rightly(), ExitStack() as stack:
        source = open_source(stack, server, store)
        policies, missing = source.policies(city), source.missing(city)
    if as_json:
        echo_json(
            {
                "cities": [policies_dict(item) for item in policies],
                "missing": [missing_dict(item) for item in missing],
            }
        )
    else:
        print_policies(policies, missing)
    if strict and any(item.suppliable for item in missing):
        raise click.exceptions.Exit(SOME_REFUSED)


@policy.command(epilog="Example: gongji policy show 370300 --date 2024-03-05 --benefit ordinary")
@click.argument("city")
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Service date.  [today]",
)
@click.option(
    "--benefit",
    type=click.Choice(_BENEFITS),
    help="One benefit alone.  [all that the city has rules for]",
)
@server_or_store_or_files
@json_option
@friendly
def show(
    city: str,
    day: datetime.datetime | None,
    benefit: str | None,
    server: str | None,
    store: Place | None,
    as_json: bool,
) -> None:
    """Show what decides in CITY (area code or pinyin) on a day, clause by clause.

    Every benefit has a table of its own, and where rules look at them so have kinds of institution
    and ages. Lines that refuse or exclude under every benefit alike stand at the end.
    """
    from clients.cli.plan_view import plans_dict, print_plans
    from clients.cli.policy_view import days_in_force
    from clients.cli.source import open_source
    from engine.domain.codes import Benefit
    from engine.domain.dates import from_date

    china = datetime.timezone(datetime.timedelta(hours=8))
    date = day.date() if day else datetime.datetime.now(china).date()
    with _asked_rightly(), ExitStack() as stack:
        source = open_source(stack, server, store)
        in_force = days_in_force(source.policies(city))
        if not any(from_date(date) in days for days in in_force):
            raise Wrong(
                f"NO_RULE: no document of {city} is in force on {date}; documents are in "
                f"force {', '.join(map(str, in_force))}"
            )
        plans = source.plans(city, from_date(date), Benefit[benefit.upper()] if benefit else 0)
    if as_json:
        echo_json(plans_dict(plans))
    else:
        print_plans(plans)


@policy.command(epilog="Example: gongji policy supply figures.toml --server 127.0.0.1:50051")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@server_or_store
@json_option
@friendly
def supply(file: Path, server: str | None, store: Place | None, as_json: bool) -> None:
    """Supply the operator figures of FILE (TOML): dated, each with its source.

    They decide from now on; what was settled stays as it is.
    """
    from clients.cli.source import StoreSource, read_figures
    from clients.server import Server

    content = read_figures(file)
    target = one_of(server, store)
    if not isinstance(target, str):
        with StoreSource(target) as source:
            count = source.supply(file)
    else:
        with _asked_rightly(), Server(target) as connection:
            count = connection.supply(content)
    if as_json:
        echo_json({"supplied": count})
    else:
        click.echo(f"{count} figures supplied")


policy.add_command(check)
policy.add_command(coverage)
policy.add_command(compare)
policy.add_command(effect)
policy.add_command(readings)
