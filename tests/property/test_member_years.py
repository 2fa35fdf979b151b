"""Random member-years of every city: kernels agree, batches do not matter, sums are exact."""

import random

import pytest

from engine.domain.journal import SegmentKind
from engine.domain.register import Opening
from engine.kernel import FAST, REFERENCE
from tests.support.runner import Run, counters, run_world
from tests.support.sums import check_sums, digest
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
