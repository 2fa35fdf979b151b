"""The coverage of clauses on a terminal: a table for each city, then what is missing."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from clients.cli.cases.coverage import CityCoverage
from clients.cli.cases.coverage_text import clause_cells, last_line
from engine.rules.readings import default_readings


def print_coverage(cities: Sequence[CityCoverage]) -> None:
    """Print the clauses of each city with values and cases; the last line says what has none."""
    console = Console(highlight=False)
    for city in cities:
        console.print(f"[bold]{city.rules.name}[/bold] {city.rules.area}")
        table = Table("clause", "what it asks", "category", "rule values", "cases")
        defaults = default_readings(city.rules)
        for covered in city.rows:
            cells = clause_cells(covered, defaults)
            table.add_row(*(cell.replace("[", r"\[") for cell in cells))
        console.print(table)
        values = [f"{value.file} {value.path}" for value in city.undecided()]
        if values:
            console.print(f"printed values that decide no case: {', '.join(values)}", markup=False)
        choices = ", ".join(one.choice.id for one in city.unchosen())
        if choices:
            console.print(f"choices of a reading that decide no case: {choices}", markup=False)
        if city.adrift:
            console.print(f"cases that belong to no clause: {', '.join(city.adrift)}", markup=False)
    console.print(last_line(cities), markup=False)
