"""What only the shared store has: its guard, lost answers to commits, who writes checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from benchmarks.peers.cluster import Server
from engine.domain.journal import SegmentKind
from engine.errors import InvariantBroken, OutcomeUnknown, StoreError
from engine.store import postgres, postgres_session
from engine.store.postgres import PostgresStore
from engine.store.postgres_connection import dial
from engine.store.postgres_schema import Connection, create
from tests.store.made_up import MadeUp
from tests.support.postgres import named

# --- the guard ---------------------------------------------------------------------------


def test_a_database_without_a_store_says_how_to_make_one(pg_server: Server) -> None:
    pg_server.sql("CREATE DATABASE bare")
    with pytest.raises(StoreError, match="gongji store init"):
        PostgresStore.open(pg_server.url("bare"))


def test_a_store_is_made_once(database: str) -> None:
    with dial(database) as connection, pytest.raises(StoreError, match="already"):
        create(connection)
    PostgresStore.open(database).close()


def test_nobody_there(pg_server: Server) -> None:
    with pytest.raises(StoreError, match=r"cannot be reached.*nowhere"):
        PostgresStore.open(pg_server.url("nowhere"))


@pytest.mark.parametrize(
    ("setting", "value"),
    [("synchronous_commit", "off"), ("synchronous_commit", "local"), ("transaction_read_only", "")],
)
def test_an_unsafe_database_is_refused(database: str, setting: str, value: str) -> None:
    name = named(database)
    said = {"transaction_read_only": "default_transaction_read_only"}.get(setting, setting)
    with dial(database) as connection:
        connection.execute(f"ALTER DATABASE {name} SET {said} = {value or 'on'}")
    with pytest.raises(StoreError, match=f"{setting} = .*not be safe"):
        PostgresStore.open(database)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_an_unsafe_server_is_refused(pg_server: Server, database: str, setting: str) -> None:
    try:
        pg_server.sql(f"ALTER SYSTEM SET {setting} = off; SELECT pg_reload_conf();")
        with pytest.raises(StoreError, match=f"{setting} = off.*not be safe"):
            PostgresStore.open(database)
    finally:
        pg_server.sql(f"ALTER SYSTEM RESET {setting}; SELECT pg_reload_conf();")


def test_another_format_is_refused(database: str) -> None:
    with dial(database) as connection:
        connection.execute("UPDATE meta SET value = 99 WHERE key = 'format'")
    with pytest.raises(StoreError, match="format 99"):
        PostgresStore.open(database)


def test_large_segments_are_compressed_fast(database: str) -> None:
    with dial(database) as connection, PostgresStore.open(database) as store:
        store.append([MadeUp().entries(200)])
        known = "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = %s"
        (has_lz4,) = connection.execute(known, ("default_toast_compression",)).fetchone() or ("",)
        found = connection.execute("SELECT pg_column_compression(records) FROM segment").fetchone()
    assert found == ("lz4" if has_lz4 else "pglz",)


# --- one journal -------------------------------------------------------------------------


@pytest.fixture
def two(database: str) -> Iterator[tuple[PostgresStore, PostgresStore]]:
    """The same store in two servers."""
    with PostgresStore.open(database) as one, PostgresStore.open(database) as other:
        yield one, other


def end_connection(server: Server, connection: Connection | None) -> None:
    """Have the database end a connection."""
    assert connection is not None
    server.sql(f"SELECT pg_terminate_backend({connection.info.backend_pid}, 5000)")


def test_each_sees_what_the_other_appended(two: tuple[PostgresStore, PostgresStore]) -> None:
    one, other = two
    made = MadeUp()
    segments = [made.any() for _ in range(61)]
    for number, segment in enumerate(segments):
        store = two[number % 3 == 0]
        behind = segments[store.sequence : number]
        assert [each for _, each in store.follow(writes=True)] == behind
        assert store.append([segment]) == number + 1
    assert list(one.follow(writes=False)) == [(61, segments[-1])]
    one.release()
    for store in two:
        assert store.check_integrity() == []
    assert one.last_digest == other.last_digest


def test_who_decides_keeps_the_others_waiting(
    two: tuple[PostgresStore, PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    monkeypatch.setattr(postgres_session, "_BEGIN_WAITS", ())
    assert list(one.follow(writes=True)) == []
    assert list(other.follow(writes=False)) == []
    other.release()
    with pytest.raises(StoreError, match=r"busy.*send again"):
        list(other.follow(writes=True))
    one.append([MadeUp().entries(1)])
    assert len(list(other.follow(writes=True))) == 1
    other.release()


@pytest.mark.parametrize("lost", ["before", "after"])
def test_a_commit_whose_answer_is_lost(
    database: str, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """The connection breaks at COMMIT, before the database has it or after it has done it."""
    made = MadeUp()
    segments = [made.entries(3), made.entries(2)]
    with PostgresStore.open(database) as store:
        assert list(store.follow(writes=True)) == []
        break_at_commit(store, monkeypatch, lost)
        assert store.append(segments) == 2
        assert [segment for _, segment in store.segments(0, 0)] == segments
        assert store.check_integrity() == []
        assert store.append([made.entries(1)]) == 3


def break_at_commit(store: PostgresStore, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    connection = store._connection
    execute = connection.execute

    def broken(query: Any, *rest: Any, **more: Any) -> Any:
        if query == "COMMIT":
            if lost == "after":
                execute(query)
            connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return execute(query, *rest, **more)

    monkeypatch.setattr(connection, "execute", broken)


def test_an_answer_that_never_comes_stops_the_server(
    pg_server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_COMMIT_WAITS", (0.0, 0.0))
    with PostgresStore.open(database) as store:
        assert list(store.follow(writes=True)) == []
        break_at_commit(store, monkeypatch, "after")
        pg_server.sql(f"ALTER DATABASE {named(database)} ALLOW_CONNECTIONS false")
        with pytest.raises(OutcomeUnknown, match="look the request ids up"):
            store.append([MadeUp().entries(1)])


def test_before_a_commit_nothing_is_unknown(
    pg_server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_COMMIT_WAITS", (0.0, 0.0))
    with PostgresStore.open(database) as store:
        assert list(store.follow(writes=True)) == []
        pg_server.sql(f"ALTER DATABASE {named(database)} ALLOW_CONNECTIONS false")
        end_connection(pg_server, store._connection)
        with pytest.raises(StoreError, match="cannot be reached"):
            store.append([MadeUp().entries(1)])
        pg_server.sql(f"ALTER DATABASE {named(database)} ALLOW_CONNECTIONS true")
        assert list(store.follow(writes=True)) == []
        assert store.append([MadeUp().entries(1)]) == 1


def test_who_was_overtaken_records_nothing(
    pg_server: Server, two: tuple[PostgresStore, PostgresStore]
) -> None:
    one, other = two
    assert list(one.follow(writes=True)) == []
    end_connection(pg_server, one._connection)
    theirs = MadeUp(seed=1).entries(2)
    assert list(other.follow(writes=True)) == []
    other.append([theirs])
    with pytest.raises(StoreError, match="another server appended first"):
        one.append([MadeUp(seed=2).entries(2)])
    assert [segment for _, segment in one.follow(writes=False)] == [theirs]
    one.release()


def test_without_the_lock_nobody_appends(
    database: str, two: tuple[PostgresStore, PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second guard: whoever does not know the last digest changes nothing."""
    one, other = two
    monkeypatch.setattr(postgres_session, "_LOCK_END", postgres_session._END)
    assert list(one.follow(writes=True)) == []
    assert list(other.follow(writes=True)) == []
    other.append([MadeUp(seed=1).entries(1)])
    with pytest.raises((StoreError, InvariantBroken)):
        one.append([MadeUp(seed=2).entries(1)])
    one.release()
    with PostgresStore.open(database) as store:
        assert store.sequence == 1
        assert store.check_integrity() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE segment SET text = text || 'x' WHERE sequence = 2",
        "UPDATE segment SET digest = decode(repeat('00', 32), 'hex') WHERE sequence = 2",
        "UPDATE segment SET instant = instant + 1 WHERE sequence = 2",
        "DELETE FROM segment WHERE sequence = 2",
        "UPDATE journal_end SET sequence = 0",
        "UPDATE journal_end SET digest = decode(repeat('00', 32), 'hex')",
    ],
)
def test_a_changed_journal_is_not_followed(database: str, statement: str) -> None:
    made = MadeUp(seed=3)
    with PostgresStore.open(database) as other, PostgresStore.open(database) as store:
        store.append([made.register(SegmentKind.MEMBERS)])
        assert len(list(other.follow(writes=False))) == 1
        other.release()
        store.append([made.entries(2), made.entries(2)])
        with dial(database) as connection:
            connection.execute(statement)
        with pytest.raises(InvariantBroken):
            list(other.follow(writes=False))
        other.release()


