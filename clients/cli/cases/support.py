"""What of the format the engine does not settle yet: keys and kinds, printed with every run.

A case that uses one of them is unsupported: it is listed, counted and never passed. No case is
named here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from clients.cli.cases.format import CLAIMS, Case, Event
from engine.rules.model import CityRules

KINDS: Final = ("account_payment", "credit", "disposal", "prepay", "year_end")
"""Kinds of events."""
CLAIM_KEYS: Final = ("lines", "payer")
"""Keys of `settle` and `preview`."""
ORDINARY: Final = "ordinary"
EMERGENCY: Final = "emergency"
COUNTERS: Final = (
    "special_deductible",
    "chronic_paid",
    "disease_paid",
)
"""Keys of `opening` and of `expect.after`: counters that no city with rule files keeps."""


_WHAT: Final = {
    "kind": "event kinds",
    "key": "keys",
    "benefit": "benefits their city does not serve yet",
}


@dataclass(frozen=True, slots=True)
class Support:
    """What is supported: all but the names above, and what a city does not serve yet."""

    unserved: Mapping[str, tuple[str, ...]]
    """What the rule files of a city name as not served yet, by area."""

    @classmethod
    def of(cls, cities: Mapping[str, CityRules]) -> "Support":
        """Return what is supported with the rules of these cities, by area code."""
        return cls(
            {
                area: tuple(dict.fromkeys(line.what for line in rules.unserved))
                for area, rules in cities.items()
            }
        )

    def why_not(self, case: Case) -> tuple[str, ...]:
        """Return what makes a case unsupported, empty if it can be run."""
        reasons: list[str] = []
        for opening in case.openings:
            reasons += [f"opening.{key}" for key in COUNTERS if key in opening]
        for event in case.events:
            reasons += _of_event(event)
            if self.unserved.get(case.area) and event.kind in CLAIMS:
                reasons += _of_benefit(event)
        return tuple(dict.fromkeys(reasons))


def lines(reasons: Collection[str]) -> list[str]:
    """Return what is not supported of what occurs, sorted by what it is, to be printed."""
    found: dict[str, list[str]] = {}
    for reason in sorted(reasons):
        what, _, name = reason.partition(" ")
        if not name:
            what, name = "key", reason
        found.setdefault(_WHAT[what], []).append(name)
    return [f"{what}: {', '.join(names)}" for what, names in found.items()]


def _of_benefit(event: Event) -> list[str]:
    """Return the benefit a claim asks for, where a city's rules do not serve it yet.

    An emergency without a statement is ordinary.
    """
    benefit = event.values["benefit"]
    if benefit == EMERGENCY:
        return [f"benefit {EMERGENCY} with statement"] if event.values["statement"] else []
    return [f"benefit {benefit}"] if benefit != ORDINARY else []


def _of_event(event: Event) -> list[str]:
    if event.kind in KINDS:
        return [f"kind {event.kind}"]
    reasons = [f"key {key}" for key in CLAIM_KEYS if event.kind in CLAIMS and key in event.given]
    return reasons + [f"after.{key}" for key in COUNTERS if key in event.expect.get("after", {})]
