"""Cases inside this process: the pipeline on a temporary SQLite store."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from clients.cli.cases.outcome import (
    CANCELLED,
    SETTLED,
    LaneError,
    Outcome,
    Registers,
    not_taken,
    of_account,
    selected,
)
from engine.digest import ResultDigest
from engine.domain.claim import Claim
from engine.domain.codes import Benefit
from engine.domain.layout import AMOUNTS
from engine.domain.movement import CreditMember, Dispose, Pay
from engine.domain.reasons import Reason
from engine.domain.registration import Select
from engine.domain.request import (
    Accepted,
    Answer,
    BatchAnswer,
    Cancel,
    Counters,
    GetCounters,
    ImportOpenings,
    PutInstitutions,
    PutMembers,
    Request,
    Reverse,
    SettleBatch,
    SupplyFigures,
    Undone,
)
from engine.kernel import kernel_by_name
from engine.pipeline import Pipeline
from engine.rules.figures import Figure, to_json
from engine.rules.model import CityRules
from engine.rules.plan import RulePlan
from engine.store.sqlite import SqliteStore

FindPlan = Callable[[bytes], RulePlan | None]
"""Finds the plan of a digest."""
Watch = Callable[[Sequence[Claim], BatchAnswer, FindPlan], None]
"""Is told of every batch of claims and its answer."""


class InProcessLane:
    """A pipeline of its own with one kernel; the store is removed when the lane is closed."""

    def __init__(
        self,
        kernel: str,
        cities: Mapping[str, CityRules],
        figures: Sequence[Figure],
        watch: Watch | None = None,
    ) -> None:
        self.digest = ResultDigest()
        self._figures = figures
        self._watch = watch
        self._folder = tempfile.TemporaryDirectory(prefix="gongji-cases-")
        store = SqliteStore.open(Path(self._folder.name) / "ledger.sqlite")
        try:
            self._pipeline = Pipeline.open(store, kernel=kernel_by_name(kernel), cities=cities)
        except BaseException:
            store.close()
            self._folder.cleanup()
            raise

    def prepare(self, registers: Registers) -> None:
        """Supply the figures and fill the registers."""
        requests: list[Request] = [
            SupplyFigures(to_json(self._figures)),
            PutMembers(registers.members),
            PutInstitutions(registers.institutions),
            ImportOpenings(registers.openings),
        ]
        for request in requests:
            answer = self._ask(request)
            if not isinstance(answer, Accepted) or answer.errors:
                raise LaneError(f"{type(request).__name__} was not taken: {answer}")

    def settle(self, claims: Sequence[Claim], preview: bool) -> list[Outcome]:
        """Settle or preview claims as one batch."""
        answer = self._ask(SettleBatch(claims, preview))
        if not isinstance(answer, BatchAnswer):
            return [not_taken(answer)] * len(claims)
        if self._watch:
            self._watch(claims, answer, self._pipeline.plan)
        if not preview:
            self.digest.add_batch(claims, answer)
        return [_row(answer, row) for row in range(len(claims))]

    def undo(self, request: Cancel | Reverse) -> Outcome:
        """Undo a settlement."""
        answer = self._ask(request)
        if isinstance(answer, Undone):
            if not answer.replayed:
                self.digest.add(answer.entry)
            return Outcome(CANCELLED)
        return not_taken(answer)

    def select(self, request: Select) -> Outcome:
        """Select an institution."""
        return selected(self._ask(request))

    def account(self, request: Pay | CreditMember | Dispose) -> Outcome:
        """Pay from an account, credit or dispose of it."""
        return of_account(self._ask(request))

    def counters(self, member: str, year: int) -> Counters:
        """Return the counters of a member-year."""
        answer = self._ask(GetCounters(member, year))
        if not isinstance(answer, Counters):
            raise LaneError(f"no counters of {member} in {year}: {answer}")
        return answer

    def close(self) -> None:
        """Close the store and remove it."""
        self._pipeline.close()
        self._folder.cleanup()

    def _ask(self, request: Request) -> Answer:
        return self._pipeline.run([request], time.time_ns() // 1_000_000)[0]


def settled(record: np.void) -> Outcome:
    """Return the outcome that a journal entry of a settlement stands for."""
    result = record["result"]
    reason = int(result["reason"])
    return Outcome(
        SETTLED,
        reason=Reason(reason).name if reason else "",
        benefit=Benefit(int(record["row"]["benefit"])).name.lower(),
        amounts={name: int(result[name]) for name in AMOUNTS},
        settlement_id=int(record["link"]["position"]),
    )


def _row(answer: BatchAnswer, row: int) -> Outcome:
    if row in answer.errors:
        return not_taken(answer.errors[row])
    if row in answer.refusals:
        return not_taken(answer.refusals[row])
    return settled(answer.entries[row])
