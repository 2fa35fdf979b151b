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
from tests.support.world import (
    APART,
    CHANGCHUN,
    HEYUAN,
    JINAN,
    LINJIANG,
    SUIZHOU,
    YEARS,
    ZIBO,
    make_world,
)
from tests.support.world_figures import figures_of, supplies_separate_pay

MEMBERS = 500
TOTAL = int(os.environ.get("GONGJI_MEMBER_YEARS", "20000"))
SHARES = {CHANGCHUN: 30, ZIBO: 15, HEYUAN: 15, SUIZHOU: 15, JINAN: 15, LINJIANG: 10}
"""Percent of the member-years."""
SEEDS = [
    (city, seed)
    for city, share in SHARES.items()
    for seed in range(-(-TOTAL * share // (100 * MEMBERS)))
]

EVERYWHERE = {
    "settled": 1500,
    "ORDINARY": 1300,
    "parts 1": 1500,
    "itemised": 400,
    "cancel done": 50,
    "reverse done": 50,
    "settled again or none": 60,
    "nothing again or none": 20,
    "undone again": 3,
    "previewed": 200,
    "preview refused": 20,
    "error again or none": 20,
    "account": 300,
    "family NOT_REGISTERED": 30,
    "family NO_ACCOUNT": 5,
    "excluded NOT_DESIGNATED": 50,
    "excluded ARREARS": 30,
    "excluded LIABLE_ELSEWHERE": 30,
    "refused INVALID_CLAIM": 50,
    "refused MEMBER_UNKNOWN": 5,
    "refused INSTITUTION_UNKNOWN": 5,
    "refused SPANS_BOUNDARY": 30,
    "refused BENEFIT_NOT_OFFERED": 50,
    "refused OTHER_SCHEME": 20,
}
"""Least number of each kind in a seed."""
OF_THE_OPERATOR = {
    "family_account": 100,
    "CHRONIC": 300,
    "SPECIAL": 200,
    "DUAL_CHANNEL": 80,
    "parts 2": 100,
    "parts 3": 10,
    "undone in parts": 5,
}
"""The same where documents leave benefits to the operator."""
ALSO = {
    ZIBO: OF_THE_OPERATOR
    | {
        "DAY_SURGERY": 100,
        "excluded INPATIENT_STAY": 30,
        "first_pay": 50,
        "cut_annual": 100,
        "refused CANCEL_BLOCKED": 20,
    },
    HEYUAN: OF_THE_OPERATOR
    | {
        "refused NO_RULE": 50,
        "refused NO_FIGURE": 100,
        "excluded NOT_SELECTED": 200,
        "excluded NO_PRESCRIPTION": 2,
        "cut_visit": 100,
        "cut_annual": 50,
    },
    SUIZHOU: OF_THE_OPERATOR
    | {
        "DAY_SURGERY": 100,
        "refused NO_RULE": 5,
        "refused MERGED_INTO_STAY": 20,
        "excluded NOT_FILED": 50,
        "excluded NOT_NETWORKED": 10,
        "cut_annual": 50,
        "cut_pooled": 50,
        "refused CANCEL_BLOCKED": 20,
    },
    JINAN: OF_THE_OPERATOR
    | {
        "DAY_SURGERY": 100,
        "large_amount_fund": 200,
        "cut_annual": 50,
        "excluded NO_PRESCRIPTION": 10,
        "refused CANCEL_BLOCKED": 20,
    },
    CHANGCHUN: {
        "ORDINARY": 600,
        "CHRONIC": 300,
        "SPECIAL": 200,
        "family_account": 100,
        "family RELATION_NOT_ALLOWED": 30,
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
        "refused NO_FIGURE": 30,
        "refused MERGED_INTO_STAY": 10,
        "excluded INPATIENT_STAY": 30,
        "excluded NOT_FILED": 50,
        "excluded NOT_NETWORKED": 5,
        "refused CANCEL_BLOCKED": 10,
    },
    LINJIANG: {
        "cut_month": 80,
        "above the bracket": 80,
        "refused NO_FIGURE": 20,
        "refused CANCEL_BLOCKED": 10,
    },
}


@pytest.mark.parametrize(("city", "seed"), SEEDS)
def test_member_years(city: str, seed: int) -> None:
    """The reference act by act, the compiled kernel in mixed batches: nothing differs."""
    world = make_world(seed, MEMBERS, city)
    figures = figures_of(city, seed)
    one = run_world(world, REFERENCE, figures=figures)
    mixed = run_world(world, FAST, random.Random(seed + 1), figures)
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
    _check_met(tally(one, world), city, seed)


def _check_met(met: Counter[str], city: str, seed: int) -> None:
    """Fail where the member-years did not meet what they are there for."""
    sys.stdout.write(f"{city}," + ",".join(f"{k}={n}" for k, n in sorted(met.items())) + "\n")
    wanted = EVERYWHERE | ALSO[city]
    if city in APART:
        supplied = supplies_separate_pay(city, seed)
        wanted |= {"SEPARATE_PAY": 80} if supplied else {"refused NO_FIGURE": 100}
    seldom = {name: met[name] for name, least in wanted.items() if met[name] < least}
    assert not seldom, f"met too seldom: {seldom}"
