"""Where the time of a claim goes on its way through a server, without gRPC and its event loop.

The functions of the server are called in its order, on a store on disk. A stage has the time in
which none of the stages inside it runs.

    decode      bytes to claims: parse, look for unknown fields, columns to rows
    gather      claims of many streams to one batch, and its answers back; chunks of a message
    prepare     ordinary claims: ids, registers, plans, facts, rows
    words       the same of claims that are not ordinary
    link        entries chained, the state moved along
    ledger      the rest of settling: runs, answers, segments
    settle      the compiled kernel, accounts included
    identities  proof that every sum adds up
    commit      segments sealed, written and synced
    encode      answers to bytes
"""

import functools
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.population import Population
from benchmarks.tables import Show, Table
from clients.cli.people import read_figures
from clients.registers import RegisterItem
from clients.wire import claim_columns, claim_message
from engine.domain.claim import Claim
from engine.domain.layout import Array
from engine.domain.register import Institution, Member
from engine.domain.request import (
    Accepted,
    BatchAnswer,
    ImportOpenings,
    PutInstitutions,
    PutMembers,
    Request,
    SettleBatch,
    SupplyFigures,
)
from engine.kernel import FAST, PlanTable
from engine.ledger import settle
from engine.pipeline import Pipeline
from engine.rules.figures import load_figures, to_json
from engine.rules.load import load_cities
from engine.store.sqlite import SqliteStore
from gongji.v1 import settlement_service_pb2 as pb
from server.codec import check_known, parse
from server.codec_batch import decode_claims, encode_answers
from server.codec_settlement import BatchesOnWire
from server.config import ServerConfig
from server.merge import Message, SettleOne, is_settled, merge, reply_of
from server.service import reply_fields
from server.wire_claim import decode_settle
from server.wire_settlement import PlansOnWire

F = TypeVar("F", bound=Callable[..., Any])
Keep = Callable[[dict[str, object]], None]

MEMBERS: Final = 20_000
WAITING: Final = 256
GATEWAY: Final = 10_000
STAGES: Final = (
    *("decode", "gather", "prepare", "words", "link", "ledger"),
    *("settle", "identities", "commit", "encode"),
)


class Stages:
    """Time by stage, in nanoseconds; what runs inside another stage is not counted twice."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._open: list[str] = []
        self._since = 0

    def _turn(self) -> None:
        now = time.perf_counter_ns()
        if self._open:
            self.spent[self._open[-1]] += now - self._since
        self._since = now

    def wrap(self, stage: str, function: F) -> F:
        """Return the function with its time counted as the stage's."""

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            self._turn()
            self._open.append(stage)
            try:
                return function(*args, **kwargs)
            finally:
                self._turn()
                self._open.pop()

        return timed  # type: ignore[return-value]

    def overhead_ns(self) -> float:
        """Return what watching one call costs, about half of it in the stage outside."""
        probe = Stages()
        nothing = probe.wrap("inside", lambda: None)
        outside = probe.wrap("outside", lambda: [nothing() for _ in range(20_000)])
        outside()
        return (probe.spent["inside"] + probe.spent["outside"]) / 20_000


class TimedKernel:
    """The compiled kernel, its time counted."""

    def __init__(self, stages: Stages) -> None:
        self.name = FAST.name
        self._settle = stages.wrap("settle", FAST.settle)

    def settle(
        self,
        rows: Array,
        plans: PlanTable,
        counters: Array,
        visits: Array,
        results: Array,
        balances: Array | None = None,
    ) -> None:
        self._settle(rows, plans, counters, visits, results, balances)


