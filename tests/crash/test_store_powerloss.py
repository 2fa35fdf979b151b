"""The power goes while the embedded store works: what it acknowledged must be there after."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from engine.domain.journal import Segment
from engine.domain.layout import Array
from engine.errors import InvariantBroken, StoreError
from engine.state.tables import ROWS_A_BLOCK, Checkpoint, year_place
from engine.store import schema, sqlite
from engine.store.sqlite import SqliteStore
from tests.crash.powerloss import Recorder
from tests.store.made_up import MadeUp
from tests.support.memory_store import block_of, rows_of

APPENDS = 60
CHECKPOINT_EVERY = 12
REOPEN_AT = 33
SEED = 20261123


@dataclass(frozen=True)
class Run:
    """What was done to a store, in order, and the record of how it reached the disk."""

    recorder: Recorder
    segments: list[Segment]
    checkpoints: dict[int, Checkpoint]


def record(folder: Path) -> Run:
    """Run a store through appends, a few checkpoints in parts and a reopening in the middle."""
    folder.mkdir()
    made, segments = MadeUp(SEED), []
    checkpoints: dict[int, Checkpoint] = {}
    with Recorder(folder) as recorder:
        store = SqliteStore.open(folder / "store.db", vfs=recorder.vfs_name)
        for number in range(1, APPENDS + 1):
            batch = [made.any() for _ in range(made.rng.choice((1, 1, 2)))]
            segments += batch
            recorder.mark(store.append(batch))
            if number % CHECKPOINT_EVERY == 0:
                if store.checkpoint_under_way:
                    del checkpoints[max(checkpoints)]  # the next one takes its place
                checkpoint = made.checkpoint(store.sequence)
                checkpoints[store.sequence] = checkpoint
                store.begin_checkpoint(checkpoint)
            if number == REOPEN_AT:
                if store.checkpoint_under_way:
                    del checkpoints[max(checkpoints)]
                store.close()
                store = SqliteStore.open(folder / "store.db", vfs=recorder.vfs_name)
        if store.checkpoint_under_way:
            del checkpoints[max(checkpoints)]
        store.close()
    return Run(recorder, segments, checkpoints)


def tables_hold(store: SqliteStore, run: Run) -> bool:
    """Whether the tables hold what the checkpoints wrote up to the one they stand for."""
    written = [c for at, c in run.checkpoints.items() if at <= store.checkpoint_sequence]
    last = written[-1].sequence if written else 0
    visits, uses = {}, []
    years: dict[int, Array] = {}
    accounts: dict[int, Array] = {}
    for checkpoint in written:
        uses += checkpoint.uses.tolist()
        years |= rows_of(checkpoint.member_years)
        accounts |= rows_of(checkpoint.accounts)
        visits.update(checkpoint.visits)
    return (
        store.checkpoint_sequence == last
        and sorted(use for some in store.id_uses() for use in some.tolist()) == sorted(uses)
        and all(
            np.array_equal(store.member_years(year, 0), block_of(years, year_place(year, 0), 9))
            for year in (2024, 2025)
        )
        and all(
            np.array_equal(store.accounts(n), block_of(accounts, ROWS_A_BLOCK * n, 3))
            for n in (0, 1, 7)
        )
        and all(store.visit(key) == paid for key, paid in visits.items())
    )


def judge(run: Run, target: Path, count: int) -> Counter[str]:
    """Count the images, and among them those that break each promise."""
    verdict: Counter[str] = Counter()
    for image in run.recorder.images(SEED, count):
        image.materialise(target)
        verdict["images"] += 1
        acknowledged = image.marks[-1] if image.marks else 0
        assert isinstance(acknowledged, int)
        try:
            store = SqliteStore.open(target / "store.db", headroom=0)
        except (StoreError, InvariantBroken):
            verdict["refused"] += 1
            continue
        with store:
            found = [segment for _, segment in store.segments(0, 0)]
            verdict["lost"] += len(found) < acknowledged
            verdict["changed"] += found != run.segments[: len(found)]
            verdict["damaged"] += store.check_integrity() != []
            verdict["ahead"] += store.checkpoint_sequence > store.sequence
            verdict["tables"] += not tables_hold(store, run)
            following = run.segments[len(found) : len(found) + 1]
            verdict["stuck"] += store.append(following) != len(found) + len(following)
    return verdict


@pytest.mark.parametrize(
    "count", [500, pytest.param(5000, marks=[pytest.mark.crash, pytest.mark.timeout(1200)])]
)
@pytest.mark.parametrize("autocheckpoint", [1000, 20])
def test_nothing_acknowledged_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, autocheckpoint: int, count: int
) -> None:
    setting = schema.Setting(autocheckpoint, autocheckpoint)
    monkeypatch.setitem(schema.PRAGMAS, "wal_autocheckpoint", setting)
    monkeypatch.setattr(sqlite, "PART_BYTES", 2_000)
    run = record(tmp_path / "live")
    assert judge(run, tmp_path / "image", count) == Counter(images=count)


def test_less_than_full_loses_acknowledged_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plant: with synchronous = NORMAL the same test must fail."""
    with monkeypatch.context() as planted:
        planted.setitem(schema.PRAGMAS, "synchronous", schema.Setting("NORMAL", 1))
        run = record(tmp_path / "live")
    verdict = judge(run, tmp_path / "image", 500)
    assert verdict["lost"] > 50
