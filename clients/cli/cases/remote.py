"""Cases through a real server: a process of its own on a loopback port, one claim at a time.

Each institution has its own stream, as a terminal's would be. The claims of a stream, and the
undos, are sent when the answer to the one before has come.
"""

import contextlib
import queue
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import grpc

from clients import accounts
from clients.cli.cases import wire
from clients.cli.cases.outcome import (
    CANCELLED,
    ERROR,
    NOTHING_TO_REVERSE,
    REFUSED,
    LaneError,
    Outcome,
    Registers,
    of_account,
    selected,
)
from clients.cli.cases.serving import Server
from clients.registrations import answer_of, message_of
from clients.wire import (
    amounts_of,
    claim_message,
    institution_message,
    member_message,
    opening_message,
)
from engine.digest import ResultDigest
from engine.domain.claim import Claim
from engine.domain.movement import CreditMember, Dispose, Pay
from engine.domain.reasons import Reason
from engine.domain.registration import Select
from engine.domain.request import Cancel, Counters, Reverse
from engine.rules.figures import Figure, to_json
from gongji.v1 import (
    account_service_pb2_grpc,
    institution_service_pb2,
    institution_service_pb2_grpc,
    member_service_pb2,
    member_service_pb2_grpc,
    registration_service_pb2_grpc,
    settlement_service_pb2,
    settlement_service_pb2_grpc,
)

_CHUNK: Final = 1_000
_STREAMS_MAX: Final = 32
_DEADLINE: Final = 60.0
"""Seconds for one call; a whole stream has to end within it, so a server that hangs is noticed."""

_Request = settlement_service_pb2.SettleRequest
_Response = settlement_service_pb2.SettleResponse


class RemoteLane:
    """A server of its own, started for this ledger and stopped when the lane is closed."""

    def __init__(self, folders: Sequence[Path], figures: Sequence[Figure]) -> None:
        self.digest = ResultDigest()
        self._server = Server(to_json(figures), folders)
        self._channel = grpc.insecure_channel(self._server.address)
        self._terminals: OrderedDict[str, _Terminal] = OrderedDict()
        self._settled: dict[int, Claim] = {}
        self._members = member_service_pb2_grpc.MemberServiceStub(self._channel)

    def prepare(self, registers: Registers) -> None:
        """Fill the registers."""
        with _one_line():
            _fill(
                self._members.PutMembers,
                (
                    member_service_pb2.PutMembersRequest(sequence=n, members=chunk)
                    for n, chunk in _chunks(map(member_message, registers.members))
                ),
            )
            institutions = institution_service_pb2_grpc.InstitutionServiceStub(self._channel)
            _fill(
                institutions.PutInstitutions,
                (
                    institution_service_pb2.PutInstitutionsRequest(sequence=n, institutions=chunk)
                    for n, chunk in _chunks(map(institution_message, registers.institutions))
                ),
            )
            _fill(
                self._members.ImportOpenings,
                (
                    member_service_pb2.ImportOpeningsRequest(sequence=n, openings=chunk)
                    for n, chunk in _chunks(map(opening_message, registers.openings))
                ),
            )

    def settle(self, claims: Sequence[Claim], preview: bool) -> list[Outcome]:
        """Settle or preview claims, one after the other."""
        return [self._settle(claim, preview) for claim in claims]

    def undo(self, request: Cancel | Reverse) -> Outcome:
        """Undo a settlement."""
        if isinstance(request, Cancel):
            cancel = settlement_service_pb2.Cancel(
                request_id=request.request_id, settlement_id=request.settlement_id
            )
            response = self._ask(request.institution, _Request(cancel=cancel))
        else:
            reverse = settlement_service_pb2.Reverse(
                request_id=request.request_id, original_request_id=request.original_request_id
            )
            response = self._ask(request.institution, _Request(reverse=reverse))
        match response.WhichOneof("answer"):
            case "undone":
                undone = response.undone
                if not undone.replayed:
                    amounts = [-amount for amount in amounts_of(undone.negated).values()]
                    claim = self._settled[undone.settlement_id]
                    self.digest.add_settled(claim, amounts, undone=True)
                return Outcome(CANCELLED)
            case "nothing_to_reverse":
                return Outcome(NOTHING_TO_REVERSE)
        return _plain(response)

    def select(self, request: Select) -> Outcome:
        """Select an institution."""
        stub = registration_service_pb2_grpc.RegistrationServiceStub(self._channel)
        with _one_line():
            return selected(answer_of(stub.Select(message_of(request), timeout=_DEADLINE)))

    def account(self, request: Pay | CreditMember | Dispose) -> Outcome:
        """Pay from an account, credit or dispose of it."""
        stub = account_service_pb2_grpc.AccountServiceStub(self._channel)
        method = getattr(stub, accounts.METHODS[type(request)])
        with _one_line():
            answer = method(accounts.message_of(request), timeout=_DEADLINE)
        return of_account(accounts.answer_of(answer))

    def counters(self, member: str, year: int) -> Counters:
        """Return the counters of a member-year."""
        request = member_service_pb2.GetCountersRequest(member_id=member, policy_year=year)
        with _one_line():
            answer = self._members.GetCounters(request, timeout=_DEADLINE)
        if answer.WhichOneof("answer") != "counters":
            raise LaneError(f"no counters of {member} in {year}: {answer}")
        return wire.counters_of(answer.counters)

    def close(self) -> None:
        """Close the streams and stop the server."""
        while self._terminals:
            self._terminals.popitem()[1].close()
        self._channel.close()
        self._server.stop()

    def _settle(self, claim: Claim, preview: bool) -> Outcome:
        message = claim_message(claim)
        request = _Request(preview=message) if preview else _Request(settle=message)
        response = self._ask(claim.institution, request)
        if response.WhichOneof("answer") != "settled":
            return _plain(response)
        settled = response.settled
        if not preview and not settled.replayed:
            self._settled[settled.settlement_id] = claim
            self.digest.add_settled(claim, list(amounts_of(settled).values()))
        return wire.outcome_of(settled)

    def _ask(self, institution: str, request: _Request) -> _Response:
        terminal = self._terminals.get(institution)
        if terminal is None:
            if len(self._terminals) == _STREAMS_MAX:
                self._terminals.popitem(last=False)[1].close()
            stub = settlement_service_pb2_grpc.SettlementServiceStub(self._channel)
            terminal = self._terminals[institution] = _Terminal(stub, institution)
        return terminal.ask(request)


