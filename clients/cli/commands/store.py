"""`gongji store`: make a store in a PostgreSQL database, and bring one up to this version."""

import click

from clients.cli.common import Wrong, friendly
from clients.cli.stores import Database, Place, PlaceType


@click.group(epilog="Example: gongji store init postgresql://gongji@db/settlement")
def store() -> None:
    """Make the tables of a store in a PostgreSQL database, for several servers at once.

    An SQLite file needs none of this: it is made when it is first used.

    Exit codes: 0 done; 2 not a URL; 3 the database cannot be used.
    """


@store.command(epilog="Example: gongji store init postgresql://gongji@db/settlement")
@click.argument("place", metavar="URL", type=PlaceType())
@friendly
def init(place: Place) -> None:
    """Make a store in the database at URL, in a schema of its own called gongji.

    The user of the URL becomes its owner; servers may connect as another one, with USAGE on the
    schema, and SELECT, INSERT and UPDATE on its tables.

    Exit codes: 0 made; 2 not a URL; 3 the database cannot be used, or has a store already.
    """
    from engine.store.postgres_connection import dial
    from engine.store.postgres_schema import check_settings, create

    with dial(_database(place).url) as connection:
        check_settings(connection)
        create(connection)
    click.echo(f"{place}: an empty store is ready; serve it with gongji serve --store URL")


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


def _database(place: Place) -> Database:
    if not isinstance(place, Database):
        raise Wrong(f"{place}: expected postgresql://USER@HOST/DATABASE; a file needs no init")
    return place
