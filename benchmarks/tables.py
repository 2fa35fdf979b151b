"""Tables for the end of a run."""

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Table(NamedTuple):
    """A table of the terminal summary; the first column is text, the others are numbers."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    notes: Sequence[str] = ()

    def text(self) -> str:
        """Return the table, its columns aligned."""
        widths = [max(map(len, column)) for column in zip(self.head, *self.rows, strict=True)]
        lines = [self.title]
        for row in (self.head, *self.rows):
            cells = [row[0].ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            lines.append("  " + "   ".join(cells).rstrip())
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


Show = Callable[[Table], None]
"""Takes a table, to be printed at the end."""
