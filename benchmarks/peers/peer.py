"""What a peer's process takes and tells: a folder with the case, and one line of JSON on stdout.

A peer settles the first `--claims` claims of the case in its own way and is timed from its own
input (lists, columns, a table: made before) to its answers. What it tells:

    peer               who
    what               in which way it was used
    claims, seconds, claims_per_second      a median, where it settled them more than once
    exact              whether every answer is the reference's, to the fen
    differ             how many are not
    notes              the rest
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np

from benchmarks.peers.case import Case

T = TypeVar("T")

REPEATS: Final = 5
"""Runs of a process, each with a state of its own; their median counts."""


class Answers(NamedTuple):
    """What a peer made of the claims, in their order, in fen; and how long it took."""

    charged: Sequence[int] | Any
    fund: Sequence[int] | Any
    seconds: float
    notes: str = ""


def timed(run: Callable[[], T]) -> tuple[T, float]:
    """Return what something gives, and the seconds it took."""
    began = time.perf_counter()
    found = run()
    return found, time.perf_counter() - began


def tell(peer: str, what: str, settle: Callable[[Case], Answers], repeats: int = REPEATS) -> None:
    """Settle the case that the command line names so many times, and print one line."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("case", type=Path)
    parser.add_argument("--claims", type=int, required=True)
    given = parser.parse_args()
    case = Case.load(given.case).first(given.claims)
    runs = [settle(case) for _ in range(repeats)]
    differ = {case.differ(np.asarray(run.charged), np.asarray(run.fund)) for run in runs}
    assert len(differ) == 1, f"{peer} gives other answers every time"
    claims, seconds = len(case.rows), statistics.median(run.seconds for run in runs)
    found = {
        "peer": peer,
        "what": what,
        "claims": claims,
        "seconds": seconds,
        "claims_per_second": claims / seconds,
        "exact": differ == {0},
        "differ": max(differ),
        "notes": runs[0].notes,
    }
    print(json.dumps(found))
