"""Server processes and what they cost."""

import selectors
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil

ROOT: Final = Path(__file__).parents[1]
IDLE_SECONDS: Final = 1.15
"""A little more than the server waits before it writes a checkpoint."""

_START_SECONDS: Final = 300
_STOP_SECONDS: Final = 60


class Process:
    """A server in a process of its own on a free loopback port."""

    def __init__(self, log: Path, *arguments: str) -> None:
        """Start `python -m ARGUMENTS`; `ready` waits until it takes requests."""
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self._usage = psutil.Process(self._process.pid)
        self.address = ""

    def ready(self) -> Self:
        """Wait until it takes requests; several can start at once."""
        line = ""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if selector.select(_START_SECONDS):
                line = self._process.stdout.readline().decode().strip()
        start = "listening on "
        said = self._log.read_text("utf-8", "replace")
        assert line.startswith(start), f"no server: {said[-500:]}"
        self.address = line.removeprefix(start)
        return self

    @property
    def cpu_seconds(self) -> float:
        """Processor time of all its threads so far."""
        times = self._usage.cpu_times()
        return float(times.user + times.system)

    @property
    def written_bytes(self) -> int:
        """What it has had written to the disk so far."""
        return int(self._usage.io_counters().write_bytes)

    def settle_down(self) -> None:
        """Wait until it has written the checkpoint that follows a load."""
        time.sleep(IDLE_SECONDS)
        used = self.cpu_seconds
        for _ in range(200):
            time.sleep(0.05)
            before, used = used, self.cpu_seconds
            if used - before < 0.015:
                return

    def stop(self) -> int:
        """Stop it with SIGTERM; return its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            if self._process.stdout is not None:
                self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
