"""A settlement server in a process of its own, for the demo and for tests."""

import selectors
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from clients.cli.common import Fail

_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 30
_LAST_WORDS: Final = 300


class ServerProcess:
    """`gongji serve` on a free port of this machine; `address` says which."""

    def __init__(self, store: Path, *, port: int = 0, kernel: str = "fast") -> None:
        """Start a server and wait until it takes requests.

        Raises:
            Fail: it did not start; the message has its last words.
        """
        command = [sys.executable, "-m", "clients.cli.main", "serve", "--store", str(store)]
        command += ["--listen", f"127.0.0.1:{port}", "--kernel", kernel]
        self._log = store.with_suffix(".log")
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
            )
        try:
            self.address = self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self) -> str:
        line = ""
        if (stream := self.process.stdout) is not None:
            with selectors.DefaultSelector() as selector:
                selector.register(stream, selectors.EVENT_READ)
                if selector.select(_START_SECONDS):
                    line = stream.readline().decode().strip()
        if not line.startswith("listening on "):
            words = self._log.read_text("utf-8", "replace").strip()[-_LAST_WORDS:]
            raise Fail(f"the server did not start: {words or 'it gave no reason'}")
        return line.removeprefix("listening on ")

    def stop(self) -> int:
        """Stop the server as an operator would; return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self._end()

    def kill(self) -> int:
        """Kill the server, as a crash would."""
        self.process.kill()
        return self._end()

    def _end(self) -> int:
        try:
            code = self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
