"""SQLite's errors as ours."""

import apsw

from engine.errors import EngineError, InvariantBroken, StoreError, StoreFull, StoreLocked


class Translated:
    """Turns SQLite's errors into ours; none of them here is about a COMMIT."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, apsw.Error):
            raise _ours(self._path, error) from error


def _ours(path: str, error: apsw.Error) -> EngineError:
    """Return what one of SQLite's errors means for the caller."""
    match error:
        case apsw.BusyError():
            return StoreLocked(f"{path}: another program holds the database ({error})")
        case apsw.FullError():
            return StoreFull(f"{path}: the disk is full; nothing was written")
        case apsw.ConstraintError():
            # Sums that do not add up, a number used twice: the caller's bug.
            return InvariantBroken(f"{path}: {error}; nothing was written")
        case apsw.CorruptError() | apsw.NotADBError():
            return StoreError(f"{path}: not a store, or damaged ({error})")
        case _:
            return StoreError(f"{path}: {error}")
