"""The sums of new settlements, looked at by compiled code; `engine.kernel` is the door to it."""

from engine.domain.layout import Array

def first_broken(results: Array) -> int:
    """Return the position of the first row whose sums do not hold, -1 if all do."""