class Lane:
    """What a server does with bytes, stage by stage."""

    def __init__(self, store: Path, population: Population, stages: Stages) -> None:
        self._stages = stages
        self._store = SqliteStore.open(store)
        self.pipeline = Pipeline.open(self._store, load_cities(), TimedKernel(stages))
        figures = to_json(load_figures(read_figures(), load_cities()))
        self._enter([SupplyFigures(figures)])
        for items in population.registers():
            self._enter([entering(items)])
        self.pipeline.checkpoint()
        self._run = stages.wrap("ledger", self.pipeline.run)
        self._chunk = ServerConfig().chunk
        self.singles = self._staged_singles()
        self.message = self._staged_message()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the functions inside the ledger and the store."""
        with pytest.MonkeyPatch.context() as patch:
            for owner, stage, name in (
                (settle.Run, "prepare", "fill"),
                (settle, "words", "prepare"),
                (settle, "link", "link"),
                (settle, "identities", "check_identities"),
            ):
                patch.setattr(owner, name, self._stages.wrap(stage, getattr(owner, name)))
            patch.setattr(self._store, "append", self._stages.wrap("commit", self._store.append))
            yield

    def close(self) -> None:
        self.pipeline.close()

    def _enter(self, requests: Sequence[Request]) -> None:
        for answer in self.pipeline.run(requests, 0):
            assert isinstance(answer, Accepted)
            assert not answer.errors

    def _staged_singles(self) -> Callable[[Sequence[tuple[str, bytes]]], list[bytes]]:
        """Return what answers one message each of many terminals, as one batch."""

        def decode(waiting: Sequence[tuple[str, bytes]]) -> list[tuple[int, SettleOne]]:
            asks = []
            for institution, data in waiting:
                plain = decode_settle(data, institution)
                assert plain is not None
                sequence, preview, claim = plain
                asks.append((sequence, SettleOne(claim, preview)))
            return asks

        def gather(asks: list[tuple[int, SettleOne]]) -> list[tuple[Any, int]]:
            requests, places = merge([ask for _, ask in asks])
            answers = self._run(requests, 1)
            return [(answers[place.request], place.row) for place in places if place]

        def encode(
            asks: list[tuple[int, SettleOne]], replies: list[tuple[Any, int]]
        ) -> list[bytes]:
            return [
                encode_one(sequence, ask, *reply)
                for (sequence, ask), reply in zip(asks, replies, strict=True)
            ]

        def encode_one(sequence: int, ask: SettleOne, answer: Any, row: int) -> bytes:
            if is_settled(answer, row):
                return batches.response(sequence, ask.claim, answer, row)
            fields = reply_fields(reply_of(answer, row, ask), self.pipeline.plan)
            return pb.SettleResponse(
                sequence=sequence, request_id=ask.claim.request_id, **fields
            ).SerializeToString()

        batches = BatchesOnWire(PlansOnWire(self.pipeline.plan))
        wrap = self._stages.wrap
        decode, gather, encode = (
            wrap("decode", decode),
            wrap("gather", gather),
            wrap("encode", encode),
        )

        def answer(waiting: Sequence[tuple[str, bytes]]) -> list[bytes]:
            asks = decode(waiting)
            return encode(asks, gather(asks))

        return answer

    def _staged_message(self) -> Callable[[bytes], bytes]:
        """Return what answers a gateway's message, in chunks."""

        def decode(data: bytes) -> SettleBatch:
            request = parse(pb.SettleBatchRequest, data)
            check_known(request, data)
            return SettleBatch(decode_claims(request.claims), request.preview)

        def gather(batch: SettleBatch) -> Any:
            whole: Any = Message(batch, _NOBODY)
            while not whole.finished:
                whole.answers.extend(self._run([whole.chunk(self._chunk)], 1))
            return whole.answer()

        def encode(answer: Any) -> bytes:
            assert isinstance(answer, BatchAnswer)
            return pb.SettleBatchResponse(
                sequence=1, answers=encode_answers(answer, self.pipeline.plan)
            ).SerializeToString()

        wrap = self._stages.wrap
        decode, gather, encode = (
            wrap("decode", decode),
            wrap("gather", gather),
            wrap("encode", encode),
        )
        return lambda data: encode(gather(decode(data)))


_NOBODY: Final[Any] = None
"""Waits for the answer to a message: nobody does."""


def entering(items: Sequence[RegisterItem]) -> Request:
    """Return the request that enters items of one kind."""
    if isinstance(items[0], Member):
        return PutMembers(items)  # type: ignore[arg-type]
    if isinstance(items[0], Institution):
        return PutInstitutions(items)  # type: ignore[arg-type]
    return ImportOpenings(items)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def population() -> Population:
    return Population(MEMBERS)


def singles(claims: Sequence[Claim]) -> list[tuple[str, bytes]]:
    """Return the claims as so many terminals send them, each with its institution."""
    return [
        (
            claim.institution,
            pb.SettleRequest(sequence=1, settle=claim_message(claim)).SerializeToString(),
        )
        for claim in claims
    ]


def message(claims: Sequence[Claim]) -> bytes:
    """Return the claims as a gateway sends them."""
    return pb.SettleBatchRequest(sequence=1, claims=claim_columns(claims)).SerializeToString()


@pytest.mark.benchmark(group="stages")
@pytest.mark.parametrize("form", ["256 messages of one claim", "one message of 10,000 claims"])
def test_stages(
    benchmark: BenchmarkFixture,
    population: Population,
    tmp_path: Path,
    short: bool,
    form: str,
    show: Show,
    keep: Keep,
) -> None:
    """The stages of requests of one form, until the answer is bytes."""
    stages = Stages()
    lane = Lane(tmp_path / "stages.sqlite", population, stages)
    terminals = form.startswith("256")
    count = WAITING if terminals else GATEWAY
    rounds = (30 if terminals else 3) * (1 if short else 5)
    work: Callable[[Any], object] = lane.singles if terminals else lane.message

    def prepare() -> tuple[tuple[Any], dict[str, object]]:
        claims = population.claims(count)
        return ((singles(claims) if terminals else message(claims)),), {}

    spent: list[Counter[str]] = []

    def watched_work(asked: Any) -> None:
        stages.spent = Counter()
        work(asked)
        spent.append(stages.spent)

    try:
        with lane.watched():
            work(*prepare()[0])
            benchmark.pedantic(watched_work, setup=prepare, rounds=rounds)
    finally:
        lane.close()
    assert all(set(once) <= set(STAGES) for once in spent)
    us = {stage: statistics.median(once[stage] for once in spent) / count / 1e3 for stage in STAGES}
    together = sum(us.values())
    result: dict[str, object] = {"run": form, "us_per_claim": us}
    keep(result)
    benchmark.extra_info.update(result)
    rows = [(stage, f"{us[stage]:.2f}", f"{us[stage] / together:.1%}") for stage in STAGES]
    rows.append(("together", f"{together:.2f}", "100.0%"))
    border = f"medians of {rounds} rounds; watching costs about {stages.overhead_ns() / 1e3:.2f} us"
    notes = [f"{border} for each call"]
    show(Table(f"stages: {form}", ("", "us/claim", "share"), rows, notes))
