"""The process is killed at each write or sync of its files; what was answered must be there after.

The workload is played in a child, which kills itself as SQLite is about to write or sync for the
n-th time. The files are as the kernel has them, so this is about the order of writes and answers,
at every point there is; that bytes reach the disk is for `test_power_loss`.
"""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from tests.crash.judge import MUST_BE_ZERO, Verdict, judge
from tests.crash.support import fast_folder
from tests.crash.workload import Recording, run_workload

SEED = 20261130
STORE = "store.db"
GO_ON_EVERY = 6
KILLED = -signal.SIGKILL


class KillingVFS(apsw.VFS):
    """The default VFS, counting writes and syncs, and killing the process at one of them."""

    def __init__(self, at: int | None) -> None:
        super().__init__("killing", "")
        self.calls = 0
        self._at = at

    def count(self) -> None:
        if self.calls == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.calls += 1

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, vfs: KillingVFS, name: str | apsw.URIFilename | None, flags: list[int]):
        super().__init__("", name, flags)
        self._vfs = vfs

    def xSync(self, flags: int) -> None:
        self._vfs.count()
        super().xSync(flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._vfs.count()
        super().xWrite(data, offset)


def recorded(folder: Path) -> tuple[Recording, int]:
    """Return the workload as it runs undisturbed, and how often it writes or syncs."""
    vfs = KillingVFS(None)
    try:
        return run_workload(folder / STORE, SEED, vfs="killing"), vfs.calls
    finally:
        vfs.unregister()


def killed_at(folder: Path, at: int) -> int:
    """Play the workload in a child that dies at a call; return how many steps were answered."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            killing = KillingVFS(at)
            run_workload(folder / STORE, SEED, vfs="killing", answered=lambda _: _answer(writing))
            killing.unregister()
        finally:
            os._exit(1)  # nothing of the parent's is to be ended
    os.close(writing)
    with os.fdopen(reading, "rb") as answers:
        answered = len(answers.read())
    _, status = os.waitpid(child, 0)
    assert -os.WTERMSIG(status) == KILLED, status
    return answered


def _answer(writing: int) -> None:
    os.write(writing, b".")


def points(calls: int, count: int) -> Iterator[int]:
    """Return so many calls, all over the workload."""
    rng = random.Random(SEED)
    for n in range(count):
        yield calls * n // count + rng.randrange(max(1, calls // count))


@pytest.mark.parametrize(
    "count", [60, pytest.param(600, marks=[pytest.mark.crash, pytest.mark.timeout(1_500)])]
)
def test_killed_at_a_write_or_a_sync(count: int) -> None:
    verdict: Verdict = Counter()
    with fast_folder() as folder:
        folder.joinpath("whole").mkdir()
        run, calls = recorded(folder / "whole")
        assert calls > count
        for number, at in enumerate(points(calls, count)):
            place = folder / str(number)
            place.mkdir()
            answered = killed_at(place, at)
            go_on = number % GO_ON_EVERY == 0
            verdict += judge(place / STORE, run, answered, go_on=go_on)
            verdict["answered"] += answered
    print(f"killed at {count} of {calls} writes and syncs: {dict(verdict)}")  # noqa: T201
    assert {name: verdict[name] for name in MUST_BE_ZERO if verdict[name]} == {}
    assert verdict["images"] == count
    assert verdict["answered"] > 5 * count
    assert verdict["unanswered_present"]
