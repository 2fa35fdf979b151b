"""The checker's own fold of the journal: dictionaries and integers, no slots, no arrays.

It follows the meaning of the journal, not the code of the ledger: that the two come to the same
state is what it is for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from engine.domain.codes import Fact, Kind, Mode
from engine.domain.journal import EntryKind, EntryText
from engine.domain.layout import (
    COMPLIANT_BURDEN,
    COUNTERS_PER_MEMBER_YEAR,
    DEDUCTIBLE,
    DEDUCTIBLE_MET,
    FLAGS,
    LARGE_AMOUNT_PAID,
    ORDINARY_PAID,
    POOLED_PAID,
)
from engine.domain.register import AccountOpening, Institution, Member, Opening
from engine.rules.plan import (
    DEDUCTIBLE_INSTITUTION,
    DEDUCTIBLE_LEVEL,
    VISIT_DAY,
    VISIT_NAMED,
    RulePlan,
)
from engine.state.tables import KeyRow, KeyStatus

Fields = dict[str, int]
MemberYear = tuple[int, int]
"""(number of the member, year)"""
VisitName = tuple[int, str]
"""(number, text), as in the tables: -1 and a visit that is named; an institution and a request id;
an institution and nothing, or -2 to -5 for levels: the deductible borne there; -6 and nothing: the
year's cost in scope; -16 less an institution, and a day: what was paid for the day there"""

_COST: VisitName = (-6, "")
_DAYS: Final = -16
_FILLED: Final = int(Fact.PHARMACY | Fact.PRESCRIBER)


class Record(NamedTuple):
    """One entry as plain values: the parts of its record by name, its texts, its raw bytes."""

    sequence: int
    position: int
    link: Fields
    claim: Fields
    row: Fields
    result: Fields
    text: EntryText
    claim_and_row: bytes

    @property
    def member_year(self) -> MemberYear:
        """The member-year it counts in."""
        return self.claim["member"], self.row["year"]

    @property
    def visit_name(self) -> VisitName:
        """The visit it belongs to: the day's, the member's if named, the institution's own."""
        claim, by = self.claim, self.row["visit_by"]
        if by == VISIT_DAY:
            filled = self.row["facts"] & _FILLED == _FILLED
            at = claim["prescriber"] if filled else claim["institution"]
            return _DAYS - at, str(claim["service_date"])
        if self.text.visit and by == VISIT_NAMED:
            return -1, self.text.visit
        return claim["institution"], self.text.request_id

    @property
    def is_keyed(self) -> bool:
        """Whether it moves anything but its member-year's line."""
        return any(self.row[name] >= 0 for name in ("visit", "borne", "cost"))


def book_line(record: Record, line: list[int], result: Fields) -> None:
    """Add amounts to the counters of a member-year; an undo's are negative."""
    if record.row["borne"] < 0:
        line[DEDUCTIBLE] += result["deductible"]
    line[ORDINARY_PAID] += result["pooled_fund"]
    line[POOLED_PAID] += result["pooled_counted"]
    line[COMPLIANT_BURDEN] += result["burden_counted"]
    line[LARGE_AMOUNT_PAID] += result["large_amount_fund"]


def book_keyed(record: Record, keyed: dict[VisitName, int], result: Fields) -> None:
    """Add amounts to the visit, to what was borne where, and to the cost, where they count."""
    if record.row["visit"] >= 0:
        name = record.visit_name
        keyed[name] = keyed.get(name, 0) + result["pooled_fund"]
    if record.row["borne"] >= 0:
        name = record.row["borne_at"], ""
        keyed[name] = keyed.get(name, 0) + result["deductible"]
    if record.row["cost"] >= 0:
        keyed[_COST] = keyed.get(_COST, 0) + result["in_scope"]


def before_of(record: Record, line: Sequence[int], keyed: Mapping[VisitName, int]) -> "Before":
    """Return what a record met of a member-year: its line, and the keyed counters it reads."""
    row = record.row
    return Before(
        line,
        keyed.get(record.visit_name, 0) if row["visit"] >= 0 else 0,
        keyed.get((row["borne_at"], ""), 0) if row["borne"] >= 0 else 0,
        keyed.get(_COST, 0) if row["cost"] >= 0 else 0,
    )


class Before(NamedTuple):
    """The state that a settlement met."""

    line: Sequence[int]
    visit_paid: int
    borne: int
    """At the institution or the level; 0 where it is not counted so."""
    cost: int
    """In scope of the year; 0 where it is not counted."""
    balance: int = 0


class Insured(NamedTuple):
    """What the checker needs of a member."""

    id: str
    city: str
    has_account: bool


