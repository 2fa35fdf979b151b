"""Terminals that coalesce: messages of a few claims are settled with those of other streams."""

import time

from engine.domain.request import SettleBatch
from engine.pipeline import Pipeline
from gongji.v1 import codes_pb2
from gongji.v1 import settlement_service_pb2 as pb
from server.app import ServerHandle
from server.config import ServerConfig
from tests.server.conftest import CONFIG, Client, Gate, opening, settle
from tests.server.test_batch_stream import claims, message

SETTLED, REPLAYED = codes_pb2.OUTCOME_SETTLED, codes_pb2.OUTCOME_REPLAYED
REFUSED, ERROR = codes_pb2.OUTCOME_REFUSED, codes_pb2.OUTCOME_ERROR


def claims_of(run: object) -> int:
    return len(run.claims) if isinstance(run, SettleBatch) else 0


def test_messages_of_many_streams_share_a_commit(pipeline: Pipeline, gate: Gate) -> None:
    with ServerHandle(pipeline, CONFIG) as server:
        client = Client(server.address)
        gate.open.clear()
        first = client.settle([opening(), settle(1, "first")])
        assert gate.entered.acquire(timeout=10)
        calls = [
            client.settlement.SettleBatch(iter([message(n, claims(5, f"s{n}-"))]), timeout=30)
            for n in range(8)
        ]
        terminal = client.settle([opening(), settle(2, "beside")])
        time.sleep(0.5)
        gate.open.set()
        answers = [next(call) for call in calls]
        assert [answer.answers.count for answer in answers] == [5] * 8
        assert all(set(answer.answers.outcomes) == {SETTLED} for answer in answers)
        assert list(first)[1].settled.request_id == "first"
        assert list(terminal)[1].settled.request_id == "beside"
        assert max(claims_of(run) for (run, *_) in gate.runs) == 41
        client.channel.close()


def test_each_message_has_its_own_rows(pipeline: Pipeline, gate: Gate) -> None:
    with ServerHandle(pipeline, CONFIG) as server:
        client = Client(server.address)
        list(client.settlement.SettleBatch(iter([message(1, claims(1, "known"))]), timeout=30))
        odd = claims(4, "odd")
        odd[1] = odd[1]._replace(member="nobody")
        odd[2] = odd[2]._replace(benefit=9)
        odd[3] = claims(1, "known")[0]
        gate.open.clear()
        hold = client.settle([opening(), settle(1, "hold")])
        assert gate.entered.acquire(timeout=10)
        calls = [
            client.settlement.SettleBatch(iter([message(n, sent)]), timeout=30)
            for n, sent in enumerate([claims(3, "plain"), odd, claims(2, "more")])
        ]
        time.sleep(0.5)
        gate.open.set()
        plain, mixed, more = [next(call).answers for call in calls]
        assert list(plain.outcomes) == [SETTLED] * 3
        assert list(mixed.outcomes) == [SETTLED, REFUSED, ERROR, REPLAYED]
        assert [refusal.row for refusal in mixed.refusals] == [1]
        assert [(error.row, error.error.path) for error in mixed.errors] == [(2, "benefit")]
        assert list(more.outcomes) == [SETTLED] * 2
        assert not more.refusals
        assert not more.errors
        list(hold)
        client.channel.close()


def test_messages_of_a_stream_keep_their_order_whatever_their_size(
    pipeline: Pipeline, gate: Gate
) -> None:
    with ServerHandle(pipeline, ServerConfig("127.0.0.1:0", chunk=20)) as server:
        client = Client(server.address)
        sent = [message(n, claims(50 if n % 2 else 3, f"{n}-"), preview=n == 4) for n in range(8)]
        answers = list(client.settlement.SettleBatch(iter(sent), timeout=60))
        assert [answer.sequence for answer in answers] == list(range(8))
        taken = [
            int(one.request_id.split("-")[0])
            for run in gate.runs
            for request in run
            if isinstance(request, SettleBatch)
            for one in request.claims
        ]
        assert taken == sorted(taken)
        client.channel.close()


def test_an_empty_message_beside_others(client: Client) -> None:
    call = client.settlement.SettleBatch(
        iter([message(1, []), message(2, claims(1, "x"), preview=True), message(3, [])]), timeout=30
    )
    assert [answer.answers.count for answer in call] == [0, 1, 0]
    assert pb.SettleBatchResponse().answers.count == 0
