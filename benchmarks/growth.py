"""Goal 7: what a claim costs as members and the claims of each grow.

    python -m benchmarks.growth                                      # short, about a minute
    python -m benchmarks.growth --members 10000,1000000,10000000 --each 1,5,20 \\
        --at-most 20000000 --folder /big

For every number of members, and of claims of each, a file of the claims is settled by `gongji
settle` in a copy of a store with the members, as a process of its own. `--at-most` leaves out what
has more claims than that, and says so. A table and plots are in `build/bench/growth.*`.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.kept import Lines, tell
from benchmarks.lines import KEPT, environment
from benchmarks.plot import line_plot
from benchmarks.tables import Table
from benchmarks.year import copy, disk_bytes, in_process, settle


class Cell(NamedTuple):
    """What one size came to."""

    members: int
    each: int
    claims: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    store_bytes: int
    """What the claims added."""
    opened_seconds: float

    @property
    def rate(self) -> float:
        """Claims a second, the start left out: it is the same for one claim."""
        return self.claims / (self.seconds - self.opened_seconds)


def numbers(text: str) -> list[int]:
    """Return numbers with commas between them."""
    return [int(part) for part in text.split(",")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure; keep lines, table and plots in `build/bench`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--members", type=numbers, default=[1_000, 5_000])
    parser.add_argument("--each", type=numbers, default=[1, 5], help="claims of a member")
    parser.add_argument("--at-most", type=int, default=20_000_000, help="claims of a run")
    parser.add_argument("--folder", type=Path, help="where stores and files are made and removed")
    given = parser.parse_args(arguments)
    lines = Lines("growth")
    cells = []
    for members in given.members:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            store = Path(folder, "members.sqlite")
            tell(f"{members:,} members are registered")
            in_process("fill", store=store, members=members)
            for each in given.each:
                if members * each > given.at_most:
                    tell(f"left out: {members:,} members with {each} claims each; see --at-most")
                    continue
                cells.append(measure(Path(folder), store, members, each))
                keep(lines, cells[-1])
    show(cells)


def measure(folder: Path, store: Path, members: int, each: int) -> Cell:
    """Settle the claims of one size."""
    claims, file, used = (
        members * each,
        folder / "claims.parquet",
        copy(store, folder / "run.sqlite"),
    )
    tell(f"{claims:,} claims of {members:,} members")
    in_process("write", file=file, members=members, claims=claims)
    before = disk_bytes(used)
    ran = settle(file, used)
    opened = ran.said["timings"]["open"]["seconds"]
    grown = disk_bytes(used) - before
    return Cell(members, each, claims, ran.seconds, ran.cpu_seconds, ran.peak_bytes, grown, opened)


def keep(lines: Lines, cell: Cell) -> None:
    """Keep the figures of one size."""
    size = f"{cell.members:,} members, {cell.each} claims each"
    note = f"{cell.seconds:.1f} s, of which {cell.opened_seconds:.1f} to open; {environment()}"
    lines.add(7, f"{size}: rate", cell.rate, "claims/s", notes=note)
    lines.add(7, f"{size}: processor", cell.cpu_seconds * 1e6 / cell.claims, "us/claim")
    lines.add(7, f"{size}: peak memory", cell.peak_bytes, "bytes")
    lines.add(7, f"{size}: peak memory, a member", cell.peak_bytes / cell.members, "bytes")
    lines.add(7, f"{size}: store", cell.store_bytes / cell.claims, "bytes/claim")


def show(cells: Sequence[Cell]) -> None:
    """Print the table, and write it and the plots."""
    head = ("members", "claims each", "claims/s", "CPU us/claim", "peak MiB", "disk bytes/claim")
    rows = [
        (
            f"{cell.members:,}",
            str(cell.each),
            f"{cell.rate:,.0f}",
            f"{cell.cpu_seconds * 1e6 / cell.claims:,.1f}",
            f"{cell.peak_bytes / 2**20:,.0f}",
            f"{cell.store_bytes / cell.claims:,.0f}",
        )
        for cell in cells
    ]
    text = Table("growth", head, rows, (environment(),)).text()
    print(text)
    KEPT.joinpath("growth.txt").write_text(f"{text}\n", encoding="utf-8")
    values: dict[str, tuple[str, Callable[[Cell], float]]] = {
        "rate": ("claims a second", lambda cell: cell.rate),
        "memory": ("peak memory, MiB", lambda cell: cell.peak_bytes / 2**20),
        "disk": ("bytes on the disk a claim", lambda cell: cell.store_bytes / cell.claims),
    }
    for name, (up, of) in values.items():
        series = {
            f"{each} claims each": [(cell.members, of(cell)) for cell in cells if cell.each == each]
            for each in dict.fromkeys(cell.each for cell in cells)
        }
        plot = line_plot(f"growth: {up}", "members", up, series)
        KEPT.joinpath(f"growth-{name}.svg").write_text(plot, encoding="utf-8")


if __name__ == "__main__":
    main()
