"""Where the time of a run goes: seconds by stage, what runs inside another stage counted once.

Seconds are those of the thread that runs the stages. What another thread does meanwhile takes none
of them, but its processor time is counted to its stage, which may so have more of it than seconds.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")

_NONE: Final[list[object]] = []


class Clock:
    """Adds up time by stage. A stage is a batch or more: to be asked costs two microseconds."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        """Nanoseconds, by stage."""
        self.processor: Counter[str] = Counter()
        """Nanoseconds that the processor was at work, in whatever thread, by stage."""
        self._open: list[str] = []
        self._since = (0, 0)

    def _turn(self) -> None:
        now = time.perf_counter_ns(), time.thread_time_ns()
        if self._open:
            self.spent[self._open[-1]] += now[0] - self._since[0]
            self.processor[self._open[-1]] += now[1] - self._since[1]
        self._since = now

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what is done inside as the stage's, but for the stages inside it."""
        self._turn()
        self._open.append(name)
        try:
            yield
        finally:
            self._turn()
            self._open.pop()

    def beside(self, name: str, processor_ns: int) -> None:
        """Count processor time of another thread, nanoseconds, as the stage's."""
        self.processor[name] += processor_ns

    def each(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """Yield the items; what making each of them takes is the stage's."""
        iterator = iter(items)
        while True:
            with self.stage(name):
                found = next(iterator, _NONE)
            if isinstance(found, list) and found is _NONE:
                return
            yield found  # type: ignore[misc]
