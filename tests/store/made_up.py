"""Made-up segments that a store must accept: the parts of each entry add up, the texts fit."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.domain.journal import EntryText, Segment, SegmentKind
from engine.domain.layout import ENTRY, MOVEMENT, Array
from engine.state._ids import STATUS_BITS
from engine.state.keyed import COST, DAY, DAY_VISITS, DISEASE, FIRST_LEVEL, MONTH
from engine.state.tables import (
    ID_USE,
    ROW,
    ROWS_A_BLOCK,
    Checkpoint,
    CreditRow,
    Lines,
    year_place,
)
from engine.store.protocol import Store
from engine.store.seal import SUMS

INSTANT = 1_760_000_000_000
_LENGTHS = ("request_id", "visit", "disease", "admission", "prescription", "payer", "lines")


def write_whole(store: Store, checkpoint: Checkpoint) -> None:
    """Write a checkpoint at once; what breaks off is dropped."""
    store.begin_checkpoint(checkpoint)
    try:
        assert store.write_checkpoint(1 << 62)
    finally:
        store.drop_checkpoint()


@dataclass
class MadeUp:
    """Makes segments that follow one another."""

    seed: int = 1
    position: int = 1
    credited: int = 0
    texts: list[EntryText] = field(default_factory=list)
    """Of every entry made, by position from 1."""

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def text(self) -> EntryText:
        """Return ids of which some are empty and some take several bytes a character."""
        rng, number = self.rng, len(self.texts) + 1
        return EntryText(
            undo_id=rng.choice(("", "", f"撤销-{number}")),
            request_id=f"请求{number}" if rng.random() < 0.5 else f"r-{number}",
            visit=rng.choice(("", "v1", "住院号七")),
            disease=rng.choice(("", "M01600", "高血压")),
            admission=rng.choice(("", "a" * rng.randrange(1, 40))),
            prescription=rng.choice(("", "处方一")),
            payer=rng.choice(("", "", "不明")),
            lines=rng.choice(("", "[[1,100]]", '[[2,3000,1000,0,0,2,0,0,0,"药"]]')),
        )

    def entries(self, count: int) -> Segment:
        """Return a segment of random entries."""
        entries = np.zeros(count, dtype=ENTRY)
        raw = np.frombuffer(self.rng.randbytes(count * ENTRY.itemsize), dtype=ENTRY)
        entries["row"], entries["link"]["instant"] = raw["row"], INSTANT
        entries["link"]["position"] = np.arange(self.position, self.position + count)
        entries["link"]["kind"] = 1
        result = entries["result"]
        for name in SUMS[1:]:
            # Undos are negative, so are some of these.
            amounts = [self.rng.randrange(-(10**6), 10**7) for _ in range(count)]
            result[name] = amounts
            result["total"] += result[name]
        parts: list[bytes] = []
        for entry in entries:
            text = self.text()
            self.texts.append(text)
            encoded = [part.encode() for part in text]
            entry["link"]["undo_id_length"] = len(encoded[0])
            for name, part in zip(_LENGTHS, encoded[1:], strict=True):
                entry["claim"][f"{name}_length"] = len(part)
            parts += encoded
        first, self.position = self.position, self.position + count
        return Segment(
            SegmentKind.ENTRIES, INSTANT, first, count, entries.tobytes(), b"".join(parts)
        )

    def register(self, kind: SegmentKind, text: str = '[{"姓名":"某"}]') -> Segment:
        """Return a segment of another kind."""
        return Segment(kind, INSTANT, self.position, 1, b"", text.encode())

    def movements(self, count: int, text: str = '{"kind":1}') -> Segment:
        """Return a segment of random movements of accounts."""
        movements = np.frombuffer(self.rng.randbytes(count * MOVEMENT.itemsize), dtype=MOVEMENT)
        first, self.position = self.position, self.position + count
        records = movements.tobytes()
        return Segment(SegmentKind.MOVEMENTS, INSTANT, first, count, records, text.encode())

    def any(self) -> Segment:
        """Return a segment of any kind, most often a few entries."""
        if self.rng.random() < 0.25:
            kinds: Sequence[SegmentKind] = [k for k in SegmentKind if k != SegmentKind.ENTRIES]
            kind = self.rng.choice(kinds)
            if kind == SegmentKind.MOVEMENTS:
                return self.movements(self.rng.choice((1, 1, 3, 30)))
            return self.register(kind)
        return self.entries(self.rng.choice((1, 1, 2, 7, 40)))

    def credits(self, last: int) -> tuple[CreditRow, ...]:
        """Return rows of segments of credits, from where they ended to a position."""
        first, self.credited = self.credited + 1, last
        return tuple(
            CreditRow(n, self.rng.choice(("370100", "441600")), 202406, n, n + 5)
            for n in range(first, last + 1)
        )

    def uses(self, count: int) -> Array:
        """Return so many uses of request ids, by the entries there are."""
        rng, last = self.rng, self.position - 1
        uses = [
            (
                rng.randrange(-3, 5),
                rng.randrange(1, 1 << 64),
                rng.randint(1, last) << STATUS_BITS | rng.randint(1, 4),
            )
            for _ in range(count)
        ]
        return np.array(uses, dtype=ID_USE)

    def lines(self, places: list[int], width: int) -> Lines:
        """Return some of these rows, their lines below the last position there is."""
        places = sorted(self.rng.sample(places, self.rng.randint(1, len(places))))
        draw = np.random.default_rng(self.rng.randrange(1 << 32))
        lines = draw.integers(0, self.position, (len(places), ROW, width))
        return Lines(np.array(places, dtype=np.int64), lines)

    def checkpoint(self, sequence: int, rows: int = 20) -> Checkpoint:
        """Return rows that stand for a segment; an entry must have been made."""
        rng, last = self.rng, self.position - 1
        return Checkpoint(
            sequence,
            self.uses(rows),
            self.lines([year_place(year, 0) + n for year in (2024, 2025) for n in range(2)], 9),
            {
                (
                    rng.randrange(50),
                    2024,
                    rng.choice((-1, 3, FIRST_LEVEL - 3, COST, DISEASE, MONTH, DAY, DAY_VISITS - 7)),
                    rng.choice(("v", "住院", "")),
                ): rng.randrange(10**9)
                for _ in range(rows)
            },
            self.lines([0, 1, ROWS_A_BLOCK, 7 * ROWS_A_BLOCK + 3], 3),
            self.credits(last),
        )
