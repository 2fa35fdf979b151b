"""A store in memory, for tests of what stands above the store. Nothing here is durable."""

from collections.abc import Iterator, Sequence

from engine.domain.journal import Segment, SegmentKind, text_length
from engine.state.tables import (
    AccountRow,
    Checkpoint,
    KeyRow,
    KeyStatus,
    MemberYearRow,
    VisitKey,
)


class MemoryStore:
    """The store protocol over a list of segments; checkpoints go into dictionaries."""

    def __init__(self) -> None:
        self.journal: list[Segment] = []
        self.checkpoint_sequence = 0
        self.checkpoint_position = 0
        self._entries: list[tuple[bytes, bytes]] = []
        self._keys: dict[tuple[int, str], KeyRow] = {}
        self._member_years: dict[tuple[int, int], MemberYearRow] = {}
        self._visits: dict[VisitKey, int] = {}
        self._accounts: dict[int, AccountRow] = {}

    @property
    def sequence(self) -> int:
        return len(self.journal)

    @property
    def last_position(self) -> int:
        return len(self._entries)

    def require_space(self) -> None:
        """There is always room."""

    def append(self, segments: Sequence[Segment]) -> int:
        for segment in segments:
            assert segment.first_position == self.last_position + 1
            self.journal.append(segment)
            if segment.kind == SegmentKind.ENTRIES:
                self._index(segment)
        return self.sequence

    def _index(self, segment: Segment) -> None:
        start = 0
        for entry in segment.entries():
            end = start + text_length(entry)
            self._entries.append((entry.tobytes(), segment.text[start:end]))
            start = end

    def segments(self, after: int, entries_after: int) -> Iterator[tuple[int, Segment]]:
        for sequence, segment in enumerate(self.journal, start=1):
            in_tables = segment.kind in (SegmentKind.ENTRIES, SegmentKind.OPENINGS)
            if sequence > (entries_after if in_tables else after):
                yield sequence, segment

    def key(self, institution: int, request_id: str) -> KeyRow | None:
        return self._keys.get((institution, request_id))

    def standing(self, institution: int) -> list[tuple[str, int]]:
        return [
            (request_id, row.position)
            for (i, request_id), row in self._keys.items()
            if i == institution and row.status == KeyStatus.STANDING
        ]

    def member_year(self, member: int, year: int) -> MemberYearRow | None:
        return self._member_years.get((member, year))

    def visit(self, key: VisitKey) -> int | None:
        return self._visits.get(key)

    def visits(self, member: int, year: int) -> list[tuple[int, str, int]]:
        return [(k[2], k[3], paid) for k, paid in self._visits.items() if k[:2] == (member, year)]

    def account(self, member: int) -> AccountRow | None:
        return self._accounts.get(member)

    def entry(self, position: int) -> tuple[bytes, bytes] | None:
        return self._entries[position - 1] if 0 < position <= len(self._entries) else None

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        self._keys.update(checkpoint.keys)
        self._member_years.update(checkpoint.member_years)
        self._visits.update(checkpoint.visits)
        self._accounts.update(checkpoint.accounts)
        self.checkpoint_sequence = checkpoint.sequence
        self.checkpoint_position = sum(
            segment.count
            for segment in self.journal[: checkpoint.sequence]
            if segment.kind == SegmentKind.ENTRIES
        )

    def close(self) -> None:
        """Keep everything: there is nothing to close."""
