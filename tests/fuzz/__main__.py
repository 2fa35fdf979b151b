"""Fuzz the server's codec, ledger and kernels with atheris.

    python -m tests.fuzz [--seconds S] [--plant]

Inputs begin with messages of every kind and are mutated for coverage of the Python code; compiled
code is run, not followed. A crash is kept in `build/fuzz/` and repeated with

    python -m tests.fuzz --repeat FILE

With `--plant` the compiled kernel's results are off by a fen where a claim's cash is a multiple of
97, to see that it is found: then the exit code is 0 if something was found.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
KEPT: Final = ROOT / "build/fuzz"
CORPUS: Final = Path(__file__).with_name("corpus")
_STARTS: Final = 60
"""Seconds that a run may take to start and to end."""


def write_corpus(folder: Path) -> int:
    """Write a message of every kind; return how many."""
    from tests.fuzz.seeds import seeds

    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for count, data in enumerate(seeds(), start=1):
        folder.joinpath(f"seed-{count:03}").write_bytes(data)
    return count


def lines_of(found: subprocess.CompletedProcess[str]) -> Iterator[str]:
    """Yield what libFuzzer says of a run in the end."""
    wanted = ("Done", "stat::number", "stat::average", "AssertionError", "engine.errors")
    for line in found.stderr.splitlines():
        if line.startswith(wanted) or "Test unit written" in line:
            yield line


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz, and say what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--plant", action="store_true")
    parser.add_argument("--repeat", type=Path)
    given = parser.parse_args(arguments)
    KEPT.mkdir(parents=True, exist_ok=True)
    if given.repeat:
        from tests.fuzz.target import Target

        Target().feed(given.repeat.read_bytes())
        return 0
    corpus = KEPT / "corpus"
    count = write_corpus(corpus)
    command = [sys.executable, "-m", "tests.fuzz.run", *(["--plant"] if given.plant else [])]
    command += [str(corpus), f"-max_total_time={given.seconds}", "-max_len=4096"]
    command += [f"-artifact_prefix={KEPT}/", "-print_final_stats=1", "-rss_limit_mb=4096"]
    found = subprocess.run(
        command,
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=given.seconds + _STARTS,
        check=False,
    )
    sys.stdout.write(f"{count} seeds\n" + "".join(f"{line}\n" for line in lines_of(found)))
    if found.returncode and not given.plant:
        sys.stdout.write(found.stderr[-3_000:])
    return int(bool(found.returncode) != given.plant)


if __name__ == "__main__":
    sys.exit(main())
