"""The mix of made-up claims: what `city_rows` and `population` draw by, from one seed each.

By claim unless said otherwise:

    members     uniform, so a member has claims / members of them on average, in random order
    status      of the member: active 72 %, retired 27 %, veteran 1 %
    level       one 45 %, two 25 %, three 28 %, three provincial 2 %
    place       local 95 %, filed 3 %, another city 1 %, another province 1 %
    in scope    log-normal around 180.00, at most 50 000.00
    visit       where a cap needs one: 90 % of their own, 10 % share one visit of the member
    facts       92 % nothing unusual; 5 % pharmacy (a tenth without prescription), 0.5 % each
                arrears, not designated, another is liable (half of them in part), and four
                rarer ones; 80 % let the account pay
    account     95 % have one, with up to 2 000.00
"""

from typing import Final, NamedTuple

import numpy as np

from engine.domain.codes import Fact, Place
from engine.domain.layout import Array

STATUS_SHARES: Final = (0.72, 0.27, 0.01)
LEVEL_SHARES: Final = (0.45, 0.25, 0.28, 0.02)
PLACE_SHARES: Final = (0.95, 0.03, 0.01, 0.01)
USE_ACCOUNT_SHARE: Final = 0.80
ACCOUNT_SHARE: Final = 0.95
BALANCE_MAX: Final = 200_000
ONE_VISIT_SHARE: Final = 0.10


class Amounts(NamedTuple):
    """The four parts of each bill, in fen."""

    in_scope: Array
    pre_payment: Array
    over_limit: Array
    non_covered: Array


def facts(random: np.random.Generator, claims: int, place: Array) -> Array:
    """Return the fact bits of so many claims."""
    usual = int(Fact.ORDINARY | Fact.SELECTED)
    unusual = (
        (0.045, Fact.PHARMACY | Fact.PRESCRIBER),
        (0.005, Fact.PHARMACY),
        (0.005, Fact.IN_ARREARS),
        (0.005, Fact.NOT_DESIGNATED),
        (0.0025, Fact.LIABLE),
        (0.0025, Fact.LIABLE | Fact.LIABLE_IN_PART),
        (0.005, Fact.IN_STAY),
        (0.003, Fact.NOT_OFFERED),
        (0.002, Fact.MATERNITY),
        (0.005, Fact.EMERGENCY),
    )
    shares = [share for share, _ in unusual]
    kind = random.choice(len(unusual) + 1, claims, p=[1 - sum(shares), *shares])
    bits = usual | np.array([0, *(int(bits) for _, bits in unusual)], np.uint32)[kind]
    bits |= np.where(
        random.random(claims) < USE_ACCOUNT_SHARE, np.uint32(Fact.USE_ACCOUNT), np.uint32(0)
    )
    bits |= np.where(place >= Place.FILED, np.uint32(Fact.OUTSIDE_CITY), np.uint32(0))
    return bits


def amounts(random: np.random.Generator, claims: int) -> Amounts:
    """Return the bills of so many claims."""
    in_scope = np.minimum(random.lognormal(np.log(18_000), 1.0, claims).astype(np.int64), 5_000_000)
    return Amounts(
        in_scope,
        in_scope // 10,
        np.where(random.random(claims) < 0.02, 1_500, 0),
        np.where(random.random(claims) < 0.30, in_scope // 8, 0),
    )
