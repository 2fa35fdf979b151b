"""What a server checks before it answers."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from benchmarks.peers.cluster import Server
from clients.cli import local
from clients.cli.stores import Database
from engine.pipeline import Pipeline
from engine.store.postgres import PostgresStore
from server.app import now_ms
from server.guard import Unsafe, check_clock, warnings
from tests.crash.patroni import wait_until
from tests.crash.server_process import ROOT, ServerProcess
from tests.support.memory_store import MemoryStore
from tests.support.postgres import database, pg_server
from tests.support.runner import cities

__all__ = ["database", "pg_server"]

MINUTE_MS, HOUR_MS = 60_000, 3_600_000


@pytest.mark.parametrize(
    ("ahead_ms", "told"),
    [(-HOUR_MS, "ahead of"), (-MINUTE_MS, "ahead of"), (MINUTE_MS, "behind"), (HOUR_MS, "behind")],
)
def test_another_time_than_the_databases_is_refused(
    database: str, ahead_ms: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "now", lambda: now_ms() + ahead_ms)
    with pytest.raises(Unsafe, match=rf"the database's clock is \d+ ms {told} this machine's"):
        local.open_pipeline(Database(database), "fast")


@pytest.mark.parametrize("ahead_ms", [-500, 0, 500])
def test_the_databases_time_is_near_enough(database: str, ahead_ms: int) -> None:
    pipeline = Pipeline.open(PostgresStore.open(database), cities())
    check_clock(pipeline, lambda: now_ms() + ahead_ms)
    pipeline.close()


def test_a_store_of_this_machine_has_its_clock() -> None:
    pipeline = Pipeline.open(MemoryStore(), cities())
    check_clock(pipeline, lambda: 0)


def test_a_protobuf_that_is_not_compiled_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite"
    done = subprocess.run(
        [sys.executable, "-m", "clients.cli.main", "serve", "--store", str(place)],
        cwd=ROOT,
        env=os.environ | {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert "unset PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION" in done.stderr
    assert "Traceback" not in done.stderr
    assert "listening" not in done.stdout


def test_servers_with_other_rules_are_warned_of(database: str) -> None:
    def started(*names: str) -> Pipeline:
        chosen = {area: city for area, city in cities().items() if not names or area in names}
        return Pipeline.open(PostgresStore.open(database), chosen)

    def told(pipeline: Pipeline) -> list[str]:
        return [warning for warning in warnings(pipeline) if "another server" in warning]

    first, alike, other = started(), started(), started("220100")
    try:
        assert told(first) == told(alike) == []
        (warning,) = told(other)
        assert warning.count(f", version {version('gongji')}") == 2
        (back,) = told(first)
        assert "run the same version" in back
        other.close()
        wait_until(lambda: not told(first), "end of a connection")
    finally:
        for pipeline in (first, alike, other):
            pipeline.close()


def test_what_is_unwise_is_said_once_and_served(
    pg_server: Server, database: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    server = ServerProcess(database, log=log)
    assert server.stop() == 0
    said = log.read_text("utf-8")
    (((checksums,)),) = pg_server.sql("SHOW data_checksums")
    assert ("no data checksums" in said) is (checksums == "off")
    assert said.count("may change the journal") == 1
    assert said.count("WARNING") == said.count("\n") == 1 + (checksums == "off")
