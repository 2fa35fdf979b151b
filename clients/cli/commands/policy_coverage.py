"""`gongji policy coverage`: clause, rule values, worked cases."""

from pathlib import Path

import click

from clients.cli.common import SOME_REFUSED, Wrong, friendly
from clients.cli.rules import known_cities, rules_option

EXAMPLE = """\b
Example:
  gongji policy coverage tests/cases/*/*.toml --named tests/cases/coverage.toml
"""


@click.command(epilog=EXAMPLE)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--named",
    type=click.Path(path_type=Path, dir_okay=False),
    help="TOML file that names cases for clauses no value decides.",
)
@click.option("--markdown", is_flag=True, help="The whole document, as it is kept with the cases.")
@rules_option
@friendly
def coverage(files: tuple[Path, ...], named: Path | None, markdown: bool) -> None:
    """Show for each clause which rule values apply it and which cases of FILE... show it.

    The cases are played through the reference kernel, and what decided them is read off its
    citations. The cities are those of the package and of --rules; cases of a city that only their
    own file names are played and not shown.

    Exit codes: 0 every clause of settlement and accumulators has a case; 1 one has none, or a
    case belongs to no clause; 2 a file is wrong, or a case does not come out as it expects.
    """
    from clients.cli.cases.coverage import Named, cover, read_named, unproved
    from clients.cli.cases.coverage_text import to_markdown
    from clients.cli.cases.coverage_view import print_coverage
    from clients.cli.cases.format import read_files, with_own_rules
    from clients.cli.cases.measure import measure
    from clients.cli.cases.values import CaseError

    cities = known_cities()
    try:
        cases = read_files(files, cities)
        measured = measure(cases, with_own_rules(cases, cities))
    except CaseError as error:
        raise Wrong(str(error)) from None
    table = cover(cases, cities, measured, read_named(named) if named else Named(), str(named))
    if markdown:
        click.echo(to_markdown(table), nl=False)
    else:
        print_coverage(table)
    if unproved(table) or any(city.adrift for city in table):
        raise click.exceptions.Exit(SOME_REFUSED)
