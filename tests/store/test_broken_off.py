"""A checkpoint that breaks off while it is begun or written: nothing that changed is forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import pytest

from engine.domain.register import AccountOpening, Opening
from engine.domain.request import BatchAnswer, ImportOpenings, Request, SettleBatch
from engine.errors import InvariantBroken, OutcomeUnknown, StoreError
from engine.kernel import FAST
from engine.pipeline import Pipeline
from engine.store import sqlite
from engine.store.sqlite import SqliteStore
from tests.store.made_up import MadeUp
from tests.support.city_bench import Bench, claim
from tests.support.runner import cities
from tests.support.world import ZIBO

BEGUN: list[Opening | AccountOpening] = [
    AccountOpening("m", 5_000),
    Opening("m", 2024, deductible_fen=12_345, ordinary_paid_fen=60_000),
]
DAY = 2024_03_01


class SqliteBench(Bench):
    """A city's bench on a store in a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(ZIBO, FAST)
        journal = self.store.journal
        store = SqliteStore.open(path, headroom=0)
        store.append(journal)
        self.pipeline = Pipeline.open(store, cities(), FAST)


def numbers(pipeline: Pipeline) -> list[object]:
    state = pipeline._state
    row = state.read_member_year(state.members.numbers["m"], 2024)
    account = state.accounts.read(state.members.numbers["m"])
    return [*row.counters.tolist(), row.last_entry, *account]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError(), InvariantBroken("planted")])
def test_broken_off_while_it_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    path = tmp_path / "store.db"
    pipeline = SqliteBench(path).pipeline
    asked: list[Request] = [ImportOpenings(BEGUN), SettleBatch([claim("R1", "Y", DAY, 90_000)])]
    answer = pipeline.run(asked, 1)[1]
    assert isinstance(answer, BatchAnswer)
    assert not answer.refusals
    before = numbers(pipeline)

    def broken(*_: Any) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(SqliteStore, "begin_checkpoint", broken)
        with pytest.raises(type(error)):
            pipeline.checkpoint()
    with pytest.raises(OutcomeUnknown):
        pipeline.run([SettleBatch([claim("R2", "Y", DAY, 90_000)])], 2)
    pipeline.close()
    again = Pipeline.open(SqliteStore.open(path, headroom=0), cities(), FAST)
    assert numbers(again) == before
    again.close()


def test_refused_by_the_store_and_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    pipeline = SqliteBench(path).pipeline
    asked: list[Request] = [ImportOpenings(BEGUN), SettleBatch([claim("R1", "Y", DAY, 90_000)])]
    pipeline.run(asked, 1)
    before = numbers(pipeline)

    def refused(*_: Any) -> None:
        raise StoreError("planted")

    with monkeypatch.context() as patched:
        patched.setattr(SqliteStore, "begin_checkpoint", refused)
        with pytest.raises(StoreError):
            pipeline.checkpoint()
    assert numbers(pipeline) == before
    pipeline.close()
    with SqliteStore.open(path, headroom=0) as store:
        assert store.checkpoint_sequence == store.sequence
    again = Pipeline.open(SqliteStore.open(path, headroom=0), cities(), FAST)
    assert numbers(again) == before
    again.close()


def test_what_was_written_of_it_is_gone_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PART_BYTES", 1)
    path = tmp_path / "store.db"
    made = MadeUp()
    with SqliteStore.open(path, headroom=0) as store:
        store.append([made.entries(5)])
        store.begin_checkpoint(made.checkpoint(1))
        for _ in range(3):
            store.write_checkpoint(1)
        assert store.checkpoint_under_way
    with SqliteStore.open(path, headroom=0):
        pass
    connection = apsw.Connection(str(path))
    for table in ("request_id", "member_year", "account", "visit"):
        assert connection.execute(f"SELECT count(*) FROM {table}").get == 0
    assert connection.execute("SELECT value FROM meta WHERE key = 'under_way'").get == 0
    connection.close()
