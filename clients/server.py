"""Questions to a server that are one call each: rules, figures, registers, explanations.

All of them may be asked again without harm.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Final, NoReturn, Self, TypeVar

import grpc

from clients import accounts
from clients.answers import Malformed
from clients.errors import CallError, Refusal
from clients.exchange import CHANNEL_OPTIONS, REFUSED_SECONDS
from clients.registers import RegisterItem
from clients.registrations import METHODS, answer_of, message_of
from clients.wire import institution_message, kind_of, malformed, member_message, opening_message
from engine.domain.movement import AccountAnswer, CreditedStep
from engine.domain.reasons import Reason
from engine.domain.register import AccountOpening, Institution, Member, Opening
from engine.domain.registration import RegistrationAnswer, RegistrationRequest
from engine.domain.request import ItemError, NothingToReverse, Refused
from engine.errors import InvalidInput
from gongji.v1 import (
    account_service_pb2,
    institution_service_pb2,
    member_service_pb2,
    policy_pb2,
    policy_service_pb2,
    register_pb2,
    settlement_service_pb2,
    store_service_pb2,
)
from gongji.v1.account_service_pb2_grpc import AccountServiceStub
from gongji.v1.institution_service_pb2_grpc import InstitutionServiceStub
from gongji.v1.member_service_pb2_grpc import MemberServiceStub
from gongji.v1.policy_service_pb2 import ListedPlan
from gongji.v1.policy_service_pb2_grpc import PolicyServiceStub
from gongji.v1.registration_service_pb2_grpc import RegistrationServiceStub
from gongji.v1.settlement_service_pb2_grpc import SettlementServiceStub
from gongji.v1.store_service_pb2_grpc import StoreServiceStub

T = TypeVar("T")

_SECONDS: Final = 20.0
_PAUSE: Final = 0.2
_UNAVAILABLE: Final = grpc.StatusCode.UNAVAILABLE


class Server:
    """A connection for single calls."""

    def __init__(self, address: str, *, seconds: float = _SECONDS) -> None:
        """Prepare; the connection is made with the first call.

        Args:
            address: Where the server listens, `HOST:PORT`.
            seconds: How long one call may take.
        """
        self._address = address
        self._seconds = seconds
        self._channel = grpc.insecure_channel(address, options=CHANNEL_OPTIONS)
        self._plans: dict[bytes, policy_pb2.Plan] = {}
        self._reached = False

    # --- rules ---------------------------------------------------------------------------

    def plan(self, digest: bytes) -> policy_pb2.Plan:
        """Return a plan with its clause table; it is fetched once."""
        plan = self._plans.get(digest)
        if plan is None:
            request = policy_service_pb2.GetPlanRequest(digest=digest)
            answer = self._call(PolicyServiceStub(self._channel).GetPlan, request)
            plan = self._plans[digest] = _taken(answer, policy_pb2.Plan, "plan")
        return plan

    def plans(self, city: str, day: int, benefit: int = 0) -> Sequence[ListedPlan]:
        """Return the plans that decide for a city on a day, of one benefit or (0) of all."""
        code: Any = benefit  # generated constructors take the number of an enum
        request = policy_service_pb2.ListPlansRequest(city=city, service_date=day, benefit=code)
        answer = self._call(PolicyServiceStub(self._channel).ListPlans, request)
        return _taken(answer, policy_service_pb2.Plans, "plans").plans

    def policies(self, city: str = "") -> Sequence[policy_service_pb2.CityPolicies]:
        """Return every dated version of the rules, of one city or of all."""
        request = policy_service_pb2.ListPoliciesRequest(city=city)
        answer = self._call(PolicyServiceStub(self._channel).ListPolicies, request)
        return _taken(answer, policy_service_pb2.Policies, "policies").cities

    def missing(self, city: str = "") -> Sequence[policy_service_pb2.MissingFigure]:
        """Return the operator figures that nobody has supplied."""
        request = policy_service_pb2.ListMissingFiguresRequest(city=city)
        answer = self._call(PolicyServiceStub(self._channel).ListMissingFigures, request)
        return _taken(answer, policy_service_pb2.MissingFigures, "missing").figures

    def supply(self, toml: bytes) -> int:
        """Supply the operator figures of a file; return how many."""
        request = policy_service_pb2.SupplyFiguresRequest(toml=toml)
        answer = self._call(PolicyServiceStub(self._channel).SupplyFigures, request)
        return _taken(answer, policy_service_pb2.Supplied, "supplied").count

    # --- settlements ---------------------------------------------------------------------

    def explain(
        self, institution: str, *, settlement_id: int = 0, request_id: str = ""
    ) -> settlement_service_pb2.Explanation:
        """Return a settlement of the institution with the clauses of its parts."""
        query = (
            settlement_service_pb2.Query(settlement_id=settlement_id)
            if settlement_id
            else settlement_service_pb2.Query(request_id=request_id)
        )
        request = settlement_service_pb2.ExplainRequest(query=query)
        answer = self._call(
            SettlementServiceStub(self._channel).Explain,
            request,
            metadata=institution_metadata(institution),
        )
        return _taken(answer, settlement_service_pb2.Explanation, "explained")

    # --- accounts ------------------------------------------------------------------------

    def account(self, request: accounts.Request) -> AccountAnswer | NothingToReverse | Refused:
        """Pay from an account, credit or dispose of one, undo that, or look up duties.

        Raises:
            InvalidInput: the request is malformed.
            CallError: the server cannot be reached; asking again with the same id is harmless.
        """
        stub = AccountServiceStub(self._channel)
        method = getattr(stub, accounts.METHODS[type(request)])
        response = self._call(method, accounts.message_of(request))
        answer: AccountAnswer | NothingToReverse | Refused = _known(accounts.answer_of(response))
        return answer

    def credit_run(self, city: str, month: int, *, dry_run: bool = False) -> Iterator[CreditedStep]:
        """Credit a city, by its area code, for a month, YYYYMM; yield the steps as they are done.

        The steps add up to the run. Whoever stops reading ends it after the step under way, and it
        can be run again.

        Raises:
            InvalidInput: city or month are none.
            Refusal: no document says a credit for the month.
            CallError: the server cannot be reached, or stops; what was posted stays, and running
                it again posts the rest.
        """
        request = account_service_pb2.RunCreditRequest(city=city, month=month, dry_run=dry_run)
        run = AccountServiceStub(self._channel).RunCredit
        responses = self._call(lambda *args, **more: _Steps(run, *args, **more), request)
        try:
            for response in responses:
                step: CreditedStep | Refused = _known(accounts.answer_of(response))
                if isinstance(step, Refused):
                    raise Refusal(step.message or step.reason.name)
                yield step
        except grpc.RpcError as error:
            broken: Any = error
            raise CallError(
                f"{self._address}: the run broke off: {broken.details()}; what was posted stays, "
                "run it again for the rest"
            ) from error
        finally:
            responses.close()

    def statement(
        self, member: str, first_day: int, last_day: int
    ) -> account_service_pb2.Statement:
        """Return what moved a member's account on some days, YYYYMMDD."""
        request = account_service_pb2.GetStatementRequest(
            member_id=member, first_day=first_day, last_day=last_day
        )
        answer = self._call(AccountServiceStub(self._channel).GetStatement, request)
        return _taken(answer, account_service_pb2.Statement, "statement")

    # --- the store -----------------------------------------------------------------------

    def back_up(self) -> Generator[store_service_pb2.BackUpResponse, None, None]:
        """Have the store copied; yield how far it is, then the copy.

        Whoever stops reading before that ends the copying; nothing is kept.

        Raises:
            Refusal: no copy was made; why, and what to do.
            CallError: the server cannot be reached, or stops.
        """
        start = StoreServiceStub(self._channel).BackUp
        responses = self._call(
            lambda *args, **more: _Steps(start, *args, **more), store_service_pb2.BackUpRequest()
        )
        try:
            for response in responses:
                if response.WhichOneof("answer") == "not_made":
                    raise Refusal(response.not_made.message)
                yield response
        except grpc.RpcError as error:
            broken: Any = error
            raise CallError(
                f"{self._address}: no copy was made: {broken.details()}; run the same command again"
            ) from error
        finally:
            responses.close()

    # --- registers -----------------------------------------------------------------------

    def register(
        self, messages: Iterable[Sequence[RegisterItem]]
    ) -> Iterator[list[tuple[int, Malformed]]]:
        """Enter register items, all of one kind; yield what was not taken of each message.

        Raises:
            CallError: the server cannot be reached; entering everything again is harmless.
        """
        for number, items in enumerate(messages, 1):
            yield self._enter(number, items)

    def registration(self, request: RegistrationRequest) -> RegistrationAnswer | Refused:
        """Change a register entry item by item, undo a change, or list changes.

        Raises:
            InvalidInput: the request is malformed.
            CallError: the server cannot be reached; asking again with the same id is harmless.
        """
        stub = RegistrationServiceStub(self._channel)
        response = self._call(getattr(stub, METHODS[type(request)]), message_of(request))
        answer: RegistrationAnswer | Refused = _known(answer_of(response))
        return answer

    def _enter(self, sequence: int, items: Sequence[RegisterItem]) -> list[tuple[int, Malformed]]:
        request: Any
        start: Any
        match kind_of(items):
            case "members":
                start = MemberServiceStub(self._channel).PutMembers
                request = member_service_pb2.PutMembersRequest(
                    sequence=sequence,
                    members=[member_message(item) for item in items if isinstance(item, Member)],
                )
            case "institutions":
                start = InstitutionServiceStub(self._channel).PutInstitutions
                request = institution_service_pb2.PutInstitutionsRequest(
                    sequence=sequence,
                    institutions=[
                        institution_message(item) for item in items if isinstance(item, Institution)
                    ],
                )
            case _:
                start = MemberServiceStub(self._channel).ImportOpenings
                request = member_service_pb2.ImportOpeningsRequest(
                    sequence=sequence,
                    openings=[
                        opening_message(item)
                        for item in items
                        if isinstance(item, Opening | AccountOpening)
                    ],
                )
        answer = self._call(lambda *args, **kwargs: _only(start(iter(args), **kwargs)), request)
        accepted = _taken(answer, register_pb2.Accepted, "accepted")
        return [(item.index, malformed(item.error)) for item in accepted.errors]

    # --- the connection ------------------------------------------------------------------

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, method: Callable[..., Any], request: Any, **more: Any) -> Any:
        """Ask; a server that refuses the first connection is not waited for long."""
        give_up = time.monotonic() + REFUSED_SECONDS
        while True:
            reached = self._reached
            try:
                answer = method(request, timeout=self._seconds, wait_for_ready=reached, **more)
            except grpc.RpcError as error:
                refused = not reached and getattr(error, "code")() is _UNAVAILABLE  # noqa: B009
                if not refused or time.monotonic() >= give_up:
                    self._failed(error)
                time.sleep(_PAUSE)
            else:
                self._reached = True
                return answer

    def _failed(self, error: Any) -> NoReturn:
        code, details = error.code(), error.details()
        if code is _UNAVAILABLE and not self._reached:
            raise CallError(
                f"{self._address}: cannot be connected to; is the server running there?"
            ) from error
        if code in (_UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED):
            raise CallError(
                f"{self._address}: no answer in {self._seconds:g} s; is the server running there?"
            ) from error
        raise CallError(f"{self._address}: {code.name}: {details}") from error


