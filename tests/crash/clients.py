"""Clients that keep a server busy, write down what they were told, and survive its death.

Each client has an institution of its own, so every request id is its own. What is unanswered when
a stream breaks stays pending and is sent again, with the same id and content.
"""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import grpc.aio

from clients import answers
from clients.exchange import CHANNEL_OPTIONS
from clients.wire import amounts_of, claim_columns, claim_message, outcomes
from engine.domain.claim import Claim
from engine.domain.reasons import Detail
from engine.verify.history import Asked, Event, Outcome, Told
from gongji.v1 import settlement_service_pb2 as pb
from gongji.v1.settlement_service_pb2_grpc import SettlementServiceStub

WINDOW = 8
BATCHES = 3
PAUSE_SECONDS = 0.05
_GONE = (grpc.aio.AioRpcError, asyncio.InvalidStateError, grpc.aio.UsageError)


class Sent(NamedTuple):
    """A request on its way; `asked` is None for one that changes nothing."""

    asked: Asked | None
    request_id: str
    message: pb.SettleRequest
    claim: Claim | None = None


class Answered(NamedTuple):
    """What an answer comes to: nothing, if the request changed nothing."""

    outcome: Outcome
    undone: bool = False


class Client:
    """What a terminal and a gateway share: ids, claims, and the history."""

    def __init__(self, name: str, members: Sequence[str], institution: str, seed: int) -> None:
        self.institution = institution
        self.history: list[Event] = []
        self.first: dict[str, Outcome] = {}
        self.heard = asyncio.Event()
        """Set with every answer."""
        self.leaving = False
        """Whether to ask for nothing new."""
        self.answered = 0
        self.changed = 0
        self.errors: list[str] = []
        self.pending: deque[Any] = deque()
        """What is not answered yet."""
        self._name = name
        self._members = members
        self._rng = random.Random(seed)
        self._count = 0
        self._undoing: set[str] = set()

    def new_id(self) -> str:
        self._count += 1
        return f"{self._name}-{self._count}"

    def new_claim(self, request_id: str) -> Claim:
        rng = self._rng
        fen = rng.choice((900, 4_000, 12_345, 60_000)) + rng.randrange(100)
        day = 2026_01_01 + rng.randrange(12) * 100 + rng.randrange(28)
        member = rng.choice(self._members)
        visit = rng.choice(("", "", "V1"))
        use = rng.random() < 0.3
        return Claim(
            self.institution,
            request_id,
            member,
            day,
            day,
            fen + 100,
            fen,
            0,
            0,
            100,
            visit=visit,
            use_account=use,
        )

    def told(self, asked: Asked, request_id: str, claim: Claim | None, answer: Answered) -> None:
        """Write down an answer, and compare it with the first one to the same request."""
        self.answered += 1
        self.heard.set()
        outcome = answer.outcome
        self.history.append(Event(asked, self.institution, request_id, claim, outcome))
        first = self.first.get(request_id)
        if first is None:
            if outcome.told != Told.REFUSED:
                self.first[request_id] = outcome
        elif outcome.told == Told.REFUSED:
            expected = answer.undone and request_id in self._undoing
            self.changed += not expected
        else:
            self.changed += outcome != first

    def unanswered(self, asked: Asked, request_id: str, claim: Claim | None) -> None:
        """Write down that a request was sent and its answer did not come."""
        self.history.append(Event(asked, self.institution, request_id, claim, None))


class Talking(Client, ABC):
    """A client with streams of its own."""

    @abstractmethod
    async def talk(self, address: str, *, only_pending: bool = False) -> None:
        """Ask and take answers until the server is gone, or nothing is pending."""

    async def keep_asking(self, address: Callable[[], str]) -> None:
        """Ask until `leaving` is set and all is answered; when a stream breaks, go on somewhere."""
        while not self.leaving or self.pending:
            await self.talk(address())
            await asyncio.sleep(PAUSE_SECONDS)


