"""Two servers on one PostgreSQL store under load, and what is done to them and to the database.

Terminals and gateways of both servers share members. A server is killed, or the database's
connections, or the database itself; then the store is held against what the clients were told, all
that was not answered is sent again, to either server, and the load goes on.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.peers.cluster import Server, started
from engine.store.postgres import PostgresStore
from engine.verify.history import check_history
from tests.crash import database_faults
from tests.crash.clients import history
from tests.crash.judge import Verdict, count_history
from tests.crash.server_process import ServerProcess
from tests.crash.test_kill import (
    FIRST_SECONDS,
    LOAD_SECONDS,
    PROMISED,
    RESOLVE_SECONDS,
    fill_registers,
    judged,
    make_clients,
    shown,
)
from tests.support.postgres import for_teller, new_database

SEED = 20261130

Fault = Callable[["Bench"], None]


class Bench:
    """Two servers, their clients, and the database behind them."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.database = server
        self.url = for_teller(new_database(server))
        self.clients = make_clients(SEED)
        self.rng = random.Random(SEED)
        self.verdict: Verdict = Counter()
        self._folder = folder
        fill_registers(PostgresStore.open(self.url))
        self.servers = [self.new_server(), self.new_server()]

    def new_server(self) -> ServerProcess:
        return ServerProcess(self.url, log=self._folder / "servers.log")

    def close(self) -> None:
        for server in self.servers:
            server.kill()

    async def round(self, fault: Fault) -> None:
        """Let something happen under load, then resolve everything and judge."""
        for client in self.clients:
            client.heard.clear()
            client.leaving = False
        tasks = [
            asyncio.create_task(client.talk(server.address))
            for client, server in zip(self.clients, self._each(), strict=True)
        ]
        async with asyncio.timeout(FIRST_SECONDS):
            await asyncio.gather(*(client.heard.wait() for client in self.clients))
        await asyncio.sleep(self.rng.uniform(0, LOAD_SECONDS))
        await asyncio.to_thread(fault, self)
        self.verdict[fault.__name__] += 1
        await asyncio.sleep(self.rng.uniform(0, LOAD_SECONDS))
        for client in self.clients:
            client.leaving = True
        async with asyncio.timeout(RESOLVE_SECONDS):
            await asyncio.gather(*tasks)
        self._look()
        await self._resolve()

    def _each(self) -> list[ServerProcess]:
        """Return a server for each client, another one each time."""
        first = self.rng.randrange(2)
        return [self.servers[(first + n) % 2] for n in range(len(self.clients))]

    async def _resolve(self) -> None:
        for client in self.clients:
            client.ask_again(20)
        talks = [
            client.talk(server.address, only_pending=True)
            for client, server in zip(self.clients, self._each(), strict=True)
        ]
        async with asyncio.timeout(RESOLVE_SECONDS):
            await asyncio.gather(*talks)
        self.verdict["unresolved"] += sum(len(client.pending) for client in self.clients)

    def _look(self) -> None:
        """Hold the journal against what the clients were told so far."""
        with PostgresStore.open(self.url) as store, store.snapshot():
            report = check_history(history(self.clients), store)
        count_history(self.verdict, report)
        self.verdict["unanswered_present"] += report.unknown_present

    def finish(self) -> Verdict:
        """Stop both servers as asked, and judge what they leave."""
        for server in self.servers:
            assert server.stop() == 0, server.last_words()
        with PostgresStore.open(self.url) as store, store.snapshot():
            self.verdict += judged(store, self.clients)
        self.verdict["answered"] = sum(client.answered for client in self.clients)
        self.verdict["changed"] += sum(client.changed for client in self.clients)
        assert [error for client in self.clients for error in client.errors] == []
        return self.verdict


# --- what is done ------------------------------------------------------------------------


def kill_a_server(bench: Bench) -> None:
    at = bench.rng.randrange(2)
    bench.servers[at].kill()
    bench.servers[at] = bench.new_server()


def restart_a_server(bench: Bench) -> None:
    """As in a rolling upgrade: it answers what it has read, and another takes its place."""
    at = bench.rng.randrange(2)
    assert bench.servers[at].stop() == 0, bench.servers[at].last_words()
    bench.servers[at] = bench.new_server()


def to_the_database(fault: database_faults.Fault) -> Fault:
    def happen(bench: Bench) -> None:
        fault(bench.database, bench.rng)

    happen.__name__ = fault.__name__
    return happen


FAULTS: Sequence[Fault] = (
    kill_a_server,
    restart_a_server,
    *map(to_the_database, database_faults.FAULTS),
)


@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(1, marks=pytest.mark.timeout(400)),
        pytest.param(10, marks=[pytest.mark.crash, pytest.mark.timeout(1_800)]),
    ],
)
def test_nothing_is_lost_between_two_servers(tmp_path: Path, rounds: int) -> None:
    """Each fault so many times, in turn."""

    async def run(bench: Bench) -> None:
        for _ in range(rounds):
            for fault in FAULTS:
                await bench.round(fault)

    with ExitStack() as stack:
        bench = Bench(stack.enter_context(started(Server)), tmp_path)
        stack.callback(bench.close)
        asyncio.run(run(bench))
        verdict = bench.finish()
    print(f"two servers: {shown(verdict)}; {dict(verdict)}")  # noqa: T201
    assert {name: verdict[name] for name in PROMISED if verdict[name]} == {}
    assert verdict["answered"] > 50 * rounds
