"""AccountService against a real server, asked by the client that people use."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import grpc
import pytest

from clients.errors import CallError, Refusal
from clients.server import Server
from engine.domain.account import (
    ContributionProduct,
    CreditPart,
    DisposalEvent,
    DisposalOutcome,
    Product,
    Purpose,
)
from engine.domain.codes import Mode
from engine.domain.dates import EVERY_DAY
from engine.domain.movement import (
    CreditedMember,
    CreditedStep,
    CreditMember,
    CreditStep,
    Dispose,
    Duties,
    GetDuty,
    Moved,
    MovementKind,
    Pay,
    UndoMovement,
)
from engine.domain.reasons import Detail, Reason
from engine.domain.register import Contribution, Member
from engine.domain.request import NothingToReverse, PutMembers, Refused
from engine.domain.statement import MovedBy
from engine.errors import InvalidInput
from engine.pipeline import Pipeline
from gongji.v1 import account_service_pb2 as pb
from gongji.v1.account_service_pb2_grpc import AccountServiceStub
from server.app import ServerHandle
from tests.server.conftest import CONFIG, Client, Gate, register
from tests.server.test_stream import reason_of
from tests.support.world import JINAN, ZIBO

SMALL = replace(CONFIG, credit_step=2)
"""Steps of a credit run look at two members each."""
PAY = Pay("h1", "p1", "m1", 20260302, Purpose.MEDICAL, 6_000)
MONTH = 202603


def insured(count: int) -> list[Member]:
    """Return members of Zibo with a base of 8000.00: a credit of 160.00 a month each."""
    contributions = (Contribution(800_000, 0, EVERY_DAY),)
    return [Member(f"c{n}", ZIBO, contributions=contributions) for n in range(count)]


@pytest.fixture
def server(pipeline: Pipeline) -> Iterator[ServerHandle]:
    with ServerHandle(pipeline, SMALL) as handle:
        yield handle


@pytest.fixture
def accounts(server: ServerHandle) -> Iterator[Server]:
    with Server(server.address) as accounts:
        yield accounts


def test_a_payment_its_repetition_and_its_undoing(accounts: Server) -> None:
    paid = accounts.account(PAY)
    assert isinstance(paid, Moved)
    assert (paid.member, paid.fen, paid.balance_fen) == ("m1", -5_000, 0)
    assert (paid.act.kind, paid.act.amount_fen, paid.act.institution) == (
        MovementKind.PAYMENT,
        6_000,
        "h1",
    )
    assert paid.clauses[0].clause.startswith("第十三条")
    again = accounts.account(PAY)
    assert again == paid._replace(replayed=True)
    other = accounts.account(PAY._replace(amount_fen=1))
    assert isinstance(other, Refused)
    assert other.detail == Detail.ID_REUSED
    empty = accounts.account(PAY._replace(request_id="p2"))
    assert isinstance(empty, Refused)
    assert empty.reason == Reason.NO_BALANCE
    undone = accounts.account(UndoMovement("h1", "u1", movement=paid.position))
    assert isinstance(undone, Moved)
    assert (undone.fen, undone.balance_fen) == (5_000, 5_000)
    assert (undone.act.undoes, undone.act.request_id) == (paid.position, "u1")
    movements = accounts.statement("m1", 20000101, 29991231).movements
    assert [(one.moved_fen, one.undone_id) for one in movements] == [
        (-5_000, 0),
        (5_000, paid.position),
    ]
    assert {int(one.moved_by) for one in movements} == {MovedBy.PAYMENT}
    assert int(movements[0].purpose) == Purpose.MEDICAL
    assert movements[0].institution_id == "h1"


def test_what_never_arrived_is_barred(accounts: Server) -> None:
    reverse = UndoMovement("h1", "u1", original_request_id="p1")
    barred = accounts.account(reverse)
    assert isinstance(barred, NothingToReverse)
    assert barred.tombstone
    assert accounts.account(reverse) == barred._replace(replayed=True)
    refused = accounts.account(PAY)
    assert isinstance(refused, Refused)
    assert refused.detail == Detail.REVERSED_BEFORE_ARRIVAL
    # The agency's ids are its own.
    paid = accounts.account(
        PAY._replace(institution="", purpose=Purpose.PREMIUM, product=Product.LONG_TERM_CARE)
    )
    assert isinstance(paid, Moved | Refused)
    assert not (isinstance(paid, Refused) and paid.reason == Reason.INVALID_CLAIM)


def test_a_disposal(accounts: Server) -> None:
    event = Dispose("d1", "m1", 20260302, DisposalEvent.DEATH, beneficiary=True)
    refused = accounts.account(event)
    assert isinstance(refused, Refused)
    assert refused.reason == Reason.NO_RULE
    suizhou = accounts.account(event._replace(member="s", day=20230302))
    assert isinstance(suizhou, Moved)
    assert suizhou.act.outcome == DisposalOutcome.PAID_TO_HEIR


@pytest.fixture(autouse=True)
def people(pipeline: Pipeline) -> None:
    """Register a member of Suizhou, who has rules of disposal, and four of Zibo to be credited."""
    pooled = Member("c4", ZIBO, mode=Mode.POOLED_ONLY)
    pipeline.run([PutMembers([Member("s", "421300"), *insured(4), pooled])], 2)


def test_the_credit_of_a_member(accounts: Server) -> None:
    credited = accounts.account(CreditMember("c0", MONTH))
    assert isinstance(credited, CreditedMember)
    assert (credited.fen, credited.moved_fen, credited.balance_fen) == (16_000, 16_000, 16_000)
    (part,) = (part for part in credited.parts if part.fen)
    assert part.part == CreditPart.OWN
    assert part.clauses[0].clause.startswith("第五条")
    again = accounts.account(CreditMember("c0", MONTH))
    assert isinstance(again, CreditedMember)
    assert (again.fen, again.moved_fen, again.position) == (16_000, 0, 0)
    undone = accounts.account(UndoMovement("", "u1", movement=credited.position))
    assert isinstance(undone, Moved)
    assert (undone.fen, undone.act.month) == (-16_000, MONTH)
    (movement, _) = accounts.statement("c0", 20000101, 29991231).movements
    assert (int(movement.moved_by), movement.service_date) == (MovedBy.CREDIT, 20260301)


def test_the_duties_of_a_city(accounts: Server) -> None:
    duties = accounts.account(GetDuty(JINAN, 20260302))
    assert isinstance(duties, Duties)
    assert [duty.product for duty in duties.duties] == list(ContributionProduct)
    assert all(duty.clauses for duty in duties.duties if duty.reason == Reason.NONE)


def test_a_run_is_steps_that_add_up(accounts: Server) -> None:
    tried = list(accounts.credit_run(ZIBO, MONTH, dry_run=True))
    steps = list(accounts.credit_run(ZIBO, MONTH))
    assert [step._replace(dry_run=True) for step in steps] == tried
    assert [step.finished for step in steps] == [False, False, False, True]
    assert sum(step.members for step in steps) == 7
    assert sum(step.posted for step in steps) == 4
    assert sum(step.posted_fen for step in steps) == 4 * 16_000
    assert sum(step.without_account for step in steps) == 1
    rules = [rule for step in steps for rule in step.rules if rule.part == CreditPart.OWN]
    assert sum(rule.fen for rule in rules) == 4 * 16_000
    assert all(rule.clauses for rule in rules)
    assert {total.reason for step in steps for total in step.reasons} <= set(Reason)
    again = list(accounts.credit_run(ZIBO, MONTH))
    assert sum(step.posted for step in again) == 0
    assert sum(step.before_fen for step in again) == 4 * 16_000


def test_a_run_that_cannot_be(accounts: Server, client: Client) -> None:
    with pytest.raises(Refusal):
        list(accounts.credit_run(ZIBO, 199912))
    with pytest.raises(InvalidInput) as caught:
        list(accounts.credit_run(ZIBO, 202613))
    assert caught.value.path == "month"
    with pytest.raises(InvalidInput) as caught:
        list(accounts.credit_run("000000", MONTH))
    assert caught.value.path == "city"
    call: Any = client.channel.unary_stream(
        "/gongji.v1.AccountService/RunCredit",
        response_deserializer=pb.RunCreditResponse.FromString,
    )
    with pytest.raises(grpc.RpcError) as garbage:
        list(call(b"\xff"))
    assert garbage.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    (unknown,) = call(b"\xf8\x07\x01")
    assert unknown.error.path == "field 127"


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        (PAY._replace(request_id=""), "request_id"),
        (PAY._replace(member=""), "member_id"),
        (PAY._replace(day=20260231), "date"),
        (PAY._replace(purpose=0), "purpose"),
        (PAY._replace(purpose=99), "purpose"),
        (PAY._replace(product=Product.RESIDENT), "product"),
        (PAY._replace(person=" "), "person_id"),
        (PAY._replace(institution="x" * 65), "institution_id"),
        (CreditMember("m1", 202600), "month"),
        (Dispose("d", "m1", 20260302, 0), "event"),
        (Dispose("d", "m1", 20260302, DisposalEvent.MOVE, "31"), "to_area"),
        (UndoMovement("h1", "u1", movement=-1), "movement_id"),
        (UndoMovement("h1", "u1"), ""),
        (GetDuty("37", 20260302), "city"),
        (GetDuty(ZIBO, 0), "date"),
    ],
)
def test_what_is_malformed_names_the_field_of_the_wire(
    accounts: Server, asked: Any, path: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        accounts.account(asked)
    assert caught.value.path == path
    assert not accounts.statement("m1", 20000101, 29991231).movements


def test_others_are_served_between_two_steps(gate: Gate, accounts: Server) -> None:
    steps = accounts.credit_run(ZIBO, MONTH)
    next(steps)
    assert isinstance(accounts.account(PAY), Moved)
    assert sum(1 for _ in steps) == 3
    asked = [type(request) for run in gate.runs for request in run]
    assert asked.count(CreditStep) == 4
    assert Pay in asked


def test_a_stopping_server_ends_a_run_between_two_steps(pipeline: Pipeline, gate: Gate) -> None:
    server = ServerHandle(pipeline, SMALL)
    server.start()
    gate.open.clear()
    channel = grpc.insecure_channel(server.address)
    call = AccountServiceStub(channel).RunCredit(
        pb.RunCreditRequest(city=ZIBO, month=MONTH), timeout=30
    )
    assert gate.entered.acquire(timeout=10)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    health = threading.Event()
    health.wait(0.3)  # until the signal has been taken
    gate.open.set()
    assert next(call).credited.done == 2
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    stopping.join(10)
    assert not stopping.is_alive()
    assert reason_of(caught.value) == "STOPPING"
    assert [type(request) for run in gate.runs for request in run] == [CreditStep]
    channel.close()


def test_a_run_that_broke_off_is_run_again(durable: Callable[[], Pipeline]) -> None:
    pipeline = register(durable())
    pipeline.run([PutMembers(insured(6))], 2)
    gate = Gate(pipeline)
    gate.passes = 2
    handle = ServerHandle(pipeline, SMALL)
    with handle, Server(handle.address) as accounts:
        steps = accounts.credit_run(ZIBO, MONTH)
        posted = next(steps).posted + next(steps).posted
        assert posted == 2
        steps.close()  # type: ignore[attr-defined]
        time.sleep(0.5)  # the server hears of it while the third step waits at the gate
        gate.passes = None
        gate.open.set()
    with (
        ServerHandle(durable(), SMALL) as handle,
        Server(handle.address) as accounts,
    ):
        again = list(accounts.credit_run(ZIBO, MONTH))
        already = sum(step.before_fen for step in again) // 16_000
        assert already in (2, 4)  # the step under way may have been posted
        assert sum(step.posted for step in again) == 6 - already
        assert all(isinstance(step, CreditedStep) for step in again)


def test_nobody_there() -> None:
    with Server("127.0.0.1:1") as nobody, pytest.raises(CallError, match="cannot be connected"):
        list(nobody.credit_run(ZIBO, MONTH))


def test_a_silent_run_is_cut(server: ServerHandle, gate: Gate) -> None:
    with Server(server.address, seconds=1.0) as accounts:
        gate.passes = 1
        steps = accounts.credit_run(ZIBO, MONTH)
        next(steps)
        with pytest.raises(CallError, match="run it again"):
            list(steps)
        gate.passes = None
        gate.open.set()
