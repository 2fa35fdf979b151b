"""What the registers say of a claim on its day: the facts a settlement is decided on.

Resolved once, handed to the kernel, and stored with the entry: so a settlement can be computed
again years later, whatever the registers say by then. No city is known here; what a fact means
for a claim is in the rule files.
"""

from typing import NamedTuple

from engine.domain.claim import Claim
from engine.domain.codes import (
    BENEFIT_FACTS,
    Benefit,
    DiseaseKind,
    Fact,
    Kind,
    Level,
    Liability,
    Mode,
    Offer,
    Place,
    Status,
)
from engine.domain.dates import Interval, year_of
from engine.domain.reasons import Reason
from engine.domain.register import Institution, Member

_OFFER = {
    Benefit.ORDINARY: Offer.ORDINARY,
    Benefit.CHRONIC: Offer.CHRONIC,
    Benefit.SPECIAL: Offer.SPECIAL,
    Benefit.DAY_SURGERY: Offer.DAY_SURGERY,
    Benefit.DUAL_CHANNEL: Offer.DUAL_CHANNEL,
}
"""What an institution must be admitted for; of the other benefits, nothing."""
_DISEASE_KIND = {Benefit.CHRONIC: DiseaseKind.CHRONIC, Benefit.SPECIAL: DiseaseKind.SPECIAL}


class Facts(NamedTuple):
    """Facts of one claim, whatever its benefit: bits of `Fact`, and the keys of plans."""

    bits: int
    status: Status
    level: Level
    place: Place
    kind: Kind
    """Of the institution that treats."""
    age: int
    """Whole years on the service date."""


class Parties(NamedTuple):
    """Who takes part in a claim, as the registers have them.

    `host` is that of the institution, or of the prescriber at a pharmacy, if it is an internet
    hospital.
    """

    member: Member
    institution: Institution
    prescriber: Institution | None
    host: Institution | None

    @property
    def treating(self) -> Institution:
        """The institution that treated: at a pharmacy the prescriber, if there is one."""
        here, prescriber = self.institution, self.prescriber
        if here.kind == Kind.PHARMACY and prescriber is not None:
            return here if prescriber.kind == Kind.PHARMACY else prescriber
        return here


def resolve(claim: Claim, parties: Parties, *, until_has_rule: bool) -> Facts:
    """Return the facts of a claim; what its benefit adds is in `benefit_bits`.

    Args:
        claim: What was sent.
        parties: The register entries it names.
        until_has_rule: Whether a document is in force on the last service date.
    """
    member, institution = parties.member, parties.institution
    day = claim.service_date
    status = member.status_on(day)
    bits = _claim_bits(claim) | _institution_bits(institution, day)
    place, place_bits = _place(member, institution, day)
    bits |= place_bits | _member_bits(claim, parties)
    if (
        not until_has_rule
        or year_of(claim.until_date) != year_of(day)
        or member.status_on(claim.until_date) != status
    ):
        bits |= Fact.SPANS_BOUNDARY
    here = treating(parties)
    if here.kind == Kind.SPECIALIST:
        bits |= Fact.SPECIALIST
    return Facts(int(bits), status, here.level, place, here.kind, member.age_on(day))


class Payer(NamedTuple):
    """What a relative's account says to paying for a member: for whom it would, or why not."""

    relation: int = 0
    """What the member is to the owner, `Relation`; 0 if the account may not be asked."""
    reason: int = 0
    """Why it may not be asked, `Reason`; 0 if it may, or if there is nobody to ask."""


def payer_of(owner: Member | None, member: Member, day: int, *, closed: bool = False) -> Payer:
    """Return what the owner of an account is to a member on a day, as the owner registered it.

    An owner who is None is not in the register at all.

    An account is used by the rules of the city that insures both: of two cities no document speaks.
    `closed` says whether a disposal has ended the account.
    """
    if owner is None:
        return Payer(reason=Reason.NOT_REGISTERED)
    if owner.city != member.city:
        return Payer(reason=Reason.NO_RULE)
    if closed or owner.mode != Mode.COMBINED:
        return Payer(reason=Reason.NO_ACCOUNT)
    for link in owner.family:
        if link.relative == member.id and day in link.days:
            return Payer(relation=link.relation)
    return Payer(reason=Reason.NOT_REGISTERED)


