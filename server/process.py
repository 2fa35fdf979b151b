"""The process of a server: event loop, memory and garbage collector, set for one that stays."""

import asyncio
import ctypes
import gc
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import uvloop

T = TypeVar("T")

# Of mallopt(3) of the C library.
_TRIM_THRESHOLD: Final = -1
_TOP_PAD: Final = -2
_MMAP_THRESHOLD: Final = -3
_LARGEST_BYTES: Final = 32 << 20
"""The most that glibc takes for the first of them; no message is as large."""
_YOUNG_OBJECTS: Final = 50_000


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a server until it ends, and return what it returns.

    What was made before, the registers above all, is not looked at by the garbage collector any
    more: a full collection of a million members takes seconds, in which no terminal would be
    answered. What a request makes is freed when it is answered and has no cycles, so the collector
    looks for some seldom.
    """
    _keep_memory()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 100)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _keep_memory() -> None:
    """Let the C library keep the memory of large messages for the next ones.

    By itself it gives blocks of megabytes back to the system, which then clears each page anew: it
    costs a gateway's message as much as settling it. Another C library may not know how.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST_BYTES)
        mallopt(_TRIM_THRESHOLD, 8 * _LARGEST_BYTES)
        mallopt(_TOP_PAD, _LARGEST_BYTES)
