"""What moves a personal account outside of a claim: payments, credits, disposals, and their undo.

An `Act` is what the journal keeps beside the amounts. The requests and answers are those of the
pipeline.
"""

import json
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from engine.domain.account import DisposalEvent, DisposalOutcome, Product, Purpose, Relation
from engine.domain.reasons import Reason
from engine.domain.registration import DecidedBy


class MovementKind(IntEnum):
    """What moved an account. An undo has the kind of what it takes back."""

    CREDIT = 1
    PAYMENT = 2
    DISPOSAL = 3
    BARRED = 4
    """A request id that was reversed before it arrived; it moves nothing."""


@dataclass(frozen=True, slots=True)
class Act:
    """What moved one account, or of a credit of a month many, as the journal keeps it.

    What a kind has no use for is left at its default. Days are YYYYMMDD, months YYYYMM.
    """

    kind: MovementKind
    plan: int = -1
    """Number of the account plan that decided, by appearance in the journal."""
    citations: tuple[int, ...] = ()
    """What decided, positions in the plan's citations; of a credit its rules say it."""
    institution: str = ""
    """Who asked; empty: the city agency. Request ids are its own."""
    request_id: str = ""
    """Of an undo, its own."""
    undoes: int = 0
    """Journal position of the movement that it takes back, 0: it is no undo."""
    original: str = ""
    """Of an undo, the id of the request that it takes back, which stays used up; a credit has none.
    Of a barred one, the id that is barred."""
    city: str = ""
    """Of a credit: area code."""
    month: int = 0
    """Of a credit."""
    day: int = 0
    """Of a payment or a disposal."""
    person: str = ""
    """For whom a payment was made; empty: the owner."""
    relation: int = 0
    """What that person is to the owner, `Relation`."""
    purpose: int = 0
    product: int = 0
    amount_fen: int = 0
    """What the account was asked to pay."""
    event: int = 0
    """Of a disposal, `DisposalEvent`."""
    to_area: str = ""
    beneficiary: bool = False
    application: str = ""
    """Reference of the application for the balance; empty: nobody has applied."""
    proof: str = ""
    """Reference of the document that proves the event."""
    outcome: int = 0
    """`DisposalOutcome`."""

    @property
    def closes(self) -> bool:
        """Whether it ends the account: a disposal, unless the balance is kept."""
        return self.kind == MovementKind.DISPOSAL and self.outcome != DisposalOutcome.KEPT


_DEFAULTS: Final = asdict(Act(MovementKind.CREDIT))
_CODES: Final[dict[str, frozenset[int]]] = {
    "relation": frozenset(Relation),
    "purpose": frozenset(Purpose),
    "product": frozenset(Product),
    "event": frozenset(DisposalEvent),
    "outcome": frozenset(DisposalOutcome),
}
"""The fields that hold codes, 0 apart."""


