"""PostgreSQL's errors as ours."""

import psycopg
from psycopg import errors

from engine.errors import EngineError, InvariantBroken, StoreError, StoreFull

WORTH_ANOTHER_TRY = (
    psycopg.OperationalError,  # lost connections, locks not had in time, deadlocks, shutdowns
    psycopg.InterfaceError,  # a connection found closed
    psycopg.InternalError,
)
"""After these the transaction may go through on a new connection, or a moment later."""

OUT_OF_ROOM = (errors.DiskFull, errors.OutOfMemory, errors.InsufficientResources)
"""But not after these, which are among them."""


def ours(error: psycopg.Error) -> EngineError:
    """Return what one of PostgreSQL's errors means for the caller; none of them is of a COMMIT.

    Its own words may name values of a row, so only the code of an error about data is told.
    """
    match error:
        case errors.LockNotAvailable():
            return StoreError("another server is busy with the store; send again")
        case errors.DiskFull() | errors.OutOfMemory() | errors.InsufficientResources():
            return StoreFull(f"the database is out of room ({error.sqlstate}); nothing was written")
        case errors.IntegrityError() | errors.DataError():
            return InvariantBroken(
                f"the database refused a row ({error.sqlstate}, {_constraint(error)}); "
                "nothing was written"
            )
        case _:
            told = str(error).partition("\n")[0] or type(error).__name__
            return StoreError(f"the database: {told}")


def _constraint(error: psycopg.Error) -> str:
    name = error.diag.constraint_name
    return f"constraint {name}" if name else type(error).__name__


class Translated:
    """Turns PostgreSQL's errors into ours; none of them here is about a COMMIT."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, psycopg.Error):
            raise ours(error) from error
