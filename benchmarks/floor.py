"""The floor under the kernel: C compiled for the benchmark alone, with the system's compiler.

`floor.c` says what each function moves. The library goes into `build/bench/`; no part of the
product uses it.
"""

import ctypes
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.lines import KEPT
from engine.domain.layout import RESULT, ROW, Array

SOURCE: Final = Path(__file__).with_name("floor.c")
AHEAD: Final = 24
"""How many claims before its turn a line is asked for."""
Run = Callable[[], int]

LINE_BYTES: Final = 128
"""A line of state moves out of memory and back."""
_WORD: Final = 8


def library() -> Any:
    """Compile `floor.c` and load it.

    Raises:
        subprocess.CalledProcessError: there is no compiler, or it found a mistake.
    """
    KEPT.mkdir(parents=True, exist_ok=True)
    built = KEPT.joinpath("floor.so")
    compiler = shlex.split(os.environ.get("CC", "cc"))
    options = ("-O3", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror")
    subprocess.run([*compiler, *options, "-o", str(built), str(SOURCE)], check=True)
    loaded = ctypes.CDLL(str(built))
    for function in (loaded.floor_lines, loaded.floor_state, loaded.floor_rows):
        function.restype = ctypes.c_int64
    return loaded


def lines(loaded: Any, members: Array, counters: Array) -> Run:
    """Return what reads, changes and writes one line a claim."""
    return lambda: int(
        loaded.floor_lines(_at(members), _count(members), _count(AHEAD), _at(counters))
    )


def state(loaded: Any, rows: Array, counters: Array, keyed: Array, balances: Array) -> Run:
    """Return what does so with every word of state that the kernel moves.

    No row has more than one keyed slot: ordinary care has a cap of the visit or a deductible of
    the institution, not both.
    """
    columns = (rows["counters"], np.maximum(rows["visit"], rows["borne"]), rows["account"])
    members, slots, accounts = map(np.ascontiguousarray, columns)
    return lambda: int(
        loaded.floor_state(
            _at(members),
            _at(slots),
            _at(accounts),
            _count(members),
            _count(AHEAD),
            _at(counters),
            _at(keyed),
            _at(balances),
        )
    )


def rows(loaded: Any, members: Array, counters: Array, read: Array, write: Array) -> Run:
    """Return the same with a row read and a result written for each claim."""
    return lambda: int(
        loaded.floor_rows(
            _at(members),
            _count(members),
            _count(AHEAD),
            _at(counters),
            _at(read),
            _count(ROW.itemsize // _WORD),
            _at(write),
            _count(RESULT.itemsize // _WORD),
        )
    )


def expected_sum(members: Array, counters: Array) -> int:
    """Return what `lines` returns and, of each line's words, adds up, computed by NumPy.

    On counters that are zero: a line's n-th visit sees eight times what the visits before it added.
    """
    added = np.arange(len(members), dtype=np.int64) & 7
    order = np.argsort(members, kind="stable")
    ordered, of_line = members[order], added[order]
    before = np.cumsum(of_line) - of_line
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[starts, len(ordered)])
    return int(counters.shape[1] * (before - np.repeat(before[starts], lengths)).sum())


def _at(array: Array) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _count(of: Array | int) -> ctypes.c_int64:
    return ctypes.c_int64(of if isinstance(of, int) else len(of))