def act_to_json(act: Act) -> bytes:
    """Return an act as canonical JSON; what is at its default is left out."""
    raw = {
        name: value
        for name, value in asdict(act).items()
        if name == "kind" or value != _DEFAULTS[name]
    }
    return json.dumps(raw, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def act_from_json(data: bytes) -> Act:
    """Return the act that `act_to_json` wrote.

    Raises:
        ValueError: `data` is no JSON of an act: a name, a type or a code is unknown.
    """
    raw = json.loads(data)
    if not isinstance(raw, dict) or "kind" not in raw:
        raise ValueError("an act has a kind")
    for name, value in raw.items():
        if name == "citations":
            good = isinstance(value, list) and all(type(number) is int for number in value)
        else:
            wanted = int if name == "kind" else type(_DEFAULTS.get(name))
            good = type(value) is wanted
        if not good or (name in _CODES and value and value not in _CODES[name]):
            raise ValueError(f"{name} of an act is unknown, or not of its type")
    raw["kind"] = MovementKind(raw["kind"])
    raw["citations"] = tuple(raw.get("citations", ()))
    return Act(**raw)


# --- requests ----------------------------------------------------------------------------


class Pay(NamedTuple):
    """Pay something other than a settled claim from an account; too small a balance pays in part.

    `institution` is where it was bought, and asks; empty: the agency asks, for what is bought at
    none. `product` is that of a premium.
    """

    institution: str
    request_id: str
    member: str
    """The owner of the account."""
    day: int
    purpose: int
    amount_fen: int
    product: int = 0
    person: str = ""
    """For whom; empty: the owner."""


class CreditMember(NamedTuple):
    """Credit a member for a month, YYYYMM. Asked again, what has changed since is posted."""

    member: str
    month: int


class CreditStep(NamedTuple):
    """Credit the next members of a city for a month: one step of a credit run.

    A run is steps until one is the last. It may be broken off, or run again, at any time: what was
    posted for the month before counts, and differences alone are posted.
    """

    city: str
    month: int
    first: int = 0
    """Register number of the first member to look at: `CreditedStep.next` of the step before."""
    at_most: int = 20_000
    """How many members of the register to look at, of any city."""
    dry_run: bool = False


class Dispose(NamedTuple):
    """End an account, or move it, as the documents say of an event."""

    request_id: str
    member: str
    day: int
    event: int
    """`DisposalEvent`."""
    to_area: str = ""
    """Administrative code of where the member goes; empty: stays in the city."""
    beneficiary: bool = False
    application: str = ""
    """Reference of the application; empty: nobody has applied."""
    proof: str = ""
    """Reference of the document that proves the event."""


class UndoMovement(NamedTuple):
    """Take back what an institution, or (empty) the agency, had moved.

    By `movement` (cancel), or by the id of a request whose answer was lost (reverse), which is then
    barred if it has not arrived. One of the two is given.
    """

    institution: str
    request_id: str
    """The undo's own."""
    movement: int = 0
    original_request_id: str = ""


class GetDuty(NamedTuple):
    """Look up what a member of a city contributes to each product on a day."""

    city: str
    day: int


AccountRequest = Pay | CreditMember | CreditStep | Dispose | UndoMovement | GetDuty


# --- answers -----------------------------------------------------------------------------


class Moved(NamedTuple):
    """A payment, a disposal, or an undo of any movement."""

    position: int
    """In the journal: its id."""
    act: Act
    member: str
    fen: int
    """What was added to the account; negative where it paid."""
    balance_fen: int
    """Afterwards."""
    clauses: tuple[DecidedBy, ...] = ()
    replayed: bool = False


class PartPosted(NamedTuple):
    """One part of a credit, by the rule that gives it."""

    part: int
    """`CreditPart`."""
    fen: int
    clauses: tuple[DecidedBy, ...]


class CreditedMember(NamedTuple):
    """The credit of a member for a month."""

    member: str
    month: int
    fen: int
    """The whole credit of the month."""
    moved_fen: int
    """What was posted now; 0: it was posted before, or there is none."""
    short_fen: int
    """What was credited too much before and the balance is too small to give back."""
    balance_fen: int
    position: int
    """In the journal, 0: nothing was posted."""
    parts: tuple[PartPosted, ...] = ()


class RuleTotal(NamedTuple):
    """What one rule gave in a step of a credit run."""

    part: int
    """`CreditPart`."""
    rule: int
    """Position in the plan's credits."""
    members: int
    fen: int
    clauses: tuple[DecidedBy, ...]


class ReasonTotal(NamedTuple):
    """Members for whom no credit is determined."""

    reason: Reason
    members: int
    missing: str
    """The figure or the member's field that is missing."""
    example: str
    """Id of the first of them."""


class CreditedStep(NamedTuple):
    """What a step of a credit run did; a report of the run adds the steps up."""

    next: int
    """Register number to go on with."""
    registered: int
    """Members in the register, of every city."""
    members: int
    """Members of the city in this step."""
    credit_fen: int
    """Their credits of the month, whole; the rules' totals add up to it."""
    before_fen: int
    """What was posted for the month before this step, to those whose credit is determined."""
    posted: int
    """Accounts that were moved."""
    posted_fen: int
    """By how much: what was added less what was taken back."""
    taken_back_fen: int
    """Of that, what was taken back, as a positive amount."""
    short_fen: int
    """What should have been taken back and was not there."""
    without_account: int
    """Members whose mode of insurance has no account."""
    rules: tuple[RuleTotal, ...]
    reasons: tuple[ReasonTotal, ...]
    dry_run: bool

    @property
    def finished(self) -> bool:
        """Whether this step was the last."""
        return self.next >= self.registered


class Duty(NamedTuple):
    """What a member contributes to one product a month; `NO_RULE`: the documents do not say."""

    product: int
    """`ContributionProduct`."""
    reason: Reason
    fen: int
    clauses: tuple[DecidedBy, ...]


class Duties(NamedTuple):
    """The contribution duties of a city on a day."""

    city: str
    day: int
    duties: tuple[Duty, ...]


AccountAnswer = Moved | CreditedMember | CreditedStep | Duties
