"""Ledger, then store, then durable: the synchronous composition that answers requests.

The one place that knows both the ledger and the store. It is for one thread at a time.
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

import numpy as np

from engine.domain.journal import Segment, SegmentKind
from engine.domain.movement import CreditStep, GetDuty
from engine.domain.parts import is_last_part
from engine.domain.registration import ChangeRegister, ListChanges, Select, UndoChange
from engine.domain.request import (
    Answer,
    Entry,
    GetCounters,
    GetSettlement,
    Request,
    SettleBatch,
)
from engine.domain.signals import Limits, Signal
from engine.domain.statement import GetStatement
from engine.errors import InvariantBroken, OutcomeUnknown, StoreError
from engine.kernel import FAST, Kernel
from engine.ledger.change import figures_of
from engine.ledger.ledger import Applied, Ledger
from engine.rules.book import PlanBook
from engine.rules.canonical import canonical_json
from engine.rules.model import CityRules
from engine.rules.plan import RulePlan
from engine.signals import Progress, find_signals
from engine.state.state import State
from engine.store.backup import Backup
from engine.store.protocol import Store

CHECKPOINT_USES = 500_000
"""Request ids and visits after which a checkpoint is due, if nothing was idle long enough before.

Few large checkpoints cost least: neighbours share a row, so the more of them changed, the less a
change costs. What they cost is memory for each id since the last one, and the time to fold as many
claims after a crash.
"""

USES_A_ROW = 8
"""So many ids must share each changed row of members as well, or a checkpoint is not due yet."""

_CHECKPOINT_USES_MAX: Final = 8
"""How many times `CHECKPOINT_USES` it waits for that at the most."""

_QUIET_USES_A_ROW: Final = 2
_QUIET_ROWS: Final = 1_000
"""In a quiet moment so few ids need to share a row, or so few rows need to have changed."""

_WHOLE: Final = 1 << 62

_RULING: Final = (SegmentKind.PLAN, SegmentKind.ACCOUNT_PLAN, SegmentKind.FIGURES)
"""What the ledger has taken note of beside the state."""


class Pipeline:
    """Answers requests; what it answers is durable."""

    def __init__(
        self, store: Store, cities: Mapping[str, CityRules], kernel: Kernel, state: State
    ) -> None:
        self._store = store
        self._cities = cities
        self._kernel = kernel
        self._state = state
        self._ledger = self._new_ledger()
        self._checkpoint = self._begun = store.checkpoint_sequence
        """The last checkpoint that the state knows of, and the last one that it began."""
        self._not_before = 0
        """How many uses it takes until a checkpoint is due again that another process writes."""
        self._broken = False
        """Whether the process must stop."""
        self._outdated = False
        """Whether the state has to be taken from the journal again."""
        self._ruled = False
        """Whether others appended what the ledger takes note of beside the state."""

    @classmethod
    def open(cls, store: Store, cities: Mapping[str, CityRules], kernel: Kernel = FAST) -> Self:
        """Return a pipeline on a store, its state recovered from checkpoint and journal.

        Raises:
            StoreError: the store cannot be read, or this process may not write it.
            InvariantBroken: the journal is not what it should be.
        """
        store.check_rights()
        return cls(store, cities, kernel, recover(store))

    def run(self, requests: Sequence[Request], instant: int) -> list[Answer]:
        """Apply requests in order, make them durable, and return their answers.

        Args:
            requests: What is asked; each is atomic, the sequence is not.
            instant: Milliseconds UTC, recorded with the entries, never an input to an amount.

        Raises:
            StoreError: nothing was recorded; the same requests may be sent again.
            OutcomeUnknown: the process must stop; on recovery, look the ids up.
        """
        applied = self.apply(requests, instant)
        self.commit(applied)
        return applied.answers

    def apply(self, requests: Sequence[Request], instant: int) -> Applied:
        """Apply requests in order; `commit` what came of them before anything else is applied.

        Args:
            requests: As of `run`.
            instant: As of `run`.

        Raises:
            StoreError: nothing was recorded; the same requests may be sent again.
            OutcomeUnknown: the process must stop; on recovery, look the ids up.
        """
        self._follow(writes=not all(map(_looks, requests)))
        if not all(map(_reads, requests)):
            self._store.require_space()
        self._broken = True  # until the journal has followed the state, or the state the journal
        try:
            applied = self._ledger.apply(requests, instant)
        except StoreError:
            self._start_again()
            raise
        self._broken = bool(applied.segments)
        if not applied.segments:
            self._store.release()
        return applied

    @property
    def is_shared(self) -> bool:
        """Whether other processes may write the store as well: then every request waits for it."""
        return self._store.is_shared

    def follow(self) -> None:
        """Take what other processes have appended to a shared store.

        Raises:
            StoreError: the store cannot be reached; it may be tried again.
            OutcomeUnknown: the process must stop.
        """
        if self._store.is_shared:
            self._follow(writes=False)
            self._store.release()

    def _follow(self, *, writes: bool) -> None:
        """Begin a transaction on a shared store, and take what others have appended."""
        if self._broken:
            raise OutcomeUnknown("an earlier request failed half-way; stop and recover")
        if self._outdated:
            self._start_again()
        self._broken = True  # if the journal does not continue, nothing may rest on the state
        try:
            for sequence, segment in self._store.follow(writes=writes):
                self._fold(sequence, segment)
        except StoreError:
            self._broken = False
            raise
        self._learn_checkpoint()
        if self._ruled:
            self._ledger = self._new_ledger()
            self._ruled = False
        self._broken = False

    def _fold(self, sequence: int, segment: Segment) -> None:
        """Take a segment of another process, of which the tables may know already."""
        try:
            self._state.fold(segment, held_only=sequence <= self._store.checkpoint_sequence)
        except StoreError:
            self._outdated = True  # half of it may be folded
            raise
        self._ruled = self._ruled or segment.kind in _RULING

    def _learn_checkpoint(self) -> None:
        """Take note of a checkpoint that another process has written."""
        if self._store.checkpoint_sequence != self._checkpoint:
            self._checkpoint = self._store.checkpoint_sequence
            self._state.learn_checkpoint(self._store.checkpoint_position)

    def commit(self, applied: Applied) -> None:
        """Make what was applied durable; only then it may be answered. Another thread may do it.

        Raises:
            StoreError: nothing was recorded; the same requests may be sent again.
            OutcomeUnknown: the process must stop; on recovery, look the ids up.
        """
        if not applied.segments:
            return
        under_way = self._store.checkpoint_under_way
        try:
            self._store.append(applied.segments)
        except StoreError:
            self._start_again()
            raise
        if under_way:
            self._look_at_checkpoint()
        self._broken = False

    def _look_at_checkpoint(self) -> None:
        """Note what became of a checkpoint that was under way."""
        if self._store.checkpoint_lost:
            self._outdated = True
        elif not self._store.checkpoint_under_way:
            if self._store.checkpoint_sequence == self._begun:
                self._checkpoint = self._begun
            self._state.end_checkpoint()

    def _start_again(self) -> None:
        """Take the state from the journal again, of which it was ahead.

        Raises:
            StoreError: the store cannot be read; it is tried again before the next request.
        """
        self._broken, self._outdated = False, True
        self._store.drop_checkpoint()
        self._state = recover(self._store)
        self._checkpoint = self._store.checkpoint_sequence
        self._ledger = self._new_ledger()
        self._outdated = False

    def plan(self, digest: bytes) -> RulePlan | None:
        """Return the plan with this digest, of those that ever decided an entry or a preview."""
        number = self._state.plan_numbers.get(digest)
        return None if number is None else self._state.plans.plans[number]

    def entries(self) -> Iterator[Entry]:
        """Yield every durable act of the journal in order, the parts of a claim together."""
        parts: list[np.void] = []
        for _, segment in self._store.segments(self._store.sequence, 0):
            if segment.kind == SegmentKind.ENTRIES:
                for record, text in segment.entry_texts():
                    parts.append(record)
                    if is_last_part(record):
                        yield self._ledger.entry(parts, text)
                        parts = []

    def signals(
        self, first_day: int, last_day: int, limits: Limits, progress: Progress
    ) -> Iterator[Signal]:
        """Yield what is worth a look in the payments of every account, account by account.

        One pass over the whole journal; days are those on which the ledger booked, YYYYMMDD, both
        included.
        """
        members, institutions = self._state.members, self._state.institutions
        days = first_day, last_day
        return find_signals(self._store, members, institutions, days, limits, progress)

    @property
    def book(self) -> PlanBook:
        """Return the rules with the operator figures supplied so far."""
        return self._ledger.book

    @property
    def checkpoint_due(self) -> bool:
        """Whether enough has changed for a checkpoint to pay, and none is under way."""
        uses = self._state.uses
        return (
            uses >= max(CHECKPOINT_USES, self._not_before)
            and not self._store.checkpoint_under_way
            and uses >= min(USES_A_ROW * self._state.rows, _CHECKPOINT_USES_MAX * CHECKPOINT_USES)
        )

    @property
    def quiet_checkpoint_due(self) -> bool:
        """Whether a checkpoint is under way, or pays where nothing else is to be done.

        It does not where it would write more than folding as much again costs after a crash.
        """
        state = self._state
        few = state.rows <= max(_QUIET_ROWS, state.uses // _QUIET_USES_A_ROW)
        return self._store.checkpoint_under_way or (few and state.changes > 0)

    def begin_checkpoint(self) -> None:
        """Begin to bring the lagging tables up to the journal; commits carry it on from now on.

        Answers do not depend on it.

        Raises:
            StoreError: the store cannot be written.
        """
        if self._broken or self._outdated or self._store.checkpoint_under_way:
            return
        if not self._state.changes:
            return
        if not self._store.claim_checkpoint():
            self._not_before = self._state.uses + CHECKPOINT_USES // 16
            return
        self._not_before = 0
        self._learn_checkpoint()
        self._broken = True  # what the state has handed over, nobody but the store would write
        taken = self._state.begin_checkpoint(self._store.sequence)
        self._begun = taken.sequence
        if taken.sequence == self._store.checkpoint_sequence:
            self._state.end_checkpoint()  # previews alone: they moved nothing
        else:
            try:
                self._store.begin_checkpoint(taken)
            except StoreError:
                self._start_again()
                raise
        self._broken = False

    def write_checkpoint(self, room: int) -> bool:
        """Write about so many bytes of a checkpoint under way; return whether none is any more.

        Raises:
            StoreError: this part was not written; it may be tried again.
            OutcomeUnknown: the process must stop.
        """
        if self._store.checkpoint_under_way and not self._broken:
            self._store.write_checkpoint(room)
            self._look_at_checkpoint()
        return not self._store.checkpoint_under_way

    def warnings(self) -> list[str]:
        """Return what an operator should know of how the store is set up; often nothing.

        Raises:
            StoreError: the store cannot be reached.
        """
        return self._store.warnings()

    def introduce(self, version: str) -> tuple[str, list[str]]:
        """Say which version serves the store with which rules; return that, and what others say.

        Args:
            version: Of the program.

        Raises:
            StoreError: the store cannot be reached.
        """
        rules = sha256(canonical_json(self._cities)).hexdigest()
        name = f"rules {rules[:16]}, version {version}"
        return name, self._store.introduce(name)

    def store_now(self) -> int | None:
        """Return the instant by the clock of the store's machine if it is another one.

        Milliseconds UTC.

        Raises:
            StoreError: the store cannot be reached.
        """
        return self._store.now()

    def back_up(self, folder: Path) -> Backup:
        """Begin a copy of the store in a folder; its steps are taken between requests.

        Raises:
            BackupError: it cannot be made there, or something else makes copies of this store.
        """
        return self._store.back_up(folder)

    def checkpoint(self) -> None:
        """Bring the lagging tables up to the journal, from beginning to end."""
        self._store.release()  # of a request that was broken off
        self.write_checkpoint(_WHOLE)
        self.begin_checkpoint()
        self.write_checkpoint(_WHOLE)

    def close(self) -> None:
        """Checkpoint and close the store; a second call does nothing.

        A shared store that cannot be reached is left as it is: the journal has everything.
        """
        try:
            self.checkpoint()
        except StoreError:
            if not self._store.is_shared:
                raise
        finally:
            self._store.close()

    def _new_ledger(self) -> Ledger:
        book = PlanBook(self._cities, figures_of(self._state.figures))
        return Ledger(self._state, book, self._kernel)


def _reads(request: Request) -> bool:
    """Return whether a request books nothing, so that a full disk is no hindrance."""
    match request:
        case SettleBatch(preview=tried):
            return tried
        case ChangeRegister(dry_run=tried) | UndoChange(dry_run=tried) | Select(dry_run=tried):
            return tried
        case CreditStep(dry_run=tried):
            return tried
    return _looks(request)


def _looks(request: Request) -> bool:
    """Return whether a request leaves nothing behind, not even a plan that it was tried under."""
    return isinstance(request, GetSettlement | GetCounters | GetStatement | GetDuty | ListChanges)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking registers again and again while they grow.

    They have millions of objects and no cycles: it finds nothing, and takes most of the time.
    """
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def recover(store: Store) -> State:
    """Return the state that the store's checkpoint and journal stand for."""
    with _collector_paused(), store.snapshot():
        state = State(store)
        state.next_position = store.checkpoint_position + 1
        for _, segment in store.segments(0, store.checkpoint_sequence):
            state.fold(segment)
    if state.next_position != store.last_position + 1:
        raise InvariantBroken(
            f"the journal ends at {store.last_position}, its fold at {state.next_position - 1}"
        )
    return state
