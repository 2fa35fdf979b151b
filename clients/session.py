"""A terminal's session with a settlement server, and a gateway's bulk lane.

Nothing is ever called failed that may have been applied. Ids are made and kept by the caller before
sending (`clients.outbox`); the session sends the same id again until it is answered or patience
runs out, and then says that the outcome is unknown and how to resolve it.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Final, NamedTuple, Self

import grpc.aio

from clients.answers import Outcome
from clients.errors import CallError, UnknownOutcome
from clients.exchange import CHANNEL_OPTIONS, Exchange
from clients.outbox import Outbox, Pending
from clients.wire import claim_columns, claim_message, outcomes
from engine.domain.claim import Claim
from gongji.v1 import settlement_service_pb2 as pb
from gongji.v1.settlement_service_pb2_grpc import SettlementServiceStub

CLIENT: Final = "gongji-python"

KINDS: Final = ("settle", "cancel", "reverse")
"""What changes something, and is kept in the outbox until it is answered."""


def new_id(prefix: str = "") -> str:
    """Return a request id that nobody has used."""
    return f"{prefix}{uuid.uuid4().hex}"


class Session:
    """A stream for one institution, opened when it is first needed and again after a break."""

    def __init__(
        self,
        server: str,
        institution: str,
        *,
        outbox: Outbox | None = None,
        patience: float = 30.0,
        channel: grpc.aio.Channel | None = None,
    ) -> None:
        """Prepare a session; nothing is sent yet.

        Args:
            server: Where the server listens, `HOST:PORT`.
            institution: Whose claims these are.
            outbox: Keeps what is sent until it is answered; None: the caller keeps it.
            patience: Seconds without an answer after which the outcome counts as unknown.
            channel: A connection shared with other sessions; None: one of its own.
        """
        self.institution = institution
        self._outbox = outbox
        self._own = channel is None
        self._channel = channel or grpc.aio.insecure_channel(server, options=CHANNEL_OPTIONS)
        stub = SettlementServiceStub(self._channel)
        opening = pb.SettleRequest(
            sequence=0, open=pb.Open(institution_id=institution, client=CLIENT)
        )
        self._exchange: Exchange[pb.SettleRequest, pb.SettleResponse] = Exchange(
            self._channel,
            lambda: stub.Settle(),
            address=server,
            opening=opening,
            patience=patience,
        )
        self._sequence = 0

    async def settle(self, claim: Claim) -> pb.SettleResponse:
        """Settle a claim; its id is the caller's and stays the same however often it is sent."""
        return await self._change(
            "settle", claim.request_id, pb.SettleRequest(settle=claim_message(claim))
        )

    async def preview(self, claim: Claim) -> pb.SettleResponse:
        """Return what `settle` would give now."""
        return await self._ask(pb.SettleRequest(preview=claim_message(claim)))

    async def cancel(self, request_id: str, settlement_id: int) -> pb.SettleResponse:
        """Undo a settlement by its id."""
        cancel = pb.Cancel(request_id=request_id, settlement_id=settlement_id)
        return await self._change("cancel", request_id, pb.SettleRequest(cancel=cancel))

    async def reverse(self, request_id: str, original: str) -> pb.SettleResponse:
        """Undo a request whose answer was lost, whether or not it arrived."""
        reverse = pb.Reverse(request_id=request_id, original_request_id=original)
        return await self._change("reverse", request_id, pb.SettleRequest(reverse=reverse))

    async def query(self, *, settlement_id: int = 0, request_id: str = "") -> pb.SettleResponse:
        """Look a settlement up by its id or its request's id."""
        by = (
            pb.Query(settlement_id=settlement_id)
            if settlement_id
            else pb.Query(request_id=request_id)
        )
        return await self._ask(pb.SettleRequest(query=by))

    async def resend(self, pending: Pending) -> pb.SettleResponse:
        """Send a request of the outbox again, with its old id and its old bytes."""
        return await self._change(
            pending.kind, pending.request_id, pb.SettleRequest.FromString(pending.payload)
        )

    @property
    def reconnects(self) -> int:
        """How many times the stream broke."""
        return self._exchange.reconnects

    async def close(self) -> None:
        """End the stream and, where it is the session's own, the connection."""
        await self._exchange.close()
        if self._own:
            await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _change(
        self, kind: str, request_id: str, request: pb.SettleRequest
    ) -> pb.SettleResponse:
        """Ask for something that changes the ledger: kept before it is sent, until answered."""
        if self._outbox is None:
            return await self._ask(request)
        request.sequence = 0
        pending = Pending(
            self.institution, request_id, kind, request.SerializeToString(deterministic=True)
        )
        earlier = pending in self._outbox.pending()
        self._outbox.put(pending)
        try:
            response = await self._ask(request)
        except CallError as error:
            if earlier:
                raise UnknownOutcome(
                    f"{error}; request {request_id} of an earlier call is still unanswered and "
                    "stays in the outbox"
                ) from error
            self._outbox.done(self.institution, request_id)
            raise
        except UnknownOutcome as error:
            raise UnknownOutcome(
                f"request {request_id}: {error} (kept in the outbox: gongji terminal resend)"
            ) from error
        self._outbox.done(self.institution, request_id)
        return response

    async def _ask(self, request: pb.SettleRequest) -> pb.SettleResponse:
        self._sequence += 1
        request.sequence = self._sequence
        try:
            return await self._exchange.ask(request)
        except (CallError, UnknownOutcome):
            self._exchange.abandon()
            raise


