"""The unary twins, the registers and the rules, against a real server."""

from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from clients.wire import institution_message, member_message, opening_message
from engine.domain.register import AccountOpening, Institution, Member, Opening
from engine.pipeline import Pipeline
from gongji.v1 import (
    codes_pb2,
    institution_service_pb2,
    institution_service_pb2_grpc,
    member_service_pb2,
    member_service_pb2_grpc,
    policy_service_pb2,
    policy_service_pb2_grpc,
    register_pb2,
)
from gongji.v1 import settlement_service_pb2 as pb
from server.app import ServerHandle
from server.config import ServerConfig
from tests.server.conftest import AT_H1, Client, claim
from tests.support.world import HEYUAN, ZIBO


def test_settle_undo_and_look_up(client: Client) -> None:
    stub = client.settlement
    preview = stub.PreviewClaim(pb.PreviewClaimRequest(claim=claim("r", 90_000)), metadata=AT_H1)
    settled = stub.SettleClaim(
        pb.SettleClaimRequest(claim=claim("r", 90_000)), metadata=AT_H1
    ).settled
    assert preview.settled.payers == settled.payers
    assert settled.settlement_id == 1
    cancel = pb.CancelSettlementRequest(cancel=pb.Cancel(request_id="c", settlement_id=1))
    undone = stub.CancelSettlement(cancel, metadata=AT_H1).undone
    assert (undone.entry_id, undone.request_id, undone.settlement_id) == (2, "c", 1)
    assert undone.negated.settlement_id == 1
    assert undone.negated.payers.pooled_fund.amount_fen == -settled.payers.pooled_fund.amount_fen
    assert undone.negated.before == settled.after
    assert undone.negated.after == settled.before
    assert stub.CancelSettlement(cancel, metadata=AT_H1).undone.replayed
    query = pb.Query(request_id="r")
    found = stub.GetSettlement(pb.GetSettlementRequest(query=query), metadata=AT_H1).found
    assert found.undone_by == 2
    assert found.settlement == settled
    reverse = pb.ReverseClaimRequest(reverse=pb.Reverse(request_id="v", original_request_id="r"))
    assert stub.ReverseClaim(reverse, metadata=AT_H1).WhichOneof("answer") == "nothing_to_reverse"


def test_an_explanation_names_the_clauses_of_every_part(client: Client) -> None:
    stub = client.settlement
    stub.SettleClaim(pb.SettleClaimRequest(claim=claim("r", 90_000)), metadata=AT_H1)
    query = pb.Query(request_id="r")
    explained = stub.Explain(pb.ExplainRequest(query=query), metadata=AT_H1).explained
    parts = {part.path: part for part in explained.parts}
    assert parts["basis.deductible"].amount_fen == 50_000
    assert parts["basis.deductible"].citations[0].clauses[0].clause == "第六条第一款"
    assert explained.documents[0].number == "淄政办发〔2022〕12号"
    payers = sum(part.amount_fen for path, part in parts.items() if path.startswith("payers."))
    assert payers == explained.found.settlement.bill.total_fen
    missing = pb.ExplainRequest(query=pb.Query(request_id="none"))
    assert stub.Explain(missing, metadata=AT_H1).refused.detail


