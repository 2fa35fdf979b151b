"""What of the format the engine does not settle yet: keys and kinds, printed with every run.

A case that uses one of them is unsupported: it is listed, counted and never passed. No case is
named here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from clients.cli.cases.format import CLAIMS, Case, Event
from clients.cli.cases.schema import CITIES

KINDS: Final = ("select", "account_payment", "credit", "disposal", "prepay", "year_end")
"""Kinds of events."""
CLAIM_KEYS: Final = ("lines", "payer")
"""Keys of `settle` and `preview`."""
COUNTERS: Final = (
    "deductible_at",
    "special_deductible",
    "chronic_paid",
    "disease_paid",
    "pooled_paid",
    "compliant_burden",
    "large_amount_paid",
)
"""Keys of `opening` and of `expect.after`: counters that no city with rule files keeps."""


@dataclass(frozen=True, slots=True)
class Support:
    """What is supported: all but the names above, and the cities without rule files."""

    areas: frozenset[str]

    @classmethod
    def of(cls, areas: Collection[str]) -> "Support":
        """Return what is supported with the rule files of these areas."""
        return cls(frozenset(areas))

    def lines(self) -> list[str]:
        """Return the list of what is not supported, to be printed."""
        cities = [city for city, area in CITIES.items() if area not in self.areas]
        return [
            f"{what}: {', '.join(names) if names else 'none'}"
            for what, names in (
                ("event kinds", KINDS),
                ("keys of settle and preview", CLAIM_KEYS),
                ("keys of opening and after", COUNTERS),
                ("cities without rule files", tuple(cities)),
            )
        ]

    def why_not(self, case: Case) -> tuple[str, ...]:
        """Return what makes a case unsupported, empty if it can be run."""
        reasons: list[str] = []
        if CITIES[case.city] not in self.areas:
            reasons.append(f"city {case.city}")
        for opening in case.openings:
            reasons += [f"opening.{key}" for key in COUNTERS if key in opening]
        for event in case.events:
            reasons += _of_event(event)
        return tuple(dict.fromkeys(reasons))


def _of_event(event: Event) -> list[str]:
    if event.kind in KINDS:
        return [f"kind {event.kind}"]
    reasons = [f"key {key}" for key in CLAIM_KEYS if event.kind in CLAIMS and key in event.given]
    return reasons + [f"after.{key}" for key in COUNTERS if key in event.expect.get("after", {})]
