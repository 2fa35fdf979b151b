"""Intervals of days, both ends included: union, overlap, gaps."""

from collections.abc import Iterable, Iterator, Sequence

from engine.domain.dates import Interval, next_day, previous_day


def overlap(one: Interval, other: Interval) -> bool:
    """Return whether a day lies in both."""
    return one.first_day <= other.last_day and other.first_day <= one.last_day


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the days of `intervals`, in order, as intervals with at least a day between them."""
    merged: list[Interval] = []
    for days in sorted(intervals):
        # Not next_day(last): the last day of the calendar has none.
        if merged and (
            days.first_day <= merged[-1].last_day
            or previous_day(days.first_day) == merged[-1].last_day
        ):
            last = max(days.last_day, merged[-1].last_day)
            merged[-1] = Interval(merged[-1].first_day, last)
        else:
            merged.append(days)
    return merged


def gaps(wanted: Interval, covered: Sequence[Interval]) -> Iterator[Interval]:
    """Yield the days of `wanted` that are in none of `covered`, in order."""
    day = wanted.first_day
    for days in union(covered):
        if days.first_day > wanted.last_day:
            break
        if days.first_day > day:
            yield Interval(day, previous_day(days.first_day))
        if days.last_day >= wanted.last_day:
            return
        day = max(day, next_day(days.last_day))
    yield Interval(day, wanted.last_day)
