"""After the load: settlements are looked up by id, explained and cancelled, each once."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import grpc

from benchmarks.judge import Judged
from clients.exchange import CHANNEL_OPTIONS
from clients.server import institution_metadata
from clients.wire import settled
from gongji.v1 import settlement_pb2
from gongji.v1 import settlement_service_pb2 as pb
from gongji.v1.settlement_service_pb2_grpc import SettlementServiceStub

AGAIN: Final = 50
"""Of how many it is checked that they cannot be cancelled twice."""


class Took(NamedTuple):
    """Seconds for all of the sample, a call each, one after the other."""

    found: float
    explained: float
    cancelled: float


def ask(address: str, sample: Sequence[Judged]) -> Took:
    """Ask for each of them; fail unless everything is as it was answered."""
    with grpc.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        stub: Any = SettlementServiceStub(channel)

        def find(each: Judged) -> None:
            _same(_looked_up(stub, each), each, stands=True)

        def explain(each: Judged) -> None:
            request = pb.ExplainRequest(query=pb.Query(settlement_id=each.id))
            answer = stub.Explain(request, metadata=_whose(each))
            assert answer.WhichOneof("answer") == "explained", answer
            _same(answer.explained.found, each, stands=True)
            assert answer.explained.parts, answer

        def cancel(each: Judged) -> None:
            answer = _cancel(stub, each, "X")
            assert answer.WhichOneof("answer") == "undone", answer

        took = Took(_timed(find, sample), _timed(explain, sample), _timed(cancel, sample))
        for each in sample:
            _same(_looked_up(stub, each), each, stands=False)
        for each in sample[:AGAIN]:
            assert _cancel(stub, each, "Y").WhichOneof("answer") == "refused"
    return took


def _timed(question: Callable[[Judged], None], sample: Sequence[Judged]) -> float:
    began = time.perf_counter()
    for each in sample:
        question(each)
    return time.perf_counter() - began


def _whose(each: Judged) -> tuple[tuple[str, str], ...]:
    return institution_metadata(each.claim.institution)


def _cancel(stub: Any, each: Judged, prefix: str) -> pb.CancelSettlementResponse:
    cancel = pb.Cancel(request_id=f"{prefix}{each.id}", settlement_id=each.id)
    request = pb.CancelSettlementRequest(cancel=cancel)
    answer: pb.CancelSettlementResponse = stub.CancelSettlement(request, metadata=_whose(each))
    return answer


def _looked_up(stub: Any, each: Judged) -> settlement_pb2.Found:
    request = pb.GetSettlementRequest(query=pb.Query(settlement_id=each.id))
    answer: pb.GetSettlementResponse = stub.GetSettlement(request, metadata=_whose(each))
    assert answer.WhichOneof("answer") == "found", answer
    return answer.found


def _same(found: settlement_pb2.Found, each: Judged, *, stands: bool) -> None:
    looked_up = settled(found.settlement)
    assert (looked_up.settlement_id, looked_up.amounts) == (each.id, each.amounts)
    assert (found.undone_by == 0) == stands, found
