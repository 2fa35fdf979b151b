"""What of the format the engine does not settle yet: kinds of events, printed with every run.

A case that uses one of them is unsupported: it is listed, counted and never passed. No case is
named here.
"""

from collections.abc import Collection
from typing import Final

from clients.cli.cases.format import Case, Event

KINDS: Final = ("account_payment", "credit", "disposal", "prepay", "year_end")
"""Kinds of events."""

_WHAT: Final = {"kind": "event kinds"}


def why_not(case: Case) -> tuple[str, ...]:
    """Return what makes a case unsupported, empty if it can be run."""
    return tuple(dict.fromkeys(reason for event in case.events for reason in _of_event(event)))


def lines(reasons: Collection[str]) -> list[str]:
    """Return what is not supported of what occurs, sorted by what it is, to be printed."""
    found: dict[str, list[str]] = {}
    for reason in sorted(reasons):
        what, _, name = reason.partition(" ")
        found.setdefault(_WHAT[what], []).append(name)
    return [f"{what}: {', '.join(names)}" for what, names in found.items()]


def _of_event(event: Event) -> list[str]:
    if event.kind in KINDS:
        return [f"kind {event.kind}"]
    return []
