"""Turns a case into what the engine is asked: registers, openings, claims, undos.

Every id is prefixed by its case, so that all cases share one ledger. A case whose id is long or
holds a sign that the prefixes use gets a prefix made of its hash, so that no two ids can meet.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from clients.bill import BENEFITS, CLASSES, FLAGS, PAPERS
from clients.cli.cases.format import CLAIMS, CREDIT, DISPOSAL, SELF, Case, Event
from clients.cli.cases.values import CaseError, Values
from clients.registers import COUNTED_BENEFITS
from engine.domain.account import INVERSE, DisposalEvent, Product, Purpose, Relation
from engine.domain.bill import BillLine
from engine.domain.claim import LIABLE_NOT_GIVEN, Claim
from engine.domain.codes import (
    Benefit,
    DiseaseKind,
    Employment,
    FilingKind,
    Kind,
    Level,
    Liability,
    Mode,
    Offer,
    Status,
)
from engine.domain.dates import EVERY_DAY, OPEN_END, Interval
from engine.domain.ids import ID_LENGTH_MAX
from engine.domain.movement import CreditMember, Dispose, Pay
from engine.domain.register import (
    ALL_OFFERS,
    ALWAYS,
    AccountOpening,
    Contribution,
    Disease,
    FamilyLink,
    Filing,
    Institution,
    Member,
    Opening,
    Selection,
    Stay,
)
from engine.domain.registration import Select

LEVELS: Final = {
    "1": Level.LEVEL_1,
    "2": Level.LEVEL_2,
    "3": Level.LEVEL_3,
    "3p": Level.LEVEL_3_PROVINCIAL,
}
_PREFIX_MAX: Final = 32
_HASHED: Final = "~"
_OWN: Final = "!"
_CONSENT: Final = "consent"
"""The format says nothing of consents: who is registered has given one."""
_APPLICATION: Final = "application"
"""The format says that there is an application, not under which reference."""


@dataclass(frozen=True, slots=True)
class Names:
    """The ids of one case as the engine sees them."""

    case: Case
    prefix: str

    @classmethod
    def of(cls, case: Case) -> "Names":
        """Return the ids of a case: its own id is the prefix, or a hash of it."""
        plain = len(case.id.encode()) <= _PREFIX_MAX and "/" not in case.id
        if plain and not case.id.startswith((_HASHED, _OWN)):
            return cls(case, case.id)
        return cls(case, _HASHED + hashlib.sha256(case.id.encode()).hexdigest()[:16])

    def id(self, name: str) -> str:
        """Return the engine's id for a name of the case; empty stays empty."""
        if not name:
            return ""
        full = f"{self.prefix}/{name}"
        if len(full.encode()) > ID_LENGTH_MAX:
            problem = f'the id "{name}" is too long: with "{self.prefix}/" before it an id may '
            raise CaseError(self.case.where, problem + f"have {ID_LENGTH_MAX} bytes")
        return full

    def own(self, event: Event) -> str:
        """Return the request id of an undo, a payment or a disposal: the format names none."""
        return f"{_OWN}{self.prefix}/{event.position}"

    @property
    def member(self) -> str:
        """Return the id of the member."""
        return self.id(self.case.member["id"])


def members(names: Names) -> list[Member]:
    """Return the register entries of the member and of the relatives.

    The accounts of the member and of a registered relative may pay for each other.
    """
    links, relatives = [], []
    for person in names.case.relatives:
        relation = Relation[person["relation"].upper()]
        link = FamilyLink(names.id(person["id"]), relation, _CONSENT, EVERY_DAY)
        back = FamilyLink(names.member, INVERSE[relation], _CONSENT, EVERY_DAY)
        registered: bool = person["registered"]
        links += [link] * registered
        relatives.append(_member(names, person, (back,) * registered))
    return [_member(names, names.case.member, tuple(links)), *relatives]


def institutions(names: Names) -> list[Institution]:
    """Return the register entries of the institutions."""
    return [_institution(names, item) for item in names.case.institutions]