def test_a_journal_whose_end_was_moved_back_is_found(database: str) -> None:
    made = MadeUp()
    with PostgresStore.open(database) as store:
        store.append([made.entries(2), made.entries(1), made.entries(3)])
    with dial(database) as connection:
        connection.execute(
            "UPDATE journal_end SET sequence = segment.sequence, digest = segment.digest, "
            "next_position = 4 FROM segment WHERE segment.sequence = 2"
        )
    with pytest.raises(InvariantBroken, match="end at segment 2, but goes on to 3: it was cut"):
        PostgresStore.open(database)
    with PostgresStore.open(database, check=False) as store:
        (problem,) = store.check_integrity()
    assert problem.sequence == 3
    assert "it was cut" in problem.what


# --- checkpoints -------------------------------------------------------------------------


def test_one_server_writes_a_checkpoint(two: tuple[PostgresStore, PostgresStore]) -> None:
    one, other = two
    made = MadeUp(seed=5)
    one.append([made.entries(20)])
    assert len(list(other.follow(writes=False))) == 1
    other.release()
    assert one.claim_checkpoint()
    assert not other.claim_checkpoint()
    one.begin_checkpoint(made.checkpoint(1))
    assert not one.write_checkpoint(1)
    assert not other.claim_checkpoint()
    assert one.write_checkpoint(1 << 40)
    assert one.checkpoint_sequence == 1
    assert not other.claim_checkpoint()  # it does not know of it yet
    assert list(other.follow(writes=False)) == []
    other.release()
    assert other.checkpoint_sequence == 1
    one.append([made.entries(1)])
    assert one.claim_checkpoint()
    one.close()
    assert len(list(other.follow(writes=False))) == 1
    other.release()
    assert other.claim_checkpoint()


