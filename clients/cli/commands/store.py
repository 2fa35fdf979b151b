"""`gongji store`: make, share and upgrade a store in a PostgreSQL database; copy an SQLite file."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from clients.cli.common import Unfound, Wrong, echo_json, friendly, json_option, server_option
from clients.cli.stores import Database, Place, PlaceType, check_there, open_store

if TYPE_CHECKING:
    from gongji.v1.store_service_pb2 import BackUpResponse

_STEP_BYTES: Final = 8 << 20


@click.group(epilog="Example: gongji store init postgresql://gongji@db/settlement")
def store() -> None:
    """Make and keep stores.

    A PostgreSQL database gets its tables by init, for several servers at once, whose user gets its
    privileges by grant; an SQLite file is made when it is first used, and copied by backup.

    Exit codes: 0 done; 1 no copy was made; 2 wrong command line; 3 server or store cannot be used.
    """


@store.command(epilog="Example: gongji store init postgresql://gongji@db/settlement")
@click.argument("place", metavar="URL", type=PlaceType())
@friendly
def init(place: Place) -> None:
    """Make a store in the database at URL, in a schema of its own called gongji.

    The user of the URL becomes its owner. Let servers connect as another one, who cannot change the
    journal: gongji store grant.

    Exit codes: 0 made; 2 not a URL; 3 the database cannot be used, or has a store already.
    """
    from engine.store.postgres_connection import dial
    from engine.store.postgres_errors import Translated
    from engine.store.postgres_schema import check_settings, create

    with dial(_database(place).url) as connection, Translated():
        check_settings(connection)
        create(connection)
    click.echo(f"{place}: an empty store is ready; serve it with gongji serve --store URL")


@store.command(epilog="Example: gongji store grant postgresql://gongji@db/settlement teller")
@click.argument("place", metavar="URL", type=PlaceType())
@click.argument("user")
@friendly
def grant(place: Place, user: str) -> None:
    """Let USER, whom the database knows, serve the store at URL, and not change its journal.

    USER may add segments to the journal, but neither change nor remove what is there. The URL is
    that of the owner. What else USER was granted of the tables is revoked; who may change the
    journal all the same, as a superuser, say, is refused.

    Exit codes: 0 granted; 2 not a URL; 3 nothing was changed: the database cannot be used, has no
    store, does not know USER, or USER is not fit for it, or the URL is not that of the owner.
    """
    from engine.store.postgres_connection import dial
    from engine.store.postgres_errors import Translated
    from engine.store.postgres_rights import grant as grant_rights
    from engine.store.postgres_schema import check_exists

    with dial(_database(place).url) as connection, Translated():
        check_exists(connection)
        grant_rights(connection, user)
    click.echo(f"{place}: {user} may serve the store, and not change its journal")


@store.command(epilog="Example: gongji store upgrade postgresql://gongji@db/settlement")
@click.argument("place", metavar="URL", type=PlaceType())
@friendly
def upgrade(place: Place) -> None:
    """Bring the store in the database at URL up to the format of this version.

    Exit codes: 0 it is up to date now; 2 not a URL; 3 the database cannot be used, has no store, or
    one of a newer version.
    """
    from engine.store.postgres_connection import connect
    from engine.store.postgres_schema import STORE_FORMAT

    connect(_database(place).url).close()
    click.echo(f"{place}: the store has format {STORE_FORMAT}, that of this version")


@store.command(epilog="Example: gongji store backup --server 127.0.0.1:50051")
@server_option
@click.option(
    "--store",
    "place",
    type=PlaceType(),
    help="Instead of asking a server: an SQLite file that no server holds.",
)
@click.option(
    "--into",
    type=click.Path(exists=True, file_okay=False, writable=True, resolve_path=True, path_type=Path),
    help="With --store: folder for the copy.",
)
@json_option
@friendly
def backup(server: str, place: Place | None, into: Path | None, as_json: bool) -> None:
    """Copy an SQLite store, under load as well, and say up to where the copy is complete.

    A server copies its store to the folder it was started with (gongji serve --backups FOLDER);
    terminals wait for one step of it at most. The copy is named after the last segment of the
    journal in it and the first digits of its digest, and has its name only when it is whole and on
    the disk. Check it with gongji verify, which shows the digest too: kept elsewhere, it tells
    later whether the journal is that one still. Serve a copy like any store. A PostgreSQL
    database is copied with pg_dump.

    Exit codes: 0 copied; 1 no copy was made; 2 wrong command line; 3 server or store cannot be
    used.
    """
    from clients.server import Server

    if (place is None) != (into is None):
        raise click.UsageError("--store and --into belong together")
    if place is not None and into is not None:
        _show(_copied(place, into), as_json)
        return
    with Server(server) as connection:
        _show(connection.back_up(), as_json)


def _copied(place: Place, into: Path) -> "Iterator[BackUpResponse]":
    """Copy a store that nobody else holds; yield what a server would."""
    from engine.errors import BackupError
    from gongji.v1.store_service_pb2 import Backup, BackUpProgress, BackUpResponse

    check_there(place)
    try:
        with open_store(place) as opened:
            copy = opened.back_up(into)
            try:
                while not copy.step(_STEP_BYTES):
                    done = BackUpProgress(copied=copy.copied, total=copy.total)
                    yield BackUpResponse(progress=done)
                kept = copy.keep()
            finally:
                copy.discard()
    except BackupError as error:
        raise Unfound(str(error)) from error
    made = Backup(**kept._asdict() | {"file": str(kept.file)})
    yield BackUpResponse(made=made)


def _show(steps: "Iterator[BackUpResponse]", as_json: bool) -> None:
    """Follow a copy behind a progress bar on standard error; say what was made."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    made = None
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=as_json or not console.is_terminal,
    ) as bar:
        task = bar.add_task("copied", total=None)
        for step in steps:
            bar.update(task, completed=step.progress.copied, total=step.progress.total or None)
            made = step.made
    if made is None or not made.file:
        raise Unfound("no copy was made: the server gave no answer that is known")
    if as_json:
        told = {"file": made.file, "size": made.size, "sequence": made.sequence}
        echo_json(told | {"position": made.position, "digest": made.digest.hex()})
        return
    click.echo(
        f"{made.file}: complete up to segment {made.sequence}, journal position {made.position}\n"
        f"digest {made.digest.hex()}\n"
        f"check it: gongji verify --store {made.file}"
    )


def _database(place: Place) -> Database:
    if not isinstance(place, Database):
        raise Wrong(
            f"{place}: expected postgresql://USER@HOST/DATABASE; a file needs no such thing"
        )
    return place
