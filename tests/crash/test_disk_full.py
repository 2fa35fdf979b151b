"""The disk is full in the middle of a write: nothing is lost, and it goes on when there is room.

A limit on the size of files makes the kernel refuse to write, as a full disk does, wherever SQLite
is at: in the log, in the tables, in the middle of a page.
"""

from __future__ import annotations

import random
import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from engine.errors import OutcomeUnknown, StoreError
from tests.crash.judge import MUST_BE_ZERO, Verdict, alike, judge
from tests.crash.workload import instant_of, open_pipeline, run_workload

SEED = 20261130


@contextmanager
def no_larger_than(size: int) -> Iterator[None]:
    """Let no file grow beyond a size; Python ignores the signal that comes with it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("seed", range(4))
def test_no_room_and_then_room_again(tmp_path: Path, seed: int) -> None:
    """Every step meets a limit near the size of the files; then it is asked for again."""
    rng = random.Random(f"full {seed}")
    run = run_workload(tmp_path / "whole.db", SEED + seed)
    path = tmp_path / "store.db"
    pipeline, store = open_pipeline(path)
    met: Counter[str] = Counter()
    for number, step in enumerate(run.steps):
        sizes = [file.stat().st_size for file in tmp_path.glob("store.db*")]
        try:
            with no_larger_than(max(0, rng.choice(sizes) + rng.randrange(-4_000, 20_000))):
                answers = pipeline.run(step.requests, instant_of(number))
                pipeline.checkpoint()
        except OutcomeUnknown:
            met["unknown"] += 1
            with suppress(OutcomeUnknown):
                pipeline.close()
            pipeline, store = open_pipeline(path)
            if store.sequence < step.sequence:
                pipeline.run(step.requests, instant_of(number))
        except StoreError:
            met["nothing recorded"] += 1
            pipeline.run(step.requests, instant_of(number))
        else:
            assert all(map(alike, step.answers, answers)), number
    pipeline.close()
    verdict: Verdict = judge(path, run, len(run.steps), go_on=True)
    assert {name: verdict[name] for name in MUST_BE_ZERO if verdict[name]} == {}
    print(f"disk full: {dict(met)}")  # noqa: T201
    assert met["unknown"] + met["nothing recorded"] > 10
