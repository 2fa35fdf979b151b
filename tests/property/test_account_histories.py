"""Random histories of accounts in every city: credits, payments, claims, ends, and their undo.

A family's accounts are moved at random; after every act a model, which knows the answers alone, has
the same balances and statements as the ledger. Then all is taken back, the last first, and every
account is where it began. The reference kernel is asked act by act, the compiled one gets the same
requests in batches, with checkpoints and recoveries between them, and answers the same.

`GONGJI_ACCOUNT_HISTORIES` says how many, 300 if nothing does; `make histories` runs 10 000. What
each seed met is printed (`pytest -rP`), and a seed that did not meet each kind often enough fails.
"""

import os
import random
import sys
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest

from engine.domain.journal import EntryKind, SegmentKind
from engine.domain.movement import CreditedStep, CreditStep, MovementKind, act_from_json
from engine.domain.reasons import Reason
from engine.domain.request import (
    Answer,
    BatchAnswer,
    Counters,
    GetCounters,
    ImportOpenings,
    PutInstitutions,
    PutMembers,
    Refused,
    Request,
    SettleBatch,
    SupplyFigures,
)
from engine.domain.statement import GetStatement, Statement
from engine.kernel import FAST, REFERENCE, Kernel
from engine.pipeline import Pipeline
from engine.rules.figures import to_json
from engine.verify.check import verify_store
from tests.support.account_draws import Draw
from tests.support.account_model import Line, Model, Stood
from tests.support.family import SIZE, Family, figures, institutions, make_family
from tests.support.memory_store import MemoryStore
from tests.support.runner import cities, plain
from tests.support.world import CHANGCHUN, HEYUAN, JINAN, SUIZHOU, ZIBO

