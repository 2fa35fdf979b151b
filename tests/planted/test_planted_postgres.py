"""A database that answers a commit before it is on the disk, planted: what was answered is gone."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from benchmarks.peers.cluster import Server, started
from engine.store import postgres_connection, postgres_schema
from engine.store.postgres import PostgresStore
from tests.crash.database_faults import kill_the_database
from tests.store.made_up import MadeUp
from tests.support.postgres import new_database

COMMITS = 20


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of its own, which is in no hurry to write what it need not have written."""
    with started(Server) as server:
        server.sql("ALTER SYSTEM SET wal_writer_delay = '10s'")
        server.sql("SELECT pg_reload_conf()")
        yield server


def left_of_the_commits(server: Server) -> int:
    """Return how many of some commits, all answered, are there after the database was killed."""
    url, made = new_database(server), MadeUp()
    with PostgresStore.open(url) as store:
        for _ in range(COMMITS):
            list(store.follow(writes=True))
            store.append([made.entries(1)])
        assert store.sequence == COMMITS
        kill_the_database(server, random.Random(1))
    with PostgresStore.open(url) as again:
        return again.sequence


def test_a_commit_that_does_not_wait_for_the_disk_loses_what_was_answered(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert left_of_the_commits(server) == COMMITS
    monkeypatch.setitem(postgres_connection._SETTINGS, "synchronous_commit", "off")
    monkeypatch.setitem(postgres_schema._NEEDED, "synchronous_commit", ("off",))
    assert left_of_the_commits(server) < COMMITS
