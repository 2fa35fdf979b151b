"""The stream contract of Settle, against a real server on a real port."""

import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from engine.domain.request import SettleBatch
from engine.pipeline import Pipeline
from gongji.v1 import claim_pb2, codes_pb2
from gongji.v1 import settlement_service_pb2 as pb
from server.app import ServerHandle
from server.config import MESSAGE_BYTES_MAX
from tests.server.conftest import CONFIG, Client, Gate, claim, opening, settle


class Requests:
    """Requests that a test sends one by one."""

    def __init__(self, *first: Any) -> None:
        self._queue: queue.Queue[Any] = queue.Queue()
        self.sent = 0
        for request in first:
            self.send(request)

    def send(self, request: Any) -> None:
        self._queue.put(request)

    def close(self) -> None:
        self._queue.put(None)

    def __iter__(self) -> Iterator[Any]:
        while (request := self._queue.get()) is not None:
            self.sent += 1
            yield request


def reason_of(error: Any) -> object:
    return dict(error.trailing_metadata() or ())["gongji-reason"]


def test_answers_come_in_the_order_of_requests(client: Client) -> None:
    requests = [opening()]
    for n in range(2, 402, 4):
        requests += [
            settle(n, f"r{n}"),
            pb.SettleRequest(sequence=n + 1, preview=claim(f"p{n}")),
            pb.SettleRequest(sequence=n + 2, query=pb.Query(request_id=f"r{n}")),
            pb.SettleRequest(
                sequence=n + 3, reverse=pb.Reverse(request_id=f"u{n}", original_request_id=f"r{n}")
            ),
        ]
    answers = list(client.settle(requests))
    assert [answer.sequence for answer in answers] == [r.sequence for r in requests]
    kinds = [answer.WhichOneof("answer") for answer in answers]
    assert kinds == ["opened"] + ["settled", "settled", "found", "undone"] * 100
    assert [answer.request_id for answer in answers[1:5]] == ["r2", "p2", "r2", "u2"]
    assert answers[2].settled.settlement_id == 0
    assert answers[3].found.settlement.settlement_id == answers[1].settled.settlement_id


@pytest.mark.parametrize(
    "first",
    [
        settle(1, "r1").SerializeToString(),
        pb.SettleRequest(sequence=1).SerializeToString(),
        b"\xff\xff",
        b"",
    ],
)
def test_a_stream_begins_with_open(client: Client, first: bytes) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        list(client.raw([first, opening(2).SerializeToString()]))
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(caught.value) == "NOT_OPEN"


