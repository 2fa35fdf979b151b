"""A copy of an SQLite store that is made while the store is used, between its transactions."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from engine.errors import BackupError, StoreError
from engine.store.chain import JournalEnd
from engine.store.lock import PathLock
from engine.store.schema import create_private

ROOM_BYTES: Final = 256 << 20
"""What must stay free where the copy goes. The store may be on the same disk, and it takes no
more requests when less than a part of this is free."""

_DIGITS: Final = 8
"""Hexadecimal digits of the digest in the name of a copy."""


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
    """Of the last segment, 32 bytes: it stands for the journal up to there."""


class Backup:
    """A copy under way. Its steps belong to the thread of its store, which it must not outlive.

    What the store commits meanwhile is in the copy as well, so it is the store as of its last step.
    Until it is kept it is called `….partial`, and what is found under that name is written over.
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
        folder = folder.absolute()
        self._end = end
        self._name, self._suffix = Path(path).stem, Path(path).suffix
        self._folder = folder
        self._partial = folder / f"{self._name}.partial"
        self._page_bytes = int(source.pragma("page_size"))
        self._lock: PathLock | None = None
        self._target: apsw.Connection | None = None
        self._whole: Kept | None = None
        self.total = int(source.pragma("page_count")) * self._page_bytes
        """Bytes; it may grow while they are copied."""
        self.copied = 0
        """Bytes copied so far."""
        try:
            self._require_room()
            # Another store of this name may be copied to the folder, or be the file itself.
            self._lock = PathLock(str(self._partial))
            self._partial.unlink(missing_ok=True)
            create_private(str(self._partial))
            self._target = apsw.Connection(str(self._partial), flags=apsw.SQLITE_OPEN_READWRITE)
            # Nobody relies on the file before it has been synced and given its name.
            self._target.pragma("journal_mode", "OFF")
            self._target.pragma("synchronous", "OFF")
            self._backup = self._target.backup("main", source, "main")
        except (OSError, apsw.Error, StoreError) as error:
            raise self._failed(error) from error

    def _require_room(self) -> None:
        disk = os.statvfs(self._folder)
        free = disk.f_bavail * disk.f_frsize
        needed = self.total - self.copied + ROOM_BYTES
        if free < needed:
            raise StoreError(
                f"{free >> 20} MiB free, {needed >> 20} MiB needed; make room, or name another "
                "folder"
            )

    def step(self, room: int) -> bool:
        """Copy about so many bytes; return whether that was all, and the copy can be kept.

        Raises:
            BackupError: it failed; nothing is left of it.
        """
        try:
            self._require_room()
            self._backup.step(max(1, room // self._page_bytes))
            self.total = self._backup.page_count * self._page_bytes
            self.copied = self.total - self._backup.remaining * self._page_bytes
            if self._backup.done:
                self._note_whole()
                self._close()
        except (OSError, apsw.Error, StoreError) as error:
            raise self._failed(error) from error
        return self._whole is not None

    def _note_whole(self) -> None:
        end = self._end
        digits = end.last_digest.hex()[:_DIGITS]
        file = self._folder / f"{self._name}-{end.sequence}-{digits}{self._suffix}"
        self._whole = Kept(file, self.total, end.sequence, end.last_position, end.last_digest)

    def keep(self) -> Kept:
        """Have the disk keep a copy that is whole, and give it its name; return it.

        Any thread may do it: it may take as long as the disk takes for all of the file. A copy of
        the same journal that is there already stays, and this one goes.

        Raises:
            BackupError: it failed; nothing is left of it.
        """
        whole, lock = self._whole, self._lock
        if whole is None or lock is None:
            raise BackupError(f"{self._folder}: the copy is not whole")
        self._lock = None  # from here on it is not to be discarded
        try:
            _sync(self._partial)
            with suppress(FileExistsError):
                os.link(self._partial, whole.file)
            self._partial.unlink()
            _sync(self._folder)
        except OSError as error:
            with suppress(OSError):
                self._partial.unlink(missing_ok=True)
            raise self._said(error) from error
        finally:
            lock.release()
        return whole

    def discard(self) -> None:
        """Leave nothing of a copy that is not kept; a second call does nothing."""
        self._close()
        lock, self._lock = self._lock, None
        if lock is not None:
            self._partial.unlink(missing_ok=True)
            lock.release()

    def _close(self) -> None:
        target, self._target = self._target, None
        if target is not None:
            target.close(True)  # ends the copying as well

    def _failed(self, error: Exception) -> BackupError:
        """Leave nothing behind; return what to say."""
        with suppress(OSError):  # what stopped the copying stops this as well
            self.discard()
        return self._said(error)

    def _said(self, error: Exception) -> BackupError:
        return BackupError(f"{self._folder}: no copy was made: {error}")


def _sync(path: Path) -> None:
    """Have the disk keep a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
