"""A settlement server in a process of its own, on a free loopback port and a temporary store."""

import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import grpc

from cli.cases.outcome import LaneError

_START: Final = 30.0
_STOP: Final = 20.0
_LAST_WORDS: Final = 400


class Server:
    """A running server; `stop` ends it and removes its store."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="gongji-cases-")
        self.address = f"127.0.0.1:{_free_port()}"
        folder = Path(self._folder.name)
        self._log = folder / "server.log"
        store = folder / "ledger.sqlite"
        command = [sys.executable, "-m", "cli.main", "serve"]
        command += ["--store", str(store), "--listen", self.address]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # our own interpreter and arguments
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and remove the store; a second call does nothing."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()

    def _wait(self) -> None:
        """Return when the server answers."""
        end = time.monotonic() + _START
        with grpc.insecure_channel(self.address) as channel:
            ready = grpc.channel_ready_future(channel)
            while True:
                try:
                    ready.result(timeout=0.1)
                except grpc.FutureTimeoutError:
                    if self._process.poll() is None and time.monotonic() < end:
                        continue
                    ready.cancel()
                    words = self._log.read_text(errors="replace").strip()[-_LAST_WORDS:]
                    raise LaneError(
                        f"the server did not start: {words or 'no reason given'}"
                    ) from None
                return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
