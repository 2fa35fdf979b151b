"""Single requests merged into batches, bulk messages cut in chunks, and the answers back."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from engine.domain.claim import Claim
from engine.domain.journal import EntryText
from engine.domain.layout import ENTRY, Array, opaque
from engine.domain.movement import AccountRequest
from engine.domain.registration import RegistrationRequest
from engine.domain.request import (
    Accepted,
    Answer,
    BatchAnswer,
    Cancel,
    Entry,
    Found,
    GetCounters,
    GetSettlement,
    ImportOpenings,
    ItemError,
    PartEntry,
    PutInstitutions,
    PutMembers,
    Refused,
    Request,
    Reverse,
    SettleBatch,
    SupplyFigures,
    Undone,
)
from engine.domain.statement import GetStatement


class SettleOne(NamedTuple):
    """Settle, or preview, one claim."""

    claim: Claim
    preview: bool = False


class SettleSome(NamedTuple):
    """Settle, or preview, the few claims of one message; the answer is a `BatchAnswer` of them."""

    claims: Sequence[Claim]
    preview: bool = False


class Settled(NamedTuple):
    """The claim was settled, now or before; a preview has position 0."""

    entry: Entry
    replayed: bool


Single = (
    SettleOne
    | SettleSome
    | Cancel
    | Reverse
    | GetSettlement
    | GetCounters
    | GetStatement
    | SupplyFigures
    | RegistrationRequest
    | AccountRequest
)
Bulk = SettleBatch | PutMembers | PutInstitutions | ImportOpenings


# --- single requests ---------------------------------------------------------------------


class Place(NamedTuple):
    """Where the answer to an ask is: the request that stands for it, and the first row of it."""

    request: int
    row: int = 0


def merge(asks: Sequence[Single | None]) -> tuple[list[Request], list[Place | None]]:
    """Return requests, and for each ask the place of its answer.

    Neighbouring claims are settled as one batch; None is passed over.
    """
    requests: list[Request] = []
    places: list[Place | None] = []
    claims: list[Claim] = []
    for ask in asks:
        if isinstance(ask, SettleOne | SettleSome):
            last = requests[-1] if requests else None
            if not isinstance(last, SettleBatch) or last.preview != ask.preview:
                claims = []
                requests.append(SettleBatch(claims, ask.preview))
            places.append(Place(len(requests) - 1, len(claims)))
            if isinstance(ask, SettleOne):
                claims.append(ask.claim)
            else:
                claims += ask.claims
        elif ask is not None:
            requests.append(ask)
            places.append(Place(len(requests) - 1))
        else:
            places.append(None)
    return requests, places


def weight(ask: object) -> int:
    """Return how many claims an ask is, 1 if it is something else."""
    return len(ask.claims) if isinstance(ask, SettleSome) else 1


def _rows_of(answer: BatchAnswer, first: int, count: int) -> BatchAnswer:
    """Return the answer to `count` claims of a batch, from row `first` on."""
    if count == len(answer.entries):
        return answer
    here = range(first, first + count)
    return BatchAnswer(
        answer.entries[first : first + count],
        answer.plan_digests,
        {row - first: refused for row, refused in answer.refusals.items() if row in here},
        {
            row - first: ItemError(row - first, error.path, error.problem)
            for row, error in answer.errors.items()
            if row in here
        },
        frozenset(row - first for row in answer.replayed if row in here),
        {row - first: parts for row, parts in answer.parts.items() if row in here},
    )


def reply_of(answer: Answer, row: int, ask: object) -> object:
    """Return the reply to one ask: the answer itself, or its row of a batch."""
    if not isinstance(answer, BatchAnswer):
        return answer
    if isinstance(ask, SettleSome):
        return _rows_of(answer, row, len(ask.claims))
    if not isinstance(ask, SettleOne):
        return answer
    if row in answer.refusals:
        return answer.refusals[row]
    if row in answer.errors:
        return answer.errors[row]
    claim, record = ask.claim, answer.entries[row]
    entry = Entry(
        record=record,
        text=EntryText(
            "",
            claim.request_id,
            claim.visit,
            claim.disease,
            claim.admission,
            claim.prescription,
        ),
        institution=claim.institution,
        member=claim.member,
        prescriber=claim.prescriber,
        plan_digest=answer.plan_digests[int(record["row"]["plan"])],
        parts=parts_of_row(answer, row),
        payer=claim.payer,
    )
    return Settled(entry, row in answer.replayed)


def is_settled(answer: Answer, row: int) -> bool:
    """Return whether an answer is a batch's, and this claim of it was settled, now or before."""
    if not isinstance(answer, BatchAnswer):
        return False
    return row not in answer.refusals and row not in answer.errors


