"""Made-up people, institutions and claims: the same from the same seed, in any city with rules."""

import random
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Final, NamedTuple

from engine.domain.claim import Claim
from engine.domain.codes import Benefit, FilingKind, Kind, Level, Liability, Status
from engine.domain.dates import Interval, from_date, to_date
from engine.domain.register import (
    AccountOpening,
    Filing,
    Institution,
    Member,
    Opening,
    Selection,
    Stay,
)
from engine.rules.book import PlanBook

_BEIJING: Final = "110000"
_SHANGHAI: Final = "310000"
_SEED: Final = 20_240_305


class CitySetting(NamedTuple):
    """When people of a city fall ill."""

    area: str
    first_day: int
    last_day: int


class Setting(NamedTuple):
    """How much there is of everything."""

    cities: tuple[CitySetting, ...]
    members: int
    claims_a_member: int
    workers: int


@dataclass
class World:
    """Everybody and everything of all cities, and what happens."""

    members: list[Member] = field(default_factory=list)
    institutions: list[Institution] = field(default_factory=list)
    openings: list[Opening | AccountOpening] = field(default_factory=list)
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    """Claims of each member in their order."""
    city_of: dict[str, str] = field(default_factory=dict)
    """Area code of each member's city."""


def read_setting(book: PlanBook) -> Setting:
    """Return the setting of the demo, for every city that has rules."""
    data = tomllib.loads(_beside("demo.toml").decode())
    days = read_days(book, "demo.toml")
    return Setting(days, data["members"], data["claims_a_member"], data["workers"])


def read_days(book: PlanBook, file: str) -> tuple[CitySetting, ...]:
    """Return the days that a file beside this module gives for every city that has rules."""
    data = tomllib.loads(_beside(file).decode())
    days = {
        city["area"]: (from_date(city["first_day"]), from_date(city["last_day"]))
        for city in data["city"]
    }
    cities = []
    for area in sorted(book.cities):
        if area in days:
            cities.append(CitySetting(area, *days[area]))
        elif versions := book.versions(area):
            longest = max(versions, key=lambda plan: plan.last_day - plan.first_day)
            cities.append(CitySetting(area, longest.first_day, longest.last_day))
    return tuple(cities)


def read_figures() -> bytes:
    """Return the figures that are assumed, as a supply file."""
    return _beside("demo_figures.toml")


def _beside(file: str) -> bytes:
    return resources.files("clients.cli").joinpath(file).read_bytes()


def make_world(setting: Setting, *, prefix: str = "", seed: int = _SEED) -> World:
    """Return a world; `prefix` keeps its ids apart from those of another."""
    world = World()
    for city in setting.cities:
        CityPeople(world, city, prefix, random.Random(f"{seed}.{city.area}")).fill(setting)
    return world


