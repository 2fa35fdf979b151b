"""A ledger in this process: the same questions as to a server, without one."""

import gc
import time
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Final, Self, TypeVar

import numpy as np

from clients.answers import Answers, Malformed
from clients.answers import Refused as RefusedClaim
from clients.cli.rules import known_cities
from clients.cli.stores import Place, check_there, open_store, time_store
from clients.clock import Clock
from clients.errors import Refusal
from clients.registers import RegisterItem
from engine.domain.claim import Claim
from engine.domain.layout import AMOUNTS
from engine.domain.movement import (
    AccountAnswer,
    AccountRequest,
    CreditedMember,
    CreditedStep,
    CreditStep,
    Duties,
    Moved,
)
from engine.domain.register import AccountOpening, Institution, Member, Opening
from engine.domain.registration import (
    Changed,
    Changes,
    RegistrationAnswer,
    RegistrationRequest,
)
from engine.domain.request import (
    Accepted,
    Answer,
    BatchAnswer,
    Found,
    GetSettlement,
    ImportOpenings,
    ItemError,
    NothingToReverse,
    PutInstitutions,
    PutMembers,
    Refused,
    Request,
    SettleBatch,
    SupplyFigures,
)
from engine.domain.statement import GetStatement, Statement
from engine.errors import InvalidInput, InvariantBroken
from engine.kernel import kernel_by_name
from engine.pipeline import Pipeline
from engine.rules.book import PlanBook
from engine.rules.plan import RulePlan
from server.guard import check_clock

T = TypeVar("T")

_COLLECT_AFTER: Final = 50_000
"""Objects more than before after which the garbage collector looks."""


def now() -> int:
    """Return the instant, milliseconds UTC."""
    return time.time_ns() // 1_000_000


def open_pipeline(place: Place, kernel: str, clock: Clock | None = None) -> Pipeline:
    """Return a pipeline on a store; a file is made if it is not there.

    Args:
        place: Where the store is.
        kernel: Its name.
        clock: What commits and checkpoints are timed with.

    Raises:
        StoreError: somebody else holds the store, or it cannot be opened.
        Unsafe: its machine's clock is another one than this machine's.
    """
    store = open_store(place)
    if clock is not None:
        time_store(store, clock)
    try:
        pipeline = Pipeline.open(store, known_cities(), kernel_by_name(kernel))
        check_clock(pipeline, now)
        return pipeline
    except BaseException:
        store.close()
        raise


