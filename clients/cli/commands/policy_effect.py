"""`gongji policy effect`: what each alternative reading changes, on made-up claims."""

from pathlib import Path

import click

from clients.cli.common import echo_json, friendly, json_option
from clients.cli.rules import rules_option

_CLAIMS_A_MEMBER = 20


@click.command(epilog="Example: gongji policy effect --claims 10000 370300")
@click.argument("cities", nargs=-1, metavar="[CITY]...")
@click.option(
    "--claims",
    type=click.IntRange(1, 1_000_000),
    default=100_000,
    show_default=True,
    help="How many claims to make for each city.",
)
@click.option(
    "--members",
    type=click.IntRange(1, 1_000_000),
    help=f"How many people have them.  [one for {_CLAIMS_A_MEMBER} claims]",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed makes the same claims."
)
@click.option(
    "--figures",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="Supply file, whose figures take the place of those assumed; may be given again.",
)
@rules_option
@json_option
@friendly
def effect(
    cities: tuple[str, ...],
    claims: int,
    members: int | None,
    seed: int,
    figures: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Show what each alternative reading of a document changes, on the same made-up claims.

    For every CITY (area code or pinyin; all if none is given) the claims are settled under the
    readings that hold, and again under each other choice of each question, one at a time. Nothing
    is stored and no server is asked.

    A claim has changed if any amount of it, or whether and why it is paid, is another. Figures
    that a city needs to settle at all are assumed ones, built in and named in the output, until
    --figures gives others. A reading that --figures chooses holds, and the rest is held against it.

    Exit codes: 0 done; 2 wrong options or files.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from clients.cli.effect import count_runs, measure, open_bench
    from clients.cli.effect_view import effects_dict, print_effects

    people = members or -(-claims // _CLAIMS_A_MEMBER)
    bench = open_bench(cities, figures)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=as_json,
    ) as progress:
        task = progress.add_task("", total=claims * count_runs(bench))
        measured = list(
            measure(
                bench,
                claims=claims,
                members=people,
                seed=seed,
                settled=lambda city, count: progress.update(
                    task, advance=count, description=city.name
                ),
            )
        )
    if as_json:
        echo_json(effects_dict(measured, claims, people, seed))
    else:
        print_effects(measured)
