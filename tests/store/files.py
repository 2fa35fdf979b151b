"""Stores in files, and how somebody else changes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from engine.store.sqlite import SqliteStore
from tests.store.made_up import MadeUp, write_whole


def filled(path: Path, segments: int = 8, checkpoint: bool = True) -> MadeUp:
    """Make a store with some segments of three entries, and a checkpoint at the fourth."""
    made = MadeUp()
    with SqliteStore.open(path) as store:
        for number in range(1, segments + 1):
            store.append([made.entries(3)])
            if checkpoint and number == 4:
                write_whole(store, made.checkpoint(4))
    return made


@contextmanager
def behind_its_back(path: Path) -> Iterator[apsw.Connection]:
    """Change a closed store as somebody could who may write the file."""
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON")
    connection.execute("DROP TRIGGER segment_stays; DROP TRIGGER segment_keeps")
    yield connection
    connection.close()
