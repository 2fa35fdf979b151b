"""The registers of members and institutions, numbered by first appearance in the journal.

A register change is journalled as JSON, so that the registers are a fold of the journal and an
entry can name people and institutions by their numbers. An entry replaces the earlier one of
the same id; what settled claims were decided on is stored with them and does not change.
"""

import datetime
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, TypeVar

from engine.domain.account import Relation
from engine.domain.claim import check_id
from engine.domain.codes import (
    Benefit,
    DiseaseKind,
    Employment,
    FilingKind,
    Kind,
    Level,
    Mode,
    Offer,
    Status,
)
from engine.domain.dates import Interval, to_date
from engine.domain.money import AMOUNT_MAX_FEN
from engine.domain.register import (
    ALWAYS,
    MONTHS_MAX,
    AccountOpening,
    Contribution,
    Disease,
    FamilyLink,
    Filing,
    Institution,
    Member,
    Opening,
    Qualification,
    Referral,
    Selection,
    Stay,
)
from engine.domain.registration import days_of, overlaps
from engine.errors import InvalidInput

Made = TypeVar("Made")


def members_to_json(members: Iterable[Member]) -> bytes:
    """Return the journal form of register entries of members."""
    return _dump(
        [
            m.id,
            m.city,
            m.status,
            m.retired_on,
            m.born_on,
            m.mode,
            m.employment,
            m.arrears,
            [[f.kind, f.area, *f.days] for f in m.filings],
            [[s.institution, *s.days] for s in m.selections],
            [[d.code, d.kind, *d.days] for d in m.diseases],
            m.stays,
            [[r.from_institution, r.to_institution, *r.days] for r in m.referrals],
            [[f.relative, f.relation, f.consent, *f.days] for f in m.family],
            [[c.base_fen, c.own_fen, *c.days] for c in m.contributions],
            m.still_paying,
            m.months_combined,
            m.months_pooled_only,
        ]
        for m in members
    )


_STATUS: Final = {int(status): status for status in Status}
_MODE: Final = {int(mode): mode for mode in Mode}
_EMPLOYMENT: Final = {int(employment): employment for employment in Employment}
"""Codes by number: an entry is read for every member at each start, and a call takes longer."""


def members_from_json(data: bytes) -> list[Member]:
    """Return the members that `members_to_json` wrote."""
    return [_member(row) for row in json.loads(data)]


def _member(m: list[Any]) -> Member:
    city = sys.intern(m[1])
    status, mode, employment = _STATUS[m[2]], _MODE[m[5]], _EMPLOYMENT[m[6]]
    selections = tuple([_selection(*s) for s in m[9]]) if m[9] else ()
    if m[7] or m[8] or any(m[10:16]):
        return Member(
            m[0],
            city,
            status,
            m[3],
            m[4],
            mode,
            employment,
            _each(m[7], _interval),
            _each(m[8], lambda f: Filing(FilingKind(f[0]), f[1], Interval(*f[2:]))),
            selections,
            _each(m[10], lambda d: Disease(d[0], DiseaseKind(d[1]), Interval(*d[2:]))),
            _each(m[11], lambda stay: Stay(*stay)),
            _each(m[12], lambda r: Referral(r[0], r[1], Interval(*r[2:]))),
            _each(m[13], lambda f: FamilyLink(f[0], Relation(f[1]), f[2], Interval(*f[3:]))),
            _each(m[14], lambda c: Contribution(c[0], c[1], Interval(c[2], c[3]))),
            _each(m[15], _interval),
            m[16],
            m[17],
        )
    return Member(
        m[0],
        city,
        status,
        m[3],
        m[4],
        mode,
        employment,
        selections=selections,
        months_combined=m[16],
        months_pooled_only=m[17],
    )


@lru_cache(maxsize=8_192)
def _selection(institution: str, first_day: int, last_day: int) -> Selection:
    """Return a selection, for all who have the same one and the same object: few are apart."""
    return Selection(institution, Interval(first_day, last_day))


def _interval(days: list[int]) -> Interval:
    return Interval(*days)


def _each(rows: list[Any], make: Callable[[Any], Made]) -> tuple[Made, ...]:
    """Return what is made of each row; of none, the one empty tuple there is."""
    return tuple(map(make, rows)) if rows else ()


def institutions_to_json(institutions: Iterable[Institution]) -> bytes:
    """Return the journal form of register entries of institutions."""
    return _dump(
        [
            i.id,
            i.area,
            i.level,
            i.kind,
            i.host,
            i.parent,
            i.designated,
            i.networked,
            sorted(i.offers),
            [[q.offer, *q.days] for q in i.qualifications],
        ]
        for i in institutions
    )


def institutions_from_json(data: bytes) -> list[Institution]:
    """Return the institutions that `institutions_to_json` wrote."""
    return [
        Institution(
            id=i[0],
            area=i[1],
            level=Level(i[2]),
            kind=Kind(i[3]),
            host=i[4],
            parent=i[5],
            designated=tuple(Interval(*days) for days in i[6]),
            networked=tuple(Interval(*days) for days in i[7]),
            offers=frozenset(Offer(offer) for offer in i[8]),
            qualifications=tuple(Qualification(Offer(q[0]), Interval(*q[1:])) for q in i[9]),
        )
        for i in json.loads(data)
    ]


