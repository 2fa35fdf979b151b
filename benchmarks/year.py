"""A year of claims as a Parquet file, a store with the members they are of, and runs on both.

A store is filled once and copied for each run; every run is a process of its own, as its users
start it, and is asked afterwards what memory and processor time it took.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, overload

import numpy as np

from benchmarks.bench_stages import entering
from benchmarks.generate import STATUS_SHARES
from benchmarks.kept import tell
from benchmarks.population import Population
from clients.cli.people import read_figures
from engine.domain.claim import LIABLE_NOT_GIVEN, Claim
from engine.domain.codes import Liability
from engine.domain.dates import to_date
from engine.domain.layout import Array
from engine.domain.register import Member
from engine.domain.request import Accepted, SettleBatch, SupplyFigures
from engine.pipeline import Pipeline
from engine.rules.figures import load_figures, to_json
from engine.rules.load import load_cities
from engine.rules.plan import STATUSES
from engine.store.sqlite import SqliteStore

ROOT: Final = Path(__file__).parents[1]
_BLOCK: Final = 100_000
_BATCH: Final = 2_000
_MADE_AT_ONCE: Final = 2_000_000


class Crowd(Population):
    """As a population, its members made when they are asked for: ten millions take gigabytes."""

    def _members(self, count: int) -> "_Made":  # type: ignore[override]
        statuses = self._random.choice(STATUSES, count, p=STATUS_SHARES).astype(np.int8)
        return _Made(self._member, statuses, self._random.random(count))


class _Made(Sequence[Member]):
    def __init__(self, make: Callable[..., Member], statuses: Array, chances: Array) -> None:
        self._make, self._statuses, self._chances = make, statuses, chances

    def __len__(self) -> int:
        return len(self._statuses)

    @overload
    def __getitem__(self, number: int) -> Member: ...
    @overload
    def __getitem__(self, number: slice) -> list[Member]: ...
    def __getitem__(self, number: int | slice) -> Member | list[Member]:
        if isinstance(number, slice):
            return [self[n] for n in range(len(self))[number]]
        n = int(number)
        return self._make(n, int(self._statuses[n]) + 1, float(self._chances[n]))


def people(members: int) -> Population:
    """Return a population of so many members."""
    return Population(members) if members <= _MADE_AT_ONCE else Crowd(members)


class Ran(NamedTuple):
    """What a process took."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    said: dict[str, Any]


def run(command: Sequence[str], watch: Callable[[], str] | None = None) -> Ran:
    """Run `python -m COMMAND`, which says JSON; end this process if it fails.

    Args:
        command: Module and arguments.
        watch: What to say of it every ten seconds.
    """
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        told = began
        while not (status := os.waitid(os.P_PID, process.pid, _PEEK)):
            time.sleep(0.02)
            if watch and time.perf_counter() - told > 10:
                told = time.perf_counter()
                tell(f"{told - began:,.0f} s: {watch()}")
        seconds = time.perf_counter() - began
        said = process.stdout.read()
        _, code, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(code)
    if status.si_status > 1:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}; see above")
    found: dict[str, Any] = json.loads(said) if said.strip() else {}
    return Ran(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, found)


_PEEK: Final = os.WEXITED | os.WNOHANG | os.WNOWAIT


def in_process(work: str, **arguments: object) -> Ran:
    """Do one of `WORK` in a process of its own."""
    options = [f"--{name}={value}" for name, value in arguments.items()]
    return run(["benchmarks.year", work, *options])


def settle(file: Path, store: Path) -> Ran:
    """Settle a file in a store by the command, with `--timings`."""
    results = Path(f"{file}.gongji")
    shutil.rmtree(results, ignore_errors=True)
    kept = results / "results.arrows"

    def watch() -> str:
        size = kept.stat().st_size if kept.exists() else 0
        return f"{size >> 20:,} MiB of results, store {disk_bytes(store) >> 20:,} MiB"

    command = ["clients.cli.main", "settle", str(file), "--store", str(store)]
    return run([*command, "--json", "--timings"], watch)


