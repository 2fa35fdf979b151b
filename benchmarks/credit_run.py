"""The monthly credit of many members, on a store on disk: its time, its memory, its sums.

    python -m benchmarks.credit_run --members 1000000 --kills 10

Members of five cities (`insured`) are registered; a month is credited city by city, step by step,
by what `gongji account credit-run --store` calls, and once more, which must post nothing. With
`--kills` a copy of the store is credited by a process that is killed so often at random moments and
begun again; in the end it must hold the same balances. Whatever differs ends it with an error. Each
part runs in a process of its own; the numbers are kept in `build/credit_run.jsonl`.
"""

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.insured import MONTHS, figures, members
from benchmarks.tables import Table
from engine.domain.movement import CreditedStep, CreditStep
from engine.domain.request import (
    Accepted,
    Counters,
    GetCounters,
    PutMembers,
    Request,
    SupplyFigures,
)
from engine.pipeline import Pipeline
from engine.rules.figures import to_json
from engine.rules.load import load_cities
from engine.store.sqlite import SqliteStore
from engine.verify.check import verify_store

ROOT: Final = Path(__file__).parents[1]
KEPT: Final = ROOT.joinpath("build", "credit_run.jsonl")
_SEED: Final = 20_240_331
_TOTALS: Final = (
    *("members", "posted", "posted_fen", "credit_fen", "before_fen"),
    *("taken_back_fen", "short_fen", "without_account"),
)


# --- work of a process of its own --------------------------------------------------------


def fill(store: Path, count: int) -> dict[str, Any]:
    """Register the members."""
    pipeline = open_pipeline(store)
    batches = [PutMembers(batch) for batch in members(count)]
    began = time.perf_counter()
    requests: list[Request] = [SupplyFigures(to_json(figures())), *batches]
    for request in requests:
        (answer,) = pipeline.run([request], 1)
        assert isinstance(answer, Accepted)
        assert not answer.errors
    pipeline.close()
    return {"seconds": time.perf_counter() - began}


def credit(store: Path, count: int) -> dict[str, Any]:
    """Credit every city for its month; return each report, and what it took."""
    began = time.perf_counter()
    pipeline = open_pipeline(store)
    opened, opened_peak = time.perf_counter() - began, peak_bytes()
    cities = {city: credit_city(pipeline, city, count) for city in MONTHS}
    began = time.perf_counter()
    pipeline.close()
    return {
        "open_seconds": opened,
        "open_peak_bytes": opened_peak,
        "close_seconds": time.perf_counter() - began,
        "peak_bytes": peak_bytes(),
        "cities": cities,
    }


def credit_city(pipeline: Pipeline, city: str, count: int) -> dict[str, Any]:
    """Credit a city; return its report, the steps added up."""
    total: dict[str, Any] = dict.fromkeys((*_TOTALS, "rules_fen", "undetermined"), 0)
    wall, processor, slowest, first, steps = time.perf_counter(), time.process_time(), 0.0, 0, 0
    while first < count:
        began = time.perf_counter()
        (step,) = pipeline.run([CreditStep(city, MONTHS[city], first)], 2)
        assert isinstance(step, CreditedStep), step
        if pipeline.checkpoint_due:
            pipeline.checkpoint()
        slowest = max(slowest, time.perf_counter() - began)
        steps += 1
        for name in _TOTALS:
            total[name] += getattr(step, name)
        total["rules_fen"] += sum(rule.fen for rule in step.rules)
        total["undetermined"] += sum(reason.members for reason in step.reasons)
        first = step.next
    return total | {
        "steps": steps,
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - processor,
        "slowest_step_seconds": slowest,
    }


def look(store: Path, count: int) -> dict[str, Any]:
    """Return what the ledger holds: sums by city, a digest of all balances, the position."""
    pipeline = open_pipeline(store)
    sums, digest = dict.fromkeys(MONTHS, 0), hashlib.sha256()
    for batch in members(count):
        asked = [GetCounters(member.id, 2024) for member in batch]
        for member, answer in zip(batch, pipeline.run(asked, 3), strict=True):
            assert isinstance(answer, Counters)
            sums[member.city] += answer.account_balance_fen
            digest.update(f"{member.id} {answer.account_balance_fen}\n".encode())
    pipeline.close()
    with SqliteStore.open(store) as opened:
        position = opened.last_position
    return {"sums": sums, "digest": digest.hexdigest(), "position": position}


def verify(store: Path, count: int) -> dict[str, Any]:
    """Let the checker read the store."""
    began = time.perf_counter()
    with SqliteStore.open(store) as opened:
        report = verify_store(opened)
        assert report.ok, report.findings
        assert opened.last_position <= count
    return {"seconds": time.perf_counter() - began, "peak_bytes": peak_bytes()}


def open_pipeline(store: Path) -> Pipeline:
    """Return a pipeline on a store."""
    return Pipeline.open(SqliteStore.open(store), load_cities())


def peak_bytes() -> int:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


WORK: Final[dict[str, Callable[[Path, int], dict[str, Any]]]] = {
    work.__name__: work for work in (fill, credit, look, verify)
}


# --- the parts in turn -------------------------------------------------------------------


