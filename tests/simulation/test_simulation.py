"""Simulations of many seeds find nothing, and what is planted they find."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from engine.domain.request import Answer, Request
from engine.ledger import settle
from server.batcher import Batcher
from tests.simulation.__main__ import simulate

SEEDS = 40
PLANTED_SEEDS = 60

crash = [pytest.mark.crash, pytest.mark.timeout(3_600)]


@pytest.mark.parametrize(
    ("first", "count"), [(1, SEEDS), (1_001, SEEDS), pytest.param(10_001, 2_000, marks=crash)]
)
def test_nothing_is_found(first: int, count: int) -> None:
    met: Counter[str] = Counter()
    for seed in range(first, first + count):
        wrong, one = simulate(seed)
        assert wrong == [], f"again: python -m tests.simulation --seed {seed}"
        met += one
    print(f"simulated from {first}: {dict(met)}")  # noqa: T201
    assert met["answered"] > 20 * count
    for what in ("kill", "stop", "break", "jump", "terminal died", "not recorded"):
        assert met[what], what
    assert met["unknown, there"] + met["unknown, not there"]


def test_a_seed_is_the_same_every_time() -> None:
    assert simulate(7) == simulate(7)


def found() -> bool:
    """Whether one of some seeds finds something."""
    return any(simulate(seed)[0] for seed in range(1, PLANTED_SEEDS))


def test_answers_before_the_commit_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def early(self: Any, requests: Sequence[Request], *, apart: bool = False) -> list[Answer]:
        last = getattr(self, "planted", None)
        if last is not None:
            await last
        applied = self._pipeline.apply(requests, self._clock())
        commit = self._in_thread(lambda: self._pipeline.commit(applied))
        self.planted = asyncio.ensure_future(commit)
        return list(applied.answers)

    monkeypatch.setattr(Batcher, "_answers", early)
    assert found()


def test_forgotten_ids_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "_used_id", lambda *_: False)
    assert found()
