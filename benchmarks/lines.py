"""What every benchmark keeps: lines of JSON in `build/bench/NAME.jsonl`, one for each figure.

    goal     the goal it belongs to: "1" to "7", or "peers"
    what     what was measured, in a few words
    value    the figure itself: a median over the rounds of the run
    unit     of the value: "ns/claim", "claims/s", "ms", "B/claim", "s", ...
    of       what the value was held against in the same run; "" where nothing was
    ratio    the median over the rounds of the ratio within a round, turned so that `wanted`
             reads as the goal does; null where there is none. A goal without a ratio is
             judged by the value
    wanted   the goal: ">= 0.25", "<= 2"; "" where none was set
    reached  whether ratio (or value) is as wanted; null where nothing is wanted
    notes    the rest: range of the rounds, claims, digests, what stands in the way

`benchmarks.report` reads all the files and knows nothing else.
"""

import json
import operator
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

BUILD: Final = Path(__file__).parents[1].joinpath("build")
KEPT: Final = BUILD.joinpath("bench")

_MEANS: Final[dict[str, Callable[[float, float], bool]]] = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True, slots=True)
class Line:
    """One figure; see the module for its fields."""

    goal: str
    what: str
    value: float
    unit: str
    of: str = ""
    ratio: float | None = None
    wanted: str = ""
    reached: bool | None = None
    notes: str = ""


def line(
    goal: str,
    what: str,
    value: float,
    unit: str,
    *,
    of: str = "",
    ratio: float | None = None,
    wanted: str = "",
    notes: str = "",
) -> Line:
    """Return a line, `reached` worked out of the rest."""
    reached = None
    if wanted:
        means, bound = wanted.split()
        reached = _MEANS[means](value if ratio is None else ratio, float(bound))
    return Line(goal, what, value, unit, of, ratio, wanted, reached, notes)


def keep(name: str, lines: Iterable[Line]) -> Path:
    """Write the lines of a benchmark, in place of those of its last run."""
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT.joinpath(f"{name}.jsonl")
    text = "".join(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in lines)
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path = KEPT) -> list[Line]:
    """Return the lines of all benchmarks, by file and then as written."""
    return [
        Line(**json.loads(text))
        for path in sorted(folder.glob("*.jsonl"))
        for text in path.read_text("utf-8").splitlines()
        if text
    ]


def environment() -> str:
    """Return what figures depend on beside the code, for a note."""
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