def benefit_bits(benefit: Benefit, institution: Institution, day: int) -> int:
    """Return the facts that a benefit adds: which it is, and whether the institution offers it."""
    bits, offer = BENEFIT_FACTS[benefit], _OFFER.get(benefit)
    if offer == Offer.ORDINARY and institution.kind == Kind.PHARMACY:
        offer = Offer.PRESCRIPTION
    if offer is not None and not institution.is_admitted(offer, day):
        bits |= Fact.NOT_OFFERED
    return int(bits)


def is_registered(benefit: Benefit, code: str, member: Member, day: int) -> bool:
    """Return whether the member may have the benefit for the disease on the day.

    Chronic and special care need a registration of that kind and code; other care needs none.
    """
    kind = _DISEASE_KIND.get(benefit)
    return kind is None or any(
        d.code == code and d.kind == kind and day in d.days for d in member.diseases
    )


def _claim_bits(claim: Claim) -> int:
    bits = 0
    if claim.liability == Liability.MATERNITY:
        bits |= Fact.MATERNITY
    elif claim.liability:
        bits |= Fact.LIABLE
        if claim.liable_fen >= 0:
            bits |= Fact.LIABLE_IN_PART
    if claim.emergency or claim.benefit == Benefit.EMERGENCY:
        bits |= Fact.EMERGENCY
    if claim.benefit == Benefit.EMERGENCY:
        bits |= Fact.ASKED_EMERGENCY
    if claim.referred:
        bits |= Fact.REFERRED
    if claim.statement:
        bits |= Fact.STATEMENT
    if claim.manual:
        bits |= Fact.MANUAL
    if claim.use_account:
        bits |= Fact.USE_ACCOUNT
    if claim.admission:
        bits |= Fact.ADMITTED
        if claim.admission == claim.institution:
            bits |= Fact.ADMITTED_HERE
    return bits


def _institution_bits(institution: Institution, day: int) -> int:
    bits = 0
    if institution.kind == Kind.PHARMACY:
        bits |= Fact.PHARMACY
    if not _covers(institution.designated, day):
        bits |= Fact.NOT_DESIGNATED
    if not _covers(institution.networked, day):
        bits |= Fact.NOT_NETWORKED
    return bits


def _member_bits(claim: Claim, parties: Parties) -> int:
    member, day = parties.member, claim.service_date
    bits = 0
    if parties.prescriber is not None and parties.prescriber.kind != Kind.PHARMACY:
        bits |= Fact.PRESCRIBER
    if _covers(member.arrears, day):
        bits |= Fact.IN_ARREARS
    if any(stay.admitted <= day < stay.discharged for stay in member.stays):
        bits |= Fact.IN_STAY
    if any(s.institution in _chosen(parties) and day in s.days for s in member.selections):
        bits |= Fact.SELECTED
    if any(r.to_institution == parties.treating.id and day in r.days for r in member.referrals):
        bits |= Fact.REFERRED
    return bits


def _chosen(parties: Parties) -> tuple[str, ...]:
    """Return the ids whose selection covers this visit.

    The institution itself, the one a station belongs to, the host of an internet hospital; at a
    pharmacy with a prescription the prescriber counts in its place.
    """
    here = parties.treating
    return tuple(i for i in (here.id, here.parent, here.host) if i)


def treating(parties: Parties) -> Institution:
    """Return the institution that counts: a pharmacy's prescriber, the host of an online one.

    The level is its level, and a deductible by institution is borne there.
    """
    return parties.treating if parties.host is None else parties.host


def _place(member: Member, institution: Institution, day: int) -> tuple[Place, int]:
    """Return where the care was given and the bits that say so."""
    if institution.area[:4] == member.city[:4]:
        return Place.LOCAL, 0
    bits = int(Fact.OUTSIDE_CITY)
    other_province = institution.area[:2] != member.city[:2]
    if other_province:
        bits |= Fact.OUTSIDE_PROVINCE
    if any(_same_place(f.area, institution.area) and day in f.days for f in member.filings):
        return Place.FILED, bits | Fact.FILED
    return (Place.OTHER_PROVINCE if other_province else Place.OTHER_CITY), bits


def _same_place(filed: str, area: str) -> bool:
    """Return whether a filing covers an area: the same city, or a whole province if so filed."""
    return filed[:2] == area[:2] if filed.endswith("0000") else filed[:4] == area[:4]


def _covers(intervals: tuple[Interval, ...], day: int) -> bool:
    return any(day in days for days in intervals)
