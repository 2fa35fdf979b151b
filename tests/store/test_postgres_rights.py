"""Who serves a shared store may enter into its journal, and may not change it."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest

from engine.domain.journal import SegmentKind
from engine.errors import StoreError
from engine.store.postgres import PostgresStore
from engine.store.postgres_connection import connect, dial
from engine.store.postgres_rights import _NEEDED, check_rights
from tests.store.made_up import MadeUp, write_whole
from tests.support.postgres import TELLER, for_teller

PRIVILEGES = [(table, privilege) for table, needed in _NEEDED.items() for privilege in needed]


def test_a_teller_does_all_that_a_server_does(database: str) -> None:
    made = MadeUp()
    with (
        PostgresStore.open(for_teller(database)) as store,
        PostgresStore.open(for_teller(database)) as other,
    ):
        for number in range(1, 4):
            assert store.append([made.entries(3), made.register(SegmentKind.MEMBERS)]) == 2 * number
            write_whole(store, made.checkpoint(store.sequence))
        assert len(list(other.follow(writes=True))) == store.sequence
        other.release()
        assert other.checkpoint_sequence == store.checkpoint_sequence == 6
        assert store.check_integrity() == []
        assert not any("journal" in warning for warning in store.warnings())


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
    url = for_teller(database)
    with dial(database) as connection:
        connection.execute(f"REVOKE {privilege} ON {table} FROM {TELLER}")
    with pytest.raises(
        StoreError, match=f"{TELLER} lacks {privilege} on {table};.*gongji store grant URL {TELLER}"
    ):
        PostgresStore.open(url)


def test_a_stranger_is_told_whom_to_ask(database: str) -> None:
    url = for_teller(database)
    with dial(database) as connection:
        connection.execute(f"REVOKE USAGE ON SCHEMA gongji FROM {TELLER}")
    with pytest.raises(StoreError, match=r"lacks USAGE on schema gongji;.*owner"):
        PostgresStore.open(url)


@pytest.mark.parametrize("privilege", ["UPDATE", "DELETE", "TRUNCATE"])
def test_more_than_is_needed_is_warned_of_and_taken_back(database: str, privilege: str) -> None:
    url = for_teller(database)
    with dial(database) as connection:
        connection.execute(f"GRANT {privilege} ON segment TO {TELLER}")
    with PostgresStore.open(url) as store:
        warnings = " ".join(store.warnings())
    assert f"may change the journal ({privilege} on gongji.segment)" in warnings
    for_teller(database)
    with PostgresStore.open(url) as store:
        assert "journal" not in " ".join(store.warnings())


def test_the_owner_is_warned_of(database: str) -> None:
    with PostgresStore.open(database) as store:
        assert "(DELETE, TRUNCATE, UPDATE on gongji.segment)" in " ".join(store.warnings())


def test_no_checksums_are_warned_of(database: str) -> None:
    with dial(database) as connection:
        (found,) = connection.execute("SHOW data_checksums").fetchone() or ("",)
        check_rights(connection)
    with PostgresStore.open(database) as store:
        warned = any("data checksums" in warning for warning in store.warnings())
    assert warned is (found == "off")
