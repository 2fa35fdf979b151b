"""SIGKILL under load: what clients were told must be in the ledger after, once and unchanged.

A real server process, terminals and gateways over gRPC with members of their own and members they
share. At a random moment the server is killed; a copy of its store is held against what the clients
saw; it is started again on the store, everything unanswered is sent again, and the load goes on.
SIGKILL leaves the page cache, so this proves the order of commit and answer, the recovery and the
ids; that a commit reaches the disk is for `test_power_loss`.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.domain.codes import Level
from engine.domain.dates import Interval
from engine.domain.register import AccountOpening, Institution, Member, Selection
from engine.domain.request import ImportOpenings, PutInstitutions, PutMembers, SupplyFigures
from engine.pipeline import Pipeline
from engine.rules.figures import to_json
from engine.store.protocol import Store
from engine.store.sqlite import SqliteStore
from engine.verify.check import verify_store
from engine.verify.history import check_history
from tests.crash.clients import Client, Gateway, Terminal, history
from tests.crash.judge import Verdict, count_history
from tests.crash.server_process import (
    ANSWERS_EARLY,
    CHECKPOINTS_OFTEN,
    SHIPPED,
    ServerProcess,
)
from tests.support.runner import assumed_figures, cities
from tests.support.world import HEYUAN, ZIBO

SEED = 20261123
TERMINALS, GATEWAYS = 6, 2
MEMBERS_EACH = 4
SHARED = ("shared-0", "shared-1", "shared-2")
FIRST_SECONDS, RESOLVE_SECONDS = 30, 60
LOAD_SECONDS = 0.6
"""The server is killed at a random moment within it."""
START_SECONDS = 1.0

PROMISED = ("lost", "doubled", "changed", "torn", "findings", "unresolved")

crash = [pytest.mark.crash, pytest.mark.timeout(900)]


def own_members(number: int) -> list[str]:
    return [f"m{number}-{n}" for n in range(MEMBERS_EACH)]


def make_clients(seed: int) -> list[Terminal | Gateway]:
    """Terminals and gateways, each with members of its own and the shared ones."""
    clients: list[Terminal | Gateway] = []
    for number in range(TERMINALS + GATEWAYS):
        make = Terminal if number < TERMINALS else Gateway
        members = (*own_members(number), *SHARED)
        clients.append(make(f"c{number}", members, f"h{number}", seed + number))
    return clients


def fill_registers(store: Store) -> None:
    """Enter the clients' members and institutions, of both cities in turn; close the store."""
    clients = range(TERMINALS + GATEWAYS)
    named = {name: number for number in clients for name in own_members(number)}
    named |= {name: number for number, name in enumerate(SHARED)}
    members = [
        Member(name, city_of(n), selections=(Selection(f"h{n}", Interval(2026_01_01)),))
        for name, n in named.items()
    ]
    places = [Institution(f"h{n}", city_of(n), Level.LEVEL_1) for n in clients]
    pipeline = Pipeline.open(store, cities())
    pipeline.run(
        [
            SupplyFigures(to_json(assumed_figures())),
            PutInstitutions(places),
            PutMembers(members),
            ImportOpenings([AccountOpening(name, 50_000) for name in named]),
        ],
        1,
    )
    pipeline.close()


def city_of(number: int) -> str:
    return (ZIBO, HEYUAN)[number % 2]


def judge_store(path: Path, clients: Sequence[Client]) -> Verdict:
    """Hold a store that no server has open against what the clients saw."""
    with SqliteStore.open(path) as store:
        return judged(store, clients)


def judged(store: Store, clients: Sequence[Client]) -> Verdict:
    """Hold a store against what the clients saw, and against itself."""
    verdict: Verdict = Counter()
    report = check_history(history(clients), store)
    count_history(verdict, report)
    found = verify_store(store)
    verdict["findings"] += found.finding_count
    verdict["entries"] = store.last_position
    verdict["unanswered_present"] += report.unknown_present
    return verdict


def judge_copy(path: Path, folder: Path, clients: Sequence[Client]) -> Verdict:
    """Judge a copy of the store, so that its recovery is left to the server."""
    folder.mkdir()
    for name in (path.name, f"{path.name}-wal"):
        if path.with_name(name).exists():
            shutil.copy(path.with_name(name), folder)
    verdict = judge_store(folder / path.name, clients)
    shutil.rmtree(folder)
    return verdict


