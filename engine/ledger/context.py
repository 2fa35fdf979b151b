"""What the parts of the ledger share while a batch of requests is applied."""

from collections.abc import Sequence

import numpy as np

from engine.domain.journal import EntryText, Segment, SegmentKind, split_text, text_length
from engine.domain.layout import ENTRY, Array
from engine.domain.parts import combined
from engine.domain.request import Entry, PartEntry
from engine.kernel import Kernel
from engine.rules.book import PlanBook
from engine.rules.plan import ORDINARY_CARE, ClaimClass, RulePlan
from engine.state.state import State


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
        self._first_position = state.next_position
        self._plan_on: dict[tuple[str, int, int], int] = {}
        # By identity: the book returns one object for every day of an interval, and keeps it.
        self._number_of: dict[int, int] = {}
        self._digests: list[bytes] = [plan.digest() for plan in state.plans.plans]

    # --- plans ---------------------------------------------------------------------------

    def supply(self, book: PlanBook) -> None:
        """Answer by this book from now on."""
        self.book = book
        self._plan_on.clear()
        self._number_of.clear()

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

    def write(self, entries: Array, texts: list[bytes]) -> None:
        """Append entries, whose positions continue the journal."""
        self._runs.append((entries, texts))
        self.state.next_position += len(entries)

    def change(self, kind: SegmentKind, count: int, text: bytes) -> None:
        """Append a register change, in its place between the entries."""
        self._close_entries()
        self._segments.append(self._segment(kind, count, text))

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

    # --- entries -------------------------------------------------------------------------

    def record(self, position: int) -> tuple[np.void, EntryText] | None:
        """Return the record and the texts of an entry, durable or made in this batch."""
        for entries, texts in self._runs:
            row = position - int(entries["link"]["position"][0])
            if 0 <= row < len(entries):
                return entries[row], split_text(entries[row], texts[row])
        found = self.state.tables.entry(position) if position > 0 else None
        if found is None:
            return None
        entry = entry_from_bytes(found[0])
        return entry, split_text(entry, found[1][: text_length(entry)])

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
            payer=state.members.items[payer].id if payer >= 0 else "",
        )


def entry_from_bytes(record: bytes) -> np.void:
    """Return the entry that the bytes of one record hold."""
    entry: np.void = np.frombuffer(record, dtype=ENTRY)[0]
    return entry


def encode_texts(texts: Sequence[str]) -> tuple[bytes, list[int]]:
    """Return texts as one blob and the length of each in bytes."""
    encoded = [text.encode() for text in texts]
    return b"".join(encoded), [len(text) for text in encoded]
