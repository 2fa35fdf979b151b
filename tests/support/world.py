"""Random member-years: people, institutions and what happens to them, from one seed.

Nothing here knows what a city pays; it draws from what the contract allows, with amounts near the
values that matter (deductibles, caps) so that they are crossed often.
"""

import random
from dataclasses import dataclass, field

from engine.domain.claim import Claim
from engine.domain.codes import (
    Benefit,
    DiseaseKind,
    FilingKind,
    Kind,
    Level,
    Liability,
    Mode,
    Offer,
    Status,
)
from engine.domain.dates import Interval
from engine.domain.register import (
    AccountOpening,
    Disease,
    Filing,
    Institution,
    Member,
    Opening,
    Selection,
    Stay,
)

ZIBO, HEYUAN, SUIZHOU = "370300", "441600", "421300"
JINAN, CHANGCHUN = "370100", "220100"
YEARS = {
    ZIBO: (2023, 2024, 2026),
    HEYUAN: (2025, 2026),
    SUIZHOU: (2022, 2023, 2024),
    JINAN: (2023, 2024, 2025),
    CHANGCHUN: (2023, 2024),
}
"""Years to draw from, those of a change of rules among them."""


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


def make_world(seed: int, members: int, city: str, acts: int = 10) -> World:
    """Return a world of `members` member-years of a city, about `acts` acts each."""
    rng = random.Random(seed)
    world = World(_institutions(city))
    for n in range(members):
        _add_member(world, rng, f"m{seed}-{n}", city, rng.randint(1, 2 * acts - 1))
    return world


def _institutions(city: str) -> list[Institution]:
    here = [Institution(f"{city}-{level}", city, level) for level in Level]
    other_city, other_province = city[:2] + "0900", "310100"
    return [
        *here,
        Institution(f"{city}-station", city, kind=Kind.VILLAGE_STATION, parent=f"{city}-1"),
        Institution(f"{city}-online", city, kind=Kind.INTERNET_HOSPITAL, host=f"{city}-3"),
        Institution(f"{city}-rx", city, kind=Kind.PHARMACY),
        Institution(f"{city}-no-offer", city, offers=frozenset({Offer.CHRONIC})),
        Institution(f"{city}-undesignated", city, Level.LEVEL_2, designated=()),
        Institution(f"{city}-till-june", city, designated=(Interval(2000_01_01, 2024_06_30),)),
        Institution(f"{city}-near", other_city, Level.LEVEL_2),
        Institution(f"{city}-far", other_province, Level.LEVEL_3, networked=()),
    ]


def _add_member(world: World, rng: random.Random, name: str, city: str, acts: int) -> None:
    year = rng.choice(YEARS[city])
    home = rng.choice(world.institutions).id
    world.members.append(
        Member(
            id=name,
            city=city,
            status=rng.choice(list(Status)),
            retired_on=_day(rng, year) if rng.random() < 0.2 else 0,
            mode=Mode.POOLED_ONLY if rng.random() < 0.1 else Mode.COMBINED,
            arrears=(_interval(rng, year),) if rng.random() < 0.1 else (),
            filings=_filings(rng, year, city),
            selections=(Selection(home, Interval(year * 10_000 + 101)),)
            if rng.random() < 0.8
            else (),
            diseases=(Disease("M1", DiseaseKind.CHRONIC, Interval(20200101)),)
            if rng.random() < 0.1
            else (),
            stays=(Stay(f"{city}-3", *_interval(rng, year)),) if rng.random() < 0.15 else (),
        )
    )
    if rng.random() < 0.5:
        world.openings.append(
            Opening(
                name,
                year,
                # By institution in that year: refused otherwise.
                deductible_fen=rng.choice((0, 5_000, 49_999, 70_000))
                * ((city, year) != (JINAN, 2023)),
                deductible_met=rng.random() < 0.2,
                ordinary_paid_fen=rng.choice((0, 100_000, 190_000, 299_999, 399_900)),
                visit_paid_fen=(("V1", rng.randint(0, 15_000)),) if rng.random() < 0.3 else (),
                deductible_at_fen=((f"{city}-2", rng.choice((100, 39_999, 40_000))),)
                if rng.random() < 0.3
                else (),
                pooled_paid_fen=rng.choice((0, 150_000, 290_000, 300_000)),
                compliant_burden_fen=rng.choice((0, 500_000, 590_000, 790_000, 2_000_000)),
                large_amount_paid_fen=rng.choice((0, 0, 490_000)),
            )
        )
    if rng.random() < 0.7:
        world.openings.append(AccountOpening(name, rng.randint(0, 100_000)))
    world.acts[name] = _acts(world, rng, name, year, acts)


