"""A durable settlement server beside an echo of equally large answers, under the same load.

Contenders, in turns within every round: `durable` settles and commits, `preview` settles and
commits nothing, `echo` is the stack alone (`echo_server`). What counts is the ratio within a
round, in throughput and in processor time of the server. What was settled is settled again by the
reference kernel in this process: digest and refusals must be equal.
"""

import asyncio
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.echo_server import SINGLE
from benchmarks.population import HOMES, Population
from benchmarks.serving import Lane, Load, Process, environment, measured
from benchmarks.tables import Show, Table
from clients.answers import Outcome, Settled
from clients.cli.local import LocalLedger
from clients.cli.people import read_figures
from clients.server import Server
from clients.wire import claim_columns, claim_message, malformed, outcomes, refused, settled
from engine.digest import ResultDigest
from engine.domain.claim import Claim
from engine.domain.request import BatchAnswer, SettleBatch
from engine.rules.figures import load_figures, to_json
from engine.rules.load import load_cities
from gongji.v1 import settlement_service_pb2 as pb

Rounds = dict[str, list[Load]]
Keep = Callable[[dict[str, object]], None]

CONTENDERS: Final = ("durable", "preview", "echo")
SAME_CLAIMS: Final = 2_000
"""Settled first by both servers: over streams by one, from a gateway by the other."""
RATE_MAX: Final = 12_000
"""Claims a second that are prepared for streams; no Python server reaches it."""
AGAIN: Final = 20
"""Messages of a lane that sends the same ones again."""
CLAIMS_UNANSWERED: Final = 20_000
"""Of a gateway, at most; and at most `WINDOW` messages."""
WINDOW: Final = 4
PATIENCE: Final = 120.0


@dataclass(frozen=True)
class Size:
    """How long everything lasts."""

    members: int
    rounds: int
    seconds: float
    gateway_claims: int


SHORT: Final = Size(20_000, 3, 0.8, 12_000)
FULL: Final = Size(200_000, 5, 5.0, 200_000)


@dataclass
class Judge:
    """What a server answered, against the same claims settled by the reference kernel."""

    ledger: LocalLedger
    settled: int = 0
    digest: ResultDigest = field(default_factory=ResultDigest)
    refusals: Counter[str] = field(default_factory=Counter)
    _expected: ResultDigest = field(default_factory=ResultDigest)
    _expected_refusals: Counter[str] = field(default_factory=Counter)

    def take(self, claims: Sequence[Claim], answers: Iterable[Outcome]) -> None:
        """Take claims in the order of each member, with their answers."""
        for claim, answer in zip(claims, answers, strict=True):
            if isinstance(answer, Settled):
                assert not answer.replayed
                self.settled += 1
                self.digest.add_settled(claim, answer.amounts)
            else:
                self.refusals[_why(answer)] += 1
        for start in range(0, len(claims), 10_000):
            part = claims[start : start + 10_000]
            expected = self.ledger.ask(SettleBatch(part), BatchAnswer)
            self._expected.add_batch(part, expected)
            assert not expected.errors
            self._expected_refusals.update(r.reason.name for r in expected.refusals.values())

    def check(self) -> str:
        """Fail unless everything came to the same; return the digest."""
        assert self.settled
        assert self.digest.hexdigest() == self._expected.hexdigest()
        assert self.refusals == self._expected_refusals
        return self.digest.hexdigest()


@dataclass
class Arena:
    """The servers, and the loop of the clients."""

    durable: Process
    echo: Process
    judge: Judge
    runner: asyncio.Runner
    population: Population
    size: Size

    def process(self, contender: str) -> Process:
        return self.echo if contender == "echo" else self.durable


def _why(answer: Outcome) -> str:
    reason = getattr(answer, "reason", None)
    assert reason is not None, answer
    return str(reason.name)


# ------------------------------------------------------------------------------- the servers


@pytest.fixture(scope="module")
def size(short: bool) -> Size:
    return SHORT if short else FULL


