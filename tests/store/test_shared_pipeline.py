"""Pipelines of several servers on one store, and what breaks under one of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from benchmarks.peers.cluster import Server
from engine.domain.claim import Claim
from engine.domain.codes import Level
from engine.domain.dates import Interval
from engine.domain.reasons import Reason
from engine.domain.register import Institution, Member, Selection
from engine.domain.request import (
    BatchAnswer,
    Counters,
    GetCounters,
    PutInstitutions,
    PutMembers,
    SettleBatch,
    SupplyFigures,
)
from engine.errors import InvariantBroken, OutcomeUnknown, StoreError
from engine.pipeline import Pipeline
from engine.rules.figures import to_json
from engine.store.postgres import PostgresStore
from engine.store.postgres_connection import dial
from engine.verify.check import verify_store
from tests.store.made_up import MadeUp
from tests.store.test_postgres import end_connection
from tests.support.postgres import named
from tests.support.runner import assumed_figures, cities
from tests.support.world import HEYUAN, ZIBO

DAY = 2026_03_02


class Bench:
    """Two pipelines on one store."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pipelines = [self.open(), self.open()]
        self.one, self.other = self.pipelines
        self.count = 0
        members = [
            Member("m1", ZIBO),
            Member("m2", ZIBO),
            Member("m3", HEYUAN, selections=(Selection("h2", Interval(DAY)),)),
        ]
        places = [Institution(f"h{n}", city, Level.LEVEL_1) for n, city in ((1, ZIBO), (2, HEYUAN))]
        self.one.run([PutInstitutions(places), PutMembers(members)], 1)

    def open(self) -> Pipeline:
        return Pipeline.open(PostgresStore.open(self.url), cities())

    def close(self) -> None:
        for pipeline in self.pipelines:
            with suppress(InvariantBroken, StoreError):
                pipeline.close()

    def settle(self, pipeline: Pipeline, member: str = "m1") -> BatchAnswer:
        self.count += 1
        place = "h2" if member == "m3" else "h1"
        claim = Claim(place, f"r{self.count}", member, DAY, DAY, 100_000, 100_000, 0, 0, 0)
        (answer,) = pipeline.run([SettleBatch([claim])], 1)
        assert isinstance(answer, BatchAnswer)
        return answer

    def paid(self, pipeline: Pipeline, member: str = "m1") -> int:
        (counters,) = pipeline.run([GetCounters(member, 2026)], 1)
        assert isinstance(counters, Counters)
        return counters.ordinary_paid_fen

    def sql(self, *statements: str) -> None:
        with dial(self.url) as connection:
            for statement in statements:
                connection.execute(statement)

    def verify(self) -> None:
        with PostgresStore.open(self.url) as store, store.snapshot():
            report = verify_store(store)
        assert report.ok, report.findings


@pytest.fixture
def bench(database: str) -> Iterator[Bench]:
    bench = Bench(database)
    yield bench
    bench.close()


def store_of(pipeline: Pipeline) -> PostgresStore:
    store = pipeline._store
    assert isinstance(store, PostgresStore)
    return store


LOSE_TWO = (
    "UPDATE journal_end SET (sequence, digest, next_position) = (SELECT sequence, digest, "
    "first_position + CASE WHEN kind IN (1, 8) THEN items ELSE 0 END FROM segment "
    "WHERE sequence = journal_end.sequence - 2)",
    "DELETE FROM segment WHERE sequence > (SELECT sequence FROM journal_end)",
)


@pytest.mark.parametrize("asked", ["decides", "recovers", "follows"])
def test_a_database_that_lost_commits_stops_who_knows_them(bench: Bench, asked: str) -> None:
    """A standby without the last commits was promoted, or an old backup put back."""
    for _ in range(3):
        bench.settle(bench.one)
    bench.sql(*LOSE_TWO)
    ways: dict[str, Callable[[], object]] = {
        "decides": partial(bench.settle, bench.one),
        "recovers": bench.one._start_again,
        "follows": bench.one.follow,
    }
    with pytest.raises(InvariantBroken, match="lost what it had committed"):
        ways[asked]()
    if asked != "recovers":
        with pytest.raises(OutcomeUnknown):
            bench.settle(bench.one)
        bench.one.checkpoint()
    bench.settle(bench.other)
    bench.other.checkpoint()
    bench.verify()


def test_a_commit_is_not_written_over_lost_ones(bench: Bench) -> None:
    for _ in range(3):
        bench.settle(bench.one)
    store = store_of(bench.one)
    assert list(store.follow(writes=True)) == []
    store._lose()
    bench.sql(*LOSE_TWO)
    with pytest.raises(InvariantBroken, match="lost what it had committed"):
        store.append([MadeUp(position=store.last_position + 1).entries(1)])


def test_a_lost_checkpoint_stops_who_knows_it(bench: Bench) -> None:
    bench.settle(bench.one)
    bench.one.checkpoint()
    bench.sql("UPDATE checkpoint SET sequence = 0, position = 0")
    with pytest.raises(InvariantBroken, match="lost what it had committed"):
        bench.settle(bench.one)


def test_a_checkpoint_of_another_journal_is_not_written(bench: Bench) -> None:
    bench.settle(bench.one)
    bench.one.begin_checkpoint()
    bench.sql("UPDATE segment SET digest = decode(repeat('00', 32), 'hex') WHERE kind = 1")
    with pytest.raises(InvariantBroken, match="not the one"):
        bench.one.write_checkpoint(1 << 40)
    assert store_of(bench.other).checkpoint_sequence == 0