class Terminal(Talking):
    """One stream at a time, up to `WINDOW` requests unanswered."""

    def __init__(self, name: str, members: Sequence[str], institution: str, seed: int) -> None:
        super().__init__(name, members, institution, seed)
        self.pending: deque[Sent] = deque()
        self._settled: deque[tuple[Claim, int]] = deque(maxlen=40)

    async def talk(self, address: str, *, only_pending: bool = False) -> None:
        """Ask and take answers until the server is gone, or nothing is pending."""
        async with grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
            call = SettlementServiceStub(channel).Settle(wait_for_ready=only_pending)
            try:
                await self._talk(call, only_pending=only_pending)
            except _GONE:
                pass
            finally:
                call.cancel()
        for sent in self.pending:
            if sent.asked is not None:
                self.unanswered(sent.asked, sent.request_id, sent.claim)

    def ask_again(self, count: int) -> None:
        """Queue the last settled claims once more."""
        for claim, _ in list(self._settled)[-count:]:
            self.pending.append(self._settle(claim))

    def add_claims(self, count: int) -> None:
        """Queue new claims."""
        for _ in range(count):
            self.pending.append(self._settle(self.new_claim(self.new_id())))

    async def _talk(self, call: Any, *, only_pending: bool) -> None:
        await call.write(pb.SettleRequest(open=pb.Open(institution_id=self.institution)))
        opened = await call.read()
        if opened is grpc.aio.EOF:
            return
        assert opened.WhichOneof("answer") == "opened"
        written = 0
        while self.pending or not (only_pending or self.leaving):
            while not (only_pending or self.leaving) and len(self.pending) < WINDOW:
                self.pending.append(self._next())
            while written < min(WINDOW, len(self.pending)):
                await call.write(self.pending[written].message)
                written += 1
            response = await call.read()
            if response is grpc.aio.EOF or response.WhichOneof("answer") == "drain":
                return  # what was read is answered before a server stops; the rest is sent again
            self._take(response)
            written -= 1

    def _take(self, response: pb.SettleResponse) -> None:
        sent = self.pending.popleft()
        if response.request_id != sent.request_id or response.WhichOneof("answer") == "error":
            self.errors.append(f"{sent.request_id}: {response}")
        if sent.asked is None:
            return
        answer = answer_of(response)
        if response.WhichOneof("answer") == "settled" and sent.claim is not None:
            self._settled.append((sent.claim, answer.outcome.position))
        self.told(sent.asked, sent.request_id, sent.claim, answer)

    def _next(self) -> Sent:
        draw = self._rng.random()
        if self._settled and draw < 0.06:
            return self._settle(self._rng.choice(self._settled)[0])
        if self._settled and draw < 0.14:
            claim, position = self._rng.choice(self._settled)
            self._undoing.add(claim.request_id)
            own = self.new_id()
            cancel = pb.Cancel(request_id=own, settlement_id=position)
            return Sent(Asked.CANCEL, own, pb.SettleRequest(cancel=cancel))
        if draw < 0.20:
            original = self._to_reverse()
            self._undoing.add(original)
            own = self.new_id()
            reverse = pb.Reverse(request_id=own, original_request_id=original)
            return Sent(Asked.REVERSE, own, pb.SettleRequest(reverse=reverse))
        if draw < 0.25:
            claim = self.new_claim(self.new_id())
            message = pb.SettleRequest(preview=claim_message(claim))
            return Sent(None, claim.request_id, message)
        return self._settle(self.new_claim(self.new_id()))

    def _to_reverse(self) -> str:
        """Return the id of a claim on its way, or of one that never was."""
        ways = [sent for sent in self.pending if sent.asked == Asked.SETTLE]
        if not ways or self._rng.random() < 0.4:
            return f"{self.new_id()}-lost"
        return self._rng.choice(ways).request_id

    def _settle(self, claim: Claim) -> Sent:
        message = pb.SettleRequest(settle=claim_message(claim))
        return Sent(Asked.SETTLE, claim.request_id, message, claim)


class Gateway(Talking):
    """Batches of claims as columns, `BATCHES` unanswered."""

    def __init__(self, name: str, members: Sequence[str], institution: str, seed: int) -> None:
        super().__init__(name, members, institution, seed)
        self.pending: deque[list[Claim]] = deque()
        self._last: list[Claim] = []

    async def talk(self, address: str, *, only_pending: bool = False) -> None:
        """Settle batches until the server is gone, or nothing is pending."""
        async with grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
            call = SettlementServiceStub(channel).SettleBatch(wait_for_ready=only_pending)
            try:
                await self._talk(call, only_pending=only_pending)
            except _GONE:
                pass
            finally:
                call.cancel()
        for claims in self.pending:
            for claim in claims:
                self.unanswered(Asked.SETTLE, claim.request_id, claim)

    def ask_again(self, count: int) -> None:
        """Queue the last answered batch once more."""
        if self._last:
            self.pending.append(self._last[:count])

    async def _talk(self, call: Any, *, only_pending: bool) -> None:
        written = 0
        while self.pending or not (only_pending or self.leaving):
            while not (only_pending or self.leaving) and len(self.pending) < BATCHES:
                size = self._rng.choice((5, 20, 60))
                self.pending.append([self.new_claim(self.new_id()) for _ in range(size)])
            while written < len(self.pending):
                columns = claim_columns(self.pending[written])
                await call.write(pb.SettleBatchRequest(sequence=written, claims=columns))
                written += 1
            response = await call.read()
            if response is grpc.aio.EOF or response.WhichOneof("answer") == "drain":
                return
            self._take(response)
            written -= 1

    def _take(self, response: pb.SettleBatchResponse) -> None:
        claims = self.pending.popleft()
        if response.WhichOneof("answer") != "answers" or response.answers.count != len(claims):
            self.errors.append(f"{len(claims)} claims: {response}"[:400])
            return
        self._last = claims
        for claim, outcome in zip(claims, outcomes(response.answers), strict=True):
            self.told(Asked.SETTLE, claim.request_id, claim, self._answered(outcome))

    def _answered(self, outcome: answers.Outcome) -> Answered:
        match outcome:
            case answers.Settled():
                return Answered(Outcome(Told.APPLIED, outcome.settlement_id, outcome.amounts))
            case answers.Refused():
                return Answered(Outcome(Told.REFUSED), outcome.detail == Detail.UNDONE)
            case _:
                self.errors.append(str(outcome))
                return Answered(Outcome(Told.REFUSED))


def answer_of(response: pb.SettleResponse) -> Answered:
    """Return what an answer tells of the ledger."""
    match response.WhichOneof("answer"):
        case "settled":
            settled = response.settled
            amounts = tuple(amounts_of(settled).values())
            return Answered(Outcome(Told.APPLIED, settled.settlement_id, amounts))
        case "undone":
            undone = response.undone
            amounts = tuple(amounts_of(undone.negated).values())
            return Answered(Outcome(Told.APPLIED, undone.entry_id, amounts))
        case "nothing_to_reverse" if response.nothing_to_reverse.tombstone_id:
            return Answered(Outcome(Told.BARRED, response.nothing_to_reverse.tombstone_id))
        case "refused":
            return Answered(Outcome(Told.REFUSED), int(response.refused.detail) == Detail.UNDONE)
        case _:
            return Answered(Outcome(Told.REFUSED))


def history(clients: Sequence[Client]) -> Iterator[Event]:
    """Yield what all clients saw."""
    for client in clients:
        yield from client.history
