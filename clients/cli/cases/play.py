"""Plays cases on a lane: one request at a time, or interleaved in batches as large as they can be.

Both record the same: for each case, the expectations that do not hold.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from clients.cli.cases.build import (
    Names,
    account_request,
    claim,
    institutions,
    members,
    openings,
    selection,
    undone,
)
from clients.cli.cases.compare import (
    Difference,
    Failure,
    balance_differences,
    differences,
    differences_after,
    label,
    year_after,
)
from clients.cli.cases.format import ACCOUNT, CLAIMS, SELECT, UNDOS, Case, Event
from clients.cli.cases.outcome import ERROR, SETTLED, Lane, Outcome, Registers
from engine.domain.request import Cancel, Reverse

SETTLE: Final = "settle"
PREVIEW: Final = "preview"
_ALONE: Final = (*UNDOS, SELECT, *ACCOUNT)
"""Kinds that are sent by themselves."""


class Played:
    """One case while it is played: where it is, what its claims became, what went wrong."""

    def __init__(self, case: Case, way: str) -> None:
        self.case = case
        self.names = Names.of(case)
        self.failures: list[Failure] = []
        self.next = 0
        self._way = way
        self._settlements: dict[str, int] = {}

    @property
    def event(self) -> Event | None:
        """The event that comes next, None after the last."""
        return self.case.events[self.next] if self.next < len(self.case.events) else None

    def run_of(self, kind: str) -> list[Event]:
        """Return the events of this kind that come next and can be sent together.

        An event that wants the counters right after it is the last of its run.
        """
        run: list[Event] = []
        for event in self.case.events[self.next :]:
            if event.kind != kind:
                break
            run.append(event)
            if "after" in event.expect:
                break
        return run

    def undo_request(self, event: Event) -> Cancel | Reverse:
        """Return the request of a `cancel` or `reverse`."""
        original = undone(self.case, event)
        institution = self.names.id(original.values["institution"])
        own_id = self.names.own(event)
        if event.kind == "reverse":
            return Reverse(institution, own_id, self.names.id(original.id))
        return Cancel(institution, own_id, self._settlements.get(original.id, 0))

    def record(self, event: Event, outcome: Outcome, lane: Lane) -> None:
        """Take the outcome of the event that comes next, and compare."""
        self.next += 1
        if outcome.outcome == SETTLED and event.kind == SETTLE:
            self._settlements[event.id] = outcome.settlement_id
        self._note(event, differences(event, outcome))
        if "after" in event.expect and outcome.outcome != ERROR:
            counters = lane.counters(self.names.member, year_after(self.names, event))
            self._note(event, differences_after(self.names, event, counters))
        if "balance" in event.expect and outcome.outcome != ERROR:
            counters = lane.counters(self.names.member, year_after(self.names, event))
            self._note(event, balance_differences(event, outcome, counters))

    def _note(self, event: Event, found: Iterable[Difference]) -> None:
        self.failures += [
            Failure(self.case.where.file, self.case.id, label(event), self._way, *difference)
            for difference in found
        ]


def registers(cases: Sequence[Played]) -> Registers:
    """Return everything a ledger must know before the first event."""
    names = [played.names for played in cases]
    return Registers(
        members=[item for case in names for item in members(case)],
        institutions=[item for case in names for item in institutions(case)],
        openings=[item for case in names for item in openings(case)],
    )


def one_by_one(lane: Lane, cases: Sequence[Played]) -> None:
    """Play each case from its first event to its last, one request at a time."""
    for played in cases:
        while (event := played.event) is not None:
            if event.kind in CLAIMS:
                sent = [claim(played.names, event)]
                outcome = lane.settle(sent, preview=event.kind == PREVIEW)[0]
            else:
                outcome = _one(lane, played, event)
            played.record(event, outcome, lane)


def interleaved(lane: Lane, cases: Sequence[Played]) -> None:
    """Play all cases at once.

    In each round the settlements that come next in every case go as one batch, dealt like
    cards: the first of each case, then the second of each; then the previews that come next;
    then one event of each case that stands before an undo, a selection or an account's event.
    """
    while any(played.event for played in cases):
        for kind in (SETTLE, PREVIEW):
            _one_batch(lane, kind, cases)
        for played in cases:
            event = played.event
            if event is not None and event.kind in _ALONE:
                played.record(event, _one(lane, played, event), lane)


def _one(lane: Lane, played: Played, event: Event) -> Outcome:
    """Return the outcome of an event that is sent by itself."""
    if event.kind == SELECT:
        return lane.select(selection(played.names, event))
    if event.kind in ACCOUNT:
        return lane.account(account_request(played.names, event))
    return lane.undo(played.undo_request(event))


def _one_batch(lane: Lane, kind: str, cases: Sequence[Played]) -> None:
    runs = [(played, played.run_of(kind)) for played in cases]
    longest = max((len(run) for _, run in runs), default=0)
    dealt = [
        (played, run[turn]) for turn in range(longest) for played, run in runs if turn < len(run)
    ]
    if not dealt:
        return
    claims = [claim(played.names, event) for played, event in dealt]
    outcomes = lane.settle(claims, preview=kind == PREVIEW)
    for (played, event), outcome in zip(dealt, outcomes, strict=True):
        played.record(event, outcome, lane)