class BulkTally(NamedTuple):
    """How a bulk run went on the wire."""

    batches: int
    reconnects: int


class BulkLane:
    """Settles batches over `SettleBatch`, a few messages on their way at once."""

    def __init__(self, server: str, *, window: int = 4, patience: float = 60.0) -> None:
        """Prepare; nothing is sent yet.

        Args:
            server: Where the server listens, `HOST:PORT`.
            window: Messages that may be unanswered at a time.
            patience: Seconds without an answer after which the run stops.
        """
        self._server = server
        self._window = window
        self._patience = patience
        self.tally = BulkTally(0, 0)

    def settle(self, batches: Iterable[Sequence[Claim]]) -> Iterator[Sequence[Outcome]]:
        """Yield the outcomes of each batch in order (`clients.gateway.Lane`).

        Raises:
            CallError: the server cannot be reached or refuses, and nothing unanswered was sent.
            UnknownOutcome: some of what was sent is unanswered; the same run resolves it.
        """
        with asyncio.Runner() as runner:
            channel, exchange = runner.run(self._open())
            try:
                yield from self._exchange(runner, exchange, iter(batches))
            finally:
                runner.run(exchange.close())
                runner.run(channel.close())

    async def _open(
        self,
    ) -> tuple[grpc.aio.Channel, Exchange[pb.SettleBatchRequest, pb.SettleBatchResponse]]:
        channel = grpc.aio.insecure_channel(self._server, options=CHANNEL_OPTIONS)
        stub = SettlementServiceStub(channel)
        return channel, Exchange(
            channel, lambda: stub.SettleBatch(), address=self._server, patience=self._patience
        )

    def _exchange(
        self,
        runner: asyncio.Runner,
        exchange: Exchange[pb.SettleBatchRequest, pb.SettleBatchResponse],
        batches: Iterator[Sequence[Claim]],
    ) -> Iterator[Sequence[Outcome]]:
        sequence = 0
        waiting: deque[int] = deque()
        exhausted = False
        while True:
            while not exhausted and len(waiting) < self._window:
                claims = next(batches, None)
                if claims is None:
                    exhausted = True
                    break
                sequence += 1
                request = pb.SettleBatchRequest(sequence=sequence, claims=claim_columns(claims))
                waiting.append(len(claims))
                runner.run(exchange.send(request))
            if not waiting:
                return
            response = runner.run(exchange.answer())
            self.tally = BulkTally(self.tally.batches + 1, exchange.reconnects)
            yield _outcomes(response, waiting.popleft())


def _outcomes(response: pb.SettleBatchResponse, count: int) -> list[Outcome]:
    if response.WhichOneof("answer") == "error":
        error = response.error
        raise CallError(
            f"the server does not take the batch: {error.path}: {error.problem}; "
            "client and server are of different versions"
        )
    try:
        found = outcomes(response.answers)
    except (ValueError, IndexError) as error:
        raise UnknownOutcome(f"the answer cannot be read ({error}); run it again") from error
    if len(found) != count:
        raise UnknownOutcome(f"{count} claims were sent and {len(found)} answered; run it again")
    return found
