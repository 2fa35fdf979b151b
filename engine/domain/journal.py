"""What the journal is made of: segments, and the kinds of entries in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np

from engine.domain.layout import ENTRY, MOVEMENT, Array


class EntryKind(IntEnum):
    """What one journal position records: an act, or of a claim of several benefits a part of it."""

    SETTLEMENT = 1
    CANCEL = 2
    """Undo by settlement id: the exact negated parts of the settlement in `link.undoes`."""
    REVERSAL = 3
    """Undo by request id, of a settlement whose answer was lost: parts as for a cancel."""
    TOMBSTONE = 4
    """A request id that was reversed before it arrived; no amounts."""


class SegmentKind(IntEnum):
    """What a segment carries."""

    ENTRIES = 1
    """`records` is an array of `ENTRY`, `text` the ids."""
    PLAN = 2
    """`text` is one plan as canonical JSON; the journal numbers plans from 0 by appearance."""
    MEMBERS = 3
    INSTITUTIONS = 4
    OPENINGS = 5
    """`text` is a JSON array of register entries, see `engine.state.registers`."""
    FIGURES = 6
    """`text` is a JSON array of operator figures, see `engine.rules.figures`."""
    REGISTER_CHANGES = 7
    """`text` is a JSON array of register changes, see `engine.state.registration`."""
    MOVEMENTS = 8
    """`records` is an array of `MOVEMENT`, `text` the act that moved the accounts, as the JSON of
    `engine.domain.movement.Act`."""
    ACCOUNT_PLAN = 9
    """`text` is one account plan as canonical JSON; numbered from 0 by appearance, like plans."""


POSITIONED: Final = (SegmentKind.ENTRIES, SegmentKind.MOVEMENTS)
"""Kinds whose items take up journal positions."""

FOLDED: Final = (SegmentKind.ENTRIES, SegmentKind.OPENINGS, SegmentKind.MOVEMENTS)
"""Kinds that the lagging tables hold up to their checkpoint."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One unit of the journal, durable as a whole or not at all.

    `first_position` is the journal position of the first entry or movement (for other kinds: of
    the next one there will be); positions start at 1 and have no gaps. `count` is the number of
    entries, movements or register items. `instant` is milliseconds UTC.
    """

    kind: SegmentKind
    instant: int
    first_position: int
    count: int
    records: bytes
    text: bytes

    @property
    def next_position(self) -> int:
        """The journal position that the segment after this one starts with."""
        return self.first_position + (self.count if self.kind in POSITIONED else 0)

    def movements(self) -> Array:
        """Return the movements as a read-only array of `MOVEMENT`, without a copy."""
        return np.frombuffer(self.records, dtype=MOVEMENT)

    def entries(self) -> Array:
        """Return the entries as a read-only array of `ENTRY`, without a copy."""
        return np.frombuffer(self.records, dtype=ENTRY)

    def entry_texts(self) -> Iterator[tuple[np.void, "EntryText"]]:
        """Yield each entry with its texts, in order."""
        start = 0
        for entry in self.entries():
            end = start + text_length(entry)
            yield entry, split_text(entry, self.text[start:end])
            start = end


class EntryText(NamedTuple):
    """The texts of one entry; empty where not given."""

    undo_id: str
    request_id: str
    visit: str
    disease: str
    admission: str
    prescription: str = ""
    payer: str = ""
    """The relative whose account should pay, where the register did not know the id."""
    lines: str = ""
    """The lines of the bill, `engine.domain.bill.encode_lines`."""


TEXT_LENGTHS = (
    "request_id_length",
    "visit_length",
    "disease_length",
    "admission_length",
    "prescription_length",
    "payer_length",
    "lines_length",
)
"""The lengths of an entry's texts in `CLAIM`, in their order; an undo's own id goes before them."""


def text_length(entry: np.void) -> int:
    """Return how many bytes of the segment's text belong to this entry."""
    claim = entry["claim"]
    own = int(entry["link"]["undo_id_length"])
    return own + sum(int(claim[name]) for name in TEXT_LENGTHS)


def split_text(entry: np.void, text: bytes) -> EntryText:
    """Return the texts of an entry from its own bytes of the segment's text."""
    claim = entry["claim"]
    texts, start = [], 0
    lengths = (entry["link"]["undo_id_length"], *(claim[name] for name in TEXT_LENGTHS))
    for length in lengths:
        texts.append(text[start : start + int(length)].decode())
        start += int(length)
    return EntryText(*texts)


class TextColumns:
    """The texts of all entries of a segment, a column at a time."""

    def __init__(self, segment: Segment) -> None:
        """Add up the lengths that the records have."""
        entries = segment.entries()
        lengths = np.empty((len(entries), len(EntryText._fields)), dtype=np.int64)
        lengths[:, 0] = entries["link"]["undo_id_length"]
        for column, name in enumerate(TEXT_LENGTHS, 1):
            lengths[:, column] = entries["claim"][name]
        self._ends: Array = np.cumsum(lengths).reshape(lengths.shape)
        self._starts: Array = self._ends - lengths
        self._text = segment.text

    def start(self, row: int) -> int:
        """Return where the texts of an entry begin in the segment's text."""
        return int(self._starts[row, 0])

    def column(self, name: str, rows: slice | Array) -> list[str]:
        """Return one text, by its name in `EntryText`, of some entries."""
        column = EntryText._fields.index(name)
        starts, ends = self._starts[rows, column], self._ends[rows, column]
        if bool((starts == ends).all()):
            return [""] * len(starts)
        text = self._text
        return [text[a:b].decode() for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