class LocalLedger:
    """A pipeline on a store, in this process; close it to let others have the file."""

    def __init__(
        self,
        store: Place,
        *,
        kernel: str = "fast",
        create: bool = True,
        clock: Clock | None = None,
    ) -> None:
        """Open a store; `clock` times what settling a file takes.

        Raises:
            StoreError: somebody else holds it, or it is none; without `create`, it is not there.
        """
        if not create:
            check_there(store)
        self._clock = clock or Clock()
        with self._clock.stage("open"):
            self.pipeline = open_pipeline(store, kernel, self._clock)
        # What was loaded stays until the end: the garbage collector need not walk it. Nor need it
        # look at every claim of a batch three times: they refer to texts and numbers alone.
        gc.freeze()
        self._collected = gc.get_threshold()
        gc.set_threshold(_COLLECT_AFTER, *self._collected[1:])

    @property
    def book(self) -> PlanBook:
        """The rules with the operator figures supplied so far."""
        return self.pipeline.book

    def plan(self, digest: bytes) -> RulePlan | None:
        """Return the plan with this digest, of those that ever decided a claim."""
        return self.pipeline.plan(digest)

    def settle(self, batches: Iterable[Sequence[Claim]]) -> Iterator[Answers]:
        """Settle batches in order (`clients.gateway.Lane`)."""
        for claims in batches:
            answer = self.ask(SettleBatch(claims), BatchAnswer)
            with self._clock.stage("encode"):
                answers = batch_answers(answer, len(claims))
            yield answers
            if self.pipeline.checkpoint_due:
                self.pipeline.checkpoint()

    def register(self, items: Sequence[RegisterItem]) -> list[ItemError]:
        """Enter register items of one kind; return those that were not taken."""
        request: Request
        if members := [item for item in items if isinstance(item, Member)]:
            request = PutMembers(members)
        elif institutions := [item for item in items if isinstance(item, Institution)]:
            request = PutInstitutions(institutions)
        else:
            openings = [item for item in items if isinstance(item, Opening | AccountOpening)]
            request = ImportOpenings(openings)
        return list(self.ask(request, Accepted).errors)

    def supply(self, figures_json: bytes) -> int:
        """Supply operator figures; return how many were taken."""
        return self.ask(SupplyFigures(figures_json), Accepted).count

    def find(self, request: GetSettlement) -> Found | Refused:
        """Look up a settlement."""
        (answer,) = self.pipeline.run([request], now())
        if isinstance(answer, Found | Refused):
            return answer
        raise unexpected(answer)

    def statement(self, request: GetStatement) -> Statement | Refused:
        """Look up what moved an account.

        Raises:
            InvalidInput: a day is none, or the last is before the first.
        """
        (answer,) = self.pipeline.run([request], now())
        if isinstance(answer, Statement | Refused):
            return answer
        raise unexpected(answer)

    def registration(self, request: RegistrationRequest) -> RegistrationAnswer | Refused:
        """Change a register entry item by item, undo a change, or list changes.

        Raises:
            InvalidInput: the request is malformed.
        """
        (answer,) = self.pipeline.run([request], now())
        if isinstance(answer, Changed | Changes | Refused):
            return answer
        raise unexpected(answer)

    def account(self, request: AccountRequest) -> AccountAnswer | NothingToReverse | Refused:
        """Move an account, take back what moved one, or look up what members contribute.

        Raises:
            InvalidInput: the request is malformed.
        """
        (answer,) = self.pipeline.run([request], now())
        if isinstance(
            answer, Moved | CreditedMember | CreditedStep | Duties | NothingToReverse | Refused
        ):
            return answer
        raise unexpected(answer)

    def credit_run(self, city: str, month: int, *, dry_run: bool = False) -> Iterator[CreditedStep]:
        """Credit the members of a city (area code) for a month, YYYYMM; yield each step, done.

        A run that is broken off has posted the steps that it yielded, and is gone on with by
        another run.

        Raises:
            Refusal: the city is credited nothing for the month; the message says why.
            InvalidInput: there is no such city or month.
        """
        first, finished = 0, False
        while not finished:
            step = self.account(CreditStep(city, month, first, dry_run=dry_run))
            if isinstance(step, Refused):
                raise Refusal(step.message or step.reason.name)
            if not isinstance(step, CreditedStep):
                raise unexpected(step)
            if self.pipeline.checkpoint_due:
                self.pipeline.checkpoint()
            yield step
            first, finished = step.next, step.finished

    def close(self) -> None:
        """Write the checkpoint and close the store."""
        gc.unfreeze()
        gc.set_threshold(*self._collected)
        self.pipeline.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, request: Request, expected: type[T]) -> T:
        """Return the answer to a request, which is of the expected kind.

        Raises:
            InvalidInput: the request is malformed.
        """
        (answer,) = self.pipeline.run([request], now())
        if isinstance(answer, expected):
            return answer
        raise unexpected(answer)


def unexpected(answer: Answer) -> Exception:
    """Return the exception for an answer that is not of the expected kind."""
    if isinstance(answer, ItemError):
        return InvalidInput(answer.path, answer.problem)
    return InvariantBroken(f"the ledger answered {type(answer).__name__}, which was not asked")


def batch_answers(answer: BatchAnswer, count: int) -> Answers:
    """Return what the claims of a batch came to, so many of them, by columns."""
    others: dict[int, RefusedClaim | Malformed] = {
        row: RefusedClaim(refused.reason, refused.message, refused.detail, refused.figure)
        for row, refused in answer.refusals.items()
    }
    others |= {row: Malformed(error.path, error.problem) for row, error in answer.errors.items()}
    is_settled, is_replayed = np.ones(count, dtype=bool), np.zeros(count, dtype=bool)
    is_settled[list(others)] = False
    is_replayed[list(answer.replayed)] = True
    settled = np.flatnonzero(is_settled)
    entries = answer.entries[:count]
    result = entries["result"]
    plans, places = np.unique(entries["row"]["plan"][settled], return_inverse=True)
    return Answers(
        settled=settled,
        settlement_ids=entries["link"]["position"][settled],
        amounts=np.stack([result[name][settled] for name in AMOUNTS]),
        benefits=entries["row"]["benefit"][settled],
        reasons=result["reason"][settled],
        replayed=is_replayed[settled],
        plans=places,
        plan_digests=[answer.plan_digests[plan] for plan in plans.tolist()],
        others=others,
    )
