"""64 terminals settle for relatives out of one account at once, until it is empty.

A real server process on a real store. Some settlements are cancelled meanwhile, and other terminals
take payments from the same account. It is never overdrawn, everybody is answered, and what the
answers say adds up to what left the account.
"""

import asyncio
import random
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from clients.wire import amounts_of
from engine.domain.account import Relation
from engine.domain.codes import Level
from engine.domain.dates import Interval
from engine.domain.register import AccountOpening, FamilyLink, Institution, Member
from engine.domain.request import ImportOpenings, PutInstitutions, PutMembers
from engine.domain.statement import GetStatement, MovedBy, Statement
from engine.pipeline import Pipeline
from engine.store.sqlite import SqliteStore
from engine.verify.check import verify_store
from gongji.v1 import account_service_pb2, codes_pb2
from gongji.v1 import settlement_service_pb2 as pb
from gongji.v1.account_service_pb2_grpc import AccountServiceStub
from gongji.v1.settlement_service_pb2_grpc import SettlementServiceStub
from tests.server.conftest import claim
from tests.server.test_process import Process
from tests.support.runner import cities
from tests.support.world import ZIBO

TERMINALS, COUNTERS = 64, 4
OPENING_FEN = 2_000_000
SECONDS = 90
"""Far more than it takes; who waits for ever is found by it."""
OWNER = "owner"


@dataclass
class Seen:
    """What all answers said."""

    settled_fen: int = 0
    given_back_fen: int = 0
    paid_fen: int = 0
    settled: int = 0
    cancelled: int = 0
    payments: int = 0
    found_empty: int = 0
    positions: list[int] = field(default_factory=list)

    @property
    def left_fen(self) -> int:
        return self.settled_fen - self.given_back_fen + self.paid_fen


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Return a store with an owner, a relative and an institution for each terminal."""
    path = tmp_path / "ledger.db"
    pipeline = Pipeline.open(SqliteStore.open(path), cities())
    names = [f"r{n}" for n in range(TERMINALS)]
    always = Interval(2000_01_01)
    links = tuple(FamilyLink(name, Relation.CHILD, "consent-1", always) for name in names)
    places = [Institution(f"t{n}", ZIBO, Level.LEVEL_1) for n in range(TERMINALS + COUNTERS)]
    pipeline.run(
        [
            PutMembers([Member(OWNER, ZIBO, family=links), *(Member(n, ZIBO) for n in names)]),
            PutInstitutions(places),
            ImportOpenings([AccountOpening(OWNER, OPENING_FEN)]),
        ],
        1,
    )
    pipeline.close()
    return path


class Terminal:
    """One stream: a request, its answer, the next one, until the account has nothing left."""

    def __init__(self, number: int, call: Any, seen: Seen) -> None:
        self._name = f"t{number}"
        self._member = f"r{number}"
        self._call = call
        self._seen = seen
        self._rng = random.Random(number)
        self._settlements: list[tuple[int, int]] = []
        self._sent = 0

    async def work(self) -> None:
        """Settle and cancel; the account is empty when a claim gets nothing from it."""
        opened = await self._ask(open=pb.Open(institution_id=self._name))
        assert opened.WhichOneof("answer") == "opened"
        while await self._settle():
            if self._rng.random() < 0.2:
                await self._cancel()
        await self._call.done_writing()
        assert await self._call.read() is grpc.aio.EOF

    async def _ask(self, **request: Any) -> pb.SettleResponse:
        self._sent += 1
        await self._call.write(pb.SettleRequest(sequence=self._sent, **request))
        response: pb.SettleResponse = await self._call.read()
        assert response.sequence == self._sent
        return response

    async def _settle(self) -> bool:
        asked = claim(f"c{self._sent}", self._rng.randint(5_000, 20_000), self._member)
        asked.payer_member_id = OWNER
        answer = await self._ask(settle=asked)
        assert answer.WhichOneof("answer") == "settled", answer
        settled, seen = answer.settled, self._seen
        amounts = amounts_of(settled)
        fen = amounts["family_account"]
        assert amounts["person"] == fen + amounts["account"] + amounts["cash"]
        seen.settled += 1
        seen.settled_fen += fen
        seen.found_empty += fen == 0
        seen.positions.append(settled.settlement_id)
        self._settlements.append((settled.settlement_id, fen))
        return fen > 0

    async def _cancel(self) -> None:
        """Cancel the last settlement: nothing of the same member rests on it."""
        position, fen = self._settlements.pop()
        own = f"k{self._sent}"
        answer = await self._ask(cancel=pb.Cancel(request_id=own, settlement_id=position))
        assert answer.WhichOneof("answer") == "undone", answer
        back = -amounts_of(answer.undone.negated)["family_account"]
        assert back == fen
        self._seen.cancelled += 1
        self._seen.given_back_fen += back
        self._seen.positions.append(answer.undone.entry_id)


async def count(number: int, stub: Any, seen: Seen) -> None:
    """Take payments for relatives at a counter, until the account has nothing left."""
    for turn in range(10_000):
        request = account_service_pb2.PayRequest(
            institution_id=f"t{TERMINALS + number}",
            request_id=f"p{turn}",
            member_id=OWNER,
            date=2026_03_02,
            purpose=codes_pb2.PURPOSE_MEDICAL,
            amount_fen=997,
            person_id=f"r{turn % TERMINALS}",
        )
        response = await stub.Pay(request, timeout=SECONDS)
        if response.WhichOneof("answer") == "refused":
            assert response.refused.reason == codes_pb2.REASON_NO_BALANCE, response
            return
        assert -997 <= response.moved.moved_fen < 0, response
        assert response.moved.balance_fen >= 0
        seen.paid_fen -= response.moved.moved_fen
        seen.payments += 1
        seen.positions.append(response.moved.movement_id)


async def all_at_once(address: str, seen: Seen) -> None:
    async with grpc.aio.insecure_channel(address) as one, grpc.aio.insecure_channel(address) as two:
        stubs = [SettlementServiceStub(one), SettlementServiceStub(two)]
        work = [
            Terminal(number, stubs[number % 2].Settle(), seen).work() for number in range(TERMINALS)
        ]
        work += [count(number, AccountServiceStub(one), seen) for number in range(COUNTERS)]
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*work)


def test_64_terminals_share_one_account(ledger: Path) -> None:
    server, seen = Process(ledger), Seen()
    try:
        asyncio.run(all_at_once(server.address, seen))
    finally:
        server.client.channel.close()
        assert server.end(signal.SIGTERM) == 0
    assert seen.settled > TERMINALS
    assert seen.cancelled > 10
    assert seen.payments > 10
    assert seen.found_empty == TERMINALS
    with SqliteStore.open(ledger) as store:
        pipeline = Pipeline.open(store, cities())
        (said,) = pipeline.run([GetStatement(OWNER, 1970_01_01, 2999_12_31)], 1)
        assert isinstance(said, Statement)
        assert said.opening_fen == OPENING_FEN
        assert all(movement.balance_fen >= 0 for movement in said.movements)
        assert OPENING_FEN - said.closing_fen == seen.left_fen
        moved = dict.fromkeys(MovedBy, 0)
        for movement in said.movements:
            moved[movement.moved_by] -= movement.moved_fen
        assert moved[MovedBy.SETTLEMENT] == seen.settled_fen - seen.given_back_fen
        assert moved[MovedBy.PAYMENT] == seen.paid_fen
        assert {movement.position for movement in said.movements} <= set(seen.positions)
        assert sorted(seen.positions) == list(range(1, store.last_position + 1))
        report = verify_store(store)
        assert report.ok, report.findings
