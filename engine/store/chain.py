"""Whether stored segments follow from each other: digests, numbering, sums."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from engine.domain.journal import POSITIONED, Segment, SegmentKind
from engine.errors import InvariantBroken
from engine.store.seal import CHAIN_START, Sealed, seal

Progress = Callable[[int, int], None]
"""Called with (sequence just checked, last sequence)."""

COLUMNS: Final = ", ".join(Sealed._fields)
_KINDS: Final = frozenset(SegmentKind)


class Problem(NamedTuple):
    """Something that does not hold: the segment's sequence number (0: the store), and what."""

    sequence: int
    what: str

    def __str__(self) -> str:
        """Return the problem as one line."""
        return f"segment {self.sequence}: {self.what}" if self.sequence else self.what


class Link(NamedTuple):
    """Where a journal ends: what the next segment must follow from."""

    sequence: int = 0
    digest: bytes = CHAIN_START
    next_position: int = 1


class JournalEnd:
    """What a store says of where its journal ends, as far as it has read or appended it."""

    _end: Link

    @property
    def sequence(self) -> int:
        """The sequence number of the last segment; 0 for an empty journal."""
        return self._end.sequence

    @property
    def last_position(self) -> int:
        """The journal position of the last entry; 0 for a journal without entries."""
        return self._end.next_position - 1

    @property
    def last_digest(self) -> bytes:
        """The digest of the last segment, which stands for the whole journal before it."""
        return self._end.digest


def link_of(stored: Sealed) -> Link:
    """Return what the segment after this one must follow from."""
    takes = stored.items if stored.kind in POSITIONED else 0
    return Link(stored.sequence, stored.digest, stored.first_position + takes)


def seal_all(segments: Iterable[Segment], before: Link) -> list[Sealed]:
    """Return segments as they are stored, the first of them after `before`.

    Raises:
        InvariantBroken: they do not continue the journal, or do not add up.
    """
    rows: list[Sealed] = []
    for segment in segments:
        if segment.first_position != before.next_position:
            raise InvariantBroken(
                f"a segment starts at position {segment.first_position}, "
                f"expected {before.next_position}"
            )
        row = seal(segment, before.sequence + 1, before.digest)
        rows.append(row)
        before = link_of(row)
    return rows


def problems_of(
    rows: Iterable[tuple[Any, ...]], before: Link, last: int, progress: Progress | None = None
) -> Iterator[Problem]:
    """Yield where segments do not follow from what is before them.

    After a break the check goes on from the digest that is stored, so that one changed segment
    is one problem and not one for each segment behind it.

    Args:
        rows: of `COLUMNS`, in order of their sequence numbers.
        before: where the journal ended before the first of them.
        last: sequence number of the last one, for `progress`.
        progress: called after each.
    """
    for row in rows:
        stored = Sealed(*row)
        if stored.sequence != before.sequence + 1:
            missing = before.sequence + 1
            yield Problem(missing, f"segments are missing: the next one is {stored.sequence}")
        what = segment_problem(stored, before)
        if what:
            yield Problem(stored.sequence, what)
        before = link_of(stored)
        if progress is not None:
            progress(stored.sequence, last)


def segment_problem(stored: Sealed, before: Link) -> str:
    """Return what is wrong with one stored segment, or nothing; not whether one is missing."""
    if stored.kind not in _KINDS:
        return f"kind {stored.kind} is unknown"
    if stored.first_position != before.next_position:
        return f"it starts at position {stored.first_position}, expected {before.next_position}"
    try:
        again = seal(stored.segment(), stored.sequence, before.digest)
    except InvariantBroken as error:
        return str(error)
    if again.digest != stored.digest:
        return "it does not match its digest: it was changed, or does not follow the one before"
    if again != stored:
        return "its control sums or text offsets do not match its records"
    return ""