def test_an_institution_sees_its_own_settlements_only(client: Client) -> None:
    stub = client.settlement
    stub.SettleClaim(pb.SettleClaimRequest(claim=claim("r")), metadata=AT_H1)
    other = (("gongji-institution-bin", b"h2"),)
    query = pb.GetSettlementRequest(query=pb.Query(settlement_id=1))
    refused = stub.GetSettlement(query, metadata=other).refused
    assert refused.detail == codes_pb2.DETAIL_SETTLEMENT_UNKNOWN


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ((), grpc.StatusCode.FAILED_PRECONDITION),
        ((("gongji-institution", ""),), grpc.StatusCode.INVALID_ARGUMENT),
        ((("gongji-institution-bin", b"\xff"),), grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
def test_a_unary_call_names_its_institution(
    client: Client, metadata: Any, code: grpc.StatusCode
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.settlement.SettleClaim(pb.SettleClaimRequest(claim=claim("r")), metadata=metadata)
    assert caught.value.code() == code


@pytest.mark.parametrize(
    "method",
    [
        "SettlementService/SettleClaim",
        "SettlementService/PreviewClaim",
        "SettlementService/CancelSettlement",
        "SettlementService/ReverseClaim",
        "SettlementService/GetSettlement",
        "SettlementService/Explain",
        "MemberService/GetCounters",
        "PolicyService/ListPolicies",
        "PolicyService/GetPlan",
        "PolicyService/FindPlan",
        "PolicyService/ListPlans",
        "PolicyService/SupplyFigures",
        "PolicyService/ListMissingFigures",
    ],
)
def test_garbage_is_an_invalid_argument(client: Client, method: str) -> None:
    call: Any = client.channel.unary_unary(f"/gongji.v1.{method}")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"\xff\xff", metadata=AT_H1)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    unknown = call(b"\xf8\x7f\x01", metadata=AT_H1)
    assert b"is not known to this server" in unknown


def test_members_openings_and_counters(client: Client) -> None:
    stub = member_service_pb2_grpc.MemberServiceStub(client.channel)
    good = [member_message(Member(f"n{n}", HEYUAN)) for n in range(2_500)]
    no_mode = member_message(Member("x", HEYUAN))
    no_mode.ClearField("mode")
    bad_city = member_message(Member("y", "999999"))
    no_id = member_message(Member("", HEYUAN))
    sent = [*good[:10], no_mode, *good[10:2_000], bad_city, *good[2_000:], no_id]
    messages = [
        member_service_pb2.PutMembersRequest(sequence=1, members=sent),
        member_service_pb2.PutMembersRequest(sequence=2, members=[no_mode] * 10_001),
        member_service_pb2.PutMembersRequest(sequence=3),
    ]
    first, second, third = stub.PutMembers(iter(messages))
    assert first.accepted.count == 2_500
    errors = [(error.index, error.error.path) for error in first.accepted.errors]
    assert errors == [(10, "mode"), (2_001, "city"), (2_502, "member_id")]
    assert second.error.path == "members"
    assert third.sequence == 3
    assert third.accepted.count == 0
    openings = [
        opening_message(Opening("n1", 2026, 5, True, 7)),
        opening_message(AccountOpening("n1", 900)),
        opening_message(AccountOpening("nobody", 900)),
        register_pb2.Opening(),
    ]
    (imported,) = stub.ImportOpenings(
        iter([member_service_pb2.ImportOpeningsRequest(sequence=9, openings=openings)])
    )
    assert imported.accepted.count == 2
    assert [error.index for error in imported.accepted.errors] == [2, 3]
    ask = member_service_pb2.GetCountersRequest(member_id="n1", policy_year=2026)
    counters = stub.GetCounters(ask).counters
    assert (counters.deductible_fen, counters.deductible_met) == (5, True)
    assert counters.ordinary_paid_fen == 7
    assert counters.account_balance_fen == 900
    ask.policy_year = 20_260
    assert stub.GetCounters(ask).error.path == "policy_year"
    ask = member_service_pb2.GetCountersRequest(member_id="nobody", policy_year=2026)
    assert stub.GetCounters(ask).refused.reason == codes_pb2.REASON_MEMBER_UNKNOWN


def test_institutions(client: Client) -> None:
    stub = institution_service_pb2_grpc.InstitutionServiceStub(client.channel)
    sent = [
        institution_message(Institution("i1", ZIBO)),
        institution_message(Institution("i2", "x")),
    ]
    request = institution_service_pb2.PutInstitutionsRequest(institutions=sent)
    (answer,) = stub.PutInstitutions(iter([request]))
    assert answer.accepted.count == 1
    assert answer.accepted.errors[0].index == 1
    assert answer.accepted.errors[0].error.path == "area"


TOML = """
format = 1
city = "heyuan"
[[figure]]
name = "average_wage"
key = "2023"
value = "98765.50"
source = "河源统计年鉴"
first_day = 2025-01-01
last_day = 2025-12-31
"""


def test_figures_are_supplied_and_decide(client: Client) -> None:
    stub = policy_service_pb2_grpc.PolicyServiceStub(client.channel)
    find = policy_service_pb2.FindPlanRequest(city="heyuan", service_date=20251001)
    refused = stub.FindPlan(find).refused
    assert refused.reason == codes_pb2.REASON_NO_FIGURE
    assert refused.figure == "annual_cap"
    missing = stub.ListMissingFigures(policy_service_pb2.ListMissingFiguresRequest(city="heyuan"))
    assert "average_wage.2023" in {figure.instead for figure in missing.missing.figures}
    supplied = stub.SupplyFigures(policy_service_pb2.SupplyFiguresRequest(toml=TOML.encode()))
    assert supplied.supplied.count == 1
    plan = stub.FindPlan(find).plan
    assert plan.city == HEYUAN
    assert [figure.name for figure in plan.figures] == ["average_wage.2023"]
    got = stub.GetPlan(policy_service_pb2.GetPlanRequest(digest=plan.digest)).plan
    assert got == plan
    listed = stub.ListPolicies(policy_service_pb2.ListPoliciesRequest(city="heyuan")).policies
    assert plan.digest in {version.plan_digest for version in listed.cities[0].versions}


def test_figures_one_by_one_are_checked_like_a_file(client: Client) -> None:
    stub = policy_service_pb2_grpc.PolicyServiceStub(client.channel)
    figure = policy_service_pb2.Figure(
        city="heyuan",
        name="annual_cap",
        value="9",
        source="x",
        first_day=20260101,
        last_day=20261231,
    )
    figures = policy_service_pb2.Figures(figures=[figure])
    request = policy_service_pb2.SupplyFiguresRequest(figures=figures)
    assert stub.SupplyFigures(request).error.path == "figure[0].value"
    request.figures.figures[0].value = "5000.00"
    assert stub.SupplyFigures(request).supplied.count == 1
    for bad in (b"\xff", b"format = 2", b""):
        answer = stub.SupplyFigures(policy_service_pb2.SupplyFiguresRequest(toml=bad))
        assert answer.error.problem
    empty = stub.SupplyFigures(policy_service_pb2.SupplyFiguresRequest())
    assert empty.error.path == "source"


def test_rules_that_are_not_there(client: Client) -> None:
    stub = policy_service_pb2_grpc.PolicyServiceStub(client.channel)
    find = policy_service_pb2.FindPlanRequest
    early = stub.FindPlan(find(city="zibo", service_date=20200101))
    assert early.refused.reason == codes_pb2.REASON_NO_RULE
    chronic = stub.FindPlan(find(city="zibo", service_date=20260101, benefit="BENEFIT_CHRONIC"))
    assert chronic.refused.reason == codes_pb2.REASON_NO_FIGURE
    assert stub.FindPlan(find(city="zibo", service_date=7)).error.path == "service_date"
    assert stub.FindPlan(find(city="nowhere", service_date=20260101)).error.path == "city"
    several = policy_service_pb2.ListPlansRequest
    none = stub.ListPlans(several(city="zibo", service_date=20200101))
    assert none.refused.reason == codes_pb2.REASON_NO_RULE
    assert stub.ListPlans(several(city="zibo", service_date=7)).error.path == "service_date"
    assert stub.ListPlans(several(city="nowhere", service_date=20260101)).error.path == "city"
    stay = several(city="zibo", service_date=20260101, benefit="BENEFIT_EMERGENCY")
    assert stub.ListPlans(stay).error.path == "benefit"
    digest = policy_service_pb2.GetPlanRequest
    assert stub.GetPlan(digest(digest=bytes(31))).error.path == "digest"
    assert stub.GetPlan(digest(digest=bytes(32))).error.path == "digest"
    cities = stub.ListPolicies(policy_service_pb2.ListPoliciesRequest()).policies.cities
    assert {ZIBO, HEYUAN} <= {city.area for city in cities}


def test_health_is_served(client: Client) -> None:
    stub = health_pb2_grpc.HealthStub(client.channel)
    for service in ("", "gongji.v1.SettlementService"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("switch", [True, False])
def test_reflection_has_a_switch(pipeline: Pipeline, switch: bool) -> None:
    with ServerHandle(pipeline, ServerConfig("127.0.0.1:0", reflection=switch)) as server:
        client = Client(server.address)
        call: Any = client.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
        )
        if switch:
            (answer,) = call(iter([b"\x3a\x00"]))
            assert b"gongji.v1.SettlementService" in answer
        else:
            with pytest.raises(grpc.RpcError):
                list(call(iter([b"\x3a\x00"])))
        client.channel.close()
