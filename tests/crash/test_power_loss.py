"""The power goes while the whole pipeline works: what was answered must be there after, once.

A seeded workload of both cities runs through the recording VFS; the answers of each step are marked
in its log. From every image a ledger is recovered and held against the recording (`judge`).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.domain.request import BatchAnswer
from engine.ledger import settle
from engine.store import schema
from tests.crash.judge import MUST_BE_ZERO, Verdict, judge, undone_positions
from tests.crash.powerloss import Recorder
from tests.crash.support import fast_folder
from tests.crash.workload import Recording, run_workload

SEED = 20261123
GO_ON_EVERY = 5
STORE = "store.db"

crash = [pytest.mark.crash, pytest.mark.timeout(1500)]


class Recorded(NamedTuple):
    """A workload and how it reached the disk; its marks are the numbers of answered steps."""

    recorder: Recorder
    run: Recording


def record(folder: Path, seed: int, *, early: bool = False) -> Recorded:
    """Run the workload through the recorder."""
    folder.mkdir()
    with Recorder(folder) as recorder:
        run = run_workload(
            folder / STORE, seed, vfs=recorder.vfs_name, answered=recorder.mark, early=early
        )
    return Recorded(recorder, run)


def judge_images(recorded: Recorded, folder: Path, count: int) -> Verdict:
    """Cut the power `count` times and judge what is left each time."""
    verdict: Verdict = Counter()
    for image in recorded.recorder.images(SEED, count):
        image.materialise(folder)
        go_on = image.index % GO_ON_EVERY == 0
        one = judge(folder / STORE, recorded.run, len(image.marks), go_on=go_on)
        verdict += one
        verdict["images with losses"] += one["lost"] > 0
    return verdict


def shown(verdict: Verdict) -> str:
    """The figures in one line."""
    names = (
        "images",
        "images with losses",
        *MUST_BE_ZERO,
        "repeated",
        "unanswered_present",
        "went_on",
    )
    return ", ".join(f"{name} {verdict[name]}" for name in names)


def broken(verdict: Verdict) -> dict[str, int]:
    """What is not as promised."""
    return {name: verdict[name] for name in MUST_BE_ZERO if verdict[name]}


@pytest.mark.parametrize("count", [150, pytest.param(1000, marks=crash)])
@pytest.mark.parametrize("autocheckpoint", [1000, 20])
def test_power_loss_takes_nothing_that_was_answered(
    monkeypatch: pytest.MonkeyPatch, autocheckpoint: int, count: int
) -> None:
    setting = schema.Setting(autocheckpoint, autocheckpoint)
    monkeypatch.setitem(schema.PRAGMAS, "wal_autocheckpoint", setting)
    with fast_folder() as folder:
        recorded = record(folder / "live", SEED + autocheckpoint)
        verdict = judge_images(recorded, folder / "image", count)
    print(f"power loss, checkpoint at {autocheckpoint} pages: {shown(verdict)}")  # noqa: T201
    assert verdict["images"] == count
    assert broken(verdict) == {}
    assert verdict["repeated"] > 10 * count
    assert verdict["went_on"] == count // GO_ON_EVERY


@pytest.mark.parametrize("count", [20, pytest.param(200, marks=crash)])
def test_the_power_may_go_again_during_recovery(count: int) -> None:
    """The recovery of an image is recorded in its turn, and cut short as well."""
    verdict: Verdict = Counter()
    with fast_folder() as folder:
        recorded = record(folder / "live", SEED)
        for image in recorded.recorder.images(SEED + 1, count):
            image.materialise(folder / "image")
            with Recorder(folder / "image") as recovering:
                run = recorded.run
                judge(folder / "image" / STORE, run, 0, go_on=False, vfs=recovering.vfs_name)
            for second in recovering.images(SEED, 4):
                second.materialise(folder / "again")
                verdict += judge(folder / "again" / STORE, run, len(image.marks), go_on=False)
    print(f"power loss in recovery: {shown(verdict)}")  # noqa: T201
    assert verdict["images"] == 4 * count
    assert broken(verdict) == {}


def test_less_than_full_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plant: with synchronous = NORMAL the same test must fail."""
    with fast_folder() as folder:
        with monkeypatch.context() as planted:
            planted.setitem(schema.PRAGMAS, "synchronous", schema.Setting("NORMAL", 1))
            recorded = record(folder / "live", SEED)
        verdict = judge_images(recorded, folder / "image", 60)
    print(f"planted synchronous = NORMAL: {shown(verdict)}")  # noqa: T201
    assert verdict["images with losses"] > 20


def test_an_answer_before_the_commit_is_caught() -> None:
    """The plant: answers that are given before their commit must be found lost."""
    with fast_folder() as folder:
        recorded = record(folder / "live", SEED, early=True)
        verdict = judge_images(recorded, folder / "image", 60)
    print(f"planted answers before the commit: {shown(verdict)}")  # noqa: T201
    assert verdict["images with losses"] > 20
    assert broken(verdict).keys() == {"lost"}


def test_a_claim_applied_twice_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plant: a recovered ledger that has forgotten which ids are used."""
    with fast_folder() as folder:
        run = run_workload(folder / STORE, SEED)
        monkeypatch.setattr(settle, "_used_id", lambda *_: False)
        verdict = judge(folder / STORE, run, len(run.steps), go_on=False)
    assert verdict["doubled"] > 0
    assert verdict["lost"] == 0


def test_a_changed_answer_is_caught() -> None:
    """The plant: one settlement was told with a fen more than the ledger has."""
    with fast_folder() as folder:
        run = run_workload(folder / STORE, SEED)
        answers = [answer for step in run.steps for answer in step.answers]
        undone = undone_positions(run.steps)
        answer, row = next(
            (answer, row)
            for answer in answers
            if isinstance(answer, BatchAnswer)
            for row in settled_rows(answer)
            if int(answer.entries["link"]["position"][row]) not in undone
        )
        answer.entries["result"]["cash"][row] += 1
        verdict = judge(folder / STORE, run, len(run.steps), go_on=False)
    assert broken(verdict) == {"changed": 2}  # by the journal, and by asking again


def settled_rows(answer: BatchAnswer) -> list[int]:
    """Return the rows that were settled and are in the journal."""
    rows: list[int] = answer.entries["link"]["position"].nonzero()[0].tolist()
    return rows