def start(work: str, store: Path, count: int) -> "subprocess.Popen[bytes]":
    """Start one of `WORK` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.credit_run", "--work", work]
    command += ["--members", str(count), "--store", str(store)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def done(work: str, store: Path, count: int) -> dict[str, Any]:
    """Do one of `WORK` in a process of its own; return what it found."""
    process = start(work, store, count)
    said, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{work} failed; see above")
    found: dict[str, Any] = json.loads(said)
    return found


def kill_often(store: Path, count: int, kills: int, seconds: float) -> int:
    """Credit, killed at random moments; return how often it was still at work."""
    chance, at_work = random.Random(_SEED), 0
    for _ in range(kills):
        process = start("credit", store, count)
        try:
            process.communicate(timeout=chance.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            at_work += 1
    return at_work


def check(run: dict[str, Any], held: dict[str, Any], *, again: bool) -> None:
    """Hold the reports against each other and against the ledger, city by city."""
    for city, report in run["cities"].items():
        stands = report["before_fen"] + report["posted_fen"]
        assert report["rules_fen"] == report["credit_fen"] == stands == held["sums"][city] > 0, city
        if again:
            assert report["posted"] == report["posted_fen"] == 0, city
    if not again:
        assert held["position"] == sum(report["posted"] for report in run["cities"].values())


def copy(store: Path, to: Path) -> None:
    """Copy a store that nobody has open."""
    for ending in ("", "-wal"):
        if Path(f"{store}{ending}").exists():
            shutil.copy(f"{store}{ending}", f"{to}{ending}")


def measure(folder: Path, count: int, kills: int) -> dict[str, Any]:
    """Do everything in a folder; return the numbers."""
    store, other = folder / "ledger.db", folder / "killed.db"
    found: dict[str, Any] = {"members": count, "fill": done("fill", store, count)}
    found["registers_bytes"] = store.stat().st_size
    if kills:
        copy(store, other)
    began = time.perf_counter()
    found["run"] = done("credit", store, count)
    seconds = time.perf_counter() - began
    found["store_bytes"] = store.stat().st_size
    held = done("look", store, count)
    check(found["run"], held, again=False)
    found["again"] = done("credit", store, count)
    check(found["again"], held, again=True)
    assert done("look", store, count) == held
    found["verify"] = done("verify", store, count)
    if kills:
        at_work = kill_often(other, count, kills, seconds)
        done("credit", other, count)
        assert done("look", other, count) == held, "the killed runs hold other balances"
        done("verify", other, count)
        found["kills"] = {"asked": kills, "at_work": at_work, "same_balances": True}
    return found


# --- what is shown -----------------------------------------------------------------------


def table(found: dict[str, Any]) -> Table:
    """Return the numbers of the run, a row a city."""
    rows = [_row(city, report) for city, report in found["run"]["cities"].items()]
    reports = list(found["run"]["cities"].values())
    names = ("members", "posted", "posted_fen", "undetermined", "seconds", "cpu_seconds")
    total = {name: sum(report[name] for report in reports) for name in names}
    total["slowest_step_seconds"] = max(report["slowest_step_seconds"] for report in reports)
    rows.append(_row("together", total))
    run, again = found["run"], found["again"]
    again_seconds = sum(report["seconds"] for report in again["cities"].values())
    notes = [
        f"the store opens in {run['open_seconds']:.1f} s with {_mb(run['open_peak_bytes'])}; "
        f"peak of the run {_mb(run['peak_bytes'])}; closing {run['close_seconds']:.1f} s",
        f"file {_mb(found['registers_bytes'])} before, {_mb(found['store_bytes'])} after",
        f"registers entered in {found['fill']['seconds']:.1f} s",
        f"run again: 0 posted, {again_seconds:.1f} s, peak {_mb(again['peak_bytes'])}",
        "rules, credits, postings and balances add up, city by city",
        f"checker: nothing found, {found['verify']['seconds']:.1f} s, "
        f"peak {_mb(found['verify']['peak_bytes'])}",
    ]
    if "kills" in found:
        asked, at_work = found["kills"]["asked"], found["kills"]["at_work"]
        notes.append(f"killed {asked} times ({at_work} at work), begun again: same balances")
    head = ("city", "members", "credited", "fen", "none", "s", "CPU s", "step s", "members/s")
    return Table(f"credit of a month, {found['members']:,} members", head, rows, notes)


def _row(name: str, report: dict[str, Any]) -> tuple[str, ...]:
    counts = [f"{report[n]:,}" for n in ("members", "posted", "posted_fen", "undetermined")]
    seconds = [f"{report[n]:.2f}" for n in ("seconds", "cpu_seconds", "slowest_step_seconds")]
    return (name, *counts, *seconds, f"{report['members'] / report['seconds']:,.0f}")


def _mb(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, or, with `--work`, do one part."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where the stores are made and removed")
    parser.add_argument("--work", choices=WORK, help=argparse.SUPPRESS)
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.work:
        print(json.dumps(WORK[given.work](given.store, given.members)))
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        found = measure(Path(folder), given.members, given.kills)
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("a", encoding="utf-8") as file:
        file.write(json.dumps(found | {"cores": os.cpu_count()}) + "\n")
    print(table(found).text())


if __name__ == "__main__":
    main()
