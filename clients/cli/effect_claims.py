"""Made-up claims on which every question of a document can matter; the same from the same seed.

Their shares are none of a real city: what is rare there (care elsewhere, a third party that is
liable, the last day of a document) is common here. The personal account pays nothing, because no
question is about it.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from clients.cli.people import CityPeople, CitySetting, World
from engine.domain.claim import LIABLE_NOT_GIVEN, Claim
from engine.domain.codes import Kind, Level, Liability
from engine.domain.register import Institution, Member
from engine.rules.plan import RulePlan

_EDGE_MAX: Final = 10_000_00
"""Caps above it are none that one claim comes near; in fen."""
_USUAL: Final = (30_00, 100_00, 300_00, 800_00)
"""A usual amount is from one to two times one of these; in fen."""
_HEAVY: Final = 4
"""So many times a usual amount costs who is seriously ill."""


class _Visit(NamedTuple):
    """What the bills of one visit share."""

    member: Member
    name: str
    day: int
    where: Institution
    heavy: bool
    emergency: bool
    referred: bool
    liable: bool


def make_claims(
    setting: CitySetting, plans: Sequence[RulePlan], seed: int, members: int, claims: int
) -> World:
    """Return people of one city with `claims` claims in all, each person's in order of days.

    Args:
        setting: The city, and the days of the claims.
        plans: The plans of the city: amounts are drawn near their deductibles and caps.
        seed: The same seed gives the same world.
        members: How many people; at least one.
        claims: How many claims; people differ by one at most.
    """
    world = World()
    rng = random.Random(f"effect.{seed}.{setting.area}")
    _EffectPeople(world, setting, rng, _edges(plans)).fill_with(members, claims)
    return world


def _edges(plans: Sequence[RulePlan]) -> list[int]:
    """Return the deductibles, caps and thresholds of the plans, in fen, in order."""
    edges = {
        amount_fen
        for plan in plans
        for amount_fen in (
            *plan.deductible_fen,
            *plan.visit_cap_fen,
            *plan.annual_cap_fen,
            plan.second_threshold_fen,
        )
    }
    return sorted(edge for edge in edges if 0 < edge <= _EDGE_MAX)


class _EffectPeople(CityPeople):
    """One city's people, who fall ill where readings differ."""

    def __init__(
        self, world: World, city: CitySetting, rng: random.Random, edges: list[int]
    ) -> None:
        super().__init__(world, city, "", rng)
        self._edges = edges

    def fill_with(self, members: int, claims: int) -> None:
        """Make institutions, then people, then `claims` claims in all."""
        self._institutions()
        for number in range(members):
            member = self._member(number)
            count = claims // members + (number < claims % members)
            self._world.members.append(member)
            self._world.city_of[member.id] = self._city.area
            self._world.claims[member.id] = list(self._claims(member, count))

    def _institutions(self) -> None:
        """Add to the usual ones a second of level 2, and others elsewhere."""
        super()._institutions()
        self._institution(Kind.HOSPITAL, Level.LEVEL_2, self._city.area)
        for area in [institution.area for institution in self._elsewhere]:
            self._institution(Kind.HOSPITAL, Level.LEVEL_1, area)
            self._institution(Kind.HOSPITAL, Level.LEVEL_2, area)

    def _claims(self, member: Member, count: int) -> Iterator[Claim]:
        rng = self._random
        heavy = rng.randrange(8) == 0
        sizes: list[int] = []
        while (left := count - sum(sizes)) > 0:
            sizes.append(min(left, rng.choice((1, 1, 1, 2, 3))))
        number = 0
        for turn, offset in enumerate(sorted(self._offset() for _ in sizes)):
            visit = _Visit(
                member,
                f"{member.id}-V{turn}",
                self._day(offset),
                self._where(member),
                heavy,
                emergency=rng.randrange(10) == 0,
                referred=rng.randrange(8) == 0,
                liable=rng.randrange(30) == 0,
            )
            named = sizes[turn] > 1 or rng.randrange(4) == 0
            for bill in range(sizes[turn]):
                yield self._bill(visit, number, later=bill > 0, named=named)
                number += 1

    def _offset(self) -> int:
        """Return the day of a visit; now and then one of the last two, or of the last week."""
        chance = self._random.randrange(100)
        if chance < 2:
            return self._span - self._random.randrange(2)
        if chance < 6:
            return self._span - self._random.randrange(7)
        return self._random.randrange(self._span + 1)

    def _bill(self, visit: _Visit, number: int, *, later: bool, named: bool) -> Claim:
        """Return a bill of a visit; a later one may be its prescription, filled at a pharmacy."""
        rng = self._random
        where, prescriber = visit.where, ""
        pharmacies = [one for one in self._local if one.kind == Kind.PHARMACY]
        if later and rng.randrange(3) == 0:
            where, prescriber = rng.choice(pharmacies), visit.where.id
        elif where.kind == Kind.PHARMACY and rng.randrange(4):
            prescriber = rng.choice(self._local[:5]).id
        in_scope = self._amount() * (_HEAVY if visit.heavy else 1)
        pre_payment = rng.randrange(in_scope // 5 + 1) if rng.randrange(3) == 0 else 0
        over_limit = rng.randrange(20_00) if rng.randrange(6) == 0 else 0
        non_covered = rng.randrange(50_00) if rng.randrange(4) == 0 else 0
        in_part = visit.liable and rng.randrange(4) > 0
        return Claim(
            institution=where.id,
            request_id=f"{visit.member.id}-R{number}",
            member=visit.member.id,
            service_date=visit.day,
            until_date=visit.day,
            total_fen=in_scope + pre_payment + over_limit + non_covered,
            in_scope_fen=in_scope,
            pre_payment_fen=pre_payment,
            over_limit_fen=over_limit,
            non_covered_fen=non_covered,
            visit=visit.name if named else "",
            prescriber=prescriber,
            liability=Liability.THIRD_PARTY if visit.liable else Liability.NONE,
            liable_fen=rng.randrange(in_scope + 1) if in_part else LIABLE_NOT_GIVEN,
            emergency=visit.emergency,
            referred=visit.referred,
        )

    def _amount(self) -> int:
        """Return an amount in scope, in fen: a usual one, or one near a deductible or a cap."""
        rng = self._random
        if self._edges and rng.randrange(10) == 0:
            return max(1, rng.choice(self._edges) + rng.randint(-2_00, 2_00))
        usual = rng.choice(_USUAL)
        return usual + rng.randrange(usual)
