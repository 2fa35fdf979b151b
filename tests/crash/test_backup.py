"""A backup that is taken under load, restored: it verifies, and is a beginning of the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks.peers.cluster import Server, started
from clients.server import Server as Connection
from engine.domain.register import Member
from engine.domain.request import PutMembers
from engine.pipeline import Pipeline
from engine.store.postgres import PostgresStore
from engine.store.sqlite import SqliteStore
from engine.verify.check import verify_store
from gongji.v1.store_service_pb2 import BackUpResponse
from tests.crash.clients import Client
from tests.crash.server_process import ServerProcess
from tests.crash.test_kill import (
    FIRST_SECONDS,
    PROMISED,
    SEED,
    fill_registers,
    judge_store,
    make_clients,
    resolve,
    shown,
)
from tests.crash.test_shared_kill import Bench
from tests.support.postgres import named
from tests.support.runner import cities
from tests.support.world import ZIBO

BACKUPS = 2
OTHERS = 50_000
"""Members who make the file large enough for several steps."""


def test_pg_dump_under_load(tmp_path: Path) -> None:
    taken: list[str] = []

    def back_up(bench: Bench) -> None:
        name = f"restored{len(taken)}"
        dump = str(bench.database.folder / f"{name}.dump")
        bench.database.run("pg_dump", "--format=custom", "--file", dump, named(bench.url))
        bench.database.sql(f"CREATE DATABASE {name}")
        bench.database.run("pg_restore", "--exit-on-error", "--dbname", name, dump)
        taken.append(bench.database.url(name))

    async def run(bench: Bench) -> None:
        for _ in range(BACKUPS):
            await bench.round(back_up)

    with ExitStack() as stack:
        bench = Bench(stack.enter_context(started(Server)), tmp_path)
        stack.callback(bench.close)
        asyncio.run(run(bench))
        verdict = bench.finish()
        print(f"backups under load: {shown(verdict)}")  # noqa: T201
        assert {name: verdict[name] for name in PROMISED if verdict[name]} == {}
        with PostgresStore.open(bench.url) as store:
            whole = list(store.segments(0, 0))
        ends = []
        for url in taken:
            with PostgresStore.open(url) as restored:
                ends.append(check_backup(restored, whole))
    assert 0 < ends[0] < ends[1] < len(whole)


def test_gongji_store_backup_under_load(tmp_path: Path) -> None:
    """Clients are answered while a server copies its file; also where it is killed half-way."""
    path, folder, clients = tmp_path / "ledger.db", tmp_path / "backups", make_clients(SEED)
    folder.mkdir()
    fill_registers(SqliteStore.open(path))
    with closing(Pipeline.open(SqliteStore.open(path), cities())) as pipeline:
        others = [Member(f"other-{n}", ZIBO) for n in range(OTHERS)]
        pipeline.run([PutMembers(others)], 2)

    def serve() -> ServerProcess:
        return ServerProcess(path, options=("--backups", str(folder)))

    def copy(address: str) -> list[BackUpResponse]:
        with Connection(address) as connection:
            return list(connection.back_up())

    async def run(server: ServerProcess) -> list[BackUpResponse]:
        """Have two copies made under load, and the server killed in the midst of a third."""
        tasks = [asyncio.create_task(client.talk(server.address)) for client in clients]
        made = []
        for _ in range(BACKUPS):
            await some_answers(clients)
            before = sum(client.answered for client in clients)
            *steps, last = await asyncio.to_thread(copy, server.address)
            assert steps
            assert sum(client.answered for client in clients) > before
            made.append(last)
        with Connection(server.address) as connection:
            steps_of_a_third = connection.back_up()
            await asyncio.to_thread(next, steps_of_a_third)
            server.kill()
            steps_of_a_third.close()
        await asyncio.gather(*tasks)
        return made

    with serve() as server:
        made = asyncio.run(run(server))
    with serve() as server:
        asyncio.run(resolve(server, clients))
        *_, last = copy(server.address)
        assert server.stop() == 0, server.last_words()
    verdict = judge_store(path, clients)
    assert {name: verdict[name] for name in PROMISED if verdict[name]} == {}
    with SqliteStore.open(path) as store:
        whole = list(store.segments(0, 0))
    ends = []
    for answer in (*made, last):
        with SqliteStore.open(answer.made.file) as restored:
            ends.append(check_backup(restored, whole))
            assert ends[-1] == answer.made.sequence
    assert 0 < ends[0] < ends[1] < ends[2] == len(whole)


async def some_answers(clients: Sequence[Client]) -> None:
    """Wait until each client has had another answer."""
    for client in clients:
        client.heard.clear()
    async with asyncio.timeout(FIRST_SECONDS):
        await asyncio.gather(*(client.heard.wait() for client in clients))


def check_backup(store: PostgresStore | SqliteStore, whole: Sequence[object]) -> int:
    """Verify a restored store; return the segment up to which it is complete."""
    with store.snapshot():
        report = verify_store(store)
        assert report.ok, report.findings
        assert list(store.segments(0, 0)) == whole[: store.sequence]
        return store.sequence
