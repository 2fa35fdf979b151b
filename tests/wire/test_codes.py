"""The enums of the wire are those of the engine, number by number."""

from enum import IntEnum

import pytest

from engine.domain import account, codes
from engine.domain.reasons import Detail, Reason
from engine.domain.registration import ChangeKind
from engine.domain.statement import MovedBy
from engine.rules.plan import DEDUCTIBLE_NONE, DEDUCTIBLE_SHARED
from gongji.v1 import claim_pb2, codes_pb2, policy_pb2, settlement_service_pb2
from server.accounts import AccountService
from server.policy import PolicyService
from server.registers import InstitutionService, MemberService
from server.registrations import RegistrationService
from server.settlement import SettlementService
from server.store import StoreService


@pytest.mark.parametrize(
    ("wire", "ours", "prefix"),
    [
        (codes_pb2.Status, codes.Status, "STATUS_"),
        (codes_pb2.Level, codes.Level, ""),
        (codes_pb2.Kind, codes.Kind, "KIND_"),
        (codes_pb2.Benefit, codes.Benefit, "BENEFIT_"),
        (codes_pb2.Offer, codes.Offer, "OFFER_"),
        (codes_pb2.Liability, codes.Liability, "LIABILITY_"),
        (codes_pb2.FilingKind, codes.FilingKind, "FILING_KIND_"),
        (codes_pb2.DiseaseKind, codes.DiseaseKind, "DISEASE_KIND_"),
        (codes_pb2.Mode, codes.Mode, "MODE_"),
        (codes_pb2.Employment, codes.Employment, "EMPLOYMENT_"),
        (claim_pb2.LineClass, codes.LineClass, "LINE_CLASS_"),
        (claim_pb2.LineFlag, codes.LineFlag, "LINE_FLAG_"),
        (codes_pb2.Reason, Reason, "REASON_"),
        (codes_pb2.Detail, Detail, "DETAIL_"),
        (codes_pb2.ChangeKind, ChangeKind, "CHANGE_KIND_"),
        (codes_pb2.Relation, account.Relation, "RELATION_"),
        (codes_pb2.Purpose, account.Purpose, "PURPOSE_"),
        (codes_pb2.Product, account.Product, "PRODUCT_"),
        (codes_pb2.DisposalEvent, account.DisposalEvent, "DISPOSAL_EVENT_"),
        (codes_pb2.DisposalOutcome, account.DisposalOutcome, "DISPOSAL_OUTCOME_"),
        (codes_pb2.CreditPart, account.CreditPart, "CREDIT_PART_"),
        (codes_pb2.ContributionProduct, account.ContributionProduct, "CONTRIBUTION_PRODUCT_"),
        (codes_pb2.MovedBy, MovedBy, "MOVED_BY_"),
    ],
)
def test_numbers_are_the_engines(wire: object, ours: type[IntEnum], prefix: str) -> None:
    known = dict(wire.items())  # type: ignore[attr-defined]
    unspecified = next(name for name, number in known.items() if number == 0)
    assert unspecified.endswith("_UNSPECIFIED")
    del known[unspecified]
    assert known == {prefix + code.name: int(code) for code in ours if code}


def test_a_place_is_one_more_than_the_engines() -> None:
    known = {name: number for name, number in codes_pb2.Place.items() if number}
    assert known == {f"PLACE_{place.name}": place + 1 for place in codes.Place}


def test_a_fact_is_the_position_of_the_engines_bit() -> None:
    known = {name: number for name, number in codes_pb2.Fact.items() if number}
    assert known == {f"FACT_{fact.name}": fact.value.bit_length() for fact in codes.Fact}


def test_a_paper_is_the_position_of_the_engines_bit() -> None:
    known = {name: number for name, number in claim_pb2.Paper.items() if number}
    assert known == {f"PAPER_{paper.name}": paper.value.bit_length() for paper in codes.Paper}


def test_deductible_kinds_are_the_engines() -> None:
    assert DEDUCTIBLE_NONE == policy_pb2.DEDUCTIBLE_KIND_UNSPECIFIED
    assert DEDUCTIBLE_SHARED == policy_pb2.DEDUCTIBLE_KIND_SHARED


@pytest.mark.parametrize(
    "service",
    [
        SettlementService,
        MemberService,
        InstitutionService,
        RegistrationService,
        AccountService,
        PolicyService,
        StoreService,
    ],
)
def test_every_rpc_has_a_method(service: type) -> None:
    for method in service.descriptor.methods:  # type: ignore[attr-defined]
        assert callable(getattr(service, method.name))


def test_the_contract_streams_where_the_server_does() -> None:
    methods = settlement_service_pb2.DESCRIPTOR.services_by_name["SettlementService"].methods
    assert all(method.client_streaming == method.server_streaming for method in methods)
