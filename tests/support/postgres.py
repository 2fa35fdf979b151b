"""PostgreSQL for tests: a server for who imports `pg_server`, a database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Final
from urllib.parse import urlsplit

import pytest

from benchmarks.peers.cluster import Server, started
from engine.store.postgres_connection import dial
from engine.store.postgres_rights import grant
from engine.store.postgres_schema import create

TELLER: Final = "teller"
"""A user who may serve stores."""

_numbers = count(1)


@pytest.fixture(scope="session")
def pg_server() -> Iterator[Server]:
    with started(Server) as server:
        yield server


def new_database(server: Server) -> str:
    """Return the URL of a new database with an empty store."""
    name = f"ledger{next(_numbers)}"
    server.sql(f"CREATE DATABASE {name}")
    url = server.url(name)
    with dial(url) as connection:
        create(connection)
    return url


@pytest.fixture
def database(pg_server: Server) -> str:
    """The URL of a database with an empty store."""
    return new_database(pg_server)


def for_teller(url: str) -> str:
    """Let the teller serve the store of a database; return the URL to do so with."""
    with dial(url) as connection:
        known = connection.execute("SELECT rolname FROM pg_roles").fetchall()
        if (TELLER,) not in known:
            connection.execute(f"CREATE ROLE {TELLER} LOGIN")
        grant(connection, TELLER)
    return url.replace("//gongji@", f"//{TELLER}@")


def named(url: str) -> str:
    """Return the name of the database of a URL."""
    return urlsplit(url).path.removeprefix("/")
