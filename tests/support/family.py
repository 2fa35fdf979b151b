"""A few people of a city who pay for each other, and where and when they do it."""

import random
from dataclasses import dataclass, replace

from engine.domain.account import Relation
from engine.domain.codes import Employment, Kind, Level, Mode, Status
from engine.domain.dates import Interval, previous_day
from engine.domain.register import (
    AccountOpening,
    Contribution,
    FamilyLink,
    Institution,
    Member,
    Selection,
)
from engine.rules.figures import Figure, figures_from_supply
from tests.support.runner import FIGURES, cities
from tests.support.world import CHANGCHUN, HEYUAN, JINAN, SUIZHOU, ZIBO

MONTHS = {
    JINAN: (2023_12, 2024_01, 2024_02, 2025_11, 2025_12),
    ZIBO: (2023_12, 2024_01, 2024_02),
    CHANGCHUN: (2023_07, 2023_12, 2024_01, 2024_02),
    SUIZHOU: (2024_10, 2024_11, 2024_12, 2025_01),
    HEYUAN: (2025_07, 2025_08, 2025_09, 2025_10),
}
"""Months to draw from, those of a change of rules among them."""
_SUPPLY: dict[str, dict[str, object]] = {
    JINAN: {"average_pension_2023": "4321.00", "old_unit_credit": "90.00"},
    ZIBO: {"average_pension_2023": "3987.65", "old_unit_credit": "88.89"},
    CHANGCHUN: {},
    SUIZHOU: {"premium_use": True},
    HEYUAN: {},
}
SIZE = 6
"""People in a family; their register numbers follow each other."""


def figures() -> list[Figure]:
    """Return what the operators supplied: what the tests assume, and what accounts need."""
    return [
        figure
        for city, supply in _SUPPLY.items()
        for figure in figures_from_supply(city, FIGURES.get(city, {}) | supply, cities())
    ]


def institutions(city: str) -> list[Institution]:
    """Return a hospital of each of three levels, a pharmacy, and one that is not designated."""
    return [
        Institution(f"{city}-1", city),
        Institution(f"{city}-2", city, Level.LEVEL_2),
        Institution(f"{city}-3", city, Level.LEVEL_3),
        Institution(f"{city}-rx", city, kind=Kind.PHARMACY),
        Institution(f"{city}-out", city, designated=()),
    ]


@dataclass(frozen=True)
class Family:
    """Relatives, one who is nobody's, and one who is insured in another city."""

    city: str
    members: list[Member]
    openings: list[AccountOpening]

    @property
    def ids(self) -> list[str]:
        return [member.id for member in self.members]


def make_family(rng: random.Random, name: str, city: str) -> Family:
    """Return a family; mostly its links hold, and mostly what a credit needs is known."""
    worker, retiree, child, parent, alone, away = (f"{name}-{n}" for n in range(SIZE))
    elsewhere = rng.choice([other for other in MONTHS if other != city])

    def link(relative: str, relation: Relation) -> FamilyLink:
        days = Interval(2000_01_01) if rng.random() < 0.85 else Interval(2024_01_10, 2025_09_09)
        return FamilyLink(relative, relation, "consent-1", days)

    pooled = Mode.POOLED_ONLY
    members = [
        Member(
            worker,
            city,
            employment=Employment.FLEXIBLE if rng.random() < 0.1 else Employment.UNIT,
            family=(link(retiree, Relation.SPOUSE), link(child, Relation.CHILD)),
            contributions=contributions(rng),
        ),
        Member(
            retiree,
            city,
            status=Status.RETIRED,
            born_on=rng.choice((1953_12_31, 1954_02_01, 1962_03_04)),
            family=(
                link(worker, Relation.SPOUSE),
                link(parent, Relation.SIBLING),
                link(away, Relation.CHILD),
            ),
            still_paying=(Interval(2023_01_01),) if rng.random() < 0.2 else (),
        ),
        Member(
            child,
            city,
            mode=pooled,
            family=(link(worker, Relation.PARENT),),
            contributions=contributions(rng),
        ),
        Member(
            parent,
            city,
            status=rng.choice((Status.RETIRED, Status.VETERAN)),
            born_on=1950_01_01,
            employment=Employment.FLEXIBLE,
            mode=pooled if rng.random() < 0.1 else Mode.COMBINED,
            family=(link(worker, Relation.CHILD), link(child, Relation.GRANDCHILD)),
            months_combined=rng.choice((0, 111, 180)),
            months_pooled_only=rng.choice((0, 7, 100)),
        ),
        Member(alone, city, contributions=contributions(rng)),
        Member(
            away,
            elsewhere,
            family=(link(worker, Relation.PARENT), link(retiree, Relation.PARENT)),
            contributions=contributions(rng),
        ),
    ]
    selections = (Selection(f"{city}-1", Interval(2020_01_01)),)
    members = [replace(member, selections=selections) for member in members]
    openings = [
        AccountOpening(name, rng.choice((1, 4_999, 20_000, 60_000)))
        for name in (worker, retiree, parent, alone, away)
        if rng.random() < 0.6
    ]
    return Family(city, members, openings)


def contributions(rng: random.Random) -> tuple[Contribution, ...]:
    """Return what is contributed, from some month on something else, seldom nothing known."""

    def one(days: Interval) -> Contribution:
        base_fen = rng.choice((361_225, 500_000, 799_999)) if rng.random() < 0.93 else 0
        return Contribution(base_fen, base_fen // 50, days)

    if rng.random() < 0.6:
        return (one(Interval(2020_01_01)),)
    month = rng.choice((2024_01, 2024_02, 2024_11, 2025_09))
    first = month * 100 + 1
    return one(Interval(2020_01_01, previous_day(first))), one(Interval(first))
