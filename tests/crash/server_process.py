"""A settlement server in a process of its own, to be killed."""

from __future__ import annotations

import selectors
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import psutil

ROOT: Final = Path(__file__).parents[2]
SHIPPED: Final = "clients.cli.main"
ANSWERS_EARLY: Final = "tests.crash.answers_early"
FORGETS_IDS: Final = "tests.crash.forgets_ids"
CHECKPOINTS_OFTEN: Final = "tests.crash.checkpoints_often"

_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 30


class ServerProcess:
    """`python -m MODULE serve` on a free loopback port; `address` says which."""

    def __init__(
        self,
        store: Path | str,
        module: str = SHIPPED,
        *,
        wait: bool = True,
        log: Path | None = None,
        options: Sequence[str] = (),
    ) -> None:
        """Start it and, with `wait`, return only when it takes requests.

        Args:
            store: path or URL.
            module: what is run.
            wait: for it to take requests.
            log: what it writes to stderr; by default it is beside the store.
            options: more of `serve`.
        """
        command = [sys.executable, "-m", module, "serve"]
        command += ["--store", str(store), "--listen", "127.0.0.1:0", *options]
        self._log = log or Path(store).with_suffix(".log")
        with self._log.open("ab") as errors:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
            )
        self.address = ""
        try:
            if wait:
                self.address = self._wait()
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """SIGKILL; a second call does nothing."""
        self._process.kill()
        self._end()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def memory(self) -> int:
        """Return how many bytes of memory it has."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    def open_files(self) -> int:
        """Return how many files and sockets it has open."""
        return int(psutil.Process(self._process.pid).num_fds())

    def stop(self) -> int:
        """SIGTERM; return the exit code."""
        self._process.terminate()
        return self._end()

    def last_words(self) -> str:
        """What the server, and those before it on this store, wrote to stderr."""
        return self._log.read_text("utf-8", "replace").strip()[-2000:]

    def _wait(self) -> str:
        line = ""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if selector.select(_START_SECONDS):
                line = self._process.stdout.readline().decode().strip()
        start = "listening on "
        assert line.startswith(start), f"the server did not start: {self.last_words()}"
        return line.removeprefix(start)

    def _end(self) -> int:
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

    def __exit__(self, *_: object) -> None:
        self.kill()
