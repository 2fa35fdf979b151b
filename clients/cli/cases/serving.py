"""A settlement server in a process of its own, on a free loopback port and a temporary store."""

import selectors
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from clients.cli.cases.outcome import LaneError

_START: Final = 30.0
_STOP: Final = 20.0
"""Seconds to wait until the server takes requests, and until it has ended."""
_LAST_WORDS: Final = 400


class Server:
    """A running server; `stop` ends it and removes its store."""

    def __init__(self, figures_json: bytes, folders: Sequence[Path] = ()) -> None:
        """Start a server on a new store.

        Args:
            figures_json: The operator figures it begins with.
            folders: Where it finds more cities than those of the package.

        Raises:
            LaneError: It did not start.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="gongji-cases-")
        folder = Path(self._folder.name)
        self._log = folder / "server.log"
        store, figures = folder / "ledger.sqlite", folder / "figures.json"
        figures.write_bytes(figures_json)
        command = [sys.executable, "-m", "clients.cli.cases.child", str(store), str(figures)]
        command += map(str, folders)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
            )
        try:
            self.address = f"127.0.0.1:{self._port()}"
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and remove the store; a second call does nothing."""
        self._process.terminate()
        try:
            self._process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._folder.cleanup()

    def _port(self) -> int:
        """Return the port that the server prints when it takes requests."""
        stdout = self._process.stdout
        line = _line_within(stdout, _START) if stdout is not None else b""
        if not line.strip().isdigit():
            words = self._log.read_text(errors="replace").strip()[-_LAST_WORDS:]
            raise LaneError(f"the server did not start: {words or 'it gave no reason'}")
        return int(line)


def _line_within(stream: IO[bytes], seconds: float) -> bytes:
    """Return the next line, empty if none comes in time or the stream ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        return stream.readline() if selector.select(seconds) else b""
