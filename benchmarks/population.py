"""Made-up people, institutions and claims of the cities that have rules: the mix of `generate`.

institutions  64, by turns of each city; level by the shares of the mix; four are pharmacies,
              two lie in another area; the member's home institution is one they selected
members       numbered; the n-th has home institution n modulo 64 and so its city; 95 % have an
              account; 0.5 % each are in arrears, or in a stay; half of those whose home is
              elsewhere are filed there
claims        a random member at the home institution, on a random day, ordinary care; amounts
              by `generate.amounts`; a tenth share one visit of the member; a tenth of those at
              a pharmacy have no prescription; 0.5 % each emergency, another is liable in part
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from benchmarks import generate
from clients.cli.people import CitySetting, read_setting
from clients.registers import RegisterItem
from engine.domain.claim import LIABLE_NOT_GIVEN, Claim
from engine.domain.codes import Benefit, FilingKind, Kind, Level, Liability, Status
from engine.domain.dates import Interval, from_date, to_date
from engine.domain.layout import Array
from engine.domain.register import (
    AccountOpening,
    Filing,
    Institution,
    Member,
    Selection,
    Stay,
)
from engine.rules.book import PlanBook
from engine.rules.load import load_cities
from engine.rules.plan import STATUSES

HOMES: Final = 64
_SEED: Final = 20_250_101
_PHARMACIES: Final = range(40, 44)
_ELSEWHERE: Final = {62: "{}0100", 63: "990100"}
_STAY: Final = 10


class Population:
    """Registers of so many members, and their claims; the same from the same seed."""

    def __init__(self, members: int, seed: int = _SEED) -> None:
        self._random = np.random.default_rng(seed)
        self._cities: Sequence[CitySetting] = read_setting(PlanBook(load_cities())).cities
        self._days = [_days(city) for city in self._cities]
        self.institutions = [self._institution(number) for number in range(HOMES)]
        self.members = self._members(members)
        balances = self._random.integers(generate.BALANCE_MAX, size=members).tolist()
        self.openings = [
            AccountOpening(self.members[n].id, balances[n])
            for n in np.flatnonzero(self._random.random(members) < generate.ACCOUNT_SHARE)
        ]
        self._made = 0

    def registers(self, size: int = 1_000) -> Iterator[Sequence[RegisterItem]]:
        """Yield register messages in the order in which they can be taken."""
        kinds: tuple[Sequence[RegisterItem], ...]
        kinds = (self.institutions, self.members, self.openings)
        for items in kinds:
            for start in range(0, len(items), size):
                yield items[start : start + size]

    def members_of(self, stream: int, streams: int) -> range:
        """Return the members of one of so many streams, all with the same home.

        The streams are a multiple or a divisor of `HOMES` in number: members are disjoint.
        """
        step = max(streams, HOMES)
        return range(stream, len(self.members), step)

    def claims(self, count: int, of: range | Array | None = None) -> list[Claim]:
        """Return so many claims of members at random, no id twice."""
        random = self._random
        among = range(len(self.members)) if of is None else of
        if isinstance(among, range):
            among = np.arange(among.start, among.stop, among.step)
        picked = among[random.integers(len(among), size=count)].tolist()
        bills = generate.amounts(random, count)
        parts = zip(*(part.tolist() for part in bills), strict=True)
        chances = random.random((count, 5)).tolist()
        return [
            self._claim(member, amounts, chance)
            for member, amounts, chance in zip(picked, parts, chances, strict=True)
        ]

    def _claim(self, number: int, amounts: tuple[int, ...], chance: Sequence[float]) -> Claim:
        self._made += 1
        home, member = number % HOMES, self.members[number]
        days = self._days[home % len(self._days)]
        day = days[int(chance[0] * len(days))]
        in_scope, pre_payment, over_limit, non_covered = amounts
        prescribed = home in _PHARMACIES and chance[1] >= 0.1
        liable = 0.005 <= chance[2] < 0.010
        return Claim(
            self.institutions[home].id,
            f"B{self._made:08}",
            member.id,
            day,
            day,
            in_scope + pre_payment + over_limit + non_covered,
            in_scope,
            pre_payment,
            over_limit,
            non_covered,
            Benefit.ORDINARY,
            f"{member.id}-V" if chance[3] < generate.ONE_VISIT_SHARE else "",
            prescriber=self.institutions[home % len(self._cities)].id if prescribed else "",
            liability=Liability.THIRD_PARTY if liable else Liability.NONE,
            liable_fen=in_scope // 3 if liable else LIABLE_NOT_GIVEN,
            emergency=chance[2] < 0.005,
            use_account=chance[4] < generate.USE_ACCOUNT_SHARE,
        )

    def _institution(self, number: int) -> Institution:
        city = self._cities[number % len(self._cities)].area
        area = _ELSEWHERE.get(number, city).format(city[:2])
        # Golden-ratio steps spread the levels evenly over the cities.
        place = number * 0.618_034 % 1.0
        level = int(np.searchsorted(np.cumsum(generate.LEVEL_SHARES), place)) + 1
        kind = Kind.PHARMACY if number in _PHARMACIES else Kind.HOSPITAL
        return Institution(f"{city}-H{number:02}", area, Level(min(level, 4)), kind)

    def _members(self, count: int) -> list[Member]:
        random = self._random
        statuses = random.choice(STATUSES, count, p=generate.STATUS_SHARES).tolist()
        chances = random.random(count).tolist()
        return [self._member(n, statuses[n] + 1, chances[n]) for n in range(count)]

    def _member(self, number: int, status: int, chance: float) -> Member:
        home = self.institutions[number % HOMES]
        city = self._cities[number % HOMES % len(self._cities)]
        whole = Interval(city.first_day, city.last_day)
        filed = home.area != city.area and number // HOMES % 2
        return Member(
            f"{city.area}-P{number:06}",
            city.area,
            Status(status),
            arrears=(whole,) if chance < 0.005 else (),
            filings=(Filing(FilingKind.LONG_TERM, home.area, whole),) if filed else (),
            selections=(Selection(home.id, whole),),
            stays=(Stay(self.institutions[_STAY].id, *whole),) if chance > 0.995 else (),
        )


def _days(city: CitySetting) -> list[int]:
    first, last = to_date(city.first_day), to_date(city.last_day)
    ordinals = range(first.toordinal(), last.toordinal() + 1)
    return [from_date(first.fromordinal(ordinal)) for ordinal in ordinals]
