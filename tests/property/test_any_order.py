"""A claim and its reversal, each sent twice, in every order: nothing is left, whatever comes first.

From one server and from two, with a server that dies between any two of them and without.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import permutations

import pytest

from engine.domain.claim import Claim
from engine.domain.codes import Level
from engine.domain.reasons import Detail
from engine.domain.register import AccountOpening, Institution, Member
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
    PutInstitutions,
    PutMembers,
    Refused,
    Request,
    Reverse,
    SettleBatch,
    Undone,
)
from engine.kernel import FAST, REFERENCE
from engine.pipeline import Pipeline
from engine.store.postgres import PostgresStore
from engine.store.protocol import Store
from engine.store.sqlite import SqliteStore
from engine.verify.check import verify_store
from tests.support.postgres import database, pg_server
from tests.support.runner import cities
from tests.support.world import ZIBO

__all__ = ["database", "pg_server"]

DAY = 2026_03_02
ORDERS = list(permutations(("settle", "settle again", "reverse", "reverse again")))
SEQUENCES = 60


class Servers:
    """One or two pipelines on a store, of which one may die and be opened again."""

    def __init__(self, opens: Callable[[], Store], count: int) -> None:
        self._open = opens
        self.pipelines = [self._new(n) for n in range(count)]
        self.pipelines[0].run(
            [PutInstitutions([Institution("h1", ZIBO, Level.LEVEL_1)])],
            1,
        )

    def _new(self, number: int) -> Pipeline:
        return Pipeline.open(self._open(), cities(), (FAST, REFERENCE)[number])

    def enter(self, member: str) -> None:
        """Register a member with an account."""
        opening = AccountOpening(member, 50_000)
        self.pipelines[0].run([PutMembers([Member(member, ZIBO)]), ImportOpenings([opening])], 1)

    def ask(self, number: int, *requests: Request) -> list[Answer]:
        return self.pipelines[number % len(self.pipelines)].run(requests, 1)

    def die(self, number: int) -> None:
        """End one of them without a word, and open it again."""
        at = number % len(self.pipelines)
        self.pipelines[at]._store.close()
        self.pipelines[at] = self._new(at)

    def counters(self, member: str) -> Counters:
        (answer,) = self.ask(0, GetCounters(member, 2026))
        assert isinstance(answer, Counters)
        return answer

    def verify(self) -> None:
        store = self.pipelines[0]._store
        with store.snapshot():
            report = verify_store(store)
        assert report.ok, report.findings

    def close(self) -> None:
        for pipeline in self.pipelines:
            pipeline.close()


@pytest.fixture(params=["sqlite", "postgres"])
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    if request.param == "sqlite":
        path = request.getfixturevalue("tmp_path") / "store.db"
        servers = Servers(lambda: SqliteStore.open(path), 1)
    else:
        url = request.getfixturevalue("database")
        servers = Servers(lambda: PostgresStore.open(url), 2)
    yield servers
    servers.verify()
    servers.close()


def claim(member: str, request_id: str, fen: int = 80_000) -> Claim:
    return Claim("h1", request_id, member, DAY, DAY, fen, fen, 0, 0, 0, use_account=True)


def test_a_claim_and_its_reversal_in_every_order(servers: Servers) -> None:
    """24 orders, from one connection or by turns, with a death in the middle or none: 96."""
    cases = 0
    for order in ORDERS:
        for turns in (0, 1):
            for dies in (None, 2):
                member = f"m{cases}"
                servers.enter(member)
                before = servers.counters(member)
                told = [
                    _send(servers, member, step, n * turns, dies=n == dies)
                    for n, step in enumerate(order)
                ]
                _check_told(order, told)
                assert servers.counters(member)._replace(last_entry=0) == before
                cases += 1
    assert cases == 96


def _send(servers: Servers, member: str, step: str, number: int, *, dies: bool) -> Answer:
    if dies:
        servers.die(number)
    if step.startswith("settle"):
        request: Request = SettleBatch([claim(member, f"{member}-s")])
    else:
        request = Reverse("h1", f"{member}-r", f"{member}-s")
    (answer,) = servers.ask(number, request)
    return answer


def _check_told(order: Sequence[str], told: Sequence[Answer]) -> None:
    """The first of each kind decides; a claim that comes behind its reversal is refused."""
    settles = [n for n, step in enumerate(order) if step.startswith("settle")]
    reverses = [n for n, step in enumerate(order) if step.startswith("reverse")]
    first = reverses[0]
    is_late = settles[0] > first
    for n in settles:
        answer = told[n]
        assert isinstance(answer, BatchAnswer)
        if n < first:
            assert not answer.refusals
        else:
            wanted = Detail.REVERSED_BEFORE_ARRIVAL if is_late else Detail.UNDONE
            assert [refused.detail for refused in answer.refusals.values()] == [wanted]
    for n in reverses:
        answer = told[n]
        if is_late:
            assert isinstance(answer, NothingToReverse)
        else:
            assert isinstance(answer, Undone)
            assert answer.replayed == (n != first)


# --- everything again and again, in any order --------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_duplicates_and_changed_contents(servers: Servers, seed: int) -> None:
    """Requests of all kinds, each one to four times, shuffled; one in ten with another content."""
    rng = random.Random(f"any order {seed}")
    met: Counter[str] = Counter()
    for number in range(SEQUENCES):
        member = f"d{number}"
        servers.enter(member)
        sent = _sequence(rng, member)
        known: dict[tuple[str, int], Answer] = {}
        for name, content, request in sent:
            (answer,) = servers.ask(rng.randrange(2), request)
            if rng.random() < 0.02:
                servers.die(rng.randrange(2))
            _hold(known, (name, content), answer, met)
        _check_sum(servers, member)
    assert met["the same"] > SEQUENCES
    assert met["other content"] > SEQUENCES // 4


def _sequence(rng: random.Random, member: str) -> list[tuple[str, int, Request]]:
    """Return (id, which content, request) in the order in which they are sent."""
    sent: list[tuple[str, int, Request]] = []
    for n in range(rng.randint(1, 5)):
        own = f"{member}-{n}"
        for _ in range(rng.randint(1, 4)):
            content = int(rng.random() < 0.1)
            request: Request = SettleBatch([claim(member, own, 60_000 + content)])
            sent.append((own, content, request))
        if rng.random() < 0.5:
            undo = Reverse("h1", f"{own}-r", own)
            sent += [(f"{own}-r", 0, undo)] * rng.randint(1, 4)
        if rng.random() < 0.3:
            look = GetSettlement("h1", 0, own)
            sent += [("", 0, look)] * rng.randint(1, 2)
        if rng.random() < 0.2:
            sent.append(("", 0, Cancel("h1", f"{own}-c", rng.randint(1, 50))))
    rng.shuffle(sent)
    return sent


def _hold(
    known: dict[tuple[str, int], Answer], key: tuple[str, int], answer: Answer, met: Counter[str]
) -> None:
    """Hold an answer against the first one that was told to the same request."""
    if not key[0] or isinstance(answer, Refused | Found):
        return
    if isinstance(answer, BatchAnswer):
        if answer.refusals:
            met["other content"] += answer.refusals[0].detail == Detail.ID_REUSED
            return
        first = known.setdefault(key, answer)
        assert isinstance(first, BatchAnswer)
        assert answer.entries.tobytes() == first.entries.tobytes()
        assert (key[0], 1 - key[1]) not in known
        met["the same"] += answer is not first
    elif isinstance(answer, Undone):
        first_undo = known.setdefault(key, answer)
        assert isinstance(first_undo, Undone)
        assert answer.entry.record.tobytes() == first_undo.entry.record.tobytes()


def _check_sum(servers: Servers, member: str) -> None:
    """What the funds paid of the year is what the standing settlements say, and so the account."""
    paid = account = 0
    for n in range(5):
        (found,) = servers.ask(0, GetSettlement("h1", 0, f"{member}-{n}"))
        if isinstance(found, Found) and not found.undone_by:
            paid += int(found.entry.record["result"]["pooled_fund"])
            account += int(found.entry.record["result"]["account"])
    counters = servers.counters(member)
    assert counters.ordinary_paid_fen == paid
    assert counters.account_balance_fen == 50_000 - account
