"""A backup that is taken under load, restored: it verifies, and is a beginning of the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.peers.cluster import Server, started
from engine.store.postgres import PostgresStore
from engine.verify.check import verify_store
from tests.crash.test_kill import PROMISED, shown
from tests.crash.test_shared_kill import Bench
from tests.support.postgres import named

BACKUPS = 2


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
        ends = [check_backup(url, whole) for url in taken]
    assert 0 < ends[0] < ends[1] < len(whole)


def check_backup(url: str, whole: Sequence[object]) -> int:
    """Verify a restored store; return the segment up to which it is complete."""
    with PostgresStore.open(url) as store, store.snapshot():
        report = verify_store(store)
        assert report.ok, report.findings
        assert list(store.segments(0, 0)) == whole[: store.sequence]
        return store.sequence
