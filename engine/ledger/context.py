"""What the parts of the ledger share while a batch of requests is applied."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from engine.domain.journal import EntryText, Segment, SegmentKind, split_text, text_length
from engine.domain.layout import ENTRY, MOVEMENT, Array
from engine.domain.movement import Act, act_from_json, act_to_json
from engine.domain.parts import combined
from engine.domain.request import Entry, PartEntry, Refused
from engine.errors import InvariantBroken
from engine.kernel import REFERENCE, Kernel
from engine.ledger._ordinary import Ordinary
from engine.ledger.ordinary import ordinary
from engine.rules.account_plan import AccountPlan
from engine.rules.book import PlanBook
from engine.rules.plan import ORDINARY_CARE, ClaimClass, RulePlan
from engine.state.state import State

_ALL_OF_SEGMENT: Final = 1 << 31

ENTRIES_KEPT: Final = 4_096
"""Entries that were read of late and are kept: some 2 KB each, and their texts."""

KEPT_TEXT_BYTES: Final = 8 << 20
"""What their texts may have in all: a claim may have a thousand lines."""


class JournalMovement(NamedTuple):
    """A movement of an account: its record of the layout `MOVEMENT`, and what moved it."""

    record: np.void
    act: Act
    instant: int
    """Milliseconds UTC."""
    position: int


class Context:
    """State, rules, kernel, and the segments that grow while requests are applied.

    Entries made now are found by `entry` like durable ones, so that a cancel may follow its
    settlement in one batch.
    """

    def __init__(self, state: State, book: PlanBook, kernel: Kernel) -> None:
        self.state = state
        self.book = book
        self.kernel = kernel
        self.instant = 0
        self._plans: list[Segment] = []
        self._segments: list[Segment] = []
        self._runs: list[tuple[Array, list[bytes]]] = []
        self._open_runs = 0
        self._kept: dict[int, tuple[np.void, EntryText]] = {}
        self._kept_bytes = 0
        self._first_position = state.next_position
        self._plan_on: dict[tuple[str, int, int], int] = {}
        # By identity: the book returns one object for every day of an interval, and keeps it.
        self._number_of: dict[int, int] = {}
        self._account_number_of: dict[int, int] = {}
        self._digests: list[bytes] = [plan.digest() for plan in state.plans.plans]
        self.refusals: dict[tuple[str, tuple[int, ...]], Refused] = {}
        """What was said of late to claims that the rules refuse, by code and `RefusedRow`."""
        self.ordinary = self._ordinary()
        """Prepares ordinary claims; None with the reference kernel, which goes by the words."""

    # --- plans ---------------------------------------------------------------------------

    def supply(self, book: PlanBook) -> None:
        """Answer by this book from now on."""
        self.book = book
        self._plan_on.clear()
        self._number_of.clear()
        self._account_number_of.clear()
        self.ordinary = self._ordinary()

    def _ordinary(self) -> Ordinary | None:
        return None if self.kernel.name == REFERENCE.name else ordinary(self.state, self.plan_on)

    def plan_on(self, city: str, day: int, claim: ClaimClass = ORDINARY_CARE) -> int:
        """Return the number of the plan of a city on a day, -1 where no document is in force.

        A plan that appears for the first time is journalled before the entries it decides.
        """
        number = self._plan_on.get((city, day, claim.benefit))
        if number is not None:
            return number
        plan = self.book.plan_for(city, day, claim)
        number = -1 if plan is None else self._number(plan)
        if plan is None or plan.is_for_all:
            self._plan_on[city, day, claim.benefit] = number
        return number

    def _number(self, plan: RulePlan) -> int:
        known = self._number_of.get(id(plan))
        if known is not None:
            return known
        digest = plan.digest()
        number = self.state.plan_numbers.get(digest)
        if number is None:
            number = self.state.plans.append(plan)
            self.state.plan_numbers[digest] = number
            self._digests.append(digest)
            # Plans go before every entry of the batch, wherever they first appear in it.
            self._plans.append(
                Segment(
                    SegmentKind.PLAN, self.instant, self._first_position, 1, b"", plan.to_json()
                )
            )
        self._number_of[id(plan)] = number
        return number

    def digest(self, number: int) -> bytes:
        """Return the digest of a plan."""
        return self._digests[number]

    # --- the journal being written -------------------------------------------------------

    def begin(self, instant: int) -> None:
        """Begin a batch of requests taken at `instant`."""
        self.instant = instant
        self._first_position = self.state.next_position
        self._plans, self._segments, self._runs = [], [], []
        self._open_runs = 0
        self.state.keyed.begin()

    def write(self, entries: Array, texts: list[bytes]) -> None:
        """Append entries, whose positions continue the journal."""
        self._runs.append((entries, texts))
        self.state.next_position += len(entries)

    def change(self, kind: SegmentKind, count: int, text: bytes) -> None:
        """Append a register change, in its place between the entries."""
        self._close_entries()
        self._segments.append(self._segment(kind, count, text))

    def move(self, movements: Array, act: Act) -> int:
        """Move accounts, and append it, in its place; return the position of the first movement.

        Args:
            movements: of `MOVEMENT`, member, fen and what is of credits; the rest is filled in.
            act: what moves them; no account twice.
        """
        accounts, first = self.state.accounts, self.state.next_position
        movements = movements.copy()
        if movements["member"][0] >= 0:
            slots = accounts.slots(movements["member"])
            movements["previous"] = accounts.entries.values[slots]
            movements["balance"] = accounts.balances.values[slots] + movements["fen"]
            if (movements["balance"] < 0).any():
                raise InvariantBroken("a movement would overdraw an account")
        self._close_entries()
        records, count = movements.tobytes(), len(movements)
        text = act_to_json(act)
        self._segments.append(
            Segment(SegmentKind.MOVEMENTS, self.instant, first, count, records, text)
        )
        self.state.move_accounts(movements, act)
        return first

    def finish(self) -> list[Segment]:
        """Return the segments of this batch, plans first."""
        self._close_entries()
        return self._plans + self._segments

    def _segment(self, kind: SegmentKind, count: int, text: bytes) -> Segment:
        return Segment(kind, self.instant, self.state.next_position, count, b"", text)

    def _close_entries(self) -> None:
        runs = self._runs[self._open_runs :]
        self._open_runs = len(self._runs)
        if not runs:
            return
        self._segments.append(
            Segment(
                kind=SegmentKind.ENTRIES,
                instant=self.instant,
                first_position=int(runs[0][0]["link"]["position"][0]),
                count=sum(len(entries) for entries, _ in runs),
                records=b"".join(entries.tobytes() for entries, _ in runs),
                text=b"".join(text for _, texts in runs for text in texts),
            )
        )

    # --- movements -----------------------------------------------------------------------

    def account_plan_number(self, plan: AccountPlan) -> int:
        """Return the number of an account plan; one that is new is journalled before all else."""
        number = self._account_number_of.get(id(plan))
        if number is None:
            number = self.state.account_plan_numbers.get(plan.digest())
            if number is None:
                number = self.state.add_account_plan(plan)
                kind, first = SegmentKind.ACCOUNT_PLAN, self._first_position
                self._plans.append(Segment(kind, self.instant, first, 1, b"", plan.to_json()))
            self._account_number_of[id(plan)] = number
        return number

    def movement(self, position: int) -> JournalMovement | None:
        """Return the movement at a position, durable or made in this batch."""
        for segment in self._segments:
            row = position - segment.first_position
            if segment.kind == SegmentKind.MOVEMENTS and 0 <= row < segment.count:
                record, text = segment.movements()[row], segment.text
                return JournalMovement(record, act_from_json(text), segment.instant, position)
        found = self.state.tables.movements(position) if position > 0 else None
        if found is None:
            return None
        instant, records, text = found
        record = np.frombuffer(records, dtype=MOVEMENT)[0]
        return JournalMovement(record, act_from_json(text), instant, position)

    def movement_at(self, position: int) -> JournalMovement:
        """Return the movement at a position, which the journal names.

        Raises:
            InvariantBroken: there is none.
        """
        found = self.movement(position)
        if found is None:
            raise InvariantBroken(f"the journal has no movement {position}, but something names it")
        return found

    def credited(self, city: str, month: int, lowest: int, highest: int) -> Iterator[Array]:
        """Yield the movements that credited members of a city for a month, an array a segment.

        At least those of the members from one number to another; made in this batch or durable.
        """
        for row in self.state.accounts.credits(city, month):
            if row.lowest <= highest and lowest <= row.highest:
                yield self._movements_from(row.first_position)

    def _movements_from(self, first: int) -> Array:
        for segment in self._segments:
            if segment.kind == SegmentKind.MOVEMENTS and segment.first_position == first:
                return segment.movements()
        found = self.state.tables.movements(first, _ALL_OF_SEGMENT)
        if found is None:
            raise InvariantBroken(f"the journal has no movement {first}, but a credit is there")
        return np.frombuffer(found[1], dtype=MOVEMENT)

    # --- entries -------------------------------------------------------------------------

    def record(self, position: int) -> tuple[np.void, EntryText] | None:
        """Return the record and the texts of an entry, durable or made in this batch."""
        kept = self._kept.get(position)
        if kept is not None:
            return kept
        for entries, texts in self._runs:
            row = position - int(entries["link"]["position"][0])
            if 0 <= row < len(entries):
                return entries[row], split_text(entries[row], texts[row])
        found = self.state.tables.entry(position) if position > 0 else None
        if found is None:
            return None
        entry = entry_from_bytes(found[0])
        text = found[1][: text_length(entry)]
        read = entry, split_text(entry, text)
        self._keep(position, read, len(text))
        return read

    def _keep(self, position: int, read: tuple[np.void, EntryText], text_bytes: int) -> None:
        """Keep a durable entry, which never changes; of too many those that were read first go.

        Whoever undoes, or asks for counters, walks through the member's year again and again.
        """
        self._kept[position] = read
        self._kept_bytes += text_bytes
        while len(self._kept) > ENTRIES_KEPT or self._kept_bytes > KEPT_TEXT_BYTES:
            first = next(iter(self._kept))
            self._kept_bytes -= text_length(self._kept.pop(first)[0])

    def record_at(self, position: int) -> tuple[np.void, EntryText]:
        """Return the record and the texts of the entry at a position, which the journal names.

        Raises:
            InvariantBroken: there is none.
        """
        found = self.record(position)
        if found is None:
            raise InvariantBroken(f"the journal has no entry {position}, but something names it")
        return found

    def parts(self, position: int) -> list[tuple[np.void, EntryText]]:
        """Return the entries of the act that begins at a position, empty if none does."""
        first = self.record(position)
        if first is None or first[0]["link"]["part"]:
            return []
        others = range(position + 1, position + int(first[0]["link"]["parts"]))
        return [first, *(found for at in others if (found := self.record(at)))]

    def entry(self, parts: Sequence[np.void], text: EntryText) -> Entry:
        """Return an act, of one entry or more, with the ids its numbers stand for."""
        state = self.state
        record = parts[0] if len(parts) == 1 else combined(np.array(parts, dtype=ENTRY))
        claim = record["claim"]
        member, prescriber = int(claim["member"]), int(claim["prescriber"])
        payer = int(claim["payer"])
        digests = [self.digest(int(part["row"]["plan"])) if member >= 0 else b"" for part in parts]
        return Entry(
            record=record,
            text=text,
            institution=state.institutions.items[int(claim["institution"])].id,
            member=state.members.items[member].id if member >= 0 else "",
            prescriber=state.institutions.items[prescriber].id if prescriber >= 0 else "",
            plan_digest=digests[0],
            parts=tuple(map(PartEntry, parts, digests)) if len(parts) > 1 else (),
            payer=state.members.items[payer].id if payer >= 0 else text.payer,
        )


def entry_from_bytes(record: bytes) -> np.void:
    """Return the entry that the bytes of one record hold."""
    entry: np.void = np.frombuffer(record, dtype=ENTRY)[0]
    return entry


def encode_texts(texts: Sequence[str]) -> tuple[bytes, list[int]]:
    """Return texts as one blob and the length of each in bytes."""
    encoded = [text.encode() for text in texts]
    return b"".join(encoded), [len(text) for text in encoded]
