"""The rule by which members select an institution, as the loader hands it on: checked and cited."""

from dataclasses import dataclass

from engine.domain.dates import Interval, first_of_next_month
from engine.rules.plan import ClauseRef


@dataclass(frozen=True, slots=True)
class SelectionRule:
    """The rule for selections made on the days of an interval."""

    window: tuple[int, int]
    """First and last month, both included, in which members select for the next year."""
    first_in_year: bool
    change_needs_reason: bool
    change_at_once: bool
    days: Interval
    clauses: tuple[ClauseRef, ...]

    def is_open(self, day: int) -> bool:
        """Return whether members select for the next year on a day (YYYYMMDD)."""
        first, last = self.window
        return first <= day // 100 % 100 <= last

    def change_from(self, day: int) -> int:
        """Return the day from which a change that is asked for on a day holds."""
        return day if self.change_at_once else first_of_next_month(day)