def openings(names: Names) -> list[Opening | AccountOpening]:
    """Return the opening counters of the member and the opening balances of everyone."""
    result: list[Opening | AccountOpening] = [
        Opening(
            member=names.member,
            year=opening["year"],
            deductible_fen=opening.get("deductible", 0) or 0,
            deductible_met="deductible" in opening and opening["deductible"] is None,
            ordinary_paid_fen=opening.get("ordinary_paid", 0),
            visit_paid_fen=tuple(opening.get("visit_paid", {}).items()),
            deductible_at_fen=tuple(
                (names.id(at), fen) for at, fen in opening.get("deductible_at", {}).items()
            ),
            pooled_paid_fen=opening.get("pooled_paid", 0),
            compliant_burden_fen=opening.get("compliant_burden", 0),
            large_amount_paid_fen=opening.get("large_amount_paid", 0),
            special_deductible_fen=opening.get("special_deductible", 0),
            chronic_paid_fen=opening.get("chronic_paid", 0),
            disease_paid_fen=tuple(opening.get("disease_paid", {}).items()),
            cost_fen=opening.get("cost", 0),
            month_paid_fen=tuple(opening.get("month_paid", {}).items()),
            day_paid_fen=tuple(opening.get("day_paid", {}).items()),
            benefit_deductible_fen=_by_benefit(opening, "benefit_deductible"),
            benefit_paid_fen=_by_benefit(opening, "benefit_paid"),
        )
        for opening in names.case.openings
    ]
    for person in (names.case.member, *names.case.relatives):
        if person["account_balance"]:
            result.append(AccountOpening(names.id(person["id"]), person["account_balance"]))
    return result


def _by_benefit(opening: Values, name: str) -> tuple[tuple[int, int], ...]:
    return tuple((COUNTED_BENEFITS[benefit], fen) for benefit, fen in opening.get(name, {}).items())


def _liable(amount_fen: int | None) -> int:
    """Return the liable part; -1 given is negative like any other, not "not given"."""
    if amount_fen is None:
        return LIABLE_NOT_GIVEN
    return amount_fen if amount_fen != LIABLE_NOT_GIVEN else -2


def _line(line: Values) -> BillLine:
    return BillLine(
        line_class=CLASSES[line["class"]],
        amount_fen=line["amount"],
        first_pay_bp=line["first_pay"],
        over_limit_fen=line["over_limit"],
        flag=FLAGS[line["flag"]] if "flag" in line else 0,
        benefit=BENEFITS[line["benefit"]] if "benefit" in line else 0,
        quantity=line["quantity"],
        unit_price=line["unit_price"],
        unit_ceiling=line["price_ceiling"],
        code=line["code"],
    )


def claim(names: Names, event: Event) -> Claim:
    """Return the claim of a `settle` or `preview`; texts of visit and disease stay as written."""
    values = event.values
    liability = values.get("liability")
    return Claim(
        institution=names.id(values["institution"]),
        request_id=names.id(event.id),
        member=names.member,
        service_date=values["date"],
        until_date=values["until"],
        total_fen=values["total"],
        in_scope_fen=values["in_scope"],
        pre_payment_fen=values["pre_payment"],
        over_limit_fen=values["over_limit"],
        non_covered_fen=values["non_covered"],
        benefit=Benefit[values["benefit"].upper()],
        visit=values["visit"],
        disease=values["disease"],
        prescriber=names.id(values["prescriber"]),
        admission=names.id(values["admission"]),
        liability=Liability[liability.upper()] if liability else Liability.NONE,
        liable_fen=_liable(values.get("liable_amount")),
        emergency=values["emergency"],
        referred=values["referred"],
        statement=values["statement"],
        manual=values["manual"],
        use_account=values["use_account"],
        lines=tuple(map(_line, values["lines"])),
        prescription=names.id(values["prescription"]),
        payer=names.id(values.get("payer", "")),
        papers=sum(PAPERS[name] for name in set(values["papers"])),
    )


