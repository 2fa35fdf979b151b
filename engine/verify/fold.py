"""The checker's own fold of the journal: dictionaries and integers, no slots, no arrays.

It follows the meaning of the journal, not the code of the ledger: that the two come to the same
state is what it is for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from engine.domain.codes import Benefit, Fact, Kind, Mode
from engine.domain.journal import EntryKind, EntryText
from engine.domain.layout import (
    CHRONIC_PAID,
    COMPLIANT_BURDEN,
    COUNTERS_PER_MEMBER_YEAR,
    DEDUCTIBLE,
    DEDUCTIBLE_MET,
    FLAGS,
    KEYED_SLOTS,
    LARGE_AMOUNT_PAID,
    NOWHERE,
    ORDINARY_PAID,
    POOLED_PAID,
    SPECIAL_DEDUCTIBLE,
    UNKNOWN,
)
from engine.domain.reasons import Reason
from engine.domain.register import (
    AccountOpening,
    Institution,
    Member,
    Opening,
)
from engine.rules.plan import (
    DEDUCTIBLE_BENEFIT,
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
year's cost in scope; -7 and a code, -8 and a month, -9 and a day: what was paid for a disease, in a
month, on a day; -10 and a benefit: what was paid under it; -10 less a benefit, and nothing: what
was borne under it; -16 less an institution, and a day: what was paid for the day there"""

_COST: VisitName = (-6, "")
_DISEASE: Final = -7
_MONTH: Final = -8
_DAY: Final = -9
_PAID: Final = -10
_DAYS: Final = -16
_FILLED: Final = int(Fact.PHARMACY | Fact.PRESCRIBER)

LINE: Final = (
    "deductible",
    "ordinary_paid",
    "special_deductible",
    "chronic_paid",
    "pooled_paid",
    "compliant_burden",
    "large_amount_paid",
    "flags",
)
"""What a member-year's line counts, by position."""

_MOVED_BY: Final = {
    "visit": "pooled_fund",
    "borne": "deductible",
    "cost": "in_scope",
    "disease": "pooled_fund",
    "month": "pooled_fund",
    "day": "pooled_fund",
    "paid": "pooled_fund",
}
"""Which part of the result moves the counter that a slot of the row stands for."""


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
    def keyed(self) -> dict[str, VisitName]:
        """The counters beside its member-year's line, by the slots of its row that they have."""
        row = self.row
        return {slot: self._counter(slot) for slot in KEYED_SLOTS if row[slot] >= 0}

    def _counter(self, slot: str) -> VisitName:
        day = str(self.claim["service_date"])
        match slot:
            case "visit":
                return self.visit_name
            case "borne":
                return self.row["borne_at"], ""
            case "cost":
                return _COST
            case "disease":
                return _DISEASE, self.text.disease
            case "paid":
                return _PAID, Benefit(self.row["benefit"]).name.lower()
            case "month":
                return _MONTH, f"{day[:4]}-{day[4:6]}"
            case _:
                return _DAY, f"{day[:4]}-{day[4:6]}-{day[6:]}"


def book_line(record: Record, line: list[int], result: Fields) -> None:
    """Add amounts to the counters of a member-year; an undo's are negative."""
    row = record.row
    if row["borne"] < 0 and row["deductible_at"] != NOWHERE:
        line[row["deductible_at"]] += result["deductible"]
    if row["paid_at"] != NOWHERE:
        line[row["paid_at"]] += result["pooled_fund"]
    line[POOLED_PAID] += result["pooled_counted"]
    line[COMPLIANT_BURDEN] += result["burden_counted"]
    line[LARGE_AMOUNT_PAID] += result["large_amount_fund"]


def book_keyed(record: Record, keyed: dict[VisitName, int], result: Fields) -> None:
    """Add amounts to the counters beside the line: visit, deductible, cost, disease, month, day."""
    for slot, name in record.keyed.items():
        keyed[name] = keyed.get(name, 0) + result[_MOVED_BY[slot]]


def before_of(record: Record, line: Sequence[int], keyed: Mapping[VisitName, int]) -> "Before":
    """Return what a record met of a member-year: its line, and the counters of its slots."""
    return Before(line, {slot: keyed.get(name, 0) for slot, name in record.keyed.items()})


def moved_accounts(record: Record) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return whose accounts an entry takes from, and how much: the own one, the relative's."""
    claim, result = record.claim, record.result
    return (claim["member"], result["account"]), (claim["payer"], result["family_account"])


class Before(NamedTuple):
    """The state that a settlement met."""

    line: Sequence[int]
    keyed: Mapping[str, int]
    """The counters beside the line, by the slot of the row; those alone that it has slots of."""
    balance: int = 0
    family_balance: int = 0

    def at(self, position: int) -> int:
        """Return what the line has at a position, 0 if that is `NOWHERE`."""
        return 0 if position == NOWHERE else self.line[position]


