"""Lines of a long benchmark, kept and said one by one: what broke off has what it found so far."""

import sys

from benchmarks.lines import Line, keep, line


class Lines:
    """The lines of one benchmark; an earlier file of the same name is replaced."""

    def __init__(self, name: str) -> None:
        """Begin the file of a benchmark."""
        self._name = name
        self._lines: list[Line] = []
        keep(name, self._lines)

    def add(
        self,
        goal: int,
        what: str,
        value: float,
        unit: str,
        *,
        of: str = "",
        ratio: float | None = None,
        notes: str = "",
    ) -> None:
        """Keep a figure, as `benchmarks.lines.line`, and say it; no goal says how much."""
        self._lines.append(line(str(goal), what, value, unit, of=of, ratio=ratio, notes=notes))
        keep(self._name, self._lines)
        said = f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}"
        print(f"goal {goal}  {what}: {said} {unit}{f'  ({notes})' if notes else ''}", flush=True)


def tell(text: str) -> None:
    """Say how far a long run has come."""
    print(f"  … {text}", file=sys.stderr, flush=True)