_PAIRS: Final = tuple(name for name, value in Opening._field_defaults.items() if value == ())
"""What an opening says of counters with keys of their own."""
_AMOUNTS: Final = tuple(
    name for name, value in Opening._field_defaults.items() if name.endswith("_fen") and value == 0
)


def openings_to_json(openings: Iterable[Opening | AccountOpening]) -> bytes:
    """Return the journal form of opening counters and balances."""
    return _dump([isinstance(opening, AccountOpening), *opening] for opening in openings)


def openings_from_json(data: bytes) -> list[Opening | AccountOpening]:
    """Return the openings that `openings_to_json` wrote."""
    openings: list[Opening | AccountOpening] = []
    for is_account, *fields in json.loads(data):
        if is_account:
            openings.append(AccountOpening(*fields))
        else:
            opening = Opening(*fields)
            pairs: dict[str, Any] = {
                name: tuple(map(tuple, getattr(opening, name))) for name in _PAIRS
            }
            openings.append(opening._replace(**pairs))
    return openings


def _dump(rows: Iterable[list[Any]]) -> bytes:
    return json.dumps(list(rows), ensure_ascii=False, separators=(",", ":")).encode()


def check_member(member: Member, cities: Iterable[str]) -> None:
    """Check a register entry of a member.

    Raises:
        InvalidInput: naming the field; `city` must be one that has rule files.
    """
    check_id("id", member.id)
    if member.city not in cities:
        raise InvalidInput(
            "city", f'"{member.city}" has no rule files; expected one of {", ".join(cities)}'
        )
    if member.retired_on:
        check_day("retired_on", member.retired_on)
    check_day("born_on", member.born_on)
    _check_intervals("arrears", member.arrears)
    for n, filing in enumerate(member.filings):
        check_area(f"filings[{n}].area", filing.area)
    _check_intervals("filings", (filing.days for filing in member.filings))
    for n, selection in enumerate(member.selections):
        check_id(f"selections[{n}].institution", selection.institution)
    _check_intervals("selections", (selection.days for selection in member.selections))
    for n, disease in enumerate(member.diseases):
        check_id(f"diseases[{n}].code", disease.code)
    _check_intervals("diseases", (disease.days for disease in member.diseases))
    for n, stay in enumerate(member.stays):
        check_id(f"stays[{n}].institution", stay.institution)
    for n, referral in enumerate(member.referrals):
        check_id(f"referrals[{n}].from_institution", referral.from_institution, required=False)
        check_id(f"referrals[{n}].to_institution", referral.to_institution)
    _check_intervals("referrals", (referral.days for referral in member.referrals))
    _check_intervals("stays", (Interval(stay.admitted, stay.discharged) for stay in member.stays))
    _check_for_the_account(member)


def _check_for_the_account(member: Member) -> None:
    """Check what the rules of personal accounts need to know of a member."""
    for n, link in enumerate(member.family):
        check_link(f"family[{n}]", link, member.id)
    _check_intervals("family", (link.days for link in member.family))
    _check_one_at_a_time("family", member.family)
    for n, contribution in enumerate(member.contributions):
        check_contribution(f"contributions[{n}]", contribution)
    _check_intervals("contributions", (one.days for one in member.contributions))
    _check_one_at_a_time("contributions", member.contributions)
    _check_intervals("still_paying", member.still_paying)
    for path in ("months_combined", "months_pooled_only"):
        months: int = getattr(member, path)
        if not 0 <= months <= MONTHS_MAX:
            raise InvalidInput(path, f"expected 0 to {MONTHS_MAX} months, found {months}")


def check_link(path: str, link: FamilyLink, owner: str) -> None:
    """Check a family link of the owner of an account, but for its days.

    Raises:
        InvalidInput: naming the field below `path`.
    """
    check_id(f"{path}.relative", link.relative)
    if link.relative == owner:
        problem = "is the owner of the account, who needs no link; expected another person's id"
        raise InvalidInput(f"{path}.relative", problem)
    if link.relation == Relation.SELF:
        others = ", ".join(relation.name for relation in Relation if relation != Relation.SELF)
        raise InvalidInput(
            f"{path}.relation", f"SELF is the owner of the account; expected one of {others}"
        )
    if not link.consent:
        problem = "is missing; expected the reference of the owner's written consent"
        raise InvalidInput(f"{path}.consent", problem)
    check_id(f"{path}.consent", link.consent)


def check_contribution(path: str, contribution: Contribution) -> None:
    """Check the amounts of a contribution.

    Raises:
        InvalidInput: naming the field below `path`; amounts are from 0 to `AMOUNT_MAX_FEN`.
    """
    _check_amount(f"{path}.base_fen", contribution.base_fen)
    _check_amount(f"{path}.own_fen", contribution.own_fen)


