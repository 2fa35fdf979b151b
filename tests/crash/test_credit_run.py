"""Credit runs that are killed at random moments and begun again end like one that nobody killed.

A real process, `gongji account credit-run`, on a real store. The store afterwards has the same
balances as one whose run was left alone, a further run posts nothing, the reports say what the
ledger holds, and the checker finds nothing.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.insured import MONTHS, figures, members, openings
from engine.domain.money import parse_yuan
from engine.domain.request import (
    Accepted,
    Counters,
    GetCounters,
    ImportOpenings,
    PutMembers,
    Request,
    SupplyFigures,
)
from engine.domain.statement import GetStatement, MovedBy, Statement
from engine.pipeline import Pipeline
from engine.rules.figures import to_json
from engine.rules.load import load_cities
from engine.store.sqlite import SqliteStore
from engine.verify.check import verify_store
from tests.crash.server_process import ROOT, SHIPPED
from tests.crash.small_credit_steps import MEMBERS_A_STEP

SMALL_STEPS = "tests.crash.small_credit_steps"
SECONDS = 300
SEED = 20261129


def fill(path: Path, count: int) -> None:
    """Register so many members of five cities, half of them with a balance."""
    pipeline = Pipeline.open(SqliteStore.open(path), load_cities())
    requests: list[Request] = [SupplyFigures(to_json(figures()))]
    requests += [PutMembers(batch) for batch in members(count)]
    requests += [ImportOpenings(batch) for batch in openings(count)]
    for request in requests:
        (answer,) = pipeline.run([request], 1)
        assert isinstance(answer, Accepted)
        assert not answer.errors
    pipeline.close()


def command(path: Path, city: str, module: str) -> list[str]:
    year, month = divmod(MONTHS[city], 100)
    run = [sys.executable, "-m", module, "account", "credit-run", "--store", str(path), "--json"]
    return [*run, "--city", city, "--month", f"{year}-{month:02}"]


def run(path: Path, city: str, module: str = SHIPPED) -> dict[str, Any]:
    """Run to the end; return the report."""
    done = subprocess.run(
        command(path, city, module), cwd=ROOT, capture_output=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def kill_at_a_step(path: Path, city: str, steps: int, rng: random.Random) -> bool:
    """Run in small steps, and kill it in one of them; return whether it was still at work."""
    process = subprocess.Popen(
        command(path, city, SMALL_STEPS),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        for _ in range(rng.randint(1, steps)):
            assert process.stderr.readline() == b"step\n"
        time.sleep(rng.uniform(0, 0.004))
    finally:
        process.kill()
        process.stderr.close()
    return process.wait() != 0


def kill_within(path: Path, city: str, seconds: float, rng: random.Random) -> bool:
    """Run as shipped, and kill it at a random moment; return whether it was still at work."""
    process = subprocess.Popen(
        command(path, city, SHIPPED),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(rng.uniform(0, seconds))
    except subprocess.TimeoutExpired:
        process.kill()
    return process.wait() != 0


class Held:
    """What a store holds, read once: balances, what was credited, how many movements."""

    def __init__(self, path: Path, count: int) -> None:
        with SqliteStore.open(path) as store:
            found = verify_store(store)
            assert found.ok, found.findings
            pipeline = Pipeline.open(store, load_cities())
            self.balances: dict[str, int] = {}
            self.credited = dict.fromkeys(MONTHS, 0)
            self.movements = store.last_position
            for batch in members(count):
                asked = [GetCounters(member.id, 2024) for member in batch]
                for answer in pipeline.run(asked, 0):
                    assert isinstance(answer, Counters)
                    self.balances[answer.member] = answer.account_balance_fen
                statements = [GetStatement(member.id, 1970_01_01, 2999_12_31) for member in batch]
                for member, said in zip(batch, pipeline.run(statements, 0), strict=True):
                    assert isinstance(said, Statement)
                    self._add(member.city, said)

    def _add(self, city: str, statement: Statement) -> None:
        """Take a statement: a month is credited in one movement, however often it was begun."""
        assert len(statement.movements) <= 1
        for movement in statement.movements:
            assert movement.moved_by == MovedBy.CREDIT
            assert movement.service_date == MONTHS[city] * 100 + 1
            self.credited[city] += movement.moved_fen


def check_reports(
    reports: Mapping[str, Mapping[str, Any]], held: Held, *, again: bool = False
) -> None:
    """Hold the reports of runs to the end against the ledger; a run again posts nothing."""
    for city, report in reports.items():
        ruled = sum(parse_yuan(rule["sum"]) for rule in report["rules"])
        assert parse_yuan(report["stands"]) == ruled == held.credited[city] > 0
        standing = parse_yuan(report["posted_before"]) + parse_yuan(report["posted"])
        assert standing == ruled
        if again:
            assert report["accounts_moved"] == parse_yuan(report["posted"]) == 0


def undisturbed(folder: Path, count: int, areas: list[str]) -> tuple[Path, Held, float]:
    """Return a store before the runs, what it holds after runs nobody killed, and their time."""
    start, alone = folder / "start.db", folder / "alone.db"
    fill(start, count)
    for ending in ("", "-wal"):
        if start.with_name(start.name + ending).exists():
            shutil.copy(start.with_name(start.name + ending), alone.with_name(alone.name + ending))
    began = time.monotonic()
    reports = {city: run(alone, city) for city in areas}
    seconds = (time.monotonic() - began) / len(areas)
    held = Held(alone, count)
    assert held.movements == sum(report["accounts_moved"] for report in reports.values())
    check_reports(reports, held)
    return start, held, seconds


def check_same(path: Path, count: int, areas: list[str], alone: Held) -> None:
    """End the runs of a store that was disturbed, and hold it against the other."""
    reports = {city: run(path, city) for city in areas}
    reports_again = {city: run(path, city) for city in areas}
    held = Held(path, count)
    assert held.balances == alone.balances
    assert held.credited == alone.credited
    assert held.movements == alone.movements
    check_reports(reports, held)
    check_reports(reports_again, held, again=True)
    begun = [parse_yuan(report["posted_before"]) > 0 for report in reports.values()]
    assert any(begun), "every kill was before the first step"


def test_a_run_killed_in_its_steps_is_gone_on_with(tmp_path: Path) -> None:
    count, areas, rng = 2_500, ["370100", "421300"], random.Random(SEED)
    path, alone, _ = undisturbed(tmp_path, count, areas)
    for city in (areas[0], *areas):
        assert kill_at_a_step(path, city, count // MEMBERS_A_STEP, rng), "it was not killed"
    check_same(path, count, areas, alone)


@pytest.mark.crash
@pytest.mark.timeout(1800)
def test_a_large_run_killed_at_random_moments_ends_the_same(tmp_path: Path) -> None:
    count, kills, areas, rng = 100_000, 10, list(MONTHS), random.Random(SEED + 1)
    path, alone, seconds = undisturbed(tmp_path, count, areas)
    killed = 0
    for number in range(kills):
        city = areas[number % len(areas)]
        killed += kill_within(path, city, seconds, rng)
        killed += kill_at_a_step(path, city, count // MEMBERS_A_STEP, rng)
    print(f"SIGKILL of credit runs over {count} members: {killed} of {2 * kills} at work")  # noqa: T201
    assert killed >= kills
    check_same(path, count, areas, alone)
