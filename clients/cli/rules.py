"""`--rules FOLDER`: cities from outside the package, beside its own."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from engine.rules.model import CityRules

VARIABLE: Final = "GONGJI_RULES"
_KEY: Final = "clients.cli.rules"


def _keep(context: click.Context, _: click.Parameter, folders: tuple[Path, ...]) -> None:
    context.meta[_KEY] = folders


rules_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--rules",
    metavar="FOLDER",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar=VARIABLE,
    show_envvar=True,
    show_default=False,
    expose_value=False,
    callback=_keep,
    help="Folder with more cities, a folder each, beside those of the package; repeatable. In the "
    f"variable several stand with {os.pathsep!r} between them.",
)


def rule_folders() -> tuple[Path, ...]:
    """Return the folders of more cities that the running command was given."""
    context = click.get_current_context(silent=True)
    folders: tuple[Path, ...] = context.meta.get(_KEY, ()) if context else ()
    return folders


def known_cities() -> dict[str, "CityRules"]:
    """Return the rules of the package and of the folders that the running command was given.

    Raises:
        RuleFileError: a file is missing or says something that is not accepted; two folders have
            the same city.
    """
    from engine.rules.load import load_cities

    return load_cities(more=rule_folders())