def disk_bytes(store: Path) -> int:
    """Return what a store takes up, its log included."""
    parts = (Path(f"{store}{ending}") for ending in ("", "-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def copy(store: Path, to: Path) -> Path:
    """Copy a store that nobody has open, in place of an older copy."""
    for ending in ("", "-wal", "-shm", ".lock"):
        Path(f"{to}{ending}").unlink(missing_ok=True)
    for ending in ("", "-wal"):
        if Path(f"{store}{ending}").exists():
            shutil.copyfile(f"{store}{ending}", f"{to}{ending}")
    return to


# --- work of a process of its own --------------------------------------------------------


def fill(store: Path, members: int) -> dict[str, Any]:
    """Make a store and register the members."""
    population = people(members)
    pipeline = Pipeline.open(SqliteStore.open(store), load_cities())
    figures = to_json(load_figures(read_figures(), load_cities()))
    pipeline.run([SupplyFigures(figures)], 0)
    done = 0
    for items in population.registers(10_000):
        (answer,) = pipeline.run([entering(items)], 0)
        assert isinstance(answer, Accepted)
        assert not answer.errors
        done += len(items)
        if done % (20 * _BLOCK) == 0:
            tell(f"{done:,} entries registered")
        if pipeline.checkpoint_due:
            pipeline.checkpoint()
    pipeline.close()
    return {"bytes": disk_bytes(store)}


def history(store: Path, members: int, claims: int, kill: int = 0) -> dict[str, Any]:
    """Settle claims of the members in a store, checkpoints when they are due.

    With `kill` the process ends as if it were killed, after the last claim: nothing is closed, and
    the journal is ahead of the tables by what is usual.
    """
    population = people(members)
    pipeline = Pipeline.open(SqliteStore.open(store), load_cities())
    spent, told = 0.0, time.perf_counter()
    for first in range(0, claims, _BLOCK):
        made = population.claims(min(_BLOCK, claims - first))
        if kill:  # after a history of the same people: other claims, not these once more
            made = [claim._replace(request_id=f"K{claim.request_id}") for claim in made]
        began = time.perf_counter()
        for start in range(0, len(made), _BATCH):
            pipeline.run([SettleBatch(made[start : start + _BATCH], False)], 1)
            if pipeline.checkpoint_due and first + start + _BATCH < claims:
                pipeline.checkpoint()
        spent += time.perf_counter() - began
        if time.perf_counter() - told > 10:
            told = time.perf_counter()
            tell(
                f"{first + len(made):,} claims settled, {(first + len(made)) / spent:,.0f} a second"
            )
    found = {"seconds": spent, "claims": claims}
    if kill:
        print(json.dumps(found), flush=True)
        os._exit(0)
    pipeline.close()
    return found


def write(file: Path, members: int, claims: int) -> dict[str, Any]:
    """Write claims of the members as a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    population = people(members)
    schema = pa.schema([(name, getattr(pa, kind)()) for name, kind in _SCHEMA.items()])
    told = time.perf_counter()
    with pq.ParquetWriter(file, schema) as writer:
        for first in range(0, claims, _BLOCK):
            made = population.claims(min(_BLOCK, claims - first))
            columns = list(zip(*map(_row, made), strict=True))
            writer.write_table(pa.table([list(column) for column in columns], schema=schema))
            if time.perf_counter() - told > 10:
                told = time.perf_counter()
                tell(f"{first + len(made):,} claims written")
    return {"bytes": file.stat().st_size}


_SCHEMA: Final = {
    "request_id": "string",
    "institution": "string",
    "member": "string",
    "date": "date32",
    "visit": "string",
    "in_scope_fen": "int64",
    "pre_payment_fen": "int64",
    "over_limit_fen": "int64",
    "non_covered_fen": "int64",
    "emergency": "bool_",
    "prescriber": "string",
    "liability": "string",
    "liable_amount_fen": "int64",
    "use_account": "bool_",
}


def _row(claim: Claim) -> tuple[object, ...]:
    liable = claim.liable_fen != LIABLE_NOT_GIVEN
    return (
        claim.request_id,
        claim.institution,
        claim.member,
        to_date(claim.service_date),
        claim.visit or None,
        claim.in_scope_fen,
        claim.pre_payment_fen,
        claim.over_limit_fen,
        claim.non_covered_fen,
        claim.emergency or None,
        claim.prescriber or None,
        Liability(claim.liability).name.lower() if liable else None,
        claim.liable_fen if liable else None,
        claim.use_account or None,
    )


WORK: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    work.__name__: work for work in (fill, history, write)
}


def main() -> None:
    """Do one part, and say as JSON what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("work", choices=WORK)
    for name in ("store", "file"):
        parser.add_argument(f"--{name}", type=Path)
    for name in ("members", "claims", "kill"):
        parser.add_argument(f"--{name}", type=int)
    given = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    print(json.dumps(WORK[given.pop("work")](**given)))


if __name__ == "__main__":
    main()