@pytest.fixture(scope="module")
def population(size: Size) -> Population:
    return Population(size.members)


@pytest.fixture(scope="module")
def same(population: Population) -> tuple[list[Claim], set[str]]:
    """Claims that every server settles first, and the digests that came of it."""
    return population.claims(SAME_CLAIMS), set()


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner


Same = tuple[list[Claim], set[str]]


@contextmanager
def started(folder: Path, population: Population) -> Iterator[tuple[Process, Judge]]:
    """Yield a server and its judge, which know the same people."""
    arguments = ("serve", "--store", str(folder / "durable.sqlite"), "--listen", "127.0.0.1:0")
    with (
        Process(folder / "durable.log", "clients.cli.main", *arguments) as durable,
        LocalLedger(folder / "reference.sqlite", kernel="reference") as ledger,
    ):
        with Server(durable.address) as connection:
            connection.supply(read_figures())
            assert not any(connection.register(population.registers()))
        ledger.supply(to_json(load_figures(read_figures(), load_cities())))
        for items in population.registers():
            assert not ledger.register(items)
        yield durable, Judge(ledger)


def start_echo(folder: Path, answers: dict[str, bytes]) -> Process:
    """Return a server that gives these answers."""
    kept = folder / "answers"
    kept.mkdir()
    for name, answer in answers.items():
        (kept / name).write_bytes(answer)
    return Process(folder / "echo.log", "benchmarks.echo_server", str(kept))


