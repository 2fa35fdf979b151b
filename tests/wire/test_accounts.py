"""Requests and answers about accounts through both codecs, the client's and the server's."""

from typing import Any

import pytest

from clients import accounts
from engine.domain.account import (
    ContributionProduct,
    CreditPart,
    DisposalEvent,
    DisposalOutcome,
    Product,
    Purpose,
    Relation,
)
from engine.domain.movement import (
    AccountAnswer,
    Act,
    CreditedMember,
    CreditedStep,
    CreditMember,
    CreditStep,
    Dispose,
    Duties,
    Duty,
    GetDuty,
    Moved,
    MovementKind,
    PartPosted,
    Pay,
    ReasonTotal,
    RuleTotal,
    UndoMovement,
)
from engine.domain.reasons import Detail, Reason
from engine.domain.registration import DecidedBy
from engine.domain.request import ItemError, NothingToReverse, Refused
from engine.domain.statement import MovedBy, Movement, Statement
from engine.errors import InvalidInput, InvariantBroken
from gongji.v1 import account_service_pb2 as pb
from server import codec_account as codec
from server.codec import wire_path

CLAUSES = (
    DecidedBy("city-2022-12", "第六条", True, "G2-A1", "按月划入"),
    DecidedBy("city-2022-12", "", False, "", "文件未规定"),
)
PAY = Pay("h1", "p1", "m1", 20240505, Purpose.PREMIUM, 38_000, Product.RESIDENT, "m2")
DISPOSE = Dispose(
    "d1", "m1", 20240601, DisposalEvent.RESETTLEMENT, "310000", True, "A-17", "household register"
)
PAYMENT = Act(
    MovementKind.PAYMENT,
    institution="h1",
    request_id="p1",
    day=20240505,
    person="m2",
    relation=Relation.CHILD,
    purpose=Purpose.PREMIUM,
    product=Product.RESIDENT,
    amount_fen=38_000,
)
DISPOSAL = Act(
    MovementKind.DISPOSAL,
    request_id="d1",
    day=20240601,
    event=DisposalEvent.RESETTLEMENT,
    to_area="310000",
    beneficiary=True,
    application="A-17",
    proof="household register",
    outcome=DisposalOutcome.PAID_TO_MEMBER,
)
CREDIT_UNDONE = Act(
    MovementKind.CREDIT, request_id="u1", undoes=7, city="370300", month=202405, institution=""
)
STEP = CreditedStep(
    next=20_000,
    registered=50_000,
    members=12_000,
    credit_fen=123_456_789_012,
    before_fen=34,
    posted=11_000,
    posted_fen=-56,
    taken_back_fen=78,
    short_fen=9,
    without_account=10,
    rules=(
        RuleTotal(CreditPart.OWN, 0, 11_000, 123_456_789_000, CLAUSES),
        RuleTotal(CreditPart.FUND, 3, 12, 12, ()),
    ),
    reasons=(
        ReasonTotal(Reason.NO_FIGURE, 40, "average_pension_2023", "m9"),
        ReasonTotal(Reason.NO_ACCOUNT, 1, "", "m8"),
    ),
    dry_run=True,
)


@pytest.mark.parametrize(
    ("asked", "decode"),
    [
        (PAY, codec.decode_pay),
        (PAY._replace(institution="", product=0, person=""), codec.decode_pay),
        (CreditMember("m1", 202405), codec.decode_credit),
        (DISPOSE, codec.decode_dispose),
        (Dispose("d1", "m1", 20240601, DisposalEvent.DEATH), codec.decode_dispose),
        (UndoMovement("h1", "u1", movement=7), codec.decode_undo),
        (UndoMovement("", "u1", original_request_id="p1"), codec.decode_undo),
        (GetDuty("370300", 20240505), codec.decode_duties),
    ],
)
def test_a_request_goes_there_whole(asked: accounts.Request, decode: Any) -> None:
    assert decode(accounts.message_of(asked)) == asked


