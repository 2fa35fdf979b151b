"""Civil dates of China, as integers YYYYMMDD: sortable, readable, one varint on the wire."""

import calendar
import datetime
from typing import NamedTuple

DATE_MIN = 1900_01_01
DATE_MAX = 2999_12_31
OPEN_END = DATE_MAX
"""Last day of an interval that has no end yet."""


def from_date(date: datetime.date) -> int:
    """Return the date as YYYYMMDD."""
    return date.year * 10_000 + date.month * 100 + date.day


def to_date(yyyymmdd: int) -> datetime.date:
    """Return the calendar date of YYYYMMDD.

    Raises:
        ValueError: there is no such day, or it lies outside `DATE_MIN` to `DATE_MAX`.
    """
    if not DATE_MIN <= yyyymmdd <= DATE_MAX:
        raise ValueError(f"expected a date from {DATE_MIN} to {DATE_MAX}, found {yyyymmdd}")
    try:
        return datetime.date(yyyymmdd // 10_000, yyyymmdd // 100 % 100, yyyymmdd % 100)
    except ValueError:
        raise ValueError(f"there is no day {yyyymmdd}") from None


def is_date(yyyymmdd: int) -> bool:
    """Return whether there is such a day, and `to_date` knows it."""
    try:
        to_date(yyyymmdd)
    except ValueError:
        return False
    return True


_CHINA = datetime.timezone(datetime.timedelta(hours=8))


def china_day(instant: int) -> int:
    """Return the day in China of an instant, milliseconds UTC."""
    return from_date(datetime.datetime.fromtimestamp(instant // 1_000, _CHINA).date())


def year_of(yyyymmdd: int) -> int:
    """Return the natural year, which is the policy year of every city so far."""
    return yyyymmdd // 10_000


def next_day(yyyymmdd: int) -> int:
    """Return the day after."""
    return from_date(to_date(yyyymmdd) + datetime.timedelta(days=1))


def previous_day(yyyymmdd: int) -> int:
    """Return the day before."""
    return from_date(to_date(yyyymmdd) - datetime.timedelta(days=1))


def first_of_next_month(yyyymmdd: int) -> int:
    """Return the first day of the month after."""
    year, month = yyyymmdd // 10_000, yyyymmdd // 100 % 100
    return (year + 1) * 10_000 + 101 if month == 12 else year * 10_000 + (month + 1) * 100 + 1


def last_of_month(yyyymmdd: int) -> int:
    """Return the last day of the month."""
    first = to_date(yyyymmdd - yyyymmdd % 100 + 1)
    return from_date(first.replace(day=calendar.monthrange(first.year, first.month)[1]))


class Interval(NamedTuple):
    """Days from `first_day` to `last_day`, both included."""

    first_day: int
    last_day: int = OPEN_END

    def __contains__(self, day: object) -> bool:
        return isinstance(day, int) and self.first_day <= day <= self.last_day


EVERY_DAY = Interval(DATE_MIN)
"""All the days there are."""
