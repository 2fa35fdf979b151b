"""RegistrationService against a real server."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from clients.registrations import item_of
from engine.domain.dates import Interval
from engine.domain.register import Institution, Member, Selection
from engine.domain.registration import Arrears
from engine.domain.request import PutInstitutions, PutMembers
from engine.pipeline import Pipeline
from engine.verify.check import verify_store
from gongji.v1 import codes_pb2, register_pb2
from gongji.v1 import registration_service_pb2 as pb
from gongji.v1 import settlement_service_pb2 as settlement
from gongji.v1.registration_service_pb2_grpc import RegistrationServiceStub
from server.app import ServerHandle
from tests.server.conftest import AT_H1, CONFIG, Client, claim, register
from tests.support.world import HEYUAN

ARREARS = pb.RegisterItem(arrears=register_pb2.Interval(first_day=20260301, last_day=20260331))


def add(change_id: str, item: pb.RegisterItem = ARREARS, **more: Any) -> pb.ChangeRegisterRequest:
    request = pb.ChangeRegisterRequest(
        change_id=change_id, member_id="m1", kind=codes_pb2.CHANGE_KIND_ADD, item=item
    )
    request.MergeFrom(pb.ChangeRegisterRequest(**more))
    return request


@pytest.fixture
def stub(client: Client) -> RegistrationServiceStub:
    return RegistrationServiceStub(client.channel)


def settle(client: Client, request_id: str, fen: int = 90_000) -> None:
    request = settlement.SettleClaimRequest(claim=claim(request_id, fen))
    assert client.settlement.SettleClaim(request, metadata=AT_H1).settled.settlement_id


def test_a_change_its_history_and_its_undoing(
    client: Client, stub: RegistrationServiceStub
) -> None:
    settle(client, "r")
    tried = stub.ChangeRegister(add("", dry_run=True)).changed
    assert tried.dry_run
    assert stub.ListChanges(pb.ListChangesRequest(member_id="m1")).changes.changes == []
    changed = stub.ChangeRegister(add("c1")).changed
    assert changed.member_id == "m1"
    assert list(map(item_of, changed.put)) == [Arrears(Interval(20260301, 20260331))]
    (affected,) = changed.affected
    assert (affected.request_id, affected.institution_id, affected.member_id) == ("r", "h1", "m1")
    assert (affected.pooled_fund_fen, affected.pooled_fund_after_fen) == (24_000, 0)
    assert affected.reason_after == codes_pb2.REASON_ARREARS
    assert affected.service_date == 20260302
    again = stub.ChangeRegister(add("c1")).changed
    assert again.replayed
    assert again.affected == changed.affected
    refused = stub.ChangeRegister(add("c2")).refused
    assert refused.detail == codes_pb2.DETAIL_ITEM_OVERLAPS
    undone = stub.UndoChange(pb.UndoChangeRequest(change_id="u", undoes="c1")).changed
    assert undone.undoes == "c1"
    assert undone.kind == codes_pb2.CHANGE_KIND_UNDO
    noted = stub.ListChanges(pb.ListChangesRequest(member_id="m1")).changes.changes
    assert [(one.changed.change_id, one.undone_by) for one in noted] == [("c1", "u"), ("u", "")]
    assert all(one.instant_ms for one in noted)


def test_an_item_is_ended_by_what_it_says(client: Client, stub: RegistrationServiceStub) -> None:
    stub.ChangeRegister(add("c1"))
    settle(client, "r")
    request = add("e", kind=codes_pb2.CHANGE_KIND_END, last_day=20260301)
    request.item.arrears.Clear()
    request.item.arrears.SetInParent()
    ended = stub.ChangeRegister(request).changed
    assert [item_of(item).days for item in ended.put] == [Interval(20260301, 20260301)]  # type: ignore[union-attr]
    assert [one.pooled_fund_after_fen for one in ended.affected] == [24_000]
    institution = pb.ChangeRegisterRequest(
        change_id="i",
        institution_id="h1",
        kind=codes_pb2.CHANGE_KIND_REMOVE,
        item=pb.RegisterItem(networked=register_pb2.Interval()),
    )
    changed = stub.ChangeRegister(institution).changed
    assert changed.institution_id == "h1"
    assert [item.WhichOneof("item") for item in changed.taken] == ["networked"]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"kind": 9}, "kind"),
        ({"item": pb.RegisterItem(filing=register_pb2.Filing(area="310100"))}, "item.filing.kind"),
        ({"institution_id": "h1"}, "item"),
    ],
)
def test_what_is_malformed_names_the_field_of_the_wire(
    stub: RegistrationServiceStub, more: dict[str, Any], path: str
) -> None:
    assert stub.ChangeRegister(add("c", **more)).error.path == path


def test_garbage_and_silence_are_malformed(client: Client, stub: RegistrationServiceStub) -> None:
    nothing = pb.ChangeRegisterRequest(kind=codes_pb2.CHANGE_KIND_ADD)
    assert stub.ChangeRegister(nothing).error.path == "item"
    assert stub.Select(pb.SelectRequest(change_id="s")).error.path == "member_id"
    assert stub.ListChanges(pb.ListChangesRequest()).error.path == "member_id"
    call: Any = client.channel.unary_unary("/gongji.v1.RegistrationService/Select")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"\xff")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    select = pb.SelectRequest(change_id="s", member_id="m1", institution_id="h1", date=20260231)
    assert stub.Select(select).error.path == "date"


def test_a_selection_with_its_clauses(pipeline: Pipeline, stub: RegistrationServiceStub) -> None:
    pipeline.run(
        [PutMembers([Member("h", HEYUAN)]), PutInstitutions([Institution("y", HEYUAN)])], 1
    )
    request = pb.SelectRequest(
        change_id="s", member_id="h", institution_id="y", date=20260610, for_year=2026
    )
    changed = stub.Select(request).changed
    assert item_of(changed.put[0]) == Selection("y", Interval(20260610, 20261231))
    assert changed.clauses[0].clause == "第十五条第二款"
    assert (changed.date, changed.for_year) == (20260610, 2026)
    request.change_id, request.for_year = "s2", 2027
    assert stub.Select(request).refused.reason == codes_pb2.REASON_OUTSIDE_WINDOW
    request.member_id = "m1"
    assert stub.Select(request).refused.reason == codes_pb2.REASON_NO_RULE


def test_a_change_survives_the_server(durable: Callable[[], Pipeline]) -> None:
    pipeline = register(durable())
    with ServerHandle(pipeline, CONFIG) as handle:
        client = Client(handle.address)
        settle(client, "r")
        changed = RegistrationServiceStub(client.channel).ChangeRegister(add("c1")).changed
        client.channel.close()
    with ServerHandle(durable(), CONFIG) as handle:
        client = Client(handle.address)
        again = RegistrationServiceStub(client.channel).ChangeRegister(add("c1")).changed
        assert again.replayed
        assert again.affected == changed.affected
        refused = client.settlement.SettleClaim(
            settlement.SettleClaimRequest(claim=claim("r2", 90_000)), metadata=AT_H1
        ).settled
        assert refused.reason == codes_pb2.REASON_ARREARS
        client.channel.close()
    last = durable()
    try:
        assert verify_store(last._store).ok
    finally:
        last.close()
