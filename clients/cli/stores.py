"""Where a store is: a file for one process, or a PostgreSQL database for several servers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from engine.errors import StoreError

if TYPE_CHECKING:
    from clients.clock import Clock
    from engine.domain.journal import Segment
    from engine.store.postgres import PostgresStore
    from engine.store.sqlite import SqliteStore

_URL_STARTS: Final = ("postgresql://", "postgres://")
_PASSWORD: Final = re.compile(r"([?&](?:ssl)?password=)[^&]*")
_SQLITE: Final = b"SQLite format 3\0"
_APPLICATION: Final = slice(68, 72)
"""Where SQLite's file format keeps the application id."""
_HEAD_BYTES: Final = 100


@dataclass(frozen=True)
class Database:
    """A PostgreSQL database."""

    url: str

    def __str__(self) -> str:
        """Return the URL without its password, for messages."""
        before, at, rest = self.url.partition("@")
        scheme, _, user = before.partition("://")
        shown = f"{scheme}://{user.partition(':')[0]}@{rest}" if at else self.url
        return _PASSWORD.sub(r"\1***", shown)


Place = Path | Database


class PlaceType(click.ParamType[Place]):
    """The place of a store on the command line."""

    name = "PATH|URL"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Place:
        """Return the place that was named."""
        if isinstance(value, Path | Database):
            return value
        if str(value).startswith(_URL_STARTS):
            return Database(value)
        if "://" in str(value):
            self.fail(f"{value}: neither a path nor postgresql://USER@HOST/DATABASE", param, ctx)
        path = Path(value)
        if path.is_dir():
            self.fail(f"{path}: is a folder; name a file in it", param, ctx)
        return path


def check_there(place: Place) -> None:
    """Check that there is a store, without touching what is no store; a database says so itself.

    Raises:
        StoreError: there is none, and what makes one.
    """
    if isinstance(place, Database):
        return
    if not place.exists():
        raise StoreError(
            f"{place}: there is no such store; make one with "
            f"gongji register institutions FILE --store {place}"
        )
    if not place.stat().st_size:
        raise StoreError(f"{place}: is empty, not a store")
    _check_not_foreign(place)


def _check_not_foreign(path: Path) -> None:
    """Check that a file, if it is there, is empty or a store: opening it leaves files beside it.

    Raises:
        StoreError: it is something else.
    """
    from engine.store.schema import APPLICATION_ID

    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; name a file that can be read") from None
    if head and not head.startswith(_SQLITE):
        raise StoreError(f"{path}: is not a store; give another path")
    ours = int.from_bytes(head[_APPLICATION], "big") == APPLICATION_ID
    # A store that broke off while it was made has everything in its log still.
    if head and not ours and not path.with_name(f"{path.name}-wal").exists():
        raise StoreError(f"{path}: is an SQLite database, but not a store; give another path")


def open_store(place: Place, *, check: bool = True) -> "SqliteStore | PostgresStore":
    """Open a store; a file is made if it is not there.

    Args:
        place: Where it is.
        check: Whether a damaged store is refused; without it, it opens to be examined.

    Raises:
        StoreError: somebody else holds the file, the database has no store, it cannot be opened.
    """
    if isinstance(place, Database):
        from engine.store.postgres import PostgresStore

        return PostgresStore.open(place.url, check=check)
    from engine.store.sqlite import SqliteStore

    if not place.parent.is_dir():
        raise StoreError(f"{place.parent}: there is no such folder; make it first")
    _check_not_foreign(place)
    return SqliteStore.open(place, check=check)


def time_store(store: "SqliteStore | PostgresStore", clock: "Clock") -> None:
    """Have a store time what it does for good: commits and checkpoints."""
    append, write_checkpoint = store.append, store.write_checkpoint

    def timed_append(segments: "Sequence[Segment]") -> int:
        with clock.stage("commit"):
            return append(segments)

    def timed_checkpoint(room: int) -> bool:
        with clock.stage("checkpoint"):
            return write_checkpoint(room)

    store.append = timed_append  # type: ignore[method-assign]  # of this one store
    store.write_checkpoint = timed_checkpoint  # type: ignore[method-assign]