class CityPeople:
    """One city's part of a world; a class of its own may draw other people and claims."""

    def __init__(self, world: World, city: CitySetting, prefix: str, rng: random.Random) -> None:
        self._world = world
        self._city = city
        self._name = f"{prefix}{city.area}"
        self._random = rng
        self._local: list[Institution] = []
        self._elsewhere: list[Institution] = []
        first, last = to_date(city.first_day), to_date(city.last_day)
        self._first, self._span = first.toordinal(), (last - first).days

    def fill(self, setting: Setting) -> None:
        """Make institutions, then people, then what happens to them."""
        self._institutions()
        for number in range(setting.members):
            member = self._member(number)
            self._world.members.append(member)
            self._world.city_of[member.id] = self._city.area
            claims = list(self._claims(member, setting.claims_a_member))
            self._world.claims[member.id] = claims

    def _day(self, offset: int) -> int:
        return from_date(to_date(20000101).fromordinal(self._first + offset))

    def _institution(
        self, kind: Kind, level: Level, area: str, host: str = "", parent: str = ""
    ) -> Institution:
        number = len(self._local) + len(self._elsewhere) + 1
        made = Institution(f"{self._name}-H{number:02}", area, level, kind, host, parent)
        (self._local if area == self._city.area else self._elsewhere).append(made)
        self._world.institutions.append(made)
        return made

    def _institutions(self) -> None:
        area = self._city.area
        for level in Level:
            self._institution(Kind.HOSPITAL, level, area)
        community = self._institution(Kind.COMMUNITY, Level.LEVEL_1, area)
        self._institution(Kind.VILLAGE_STATION, Level.LEVEL_1, area, parent=community.id)
        self._institution(Kind.INTERNET_HOSPITAL, Level.LEVEL_1, area, host=self._local[1].id)
        self._institution(Kind.PHARMACY, Level.LEVEL_1, area)
        capital = f"{area[:2]}0100"
        self._institution(
            Kind.HOSPITAL, Level.LEVEL_3, capital if capital != area else f"{area[:2]}0200"
        )
        far = _BEIJING if area[:2] != _BEIJING[:2] else _SHANGHAI
        self._institution(Kind.HOSPITAL, Level.LEVEL_3, far)

    def _member(self, number: int) -> Member:
        rng = self._random
        member_id = f"{self._name}-P{number:05}"
        chance = rng.randrange(100)
        status = Status.ACTIVE if chance < 65 else Status.RETIRED if chance < 98 else Status.VETERAN
        selected = rng.choice(self._local[:5])
        whole = Interval(self._city.first_day, self._city.last_day)
        arrears = [Interval(self._day(30), self._day(60))] if rng.randrange(25) == 0 else []
        filings = [
            Filing(FilingKind.LONG_TERM, rng.choice(self._elsewhere).area, whole)
            for _ in range(rng.randrange(8) == 0)
        ]
        stays = [Stay(self._local[2].id, self._day(80), self._day(90))] * (rng.randrange(20) == 0)
        if rng.randrange(3):
            self._world.openings.append(AccountOpening(member_id, rng.randrange(0, 300_000)))
        return Member(
            member_id,
            self._city.area,
            status,
            born_on=(1955 if status != Status.ACTIVE else 1985) * 10_000 + 101,
            arrears=tuple(arrears),
            filings=tuple(filings),
            selections=(Selection(selected.id, whole),),
            stays=tuple(stays),
        )

    def _claims(self, member: Member, count: int) -> Iterator[Claim]:
        rng = self._random
        offsets = sorted(rng.randrange(self._span) for _ in range(count))
        visit = ""
        for number, offset in enumerate(offsets):
            where = self._where(member)
            in_scope = rng.choice((8_000, 30_000, 120_000, 400_000)) + rng.randrange(30_000)
            pre_payment = rng.randrange(0, in_scope // 10) if rng.randrange(2) else 0
            over_limit = rng.randrange(2_000) if rng.randrange(5) == 0 else 0
            non_covered = rng.randrange(5_000) if rng.randrange(3) == 0 else 0
            total = in_scope + pre_payment + over_limit + non_covered
            liable = rng.randrange(40) == 0
            visit = visit if visit and rng.randrange(4) == 0 else f"{member.id}-V{number}"
            day = self._day(offset)
            yield Claim(
                institution=where.id,
                request_id=f"{member.id}-R{number}",
                member=member.id if rng.randrange(80) else f"{self._name}-unknown",
                service_date=day,
                until_date=day,
                total_fen=total if rng.randrange(100) else total + 1,
                in_scope_fen=in_scope,
                pre_payment_fen=pre_payment,
                over_limit_fen=over_limit,
                non_covered_fen=non_covered,
                benefit=Benefit.CHRONIC if rng.randrange(60) == 0 else Benefit.ORDINARY,
                visit=visit if rng.randrange(3) == 0 else "",
                prescriber=self._local[1].id if where.kind == Kind.PHARMACY else "",
                liability=Liability.THIRD_PARTY if liable else Liability.NONE,
                liable_fen=in_scope // 2 if liable else -1,
                emergency=rng.randrange(25) == 0,
                referred=rng.randrange(12) == 0,
                use_account=rng.randrange(2) == 0,
            )

    def _where(self, member: Member) -> Institution:
        chance = self._random.randrange(100)
        if chance < 70:
            selected = member.selections[0].institution
            return next(i for i in self._local if i.id == selected)
        if chance < 92:
            return self._random.choice(self._local)
        return self._random.choice(self._elsewhere)


Claims = Mapping[str, list[Claim]]
"""Claims of each member in their order."""


def split(claims: Claims) -> tuple[Claims, Claims]:
    """Return two halves with members of their own: every second member of each."""
    ids = list(claims)
    return {m: claims[m] for m in ids[::2]}, {m: claims[m] for m in ids[1::2]}


def deal(claims: Claims, workers: int) -> list[list[Claim]]:
    """Return the claims dealt to workers, a member's claims to one and in their order."""
    hands: list[list[list[Claim]]] = [[] for _ in range(workers)]
    for number, mine in enumerate(claims.values()):
        hands[number % workers].append(mine)
    return [list(_mixed(hand)) for hand in hands if hand]


def _mixed(members: list[list[Claim]]) -> Iterator[Claim]:
    """Yield the members' claims by turns: the first of each, the second of each."""
    for turn in range(max(map(len, members))):
        for claims in members:
            if turn < len(claims):
                yield claims[turn]