def break_the_fetch(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Have the connection break when so many fetches of segments have succeeded."""
    store = store_of(pipeline)
    rows, left = store._rows, [after]

    def broken(query: str, values: Any) -> list[Any]:
        if "FROM segment WHERE sequence >" in query:
            left[0] -= 1
            if left[0] == -1:
                store._connection.close()
        return rows(query, values)

    monkeypatch.setattr(store, "_rows", broken)


def test_figures_of_a_follow_that_broke_off_are_taken(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench.settle(bench.other, "m3").refusals[0].reason == Reason.NO_FIGURE
    bench.one.run([SupplyFigures(to_json(assumed_figures()))], 1)
    for _ in range(4):
        bench.settle(bench.one)
    break_the_fetch(bench.other, monkeypatch, 2)
    with pytest.raises(StoreError):
        bench.other.follow()
    answer = bench.settle(bench.other, "m3")
    assert not answer.refusals
    assert answer.entries["result"]["pooled_fund"][0] > 0
    bench.verify()


def test_a_connection_that_is_lost_while_folding(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state may be half-way: it is taken from the journal again, and nobody stops."""
    bench.settle(bench.one)
    bench.one.checkpoint()
    bench.settle(bench.one)
    state: Any = bench.other._state
    with monkeypatch.context() as patch:
        patch.setattr(state, "_new_block", lambda *_: store_of(bench.other)._rows("SELEC", ()))
        with pytest.raises(StoreError):
            bench.other.follow()
    assert bench.paid(bench.other) == bench.paid(bench.one) > 0
    bench.settle(bench.other)
    assert bench.paid(bench.other) == bench.paid(bench.one)
    bench.verify()


def test_a_checkpoint_nobody_told_of_is_not_written_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A follow that breaks off behind a checkpoint of another server, then a checkpoint."""
    for _ in range(3):
        bench.settle(bench.one)
    bench.one.checkpoint()
    for _ in range(6):
        bench.settle(bench.one)
    break_the_fetch(bench.other, monkeypatch, 3)
    with pytest.raises(StoreError):
        bench.other.follow()
    assert store_of(bench.other).sequence > store_of(bench.other).checkpoint_sequence > 0
    bench.other.checkpoint()
    bench.verify()
    bench.one.checkpoint()
    bench.settle(bench.one)
    bench.one.checkpoint()
    bench.verify()


def test_a_lost_checkpoint_of_ours_is_in_a_later_one(pg_server: Server, bench: Bench) -> None:
    """Ours breaks off, another server's that is not as far takes its place."""
    bench.settle(bench.one)
    bench.other.follow()
    for _ in range(3):
        bench.settle(bench.one)
    bench.one.begin_checkpoint()
    assert not bench.one.write_checkpoint(1)
    end_connection(pg_server, store_of(bench.one)._writer._connection)
    with pytest.raises(StoreError):
        bench.one.write_checkpoint(1)
    bench.other.checkpoint()
    bench.settle(bench.one)
    assert store_of(bench.one).checkpoint_sequence == store_of(bench.other).checkpoint_sequence
    bench.settle(bench.one)
    bench.one.checkpoint()
    assert store_of(bench.one).checkpoint_sequence > store_of(bench.other).checkpoint_sequence
    bench.verify()


def test_a_server_ends_as_asked_without_its_database(pg_server: Server, bench: Bench) -> None:
    bench.settle(bench.one)
    pg_server.sql(f"ALTER DATABASE {named(bench.url)} ALLOW_CONNECTIONS false")
    for pipeline in bench.pipelines:
        end_connection(pg_server, store_of(pipeline)._connection)
    bench.one.close()
    with pytest.raises(StoreError, match="cannot be reached"):
        bench.settle(bench.other)
    pg_server.sql(f"ALTER DATABASE {named(bench.url)} ALLOW_CONNECTIONS true")
    bench.settle(bench.other)
    assert bench.paid(bench.other) > 0


@pytest.mark.parametrize("how", ["pg_terminate_backend", "pg_cancel_backend"])
def test_nothing_is_told_that_no_standby_has(pg_server: Server, bench: Bench, how: str) -> None:
    """A commit's wait for the standby is broken off: neither server answers before one has it."""
    expected = bench.paid(bench.one)
    pg_server.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'; SELECT pg_reload_conf();")
    told: list[int] = []
    try:
        first = threading.Thread(target=lambda: told.append(len(bench.settle(bench.one).entries)))
        first.start()
        end_who_waits(pg_server, how)
        second = threading.Thread(target=lambda: told.append(bench.paid(bench.other)))
        second.start()
        time.sleep(1)
        assert told == []
    finally:
        pg_server.sql("ALTER SYSTEM RESET synchronous_standby_names; SELECT pg_reload_conf();")
    first.join(30)
    second.join(30)
    assert len(told) == 2
    assert bench.paid(bench.other) == bench.paid(bench.one) > expected
    bench.verify()


def end_who_waits(server: Server, how: str) -> None:
    """Break off the wait of the connection whose commit waits for a standby, once there is one."""
    for _ in range(200):
        found = server.sql(f"SELECT {how}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        if found:
            return
        time.sleep(0.05)
    raise AssertionError("no commit waits for a standby")
