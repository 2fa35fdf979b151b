"""Random member-years of every city: kernels agree, batches do not matter, sums are exact."""

import random

import numpy as np
import pytest

from engine.digest import ResultDigest
from engine.domain.journal import SegmentKind
from engine.domain.layout import AMOUNTS
from engine.domain.register import Opening
from engine.kernel import FAST, REFERENCE
from tests.support.runner import Run, counters, run_world
from tests.support.world import YEARS, World, make_world

MEMBERS = 500
SEEDS = 20
"""20 seeds, 500 member-years each: 10 000 member-years of every city in every run of the tests."""


@pytest.mark.parametrize("city", list(YEARS))
@pytest.mark.parametrize("seed", range(SEEDS))
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
    check_sums(one)
    check_ends(one, world)


def digest(run: Run) -> bytes:
    """Return the order-free digest of the settlements a run's journal leaves standing."""
    total = ResultDigest()
    for entry in run.pipeline.entries():
        total.add(entry)
    return total.digest()


def check_sums(run: Run) -> None:
    """Check the identities of the case format on every entry, undos included."""
    for segment in run.store.journal:
        if segment.kind != SegmentKind.ENTRIES:
            continue
        part = {name: segment.entries()["result"][name] for name in AMOUNTS}
        bill = ("non_covered", "over_limit", "pre_payment", "excluded", "in_scope")
        basis = ("deductible", "copay", "cut_visit", "cut_annual", "cut_pooled", "pooled_fund")
        payers = ("pooled_fund", "large_amount_fund", "account", "cash")
        assert np.array_equal(part["total"], sum(part[name] for name in bill))
        assert np.array_equal(part["in_scope"], sum(part[name] for name in basis))
        assert np.array_equal(part["total"], sum(part[name] for name in payers))
        assert np.array_equal(part["person"], part["account"] + part["cash"])
        sign = np.sign(part["total"])
        assert all((part[name] * sign >= 0).all() for name in AMOUNTS)


def check_ends(run: Run, world: World) -> None:
    """Check that what was booked is what the counters say, and no account is overdrawn."""
    booked: dict[tuple[int, int], int] = {}
    for segment in run.store.journal:
        if segment.kind == SegmentKind.ENTRIES:
            for entry in segment.entries():
                key = int(entry["claim"]["member"]), int(entry["row"]["year"])
                booked[key] = booked.get(key, 0) + int(entry["result"]["pooled_fund"])
    opened = {
        (o.member, o.year): o.ordinary_paid_fen for o in world.openings if isinstance(o, Opening)
    }
    for (number, year), fen in booked.items():
        if number >= 0:
            member = world.members[number].id
            now = counters(run, member, year)
            assert now.ordinary_paid_fen == fen + opened.get((member, year), 0)
            assert now.account_balance_fen >= 0
