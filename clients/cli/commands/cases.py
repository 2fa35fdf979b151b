"""`gongji cases FILE...`: run worked cases and compare."""

from pathlib import Path

import click

from clients.cli.cases.format import read_files
from clients.cli.cases.run import WAYS, Report, WayResult, run_cases
from clients.cli.cases.values import CaseError
from clients.cli.common import SOME_REFUSED, UNAVAILABLE, Wrong, echo_json, json_option
from clients.cli.rules import known_cities, rule_folders, rules_option
from engine.errors import RuleFileError

EXAMPLE = """\b
Example:
  gongji cases tests/cases/*/*.toml --via all
"""


@click.command(
    epilog=EXAMPLE, short_help="Run worked cases and compare what they expect with what comes out."
)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--via",
    type=click.Choice([*WAYS, "all"]),
    default="all",
    show_default=True,
    help="Which way: a kernel in this process, in bulk, through a server, or all of them.",
)
@click.option("--strict", is_flag=True, help="Count an unsupported case as failed.")
@rules_option
@json_option
def cases(files: tuple[Path, ...], via: str, strict: bool, as_json: bool) -> None:
    """Run worked cases and compare what they expect with what comes out.

    Prints one line for each expectation that does not hold, the cases that are not supported yet
    with the key or kind that makes it so, and a summary of each way. With several ways their
    result digests must be the same. A file may say `rules = "FOLDER"`, from its own folder: then
    its cases may be of the cities there as well.

    Exit code 0: nothing failed. 1: something did. 2: a file does not keep to the format. 3: a way
    could not be used to the end.
    """
    try:
        cities = known_cities()
        found = read_files(files, cities)
        ways = WAYS if via == "all" else (via,)
        report = run_cases(found, ways, cities, rule_folders())
    except (CaseError, RuleFileError) as error:
        raise Wrong(str(error)) from None
    if as_json:
        echo_json(_as_json(report, strict))
    else:
        _print(report, strict)
    if any(way.broken for way in report.ways):
        click.get_current_context().exit(UNAVAILABLE)
    if not report.passed(strict):
        click.get_current_context().exit(SOME_REFUSED)


def _print(report: Report, strict: bool) -> None:
    if report.not_supported:
        click.echo("Not supported yet:")
    for line in report.not_supported:
        click.echo(f"  {line}")
    for way in report.ways:
        for failure in way.failures:
            click.echo(failure.line())
        if way.broken:
            click.echo(f"{way.way}: broken off: {way.broken}")
    for case, why in report.unsupported:
        click.echo(f"unsupported {case.id} ({case.where.file}): {', '.join(why)}")
    for way in report.ways:
        click.echo(_summary(way, report, strict))
    digests = {way.digest.hexdigest() for way in report.ways}
    if not report.supported:
        click.echo("nothing was run: no case is supported")
    elif len(report.ways) > 1:
        same = "the same" if report.digests_equal else "DIFFERENT"
        click.echo(f"result digests: {same} ({', '.join(sorted(digests))})")


def _summary(way: WayResult, report: Report, strict: bool) -> str:
    unsupported = f"{len(report.unsupported)} unsupported"
    if strict and report.unsupported:
        unsupported += " (counted as failed)"
    return (
        f"{way.way}: {len(way.passed)} passed, {len(way.failed)} failed, {unsupported}; "
        f"result digest {way.digest.hexdigest()[:16]}"
    )


def _as_json(report: Report, strict: bool) -> dict[str, object]:
    return {
        "passed": report.passed(strict),
        "strict": strict,
        "digests_equal": report.digests_equal,
        "not_supported": list(report.not_supported),
        "unsupported": [
            {"file": case.where.file, "case": case.id, "because": list(why)}
            for case, why in report.unsupported
        ],
        "ways": {
            way.way: {
                "passed": [case.id for case in way.passed],
                "failed": [case.id for case in way.failed],
                "unsupported": len(report.unsupported),
                "broken": way.broken,
                "digest": way.digest.hexdigest(),
            }
            for way in report.ways
        },
        "failures": [failure._asdict() for way in report.ways for failure in way.failures],
    }
