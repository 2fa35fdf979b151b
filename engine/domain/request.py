"""What the pipeline is asked, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from engine.domain.claim import Claim
from engine.domain.codes import Level
from engine.domain.journal import EntryText
from engine.domain.layout import Array
from engine.domain.movement import AccountAnswer, AccountRequest
from engine.domain.reasons import Detail, Reason
from engine.domain.register import AccountOpening, Institution, Member, Opening
from engine.domain.registration import RegistrationAnswer, RegistrationRequest
from engine.domain.statement import GetStatement, Statement


class SettleBatch(NamedTuple):
    """Settle, or preview, claims in their order; each claim is atomic, the batch is not."""

    claims: Sequence[Claim]
    preview: bool = False


class Cancel(NamedTuple):
    """Undo the settlement with this id; `request_id` is the cancel's own."""

    institution: str
    request_id: str
    settlement_id: int


class Reverse(NamedTuple):
    """Undo the request with this id, whether or not it arrived; `request_id` is the own one."""

    institution: str
    request_id: str
    original_request_id: str


class GetSettlement(NamedTuple):
    """Look up a settlement of an institution by its id, or, where that is 0, by request id."""

    institution: str
    settlement_id: int = 0
    request_id: str = ""


class GetCounters(NamedTuple):
    """Look up a member's counters of a policy year."""

    member: str
    year: int


class PutMembers(NamedTuple):
    """Enter members into the register, or replace what it says of them."""

    members: Sequence[Member]


class PutInstitutions(NamedTuple):
    """Enter institutions into the register, or replace what it says of them."""

    institutions: Sequence[Institution]


class ImportOpenings(NamedTuple):
    """Set counters and balances from before this ledger."""

    openings: Sequence[Opening | AccountOpening]


class SupplyFigures(NamedTuple):
    """Supply operator figures: the JSON of `engine.rules.figures.to_json`."""

    figures_json: bytes


Request = (
    SettleBatch
    | Cancel
    | Reverse
    | GetSettlement
    | GetCounters
    | GetStatement
    | PutMembers
    | PutInstitutions
    | ImportOpenings
    | SupplyFigures
    | RegistrationRequest
    | AccountRequest
)


class Blocker(NamedTuple):
    """A later settlement that would come out differently without the one to be undone."""

    settlement_id: int
    institution: str
    request_id: str


class Refused(NamedTuple):
    """Nothing was settled and nothing moved; the request id stays free.

    `message` says why in one sentence for people: in English what is wrong with the request and
    what to do, or, where a clause decided, the clause's own text in Chinese. `citation` is a
    position in the citation table of the plan with the digest `plan_digest` (empty: no plan).
    """

    reason: Reason
    detail: Detail = Detail.NONE
    message: str = ""
    figure: str = ""
    plan_digest: bytes = b""
    citation: int = 0
    blockers: tuple[Blocker, ...] = ()


class PartEntry(NamedTuple):
    """One part of a claim of several benefits: its own entry, and the plan that decided it."""

    record: np.void
    plan_digest: bytes


class Entry(NamedTuple):
    """One act of the journal with its texts; `record` has the layout `ENTRY`.

    `plan_digest` names the plan that decided. Position 0: a preview, which is in no journal.
    A claim of several benefits has `parts`, in order of precedence; `record` is then
    `engine.domain.parts.combined` of them, and `plan_digest` that of the first.
    """

    record: np.void
    text: EntryText
    institution: str
    member: str
    prescriber: str
    plan_digest: bytes
    parts: tuple[PartEntry, ...] = ()
    payer: str = ""
    """The relative whose account was asked to pay."""


@dataclass(frozen=True, slots=True)
class ItemError:
    """One item that was not taken because it is malformed: its position and what is wrong."""

    index: int
    path: str
    problem: str


class BatchAnswer(NamedTuple):
    """Answers to a `SettleBatch`, a row for each claim, in its order.

    `entries` is an array of `ENTRY` (position 0 for a preview; all zero where there is a refusal
    or an error), `plan_digests` has the digest for each distinct `entries["row"]["plan"]`.
    `refusals`, `errors` and `replayed` are keyed by row; a row that is in none of them was
    settled now. A refusal is the rules' answer, an error says that the claim is malformed.
    `parts` has, by row, the entries of a claim of several benefits; its row in `entries` is then
    `engine.domain.parts.combined` of them.
    """

    entries: Array
    plan_digests: dict[int, bytes]
    refusals: dict[int, Refused]
    errors: dict[int, ItemError]
    replayed: frozenset[int]
    parts: Mapping[int, Array] = MappingProxyType({})


class Undone(NamedTuple):
    """The settlement was taken back by `entry`, whose parts are the settlement's, negated."""

    entry: Entry
    replayed: bool = False


class NothingToReverse(NamedTuple):
    """There was nothing to take back; if the request was unknown, its id is now barred."""

    request_id: str
    tombstone: int = 0
    """Journal position of the tombstone that bars the id, 0 if none was needed."""
    replayed: bool = False


class Found(NamedTuple):
    """A settlement, and the position of the entry that undid it (0: it stands)."""

    entry: Entry
    undone_by: int


class VisitPaid(NamedTuple):
    """What the fund paid so far for one visit, more than nothing.

    `institution` is empty for an explicit visit.
    """

    visit: str
    institution: str
    paid_fen: int


class DeductibleAt(NamedTuple):
    """What was borne of the deductible at one institution, more than nothing."""

    institution: str
    borne_fen: int


class Counters(NamedTuple):
    """A member's counters of a policy year, and the balance of the account, in fen."""

    member: str
    year: int
    deductible_fen: int
    deductible_met: bool
    ordinary_paid_fen: int
    visits: tuple[VisitPaid, ...]
    account_balance_fen: int
    last_entry: int
    """Position of the last entry of this member-year, 0 if there is none."""
    deductible_at: tuple[DeductibleAt, ...] = ()
    """By institution, where the deductible is counted so; `deductible_fen` has no part in it."""
    pooled_paid_fen: int = 0
    compliant_burden_fen: int = 0
    large_amount_paid_fen: int = 0
    deductible_by_level_fen: tuple[tuple[Level, int], ...] = ()
    """(lowest level that shares it, borne), where the deductible is counted by level."""
    cost_fen: int = 0
    """Cost in scope of the year, where it is counted."""
    special_deductible_fen: int = 0
    """Borne of the special benefit's own deductible."""
    chronic_paid_fen: int = 0
    """What the fund paid for chronic care."""
    diseases: tuple[tuple[str, int], ...] = ()
    """(code, fen the fund paid), where a cap on the disease counts it."""
    months: tuple[tuple[str, int], ...] = ()
    """(month as `2024-03`, fen the fund paid), where a cap on months counts it."""
    days: tuple[tuple[str, int], ...] = ()
    """(day as `2024-03-05`, fen the fund paid), where a cap on days counts it."""
    benefit_deductible: tuple[tuple[int, int], ...] = ()
    """(`Benefit`, fen borne of its deductible), where it is counted apart."""
    benefit_paid: tuple[tuple[int, int], ...] = ()
    """(`Benefit`, fen the fund paid), where an annual cap counts it; ordinary and chronic care have
    counters of their own."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A register change: how many items were taken, and which were not."""

    count: int
    errors: tuple[ItemError, ...] = ()


Answer = (
    BatchAnswer
    | Refused
    | Undone
    | NothingToReverse
    | Found
    | Counters
    | Statement
    | Accepted
    | ItemError
    | RegistrationAnswer
    | AccountAnswer
)
"""`ItemError` answers a request that is malformed as a whole."""