def _check_one_at_a_time(path: str, items: Sequence[FamilyLink] | Sequence[Contribution]) -> None:
    """Check that no two items of an entry overlap; in order of days, two that do are neighbours."""

    def place(n: int) -> tuple[str, int]:
        item = items[n]
        same = item.relative if isinstance(item, FamilyLink) else ""
        return same, days_of(item).first_day

    for n, after in pairwise(sorted(range(len(items)), key=place)):
        if overlaps(items[n], items[after]):
            first_day, last_day = days_of(items[n])
            what = "a link to the same relative" if path == "family" else "a contribution"
            raise InvalidInput(
                f"{path}[{after}]",
                f"begins on {days_of(items[after]).first_day}, but {path}[{n}] is {what} from "
                f"{first_day} to {last_day}; expected one at a time",
            )


def check_institution(institution: Institution) -> None:
    """Check a register entry of an institution.

    Raises:
        InvalidInput: naming the field.
    """
    check_id("id", institution.id)
    check_area("area", institution.area)
    check_id("host", institution.host, required=institution.kind == Kind.INTERNET_HOSPITAL)
    check_id("parent", institution.parent, required=False)
    for path in ("designated", "networked"):
        intervals: tuple[Interval, ...] = getattr(institution, path)
        if intervals != ALWAYS:
            _check_intervals(path, intervals)
    _check_intervals("qualifications", (held.days for held in institution.qualifications))


def check_opening(opening: Opening | AccountOpening) -> None:
    """Check opening counters or an opening balance.

    Raises:
        InvalidInput: naming the field; amounts are from 0 to `AMOUNT_MAX_FEN`.
    """
    check_id("member", opening.member)
    if isinstance(opening, AccountOpening):
        _check_amount("balance_fen", opening.balance_fen)
        return
    if not 2000 <= opening.year <= 2999:
        raise InvalidInput("year", f"expected a year from 2000 to 2999, found {opening.year}")
    for name in _AMOUNTS:
        _check_amount(name, getattr(opening, name))
    for n, (institution, borne_fen) in enumerate(opening.deductible_at_fen):
        check_id(f"deductible_at_fen[{n}].institution", institution)
        _check_amount(f"deductible_at_fen[{n}].borne_fen", borne_fen)
    for n, (visit, paid_fen) in enumerate(opening.visit_paid_fen):
        check_id(f"visit_paid_fen[{n}].visit", visit)
        _check_amount(f"visit_paid_fen[{n}].paid_fen", paid_fen)
    for n, (code, paid_fen) in enumerate(opening.disease_paid_fen):
        check_id(f"disease_paid_fen[{n}].code", code)
        _check_amount(f"disease_paid_fen[{n}].paid_fen", paid_fen)
    for name in ("benefit_deductible_fen", "benefit_paid_fen"):
        for n, (benefit, fen) in enumerate(getattr(opening, name)):
            if benefit not in iter(Benefit):
                last = max(Benefit)
                problem = f"{benefit} is not a Benefit; expected 1 to {int(last)}"
                raise InvalidInput(f"{name}[{n}].benefit", problem)
            _check_amount(f"{name}[{n}].amount_fen", fen)
    for name, example in (("month_paid_fen", "2024-03"), ("day_paid_fen", "2024-03-05")):
        for n, (span, paid_fen) in enumerate(getattr(opening, name)):
            _check_span(f"{name}[{n}]", span, example, opening.year)
            _check_amount(f"{name}[{n}].paid_fen", paid_fen)


def _check_span(path: str, span: str, example: str, year: int) -> None:
    """Check a month or a day of a year, written as `example` is."""
    try:
        day = datetime.date.fromisoformat(f"{span}-01" if len(example) == len("2024-03") else span)
    except ValueError:
        day = datetime.date.min
    if day.year != year or day.isoformat()[: len(example)] != span:
        raise InvalidInput(path, f'expected {year} as in "{example}", found "{span}"')


def _check_amount(path: str, amount_fen: int) -> None:
    if not 0 <= amount_fen <= AMOUNT_MAX_FEN:
        raise InvalidInput(path, f"expected 0 to {AMOUNT_MAX_FEN} fen, found {amount_fen}")


def check_day(path: str, day: int) -> None:
    """Check a day.

    Raises:
        InvalidInput: naming `path`; there is no such day.
    """
    try:
        to_date(day)
    except ValueError as error:
        raise InvalidInput(path, str(error)) from None


def check_area(path: str, area: str) -> None:
    """Check an administrative code.

    Raises:
        InvalidInput: naming `path`; it has not six digits.
    """
    if not (len(area) == 6 and area.isascii() and area.isdigit()):
        raise InvalidInput(path, f'expected a six-digit administrative code, found "{area}"')


def _check_intervals(path: str, intervals: Iterable[Interval]) -> None:
    for n, (first_day, last_day) in enumerate(intervals):
        check_day(f"{path}[{n}].from", first_day)
        check_day(f"{path}[{n}].to", last_day)
        if last_day < first_day:
            raise InvalidInput(f"{path}[{n}]", f"ends on {last_day}, before it begins")
