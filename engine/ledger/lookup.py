"""Looking things up, in the order of the queue: every earlier request is seen."""

from collections.abc import Mapping

from engine.domain import layout
from engine.domain.claim import check_id
from engine.domain.codes import Benefit, Level
from engine.domain.journal import EntryKind
from engine.domain.reasons import Detail, Reason
from engine.domain.request import (
    Counters,
    DeductibleAt,
    Found,
    GetCounters,
    GetSettlement,
    Refused,
    VisitPaid,
)
from engine.ledger.context import Context
from engine.ledger.ids import key_of
from engine.ledger.undo import standing
from engine.state.keyed import (
    COST,
    DAY,
    DAY_VISITS,
    DISEASE,
    FIRST_LEVEL,
    MONTH,
    PAID,
    is_own,
    keyed_moves,
)
from engine.state.tables import KeyStatus


def find_settlement(context: Context, request: GetSettlement) -> Found | Refused:
    """Return a settlement of the institution, standing or undone."""
    check_id("institution", request.institution)
    state = context.state
    unknown = Refused(
        Reason.INVALID_CLAIM, Detail.SETTLEMENT_UNKNOWN, "the institution has no such settlement"
    )
    institution = state.institutions.numbers.get(request.institution)
    if institution is None:
        return unknown
    position, request_id = request.settlement_id, request.request_id
    if not position:
        check_id("request_id", request_id)
        key = key_of(context, institution, request_id)
        if key is None or key.status not in (KeyStatus.STANDING, KeyStatus.UNDONE):
            return unknown
        position = key.position
    parts = context.parts(position)
    if not parts:
        return unknown
    record, text = parts[0]
    ours = record["claim"]["institution"] == institution
    if not ours or record["link"]["kind"] != EntryKind.SETTLEMENT:
        return unknown
    key = key_of(context, institution, text.request_id)
    whole = context.entry([part for part, _ in parts], text)
    return Found(whole, 0 if key is None else key.undone_by)


def find_counters(context: Context, request: GetCounters) -> Counters | Refused:
    """Return the counters of a member-year; all zero where nothing was settled."""
    check_id("member", request.member)
    state = context.state
    member = state.members.numbers.get(request.member)
    if member is None:
        return Refused(Reason.MEMBER_UNKNOWN, message="the member is not in the register")
    row = state.read_member_year(member, request.year)
    line = row.counters
    visits = state.keyed.of(member, request.year) | _own_visits(context, member, request.year)
    return Counters(
        member=request.member,
        year=request.year,
        deductible_fen=int(line[layout.DEDUCTIBLE]),
        deductible_met=bool(line[layout.FLAGS] & layout.DEDUCTIBLE_MET),
        ordinary_paid_fen=int(line[layout.ORDINARY_PAID]),
        visits=tuple(
            VisitPaid(visit, "" if at < 0 else state.institutions.items[at].id, paid)
            for (i, visit), paid in sorted(visits.items())
            if paid and visit and (i >= -1 or i <= DAY_VISITS)
            for at in [DAY_VISITS - i if i <= DAY_VISITS else i]
        ),
        account_balance_fen=state.accounts.read(member).balance_fen,
        last_entry=row.last_entry,
        deductible_at=tuple(
            DeductibleAt(state.institutions.items[i].id, borne)
            for (i, visit), borne in sorted(visits.items())
            if borne and not visit and i >= 0
        ),
        pooled_paid_fen=int(line[layout.POOLED_PAID]),
        compliant_burden_fen=int(line[layout.COMPLIANT_BURDEN]),
        large_amount_paid_fen=int(line[layout.LARGE_AMOUNT_PAID]),
        deductible_by_level_fen=tuple(
            (Level(Level.LEVEL_1 + FIRST_LEVEL - i), borne)
            for (i, visit), borne in sorted(visits.items(), reverse=True)
            if borne and not visit and COST < i <= FIRST_LEVEL
        ),
        cost_fen=visits.get((COST, ""), 0),
        special_deductible_fen=int(line[layout.SPECIAL_DEDUCTIBLE]),
        chronic_paid_fen=int(line[layout.CHRONIC_PAID]),
        diseases=_named(visits, DISEASE),
        months=_named(visits, MONTH),
        days=_named(visits, DAY),
        benefit_deductible=tuple(
            (benefit, visits[PAID - benefit, ""])
            for benefit in Benefit
            if visits.get((PAID - benefit, ""))
        ),
        benefit_paid=tuple((Benefit[name.upper()], fen) for name, fen in _named(visits, PAID)),
    )


def _own_visits(context: Context, member: int, year: int) -> dict[tuple[int, str], int]:
    """Return fen by institution and request id of the claims that stand and are own visits."""
    paid: dict[tuple[int, str], int] = {}
    for record, text in standing(context, member, year):
        for _, key, fen in keyed_moves(record, text):
            if is_own(key):
                paid[key[2:]] = paid.get(key[2:], 0) + fen
    return paid


def _named(visits: Mapping[tuple[int, str], int], number: int) -> tuple[tuple[str, int], ...]:
    """Return (text, fen) of the counters with a number, what is 0 left out."""
    return tuple((text, fen) for (n, text), fen in sorted(visits.items()) if n == number and fen)
