"""64 terminals on one member and 8 gateways on members they share: nothing is overspent or lost.

On one server with SQLite, and on two servers with PostgreSQL, of which one is killed meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.domain.codes import Level
from engine.domain.register import AccountOpening, Institution, Member
from engine.domain.request import (
    Counters,
    GetCounters,
    ImportOpenings,
    PutInstitutions,
    PutMembers,
    SupplyFigures,
)
from engine.kernel import FAST
from engine.pipeline import Pipeline
from engine.rules.figures import to_json
from engine.store.postgres import PostgresStore
from engine.store.protocol import Store
from engine.store.sqlite import SqliteStore
from tests.crash.clients import Client, Gateway, Terminal
from tests.crash.server_process import ServerProcess
from tests.crash.test_kill import PROMISED, judged
from tests.support.postgres import database, for_teller, pg_server
from tests.support.runner import assumed_figures, cities
from tests.support.world import ZIBO

__all__ = ["database", "pg_server"]

TERMINALS, CLAIMS_EACH = 64, 10
GATEWAYS, BATCHES_EACH = 8, 15
SHARED = [f"shared-{n}" for n in range(64)]
HOT = SHARED[0]
YEAR, CAP_FEN = 2026, 400_000
"""Of a year in Zibo from 2024 on, 第六条."""
ACCOUNT_FEN = 100_000
SECONDS = 90


class Place(NamedTuple):
    """A store, how it is opened, and how many servers it has."""

    name: str
    open: Callable[[], SqliteStore | PostgresStore]
    servers: int


def in_file(path: Path) -> Place:
    return Place(str(path), partial(SqliteStore.open, path), 1)


def in_database(url: str) -> Place:
    return Place(url, partial(PostgresStore.open, url), 2)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return in_file(tmp_path / "ledger.db")
    return in_database(for_teller(request.getfixturevalue("database")))


def fill(store: Store, institutions: int, members: Sequence[str] = SHARED) -> None:
    pipeline = Pipeline.open(store, cities())
    pipeline.run(
        [
            SupplyFigures(to_json(assumed_figures())),
            PutInstitutions(
                [Institution(f"h{n}", ZIBO, Level.LEVEL_1) for n in range(institutions)]
            ),
            PutMembers([Member(name, ZIBO) for name in members]),
            ImportOpenings([AccountOpening(name, ACCOUNT_FEN) for name in members]),
        ],
        1,
    )
    pipeline.close()


def make_clients() -> Iterator[Terminal | Gateway]:
    for n in range(TERMINALS):
        terminal = Terminal(f"t{n}", [HOT], f"h{n}", n)
        terminal.add_claims(CLAIMS_EACH)
        yield terminal
    for n in range(TERMINALS, TERMINALS + GATEWAYS):
        gateway = Gateway(f"g{n}", SHARED, f"h{n}", n)
        for batch in range(BATCHES_EACH):
            size = (8, 500, 40)[batch % 3]
            gateway.pending.append([gateway.new_claim(gateway.new_id()) for _ in range(size)])
        yield gateway


async def until_all_is_answered(clients: list[Terminal | Gateway], addresses: list[str]) -> None:
    """Have all clients ask at once; who lost its server asks the first one, which stays."""

    async def ask(client: Terminal | Gateway, address: str) -> None:
        while client.pending:
            await client.talk(address, only_pending=True)
            address = addresses[0]

    async with asyncio.timeout(SECONDS):
        await asyncio.gather(
            *(ask(client, addresses[n % len(addresses)]) for n, client in enumerate(clients))
        )


async def kill_in_the_midst(server: ServerProcess, clients: list[Terminal | Gateway]) -> None:
    """Kill a server when each of its terminals has had an answer, and some have had more."""
    await asyncio.gather(*(client.heard.wait() for client in clients[:TERMINALS]))
    server.kill()


def test_many_at_once(place: Place, tmp_path: Path) -> None:
    fill(place.open(), TERMINALS + GATEWAYS)
    clients = list(make_clients())

    async def run(servers: list[ServerProcess]) -> None:
        tasks = [until_all_is_answered(clients, [server.address for server in servers])]
        tasks += [kill_in_the_midst(server, clients) for server in servers[1:]]
        await asyncio.gather(*tasks)

    log = tmp_path / "servers.log"
    with ExitStack() as stack:
        started = [ServerProcess(place.name, log=log) for _ in range(place.servers)]
        servers = [stack.enter_context(server) for server in started]
        asyncio.run(run(servers))
        assert servers[0].stop() == 0, servers[0].last_words()
    check(place, clients)


def check(place: Place, clients: list[Terminal | Gateway]) -> None:
    everybody: list[Client] = list(clients)
    with place.open() as store, store.snapshot():
        verdict = judged(store, everybody)
        verdict["changed"] += sum(client.changed for client in clients)
        pipeline = Pipeline.open(store, cities(), FAST)
        answers = pipeline.run([GetCounters(name, YEAR) for name in SHARED], 0)
    assert {name: verdict[name] for name in PROMISED if verdict[name]} == {}
    told = Counter(type(client).__name__ for client in clients for _ in client.history)
    assert told["Terminal"] >= TERMINALS * CLAIMS_EACH
    assert [error for client in clients for error in client.errors] == []
    # All of them reach the cap, and none of them goes over it, by a fen.
    for counters in answers:
        assert isinstance(counters, Counters)
        assert counters.ordinary_paid_fen == CAP_FEN
        assert 0 <= counters.account_balance_fen < ACCOUNT_FEN
