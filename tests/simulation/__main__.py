"""Run simulations: `python -m tests.simulation [--seed N | --count N]`."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.simulation.world import Simulation


def simulate(seed: int) -> tuple[list[str], Counter[str]]:
    """Run one seed; return what does not hold, and what it met."""
    logging.disable(logging.CRITICAL)  # what servers say of what is done to them
    try:
        with tempfile.TemporaryDirectory(prefix="gongji-sim-") as folder:
            simulation = Simulation(seed, Path(folder))
            return simulation.run(), simulation.met
    finally:
        logging.disable(logging.NOTSET)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run seeds; return 1 if anything that was promised does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="the one to be repeated")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=1_000)
    given = parser.parse_args(arguments)
    first, count = (given.first, given.count) if given.seed is None else (given.seed, 1)
    met: Counter[str] = Counter()
    for seed in range(first, first + count):
        wrong, one = simulate(seed)
        met += one
        if wrong:
            for each in wrong:
                sys.stdout.write(f"{each}\n")
            sys.stdout.write(f"again: python -m tests.simulation --seed {seed}\n")
            return 1
    told = ", ".join(f"{what} {n:,}" for what, n in sorted(met.items()))
    sys.stdout.write(f"{count:,} seeds: nothing found; {told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