def institution_metadata(institution: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata that says whose call it is.

    Raises:
        CallError: the id has characters that metadata cannot carry; a stream can.
    """
    if not (institution.isascii() and institution.isprintable()):
        raise CallError("an institution id beyond ASCII cannot ask this; use gongji terminal query")
    return (("gongji-institution", institution),)


def _only(answers: Iterator[Any]) -> Any:
    """Return the one answer of a stream to which one message was sent."""
    found = None
    for answer in answers:
        if found is None and answer.WhichOneof("answer") != "drain":
            found = answer
    if found is None:
        raise CallError("the server is about to stop; run the same command again")
    return found


class _Steps:
    """The answers of a stream, each within a time of its own; made when the first is there."""

    def __init__(self, start: Callable[..., Any], request: Any, timeout: float, **more: Any):
        """Ask.

        Raises:
            grpc.RpcError: there is no first answer.
        """
        self._call = start(request, **more)
        self._seconds = timeout
        self._first = self._within()

    def __iter__(self) -> Iterator[Any]:
        response = self._first
        while response is not None:
            yield response
            response = self._within()

    def close(self) -> None:
        """Ask for no more of them."""
        self._call.cancel()

    def _within(self) -> Any:
        """Return the next answer, None after the last; a stream that is silent is cut."""
        cut = threading.Timer(self._seconds, self._call.cancel)
        cut.daemon = True
        cut.start()
        try:
            return next(self._call, None)
        finally:
            cut.cancel()


def _known(answer: Any) -> Any:
    """Return an answer, or raise what came instead."""
    if isinstance(answer, ItemError):
        raise InvalidInput(answer.path, answer.problem)
    if answer is None:
        raise CallError("the server gave no answer that is known; is it of this version?")
    return answer


def _taken(answer: Any, kind: type[T], name: str) -> T:
    """Return the answer called `name`, or raise what came instead."""
    found = answer.WhichOneof("answer")
    if found == "error":
        path = f"{answer.error.path}: " if answer.error.path else ""
        raise Refusal(f"{path}{answer.error.problem}")
    if found == "refused":
        raise Refusal(answer.refused.message or Reason(answer.refused.reason).name)
    value = getattr(answer, name)
    if found != name or not isinstance(value, kind):
        raise CallError(f"the server answered {found}, which was not asked; is it of this version?")
    return value