@pytest.fixture(scope="module")
def terminals(
    tmp_path_factory: pytest.TempPathFactory,
    runner: asyncio.Runner,
    population: Population,
    size: Size,
    same: Same,
) -> Iterator[Arena]:
    folder = tmp_path_factory.mktemp("terminals")
    with started(folder, population) as (durable, judge):
        claims = [[c for c in same[0] if c.institution == i.id] for i in population.institutions]
        lanes = [lane(population, n, mine) for n, mine in enumerate(claims) if mine]
        measured(runner, durable, "Settle", lanes, PATIENCE)
        take_singles(judge, [mine for mine in claims if mine], lanes)
        same[1].add(judge.check())
        ordered = sorted((answer for lane in lanes for answer in lane.answers), key=len)
        with start_echo(folder, {SINGLE: ordered[len(ordered) // 2]}) as echo:
            yield Arena(durable, echo, judge, runner, population, size)


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory,
    runner: asyncio.Runner,
    population: Population,
    size: Size,
    same: Same,
) -> Iterator[Arena]:
    folder = tmp_path_factory.mktemp("gateway")
    with started(folder, population) as (durable, judge):
        first = Lane([message(same[0][n : n + 1_000]) for n in range(0, SAME_CLAIMS, 1_000)])
        measured(runner, durable, "SettleBatch", [first], PATIENCE)
        take_batches(judge, same[0], first)
        same[1].add(judge.check())
        large = Lane([message(population.claims(10_000), preview=True)])
        measured(runner, durable, "SettleBatch", [large], PATIENCE)
        answers = {"1000": first.answers[0], "10000": large.answers[0]}
        with start_echo(folder, answers) as echo:
            yield Arena(durable, echo, judge, runner, population, size)


# ------------------------------------------------------------------------------ what is sent


def lane(
    population: Population, stream: int, claims: Sequence[Claim], *, preview: bool = False
) -> Lane:
    """Return the lane of a terminal, which sends one claim at a time."""
    institution = population.institutions[stream % HOMES].id
    opening = pb.SettleRequest(open=pb.Open(institution_id=institution))
    return Lane(
        [
            (
                pb.SettleRequest(sequence=n, preview=claim_message(claim))
                if preview
                else pb.SettleRequest(sequence=n, settle=claim_message(claim))
            ).SerializeToString()
            for n, claim in enumerate(claims, 1)
        ],
        opening.SerializeToString(),
        again=preview,
    )


def message(claims: Sequence[Claim], *, preview: bool = False) -> bytes:
    """Return a gateway's message."""
    columns = claim_columns(claims)
    return pb.SettleBatchRequest(sequence=1, preview=preview, claims=columns).SerializeToString()


def take_singles(judge: Judge, claims: Sequence[list[Claim]], lanes: Sequence[Lane]) -> None:
    """Judge what terminals were answered: lane by lane, for no member is in two of them."""
    for mine, one in zip(claims, lanes, strict=True):
        answers = [_outcome(pb.SettleResponse.FromString(data)) for data in one.answers]
        judge.take(mine[: len(answers)], answers)


def _outcome(response: pb.SettleResponse) -> Outcome:
    match response.WhichOneof("answer"):
        case "settled":
            return settled(response.settled)
        case "refused":
            return refused(response.refused)
        case _:
            return malformed(response.error)


def take_batches(judge: Judge, claims: Sequence[Claim], one: Lane) -> None:
    """Judge what a gateway was answered."""
    answers = [pb.SettleBatchResponse.FromString(data) for data in one.answers]
    judge.take(claims, [outcome for a in answers for outcome in outcomes(a.answers)])


# ------------------------------------------------------------------------------- what it took


def figures(loads: Sequence[Load], claims_a_message: int, echo: Sequence[Load]) -> dict[str, float]:
    """Return medians over rounds; ratios are taken within each round."""

    def rate(load: Load) -> float:
        return load.messages / load.seconds

    def cost(load: Load) -> float:
        return load.cpu_seconds / load.messages

    pairs = list(zip(loads, echo, strict=True))
    of_echo = [rate(load) / rate(beside) for load, beside in pairs]
    per_cpu = [cost(beside) / cost(load) for load, beside in pairs]
    median = statistics.median
    return {
        "claims_per_second": median(map(rate, loads)) * claims_a_message,
        "p50_ms": median(load.percentile(50) for load in loads),
        "p99_ms": median(load.percentile(99) for load in loads),
        "server_cpu_us_per_claim": median(map(cost, loads)) * 1e6 / claims_a_message,
        "of_echo": median(of_echo),
        "of_echo_min": min(of_echo),
        "of_echo_max": max(of_echo),
        "of_echo_per_cpu": median(per_cpu),
        "of_echo_per_cpu_min": min(per_cpu),
        "of_echo_per_cpu_max": max(per_cpu),
    }


HEAD: Final = (
    "",
    "claims/s",
    "p50 ms",
    "p99 ms",
    "server CPU us/claim",
    "of echo, claims/s",
    "(range)",
    "of echo, per CPU",
    "(range)",
)


def spread(found: dict[str, float], name: str) -> str:
    """Return the range of a ratio over the rounds; of 1 beside itself there is none."""
    low, high = found[f"{name}_min"], found[f"{name}_max"]
    return f"{low:.4f}-{high:.4f}" if low != high else ""


def report(title: str, rounds: Rounds, per_message: int) -> tuple[Table, list[dict[str, object]]]:
    """Return the table and the lines to keep."""
    rows, lines = [], []
    for contender in CONTENDERS:
        found = figures(rounds[contender], per_message, rounds["echo"])
        lines.append({"run": title, "contender": contender, **found, **environment()})
        rows.append(
            (
                contender,
                f"{found['claims_per_second']:,.0f}",
                f"{found['p50_ms']:.1f}",
                f"{found['p99_ms']:.1f}",
                f"{found['server_cpu_us_per_claim']:,.2f}",
                f"{found['of_echo']:.4f}",
                spread(found, "of_echo"),
                f"{found['of_echo_per_cpu']:.4f}",
                spread(found, "of_echo_per_cpu"),
            )
        )
    return Table(title, HEAD, rows), lines


def in_turns(benchmark: BenchmarkFixture, rounds: int, run: Callable[[str], Load]) -> Rounds:
    """Run every contender in every round, each round beginning with another one."""
    found: Rounds = {contender: [] for contender in CONTENDERS}

    def one_round() -> None:
        turn = len(found["echo"]) % len(CONTENDERS)
        for contender in CONTENDERS[turn:] + CONTENDERS[:turn]:
            found[contender].append(run(contender))

    benchmark.pedantic(one_round, rounds=rounds, iterations=1)
    return found


def finish(
    benchmark: BenchmarkFixture,
    arena: Arena,
    same: Same,
    reported: tuple[Table, list[dict[str, object]]],
    show: Show,
    keep: Keep,
) -> None:
    """Check what was settled, then keep and show what it took."""
    digest = arena.judge.check()
    assert len(same[1]) == 1, "streams and gateway settled the same claims differently"
    table, lines = reported
    for line in lines:
        line["digest"] = digest
        keep(line)
    benchmark.extra_info["contenders"] = lines
    judge = arena.judge
    show(
        table._replace(
            notes=[
                f"this server settled {judge.settled:,} claims so far and refused "
                f"{judge.refusals.total():,}, all as the reference kernel does",
                f"digest {digest[:16]}…; of the {SAME_CLAIMS:,} claims that both servers settle "
                f"first, streams or gateway: {min(same[1])[:16]}…",
            ]
        )
    )


# ------------------------------------------------------------------------------------- the runs


@pytest.mark.benchmark(group="terminal streams: rounds of all contenders")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("streams", [64, 256])
def test_terminal_streams(
    benchmark: BenchmarkFixture,
    terminals: Arena,
    same: Same,
    streams: int,
    show: Show,
    keep: Keep,
) -> None:
    """One claim at a time and stream, closed loop; members disjoint and at random."""
    population, seconds = terminals.population, terminals.size.seconds
    among = [population.members_of(stream, streams) for stream in range(streams)]
    idle = [
        lane(population, stream, population.claims(AGAIN, mine), preview=True)
        for stream, mine in enumerate(among)
    ]

    def run(contender: str) -> Load:
        process = terminals.process(contender)
        if contender != "durable":
            for one in idle:
                one.answers, one.latencies = [], []
            return measured(terminals.runner, process, "Settle", idle, seconds)
        each = int(RATE_MAX * seconds) // streams
        claims = [population.claims(each, mine) for mine in among]
        lanes = [lane(population, stream, mine) for stream, mine in enumerate(claims)]
        load = measured(terminals.runner, process, "Settle", lanes, seconds)
        take_singles(terminals.judge, claims, lanes)
        return load

    rounds = in_turns(benchmark, terminals.size.rounds, run)
    reported = report(f"{streams} terminal streams", rounds, 1)
    finish(benchmark, terminals, same, reported, show, keep)


@pytest.mark.benchmark(group="gateway messages: rounds of all contenders")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("claims_a_message", [1_000, 10_000])
def test_gateway_messages(
    benchmark: BenchmarkFixture,
    gateway: Arena,
    same: Same,
    claims_a_message: int,
    show: Show,
    keep: Keep,
) -> None:
    """Columns of claims over one stream, a few messages unanswered at a time."""
    population, per_message = gateway.population, claims_a_message
    window = min(WINDOW, CLAIMS_UNANSWERED // per_message)
    idle = [message(population.claims(per_message), preview=True) for _ in range(window)]

    def run(contender: str) -> Load:
        process = gateway.process(contender)
        if contender != "durable":
            one = Lane(idle, window=window, again=True)
            return measured(gateway.runner, process, "SettleBatch", [one], gateway.size.seconds)
        claims = population.claims(max(gateway.size.gateway_claims, 2 * per_message))
        starts = range(0, len(claims), per_message)
        one = Lane([message(claims[n : n + per_message]) for n in starts], window=window)
        load = measured(gateway.runner, process, "SettleBatch", [one], PATIENCE)
        take_batches(gateway.judge, claims, one)
        return load

    rounds = in_turns(benchmark, gateway.size.rounds, run)
    title = f"gateway messages of {per_message:,} claims"
    reported = report(title, rounds, per_message)
    finish(benchmark, gateway, same, reported, show, keep)