@dataclass(slots=True)
class Fold:
    """State after the entries so far."""

    members: list[Insured] = field(default_factory=list)
    member_numbers: dict[str, int] = field(default_factory=dict)
    institutions: list[str] = field(default_factory=list)
    institution_numbers: dict[str, int] = field(default_factory=dict)
    registered: dict[int, Institution] = field(default_factory=dict)
    """Institutions by number, as the register has them now."""
    plans: list[RulePlan] = field(default_factory=list)
    position: int = 0
    counters: dict[MemberYear, list[int]] = field(default_factory=dict)
    last_entry: dict[MemberYear, int] = field(default_factory=dict)
    visits: dict[MemberYear, dict[VisitName, int]] = field(default_factory=dict)
    balances: dict[int, int] = field(default_factory=dict)
    account_entry: dict[int, int] = field(default_factory=dict)
    keys: dict[tuple[int, str], KeyRow] = field(default_factory=dict)

    def put_member(self, member: Member) -> None:
        """Enter a member, or replace what the register says of it; the number stays."""
        insured = Insured(member.id, member.city, member.mode == Mode.COMBINED)
        number = self.member_numbers.setdefault(member.id, len(self.members))
        if number == len(self.members):
            self.members.append(insured)
        else:
            self.members[number] = insured

    def put_institution(self, institution: Institution) -> None:
        """Enter an institution; its number stays for ever."""
        number = self.institution_numbers.setdefault(institution.id, len(self.institutions))
        self.registered[number] = institution
        if number == len(self.institutions):
            self.institutions.append(institution.id)

    def open_account(self, member: int, opening: AccountOpening) -> None:
        """Set the balance of an account from before the journal."""
        self.balances[member] = opening.balance_fen

    def open_year(self, member: int, opening: Opening) -> None:
        """Set the counters of a member-year from before the journal."""
        line = [0] * COUNTERS_PER_MEMBER_YEAR
        line[DEDUCTIBLE] = opening.deductible_fen
        line[ORDINARY_PAID] = opening.ordinary_paid_fen
        line[POOLED_PAID] = opening.pooled_paid_fen
        line[COMPLIANT_BURDEN] = opening.compliant_burden_fen
        line[LARGE_AMOUNT_PAID] = opening.large_amount_paid_fen
        line[FLAGS] = DEDUCTIBLE_MET if opening.deductible_met else 0
        self.counters[member, opening.year] = line
        named = {(-1, visit): paid_fen for visit, paid_fen in opening.visit_paid_fen}
        for institution, borne_fen in opening.deductible_at_fen:
            named[self.institution_numbers[institution], ""] = borne_fen
        # A later opening replaces an earlier one: what it no longer names stays, with nothing.
        earlier = dict.fromkeys(self.visits.get((member, opening.year), {}), 0)
        self.visits[member, opening.year] = earlier | named

    def line(self, member_year: MemberYear) -> list[int]:
        """Return the counters of a member-year, zero if nothing was booked yet."""
        return self.counters.get(member_year) or [0] * COUNTERS_PER_MEMBER_YEAR

    def before(self, record: Record) -> Before:
        """Return what a record meets, as the journal stands."""
        key, member = record.member_year, record.claim["member"]
        balance = self.balances.get(member, 0) if record.row["account"] >= 0 else 0
        met = before_of(record, self.line(key), self.visits.get(key, {}))
        return met._replace(balance=balance)

    def borne_at(self, record: Record) -> int:
        """Return where a claim's deductible counts: an institution, -2 to -5 for a level, or -1.

        The institution is the one that treats; see `facts.treating`.
        """
        plan, row = self.plans[record.row["plan"]], record.row
        if plan.deductible_kind == DEDUCTIBLE_LEVEL:
            return -2 - plan.deductible_level(row["level"], row["status"])
        if plan.deductible_kind != DEDUCTIBLE_INSTITUTION:
            return -1
        here, prescriber = record.claim["institution"], record.claim["prescriber"]
        institution = self.registered[here]
        if institution.kind == Kind.PHARMACY and prescriber >= 0:
            return prescriber
        if institution.kind == Kind.INTERNET_HOSPITAL:
            return self.institution_numbers.get(institution.host, here)
        return here

    def book(self, record: Record) -> None:
        """Add the amounts of a settlement or of an undo, whose parts are negative."""
        key, result = record.member_year, record.result
        line = self.counters.setdefault(key, [0] * COUNTERS_PER_MEMBER_YEAR)
        book_line(record, line, result)
        self.last_entry[key] = record.position
        if record.is_keyed:
            book_keyed(record, self.visits.setdefault(key, {}), result)
        if result["account"]:
            member = key[0]
            self.balances[member] = self.balances.get(member, 0) - result["account"]
            self.account_entry[member] = record.position

    def use_ids(self, record: Record) -> None:
        """Note what the request ids of an entry stand for from now on."""
        institution, text = record.claim["institution"], record.text
        kind, position = record.link["kind"], record.position
        if kind == EntryKind.SETTLEMENT:
            row = KeyRow(position, KeyStatus.STANDING, 0)
        elif kind == EntryKind.TOMBSTONE:
            row = KeyRow(position, KeyStatus.TOMBSTONE, 0)
        else:
            row = KeyRow(record.link["undoes"], KeyStatus.UNDONE, position)
        self.keys[institution, text.request_id] = row
        if kind != EntryKind.SETTLEMENT:
            self.keys[institution, text.undo_id] = KeyRow(position, KeyStatus.UNDO, 0)
