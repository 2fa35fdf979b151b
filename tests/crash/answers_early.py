"""The planted defect, in a process of its own: `gongji` whose commits come after the answers.

`python -m tests.crash.answers_early serve --store STORE` behaves as `gongji serve` does, but a
commit waits in memory for a moment while its answers go out, as if it were written behind.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from clients.cli.main import main
from engine.domain.journal import Segment, SegmentKind, text_length
from engine.store.sqlite import SqliteStore

BEHIND_SECONDS = 0.05

_append, _entry = SqliteStore.append, SqliteStore.entry


class WriteBehind:
    """Segments that were answered for and are not written yet."""

    def __init__(self) -> None:
        self.waiting: list[Segment] = []
        self.since = 0.0
        self.writing = False

    def append(self, store: SqliteStore, segments: Sequence[Segment]) -> int:
        """Keep the segments; write what has waited long enough."""
        if not self.waiting:
            self.since = time.monotonic()
        self.waiting.extend(segments)
        if time.monotonic() - self.since > BEHIND_SECONDS:
            self.write(store)
        return 0

    def write(self, store: SqliteStore) -> None:
        """Write what waits."""
        if self.waiting and not self.writing:
            self.writing = True
            waiting, self.waiting = self.waiting, []
            _append(store, waiting)
            self.writing = False

    def entry(self, store: SqliteStore, position: int) -> tuple[bytes, bytes] | None:
        """Read an entry, written or not."""
        for segment in self.waiting:
            index = position - segment.first_position
            if segment.kind == SegmentKind.ENTRIES and 0 <= index < segment.count:
                entries = segment.entries()
                start = sum(map(text_length, entries[:index]))
                end = start + text_length(entries[index])
                return entries[index].tobytes(), segment.text[start:end]
        return _entry(store, position)


def plant() -> None:
    """Make every store answer first; whoever reads it or closes it, writes before."""
    behind = WriteBehind()
    patched: Any = SqliteStore
    for name in ("segments", "begin_checkpoint", "close"):
        original = getattr(SqliteStore, name)

        def late(store: SqliteStore, *arguments: Any, _original: Any = original) -> Any:
            behind.write(store)
            return _original(store, *arguments)

        setattr(SqliteStore, name, late)
    sequence: Any = SqliteStore.sequence

    def written(store: SqliteStore) -> int:
        if not behind.writing:
            behind.write(store)
        found: int = sequence.fget(store)
        return found

    patched.sequence = property(written)
    patched.entry = lambda store, position: behind.entry(store, position)
    patched.append = lambda store, segments: behind.append(store, segments)


if __name__ == "__main__":
    plant()
    main()
