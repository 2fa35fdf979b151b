"""Random member-years: people, institutions and what happens to them, from one seed.

Nothing here knows what a city pays; it draws from what the contract allows, with amounts near the
values that matter (deductibles, caps) so that they are crossed often.
"""

import random
from dataclasses import dataclass, field

from engine.domain.account import Relation
from engine.domain.claim import Claim
from engine.domain.codes import Benefit, DiseaseKind, FilingKind, Kind, Level, Mode, Offer, Status
from engine.domain.dates import Interval
from engine.domain.register import (
    AccountOpening,
    Disease,
    FamilyLink,
    Filing,
    Institution,
    Member,
    Opening,
    Selection,
    Stay,
)
from tests.support.world_claims import CHANGCHUN as CHANGCHUN
from tests.support.world_claims import CHRONIC, SPECIAL, Draw
from tests.support.world_claims import LINJIANG as LINJIANG
from tests.support.world_claims import day_of as _day
from tests.support.world_claims import interval_of as _interval

ZIBO, HEYUAN, SUIZHOU = "370300", "441600", "421300"
JINAN = "370100"
YEARS = {
    ZIBO: (2023, 2024, 2026),
    HEYUAN: (2025, 2026),
    SUIZHOU: (2022, 2023, 2024),
    JINAN: (2023, 2024, 2025),
    CHANGCHUN: (2023, 2024),
    LINJIANG: (2024, 2025),
}
"""Years to draw from, those of a change of rules among them."""

POOLED_NEAR = {
    SUIZHOU: (0, 150_000, 290_000, 300_000),
    CHANGCHUN: (0, 0, 19_000_000, 19_990_000, 20_000_000),
}
_LEFT_TO_THE_OPERATOR = (
    Benefit.CHRONIC,
    Benefit.SPECIAL,
    Benefit.DUAL_CHANNEL,
    Benefit.SEPARATE_PAY,
)
APART = dict.fromkeys((ZIBO, HEYUAN, SUIZHOU, JINAN), _LEFT_TO_THE_OPERATOR)
"""Benefits that bear a deductible of their own, by city; all but the first count payments so."""
DISEASE_NEAR = {"M01": (100_000, 239_000), "M02": (649_000, 700_000)}
"""Payments near the caps that the tests assume."""


@dataclass(frozen=True)
class Act:
    """One thing that happens: a claim, its preview, or the undoing of an earlier claim."""

    kind: str
    """`settle`, `preview`, `cancel`, `reverse`, `again` (the same claim once more)."""
    claim: Claim
    undo_id: str = ""


@dataclass
class World:
    """Registers, openings, and for each member the acts in order."""

    institutions: list[Institution]
    members: list[Member] = field(default_factory=list)
    openings: list[Opening | AccountOpening] = field(default_factory=list)
    acts: dict[str, list[Act]] = field(default_factory=dict)


def make_world(
    seed: int, members: int, city: str, acts: int = 10, *, ordinary: bool = False
) -> World:
    """Return a world of `members` member-years of a city, about `acts` acts each.

    With `ordinary`, all claims are well-formed ones for ordinary care, their bills in four parts.
    """
    rng = random.Random(seed)
    world = World(_institutions(city))
    for n in range(members):
        _add_member(world, rng, f"m{seed}-{n}", city, rng.randint(1, 2 * acts - 1), ordinary)
    return world


def _institutions(city: str) -> list[Institution]:
    here = [Institution(f"{city}-{level}", city, level) for level in Level]
    other_city, other_province = city[:2] + "0900", "310100"
    return [
        *here,
        Institution(f"{city}-station", city, kind=Kind.VILLAGE_STATION, parent=f"{city}-1"),
        Institution(f"{city}-online", city, kind=Kind.INTERNET_HOSPITAL, host=f"{city}-3"),
        Institution(f"{city}-community", city, kind=Kind.COMMUNITY),
        Institution(f"{city}-rx", city, kind=Kind.PHARMACY),
        Institution(f"{city}-specialist", city, kind=Kind.SPECIALIST),
        Institution(f"{city}-no-offer", city, offers=frozenset({Offer.CHRONIC})),
        Institution(f"{city}-undesignated", city, Level.LEVEL_2, designated=()),
        Institution(f"{city}-till-june", city, designated=(Interval(2000_01_01, 2024_06_30),)),
        Institution(f"{city}-near", other_city, Level.LEVEL_2),
        Institution(f"{city}-far", other_province, Level.LEVEL_3, networked=()),
    ]


def _add_member(
    world: World, rng: random.Random, name: str, city: str, acts: int, ordinary: bool
) -> None:
    year = rng.choice(YEARS[city])
    home = rng.choice(world.institutions).id
    member = Member(
        id=name,
        city=city,
        status=rng.choice(list(Status)),
        retired_on=_day(rng, year) if rng.random() < 0.2 else 0,
        born_on=rng.randint(1930, 2010) * 10_000 + 615,
        mode=Mode.POOLED_ONLY if rng.random() < 0.1 else Mode.COMBINED,
        arrears=(_interval(rng, year),) if rng.random() < 0.1 else (),
        filings=_filings(rng, year, city),
        selections=(Selection(home, Interval(year * 10_000 + 101)),) if rng.random() < 0.8 else (),
        diseases=_diseases(rng, year, city),
        stays=(Stay(f"{city}-3", *_interval(rng, year)),) if rng.random() < 0.15 else (),
    )
    world.members.append(member)
    payers: list[str] = []
    if not ordinary and rng.random() < 0.7:
        relative = _relative(rng, member, year)
        world.members.append(relative)
        world.openings.append(AccountOpening(relative.id, rng.randint(0, 60_000)))
        payers = [relative.id, world.members[0].id, "nobody"]
    if rng.random() < 0.5:
        world.openings.append(_opening(rng, name, city, year))
    if rng.random() < 0.7:
        world.openings.append(AccountOpening(name, rng.randint(0, 100_000)))
    # Some years run into the next one.
    years = (year, year + 1) if year + 1 in YEARS[city] and rng.random() < 0.15 else (year,)
    draw = Draw(rng, world.institutions, member, years, payers, ordinary)
    world.acts[name] = _acts(rng, draw, acts)


