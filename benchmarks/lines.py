"""What a benchmark found, one line of JSON each, in `build/bench/NAME.jsonl`."""

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

BENCH: Final = Path(__file__).parents[1].joinpath("build", "bench")


class Lines:
    """The lines of one benchmark; an earlier file of the same name is replaced."""

    def __init__(self, name: str) -> None:
        """Begin the file of a benchmark."""
        BENCH.mkdir(parents=True, exist_ok=True)
        self.path = BENCH.joinpath(f"{name}.jsonl")
        self.path.write_text("", encoding="utf-8")
        self.kept: list[dict[str, Any]] = []

    def add(
        self,
        goal: int,
        what: str,
        value: float,
        unit: str,
        *,
        of: str = "",
        ratio: float | None = None,
        wanted: float | None = None,
        notes: str = "",
    ) -> None:
        """Keep a figure, and say it.

        Args:
            goal: The number of the goal it belongs to.
            what: What was measured, with its size.
            value: The figure.
            unit: Of the figure.
            of: What it is compared with, measured in the same run.
            ratio: To that.
            wanted: The ratio that is the goal, or the value where there is no ratio; None: it is
                reported, and no goal says how much.
            notes: What one must know to read it.
        """
        measured = value if ratio is None else ratio
        line: dict[str, Any] = {
            "goal": goal,
            "what": what,
            "value": value,
            "unit": unit,
            "of": of,
            "ratio": ratio,
            "wanted": wanted,
            "reached": None if wanted is None else measured >= wanted,
            "notes": notes,
        }
        self.kept.append(line)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        said = f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}"
        print(f"goal {goal}  {what}: {said} {unit}{f'  ({notes})' if notes else ''}", flush=True)


def tell(text: str) -> None:
    """Say how far a long run has come."""
    print(f"  … {text}", file=sys.stderr, flush=True)


def machine() -> str:
    """Return what the figures depend on: cores and memory."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return f"{os.cpu_count()} cores, {pages * size >> 30} GiB"
