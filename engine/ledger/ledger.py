"""The ledger: a deterministic state machine over requests.

The same requests on the same state, at the same instants, give the same segments and answers. It
does no input or output but reads of entries and lagging tables through the state.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.domain.journal import EntryText, Segment
from engine.domain.registration import ChangeRegister, ListChanges, Select, UndoChange
from engine.domain.request import (
    Answer,
    Cancel,
    Entry,
    GetCounters,
    GetSettlement,
    ImportOpenings,
    ItemError,
    PutInstitutions,
    PutMembers,
    Request,
    Reverse,
    SettleBatch,
    SupplyFigures,
)
from engine.domain.statement import GetStatement
from engine.errors import InvalidInput
from engine.kernel import Kernel
from engine.ledger import account, change, lookup, registration, settle, statement, undo
from engine.ledger.context import Context
from engine.rules.book import PlanBook
from engine.state.state import State


class Applied(NamedTuple):
    """What applying requests gave: segments to make durable, then answers to give."""

    segments: list[Segment]
    answers: list[Answer]


class Ledger:
    """Applies requests to a state.

    Once `apply` returns, the state is ahead of the journal until its segments are durable.
    """

    def __init__(self, state: State, book: PlanBook, kernel: Kernel) -> None:
        self._context = Context(state, book, kernel)

    @property
    def book(self) -> PlanBook:
        """Return the rules with the operator figures supplied so far."""
        return self._context.book

    def entry(self, parts: Sequence[np.void], text: EntryText) -> Entry:
        """Return an act of the journal, of one entry or more, with the ids it names."""
        return self._context.entry(parts, text)

    def apply(self, requests: Sequence[Request], instant: int) -> Applied:
        """Apply requests in order; `instant` is milliseconds UTC, recorded and never used."""
        self._context.begin(instant)
        answers = [self._answer(request) for request in requests]
        return Applied(self._context.finish(), answers)

    def _answer(self, request: Request) -> Answer:
        try:
            return self._apply(request)
        except InvalidInput as error:
            return ItemError(0, error.path, error.problem)

    def _apply(self, request: Request) -> Answer:
        context = self._context
        match request:
            case SettleBatch():
                return settle.settle(context, request)
            case Cancel():
                return undo.cancel(context, request)
            case Reverse():
                return undo.reverse(context, request)
            case GetSettlement():
                return lookup.find_settlement(context, request)
            case GetCounters():
                return lookup.find_counters(context, request)
            case GetStatement():
                return statement.find_statement(context, request)
            case PutMembers():
                return change.put_members(context, request.members)
            case PutInstitutions():
                return change.put_institutions(context, request.institutions)
            case ImportOpenings():
                return change.import_openings(context, request.openings)
            case SupplyFigures():
                return change.supply_figures(context, request.figures_json)
            case ChangeRegister() | UndoChange() | Select() | ListChanges():
                return registration.answer(context, request)
            case _:
                return account.answer(context, request)
