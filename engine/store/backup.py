"""A copy of an SQLite store that is made while the store is used, between its transactions."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from engine.errors import BackupError, StoreError
from engine.store.chain import JournalEnd
from engine.store.schema import create_private

ROOM_BYTES: Final = 64 << 20
"""What must stay free where the copy goes: the store itself may be on the same disk."""


class Kept(NamedTuple):
    """A finished copy, and up to where it is complete."""

    file: Path
    size: int
    """Bytes."""
    sequence: int
    """The last segment of the journal in it."""
    position: int
    """The journal position of its last entry."""
    digest: bytes
    """Of the last segment, 32 bytes. Kept elsewhere it tells whether the copy is this one still."""


class Backup:
    """A copy under way. It belongs to the thread of its store, which it must not outlive.

    What the store commits meanwhile is in the copy as well, so it is the store as of its last step.
    Until then it is called `….partial`, and what is found under that name is written over.
    """

    def __init__(self, source: apsw.Connection, end: JournalEnd, path: str, folder: Path) -> None:
        """Begin.

        Args:
            source: The connection of the store: changes of any other would have it begin again.
            end: Where the journal of the store ends.
            path: Of the store; its name without the suffix begins that of the copy.
            folder: Where the copy goes.

        Raises:
            BackupError: no file can be made there, or there is not enough room.
        """
        self._end = end
        self._name = Path(path).stem
        self._suffix = Path(path).suffix
        self._folder = folder
        self._partial = folder / f"{self._name}.partial"
        self._open = False
        pages, page_bytes = (int(source.pragma(p)) for p in ("page_count", "page_size"))
        self.total = pages * page_bytes
        """Bytes; it may grow while they are copied."""
        self.copied = 0
        """Bytes copied so far."""
        self._page_bytes = page_bytes
        try:
            self._require_room()
            self._partial.unlink(missing_ok=True)
            create_private(str(self._partial))
            self._target = apsw.Connection(str(self._partial), flags=apsw.SQLITE_OPEN_READWRITE)
            self._open = True
            # Nobody relies on the file before it has been synced and given its name.
            self._target.pragma("journal_mode", "OFF")
            self._target.pragma("synchronous", "OFF")
            self._backup = self._target.backup("main", source, "main")
        except (OSError, apsw.Error, StoreError) as error:
            raise self._failed(error) from error

    def _require_room(self) -> None:
        disk = os.statvfs(self._folder)
        free = disk.f_bavail * disk.f_frsize
        if free < self.total + ROOM_BYTES:
            raise BackupError(
                f"{self._folder}: {free >> 20} MiB free, {(self.total + ROOM_BYTES) >> 20} MiB "
                "needed; make room, or name another folder"
            )

    def step(self, room: int) -> Kept | None:
        """Copy about so many bytes; return the copy, durable, if it is whole.

        Raises:
            BackupError: it failed; nothing is kept of it.
        """
        try:
            self._backup.step(max(1, room // self._page_bytes))
            self.total = self._backup.page_count * self._page_bytes
            self.copied = self.total - self._backup.remaining * self._page_bytes
            return self._finish() if self._backup.done else None
        except (OSError, apsw.Error, StoreError) as error:
            raise self._failed(error) from error

    def _finish(self) -> Kept:
        """Give the copy its name, once it is on the disk."""
        end = self._end
        kept = Kept(
            self._folder / f"{self._name}-{end.sequence}{self._suffix}",
            self.total,
            end.sequence,
            end.last_position,
            end.last_digest,
        )
        self._close()
        _sync(self._partial)
        self._partial.replace(kept.file)
        _sync(self._folder)
        return kept

    def discard(self) -> None:
        """Leave nothing of a copy that is not whole; after the last step nothing happens."""
        if self._open:
            self._close()
            self._partial.unlink(missing_ok=True)

    def _close(self) -> None:
        self._open = False
        self._target.close(True)  # ends the copying as well

    def _failed(self, error: Exception) -> BackupError:
        """Leave nothing behind; return what to say."""
        with suppress(OSError):  # what stopped the copying stops this as well
            self.discard()
        return BackupError(f"{self._folder}: {error}; nothing was kept of the copy")


def _sync(path: Path) -> None:
    """Have the disk keep a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
