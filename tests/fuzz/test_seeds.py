"""The seeds of the fuzzer, and what becomes of them by chance, without the fuzzer."""

from __future__ import annotations

import random
from typing import Any

import pytest

from engine.kernel import FAST
from tests.fuzz.seeds import TERMINAL, seeds
from tests.fuzz.target import Target

CHANGED = 1_500


def changed(rng: random.Random, data: bytes) -> bytes:
    """Return bytes with some changed, left out, or put twice."""
    mutable = bytearray(data)
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(1, len(mutable))
        match rng.randrange(3):
            case 0:
                mutable[at] = rng.randrange(256)
            case 1:
                del mutable[at : at + rng.randint(1, 4)]
            case _:
                mutable[at:at] = mutable[at : at + rng.randint(1, 8)]
        if len(mutable) < 2:
            return data
    return bytes(mutable)


def test_seeds_and_changed_seeds() -> None:
    rng, target = random.Random(20261130), Target()
    of_all = list(seeds())
    feed_all(target)
    for _ in range(CHANGED):
        target.feed(changed(rng, rng.choice(of_all)))
    target.finish()


def test_seeds_settle_and_are_refused() -> None:
    """They reach what is to be fuzzed: settlements of every city, refusals, errors."""
    side = Target()._sides[0]
    for data in seeds():
        if data.startswith(TERMINAL):
            side.terminal_bytes(data[1:])
        else:
            side.gateway_bytes(data[1:])
    assert side.store.last_position > 40


def test_a_kernel_that_is_off_by_a_fen_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    kind: Any = type(FAST)
    settle = kind.settle

    def off(self: Any, rows: Any, plans: Any, *arrays: Any) -> None:
        settle(self, rows, plans, *arrays)
        arrays[2]["cash"] += arrays[2]["cash"] > 0

    monkeypatch.setattr(kind, "settle", off)
    with pytest.raises(Exception, match=r"identit|differ|add up|cash"):
        feed_all(Target())


def feed_all(target: Target) -> None:
    for data in seeds():
        target.feed(data)