async def load_and_kill(
    server: ServerProcess, clients: Sequence[Terminal | Gateway], rng: random.Random
) -> None:
    """Let the clients work, and kill the server under them."""
    for client in clients:
        client.heard.clear()
    tasks = [asyncio.create_task(client.talk(server.address)) for client in clients]
    try:
        async with asyncio.timeout(FIRST_SECONDS):
            await asyncio.gather(*(client.heard.wait() for client in clients))
        await asyncio.sleep(rng.uniform(0, LOAD_SECONDS))
    finally:
        server.kill()
    async with asyncio.timeout(FIRST_SECONDS):
        await asyncio.gather(*tasks)


def kill_while_it_starts(path: Path, module: str, rng: random.Random) -> None:
    """Start a server and kill it somewhere between its imports and its recovery's end."""
    server = ServerProcess(path, module, wait=False)
    time.sleep(rng.uniform(0, START_SECONDS))
    server.kill()


async def resolve(server: ServerProcess, clients: Sequence[Terminal | Gateway]) -> int:
    """Send again what is unanswered and some of what was answered; return what stays open."""
    for client in clients:
        client.ask_again(20)
    talks = [client.talk(server.address, only_pending=True) for client in clients]
    async with asyncio.timeout(RESOLVE_SECONDS):
        await asyncio.gather(*talks)
    return sum(len(client.pending) for client in clients)


async def kill_rounds(
    folder: Path, rounds: int, module: str = SHIPPED, *, until_lost: bool = False
) -> Verdict:
    """Kill a server `rounds` times under load, on the disk of `folder`; count what it cost."""
    verdict: Verdict = Counter()
    rng, clients = random.Random(SEED), make_clients(SEED)
    path = folder / "ledger.db"
    fill_registers(SqliteStore.open(path))
    server = ServerProcess(path, module)
    try:
        for round_number in range(rounds):
            await load_and_kill(server, clients, rng)
            verdict["kills"] += 1
            verdict += judge_copy(path, folder / "copy", clients)
            if until_lost and verdict["lost"]:
                break
            if round_number % 3 == 0:
                kill_while_it_starts(path, module, rng)
                verdict["kills in start"] += 1
            server = ServerProcess(path, module)
            verdict["unresolved"] += await resolve(server, clients)
        else:
            assert server.stop() == 0, server.last_words()
            verdict += judge_store(path, clients)
    finally:
        server.kill()
    verdict["answered"] = sum(client.answered for client in clients)
    verdict["changed"] += sum(client.changed for client in clients)
    assert [error for client in clients for error in client.errors] == []
    return verdict


def shown(verdict: Verdict) -> str:
    names = ("kills", "kills in start", "answered", "unanswered_present", *PROMISED)
    return ", ".join(f"{name} {verdict[name]}" for name in names)


@pytest.mark.parametrize("rounds", [3, pytest.param(20, marks=crash)])
def test_a_killed_server_loses_nothing(tmp_path: Path, rounds: int) -> None:
    check_kills(tmp_path, rounds, SHIPPED)


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=crash)])
def test_a_server_killed_in_a_checkpoint_loses_nothing(tmp_path: Path, rounds: int) -> None:
    check_kills(tmp_path, rounds, CHECKPOINTS_OFTEN)


def check_kills(folder: Path, rounds: int, module: str) -> None:
    verdict = asyncio.run(kill_rounds(folder, rounds, module))
    print(f"SIGKILL of {module}: {shown(verdict)}")  # noqa: T201
    assert {name: verdict[name] for name in PROMISED if verdict[name]} == {}
    assert verdict["kills"] == rounds
    assert verdict["answered"] > 30 * rounds


def test_an_answer_before_the_commit_is_caught(tmp_path: Path) -> None:
    """The plant: a server that answers before it commits must be found out."""
    verdict = asyncio.run(kill_rounds(tmp_path, 6, ANSWERS_EARLY, until_lost=True))
    print(f"SIGKILL, planted answers before the commit: {shown(verdict)}")  # noqa: T201
    assert verdict["lost"] > 0
