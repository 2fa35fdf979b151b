"""The lock file that keeps a second process, or a second open in this one, away from a store.

SQLite's own locks are not enough: they belong to the process and vanish when any part of it
closes the file. `flock` belongs to the open file, and the kernel drops it when the process dies.
"""

import fcntl
import os
from typing import Final

from engine.errors import StoreError, StoreLocked

_PID_BYTES: Final = 20


class PathLock:
    """An exclusive lock on `<path>.lock`, held until `release`.

    The lock file stays behind: deleting it would let two processes lock two files of one name.
    """

    def __init__(self, path: str) -> None:
        """Take the lock.

        Args:
            path: of the store, with symbolic links resolved, so that one store has one lock.

        Raises:
            StoreLocked: somebody holds it; the message names the process.
            StoreError: the lock file cannot be opened.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(f"{path}.lock", flags, 0o600)
        except OSError as error:
            raise StoreError(f"{path}.lock: cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, _PID_BYTES, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise StoreLocked(
                f"{path}: process {holder or 'unknown'} holds the store, and one at a time may; "
                "stop it, or go through its server"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Give the lock back; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
