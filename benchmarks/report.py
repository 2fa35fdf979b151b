"""The figures of every benchmark of the last run, goal by goal: a table here, and in Markdown.

    python -m benchmarks.report            # tables; Markdown into build/bench/report.md
    python -m benchmarks.report --readme   # and into benchmarks/README.md, between its two marks

It reads `build/bench/*.jsonl` (`benchmarks.lines`), whoever wrote them.
"""

import argparse
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from benchmarks.lines import KEPT, Line, read
from benchmarks.tables import Table

README: Final = Path(__file__).with_name("README.md")
BEGIN: Final = "<!-- figures: written by `python -m benchmarks.report --readme` -->"
END: Final = "<!-- end of figures -->"

TITLES: Final = {
    "1": "kernel",
    "2": "real time, durable",
    "3": "terminals that coalesce",
    "4": "gateway over gRPC",
    "5": "local bulk",
    "6": "start-up, recovery, history",
    "7": "growth",
    "peers": "other engines on the same claims",
}
HEAD: Final = ("what", "measured", "of", "ratio", "goal", "reached")
_REACHED: Final = {True: "yes", False: "no", None: ""}


def number(value: float) -> str:
    """Return a figure with three or four digits that count."""
    size = abs(value)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{decimals}f}"


def cells(each: Line) -> tuple[str, ...]:
    """Return the cells of a line, in the order of `HEAD`."""
    ratio = "" if each.ratio is None else number(each.ratio)
    measured = f"{number(each.value)} {each.unit}".strip()
    return (each.what, measured, each.of, ratio, each.wanted, _REACHED[each.reached])


def by_goal(lines: Iterable[Line]) -> list[tuple[str, list[Line]]]:
    """Return the lines of each goal, goals in order, lines as they came."""
    ordered = sorted(lines, key=lambda each: each.goal)
    return [(goal, list(found)) for goal, found in groupby(ordered, key=lambda each: each.goal)]


def title(goal: str) -> str:
    """Return the heading of a goal."""
    name = f"goal {goal}" if goal.isdigit() else goal
    return f"{name}: {TITLES[goal]}" if goal in TITLES else name


def table(goal: str, lines: Sequence[Line]) -> Table:
    """Return the lines of a goal as a table for the terminal."""
    notes = [f"{each.what}: {each.notes}" for each in lines if each.notes]
    return Table(title(goal), HEAD, [cells(each) for each in lines], notes)


def markdown(lines: Iterable[Line]) -> str:
    """Return all lines as tables in Markdown, a heading each goal."""
    parts = []
    for goal, found in by_goal(lines):
        parts += [f"### {title(goal).capitalize()}", ""]
        parts += [_row((*HEAD, "notes")), "|---|---:|---|---:|---:|---|---|"]
        parts += [_row((*cells(each), each.notes)) for each in found]
        parts.append("")
    return "\n".join(parts)


def _row(of: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in of) + " |"


def insert(text: str, figures: str) -> str:
    """Return a text with the figures between its two marks.

    Raises:
        ValueError: a mark is missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md: the marks are missing: {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{figures}\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Show what was kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--readme", action="store_true", help="write the tables into README.md")
    given = parser.parse_args(arguments)
    lines = read()
    if not lines:
        print(f"nothing in {KEPT.name}/: run a benchmark first")
        return
    for goal, found in by_goal(lines):
        print(f"\n{table(goal, found).text()}")
    judged = [each for each in lines if each.reached is not None]
    print(f"\n{sum(each.reached is True for each in judged)} of {len(judged)} goals reached")
    figures = markdown(lines)
    KEPT.joinpath("report.md").write_text(figures, encoding="utf-8")
    if given.readme:
        README.write_text(insert(README.read_text("utf-8"), figures), encoding="utf-8")


if __name__ == "__main__":
    main()
