"""TOML without floats: the reader under rule files and figure files."""

import tomllib
from collections.abc import Iterator
from typing import Any

from engine.errors import RuleFileError


class _Float(str):
    """A float as it was written; found and refused once its key path is known."""

    __slots__ = ()


def _floats(node: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, _Float):
        yield path, str(node)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _floats(value, f"{path}.{key}" if path else str(key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _floats(value, f"{path}[{index}]")


def parse_toml(data: bytes, file: str) -> dict[str, Any]:
    """Return the tables of a TOML file; `file` is its name in messages.

    Raises:
        RuleFileError: not UTF-8, not TOML, or a float anywhere.
    """
    try:
        tables = tomllib.loads(data.decode("utf-8"), parse_float=_Float)
    except UnicodeDecodeError as error:
        raise RuleFileError(file, "", f"expected UTF-8, found other bytes: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise RuleFileError(file, "", f"not TOML: {error}") from None
    for path, text in _floats(tables, ""):
        raise RuleFileError(
            file,
            path,
            f'found the float {text}; floats are never exact: write "{text}" as a string, '
            "money in yuan with two decimals, a rate as a decimal fraction",
        )
    return tables