class _Terminal:
    """One settlement stream, with one request on its way at a time."""

    def __init__(
        self, stub: settlement_service_pb2_grpc.SettlementServiceStub, institution: str
    ) -> None:
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._responses = stub.Settle(iter(self._requests.get, None), timeout=_DEADLINE)
        self._sequence = 0
        opened = self.ask(
            _Request(
                open=settlement_service_pb2.Open(institution_id=institution, client="gongji cases")
            )
        )
        if opened.WhichOneof("answer") != "opened":
            raise LaneError(f"the stream of {institution} was not opened: {opened}")

    def ask(self, request: _Request) -> _Response:
        """Send a request and return its answer."""
        self._sequence += 1
        request.sequence = self._sequence
        self._requests.put(request)
        with _one_line():
            response: _Response | None = next(self._responses, None)
        if response is None or response.sequence != self._sequence:
            raise LaneError(f"expected the answer to request {self._sequence}, found {response}")
        return response

    def close(self) -> None:
        """Half-close and read to the end."""
        self._requests.put(None)
        with _one_line():
            for response in self._responses:
                raise LaneError(f"an answer that nobody asked for: {response}")


def _chunks(messages: Iterable[Any]) -> Iterator[tuple[int, list[Any]]]:
    """Yield numbered lists of messages that fit into one request."""
    everything = list(messages)
    for start in range(0, len(everything), _CHUNK):
        yield start // _CHUNK + 1, everything[start : start + _CHUNK]


def _fill(call: Callable[..., Any], requests: Iterator[Any]) -> None:
    """Send register entries; every one has to be taken."""
    for response in call(requests, timeout=_DEADLINE):
        if response.WhichOneof("answer") != "accepted" or response.accepted.errors:
            raise LaneError(f"a register entry was not taken: {response}")


def _plain(response: _Response) -> Outcome:
    """Return the outcome of an answer that is no settlement and no undo."""
    kind = response.WhichOneof("answer")
    if kind == "refused":
        refused = response.refused
        return Outcome(REFUSED, reason=Reason(refused.reason).name, message=refused.message)
    if kind == "error":
        return Outcome(ERROR, message=f"{response.error.path}: {response.error.problem}")
    return Outcome(ERROR, message=f"unexpected answer {kind}")


@contextlib.contextmanager
def _one_line() -> Iterator[None]:
    """Turn a broken call into a `LaneError` of one line."""
    try:
        yield
    except grpc.RpcError as error:
        call: Any = error  # what a call raises is a grpc.Call as well
        raise LaneError(f"the server answered {call.code().name}: {call.details()}") from error
