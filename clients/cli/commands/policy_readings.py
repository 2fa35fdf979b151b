"""`gongji policy readings`: what documents leave open, and how to choose."""

import datetime
from pathlib import Path

import click

from clients.cli.common import echo_json, friendly, json_option
from clients.cli.rules import rules_option

_HOW = """\b
To choose, supply the figure `reading`, for whole years in which the document is in force:
\b
  [[figure]]
  city = "370300"
  name = "reading"
  key = "G2"                 # the question
  value = "G2-B"             # the choice
  source = "…"               # who decided it, and where
  first_day = 2023-01-01
  last_day = 2027-12-31
\b
Example:
  gongji policy readings 370300 --figures figures.toml
"""


@click.command(epilog=_HOW)
@click.argument("cities", nargs=-1, metavar="[CITY]...")
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day on which to say what holds.  [today]",
)
@click.option(
    "--figures",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="Supply file of operator figures; may be given again.",
)
@rules_option
@json_option
@friendly
def readings(
    cities: tuple[str, ...],
    day: datetime.datetime | None,
    figures: tuple[Path, ...],
    as_json: bool,
) -> None:
    """List what documents leave open to more than one reading, and which reading holds.

    For every CITY (area code or pinyin; all if none is given): each question with its clause, the
    days on which it is open, the choices, the default, and what the figures of --figures choose.

    Exit codes: 0 done; 2 wrong city or files.
    """
    from clients.cli.compare import Bench
    from clients.cli.readings_view import print_readings, readings_dict
    from engine.domain.dates import from_date

    china = datetime.timezone(datetime.timedelta(hours=8))
    date = from_date(day.date() if day else datetime.datetime.now(china).date())
    bench = Bench(cities, figures)
    if as_json:
        echo_json(readings_dict(bench, date))
    else:
        print_readings(bench, date)