def _relative(rng: random.Random, member: Member, year: int) -> Member:
    """Return somebody whose account pays for the member alone, mostly as it should be."""
    relation = rng.choice((Relation.SPOUSE, Relation.PARENT, Relation.CHILD, Relation.SIBLING))
    days = Interval(2000_01_01) if rng.random() < 0.8 else _interval(rng, year)
    return Member(
        f"{member.id}-r",
        member.city if rng.random() < 0.95 else ZIBO,
        mode=Mode.POOLED_ONLY if rng.random() < 0.05 else Mode.COMBINED,
        family=(FamilyLink(member.id, relation, "consent-1", days),),
    )


def _opening(rng: random.Random, name: str, city: str, year: int) -> Opening:
    def some(chance: float, *fen: int) -> int:
        return rng.choice(fen) if rng.random() < chance else 0

    return Opening(
        name,
        year,
        # By institution in that year: refused otherwise.
        deductible_fen=rng.choice((0, 5_000, 49_999, 70_000)) * ((city, year) != (JINAN, 2023)),
        deductible_met=rng.random() < 0.2,
        ordinary_paid_fen=rng.choice((0, 100_000, 190_000, 299_999, 399_900)),
        visit_paid_fen=(("V1", rng.randint(0, 15_000)),) if rng.random() < 0.3 else (),
        deductible_at_fen=((f"{city}-2", rng.choice((100, 39_999, 40_000))),)
        if rng.random() < 0.3
        else (),
        pooled_paid_fen=rng.choice(POOLED_NEAR.get(city, (0, 150_000))),
        compliant_burden_fen=rng.choice((0, 500_000, 590_000, 790_000, 2_000_000)),
        large_amount_paid_fen=rng.choice((0, 0, 490_000)),
        special_deductible_fen=some(0.4, 20_000, 49_999, 90_000) * (city == CHANGCHUN),
        chronic_paid_fen=some(0.4, 300_000, 600_000, 649_999),
        disease_paid_fen=tuple(
            (code, rng.choice(fen)) for code, fen in DISEASE_NEAR.items() if rng.random() < 0.3
        ),
        cost_fen=rng.choice((0, 150_000, 1_600_000, 1_990_000, 2_100_000)),
        month_paid_fen=tuple(
            (f"{year}-{month:02}", rng.choice((20_000, 290_000, 299_999)))
            for month in rng.sample(range(1, 13), 3)
        ),
        benefit_deductible_fen=tuple(
            (benefit, rng.choice((1, 6_000, 15_000)))
            for benefit in APART.get(city, ())
            if rng.random() < 0.3
        ),
        benefit_paid_fen=tuple(
            (benefit, rng.choice((49_990, 150_000, 199_999)))
            for benefit in APART.get(city, ())[1:]
            if rng.random() < 0.3
        ),
    )


def _diseases(rng: random.Random, year: int, city: str) -> tuple[Disease, ...]:
    """Return registered diseases: of the whole year or a part of it, with a figure or without."""
    chance = 0.05 if city == LINJIANG else 0.7
    return tuple(
        Disease(code, kind, Interval(20200101) if rng.random() < 0.7 else _interval(rng, year))
        for kind, codes in ((DiseaseKind.CHRONIC, CHRONIC), (DiseaseKind.SPECIAL, SPECIAL))
        for code in codes
        if rng.random() < chance
    )


def _filings(rng: random.Random, year: int, city: str) -> tuple[Filing, ...]:
    if rng.random() < 0.6:
        return ()
    area = rng.choice(("310100", "310000", city[:2] + "0900"))
    days = Interval(year * 10_000 + 101) if rng.random() < 0.5 else _interval(rng, year)
    return (Filing(rng.choice(list(FilingKind)), area, days),)


def _acts(rng: random.Random, draw: Draw, count: int) -> list[Act]:
    """Return a member's acts; what repeats or undoes a claim is sent now and then once more."""
    acts: list[Act] = []
    claims: list[Claim] = []
    name = draw.member.id
    for n in range(count):
        chance = rng.random()
        claim = draw.claim(f"{name}/{n}")
        if claims and chance < 0.12:
            kind = rng.choice(("cancel", "reverse", "again"))
            old = rng.choice(claims)
            if kind == "again" and rng.random() < 0.2:
                old = claim._replace(institution=old.institution, request_id=old.request_id)
            acts.append(Act(kind, old, f"{name}/u{n}"))
            acts += acts[-1:] * (rng.random() < 0.1)
        elif chance < 0.2:
            acts.append(Act("preview", replace_id(claim, f"{name}/p{n}")))
        else:
            # A reversal may overtake its claim.
            if chance < 0.21:
                acts.append(Act("reverse", claim, f"{name}/u{n}"))
            claims.append(claim)
            acts.append(Act("settle", claim))
    return acts


def replace_id(claim: Claim, request_id: str) -> Claim:
    """Return the claim under another request id."""
    return claim._replace(request_id=request_id)
