"""What a store keeps of a segment beside its bytes: control sums, text offsets, digest chain.

The digest of a segment is the SHA-256 of the digest before it (32 zero bytes at first), the
header as 15 little-endian int64 (`_HEADER`), the records and the text. Changing, removing,
inserting or reordering segments breaks the chain at the first one touched.
"""

import hashlib
import json
import struct
from typing import Final, NamedTuple

import numpy as np

from engine.domain import journal
from engine.domain.journal import Segment, SegmentKind
from engine.domain.layout import ENTRY, FORMAT, MOVEMENT, Array
from engine.errors import InvariantBroken

CHAIN_START: Final = bytes(32)
"""The digest before the first segment."""

SUMS: Final = (
    "total",
    "pooled_fund",
    "large_amount_fund",
    "institution_share",
    "account",
    "family_account",
    "cash",
)
"""The control sums of a segment; the first is the sum of the others."""

TEXT_LENGTHS: Final = ("link.undo_id_length", *(f"claim.{name}" for name in journal.TEXT_LENGTHS))
"""Fields of an entry that say how long its texts are, in the order of the texts."""

_HEADER: Final = struct.Struct("<15q")
"""Sequence, kind, format, instant, first position, count, lengths of records and text, sums."""


def _flat(
    dtype: "np.dtype[np.void]", prefix: str = "", base: int = 0
) -> list[tuple[str, str, int]]:
    """Return (dotted name, dtype, offset) of every field, nested ones included."""
    fields: list[tuple[str, str, int]] = []
    for name in dtype.names or ():
        inner, offset = dtype.fields[name][:2]  # type: ignore[index]  # has names, so has fields
        if inner.names:
            fields += _flat(inner, f"{prefix}{name}.", base + offset)
        else:
            fields.append((prefix + name, inner.str, base + offset))
    return fields


_FIELDS: Final = {name: (kind, offset) for name, kind, offset in _flat(ENTRY)}
_SUM_COLUMNS: Final = np.array([_FIELDS[f"result.{name}"][1] // 8 for name in SUMS])
_LENGTH_COLUMNS: Final = np.array([_FIELDS[name][1] for name in TEXT_LENGTHS[:-1]])
_LINES_COLUMN: Final = _FIELDS[TEXT_LENGTHS[-1]][1] // 4
"""Lines are longer than one octet can say."""
_POSITION_COLUMN: Final = _FIELDS["link.position"][1] // 8


def describe_layout() -> str:
    """Return the layouts as JSON, enough to read the journal with NumPy alone.

    `numpy.dtype(description["entry"])` is the dtype of a segment's records, and
    `numpy.dtype(description["movement"])` that of movements, whose parts of a credit are flat;
    `description["text"]` names the fields that hold the lengths of an entry's texts.
    """
    entry = {
        "names": list(_FIELDS),
        "formats": [kind for kind, _ in _FIELDS.values()],
        "offsets": [offset for _, offset in _FIELDS.values()],
        "itemsize": ENTRY.itemsize,
    }
    fields = [(name, *MOVEMENT.fields[name][:2]) for name in MOVEMENT.names or ()]  # type: ignore[index]  # has names, so has fields
    movement = {
        "names": [name for name, _, _ in fields],
        "formats": [
            f"({','.join(map(str, kind.shape))},){kind.base.str}" if kind.shape else kind.str
            for _, kind, _ in fields
        ],
        "offsets": [offset for _, _, offset in fields],
        "itemsize": MOVEMENT.itemsize,
    }
    layouts = {"entry": entry, "movement": movement, "text": TEXT_LENGTHS}
    return json.dumps(layouts, separators=(",", ":"))


class Sealed(NamedTuple):
    """A segment as it stands in the store, in the order of the columns."""

    sequence: int
    kind: int
    format: int
    instant: int
    first_position: int
    items: int
    """The segment's `count`, a name that tuples have taken."""
    total: int
    pooled_fund: int
    large_amount_fund: int
    institution_share: int
    account: int
    family_account: int
    cash: int
    digest: bytes
    text_starts: bytes
    """For entries: where each one's text starts, and where the last ends, as `<u4`."""
    text: bytes
    records: bytes

    def segment(self) -> Segment:
        """Return the segment itself."""
        return Segment(
            SegmentKind(self.kind),
            self.instant,
            self.first_position,
            self.items,
            self.records,
            self.text,
        )


def seal(segment: Segment, sequence: int, previous: bytes) -> Sealed:
    """Return a segment with its sums, text offsets and digest.

    Args:
        segment: what to store.
        sequence: its number in the journal, from 1.
        previous: the digest of the segment before it, or `CHAIN_START`.

    Raises:
        InvariantBroken: records, count, positions and text do not fit together.
    """
    sums = [0] * len(SUMS)
    text_starts = b""
    if segment.kind == SegmentKind.ENTRIES:
        words, lengths = _views(segment)
        sums = words[:, _SUM_COLUMNS].sum(axis=0).tolist()
        text_starts = _text_starts(segment, lengths)
    elif segment.kind == SegmentKind.MOVEMENTS:
        if segment.count < 1 or len(segment.records) != segment.count * MOVEMENT.itemsize:
            found = len(segment.records)
            raise InvariantBroken(f"{found} bytes of records for {segment.count} movements")
    elif segment.records:
        raise InvariantBroken(f"a segment of kind {segment.kind.name} has no records")
    return Sealed(
        sequence=sequence,
        kind=int(segment.kind),
        format=FORMAT,
        instant=segment.instant,
        first_position=segment.first_position,
        items=segment.count,
        **dict(zip(SUMS, sums, strict=True)),
        digest=_digest(segment, sequence, sums, previous),
        text_starts=text_starts,
        text=segment.text,
        records=segment.records,
    )


def _views(segment: Segment) -> tuple[Array, Array]:
    """Return the records as int64 words and the length of the texts of each."""
    count = segment.count
    if count < 1 or len(segment.records) != count * ENTRY.itemsize:
        raise InvariantBroken(f"{len(segment.records)} bytes of records for {count} entries")
    words = np.frombuffer(segment.records, dtype="<i8").reshape(count, -1)
    positions = words[:, _POSITION_COLUMN]
    first = segment.first_position
    if not np.array_equal(positions, np.arange(first, first + count)):
        raise InvariantBroken(f"the entries are not numbered from {first} without gaps")
    octets = np.frombuffer(segment.records, dtype="u1").reshape(count, -1)
    lengths = octets[:, _LENGTH_COLUMNS].sum(axis=1, dtype=np.int64)
    return words, lengths + words.view("<u4")[:, _LINES_COLUMN]


def _text_starts(segment: Segment, lengths: Array) -> bytes:
    """Return where each entry's text starts, and where the last one ends."""
    starts = np.zeros(segment.count + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    if starts[-1] != len(segment.text):
        raise InvariantBroken(f"{len(segment.text)} bytes of text where entries say {starts[-1]}")
    return starts.astype("<u4").tobytes()


def _digest(segment: Segment, sequence: int, sums: list[int], previous: bytes) -> bytes:
    """Return the digest of a segment that follows the one with digest `previous`."""
    header = _HEADER.pack(
        sequence,
        segment.kind,
        FORMAT,
        segment.instant,
        segment.first_position,
        segment.count,
        len(segment.records),
        len(segment.text),
        *sums,
    )
    digest = hashlib.sha256(previous)
    digest.update(header)
    digest.update(segment.records)
    digest.update(segment.text)
    return digest.digest()