def parts_of_row(answer: BatchAnswer, row: int) -> tuple[PartEntry, ...]:
    """Return the parts of a claim of several benefits, empty of any other."""
    return tuple(
        PartEntry(part, answer.plan_digests[int(part["row"]["plan"])])
        for part in answer.parts.get(row, ())
    )


def digests(answer: Answer) -> Iterator[bytes]:
    """Yield the digests of the plans that decided an answer."""
    match answer:
        case BatchAnswer():
            yield from answer.plan_digests.values()
        case Undone() | Found():
            yield answer.entry.plan_digest
            yield from (part.plan_digest for part in answer.entry.parts)
        case Refused():
            yield answer.plan_digest


# --- bulk messages -----------------------------------------------------------------------


class Message:
    """A bulk message on its way: what is left of it, and the answers so far."""

    __slots__ = ("answers", "finish", "request", "start", "starts")

    def __init__(self, request: Bulk, finish: Callable[[Any, int], None]) -> None:
        self.request = request
        self.finish = finish
        self.start = 0
        self.starts: list[int] = []
        """Where each chunk that was taken begins."""
        self.answers: list[Answer] = []

    def chunk(self, size: int) -> Bulk:
        """Return the next part of the message."""
        start = self.start
        self.start += size
        self.starts.append(start)
        match self.request:
            case SettleBatch(claims, preview):
                return SettleBatch(claims[start : self.start], preview)
            case PutMembers(members):
                return PutMembers(members[start : self.start])
            case PutInstitutions(institutions):
                return PutInstitutions(institutions[start : self.start])
            case ImportOpenings(openings):
                return ImportOpenings(openings[start : self.start])

    @property
    def finished(self) -> bool:
        """Whether every part was taken."""
        return self.start >= len(self.request[0])

    def answer(self) -> Answer:
        """Return the answer to the whole message."""
        return _joined(self.answers, self.starts)


def _joined(answers: Sequence[Answer], starts: Sequence[int]) -> Answer:
    """Return the answer to a message from the answers to its chunks, which begin at `starts`."""
    first = answers[0]
    if len(answers) == 1:
        return first
    if isinstance(first, BatchAnswer):
        return _joined_batches([a for a in answers if isinstance(a, BatchAnswer)], starts)
    if isinstance(first, Accepted):
        taken = [answer for answer in answers if isinstance(answer, Accepted)]
        errors = tuple(
            ItemError(start + error.index, error.path, error.problem)
            for start, answer in zip(starts, taken, strict=True)
            for error in answer.errors
        )
        return Accepted(sum(answer.count for answer in taken), errors)
    return first


def _joined_batches(answers: Sequence[BatchAnswer], starts: Sequence[int]) -> BatchAnswer:
    plan_digests: dict[int, bytes] = {}
    refusals: dict[int, Refused] = {}
    errors: dict[int, ItemError] = {}
    replayed: set[int] = set()
    parts: dict[int, Array] = {}
    for start, answer in zip(starts, answers, strict=True):
        plan_digests |= answer.plan_digests
        refusals |= {start + row: refused for row, refused in answer.refusals.items()}
        errors |= {
            start + row: ItemError(start + row, error.path, error.problem)
            for row, error in answer.errors.items()
        }
        replayed |= {start + row for row in answer.replayed}
        parts |= {start + row: of_row for row, of_row in answer.parts.items()}
    entries = np.concatenate([opaque(answer.entries) for answer in answers]).view(ENTRY)
    return BatchAnswer(entries, plan_digests, refusals, errors, frozenset(replayed), parts)
