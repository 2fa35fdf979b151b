"""First pass: the shape of the journal, and which member-years the second pass must remember."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from engine.domain.journal import TEXT_LENGTHS, EntryKind, Segment, SegmentKind
from engine.domain.layout import ENTRY, MOVEMENT, Array
from engine.store.protocol import Store
from engine.verify.movements import undone_by
from engine.verify.report import Kind, Report


@dataclass(slots=True)
class Scan:
    """What the first pass learned.

    An undo is held against the settlement it names, so settlements that are named, and all of a
    member-year in which something was undone, are remembered by the second pass.
    """

    undone: set[int] = field(default_factory=set)
    member_years: set[tuple[int, int]] = field(default_factory=set)
    undone_movements: set[int] = field(default_factory=set)
    unreadable: set[int] = field(default_factory=set)
    """Sequence numbers of segments whose entries or movements cannot be told apart."""


def scan(store: Store, report: Report, progress: Callable[[int, int], None]) -> Scan:
    """Check numbering and lengths of every segment; return what the second pass needs.

    Args:
        store: whose journal is read.
        report: takes what is found wrong.
        progress: called with (segment, last segment).
    """
    learned = Scan()
    expected, next_position = 1, 1
    for sequence, segment in store.segments(0, 0):
        if sequence != expected:
            report.add(Kind.STRUCTURE, sequence, 0, "sequence", expected, sequence)
        expected = sequence + 1
        if segment.first_position != next_position:
            report.add(
                Kind.STRUCTURE,
                sequence,
                0,
                "first_position",
                next_position,
                segment.first_position,
            )
        if segment.kind == SegmentKind.ENTRIES:
            next_position += _scan_entries(sequence, segment, next_position, learned, report)
        elif segment.kind == SegmentKind.MOVEMENTS:
            next_position += _scan_movements(sequence, segment, learned, report)
        elif segment.records:
            report.add(Kind.STRUCTURE, sequence, 0, "records", "0 bytes", len(segment.records))
        progress(sequence, store.sequence)
    for name, found, should in (
        ("sequence", store.sequence, expected - 1),
        ("last_position", store.last_position, next_position - 1),
    ):
        if found != should:
            report.add(Kind.STRUCTURE, 0, 0, name, should, found)
    return learned


def _scan_entries(
    sequence: int, segment: Segment, position: int, learned: Scan, report: Report
) -> int:
    """Check the entries of one segment; return how many positions it takes up."""
    if not segment.records or len(segment.records) % ENTRY.itemsize:
        report.add(
            Kind.STRUCTURE,
            sequence,
            0,
            "records",
            f"a multiple of {ENTRY.itemsize} bytes",
            f"{len(segment.records)} bytes",
        )
        learned.unreadable.add(sequence)
        return segment.count
    entries = segment.entries()
    if segment.count != len(entries):
        report.add(Kind.STRUCTURE, sequence, 0, "count", len(entries), segment.count)
    _scan_positions(sequence, entries, position, report)
    length = _text_length(entries)
    if length != len(segment.text):
        report.add(Kind.STRUCTURE, sequence, 0, "text", f"{length} bytes", len(segment.text))
        learned.unreadable.add(sequence)
    undos = entries[np.isin(entries["link"]["kind"], (EntryKind.CANCEL, EntryKind.REVERSAL))]
    learned.undone.update(undos["link"]["undoes"].tolist())
    members, years = undos["claim"]["member"].tolist(), undos["row"]["year"].tolist()
    learned.member_years.update(zip(members, years, strict=True))
    return len(entries)


def _scan_movements(sequence: int, segment: Segment, learned: Scan, report: Report) -> int:
    """Check the length of one segment of movements; return how many positions it takes up."""
    expected = segment.count * MOVEMENT.itemsize
    if segment.count < 1 or len(segment.records) != expected:
        found = f"{len(segment.records)} bytes"
        report.add(Kind.STRUCTURE, sequence, 0, "records", f"{expected} bytes", found)
        learned.unreadable.add(sequence)
    elif undoes := undone_by(segment):
        learned.undone_movements.add(undoes)
    return segment.count


def _scan_positions(sequence: int, entries: Array, position: int, report: Report) -> None:
    found = entries["link"]["position"]
    expected = np.arange(position, position + len(entries))
    for n in np.flatnonzero(found != expected).tolist():
        report.add(
            Kind.STRUCTURE, sequence, position + n, "link.position", position + n, int(found[n])
        )


def _text_length(entries: Array) -> int:
    lengths = int(entries["link"]["undo_id_length"].sum(dtype=np.int64))
    return lengths + sum(int(entries["claim"][name].sum(dtype=np.int64)) for name in TEXT_LENGTHS)