def test_a_broken_checkpoint_begins_again(pg_server: Server, database: str) -> None:
    made = MadeUp(seed=6)
    with PostgresStore.open(database) as store:
        store.append([made.entries(20)])
        whole = made.checkpoint(1)
        store.begin_checkpoint(whole)
        assert not store.write_checkpoint(1)
        end_connection(pg_server, store._writer._connection)
        with pytest.raises(StoreError):
            store.write_checkpoint(1)
        assert store.checkpoint_under_way
        assert store.write_checkpoint(1 << 40)
        assert not store.checkpoint_lost
        assert store.id_use_count() == len(whole.uses)


@pytest.mark.parametrize("theirs", [1, 2])
def test_a_broken_checkpoint_that_is_overtaken(
    pg_server: Server, database: str, theirs: int
) -> None:
    """By one that is as far it is replaced; by one that is not, what it had is lost."""
    made = MadeUp(seed=7)
    with PostgresStore.open(database) as store, closing(PostgresStore.open(database)) as other:
        store.append([made.entries(20), made.entries(3)])
        list(other.follow(writes=False))
        other.release()
        store.begin_checkpoint(made.checkpoint(2))
        assert not store.write_checkpoint(1)
        end_connection(pg_server, store._writer._connection)
        with pytest.raises(StoreError):
            store.write_checkpoint(1)
        other.begin_checkpoint(made.checkpoint(theirs))
        assert other.write_checkpoint(1 << 40)
        assert store.write_checkpoint(1 << 40)
        assert store.checkpoint_lost == (theirs == 1)
