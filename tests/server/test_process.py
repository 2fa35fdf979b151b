"""A server as a process: signals, kill, and what is there afterwards."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from engine.pipeline import Pipeline
from gongji.v1 import settlement_service_pb2 as pb
from tests.server.conftest import Client, opening, register, settle

ROOT = Path(__file__).parents[2]


class Process:
    """A server process on a ledger."""

    def __init__(self, ledger: Path) -> None:
        path = os.pathsep.join([str(ROOT), str(ROOT / "proto")])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.server.process", str(ledger)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.address = f"127.0.0.1:{int(self.process.stdout.readline())}"
        self.client = Client(self.address)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(20)


@pytest.fixture
def ledger(tmp_path: Path, durable: Callable[[], Pipeline]) -> Path:
    register(durable()).close()
    return tmp_path / "ledger.db"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_ends_with_0(ledger: Path, number: signal.Signals) -> None:
    server = Process(ledger)
    requests = _held(opening(), settle(2, "r", 90_000))
    call = server.client.settle(requests)
    assert next(call).WhichOneof("answer") == "opened"
    assert next(call).settled.settlement_id == 1
    assert server.end(number) == 0
    assert next(call).WhichOneof("answer") == "drain"
    with pytest.raises(grpc.RpcError):
        next(call)
    again = Process(ledger)
    answers = list(again.client.settle([opening(), settle(2, "r", 90_000)]))
    assert answers[1].settled.replayed
    assert again.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("answers_read", [0, 1, 50, 300])
def test_after_a_kill_every_answer_holds_and_the_rest_is_settled_once(
    ledger: Path, answers_read: int
) -> None:
    many = 1_000
    requests = [opening(), *(settle(n, f"r{n}", 100 + n) for n in range(2, many + 2))]
    server = Process(ledger)
    call = server.client.settle(requests)
    told: dict[str, pb.SettleResponse] = {}
    next(call)
    for _ in range(answers_read):
        answer = next(call)
        told[answer.request_id] = answer
    server.end(signal.SIGKILL)
    again = Process(ledger)
    answers = list(again.client.settle(requests))[1:]
    assert [answer.request_id for answer in answers] == [f"r{n}" for n in range(2, many + 2)]
    assert [answer.settled.settlement_id for answer in answers] == list(range(1, many + 1))
    replayed = [answer.settled.replayed for answer in answers]
    assert replayed == sorted(replayed, reverse=True)
    assert sum(replayed) >= answers_read
    for answer in answers:
        if answer.request_id in told:
            first = told[answer.request_id]
            first.settled.replayed = True
            assert first == answer
    assert again.end(signal.SIGTERM) == 0


def _held(*requests: pb.SettleRequest) -> Iterator[pb.SettleRequest]:
    yield from requests
    threading.Event().wait(5)
