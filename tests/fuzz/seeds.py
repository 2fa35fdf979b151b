"""Messages of every kind for a fuzzer to begin with."""

from __future__ import annotations

from collections.abc import Iterator

from gongji.v1 import settlement_service_pb2 as pb
from tests.support.world import YEARS, make_world
from tests.wire.encode import wire_claim, wire_columns

TERMINAL, GATEWAY = b"\0", b"\1"


def seeds() -> Iterator[bytes]:
    """Yield inputs, each with a first byte that says whose it is."""
    for n, city in enumerate(YEARS):
        world = make_world(900 + n, 6, city, acts=3)
        claims = [
            act.claim._replace(
                institution=f"h{n}", member=f"m{n}", prescriber="", payer="", request_id=f"r{n}{k}"
            )
            for k, act in enumerate(act for acts in world.acts.values() for act in acts)
        ]
        for k, claim in enumerate(claims[:8]):
            sent = wire_claim(claim)
            request = pb.SettleRequest(sequence=k)
            (request.settle if k % 3 else request.preview).CopyFrom(sent)
            yield TERMINAL + request.SerializeToString()
        columns = wire_columns(claims[:4])
        yield GATEWAY + pb.SettleBatchRequest(sequence=n, claims=columns).SerializeToString()
    for request in (
        pb.SettleRequest(sequence=1, open=pb.Open(institution_id="h0")),
        pb.SettleRequest(sequence=2, cancel=pb.Cancel(request_id="c1", settlement_id=1)),
        pb.SettleRequest(sequence=3, reverse=pb.Reverse(request_id="v1", original_request_id="r1")),
        pb.SettleRequest(sequence=4, query=pb.Query(request_id="r1")),
    ):
        yield TERMINAL + request.SerializeToString()
