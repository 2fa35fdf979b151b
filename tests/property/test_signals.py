"""The signals of all accounts, by one pass, are those of each account's statement.

Histories of families are drawn at random, with credits, claims paid by own and relatives' accounts,
payments, disposals and their undo, under a clock that goes back now and then.
"""

import random
from collections import Counter
from itertools import pairwise

import pytest

from engine.domain.dates import china_day
from engine.domain.journal import Segment
from engine.domain.movement import Pay, UndoMovement
from engine.domain.request import (
    BatchAnswer,
    Cancel,
    ImportOpenings,
    PutInstitutions,
    PutMembers,
    Request,
    Reverse,
    SettleBatch,
    SupplyFigures,
    Undone,
)
from engine.domain.signals import Limits, Signal, SignalKind, payments_of, signals_of
from engine.domain.statement import GetStatement, Statement
from engine.pipeline import Pipeline
from engine.rules.figures import to_json
from tests.support.account_draws import Draw
from tests.support.account_model import Model
from tests.support.family import SIZE, figures, institutions, make_family
from tests.support.memory_store import MemoryStore
from tests.support.runner import cities
from tests.support.small_ledger import LAST, PACKAGE, of_benefits, small_ledger
from tests.support.world import CHANGCHUN, JINAN, SUIZHOU

A_DAY = 86_400_000
FAMILIES, STEPS = 4, 150
EVER = (1970_01_01, 2999_12_31)
NEVER = Limits(*[10**9] * len(Limits._fields))
LOW = Limits(2, 2, 1, 2, 2)
LIMITS = [
    Limits(),
    LOW,
    Limits(1, 1, 1, 1, 1),
    *(NEVER._replace(**{name: limit}) for name, limit in LOW._asdict().items()),
]
KINDS = (SettleBatch, Pay, Cancel, Reverse, UndoMovement)


def made_ledger(rng: random.Random, city: str) -> tuple[MemoryStore, list[str]]:
    """Return a ledger of some families, and the ids of its members as registered."""
    store = MemoryStore()
    pipeline = Pipeline.open(store, cities())
    pipeline.run([SupplyFigures(to_json(figures())), PutInstitutions(institutions(city))], 0)
    model = Model(pipeline.book)
    draws = []
    for number in range(FAMILIES):
        family = make_family(rng, f"h{number}", city)
        pipeline.run([PutMembers(family.members), ImportOpenings(family.openings)], 0)
        model.enter(family.members, dict(family.openings))
        draws.append(Draw(rng, f"h{number}", family, number * SIZE, model))
    asked: Counter[type[Request]] = Counter()
    instant = 0
    for _ in range(FAMILIES * STEPS):
        instant = max(0, instant + rng.choice((0, A_DAY // 8, A_DAY // 8, -A_DAY // 5)))
        request = rng.choice(draws).request()
        position = store.last_position + 1
        (answer,) = pipeline.run([request], instant)
        model.take(request, answer, position)
        asked[type(request)] += store.last_position >= position
    assert all(asked[kind] for kind in KINDS), asked
    return store, list(model.members)


def by_statements(
    pipeline: Pipeline, members: list[str], days: tuple[int, int], limits: Limits
) -> list[Signal]:
    found: list[Signal] = []
    for name in members:
        (statement,) = pipeline.run([GetStatement(name, days[0], 2999_12_31)], 0)
        assert isinstance(statement, Statement)
        found += signals_of(payments_of(name, statement.movements, *days), limits)
    return found


def periods(journal: list[Segment]) -> list[tuple[int, int]]:
    """Return all days, and each day, alone and with the next."""
    days = sorted({china_day(segment.instant) for segment in journal})
    return [EVER, *pairwise(days), *((day, day) for day in days)]


@pytest.mark.parametrize("city", [SUIZHOU, JINAN])
@pytest.mark.parametrize("chunk", [1, 4_000_000])
def test_both_ways_give_the_same(city: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.signals._CHUNK", chunk)
    store, members = made_ledger(random.Random(city), city)
    assert went_back(store.journal)
    pipeline = Pipeline.open(store, cities())
    met: Counter[SignalKind] = Counter()
    for days in periods(store.journal):
        for limits in LIMITS:
            expected = by_statements(pipeline, members, days, limits)
            assert list(pipeline.signals(*days, limits, lambda *_: None)) == expected
            met.update(signal.kind for signal in expected)
    assert set(met) == set(SignalKind), met


def test_a_claim_of_several_parts_is_one_payment() -> None:
    """Of `m4`: two parts, three claims of one, three parts; the last and a package are undone."""
    told: list[tuple[int, int]] = []
    pipeline = Pipeline.open(small_ledger(), cities())
    limits = Limits(1, 1, 1, 1, 1)
    found = list(pipeline.signals(*EVER, limits, lambda *at: told.append(at)))
    assert found == by_statements(pipeline, ["m1", "m2", "m3", "m4"], EVER, limits)
    whole = next(signal.payments for signal in found if signal.owner == "m4")
    (statement,) = pipeline.run([GetStatement("m4", *EVER)], 0)
    assert isinstance(statement, Statement)
    undone = {movement.undoes for movement in statement.movements}
    standing = [m for m in statement.movements if not m.undoes and m.position not in undone]
    assert PACKAGE in undone
    assert len(whole) < len(standing)
    assert sum(payment.fen for payment in whole) == -sum(m.moved_fen for m in standing)
    assert told[-1] == (LAST, LAST)


def test_a_claim_under_a_clock_that_went_back() -> None:
    """What an account paid is booked no later than what moves it afterwards."""
    pipeline = Pipeline.open(small_ledger(), cities())
    (undone,) = pipeline.run([Cancel(f"h{CHANGCHUN}-3", "undo-k", LAST)], A_DAY)
    assert isinstance(undone, Undone)
    for name, day in (("late", 9), ("early", 8)):
        (answer,) = pipeline.run([SettleBatch([of_benefits(name, 5_000)])], day * A_DAY)
        assert isinstance(answer, BatchAnswer)
        assert answer.entries["result"]["account"][0] > 0
    first, second = (china_day(day * A_DAY) for day in (8, 9))
    limits = NEVER._replace(many_a_day=1)
    counts = []
    for days in ((first, first), (second, second)):
        found = list(pipeline.signals(*days, limits, lambda *_: None))
        assert found == by_statements(pipeline, ["m1", "m2", "m3", "m4"], days, limits)
        counts += [[signal.count for signal in found]]
    assert counts == [[2], []]


def went_back(journal: list[Segment]) -> bool:
    """Say whether the clock went back over midnight in China."""
    return any(
        china_day(later.instant) < china_day(earlier.instant)
        for earlier, later in pairwise(journal)
    )
