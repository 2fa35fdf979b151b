"""`gongji policy check`: does every combination meet exactly one rule?"""

from pathlib import Path

import click

from clients.cli.common import SOME_REFUSED, echo_json, friendly, json_option


@click.command(epilog="Example: gongji policy check engine/rules/cities")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@json_option
@friendly
def check(folder: Path | None, as_json: bool) -> None:
    """Check rule files: those of the package, or a FOLDER that holds a folder for each city.

    Each file is read as the server reads it at start. Then every combination of day, level,
    status, benefit and place, and of the kinds of institution and ages that rules tell apart, under
    every combination of readings, must meet exactly one rule while a document is in force; those
    that meet none or two are named, all of them. What is wrong with an entry by itself, with a
    figure it names or with clauses.toml is named one at a time.

    Exit codes: 0 sound; 1 something is wrong with a city; 2 there is no such folder.
    """
    from engine.errors import RuleFileError
    from engine.rules.complete import proof
    from engine.rules.load import CITIES, load_cities, load_city, problems_of

    root = folder or CITIES
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    if not folders:
        raise RuleFileError(str(root), "", "no folder of a city here; expected <area>_<pinyin>/")
    found: list[dict[str, object]] = []
    wrong = False
    for city in folders:
        problems = problems_of(city)
        wrong = wrong or bool(problems)
        if problems:
            found.append({"folder": city.name, "problems": [str(error) for error in problems]})
            continue
        rules = load_city(city)
        found.append(
            {
                "folder": city.name,
                "name": rules.name,
                "documents": [document.number for document in rules.documents],
                **proof(rules)._asdict(),
                "problems": [],
            }
        )
    if not wrong:
        load_cities(root)
    if as_json:
        echo_json(found)
    else:
        for each in found:
            for line in _lines(each):
                click.echo(line)
    if wrong:
        raise click.exceptions.Exit(SOME_REFUSED)


def _lines(city: dict[str, object]) -> list[str]:
    problems = city["problems"]
    if isinstance(problems, list) and problems:
        return [f"{city['folder']}: {len(problems)} problems", *(f"  {text}" for text in problems)]
    return [
        f"{city['folder']} {city['name']}: {city['combinations']:,} combinations of day, level, "
        f"status, benefit, place, kind and age meet exactly one rule each ({city['intervals']} "
        f"intervals of days, {city['readings']} combinations of readings)"
    ]
