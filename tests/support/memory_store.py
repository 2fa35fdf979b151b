"""A store in memory, for tests of what stands above the store. Nothing here is durable."""

from bisect import bisect_right
from collections import UserDict, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np

from engine.domain.journal import FOLDED, Segment, SegmentKind, text_length
from engine.domain.layout import Array
from engine.errors import BackupError
from engine.state.blocks import BLOCK
from engine.state.tables import (
    ACCOUNT_WIDTH,
    ID_USE,
    MEMBER_YEAR_WIDTH,
    ROW,
    ROWS_A_BLOCK,
    YEAR_PLACES,
    Checkpoint,
    CreditRow,
    Lines,
    VisitKey,
    year_place,
)
from engine.store.protocol import Alone


class _Visits(UserDict[VisitKey, int]):
    """Paid fen by key; `keys_of` has the keys of a (member, year) in their order."""

    def __init__(self) -> None:
        self.keys_of: dict[tuple[int, int], dict[VisitKey, None]] = defaultdict(dict)
        super().__init__()

    def __setitem__(self, key: VisitKey, paid: int) -> None:
        self.keys_of[key[:2]][key] = None
        super().__setitem__(key, paid)


class MemoryStore(Alone):
    """The store protocol over a list of segments; checkpoints go into dictionaries."""

    def __init__(self) -> None:
        self.journal: list[Segment] = []
        self.checkpoint_sequence = 0
        self.checkpoint_position = 0
        self._next_position = 1
        self._moved: list[Segment] = []
        self._entries: dict[int, tuple[bytes, bytes]] = {}
        self._uses: list[Array] = []
        self.member_year_rows: dict[int, Array] = {}
        """By place, as in `Lines`."""
        self._visits = _Visits()
        self.account_rows: dict[int, Array] = {}
        self._under_way: Checkpoint | None = None
        self._credits: list[CreditRow] = []

    @property
    def sequence(self) -> int:
        return len(self.journal)

    @property
    def last_position(self) -> int:
        return self._next_position - 1

    def back_up(self, folder: Path) -> NoReturn:
        raise BackupError("nothing here is durable")

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

    def member_years(self, year: int, block: int) -> Array:
        rows, width = self.member_year_rows, MEMBER_YEAR_WIDTH
        return block_of(rows, year_place(year, block), width)

    def accounts(self, block: int) -> Array:
        return block_of(self.account_rows, ROWS_A_BLOCK * block, ACCOUNT_WIDTH)

    def blocks(self) -> tuple[set[tuple[int, int]], set[int]]:
        years = {divmod(place, YEAR_PLACES) for place in self.member_year_rows}
        accounts = {place // ROWS_A_BLOCK for place in self.account_rows}
        return {(year, row // ROWS_A_BLOCK) for year, row in years}, accounts

    def visit(self, key: VisitKey) -> int | None:
        return self._visits.get(key)

    def visit_keys(self, year: int, block: int) -> list[tuple[int, int, str]]:
        return [(k[0], *k[2:]) for k in self._visits if (k[1], k[0] // BLOCK) == (year, block)]

    def visits(self, member: int, year: int) -> list[tuple[int, str, int]]:
        return [(*key[2:], self._visits[key]) for key in self._visits.keys_of[member, year]]

    def credit_count(self) -> int:
        return len(self._credits)

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

    @property
    def checkpoint_under_way(self) -> bool:
        return self._under_way is not None

    def begin_checkpoint(self, checkpoint: Checkpoint) -> None:
        self._under_way = checkpoint

    def drop_checkpoint(self) -> None:
        self._under_way = None

    def write_checkpoint(self, room: int) -> bool:
        if room > 0 and self._under_way is not None:
            self.checkpoint(self._under_way)
        return self._under_way is None

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        self._under_way = None
        self._uses.append(checkpoint.uses)
        for rows, changed in (
            (self.member_year_rows, checkpoint.member_years),
            (self.account_rows, checkpoint.accounts),
        ):
            rows |= rows_of(changed)
        self._visits.update(checkpoint.visits)
        self.checkpoint_sequence = checkpoint.sequence
        self._credits += checkpoint.credits
        last = self.journal[checkpoint.sequence - 1] if checkpoint.sequence else None
        self.checkpoint_position = last.next_position - 1 if last else 0

    def close(self) -> None:
        """Keep everything: there is nothing to close."""


def rows_of(lines: Lines) -> dict[int, Array]:
    """Return rows of lines by their places."""
    return dict(zip(lines.places.tolist(), lines.lines.copy(), strict=True))


def block_of(rows: dict[int, Array], first: int, width: int) -> Array:
    none = np.zeros((ROW, width), dtype=np.int64)
    return np.concatenate([rows.get(first + n, none) for n in range(ROWS_A_BLOCK)])
