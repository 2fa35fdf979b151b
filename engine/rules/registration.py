"""How members select an institution: the optional rule file `registration.toml` of a city.

A city without this file has no rule for selections, and the ledger refuses them (`NO_RULE`).
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from engine.domain.dates import Interval
from engine.errors import RuleFileError
from engine.rules.days import overlap
from engine.rules.mistakes import first_problem
from engine.rules.plan import ClauseRef
from engine.rules.schema import Dated, Strict
from engine.rules.selection import SelectionRule
from engine.rules.strict_toml import parse_toml

REGISTRATION: Final = "registration.toml"
OPTIONAL: Final = (REGISTRATION,)
"""Files that a city has only where its documents rule what they hold."""

Month = Annotated[int, Field(ge=1, le=12)]


class SelectionEntry(Dated):
    """`[[selection]]`: when a member may select an institution, and from when it holds."""

    window_first_month: Month
    window_last_month: Month
    """In these months, both included, members select for the next year, from 1 January."""
    first_in_year: bool
    """Whether who has no selection in a year selects within it; it holds from the day itself."""
    change_needs_reason: bool
    change_holds: Literal["next month", "at once"]
    """From when a change within the year holds: the first of the next month, or the day itself."""


class RegistrationFile(Strict):
    """`registration.toml`."""

    format: Literal[1]
    selection: Annotated[list[SelectionEntry], Field(min_length=1)]


def selection_rules(
    folder: str,
    files: Mapping[str, bytes],
    clauses: Callable[[str, str, Dated], tuple[ClauseRef, ...]],
    refuse: Callable[[str, str, str], RuleFileError],
) -> tuple[SelectionRule, ...]:
    """Return the rules for selections in the files of a city; none where it has no such file.

    Args:
        folder: The place of the files in messages.
        files: Content by file name.
        clauses: Returns the clauses of an entry, given its file and key path.
        refuse: Makes the exception for a file, a key path and a problem.

    Raises:
        RuleFileError: the file says something that is not accepted.
    """
    if REGISTRATION not in files:
        return ()
    name = f"{folder}/{REGISTRATION}"
    try:
        file = RegistrationFile.model_validate(parse_toml(files[REGISTRATION], name))
    except ValidationError as error:
        path, problem = first_problem(error, RegistrationFile)
        raise RuleFileError(name, path, problem) from None
    rules: list[SelectionRule] = []
    for index, entry in enumerate(file.selection):
        path, days = f"selection[{index}]", Interval(entry.first_day, entry.last_day)
        if any(overlap(days, rule.days) for rule in rules):
            raise refuse(REGISTRATION, path, "two rules hold on the same day; keep one")
        rules.append(
            SelectionRule(
                window=(entry.window_first_month, entry.window_last_month),
                first_in_year=entry.first_in_year,
                change_needs_reason=entry.change_needs_reason,
                change_at_once=entry.change_holds == "at once",
                days=days,
                clauses=clauses(REGISTRATION, path, entry),
            )
        )
    return tuple(rules)
