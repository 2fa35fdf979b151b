"""An accepted undo leaves the year as if the settlement had never been made."""

import random

import pytest

from engine.digest import ResultDigest
from engine.domain.codes import Benefit
from engine.domain.dates import year_of
from engine.domain.layout import AMOUNTS
from engine.domain.request import Counters
from engine.kernel import FAST, REFERENCE, Kernel
from tests.support.runner import counters, run_world
from tests.support.sums import check_sums, digest, tally
from tests.support.world import CHANGCHUN, YEARS, Act, World, make_world


@pytest.mark.parametrize("kernel", [REFERENCE, FAST], ids=lambda kernel: kernel.name)
@pytest.mark.parametrize("city", list(YEARS))
@pytest.mark.parametrize("seed", range(100, 102))
def test_undone_is_never_made(city: str, seed: int, kernel: Kernel) -> None:
    """Make only the settlements that stand in the end: parts and counters are the same."""
    world = make_world(seed, 240, city, acts=12)
    with_undo = run_world(world, kernel)
    undone = {
        (name, world.acts[name][n].claim.request_id)
        for (name, n), answer in with_undo.answers.items()
        if isinstance(answer, tuple) and answer[0] == "undone"
    }
    assert len(undone) > 50
    standing = {
        name: [
            (n, act)
            for n, act in enumerate(acts)
            if _made(with_undo.answers[name, n], act) and (name, act.claim.request_id) not in undone
        ]
        for name, acts in world.acts.items()
    }
    without = run_world(
        World(
            world.institutions,
            world.members,
            world.openings,
            {name: [act for _, act in acts] for name, acts in standing.items()},
        ),
        kernel,
    )
    for name, acts in standing.items():
        for n, (before, _) in enumerate(acts):
            assert _parts(with_undo.answers[name, before]) == _parts(without.answers[name, n])
        for year in {year_of(act.claim.service_date) for act in world.acts[name]}:
            assert _fund(counters(with_undo, name, year)) == _fund(counters(without, name, year))


def _made(answer: object, act: Act) -> bool:
    """Return whether the act made a settlement: not a preview, a replay or a refusal."""
    return act.kind != "preview" and isinstance(answer, tuple) and answer[:2] == ("settled", False)


def _parts(answer: object) -> list[tuple[int, ...]]:
    """Return benefit, bill, basis and fund of each part; account and counters may differ."""
    assert isinstance(answer, tuple)
    return [(part.benefit, *part.amounts[: AMOUNTS.index("account")]) for part in answer[2]]


def _fund(counters: Counters) -> Counters:
    """Leave out the account: what it could pay meanwhile does not count here."""
    return counters._replace(account_balance_fen=0)


@pytest.mark.parametrize("mixed", [False, True], ids=["act by act", "in batches"])
@pytest.mark.parametrize("city", list(YEARS))
def test_undoing_everything_restores_the_openings(city: str, mixed: bool) -> None:
    """Undo a year from its last settlement to its first: nothing blocks, nothing is left."""
    world = make_world(7, 200, city)
    start = run_world(World(world.institutions, world.members, world.openings, {}), FAST)
    rng = random.Random(7)
    for acts in world.acts.values():
        settled = [act.claim for act in acts if act.kind == "settle"]
        acts[:] = [Act("settle", claim) for claim in settled]
        acts += [
            Act(rng.choice(("cancel", "reverse")), claim, f"{claim.request_id}/undo")
            for claim in reversed(settled)
        ]
    end = run_world(world, FAST, rng) if mixed else run_world(world, REFERENCE)
    for member in world.members:
        for year in YEARS[city]:
            assert counters(end, member.id, year) == counters(start, member.id, year)
    check_sums(end)
    assert ResultDigest().digest() == digest(end)
    met = tally(end, world)
    assert met["settled"] == met["cancel done"] + met["reverse done"] > 500
    if city == CHANGCHUN:
        assert met["undone in parts"] > 50
        assert min(met[benefit.name] for benefit in Benefit if benefit < Benefit.DUAL_CHANNEL) > 30