def _filings(rng: random.Random, year: int, city: str) -> tuple[Filing, ...]:
    if rng.random() < 0.7:
        return ()
    area = rng.choice(("310100", "310000", city[:2] + "0900"))
    return (Filing(rng.choice(list(FilingKind)), area, _interval(rng, year)),)


def _acts(world: World, rng: random.Random, name: str, year: int, count: int) -> list[Act]:
    acts: list[Act] = []
    claims: list[Claim] = []
    for n in range(count):
        draw = rng.random()
        if claims and draw < 0.12:
            kind = rng.choice(("cancel", "reverse", "again"))
            acts.append(Act(kind, rng.choice(claims), f"{name}/u{n}"))
            continue
        claim = _claim(world, rng, name, year, n)
        if draw < 0.2:
            acts.append(Act("preview", replace_id(claim, f"{name}/p{n}")))
            continue
        claims.append(claim)
        acts.append(Act("settle", claim))
    return acts


def replace_id(claim: Claim, request_id: str) -> Claim:
    """Return the claim under another request id."""
    return claim._replace(request_id=request_id)


def _claim(world: World, rng: random.Random, name: str, year: int, n: int) -> Claim:
    day = _day(rng, year)
    in_scope = _amount(rng)
    extra = [_amount(rng) if rng.random() < 0.2 else 0 for _ in range(3)]
    institution = rng.choice(world.institutions)
    here = [i.id for i in world.institutions[:3]]
    liability = rng.choice(list(Liability)) if rng.random() < 0.1 else Liability.NONE
    part = liability and rng.random() < 0.5
    return Claim(
        institution=institution.id,
        request_id=f"{name}/{n}",
        member=name,
        service_date=day,
        until_date=day if rng.random() < 0.95 else max(day, _day(rng, year)),
        total_fen=in_scope + sum(extra),
        in_scope_fen=in_scope,
        pre_payment_fen=extra[0],
        over_limit_fen=extra[1],
        non_covered_fen=extra[2],
        benefit=rng.choice(list(Benefit)) if rng.random() < 0.1 else Benefit.ORDINARY,
        visit=rng.choice(("V1", "V2")) if rng.random() < 0.3 else "",
        disease="M1" if rng.random() < 0.1 else "",
        prescriber=rng.choice(here) if rng.random() < 0.5 else "",
        liability=liability,
        liable_fen=rng.randint(0, in_scope + 100) if part else -1,
        emergency=rng.random() < 0.1,
        referred=rng.random() < 0.1,
        admission=institution.id if rng.random() < 0.05 else "",
        statement=rng.random() < 0.05,
        manual=rng.random() < 0.1,
        use_account=rng.random() < 0.4,
    )


def _amount(rng: random.Random) -> int:
    near = rng.choice((1, 5_000, 10_000, 20_001, 50_000, 70_000, 250_000, 600_000))
    return max(0, near + rng.randint(-near, 99))


def _day(rng: random.Random, year: int) -> int:
    edge = rng.random()
    if edge < 0.04:
        return year * 10_000 + 101
    if edge < 0.08:
        return year * 10_000 + 1231
    return year * 10_000 + rng.randint(1, 12) * 100 + rng.randint(1, 28)


def _interval(rng: random.Random, year: int) -> Interval:
    first, last = sorted((_day(rng, year), _day(rng, year)))
    return Interval(first, last)
