"""What a store must do; one conformance suite holds every store to it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

from engine.domain.journal import Segment
from engine.state.tables import Checkpoint, Tables
from engine.store.backup import Backup


class Store(Tables, Protocol):
    """A durable journal with its lagging tables.

    One process at a time has it, or several at once if it is shared: then a request is decided
    between `follow` and `append` or `release`.
    """

    @property
    def is_shared(self) -> bool:
        """Whether other processes may write the store as well."""
        ...

    def warnings(self) -> list[str]:
        """Return what an operator should know of how the store is set up; often nothing.

        What is unsafe for what was answered is refused when the store opens.
        """
        ...

    def introduce(self, name: str) -> list[str]:
        """Say as what this process serves the store; return as what others do, its own left out.

        Args:
            name: ASCII, some 40 characters at most; those that have the same answer alike.
        """
        ...

    def check_rights(self) -> None:
        """Check that this process may write the store.

        Raises:
            StoreError: it may not, or not all of it; what to do.
        """
        ...

    def now(self) -> int | None:
        """Return the instant by the clock of another machine that keeps the store, if one does.

        Milliseconds UTC. For the start of a server; nothing that is decided depends on it.
        """
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Let the body read the journal and the tables as they are at one moment."""
        ...

    def follow(self, *, writes: bool) -> Iterable[tuple[int, Segment]]:
        """Begin a transaction; return (sequence, segment) of what others have appended.

        Those up to `checkpoint_sequence` the tables have already. With `writes` nobody else appends
        until `append` or `release`.

        Raises:
            StoreError: the store cannot be reached, or is held by others for too long.
            InvariantBroken: the journal does not continue what was read of it.
        """
        ...

    def release(self) -> None:
        """End a transaction without writing; without one nothing happens."""
        ...

    def claim_checkpoint(self) -> bool:
        """Return whether this process may begin a checkpoint: one process at a time writes one."""
        ...

    @property
    def checkpoint_lost(self) -> bool:
        """Whether a checkpoint of this process came to nothing that has to be in a later one."""
        ...

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

    def back_up(self, folder: Path) -> Backup:
        """Begin a copy in a folder; the thread of the store takes its steps, between requests.

        Raises:
            BackupError: it cannot be made there, or something else makes copies of this store.
        """
        ...

    def close(self) -> None:
        """Close the store; a second call does nothing."""
        ...


class Alone:
    """What a store of one process does about other processes: nothing."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes may write the store as well."""
        return False

    def warnings(self) -> list[str]:
        """Return nothing."""
        return []

    def introduce(self, name: str) -> list[str]:
        """Return nothing: nobody else serves it."""
        return []

    def check_rights(self) -> None:
        """Check nothing: who has opened it may write it."""

    def now(self) -> int | None:
        """Return None: the store is on this machine."""
        return None

    def snapshot(self) -> AbstractContextManager[None]:
        """Return what needs no care: nobody else changes anything."""
        return nullcontext()

    def follow(self, *, writes: bool) -> Iterable[tuple[int, Segment]]:
        """Return nothing: nobody else appends."""
        return ()

    def release(self) -> None:
        """End nothing: a transaction begins and ends with `append`."""

    def claim_checkpoint(self) -> bool:
        """Return that this process may begin a checkpoint."""
        return True

    @property
    def checkpoint_lost(self) -> bool:
        """Whether another process wrote a checkpoint in the place of ours."""
        return False
