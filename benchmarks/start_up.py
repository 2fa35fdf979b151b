"""Goal 6: from the start of a server to its first answer; and the journal settled again.

    python -m benchmarks.start_up                                    # short, under a minute
    python -m benchmarks.start_up --members 1000000 --claims 20000000 --folder /big

`gongji serve` is started on a store of so many members and journalled settlements; the clock stops
when a claim sent over gRPC is answered, durable. First after a clean end with nothing of the store
in the page cache, then at once again, then after a process that settled claims ended as by a kill:
nothing closed, the tables behind the journal. The page cache is dropped where that is permitted;
else the line says so.

History: the whole journal folded from its first entry, as a recovery without tables would; and
`gongji verify`, which settles every claim again by the reference kernel, of a store with at most
`--verified` claims: of twenty million it would take half an hour.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.kept import Lines, tell
from benchmarks.lines import environment
from benchmarks.population import Population
from benchmarks.year import ROOT, copy, disk_bytes, in_process, run
from clients.session import Session
from engine.domain.claim import Claim

_DROP: Final = Path("/proc/sys/vm/drop_caches")
_PATIENCE: Final = 600


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and keep the lines in `build/bench/start_up.jsonl`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--members", type=int, default=20_000)
    parser.add_argument("--claims", type=int, default=60_000, help="journalled before the start")
    parser.add_argument("--tail", type=int, default=30_000, help="claims settled before the kill")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--verified",
        type=int,
        default=2_000_000,
        help="claims of the store that is checked; 0: none",
    )
    parser.add_argument("--folder", type=Path, help="where stores are made and removed")
    given = parser.parse_args(arguments)
    lines = Lines("start_up")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        measure(lines, Path(folder), given)


def measure(lines: Lines, folder: Path, given: argparse.Namespace) -> None:
    """Fill a store, start servers on it, and read its journal."""
    store, other = folder / "year.sqlite", folder / "killed.sqlite"
    size = f"{given.members:,} members, {given.claims:,} settlements"
    tell("a store is filled")
    in_process("fill", store=store, members=given.members)
    registers = copy(store, folder / "checked.sqlite")
    filled = in_process("history", store=store, members=given.members, claims=given.claims)
    rate = given.claims / filled.said["seconds"]
    lines.add(6, f"{size}: journalled", rate, "claims/s", notes="in one process, 2,000 at a time")
    lines.add(6, f"{size}: store", disk_bytes(store) / given.claims, "bytes/claim")
    in_process(
        "history", store=copy(store, other), members=given.members, claims=given.tail, kill=1
    )
    claims = claims_of(given.members)
    for what, on in (("clean end", store), (f"kill, {given.tail:,} later", other)):
        kept = copy(on, folder / "kept.sqlite")
        cold, warm = [], []
        for _ in range(given.rounds):
            used = copy(kept, folder / "used.sqlite")
            dropped = drop_caches()
            cold.append(first_answer(used, next(claims)))
            copy(kept, used)
            used.read_bytes() if disk_bytes(used) < 2 << 30 else None
            warm.append(first_answer(used, next(claims)))
        note = f"{environment()}; {given.rounds} rounds, {min(cold):.2f} to {max(cold):.2f}"
        note += "" if dropped else "; the page cache could not be dropped"
        lines.add(6, f"{size}: first answer after a {what}, cold", median(cold), "s", notes=note)
        lines.add(6, f"{size}: first answer after a {what}, warm", median(warm), "s")
    scan = run(["benchmarks.start_up_scan", str(store)])
    lines.add(6, f"{size}: journal folded", given.claims / scan.said["seconds"], "claims/s")
    if given.verified:
        verify(lines, store, registers, given)


def verify(lines: Lines, store: Path, registers: Path, given: argparse.Namespace) -> None:
    """Check the store, or one with the same registers and fewer claims: it takes its time."""
    claims = min(given.claims, given.verified)
    if claims < given.claims:
        store = registers
        in_process("history", store=store, members=given.members, claims=claims)
    again = run(["clients.cli.main", "verify", "--store", str(store), "--json"], lambda: "verify")
    assert again.said["ok"], again.said
    settled, peak = again.said["settlements"], again.peak_bytes >> 20
    lines.add(
        6,
        f"{given.members:,} members, {claims:,} settlements: settled again (verify)",
        settled / again.seconds,
        "claims/s",
        notes=f"peak {peak:,} MiB; {settled / again.cpu_seconds:,.0f} a CPU s",
    )


def claims_of(members: int) -> Iterator[Claim]:
    """Yield claims that nobody settled, of members of the store."""
    made = Population(members, seed=7).claims(200)
    yield from (claim._replace(request_id=f"F{n}") for n, claim in enumerate(made))


def median(values: Sequence[float]) -> float:
    """Return the middle one."""
    return sorted(values)[len(values) // 2]


def drop_caches() -> bool:
    """Drop the page cache; return whether that is permitted."""
    os.sync()
    try:
        _DROP.write_text("1\n")
    except OSError:
        return False
    return True


def first_answer(store: Path, claim: Claim) -> float:
    """Return the seconds from the start of a server to its first answer; the server is killed."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "clients.cli.main", "serve", "--store", str(store)]
    with subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0"], cwd=ROOT, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        try:
            line = server.stdout.readline().decode().strip()
            assert line.startswith("listening on "), "no server; see above"
            asyncio.run(_ask(line.removeprefix("listening on "), claim))
            return time.perf_counter() - began
        finally:
            server.send_signal(signal.SIGKILL)


async def _ask(address: str, claim: Claim) -> None:
    session = Session(address, claim.institution, patience=_PATIENCE)
    try:
        answer = await session.settle(claim)
        assert answer.WhichOneof("answer") in ("settled", "refused"), answer
    finally:
        await session.close()


if __name__ == "__main__":
    main()