@dataclass(slots=True)
class Fold:
    """State after the entries so far."""

    members: list[Member] = field(default_factory=list)
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
    closed_by: dict[int, int] = field(default_factory=dict)
    """The disposals that closed accounts, by member: journal positions."""
    keys: dict[tuple[int, str], KeyRow] = field(default_factory=dict)

    def put_member(self, member: Member) -> None:
        """Enter a member, or replace what the register says of it; the number stays."""
        number = self.member_numbers.setdefault(member.id, len(self.members))
        if number == len(self.members):
            self.members.append(member)
        else:
            self.members[number] = member

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
        line[SPECIAL_DEDUCTIBLE] = opening.special_deductible_fen
        line[CHRONIC_PAID] = opening.chronic_paid_fen
        line[FLAGS] = DEDUCTIBLE_MET if opening.deductible_met else 0
        self.counters[member, opening.year] = line
        named = {(-1, visit): paid_fen for visit, paid_fen in opening.visit_paid_fen}
        for institution, borne_fen in opening.deductible_at_fen:
            named[self.institution_numbers[institution], ""] = borne_fen
        if opening.cost_fen:
            named[_COST] = opening.cost_fen
        for number, paid in (
            (_DISEASE, opening.disease_paid_fen),
            (_MONTH, opening.month_paid_fen),
            (_DAY, opening.day_paid_fen),
        ):
            named |= {(number, text): paid_fen for text, paid_fen in paid}
        for benefit, borne_fen in opening.benefit_deductible_fen:
            named[_PAID - benefit, ""] = borne_fen
        for benefit, paid_fen in opening.benefit_paid_fen:
            named[_PAID, Benefit(benefit).name.lower()] = paid_fen
        # A later opening replaces an earlier one: what it no longer names stays, with nothing.
        earlier = dict.fromkeys(self.visits.get((member, opening.year), {}), 0)
        self.visits[member, opening.year] = earlier | named

    def line(self, member_year: MemberYear) -> list[int]:
        """Return the counters of a member-year, zero if nothing was booked yet."""
        return self.counters.get(member_year) or [0] * COUNTERS_PER_MEMBER_YEAR

    def before(self, record: Record) -> Before:
        """Return what a record meets, as the journal stands."""
        key = record.member_year
        met = before_of(record, self.line(key), self.visits.get(key, {}))
        own, family = (
            self.balances.get(record.claim[owner], 0) if record.row[slot] >= 0 else 0
            for owner, slot in (("member", "account"), ("payer", "family"))
        )
        return met._replace(balance=own, family_balance=family)

    def payer(self, record: Record) -> tuple[int, int]:
        """Return what a member is to the relative who pays, or 0 and why that account may not.

        As the register has it now: the owner's own registration, in one city.
        """
        number = record.claim["payer"]
        if number < 0:
            return 0, Reason.NOT_REGISTERED if number == UNKNOWN else 0
        owner, member = self.members[number], self.members[record.claim["member"]]
        if owner.city != member.city:
            return 0, Reason.NO_RULE
        if not self.has_account(number):
            return 0, Reason.NO_ACCOUNT
        for link in owner.family:
            if link.relative == member.id and record.claim["service_date"] in link.days:
                return link.relation, 0
        return 0, Reason.NOT_REGISTERED

    def has_account(self, member: int) -> bool:
        """Return whether a member has an account to settle with: by the mode, and not closed."""
        return self.members[member].mode == Mode.COMBINED and member not in self.closed_by

    def borne_at(self, record: Record) -> int:
        """Return where a claim's deductible counts: an institution, -2 to -5 for a level, or -1."""
        plan, row = self.plans[record.row["plan"]], record.row
        if plan.deductible_kind == DEDUCTIBLE_BENEFIT:
            return _PAID - plan.benefit
        if plan.deductible_kind == DEDUCTIBLE_LEVEL:
            return -2 - plan.deductible_level(row["level"], row["status"])
        return self.treating(record) if plan.deductible_kind == DEDUCTIBLE_INSTITUTION else -1

    def treating(self, record: Record) -> int:
        """Return the number of the institution that treats, as the register has it now."""
        return self.treats(record.claim["institution"], record.claim["prescriber"])

    def treats(self, here: int, prescriber: int) -> int:
        """Return the institution that treats, of one that settles and who prescribed (-1: nobody).

        At a pharmacy that is the prescriber, unless it is a pharmacy too; of an internet hospital
        the one it belongs to.
        """
        if self.registered[here].kind == Kind.PHARMACY and prescriber >= 0:
            here = here if self.registered[prescriber].kind == Kind.PHARMACY else prescriber
        treats = self.registered[here]
        if treats.kind == Kind.INTERNET_HOSPITAL:
            return self.institution_numbers.get(treats.host, here)
        return here

    def book(self, record: Record) -> None:
        """Add the amounts of a settlement or of an undo, whose parts are negative."""
        key, result = record.member_year, record.result
        line = self.counters.setdefault(key, [0] * COUNTERS_PER_MEMBER_YEAR)
        book_line(record, line, result)
        self.last_entry[key] = record.position
        if record.keyed:
            book_keyed(record, self.visits.setdefault(key, {}), result)
        for owner, fen in moved_accounts(record):
            if fen:
                self.balances[owner] = self.balances.get(owner, 0) - fen
                self.account_entry[owner] = record.position

    def use_ids(self, record: Record) -> None:
        """Note what the request ids of an act stand for from now on, by its first entry."""
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
