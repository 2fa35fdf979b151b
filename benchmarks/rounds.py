"""Contenders in turns: every round runs each once and begins with another, ratios are a round's."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Contender:
    """Something to be timed: `prepare` is not, `run` is; `claims` is what a run settles."""

    claims: int
    prepare: Callable[[], None]
    run: Callable[[], object]


class Ratio(NamedTuple):
    """A ratio over the rounds."""

    median: float
    low: float
    high: float

    @property
    def range(self) -> str:
        """The range over the rounds, as text."""
        return f"{self.low:.3g}-{self.high:.3g}"


Seconds = dict[str, list[float]]
"""Seconds a claim of each contender, a value a round."""


class Timings(NamedTuple):
    """What a run of rounds took."""

    wall: Seconds
    processor: Seconds
    """Of all threads: what a busy machine changes less."""


def in_turns(contenders: Mapping[str, Contender], rounds: int) -> Timings:
    """Run all of them once to warm up, then in turns."""
    names = list(contenders)
    found = Timings({name: [] for name in names}, {name: [] for name in names})
    for turn in range(-1, rounds):
        first = max(0, turn) % len(names)
        for name in names[first:] + names[:first]:
            wall, processor = timed(contenders[name])
            if turn >= 0:
                found.wall[name].append(wall / contenders[name].claims)
                found.processor[name].append(processor / contenders[name].claims)
    return found


def timed(contender: Contender) -> tuple[float, float]:
    """Return the seconds of one run, and those of the processor."""
    contender.prepare()
    gc.collect()
    gc.disable()
    try:
        began, used = time.perf_counter(), time.process_time()
        contender.run()
        return time.perf_counter() - began, time.process_time() - used
    finally:
        gc.enable()


def ratio(above: list[float], below: list[float]) -> Ratio:
    """Return how often the second goes into the first, within each round."""
    each = [a / b for a, b in zip(above, below, strict=True)]
    return Ratio(statistics.median(each), min(each), max(each))
