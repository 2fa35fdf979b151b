"""Selecting an institution by the rule of the member's city: whether, and from which day."""

from typing import NamedTuple

from engine.domain.claim import check_id
from engine.domain.dates import Interval, previous_day, year_of
from engine.domain.reasons import Reason
from engine.domain.register import Institution, Member, Selection
from engine.domain.registration import REASON_BYTES_MAX, DecidedBy, Select
from engine.domain.request import Refused
from engine.errors import InvalidInput
from engine.ledger.context import Context
from engine.ledger.decided import decided_by
from engine.ledger.refusals import member_unknown
from engine.rules.selection import SelectionRule
from engine.state.registers import check_day

_YEARS = (2000, 2999)


class Chosen(NamedTuple):
    """A selection that the rule accepts, and the clauses by which it does."""

    member: Member
    selection: Selection
    clauses: tuple[DecidedBy, ...]


def choose(context: Context, request: Select) -> Chosen | Refused:
    """Return the selection as the rule accepts it: it ends with the year that it is for.

    Refused, in this order: `MEMBER_UNKNOWN`, `INSTITUTION_UNKNOWN`, `NO_RULE` (the city has no
    rule for selections on that day), `NOT_DESIGNATED` (on that day, or on the day from which it
    would hold), `OUTSIDE_WINDOW` (the rule does not allow it on that day, or not without a reason).

    Raises:
        InvalidInput: the request is malformed.
    """
    _check(request)
    state = context.state
    member = state.members.find(request.member)
    if member is None:
        return member_unknown()
    institution = state.institutions.find(request.institution)
    if institution is None:
        return Refused(
            Reason.INSTITUTION_UNKNOWN,
            message="the institution is not in the register; register first",
        )
    rule = _rule(context, member.city, request.day)
    if rule is None:
        return Refused(
            Reason.NO_RULE,
            message=f"no document of {member.city} has a rule for selections on {request.day}",
        )
    if not _designated(institution, request.day):
        return _not_designated(request.day)
    first_day = _first_day(rule, member, request)
    if isinstance(first_day, str):
        text = "；".join(clause.text for clause in rule.clauses)
        return Refused(Reason.OUTSIDE_WINDOW, message=f"{first_day} ({text})")
    if not _designated(institution, first_day):
        return _not_designated(first_day)
    days = Interval(first_day, request.for_year * 10_000 + 1231)
    return Chosen(member, Selection(institution.id, days), decided_by(rule.clauses))


def make_room(
    member: Member, selection: Selection
) -> tuple[tuple[Selection, ...], tuple[Selection, ...]]:
    """Return the selections that a new one ends or replaces, and what is left of them.

    One that began before ends on the day before the new one begins; one that would have begun
    later in the same year is replaced.
    """
    first_day, last_day = selection.days
    taken = tuple(
        held
        for held in member.selections
        if held.days.first_day <= last_day and first_day <= held.days.last_day
    )
    put = tuple(
        held._replace(days=Interval(held.days.first_day, previous_day(first_day)))
        for held in taken
        if held.days.first_day < first_day
    )
    return taken, put


def _check(request: Select) -> None:
    check_id("member", request.member)
    check_id("institution", request.institution)
    check_day("day", request.day)
    if not _YEARS[0] <= request.for_year <= _YEARS[1]:
        raise InvalidInput(
            "for_year", f"expected a year from 2000 to 2999, found {request.for_year}"
        )
    if len(request.reason.encode()) > REASON_BYTES_MAX:
        raise InvalidInput("reason", f"is longer than {REASON_BYTES_MAX} bytes")
    if not request.reason.isprintable():
        raise InvalidInput("reason", "holds a control character; printable text is expected")


def _rule(context: Context, city: str, day: int) -> SelectionRule | None:
    rules = context.book.cities.get(city)
    if rules is None:
        return None
    return next((rule for rule in rules.selection if day in rule.days), None)


def _first_day(rule: SelectionRule, member: Member, request: Select) -> int | str:
    """Return the day from which a selection holds, or why the rule does not allow it."""
    day, year = request.day, year_of(request.day)
    if request.for_year == year + 1:
        if rule.is_open(day):
            return request.for_year * 10_000 + 101
        first, last = rule.window
        return f"the institution of {request.for_year} is selected in the months {first} to {last}"
    if request.for_year != year:
        return f"on {day} an institution is selected for {year} or {year + 1}"
    whole = Interval(year * 10_000 + 101, year * 10_000 + 1231)
    held = any(
        selection.days.first_day <= whole.last_day and whole.first_day <= selection.days.last_day
        for selection in member.selections
    )
    if not held:
        return day if rule.first_in_year else f"nobody selects within {year} for that year"
    if rule.change_needs_reason and not request.reason:
        return f"the member has a selection in {year}; to change it takes a reason"
    first_day = rule.change_from(day)
    if year_of(first_day) != year:
        return f"a change would hold from {first_day}; select for {year + 1} instead"
    return first_day


def _designated(institution: Institution, day: int) -> bool:
    return any(day in days for days in institution.designated)


def _not_designated(day: int) -> Refused:
    return Refused(Reason.NOT_DESIGNATED, message=f"the institution is not designated on {day}")
