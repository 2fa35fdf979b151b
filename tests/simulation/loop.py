"""An event loop whose time passes only when nothing else is left to do, and whose threads are none.

What is given to an executor is done at a moment of virtual time, one piece after the other for each
executor, after a delay that is drawn: so a commit takes a while, others wait for it, and nothing of
it depends on the machine.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, NamedTuple

DELAYS = (0.0001, 0.0005, 0.002, 0.03)
"""Seconds that a piece of work takes: a sync of the disk, a slow one, a very slow one."""


class Deadlock(Exception):
    """Everybody waits, and nothing will happen any more."""


class Work(NamedTuple):
    """A piece of work that an executor has, and has not done yet."""

    executor: object
    do: Callable[[], Any]


class _Selector(selectors.SelectSelector):
    """Waits for nothing: it lets time pass instead."""

    def __init__(self) -> None:
        super().__init__()
        self.loop: VirtualLoop | None = None

    def select(self, timeout: float | None = None) -> list[Any]:
        assert self.loop is not None
        if timeout is None:
            raise Deadlock
        self.loop.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop of one simulation."""

    def __init__(self, rng: random.Random) -> None:
        self.now = 0.0
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self
        self._rng = rng
        self._busy: dict[object, float] = {}
        self._waiting: list[Work] = []

    def time(self) -> float:
        """Return the virtual time, seconds."""
        return self.now

    def run_in_executor(  # type: ignore[override]  # it is all of it here
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Do work later; its result comes with it."""
        future = self.create_future()
        work = Work(executor, lambda: func(*args))
        self._waiting.append(work)
        start = max(self.now, self._busy.get(executor, 0.0))
        end = self._busy[executor] = start + self._rng.choice(DELAYS)
        self.call_at(end, self._do, work, future)
        return future

    def _do(self, work: Work, future: asyncio.Future[Any]) -> None:
        if work not in self._waiting:
            return  # its process died before
        self._waiting.remove(work)
        try:
            result = work.do()
        except Exception as error:  # noqa: BLE001  it belongs to who waits
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(result)

    def end_work(self, executor: object) -> None:
        """Let a process die: of its work some is done, the rest never."""
        of_it = [work for work in self._waiting if work.executor is executor]
        self._waiting = [work for work in self._waiting if work.executor is not executor]
        for work in of_it[: self._rng.randint(0, len(of_it))]:
            try:
                work.do()
            except Exception:  # noqa: BLE001  nobody is there to hear of it
                continue
