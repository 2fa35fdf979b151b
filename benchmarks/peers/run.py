"""Other engines on the same claims, each in a process of its own, in turns.

    python -m benchmarks.peers.run [--short]

One city's ordinary care (`case`), the same claims for all; a slow peer settles the first of them
only. Every answer is compared with the reference kernel's, to the fen. The ratio says how many
times as many claims a second the compiled kernel settles, within a round. What a package that is
missing would do is left out and said. Raw lines are kept in `build/peers.jsonl`.

PostgreSQL stands apart: it is durable, so it is not held against the kernel but against the server
(goal 2). Its figures are those of `pgbench`, with 16 clients and members at random.
"""

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from benchmarks.lines import BUILD, Line, environment, keep, line
from benchmarks.peers import postgres
from benchmarks.peers.case import Case, describe, make
from benchmarks.report import table
from benchmarks.rounds import ratio

Finding = dict[str, Any]

ROOT: Final = Path(__file__).parents[2]
KEPT: Final = BUILD.joinpath("peers.jsonl")
KERNEL: Final = "gongji"
_PATIENCE: Final = 600


class Peer(NamedTuple):
    """A module beside this one, the package that it needs, and how many claims it is given."""

    module: str
    package: str
    share: float = 1.0
    options: tuple[str, ...] = ()


PEERS: Final = (
    Peer(KERNEL, "engine"),
    Peer("numpy_rounds", "numpy"),
    Peer("pure_python", "engine"),
    Peer("openfisca", "openfisca_core"),
    Peer("openfisca", "openfisca_core", options=("--float",)),
    Peer("duckdb_cte", "duckdb"),
    Peer("zen_engine", "zen", share=0.1),
)
OURS: Final = (KERNEL, "numpy_rounds", "pure_python")
"""What has to be exact; the others are what they are."""


class Size(NamedTuple):
    """How much of everything."""

    claims: int
    rounds: int
    pg_claims: int
    pg_members: int
    pg_rounds: int
    pg_seconds: float


SHORT: Final = Size(20_000, 1, 500, 20_000, 1, 2)
FULL: Final = Size(100_000, 5, 5_000, postgres.MEMBERS, 5, 10)


def ask(peer: Peer, folder: Path, claims: int) -> Finding:
    """Let a peer's process settle so many claims; return what it tells.

    Raises:
        subprocess.CalledProcessError: it failed; its words are on standard error.
    """
    command = [sys.executable, "-m", f"benchmarks.peers.{peer.module}", str(folder)]
    done = subprocess.run(
        [*command, f"--claims={claims}", *peer.options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=_PATIENCE,
    )
    found: Finding = json.loads(done.stdout.splitlines()[-1])
    assert found["exact"] or peer.module not in OURS, f"{found['peer']} is not exact: {found}"
    return found


def here(peers: Sequence[Peer]) -> list[Peer]:
    """Return the peers whose package is installed, and say which are left out."""
    found = []
    for peer in peers:
        if importlib.util.find_spec(peer.package):
            found.append(peer)
        else:
            print(f"peers: {peer.module} left out: no package {peer.package} (make bench-setup)")
    return found


def in_process(folder: Path, size: Size) -> list[list[Finding]]:
    """Return what each peer told in each round; rounds begin with another peer each."""
    peers = here(PEERS)
    told: list[list[Finding]] = [[] for _ in peers]
    for turn in range(size.rounds):
        first = turn % len(peers)
        for number in [*range(first, len(peers)), *range(first)]:
            peer = peers[number]
            told[number].append(ask(peer, folder, int(size.claims * peer.share)))
    return told


def lines_of(told: Sequence[Sequence[Finding]]) -> list[Line]:
    """Return a line for each peer."""
    kernel = [1 / each["claims_per_second"] for each in told[0]]
    found = []
    for rounds in told:
        first = rounds[0]
        seconds = [1 / each["claims_per_second"] for each in rounds]
        each = ratio(seconds, kernel)
        is_kernel = first["peer"] == KERNEL
        notes = f"{exactness(first)}; {first['claims']:,} claims"
        notes += f", {len(rounds)} rounds; {environment()}" if is_kernel else f"; {each.range}"
        notes += f"; {first['notes']}" if first["notes"] else ""
        found.append(
            line(
                "peers",
                f"{first['peer']}: {first['what']}",
                1 / statistics.median(seconds),
                "claims/s",
                of="" if is_kernel else "kernel, times as fast",
                ratio=None if is_kernel else each.median,
                notes=notes,
            )
        )
    return found


def exactness(told: Finding) -> str:
    """Say how many answers are wrong."""
    if told["exact"]:
        return "exact"
    return f"{told['differ']:,} of {told['claims']:,} wrong ({told['differ'] / told['claims']:.2%})"


def durable(folder: Path, case: Case, size: Size) -> tuple[list[Finding], list[Line]]:
    """Return what PostgreSQL tells; nothing where it cannot run."""
    try:
        with postgres.cluster() as server:
            server.prepare(case, size.pg_members)
            loads = [
                server.pgbench(size.pg_seconds, size.pg_members) for _ in range(size.pg_rounds)
            ]
            rows, differ = server.check(case)
    except postgres.Missing as why:
        print(f"peers: PostgreSQL left out: {why}")
        return [], []
    told = ask(Peer("postgres", ""), folder, size.pg_claims)
    settled = sum(load.transactions for load in loads)
    assert rows == settled, f"{rows} rows in the journal, {settled} transactions"
    assert differ == 0, f"{differ} of {rows} settlements differ from the engine's"
    return [told], [*pg_lines(loads, exactness(told), rows, size)]


def pg_lines(loads: Sequence[postgres.Load], exact: str, rows: int, size: Size) -> list[Line]:
    """Return the figures of pgbench."""
    tps = [load.tps for load in loads]
    what = f"PostgreSQL: PL/pgSQL settle(), pgbench -c {postgres.CLIENTS}"
    notes = (
        f"{exact}; durable, one transaction a claim, {size.pg_members:,} members; "
        f"{min(tps):,.0f}-{max(tps):,.0f}; {rows:,} settled again by the engine: the same"
    )
    return [
        line("peers", what, statistics.median(tps), "claims/s", notes=notes),
        *(
            line(
                *("peers", f"{what}, p{share}"),
                statistics.median(load.percentile_ms(share) for load in loads),
                "ms",
            )
            for share in (50, 99)
        ),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, check, keep, show."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="fewer claims, one round")
    size = SHORT if parser.parse_args(arguments).short else FULL
    case = make(size.claims)
    with TemporaryDirectory() as name:
        folder = Path(name)
        case.save(folder)
        told = in_process(folder, size)
        pg_told, pg = durable(folder, case, size)
    BUILD.mkdir(exist_ok=True)
    raw = [json.dumps(each) for rounds in [*told, pg_told] for each in rounds]
    KEPT.write_text("".join(f"{text}\n" for text in raw), encoding="utf-8")
    lines = [*lines_of(told), *pg]
    keep("peers", lines)
    print(f"the case: {describe(case)}")
    print(table("peers", lines).text())


if __name__ == "__main__":
    main()
