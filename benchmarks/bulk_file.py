"""Goal 5: `gongji settle year.parquet` from end to end, as a process of its own.

    python -m benchmarks.bulk_file                                   # short, under a minute
    python -m benchmarks.bulk_file --members 1000000 --claims 20000000 --folder /big

Claims a second at N and at 2 N claims of the same members, by stage (`--timings` of the command:
read, settle, commit, checkpoint, encode, write, and open, the start); processor time and peak
memory of the process; bytes on the disk. Memory as a constant and bytes for each member and for
each request key is a fit over all runs, those of a quarter of the members among them.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.kept import Lines, tell
from benchmarks.lines import environment
from benchmarks.year import Ran, copy, disk_bytes, in_process, settle

STAGES = ("open", "read", "settle", "commit", "checkpoint", "encode", "write")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and keep the lines in `build/bench/bulk_file.jsonl`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--claims", type=int, default=20_000, help="N; 2 N are settled as well")
    parser.add_argument("--folder", type=Path, help="where stores and files are made and removed")
    given = parser.parse_args(arguments)
    lines = Lines("bulk_file")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        measure(lines, Path(folder), given.members, given.claims)


def measure(lines: Lines, folder: Path, members: int, claims: int) -> None:
    """Run every size, and fit the memory."""
    few, less = max(64, members // 4), max(2_000, claims // 4)
    sizes = [(few, less), (few, claims), (members, claims), (members, 2 * claims)]
    peaks, filled = [], Path()
    for of, count in sizes:
        store = folder / f"{of}.sqlite"
        if store != filled:
            tell(f"{of:,} members are registered")
            in_process("fill", store=store, members=of)
            filled = store
        ran = settled(lines, folder, store, of, count, full=of == members)
        peaks.append(ran.peak_bytes)
    constant, member, key = fit(sizes, peaks)
    lines.add(5, "memory: constant", constant / 2**20, "MiB", notes=f"fit of {len(sizes)} runs")
    lines.add(5, "memory: a member", member, "bytes", notes="who has claims in the file")
    lines.add(5, "memory: a request key", key, "bytes", notes="a claim of the run")


def settled(
    lines: Lines, folder: Path, store: Path, members: int, claims: int, *, full: bool
) -> Ran:
    """Settle so many claims in a copy of a store; keep what it took."""
    file, used = folder / f"claims-{claims}.parquet", copy(store, folder / "run.sqlite")
    tell(f"{claims:,} claims of {members:,} members are written")
    in_process("write", file=file, members=members, claims=claims)
    before = disk_bytes(used)
    ran = settle(file, used)
    size = f"{claims:,} claims of {members:,} members"
    answered = sum(ran.said[name] for name in ("settled", "refused"))
    assert answered == claims, ran.said
    if full:
        rate = claims / ran.seconds
        lines.add(
            5,
            f"{size}: end to end",
            rate,
            "claims/s",
            notes=f"{ran.seconds:,.1f} s, {environment()}",
        )
        lines.add(5, f"{size}: processor", claims / ran.cpu_seconds, "claims/CPU s")
        for stage in STAGES:
            spent = ran.said["timings"].get(stage, {"seconds": 0.0, "cpu_seconds": 0.0})
            each, cpu = (spent[name] * 1e6 / claims for name in ("seconds", "cpu_seconds"))
            share = spent["seconds"] / ran.seconds
            lines.add(
                5,
                f"{size}: {stage}",
                each,
                "us/claim",
                of="end to end",
                ratio=share,
                notes=f"CPU {cpu:.2f} us/claim",
            )
        lines.add(5, f"{size}: peak memory", ran.peak_bytes / 2**20, "MiB")
        grown = (disk_bytes(used) - before) / claims
        lines.add(5, f"{size}: store on the disk", grown, "bytes/claim")
    file.unlink()
    return ran


def fit(sizes: Sequence[tuple[int, int]], peaks: Sequence[int]) -> tuple[float, float, float]:
    """Return constant, bytes a member and bytes a claim that fit the peaks best."""
    known = np.array([(1, members, claims) for members, claims in sizes], dtype=float)
    scale = known.max(axis=0)
    found, *_ = np.linalg.lstsq(known / scale, np.array(peaks, dtype=float), rcond=None)
    constant, member, key = (found / scale).tolist()
    return constant, member, key


if __name__ == "__main__":
    main()
