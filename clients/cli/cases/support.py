"""What of the format the engine does not settle yet: kinds of events, printed with every run.

A case that uses one of them is unsupported: it is listed, counted and never passed. No case is
named here.
"""

from collections.abc import Collection
from typing import Final

from clients.cli.cases.format import Case

KINDS: Final = ("prepay", "year_end")
"""Kinds of events."""

_KIND: Final = "kind "


def why_not(case: Case) -> tuple[str, ...]:
    """Return what makes a case unsupported, empty if it can be run."""
    kinds = dict.fromkeys(event.kind for event in case.events if event.kind in KINDS)
    return tuple(f"{_KIND}{kind}" for kind in kinds)


def lines(reasons: Collection[str]) -> list[str]:
    """Return what is not supported of what occurs, sorted, as lines to be printed."""
    kinds = sorted(reason.removeprefix(_KIND) for reason in reasons)
    return [f"event kinds: {', '.join(kinds)}"] if kinds else []