def test_a_run_begins_at_the_first_member() -> None:
    step = codec.decode_run(pb.RunCreditRequest(city="370300", month=202405, dry_run=True), 9)
    assert step == CreditStep("370300", 202405, 0, 9, dry_run=True)


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (Moved(5, PAYMENT, "m1", -20_000, 0, CLAUSES), pb.PayResponse),
        (Moved(6, DISPOSAL, "m1", -1, 0, CLAUSES, replayed=True), pb.DisposeResponse),
        (Moved(8, CREDIT_UNDONE, "m1", -9_969, 31), pb.UndoMovementResponse),
        (NothingToReverse("p1", 9, replayed=True), pb.UndoMovementResponse),
        (
            CreditedMember(
                *("m1", 202405, 10_000, -5, 6, 7, 8),
                (
                    PartPosted(CreditPart.OWN, 4_000, CLAUSES),
                    PartPosted(CreditPart.UNIT, 6_000, ()),
                ),
            ),
            pb.CreditMemberResponse,
        ),
        (CreditedMember("m1", 202405, 0, 0, 0, 0, 0), pb.CreditMemberResponse),
        (STEP, pb.RunCreditResponse),
        (
            Duties(
                "370100",
                20240505,
                (
                    Duty(ContributionProduct.ORDINARY, Reason.NO_RULE, 0, ()),
                    Duty(ContributionProduct.LARGE_AMOUNT, Reason.NONE, 800, CLAUSES),
                ),
            ),
            pb.GetContributionDutiesResponse,
        ),
        (
            Refused(Reason.NO_FIGURE, Detail.NONE, "a figure is missing", "average_wage.2023"),
            pb.CreditMemberResponse,
        ),
        (ItemError(0, "month", "expected YYYYMM"), pb.RunCreditResponse),
    ],
)
def test_an_answer_comes_back_whole(
    answer: AccountAnswer | NothingToReverse | Refused | ItemError, response: type[Any]
) -> None:
    sent = response(**codec.reply_fields(answer)).SerializeToString()
    assert accounts.answer_of(response.FromString(sent)) == answer


def test_no_answer_is_none() -> None:
    assert accounts.answer_of(pb.PayResponse()) is None


def test_what_moves_nothing_is_no_answer() -> None:
    barred = Moved(9, Act(MovementKind.BARRED, request_id="u1", original="p1"), "", 0, 0)
    with pytest.raises(InvariantBroken):
        codec.encode_moved(barred)
    with pytest.raises(InvariantBroken):
        codec.reply_fields(None)


def test_an_undo_names_what_it_takes_back() -> None:
    with pytest.raises(InvalidInput) as caught:
        codec.decode_undo(pb.UndoMovementRequest(request_id="u1"))
    assert "movement_id or original_request_id" in caught.value.problem
    for position in (0, -1):
        with pytest.raises(InvalidInput) as caught:
            codec.decode_undo(pb.UndoMovementRequest(request_id="u1", movement_id=position))
        assert caught.value.path == "movement_id"


def test_a_statement_says_what_moved_the_account() -> None:
    movements = (
        Movement(1, MovedBy.SETTLEMENT, 0, 20240505, 1, "h1", "r", "m2", 20240504, -5, 5),
        Movement(2, MovedBy.CREDIT, 0, 20240506, 2, "", "", "m1", 20240501, 10, 15),
        Movement(
            *(3, MovedBy.PAYMENT, 0, 20240507, 3, "h1", "p", "m1", 20240507, -1, 14),
            purpose=Purpose.PREMIUM,
            product=Product.LARGE_AMOUNT,
        ),
        Movement(
            *(4, MovedBy.DISPOSAL, 3, 20240508, 4, "", "d", "m1", 20240508, 1, 15),
            event=DisposalEvent.DEATH,
        ),
    )
    sent = codec.encode_statement(Statement("m1", 20240501, 20240531, 10, 15, movements))
    assert (sent.opening_fen, sent.closing_fen) == (10, 15)
    assert [(one.entry_id, int(one.moved_by), one.undone_id) for one in sent.movements] == [
        (1, MovedBy.SETTLEMENT, 0),
        (2, MovedBy.CREDIT, 0),
        (3, MovedBy.PAYMENT, 0),
        (4, MovedBy.DISPOSAL, 3),
    ]
    codes = [(one.purpose, one.product, one.event) for one in sent.movements]
    assert codes == [
        *((0, 0, 0), (0, 0, 0)),
        (Purpose.PREMIUM, Product.LARGE_AMOUNT, 0),
        (0, 0, DisposalEvent.DEATH),
    ]


def test_paths_are_those_of_the_wire() -> None:
    fields = pb.PayRequest.DESCRIPTOR.fields_by_name
    assert {wire_path(name) for name in Pay._fields} == set(fields)
    assert {wire_path(name) for name in Dispose._fields} == set(
        pb.DisposeRequest.DESCRIPTOR.fields_by_name
    )
    assert {wire_path(name) for name in UndoMovement._fields} == set(
        pb.UndoMovementRequest.DESCRIPTOR.fields_by_name
    )
