"""Goals 2, 3 and 4: a durable server under load, beside one that previews, an echo and PostgreSQL.

    python -m benchmarks.streams [--short] [--members N] [--seconds S] [--rounds R]

Contenders, a process each: `durable` settles new claims and commits them, `preview` settles the
same mix and commits nothing, `echo` is the stack alone (`echo_server`). In every round they take
turns, on each of these loads:

    256 streams         a claim a message, one message unanswered; beside it a PL/pgSQL function
                        under pgbench (`peers.postgres`), where PostgreSQL is installed
    1 stream            the same; beside it what the disk takes to sync 4 KiB; then once more with
                        a gateway on the same server
    10, 100 a message   terminals that coalesce, on 256 streams
    10,000 a message    a gateway: one stream with four messages unanswered, four with two

After the rounds the gateway is kept up for `--seconds`, beside the disk appending as many bytes as
the journal takes of these claims. Then settlements are looked up, explained and cancelled.

The members are the same throughout, and every claim is new. Everything that was settled is judged
(`judge`); only a difference is a failure. Clients and servers share the machine, and nothing is
set for either: no priority, no processor of its own.
"""

import argparse
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

from benchmarks import afterwards, disk, streams_lines
from benchmarks.arena import Arena, arena
from benchmarks.lines import keep
from benchmarks.peers import postgres
from benchmarks.peers.case import make
from benchmarks.report import table
from benchmarks.shapes import (
    DURABLE,
    ECHO,
    FULL,
    GATEWAY,
    GATEWAYS,
    HUNDREDS,
    ONE,
    PREVIEW,
    SHORT,
    STREAMS,
    TENS,
    Shape,
    Size,
)
from benchmarks.streams_lines import Findings, Sustained

LONGER: Final = 0.4
"""By how many seconds the gateway outlasts the terminal beside it."""
_CASE_CLAIMS: Final = 2_000

Job = Callable[[], None]
T = TypeVar("T")


class Run:
    """The loads of a round, and what came of them."""

    def __init__(self, arena: Arena, folder: Path, server: postgres.Cluster | None) -> None:
        self._arena = arena
        self._folder = folder
        self._postgres = server
        self.findings = Findings(arena.size)

    def rounds(self) -> None:
        """Run all rounds, each beginning with another load and another contender."""
        for turn in range(self._arena.size.rounds):
            for jobs in _turned(self._groups(), turn):
                for job in _turned(jobs, turn):
                    gc.collect()
                    job()

    def _groups(self) -> list[list[Job]]:
        """Return what stands beside each other."""
        all_three = (DURABLE, PREVIEW, ECHO)
        streams = [self._job(STREAMS, contender) for contender in all_three]
        if self._postgres is not None:
            streams.append(self._pgbench)
        return [
            streams,
            [self._job(ONE, DURABLE), self._job(ONE, ECHO), self._sync, self._beside],
            [self._job(shape, each) for shape in (TENS, HUNDREDS) for each in (DURABLE, ECHO)],
            [self._job(GATEWAY, contender) for contender in all_three],
            [self._job(GATEWAYS, contender) for contender in all_three],
        ]

    def _job(self, shape: Shape, contender: str) -> Job:
        return partial(self._load, shape, contender)

    def _load(self, shape: Shape, contender: str) -> None:
        self.findings.add(shape, contender, self._arena.run(shape, contender))

    def _pgbench(self) -> None:
        assert self._postgres is not None
        size = self._arena.size
        self.findings.pg.append(self._postgres.pgbench(size.seconds, size.members))

    def _sync(self) -> None:
        size = self._arena.size
        self.findings.syncs.append(disk.sync_p50_ms(self._folder, size.syncs))

    def _beside(self) -> None:
        """Load a terminal's stream and a gateway's at once."""
        seconds = self._arena.size.seconds
        loads = [(GATEWAY, seconds + LONGER), (ONE, seconds)]
        gateway, terminal = self._arena.settle(loads)
        self.findings.gateway_beside.append(gateway)
        self.findings.beside.append(terminal)

    def sustained(self, store: Path) -> None:
        """Keep the gateway up, and the disk beside it."""
        size, population = self._arena.size, self._arena.population
        claims = population.claims(20 * disk.CHUNK_CLAIMS)
        each = disk.journal_bytes_a_claim(store, self._folder, claims)
        chunk = round(each * disk.CHUNK_CLAIMS)
        appended = disk.append_bytes_per_second(self._folder, chunk, size.sustained)
        (load,) = self._arena.settle([(GATEWAY, size.sustained)], size.sample)
        self.findings.sustained = Sustained(load, each, appended)

    def ask_afterwards(self) -> None:
        """Look up, explain and cancel what the gateway settled."""
        judge, process = self._arena.judge, self._arena.processes[DURABLE]
        assert judge.sample, "nothing to look up"
        self.findings.sample = len(judge.sample)
        self.findings.took = afterwards.ask(process.address, judge.sample)


def _turned(items: Sequence[T], turn: int) -> list[T]:
    first = turn % len(items)
    return [*items[first:], *items[:first]]


@contextmanager
def postgres_server(members: int) -> Iterator[tuple[postgres.Cluster | None, str]]:
    """Yield PostgreSQL with its function, checked afterwards; or None, and why there is none."""
    case = make(_CASE_CLAIMS)
    try:
        with postgres.cluster() as server:
            server.prepare(case, members)
            yield server, ""
            rows, differ = server.check(case)
            assert differ == 0, f"{differ} of {rows} settlements of PostgreSQL differ"
    except postgres.Missing as why:
        print(f"streams: PostgreSQL left out: {why}")
        yield None, str(why)


def measure(size: Size) -> Findings:
    """Measure and check everything."""
    with (
        TemporaryDirectory(prefix="gongji-streams-") as name,
        postgres_server(size.members) as (server, missing),
        arena(Path(name), size) as (made, store),
    ):
        gc.freeze()
        run = Run(made, Path(name), server)
        run.findings.missing = missing
        run.rounds()
        run.sustained(store)
        run.ask_afterwards()
        judge = made.judge
        run.findings.digest = judge.check()
        run.findings.settled, run.findings.refused = judge.settled, judge.refused
        run.findings.judged = judge.judged
    return run.findings


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, check, keep, show."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="fewer members, shorter rounds")
    parser.add_argument("--members", type=int, help="a multiple of 64")
    parser.add_argument("--seconds", type=float, help="how long the gateway is kept up")
    parser.add_argument("--rounds", type=int)
    given = parser.parse_args(arguments)
    size = SHORT if given.short else FULL
    size = size._replace(
        members=given.members or size.members,
        sustained=given.seconds or size.sustained,
        rounds=given.rounds or size.rounds,
    )
    lines = streams_lines.lines_of(measure(size))
    keep("streams", lines)
    for goal in ("2", "3", "4"):
        of_goal = [each for each in lines if each.goal == goal]
        print(f"\n{table(goal, of_goal).text()}")


if __name__ == "__main__":
    main()
