"""What a store must do; one conformance suite holds every store to it."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from engine.domain.journal import Segment
from engine.state.tables import Checkpoint, Tables


class Store(Tables, Protocol):
    """A durable journal with its lagging tables. One process at a time writes it."""

    def require_space(self) -> None:
        """Check, before anything is moved, that there is room on the disk for a commit.

        Raises:
            StoreFull: the disk is nearly full.
        """
        ...

    def append(self, segments: Sequence[Segment]) -> int:
        """Make the segments durable, all in one transaction; return the last sequence number.

        Segments are numbered from 1 without gaps, in journal order. A part of the checkpoint that
        is under way goes with them.

        Raises:
            StoreError: nothing was recorded (the disk is nearly full, the store is busy).
            OutcomeUnknown: the commit failed; the process must stop and recover.
            InvariantBroken: the segments do not continue the journal, or do not add up; nothing
                was recorded.
        """
        ...

    def segments(self, after: int, entries_after: int) -> Iterator[tuple[int, Segment]]:
        """Yield (sequence, segment) in order.

        The kinds `journal.FOLDED`, which the lagging tables hold, come after sequence
        `entries_after`; every other kind comes after sequence `after`.
        """
        ...

    def drop_checkpoint(self) -> None:
        """Write no more of a checkpoint that is under way; what was written of it never counts."""
        ...

    def begin_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Take what is to be written to the tables, in the place of what is under way if any is.

        The tables stand for what they stood for until the last part is written.
        """
        ...

    def write_checkpoint(self, room: int) -> bool:
        """Write about so many bytes of what is under way; return whether nothing is left of it."""
        ...

    @property
    def checkpoint_under_way(self) -> bool:
        """Whether a checkpoint is begun and not yet written to its end; `append` carries it on."""
        ...

    def blocks(self) -> tuple[set[tuple[int, int]], set[int]]:
        """Return the (year, block) with member-years, and the blocks with accounts."""
        ...

    def credit_count(self) -> int:
        """Return how many segments of credits the tables have."""
        ...

    @property
    def checkpoint_sequence(self) -> int:
        """The sequence number that the lagging tables stand for; 0 at first."""
        ...

    @property
    def checkpoint_position(self) -> int:
        """The journal position of the last entry at `checkpoint_sequence`; 0 at first."""
        ...

    @property
    def sequence(self) -> int:
        """The sequence number of the last segment; 0 for an empty journal."""
        ...

    @property
    def last_position(self) -> int:
        """The journal position of the last entry; 0 for a journal without entries."""
        ...

    def close(self) -> None:
        """Close the store; a second call does nothing."""
        ...
