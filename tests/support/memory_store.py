"""A store in memory, for tests of what stands above the store. Nothing here is durable."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np

from engine.domain.journal import FOLDED, Segment, SegmentKind, text_length
from engine.domain.layout import Array
from engine.state.tables import (
    ID_USE,
    AccountRow,
    Checkpoint,
    CreditRow,
    MemberYearRow,
    VisitKey,
)


class MemoryStore:
    """The store protocol over a list of segments; checkpoints go into dictionaries."""

    def __init__(self) -> None:
        self.journal: list[Segment] = []
        self.checkpoint_sequence = 0
        self.checkpoint_position = 0
        self._next_position = 1
        self._moved: list[Segment] = []
        self._entries: dict[int, tuple[bytes, bytes]] = {}
        self._uses: list[Array] = []
        self._member_years: dict[tuple[int, int], MemberYearRow] = {}
        self._visits: dict[VisitKey, int] = {}
        self._accounts: dict[int, AccountRow] = {}
        self._credits: list[CreditRow] = []

    @property
    def sequence(self) -> int:
        return len(self.journal)

    @property
    def last_position(self) -> int:
        return self._next_position - 1

    def require_space(self) -> None:
        """There is always room."""

    def append(self, segments: Sequence[Segment]) -> int:
        for segment in segments:
            assert segment.first_position == self.last_position + 1
            self.journal.append(segment)
            if segment.kind == SegmentKind.ENTRIES:
                self._index(segment)
            elif segment.kind == SegmentKind.MOVEMENTS:
                self._moved.append(segment)
            self._next_position = segment.next_position
        return self.sequence

    def _index(self, segment: Segment) -> None:
        start = 0
        for entry in segment.entries():
            end = start + text_length(entry)
            self._entries[int(entry["link"]["position"])] = (
                entry.tobytes(),
                segment.text[start:end],
            )
            start = end

    def segments(self, after: int, entries_after: int) -> Iterator[tuple[int, Segment]]:
        for sequence, segment in enumerate(self.journal, start=1):
            in_tables = segment.kind in FOLDED
            if sequence > (entries_after if in_tables else after):
                yield sequence, segment

    @property
    def id_seed(self) -> int:
        return 7

    def id_use_count(self) -> int:
        return sum(map(len, self._uses))

    def id_uses(self) -> Iterator[Array]:
        yield from self._uses

    def id_uses_at(self, institution: int) -> Array:
        uses: Array = np.concatenate([*self._uses, np.zeros(0, dtype=ID_USE)])
        ours: Array = uses[uses["institution"] == institution]
        return ours

    def member_year(self, member: int, year: int) -> MemberYearRow | None:
        return self._member_years.get((member, year))

    def member_years(self, lowest: int, highest: int, year: int) -> list[tuple[int, bytes, int]]:
        return [
            (member, *row)
            for (member, y), row in self._member_years.items()
            if y == year and lowest <= member <= highest
        ]

    def visit(self, key: VisitKey) -> int | None:
        return self._visits.get(key)

    def shared_visits(self, lowest: int, highest: int, year: int) -> list[tuple[int, int, str]]:
        return [
            (member, number, text)
            for member, y, number, text in self._visits
            if y == year and lowest <= member <= highest and (number < 0 or not text)
        ]

    def visits(self, member: int, year: int) -> list[tuple[int, str, int]]:
        return [(k[2], k[3], paid) for k, paid in self._visits.items() if k[:2] == (member, year)]

    def account(self, member: int) -> AccountRow | None:
        return self._accounts.get(member)

    def accounts(self, lowest: int, highest: int) -> Array:
        rows = [(n, *row) for n, row in self._accounts.items() if lowest <= n <= highest]
        return np.array(rows, dtype=np.int64).reshape(-1, 4)

    def row_counts(self) -> dict[str, int]:
        tables = {"account": self._accounts, "credit": self._credits}
        return {name: len(table) for name, table in tables.items()}

    def credits(self, city: str, month: int) -> list[CreditRow]:
        return [row for row in self._credits if (row.city, row.month) == (city, month)]

    def movements(self, position: int, count: int = 1) -> tuple[int, bytes, bytes] | None:
        at = bisect_right(self._moved, position, key=lambda s: s.first_position) - 1
        if at < 0 or not position < self._moved[at].next_position:
            return None
        segment = self._moved[at]
        first = position - segment.first_position
        records = segment.movements()[first : first + count].tobytes()
        return segment.instant, records, segment.text

    def entry(self, position: int) -> tuple[bytes, bytes] | None:
        return self._entries.get(position)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        self._uses.append(checkpoint.uses)
        self._member_years.update(checkpoint.member_years)
        self._visits.update(checkpoint.visits)
        self._accounts.update(checkpoint.accounts)
        self.checkpoint_sequence = checkpoint.sequence
        self._credits += checkpoint.credits
        last = self.journal[checkpoint.sequence - 1] if checkpoint.sequence else None
        self.checkpoint_position = last.next_position - 1 if last else 0

    def close(self) -> None:
        """Keep everything: there is nothing to close."""
