"""What a model of a rule file did not accept, in words that say how to mend it."""

import difflib
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError


def _keys(model: type[BaseModel]) -> set[str]:
    """Return every key of a file's model and of the tables in it."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        found.add(name)
        for inner in _models(field.annotation):
            found |= _keys(inner)
    return found


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)


def first_problem(error: ValidationError, model: type[BaseModel]) -> tuple[str, str]:
    """Return key path and problem of the first thing the model did not accept."""
    problems = error.errors(include_url=False)
    first = problems[0]
    path = ""
    for part in first["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    key = str(first["loc"][-1]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, sorted(_keys(model)), n=1)
        mend = f'did you mean "{near[0]}"?' if near else "remove it"
        problem = f"unknown key; {mend}"
    elif first["type"] == "missing":
        problem = "missing; add it (every value has its clause, first and last day, and unit)"
    else:
        text = first["msg"].removeprefix("Value error, ")
        found = f"; found {first['input']!r}" if first["type"] != "value_error" else ""
        problem = f"{text}{found}"
    more = len(problems) - 1
    return path, problem + (f" (and {more} more in this file)" if more else "")
