"""Random member-years of every city: kernels agree, batches do not matter, sums are exact.

`GONGJI_MEMBER_YEARS` says how many, 20 000 if nothing does; `make years` runs 50 000. What each
seed met is printed (`pytest -rP`), and a seed that did not meet each kind often enough fails.
"""

import os
import random
import sys
from collections import Counter

import pytest

from engine.kernel import FAST, REFERENCE
from tests.support.runner import counters, run_world
from tests.support.sums import check_counters, check_sums, digest, tally
from tests.support.world import CHANGCHUN, HEYUAN, JINAN, SUIZHOU, YEARS, ZIBO, make_world

MEMBERS = 500
TOTAL = int(os.environ.get("GONGJI_MEMBER_YEARS", "20000"))
SHARES = {CHANGCHUN: 40, ZIBO: 15, HEYUAN: 15, SUIZHOU: 15, JINAN: 15}
"""Percent of the member-years: one city has rules for every benefit."""
SEEDS = [
    (city, seed)
    for city, share in SHARES.items()
    for seed in range(-(-TOTAL * share // (100 * MEMBERS)))
]

EVERYWHERE = {
    "settled": 1500,
    "ORDINARY": 1300,
    "parts 1": 1500,
    "itemised": 200,
    "cancel done": 50,
    "reverse done": 50,
    "settled again or none": 60,
    "nothing again or none": 20,
    "undone again": 3,
    "previewed": 200,
    "preview refused": 20,
    "error again or none": 20,
    "account": 300,
    "excluded NOT_DESIGNATED": 50,
    "excluded ARREARS": 30,
    "excluded LIABLE_ELSEWHERE": 30,
    "refused INVALID_CLAIM": 50,
    "refused MEMBER_UNKNOWN": 5,
    "refused INSTITUTION_UNKNOWN": 5,
    "refused NO_FIGURE": 30,
    "refused SPANS_BOUNDARY": 30,
    "refused BENEFIT_NOT_OFFERED": 50,
    "refused OTHER_SCHEME": 20,
}
"""Least number of each kind in a seed."""
ALSO = {
    ZIBO: {
        "excluded INPATIENT_STAY": 30,
        "first_pay": 50,
        "cut_annual": 100,
        "refused CANCEL_BLOCKED": 20,
    },
    HEYUAN: {
        "refused NO_RULE": 50,
        "excluded NOT_SELECTED": 200,
        "excluded NO_PRESCRIPTION": 2,
        "cut_visit": 100,
        "cut_annual": 50,
    },
    SUIZHOU: {
        "refused NO_RULE": 5,
        "refused MERGED_INTO_STAY": 20,
        "excluded NOT_FILED": 50,
        "excluded NOT_NETWORKED": 10,
        "cut_annual": 50,
        "cut_pooled": 50,
        "refused CANCEL_BLOCKED": 20,
    },
    JINAN: {
        "large_amount_fund": 200,
        "cut_annual": 50,
        "excluded NO_PRESCRIPTION": 10,
        "refused CANCEL_BLOCKED": 20,
    },
    CHANGCHUN: {
        "ORDINARY": 600,
        "CHRONIC": 300,
        "SPECIAL": 200,
        "DAY_SURGERY": 50,
        "EMERGENCY": 100,
        "parts 2": 100,
        "parts 3": 3,
        "undone in parts": 3,
        "cut_annual": 100,
        "cut_disease": 8,
        "cut_pooled": 20,
        "institution_share": 50,
        "institution bears": 10,
        "refused NO_RULE": 50,
        "refused MERGED_INTO_STAY": 10,
        "excluded INPATIENT_STAY": 30,
        "excluded NOT_FILED": 50,
        "excluded NOT_NETWORKED": 5,
        "refused CANCEL_BLOCKED": 10,
    },
}


@pytest.mark.parametrize(("city", "seed"), SEEDS)
def test_member_years(city: str, seed: int) -> None:
    """The reference act by act, the compiled kernel in mixed batches: nothing differs."""
    world = make_world(seed, MEMBERS, city)
    one = run_world(world, REFERENCE)
    mixed = run_world(world, FAST, random.Random(seed + 1))
    for key, answer in one.answers.items():
        assert mixed.answers[key] == answer, f"seed {seed}, {key}: {world.acts[key[0]][key[1]]}"
    for member in world.members:
        for year in YEARS[city]:
            assert counters(mixed, member.id, year) == counters(one, member.id, year)
    assert digest(one) == digest(mixed)
    for run in (one, mixed):
        check_sums(run)
        check_counters(run, world)
    assert mixed.opened > 2
    _check_met(tally(one, world), city)


def _check_met(met: Counter[str], city: str) -> None:
    """Fail where the member-years did not meet what they are there for."""
    sys.stdout.write(f"{city}," + ",".join(f"{k}={n}" for k, n in sorted(met.items())) + "\n")
    wanted = EVERYWHERE | ALSO[city]
    seldom = {name: met[name] for name, least in wanted.items() if met[name] < least}
    assert not seldom, f"met too seldom: {seldom}"