HISTORIES = 60
"""In one ledger, one after the other."""
TOTAL = int(os.environ.get("GONGJI_ACCOUNT_HISTORIES", "300"))
CITIES = (JINAN, ZIBO, CHANGCHUN, SUIZHOU, HEYUAN)
SEEDS = [(city, seed) for city in CITIES for seed in range(-(-TOTAL // (HISTORIES * len(CITIES))))]
A_DAY = 86_400_000
EVER = (1970_01_01, 2999_12_31)

EVERYWHERE = {
    "credited": 30,
    "credit taken back": 1,
    "credited before": 3,
    "paid": 15,
    "paid in part": 5,
    "paid for a relative": 1,
    "settled": 100,
    "settled, own account": 15,
    "settled, relative's account": 3,
    "Cancel done": 10,
    "Reverse done": 10,
    "payment undone by id": 3,
    "payment undone by request": 3,
    "credit undone by id": 20,
    "claim again": 3,
    "account again": 1,
    "register changed": 10,
    "UndoMovement NO_BALANCE": 2,
}
"""Least number of each kind in a seed."""
_ENDS = {
    "closed": 5,
    "opened again": 5,
    "disposal undone by id": 2,
    "disposal undone by request": 2,
}
ALSO = {
    HEYUAN: _ENDS,
    SUIZHOU: _ENDS,
}


@dataclass
class Ledger:
    """A pipeline on a store in memory, and what was asked of it."""

    kernel: Kernel
    store: MemoryStore = field(default_factory=MemoryStore)
    asked: list[tuple[int, Request, object]] = field(default_factory=list)
    """Instant, request, answer in a form to compare."""
    opened: int = 1

    def __post_init__(self) -> None:
        self.pipeline = Pipeline.open(self.store, cities(), self.kernel)

    def ask(self, request: Request, instant: int) -> Answer:
        """Answer one request and write both down."""
        answer = self.pipeline.run([request], instant)[0]
        self.asked.append((instant, request, comparable(request, answer)))
        return answer

    def open_again(self, *, checkpoint: bool) -> None:
        """Go on from what the store holds."""
        if checkpoint:
            self.pipeline.checkpoint()
        self.pipeline = Pipeline.open(self.store, cities(), self.kernel)
        self.opened += 1


def comparable(request: Request, answer: Answer) -> object:
    if isinstance(request, SettleBatch):
        return [plain(answer, row) for row in range(len(request.claims))]
    return answer if not isinstance(answer, BatchAnswer | Refused) else plain(answer, 0)


@pytest.mark.parametrize(("city", "seed"), SEEDS)
def test_account_histories(city: str, seed: int) -> None:
    rng = random.Random(f"{city} {seed}")
    one = Ledger(REFERENCE)
    one.ask(SupplyFigures(to_json(figures())), 0)
    one.ask(PutInstitutions(institutions(city)), 0)
    model = Model(one.pipeline.book)
    for number in range(HISTORIES):
        run_history(rng, one, model, make_family(rng, f"h{number}", city), number)
    check_journal(one.store, model)
    many = Ledger(FAST)
    replay(rng, one, many)
    everybody = list(model.members)
    assert look(many, everybody) == look(one, everybody)
    assert many.opened > 2
    for ledger in (one, many):
        ledger.pipeline.checkpoint()
        report = verify_store(ledger.store)
        assert report.ok, report.findings
    check_met(model.met, city)


def run_history(
    rng: random.Random, ledger: Ledger, model: Model, family: Family, number: int
) -> None:
    """Move the accounts of a family at random, then take everything back."""
    instant = number * 100 * A_DAY
    ledger.ask(PutMembers(family.members), instant)
    ledger.ask(ImportOpenings(family.openings), instant)
    model.enter(family.members, dict(family.openings))
    draw = Draw(rng, f"h{number}", family, number * SIZE, model)
    seen = -1
    for _ in range(rng.randint(8, 40)):
        instant += rng.choice((0, 1, A_DAY // 3))
        step(ledger, model, draw.request(), instant)
        seen = (seen + 1) % SIZE
        check_accounts(ledger, model, family, [family.ids[seen], *model.moved])
        if rng.random() < 0.005:
            ledger.open_again(checkpoint=rng.random() < 0.5)
    check_accounts(ledger, model, family, family.ids)
    check_periods(rng, ledger, model, family)
    take_all_back(ledger, model, draw, instant)
    check_accounts(ledger, model, family, family.ids)
    for name in family.ids:
        assert model.balances[name] == model.opened[name]
    check_open(ledger, family, number)


def step(ledger: Ledger, model: Model, request: Request, instant: int) -> Answer:
    """Ask for something and let the model know."""
    next_position = ledger.store.last_position + 1
    answer = ledger.ask(request, instant)
    model.take(request, answer, next_position)
    return answer


def check_accounts(ledger: Ledger, model: Model, family: Family, whole: list[str]) -> None:
    """Hold every balance of the family, and the statements of some, against the model."""
    asked: list[Request] = [GetCounters(name, 2024) for name in family.ids]
    asked += [GetStatement(name, *EVER) for name in whole]
    for answer in ledger.pipeline.run(asked, 0):
        if isinstance(answer, Counters):
            assert answer.account_balance_fen == model.balances[answer.member]
            continue
        assert isinstance(answer, Statement)
        name = answer.member
        said = [Line(m.position, m.moved_fen, m.balance_fen, m.undoes) for m in answer.movements]
        assert said == model.lines[name]
        assert answer.opening_fen == model.opened[name]
        assert answer.closing_fen == model.balances[name]
        assert all(line.balance_fen >= 0 for line in said)


def check_periods(rng: random.Random, ledger: Ledger, model: Model, family: Family) -> None:
    """Cut statements at a day: what was before and what is after is the whole."""
    name = rng.choice(family.ids)
    (whole,) = ledger.pipeline.run([GetStatement(name, *EVER)], 0)
    assert isinstance(whole, Statement)
    for day in {movement.booked_day for movement in whole.movements}:
        halves = [GetStatement(name, EVER[0], day), GetStatement(name, day + 1, EVER[1])]
        if day % 100 >= 28:
            continue
        before, after = ledger.pipeline.run(halves, 0)
        assert isinstance(before, Statement)
        assert isinstance(after, Statement)
        assert before.movements + after.movements == whole.movements
        assert before.closing_fen == after.opening_fen
        assert before.opening_fen == model.opened[name]


# --- taking back -------------------------------------------------------------------------


def take_all_back(ledger: Ledger, model: Model, draw: Draw, instant: int) -> None:
    """Undo what stands, the last first.

    A credit that was spent is taken back after what spent it: that can stand before it where an
    earlier credit was taken back out of turn, and only there.
    """
    out_of_turn = any(line.undoes for lines in model.lines.values() for line in lines)
    rounds = 0
    while model.standing:
        rounds += 1
        left = len(model.standing)
        for stood in sorted(model.standing.values(), key=lambda s: -s.position):
            take_back(ledger, model, draw, instant, stood)
        assert len(model.standing) < left, f"cannot be taken back: {model.standing}"
    assert rounds <= 1 or out_of_turn, "the last first was refused"
    model.met["all taken back"] += 1
    model.met["all taken back in rounds"] += rounds > 1


def take_back(ledger: Ledger, model: Model, draw: Draw, instant: int, stood: Stood) -> None:
    answer = step(ledger, model, draw.taking_back(stood), instant)
    if isinstance(answer, Refused):
        assert stood.kind == "credit", (stood, answer)
        assert answer.reason == Reason.NO_BALANCE


def check_open(ledger: Ledger, family: Family, number: int) -> None:
    """No account of the family is closed: the report of a dry run would say so."""
    for city in {member.city for member in family.members}:
        for month in (2024_01, 2025_09):
            step = CreditStep(city, month, number * SIZE, SIZE, dry_run=True)
            (answer,) = ledger.pipeline.run([step], 0)
            if isinstance(answer, CreditedStep):
                assert all(each.reason != Reason.NO_ACCOUNT for each in answer.reasons)


# --- the whole ledger --------------------------------------------------------------------


def check_journal(store: MemoryStore, model: Model) -> None:
    """Add the journal up: what was moved and paid is what the balances changed by, by member."""
    numbered = list(model.members)
    changed: Counter[str] = Counter()
    kinds: Counter[MovementKind] = Counter()
    for segment in store.journal:
        if segment.kind == SegmentKind.MOVEMENTS:
            act = act_from_json(segment.text)
            for record in segment.movements():
                if act.kind != MovementKind.BARRED:
                    changed[numbered[int(record["member"])]] += int(record["fen"])
                    kinds[act.kind] += int(record["fen"])
                    assert record["balance"] >= 0
                    credited = int(record["part_fen"].sum())
                    assert credited == (record["fen"] if act.kind == MovementKind.CREDIT else 0)
        elif segment.kind == SegmentKind.ENTRIES:
            for record in segment.entries():
                if record["link"]["kind"] != EntryKind.TOMBSTONE:
                    check_paid(record, numbered, changed)
    for name in numbered:
        assert changed[name] == model.balances[name] - model.opened[name]
    # Every history was taken back: what was credited, paid and disposed of is 0 each.
    assert not any(kinds.values())
    assert not any(changed.values())


def check_paid(record: np.void, numbered: list[str], changed: Counter[str]) -> None:
    """Book what accounts paid of one entry; what the person bears is paid by somebody."""
    claim, result = record["claim"], record["result"]
    own, family = int(result["account"]), int(result["family_account"])
    assert int(result["person"]) == own + family + int(result["cash"])
    changed[numbered[int(claim["member"])]] -= own
    if family:
        changed[numbered[int(claim["payer"])]] -= family


def replay(rng: random.Random, one: Ledger, many: Ledger) -> None:
    """Send the same requests in batches, with recoveries; every answer is the same."""
    start = 0
    while start < len(one.asked):
        instant = one.asked[start][0]
        end = start + 1
        most = rng.choice((1, 2, 8, 30))
        while end < len(one.asked) and end - start < most and one.asked[end][0] == instant:
            end += 1
        asked = one.asked[start:end]
        answers = many.pipeline.run([request for _, request, _ in asked], instant)
        for (_, request, expected), answer in zip(asked, answers, strict=True):
            assert comparable(request, answer) == expected, request
        start = end
        half_way = many.opened == 1 and start > len(one.asked) // 2
        if half_way or rng.random() < 0.004:
            many.open_again(checkpoint=rng.random() < 0.7)


def look(ledger: Ledger, names: list[str]) -> list[Answer]:
    """Return balances and statements, out of a ledger that was opened again."""
    ledger.open_again(checkpoint=False)
    asked: list[Request] = [GetStatement(name, *EVER) for name in names]
    asked += [GetCounters(name, year) for name in names for year in range(2023, 2026)]
    return ledger.pipeline.run(asked, 0)


def check_met(met: Counter[str], city: str) -> None:
    """Fail where the histories did not meet what they are there for."""
    sys.stdout.write(f"{city}," + ",".join(f"{k}={n}" for k, n in sorted(met.items())) + "\n")
    wanted = EVERYWHERE | ALSO.get(city, {})
    seldom = {name: met[name] for name, least in wanted.items() if met[name] < least}
    assert not seldom, f"met too seldom: {seldom}"
    assert met["all taken back"] == HISTORIES