@pytest.mark.parametrize("institution", ["", "h\0", "h" * 65])
def test_open_names_an_institution(client: Client, institution: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        list(client.settle([opening(institution=institution)]))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_refusals_and_errors_do_not_end_the_stream(client: Client) -> None:
    wrong = claim("w")
    wrong.groups.add(benefit=codes_pb2.BENEFIT_CHRONIC)
    no_date = claim("d")
    no_date.service_date = 20260230
    requests: list[pb.SettleRequest] = [
        opening(),
        settle(2, "n", -5),
        pb.SettleRequest(sequence=3, settle=wrong),
        pb.SettleRequest(sequence=4, settle=no_date),
        pb.SettleRequest(sequence=5),
        opening(6),
        pb.SettleRequest(sequence=7, cancel=pb.Cancel(request_id="c")),
        pb.SettleRequest(sequence=8, cancel=pb.Cancel(request_id="c", settlement_id=99)),
        pb.SettleRequest(
            sequence=9, reverse=pb.Reverse(request_id="v", original_request_id="never")
        ),
        settle(10, "never"),
        settle(11, "good"),
    ]
    data = [request.SerializeToString() for request in requests]
    data.insert(5, b"\x0a\xff garbage")
    data.insert(6, settle(12, "unknown field").SerializeToString() + b"\xf8\x7f\x01")
    answers = {answer.sequence: answer for answer in client.raw(data)}
    assert answers[2].refused.detail == codes_pb2.DETAIL_NEGATIVE_AMOUNT
    assert answers[2].request_id == "n"
    assert answers[3].error.path == "groups"
    assert answers[3].request_id == "w"
    assert answers[4].error.path == "service_date"
    assert answers[5].error.path == "request"
    assert answers[6].error.path == "open"
    assert answers[7].refused.detail == codes_pb2.DETAIL_SETTLEMENT_UNKNOWN
    assert answers[8].refused.detail == codes_pb2.DETAIL_SETTLEMENT_UNKNOWN
    assert answers[9].nothing_to_reverse.original_request_id == "never"
    assert answers[10].refused.detail == codes_pb2.DETAIL_REVERSED_BEFORE_ARRIVAL
    assert answers[0].error.problem.startswith("cannot be read")
    assert answers[12].error.path == "field 2047"
    assert answers[12].request_id == "unknown field"
    assert answers[11].settled.settlement_id == 2


def test_the_same_request_gets_the_same_answer(client: Client) -> None:
    first = list(client.settle([opening(), settle(2, "r", 90_000)]))[1].settled
    again, other = list(client.settle([opening(), settle(2, "r", 90_000), settle(3, "r", 90_001)]))[
        1:
    ]
    assert again.settled.replayed
    again.settled.replayed = False
    assert again.settled == first
    assert other.refused.detail == codes_pb2.DETAIL_ID_REUSED


def test_reading_stops_at_64_unanswered_and_goes_on(pipeline: Pipeline, gate: Gate) -> None:
    gate.open.clear()
    many, garbage = 1_000, b"\xff" * 65_536  # more than HTTP/2 holds: what is not read stays here
    with ServerHandle(pipeline, CONFIG) as server:
        client = Client(server.address)
        requests = Requests(opening().SerializeToString(), settle(2, "r").SerializeToString())
        for _ in range(many):
            requests.send(garbage)
        requests.close()
        call = client.raw(requests)
        assert next(call).opened.in_flight_max == 64
        assert gate.entered.acquire(timeout=10)
        sent = _sent_until_it_stands_still(requests)
        assert 64 < sent < many / 2
        gate.open.set()
        answers = list(call)
        assert answers[0].settled.settlement_id == 1
        assert len(answers) == many + 1
        assert all(answer.WhichOneof("answer") == "error" for answer in answers[1:])
        client.channel.close()


def _sent_until_it_stands_still(requests: Requests) -> int:
    sent = -1
    while sent != requests.sent:
        sent = requests.sent
        time.sleep(0.3)
    return sent


def test_a_reader_that_does_not_read_holds_up_nobody_else(client: Client) -> None:
    many = 20_000
    silent = client.settle([opening(), *(settle(n, f"s{n}") for n in range(2, many))])
    answers = list(client.settle([opening(), *(settle(n, f"r{n}") for n in range(2, 100))]))
    assert len(answers) == 99
    silent.cancel()


def test_a_stopping_server_drains_its_streams(pipeline: Pipeline, gate: Gate) -> None:
    server = ServerHandle(pipeline, CONFIG)
    server.start()
    client = Client(server.address)
    idle = client.settle(idle_requests := Requests(opening()))
    assert next(idle).WhichOneof("answer") == "opened"
    gate.open.clear()
    busy_requests = Requests(opening(), *(settle(n, f"r{n}") for n in range(2, 12)))
    busy = client.settle(busy_requests)
    assert next(busy).WhichOneof("answer") == "opened"
    assert gate.entered.acquire(timeout=10)
    time.sleep(0.2)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    assert [answer.WhichOneof("answer") for answer in _until_status(idle)] == ["drain"]
    gate.open.set()
    answers = _until_status(busy)
    assert [answer.sequence for answer in answers] == [*range(2, 12), 0]
    assert answers[-1].WhichOneof("answer") == "drain"
    stopping.join(10)
    assert server.exit_code == 0
    for requests in (idle_requests, busy_requests):
        requests.close()
    client.channel.close()


def _until_status(call: Any) -> list[pb.SettleResponse]:
    answers: list[pb.SettleResponse] = []
    with pytest.raises(grpc.RpcError) as caught:
        answers.extend(iter(lambda: next(call), None))
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    assert reason_of(caught.value) == "STOPPING"
    return answers


def test_a_disconnect_cuts_no_settlement(pipeline: Pipeline, gate: Gate) -> None:
    with ServerHandle(pipeline, CONFIG) as server:
        client = Client(server.address)
        gate.open.clear()
        requests = Requests(opening(), *(settle(n, f"r{n}", 90_000) for n in range(2, 8)))
        call = client.settle(requests)
        next(call)
        assert gate.entered.acquire(timeout=10)
        call.cancel()
        client.channel.close()
        time.sleep(0.1)
        gate.open.set()
        later = Client(server.address)
        queries = [
            pb.SettleRequest(sequence=n, query=pb.Query(request_id=f"r{n}")) for n in range(2, 8)
        ]
        answers = list(later.settle([opening(), *queries]))[1:]
        kinds = [answer.WhichOneof("answer") for answer in answers]
        found = kinds.index("refused") if "refused" in kinds else len(kinds)
        assert found >= 1
        assert set(kinds[:found]) == {"found"}, "a request was settled after one that was not"
        assert set(kinds[found:]) <= {"refused"}
        for answer in answers[:found]:
            settlement = answer.found.settlement
            paid = settlement.payers.pooled_fund.amount_fen + settlement.payers.person_fen
            assert paid == settlement.bill.total_fen == 90_000
        resent = list(later.settle([opening(), *(settle(n, f"r{n}", 90_000) for n in range(2, 8))]))
        assert [answer.settled.replayed for answer in resent[1:]] == [
            kind == "found" for kind in kinds
        ]
        requests.close()
        later.channel.close()


def test_an_oversized_message_ends_the_stream_and_nothing_else(client: Client) -> None:
    huge = claim_pb2.Claim(request_id="x" * (MESSAGE_BYTES_MAX + 1))
    with pytest.raises(grpc.RpcError) as caught:
        list(client.settle([opening(), pb.SettleRequest(settle=huge)]))
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert len(list(client.settle([opening(), settle(2, "r")]))) == 2


def test_streams_side_by_side_share_commits(pipeline: Pipeline, gate: Gate) -> None:
    with ServerHandle(pipeline, CONFIG) as server:
        client = Client(server.address)
        gate.open.clear()
        calls = []
        for n in range(20):
            requests = Requests(opening(), settle(2, f"r{n}"))
            call = client.settle(requests)
            next(call)
            calls.append((call, requests))
        time.sleep(0.3)
        gate.open.set()
        for call, requests in calls:
            assert next(call).settled.settlement_id
            requests.close()
            assert list(call) == []
        sizes = [len(run[0].claims) for run in gate.runs if isinstance(run[0], SettleBatch)]
        assert sum(sizes) == 20
        assert len(sizes) <= 3
        client.channel.close()
