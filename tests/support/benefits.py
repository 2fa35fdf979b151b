"""Random member-years of a city that knows every benefit: itemised bills, stays, packages.

They are those of `tests.support.world`, with the claims directed elsewhere.
"""

import dataclasses
import random
from typing import Final

from engine.domain.bill import BillLine
from engine.domain.claim import Claim
from engine.domain.codes import Benefit, DiseaseKind, LineClass, LineFlag
from engine.domain.dates import Interval
from engine.domain.register import Disease, Opening
from engine.rules.figures import Figure, figures_from_supply
from tests.support.runner import cities
from tests.support.world import CHANGCHUN, World, make_world

SUPPLY: Final[dict[str, object]] = {
    "inpatient": {
        "1": {"deductible": "200.00", "rate": "0.90"},
        "2": {"deductible": "500.00", "rate": "0.88"},
        "3": {"deductible": "900.00", "rate": "0.85"},
        "3p": {"deductible": "1200.00", "rate": "0.80"},
    },
    "disease_cap": {"M01": "2400.00", "M02": "7000.00"},
    "day_surgery_standard": {"DS01": "6000.00", "DS02": "4321.00"},
    "pooled_cap": "20000.00",
}
"""Operator figures, as in the worked cases of the city; the cap is low, so that it is met."""

_CODES: Final = ("M01", "M02", "M09", "DS01", "DS02", "DS09", "")
_CHRONIC = (Disease(code, DiseaseKind.CHRONIC, Interval(20230101)) for code in ("M01", "M02"))
_SPECIAL = (Disease(code, DiseaseKind.SPECIAL, Interval(20230101)) for code in ("M01", "M09"))
_REGISTERED: Final = (*_CHRONIC, *_SPECIAL)


def figures() -> tuple[Figure, ...]:
    """Return the figures that the benefits need, beside those the tests assume."""
    return figures_from_supply(CHANGCHUN, SUPPLY, cities())


def make_benefits_world(seed: int, members: int, acts: int = 10) -> World:
    """Return a world of member-years in which every benefit is asked for."""
    rng = random.Random(seed)
    world = make_world(seed, members, CHANGCHUN, acts)
    world.members = [
        dataclasses.replace(member, diseases=_REGISTERED, filings=(), arrears=())
        for member in world.members
    ]
    world.openings = [
        _more(rng, opening) if isinstance(opening, Opening) else opening
        for opening in world.openings
    ]
    changed: dict[Claim, Claim] = {}
    for name, old in world.acts.items():
        world.acts[name] = [
            dataclasses.replace(act, claim=_kept(changed, rng, act.claim)) for act in old
        ]
    return world


def _kept(changed: dict[Claim, Claim], rng: random.Random, claim: Claim) -> Claim:
    """Return what became of a claim: the same wherever it is named again."""
    if claim not in changed:
        changed[claim] = _directed(rng, claim)
    return changed[claim]


def _more(rng: random.Random, opening: Opening) -> Opening:
    return opening._replace(
        special_deductible_fen=rng.choice((0, 20_000, 90_000)),
        chronic_paid_fen=rng.choice((0, 150_000, 240_000)),
        disease_paid_fen=(("M01", rng.choice((100_000, 239_900))),),
        pooled_paid_fen=rng.choice((0, 0, 1_900_000)),
        deductible_at_fen=(),
    )


def _directed(rng: random.Random, claim: Claim) -> Claim:
    """Return the claim for another benefit, most often with lines of several."""
    claim = claim._replace(
        benefit=rng.choice(list(Benefit)[:5]),
        disease=rng.choice(_CODES),
        statement=rng.random() < 0.5,
        admission="",
    )
    if rng.random() < 0.3:
        return claim
    lines = tuple(_line(rng) for _ in range(rng.randint(1, 6)))
    total = sum(line.amount_fen for line in lines)
    return claim._replace(
        lines=lines,
        total_fen=total,
        in_scope_fen=0,
        pre_payment_fen=0,
        over_limit_fen=0,
        non_covered_fen=0,
    )


def _line(rng: random.Random) -> BillLine:
    kind = rng.choice((LineClass.A, LineClass.A, LineClass.B, LineClass.NONE))
    amount = rng.choice((0, 1, 3_333, 20_000, 80_001))
    flag = LineFlag.GENERAL_FEE if rng.random() < 0.1 else 0
    if rng.random() < 0.02:
        flag = LineFlag.DUAL_CHANNEL
    return BillLine(
        kind,
        amount,
        rng.choice((0, 1_005)) if kind == LineClass.B else 0,
        rng.randint(0, amount) if rng.random() < 0.1 else 0,
        flag,
        rng.choice((0, 0, Benefit.ORDINARY, Benefit.CHRONIC, Benefit.SPECIAL)),
    )
