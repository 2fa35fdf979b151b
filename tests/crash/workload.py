"""A seeded workload of three cities for one pipeline, and what it was told, step by step.

The same requests at the same instants on the same state give the same journal and the same
answers. So a ledger that a crash left behind can be held against the recorded one: what it has must
be a beginning of it, and the rest of the workload must go on exactly as it did the first time.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from engine.domain.claim import Claim
from engine.domain.codes import Status
from engine.domain.journal import Segment
from engine.domain.register import AccountOpening, Member, Opening
from engine.domain.request import (
    Answer,
    BatchAnswer,
    Cancel,
    GetCounters,
    GetSettlement,
    ImportOpenings,
    PutInstitutions,
    PutMembers,
    Request,
    Reverse,
    SettleBatch,
    SupplyFigures,
)
from engine.pipeline import Pipeline
from engine.rules.figures import to_json
from engine.store.sqlite import SqliteStore
from tests.support.benefits import figures, make_benefits_world
from tests.support.runner import assumed_figures, cities
from tests.support.world import HEYUAN, ZIBO, Act, World, make_world

CHECKPOINT_EVERY: Final = 9
REOPEN_AFTER: Final = 25
FIRST_INSTANT: Final = 1_700_000_000_000


class Step(NamedTuple):
    """One call of `run`, its answers, and where the journal ended after it."""

    requests: Sequence[Request]
    answers: Sequence[Answer]
    sequence: int


def instant_of(number: int) -> int:
    """Return the instant at which a step is taken."""
    return FIRST_INSTANT + 1000 * number


class Script:
    """What is asked next; `learn` tells it the answers, whose ids later requests name."""

    def __init__(self, seed: int, members: int = 8, acts: int = 9) -> None:
        self._rng = random.Random(seed)
        self._worlds = [
            make_world(2 * seed + n, members, city, acts) for n, city in enumerate((ZIBO, HEYUAN))
        ]
        self._worlds.append(make_benefits_world(1_000 + seed, members // 4, acts))
        self._waiting = {
            name: list(acts) for world in self._worlds for name, acts in world.acts.items() if acts
        }
        self._members = {m.id: m for world in self._worlds for m in world.members}
        self._positions: dict[tuple[str, str], int] = {}
        self._settled: list[Claim] = []
        self._planned = self._prelude()
        self._total = sum(map(len, self._waiting.values()))
        self._changes = [self._figures, self._new_member, self._new_status, self._new_status]
        self._change_at = [self._total * n // 10 for n in (9, 6, 4, 2)]

    def next(self) -> list[Request]:
        """Return the requests of the next step, none when all is played."""
        if self._planned:
            return self._planned.pop(0)
        left = sum(map(len, self._waiting.values()))
        requests: list[Request] = []
        if self._change_at and left <= self._change_at[0]:
            self._change_at.pop(0)
            requests.append(self._changes.pop(0)())
        if left:
            requests += self._deal(self._rng.choice((1, 1, 2, 3, 12)))
            requests += self._second_thoughts()
        return requests

    def learn(self, requests: Sequence[Request], answers: Sequence[Answer]) -> None:
        """Note the settlements that were made."""
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(request, SettleBatch) and isinstance(answer, BatchAnswer):
                positions = answer.entries["link"]["position"].tolist()
                for claim, position in zip(request.claims, positions, strict=True):
                    if position:
                        self._settled.append(claim)
                        self._positions[claim.institution, claim.request_id] = position

    def _prelude(self) -> list[list[Request]]:
        zibo, heyuan, benefits = self._worlds
        return [
            [
                SupplyFigures(to_json(figures())),
                PutInstitutions(benefits.institutions),
                PutMembers(benefits.members),
                _openings(benefits),
            ],
            [PutInstitutions(zibo.institutions)],
            [PutInstitutions(heyuan.institutions), PutMembers(zibo.members)],
            [PutMembers(heyuan.members), _openings(zibo)],
            [_openings(heyuan)],
        ]

    def _deal(self, count: int) -> list[Request]:
        """Take the next acts of random members; claims that follow each other form a batch."""
        requests: list[Request] = []
        for _ in range(count):
            if not self._waiting:
                break
            name = self._rng.choice(sorted(self._waiting))
            act = self._waiting[name].pop(0)
            if not self._waiting[name]:
                del self._waiting[name]
            request = self._request(act)
            last = requests[-1] if requests else None
            if (
                isinstance(request, SettleBatch)
                and isinstance(last, SettleBatch)
                and last.preview == request.preview
                and self._rng.random() < 0.7
            ):
                requests[-1] = SettleBatch([*last.claims, *request.claims], last.preview)
            else:
                requests.append(request)
        if self._rng.random() < 0.2:
            requests.append(GetCounters(name, 2026))
        return requests

    def _second_thoughts(self) -> list[Request]:
        """Now and then send a settled claim again, and cancel the one settled last."""
        requests: list[Request] = []
        if self._settled and self._rng.random() < 0.3:
            again = self._rng.sample(self._settled, min(3, len(self._settled)))
            requests.append(SettleBatch(again))
        if self._settled and self._rng.random() < 0.2:
            claim = self._settled[-1]
            position = self._positions[claim.institution, claim.request_id]
            requests.append(Cancel(claim.institution, f"{claim.request_id}/c", position))
            requests += self._rng.choice((requests[-1:], []))
        return requests

    def _request(self, act: Act) -> Request:
        claim = act.claim
        if act.kind == "cancel":
            position = self._positions.get((claim.institution, claim.request_id), 0)
            return Cancel(claim.institution, act.undo_id, position)
        if act.kind == "reverse":
            early = self._rng.random() < 0.4
            original = f"{claim.request_id}/lost" if early else claim.request_id
            return Reverse(claim.institution, act.undo_id, original)
        if act.kind == "again" and self._rng.random() < 0.2:
            return GetSettlement(claim.institution, 0, claim.request_id)
        return SettleBatch([claim], preview=act.kind == "preview")

    def _figures(self) -> Request:
        return SupplyFigures(to_json(assumed_figures()))

    def _new_member(self) -> Request:
        return PutMembers([Member("late", ZIBO), *self._moved(1)])

    def _new_status(self) -> Request:
        return PutMembers(self._moved(3))

    def _moved(self, count: int) -> list[Member]:
        """Return some members as the register says of them from now on."""
        chosen = self._rng.sample(sorted(self._members), count)
        return [
            dataclasses.replace(self._members[name], status=self._rng.choice(list(Status)))
            for name in chosen
        ]


def _openings(world: World) -> ImportOpenings:
    openings: list[Opening | AccountOpening] = list(world.openings)
    return ImportOpenings(openings)


class Recording(NamedTuple):
    """A workload as it ran: its steps, and the whole journal."""

    steps: list[Step]
    journal: list[Segment]


def run_workload(
    path: Path,
    seed: int,
    *,
    vfs: str | None = None,
    answered: Callable[[int], None] | None = None,
    early: bool = False,
) -> Recording:
    """Run the workload on a new store, with checkpoints and a reopening in between.

    Args:
        path: of the store.
        seed: of the workload.
        vfs: that the store writes through.
        answered: called with the number of a step once its answers are given.
        early: the planted defect: answers are given before the commit.
    """
    script, steps = Script(seed), list[Step]()
    pipeline, store = open_pipeline(path, vfs)
    while requests := script.next():
        number = len(steps)
        if answered is not None and early:
            answered(number)
        answers = pipeline.run(requests, instant_of(number))
        if answered is not None and not early:
            answered(number)
        script.learn(requests, answers)
        steps.append(Step(requests, answers, store.sequence))
        if len(steps) % CHECKPOINT_EVERY == 0:
            pipeline.checkpoint()
        if len(steps) == REOPEN_AFTER:
            pipeline.close()
            pipeline, store = open_pipeline(path, vfs)
    journal = [segment for _, segment in store.segments(0, 0)]
    pipeline.close()
    return Recording(steps, journal)


def open_pipeline(path: Path, vfs: str | None = None) -> tuple[Pipeline, SqliteStore]:
    """Open, or recover, a store and the pipeline on it."""
    store = SqliteStore.open(path, vfs=vfs)
    try:
        return Pipeline.open(store, cities()), store
    except BaseException:
        store.close()
        raise