def selection(names: Names, event: Event) -> Select:
    """Return the selection of a `select`; its id is the case's and its position."""
    values = event.values
    return Select(
        change_id=f"{names.prefix}/{event.position}",
        member=names.member,
        institution=names.id(values["institution"]),
        day=values["date"],
        for_year=values["for_year"],
        newly_insured=values["newly_insured"],
        reason=values.get("reason") or "",
    )


def account_request(names: Names, event: Event) -> Pay | CreditMember | Dispose:
    """Return the request of an account's event, one of `ACCOUNT`."""
    values = event.values
    if event.kind == CREDIT:
        return CreditMember(names.member, values["month"])
    if event.kind == DISPOSAL:
        return Dispose(
            request_id=names.own(event),
            member=names.member,
            day=values["date"],
            event=DisposalEvent[values["event"].upper()],
            to_area=values.get("to_area", ""),
            beneficiary=values["beneficiary"],
            application=_APPLICATION if values["applied"] else "",
        )
    return Pay(
        institution=names.id(values.get("place", "")),
        request_id=names.own(event),
        member=names.member,
        day=values["date"],
        purpose=Purpose[values["purpose"].upper()],
        amount_fen=values["amount"],
        product=Product[values.get("product", "none").upper()],
        person="" if values["for"] == SELF else names.id(values["for"]),
    )


def undone(case: Case, undo: Event) -> Event:
    """Return the claim that an undo names: the last one before it with that id, else the first."""
    named = [e for e in case.events if e.kind in CLAIMS and e.id == undo.values["of"]]
    settles = [e for e in named if e.kind == "settle"] or named
    before = [e for e in settles if e.position < undo.position]
    return before[-1] if before else settles[0]


def _days(values: Values) -> Interval:
    return Interval(values["from"], values.get("to", OPEN_END))


def _member(names: Names, person: Values, family: tuple[FamilyLink, ...]) -> Member:
    base_fen, own_fen = person["contribution_base"], person["own_contribution"]
    contribution = Contribution(base_fen, own_fen, EVERY_DAY)
    return Member(
        id=names.id(person["id"]),
        city=names.case.area,
        status=Status[person["status"].upper()],
        retired_on=person.get("retired_on", 0),
        born_on=person["born_on"],
        mode=Mode[person["mode"].upper()],
        employment=Employment[person["employment"].upper()],
        arrears=tuple(_days(item) for item in person["arrears"]),
        filings=tuple(
            Filing(FilingKind[item["kind"].upper()], item["area"], _days(item))
            for item in person["filings"]
        ),
        selections=tuple(
            Selection(names.id(item["institution"]), _days(item)) for item in person["selections"]
        ),
        diseases=tuple(
            Disease(item["code"], DiseaseKind[item["kind"].upper()], _days(item))
            for item in person["diseases"]
        ),
        stays=tuple(
            Stay(
                names.id(item["institution"]),
                item["admitted"],
                item.get("discharged", OPEN_END),
            )
            for item in person["stays"]
        ),
        family=family,
        contributions=(contribution,) if base_fen or own_fen else (),
        still_paying=(EVERY_DAY,) if person["still_paying_since_retirement_age"] else (),
        months_combined=person["months_combined"],
        months_pooled_only=person["months_pooled_only"],
    )


def _institution(names: Names, item: Values) -> Institution:
    offers = item.get("offers")
    return Institution(
        id=names.id(item["id"]),
        area=item.get("area", names.case.area),
        level=LEVELS[item["level"]],
        kind=Kind[item["kind"].upper()],
        host=names.id(item["host"]),
        parent=names.id(item["parent"]),
        designated=ALWAYS if item["designated"] else (),
        networked=ALWAYS if item["networked"] else (),
        offers=ALL_OFFERS if offers is None else frozenset(Offer[o.upper()] for o in offers),
    )
