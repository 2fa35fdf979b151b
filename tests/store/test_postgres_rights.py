"""Who serves a shared store may add to its journal, and may not change it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from benchmarks.peers.cluster import Server
from engine.domain.journal import SegmentKind
from engine.errors import StoreError
from engine.store.postgres import PostgresStore
from engine.store.postgres_connection import connect, dial
from engine.store.postgres_rights import _NEEDED, grant
from engine.store.postgres_schema import create
from tests.store.made_up import MadeUp, write_whole
from tests.support.postgres import TELLER, for_teller, named

PRIVILEGES = [(table, privilege) for table, needed in _NEEDED.items() for privilege in needed]


def warnings_of(url: str) -> str:
    with PostgresStore.open(url) as store:
        return " ".join(store.warnings())


def test_a_teller_does_all_that_a_server_does(database: str) -> None:
    made = MadeUp()
    with (
        PostgresStore.open(for_teller(database)) as store,
        PostgresStore.open(for_teller(database)) as other,
    ):
        store.check_rights()
        for number in range(1, 4):
            assert store.append([made.entries(3), made.register(SegmentKind.MEMBERS)]) == 2 * number
            write_whole(store, made.checkpoint(store.sequence))
        assert len(list(other.follow(writes=True))) == store.sequence
        other.release()
        assert other.checkpoint_sequence == store.checkpoint_sequence == 6
        assert store.check_integrity() == []
    assert "journal" not in warnings_of(for_teller(database))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE segment SET instant = 0",
        "DELETE FROM segment",
        "TRUNCATE segment",
        "DELETE FROM journal_end",
        "DELETE FROM request_id",
        "INSERT INTO layout VALUES (99, '')",
        "DROP TABLE segment",
        "ALTER TABLE segment DROP CONSTRAINT total_of_payers",
        "CREATE TABLE gongji.mine(a int)",
    ],
)
def test_a_teller_does_nothing_else(database: str, statement: str) -> None:
    with (
        closing(connect(for_teller(database))) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


@pytest.mark.parametrize(("table", "privilege"), PRIVILEGES)
def test_a_missing_privilege_is_named(database: str, table: str, privilege: str) -> None:
    with PostgresStore.open(for_teller(database)) as store:
        store.check_rights()
        with dial(database) as connection:
            connection.execute(f"REVOKE {privilege} ON {table} FROM {TELLER}")
        told = f"{TELLER} lacks {privilege} on {table};.*gongji store grant URL {TELLER}"
        with pytest.raises(StoreError, match=told):
            store.check_rights()


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("USAGE ON SCHEMA gongji", f"not for user {TELLER};.*gongji store grant URL {TELLER}"),
        ("SELECT ON meta", "permission denied for table meta"),
        ("SELECT ON journal_end", "permission denied for table journal_end"),
    ],
)
def test_a_stranger_is_told_whom_to_ask(database: str, what: str, told: str) -> None:
    url = for_teller(database)
    with dial(database) as connection:
        connection.execute(f"REVOKE {what} FROM {TELLER}")
    with pytest.raises(StoreError, match=told):
        PostgresStore.open(url)


def test_who_may_only_read_checks_a_store(database: str) -> None:
    url = for_teller(database)
    with dial(database) as connection:
        connection.execute(f"REVOKE INSERT, UPDATE ON ALL TABLES IN SCHEMA gongji FROM {TELLER}")
    with PostgresStore.open(url) as store:
        assert store.check_integrity() == []
        with pytest.raises(StoreError, match="lacks UPDATE on meta, UPDATE on journal_end"):
            store.check_rights()


@pytest.mark.parametrize(
    "privilege", ["UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "UPDATE (instant)"]
)
def test_more_than_is_needed_is_warned_of_and_taken_back(database: str, privilege: str) -> None:
    url = for_teller(database)
    with dial(database) as connection:
        connection.execute(f"GRANT {privilege} ON segment TO {TELLER}")
    told = f"may change the journal, having {privilege.partition(' ')[0]} on segment"
    assert told in warnings_of(url)
    for_teller(database)
    assert "journal" not in warnings_of(url)


def test_the_owner_is_warned_of(database: str) -> None:
    assert "may change the journal, as the owner of the store" in warnings_of(database)


def test_no_checksums_are_warned_of(database: str) -> None:
    with dial(database) as connection:
        (found,) = connection.execute("SHOW data_checksums").fetchone() or ("",)
    assert ("data checksums" in warnings_of(database)) is (found == "off")


# --- who may be granted, and by whom -----------------------------------------------------


@pytest.fixture
def owned(pg_server: Server, database: str) -> Iterator[str]:
    """The URL of a store whose owner is no superuser; it knows `clerk`, and a group `clerks`."""
    pg_server.sql(
        "DROP ROLE IF EXISTS landlord, clerk, clerks;"
        "CREATE ROLE landlord LOGIN; CREATE ROLE clerk LOGIN; CREATE ROLE clerks;"
        f"DROP SCHEMA gongji CASCADE; GRANT CREATE ON DATABASE {named(database)} TO landlord;",
        named(database),
    )
    url = database.replace("//gongji@", "//landlord@")
    with dial(url) as connection:
        create(connection)
    yield url
    pg_server.sql("DROP OWNED BY landlord, clerk, clerks CASCADE", named(database))
    pg_server.sql("DROP ROLE landlord, clerk, clerks")


def grant_as(url: str, user: str) -> None:
    with dial(url) as connection:
        grant(connection, user)


def as_clerk(url: str) -> str:
    return url.replace("//landlord@", "//clerk@")


def test_an_owner_grants(owned: str) -> None:
    grant_as(owned, "clerk")
    with PostgresStore.open(as_clerk(owned)) as store:
        store.check_rights()
        assert store.append([MadeUp().entries(2)]) == 1
        assert "journal" not in " ".join(store.warnings())


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("landlord", "landlord may change the journal all the same, as the owner"),
        ("gongji", "gongji may change the journal all the same,.* as a superuser"),
        ("public", "everybody"),
        ("nobody there", "no user nobody there; make one with createuser"),
    ],
)
def test_who_is_not_to_serve(owned: str, user: str, told: str) -> None:
    with pytest.raises(StoreError, match=told):
        grant_as(owned, user)
    with PostgresStore.open(owned) as store:
        assert store.append([MadeUp().entries(1)]) == 1


@pytest.mark.parametrize("inherits", ["INHERIT", "NOINHERIT"])
def test_a_group_that_may_change_the_journal(owned: str, inherits: str) -> None:
    with dial(owned) as connection:
        connection.execute("GRANT UPDATE, DELETE ON segment TO clerks")
    with dial(owned.replace("//landlord@", "//gongji@")) as connection:
        connection.execute(f"ALTER ROLE clerk {inherits}")
        connection.execute("GRANT clerks TO clerk")
    told = "clerk may change the journal all the same, having UPDATE on segment, having DELETE"
    with pytest.raises(StoreError, match=told):
        grant_as(owned, "clerk")
    with dial(owned) as connection:
        found = connection.execute("SELECT has_table_privilege('clerk', 'segment', 'INSERT')")
        assert found.fetchone() == (False,)


@pytest.mark.parametrize("group", ["pg_execute_server_program", "pg_write_server_files"])
def test_who_can_become_a_superuser(owned: str, group: str) -> None:
    with dial(owned.replace("//landlord@", "//gongji@")) as connection:
        connection.execute(f"GRANT {group} TO clerk")
    with pytest.raises(StoreError, match="as a superuser, or as one who can become it"):
        grant_as(owned, "clerk")


def test_who_makes_users_can_become_the_owner(owned: str) -> None:
    with dial(owned.replace("//landlord@", "//gongji@")) as connection:
        connection.execute("ALTER ROLE clerk CREATEROLE")
        is_safe = connection.info.server_version >= 160_000
    if is_safe:
        grant_as(owned, "clerk")
    else:
        with pytest.raises(StoreError, match="as one who can become it"):
            grant_as(owned, "clerk")


def test_everybody_may_change_the_journal(owned: str) -> None:
    with dial(owned) as connection:
        connection.execute("GRANT DELETE ON segment TO PUBLIC")
    with pytest.raises(StoreError, match=r"having DELETE on segment;.*PUBLIC"):
        grant_as(owned, "clerk")


def test_who_is_not_the_owner_grants_nothing(owned: str) -> None:
    grant_as(owned, "clerk")
    with pytest.raises(StoreError, match="nothing was granted: that is for the owner"):
        grant_as(as_clerk(owned), "clerks")
    grant_as(as_clerk(owned), "clerk")  # has it all already
