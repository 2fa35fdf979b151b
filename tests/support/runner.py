"""Run a world through a pipeline, one request at a time or in batches, and collect its answers."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.domain.layout import AMOUNTS, ROW, SLOTS
from engine.domain.request import (
    Answer,
    BatchAnswer,
    Cancel,
    Counters,
    Found,
    GetCounters,
    GetSettlement,
    ImportOpenings,
    NothingToReverse,
    PartEntry,
    PutInstitutions,
    PutMembers,
    Refused,
    Request,
    Reverse,
    SettleBatch,
    SupplyFigures,
    Undone,
)
from engine.kernel import Kernel
from engine.pipeline import Pipeline
from engine.rules.figures import Figure, figures_from_supply, to_json
from engine.rules.load import load_cities
from engine.rules.model import CityRules
from tests.support.memory_store import MemoryStore
from tests.support.world import CHANGCHUN, HEYUAN, JINAN, SUIZHOU, Act, World

LINJIANG_RULES = Path(__file__).parents[1] / "cases/linjiang/rules"
"""Rules of a city that the tests invent."""

FIGURES: dict[str, dict[str, object]] = {
    HEYUAN: {"average_wage": {"2023": "98765.50", "2024": "101234.75"}},
    SUIZHOU: {"pooled_cap": "3000.00"},
    JINAN: {
        "ordinary_deductible": {"1": "200.00", "2": "400.00", "3": "700.00"},
        "large_amount_rate": "0.60",
        "large_amount_cap": "5000.00",
    },
    CHANGCHUN: {
        "effective_date": "2023-06-15",
        "inpatient": {
            "1": {"deductible": "200.00", "rate": "0.90"},
            "2": {"deductible": "500.00", "rate": "0.88"},
            "3": {"deductible": "900.00", "rate": "0.85"},
            "3p": {"deductible": "1200.00", "rate": "0.80"},
        },
        "disease_cap": {"M01": "2400.00", "M02": "7000.00", "M03": "3600.00"},
        "day_surgery_standard": {"DS01": "6000.00", "DS02": "4321.00"},
        "pooled_cap": "200000.00",
    },
}
"""Operator figures that the tests assume, by city."""


@cache
def cities() -> dict[str, CityRules]:
    """Return the rules of every city, the invented one among them, loaded once."""
    return load_cities(more=[LINJIANG_RULES])


def assumed_figures() -> tuple[Figure, ...]:
    """Return the operator figures of every city."""
    return tuple(
        figure
        for city, supply in FIGURES.items()
        for figure in figures_from_supply(city, supply, cities())
    )


Hand = list[tuple[str, int, Act]]
"""Some acts: whose, which of theirs, and what."""


@dataclass
class Run:
    """What a run gave: an answer for each act, in a form that does not depend on positions."""

    pipeline: Pipeline
    store: MemoryStore
    answers: dict[tuple[str, int], object] = field(default_factory=dict)
    opened: int = 1
    """How often the pipeline was opened."""


def run_world(
    world: World,
    kernel: Kernel,
    batches: random.Random | None = None,
    figures: Iterable[Figure] = (),
) -> Run:
    """Run a world: act by act without `batches`, else with members mixed and random batches.

    Each member's order is kept either way. With `batches` the pipeline is opened again now and
    then, with and without a checkpoint before. `figures` are supplied beside the assumed ones.
    """
    store = MemoryStore()
    run = Run(Pipeline.open(store, cities(), kernel), store)
    enter(run, world, figures)
    if batches is None:
        for name, acts in world.acts.items():
            for n, act in enumerate(acts):
                answer = run.pipeline.run([_request(run, act)], 2)[0]
                run.answers[name, n] = plain(answer, 0)
    else:
        for turn, hand in enumerate(deal(world, batches, (1, 3, 40, 400)), start=1):
            play(run, hand)
            if turn % 8 == 0:
                if batches.random() < 0.7:
                    run.pipeline.checkpoint()
                run.pipeline = Pipeline.open(store, cities(), kernel)
                run.opened += 1
    return run


def enter(run: Run, world: World, figures: Iterable[Figure] = ()) -> None:
    """Enter the registers of a world, and figures beside the assumed ones."""
    run.pipeline.run(
        [
            PutInstitutions(world.institutions),
            PutMembers(world.members),
            ImportOpenings(world.openings),
            SupplyFigures(to_json([*assumed_figures(), *figures])),
        ],
        1,
    )


def deal(world: World, rng: random.Random, sizes: Sequence[int]) -> Iterator[Hand]:
    """Deal the members' acts out like cards, each member's in order; of one of the sizes a hand."""
    waiting = {name: list(enumerate(acts)) for name, acts in world.acts.items() if acts}
    while waiting:
        hand = []
        for _ in range(rng.choice(sizes)):
            if not waiting:
                break
            name = rng.choice(tuple(waiting)) if len(waiting) < 50 else next(_some(waiting, rng))
            n, act = waiting[name].pop(0)
            hand.append((name, n, act))
            if not waiting[name]:
                del waiting[name]
        yield hand


def _some(waiting: dict[str, list[tuple[int, Act]]], rng: random.Random) -> Iterator[str]:
    skip = rng.randrange(50)
    for n, name in enumerate(waiting):
        if n == skip:
            yield name


def play(run: Run, hand: Hand) -> None:
    """Have the acts of a hand done, maximal runs of claims as batches."""
    start = 0
    while start < len(hand):
        kind = _batch_kind(hand[start][2])
        end = start + 1
        while kind and end < len(hand) and _batch_kind(hand[end][2]) == kind:
            end += 1
        acts = hand[start:end]
        request: Request
        if kind:
            request = SettleBatch([act.claim for _, _, act in acts], preview=kind == "preview")
        else:
            request = _request(run, acts[0][2])
        answer = run.pipeline.run([request], 3)[0]
        for row, (name, n, _) in enumerate(acts):
            run.answers[name, n] = plain(answer, row)
        start = end


def _batch_kind(act: Act) -> str:
    return {"settle": "settle", "again": "settle", "preview": "preview"}.get(act.kind, "")


def _request(run: Run, act: Act) -> Request:
    claim = act.claim
    if act.kind == "cancel":
        found = run.pipeline.run([GetSettlement(claim.institution, 0, claim.request_id)], 2)[0]
        position = int(found.entry.record["link"]["position"]) if isinstance(found, Found) else 0
        return Cancel(claim.institution, act.undo_id, position)
    if act.kind == "reverse":
        return Reverse(claim.institution, act.undo_id, claim.request_id)
    return SettleBatch([claim], preview=act.kind == "preview")


_OF_PROCESS = {"plan", *SLOTS}
"""What of a row depends on the order of the journal, or on the process."""


class Part(NamedTuple):
    """One entry of a settlement or an undo, without position and instant."""

    benefit: int
    plan_digest: bytes
    row: tuple[int, ...]
    amounts: tuple[int, ...]
    """Every field of `RESULT`."""


_ROW = [name for name in ROW.names or () if name not in _OF_PROCESS]


def part(record: np.void, plan_digest: bytes) -> Part:
    """Return what an entry says: its row as resolved, and every field of its result."""
    row = record["row"]
    return Part(
        int(row["benefit"]),
        plan_digest,
        tuple(int(row[name]) for name in _ROW),
        record["result"].item(),
    )


def _parts(answer: BatchAnswer, row: int) -> tuple[Part, ...]:
    """Return the parts of an answer to a claim; the whole is held against them."""
    own = answer.parts.get(row, answer.entries[row : row + 1])
    whole = answer.entries[row]["result"]
    assert [int(whole[name]) for name in AMOUNTS] == [int(own["result"][n].sum()) for n in AMOUNTS]
    return tuple(part(record, answer.plan_digests[int(record["row"]["plan"])]) for record in own)


def plain(answer: Answer, row: int) -> object:
    """Return the answer to one act without positions and instants."""
    if isinstance(answer, BatchAnswer):
        if row in answer.refusals:
            refused = answer.refusals[row]
            return ("refused", refused.reason, refused.detail, refused.figure, refused.message)
        if row in answer.errors:
            return ("error", answer.errors[row].path)
        return ("settled", row in answer.replayed, _parts(answer, row))
    if isinstance(answer, Refused):
        blockers = tuple(blocker.request_id for blocker in answer.blockers)
        return ("refused", answer.reason, answer.detail, blockers)
    if isinstance(answer, Undone):
        entry = answer.entry
        parts = entry.parts or (PartEntry(entry.record, entry.plan_digest),)
        return ("undone", answer.replayed, tuple(part(p.record, p.plan_digest) for p in parts))
    if isinstance(answer, NothingToReverse):
        return ("nothing", answer.request_id, bool(answer.tombstone))
    return answer


def counters(run: Run, member: str, year: int) -> Counters:
    """Return a member's counters without the position of the last entry."""
    answer = run.pipeline.run([GetCounters(member, year)], 4)[0]
    assert isinstance(answer, Counters)
    return answer._replace(last_entry=0)


def added(parts: Sequence[Part]) -> tuple[int, ...]:
    """Return the amounts of an answer, `AMOUNTS`, its parts added up."""
    columns = zip(*(each.amounts[: len(AMOUNTS)] for each in parts), strict=True)
    return tuple(sum(column) for column in columns)
