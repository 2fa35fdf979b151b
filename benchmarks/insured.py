"""Made-up members of the five cities to credit for a month: every kind that the rules tell apart.

cities        by turns; the n-th member has city n modulo five
active        70 %; 15 % of them flexible workers, half of these pooled-only; so are 0.5 % of the
              others
retired       30 %, born 1926 to 1965; a sixth alternate between modes of insurance, and of a tenth
              of these the months with an account are not known; 6 % still pay
contributions a base of 3 000.00 to 24 000.00 from 2020, for a fifth another one from a later month;
              2 % have none
retiring      1 % of the active retire within the years that are credited
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.domain.codes import Employment, Mode, Status
from engine.domain.dates import Interval, previous_day
from engine.domain.register import AccountOpening, Contribution, Member
from engine.rules.figures import Figure, figures_from_supply
from engine.rules.load import load_cities

MONTHS: Final = {
    "370100": 2024_03,
    "370300": 2024_03,
    "220100": 2024_03,
    "421300": 2024_03,
    "441600": 2025_09,
}
"""City and the month to credit there."""
_SUPPLY: Final[dict[str, dict[str, object]]] = {
    "370100": {"average_pension_2023": "4321.00"},
    "370300": {"average_pension_2023": "3987.65"},
    "220100": {"effective_date": "2023-07-01"},
}
_SEED: Final = 20_240_301
_CHANCES: Final = 8
_LATER: Final = (2024_01_01, 2024_03_01, 2025_09_01)
_ALWAYS: Final = Interval(2020_01_01)


def figures() -> list[Figure]:
    """Return the operator figures that the credits need."""
    cities = load_cities()
    return [
        figure
        for area, supply in _SUPPLY.items()
        for figure in figures_from_supply(area, supply, cities)
    ]


def members(count: int, size: int = 10_000, seed: int = _SEED) -> Iterator[list[Member]]:
    """Yield so many members in batches; the same from the same seed and size."""
    random = np.random.default_rng(seed)
    areas = list(MONTHS)
    for start in range(0, count, size):
        numbers = range(start, min(start + size, count))
        chances = random.random((len(numbers), _CHANCES)).tolist()
        yield [
            _member(f"P{number:07}", areas[number % len(areas)], chance)
            for number, chance in zip(numbers, chances, strict=True)
        ]


def openings(count: int, share: float = 0.5) -> Iterator[list[AccountOpening]]:
    """Yield balances from before the ledger for a share of the members, in batches."""
    random = np.random.default_rng(_SEED + 1)
    for start in range(0, count, 10_000):
        numbers = np.arange(start, min(start + 10_000, count))
        here = numbers[random.random(len(numbers)) < share].tolist()
        balances = random.integers(100_000, size=len(here)).tolist()
        yield [
            AccountOpening(f"P{number:07}", fen) for number, fen in zip(here, balances, strict=True)
        ]


def _member(name: str, area: str, chance: list[float]) -> Member:
    kind, detail, more, age, base, when, change, rare = chance
    if kind < 0.3:
        alternates = detail < 1 / 6
        return Member(
            name,
            area,
            status=Status.VETERAN if rare < 0.01 else Status.RETIRED,
            born_on=(1926 + int(age * 40)) * 10_000 + 101 + int(more * 12) * 100 + int(when * 28),
            months_combined=int(base * 300) + 1 if alternates and more >= 0.1 else 0,
            months_pooled_only=int(change * 100) + 1 if alternates else 0,
            still_paying=(_ALWAYS,) if rare >= 0.94 else (),
        )
    flexible = detail < 0.15
    pooled = more < 0.5 if flexible else more < 0.005
    retires = rare < 0.01
    return Member(
        name,
        area,
        retired_on=2024_01_01 + int(when * 12) * 100 + int(age * 28) if retires else 0,
        born_on=(1965 + int(age * 40)) * 10_000 + 615,
        mode=Mode.POOLED_ONLY if pooled else Mode.COMBINED,
        employment=Employment.FLEXIBLE if flexible else Employment.UNIT,
        contributions=_contributions(base, when, change),
    )


def _contributions(base: float, when: float, change: float) -> tuple[Contribution, ...]:
    if change < 0.02:
        return ()
    fen = 300_000 + int(base * 2_100_000)
    if change < 0.8:
        return (_contribution(fen, _ALWAYS),)
    first = _LATER[int(when * len(_LATER))]
    return (
        _contribution(fen, Interval(_ALWAYS.first_day, previous_day(first))),
        _contribution(fen + 12_345, Interval(first)),
    )


def _contribution(base_fen: int, days: Interval) -> Contribution:
    return Contribution(base_fen, base_fen // 50, days)
