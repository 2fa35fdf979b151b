"""Checkpoints are written when nothing is asked, and when they are due; nobody notices."""

import time
from collections.abc import Callable

import pytest

from engine.errors import StoreError
from engine.pipeline import Pipeline
from server.app import ServerHandle
from server.config import ServerConfig
from tests.server.conftest import Client, opening, register, settle


class Counted:
    """A checkpoint that counts its calls, and may fail."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.calls = 0
        self.error: Exception | None = None
        self._begin = pipeline.begin_checkpoint
        pipeline.begin_checkpoint = self  # type: ignore[method-assign]

    def __call__(self) -> None:
        self.calls += 1
        if self.error is not None:
            raise self.error
        self._begin()


def _wait(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_idle_server_writes_one_checkpoint(durable: Callable[[], Pipeline]) -> None:
    pipeline = register(durable())
    checkpoint = Counted(pipeline)
    config = ServerConfig("127.0.0.1:0", idle_seconds=0.05)
    with ServerHandle(pipeline, config) as server:
        client = Client(server.address)
        assert checkpoint.calls == 0
        assert len(list(client.settle([opening(), settle(2, "r")]))) == 2
        _wait(lambda: checkpoint.calls == 1)
        time.sleep(0.2)
        assert checkpoint.calls == 1
        client.channel.close()
    again = durable()
    assert again.run([], 1) == []
    again.close()


def test_a_checkpoint_that_fails_harms_nobody(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = Counted(pipeline)
    checkpoint.error = StoreError("busy")
    with ServerHandle(pipeline, ServerConfig("127.0.0.1:0", idle_seconds=0.05)) as server:
        client = Client(server.address)
        list(client.settle([opening(), settle(2, "r")]))
        _wait(lambda: checkpoint.calls == 1)
        answers = list(client.settle([opening(), settle(2, "r")]))
        assert answers[1].settled.replayed
        checkpoint.error = None
        client.channel.close()
    assert "no checkpoint was written" in caplog.text
