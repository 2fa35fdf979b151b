"""Which standing settlements would have come out differently if a register change had been known.

Nothing that is settled changes: what a claim was decided on is stored with it. But when a filing
or a discharge is entered late, somebody has to look at what was settled meanwhile. So the standing
settlements of each member-year are settled again, in memory and in journal order, from the
counters without them, those with other facts under the changed register.

The settlements of an institution are found through the request keys, which are kept by
institution, and each is read for its date: about a second for 20 000 of them, in which the ledger
answers nothing else. Changes of institutions are seldom.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from engine.domain import layout
from engine.domain.claim import Claim
from engine.domain.dates import Interval, year_of
from engine.domain.journal import EntryText
from engine.domain.layout import RESULT, ROW, Array
from engine.domain.reasons import Reason
from engine.domain.register import Institution, Member
from engine.domain.registration import AFFECTED_MAX, Affected
from engine.domain.request import Refused
from engine.errors import InvariantBroken
from engine.facts import resolve
from engine.ledger.context import Context
from engine.ledger.settle import parties_of, rate_level
from engine.ledger.undo import differs, standing
from engine.state.keyed import keyed_moves
from engine.state.state import line_moves
from engine.state.tables import VisitKey

_Settled = tuple[np.void, EntryText]


class _Resolved(NamedTuple):
    """What a row has from the registers; the names are those of `ROW`."""

    facts: int
    place: int
    benefit: int
    rate_level: int


def affected_by(
    context: Context,
    before: Member | Institution,
    after: Member | Institution,
    days: Sequence[Interval],
) -> tuple[tuple[Affected, ...], bool]:
    """Return the settlements that a register change affects, and whether there are more of them.

    At most `AFFECTED_MAX`, member-year by member-year, each in journal order.

    Args:
        context: The ledger; it is not changed.
        before: The register entry as the ledger has it.
        after: The entry as it will be.
        days: Days outside which the two say the same.
    """
    found: list[Affected] = []
    for member, year in _member_years(context, before, days):
        found += _affected_in(context, member, year, after)
        if len(found) > AFFECTED_MAX:
            break
    return tuple(found[:AFFECTED_MAX]), len(found) > AFFECTED_MAX


def claim_of(context: Context, record: np.void, text: EntryText) -> Claim:
    """Return the claim that was sent, from the entry that settled it."""
    claim, flags = record["claim"], int(record["claim"]["flags"])
    entry = context.entry(record, text)
    return Claim(
        institution=entry.institution,
        request_id=text.request_id,
        member=entry.member,
        service_date=int(claim["service_date"]),
        until_date=int(claim["until_date"]),
        total_fen=int(claim["total"]),
        in_scope_fen=int(claim["in_scope"]),
        pre_payment_fen=int(claim["pre_payment"]),
        over_limit_fen=int(claim["over_limit"]),
        non_covered_fen=int(claim["non_covered"]),
        benefit=int(claim["benefit"]),
        visit=text.visit,
        disease=text.disease,
        prescriber=entry.prescriber,
        admission=text.admission,
        liability=int(claim["liability"]),
        liable_fen=int(claim["liable"]),
        emergency=bool(flags & layout.FLAG_EMERGENCY),
        referred=bool(flags & layout.FLAG_REFERRED),
        statement=bool(flags & layout.FLAG_STATEMENT),
        manual=bool(flags & layout.FLAG_MANUAL),
        use_account=bool(flags & layout.FLAG_USE_ACCOUNT),
    )


# --- where to look -----------------------------------------------------------------------


def _member_years(
    context: Context, holder: Member | Institution, days: Sequence[Interval]
) -> Iterator[tuple[int, int]]:
    """Yield the member-years with entries on these days, of a member or at an institution."""
    state = context.state
    if isinstance(holder, Member):
        number = state.members.numbers[holder.id]
        for year in _years(context, days):
            if state.read_member_year(number, year).last_entry:
                yield number, year
        return
    seen: set[tuple[int, int]] = set()
    for position in state.standing_at(state.institutions.numbers[holder.id]):
        found = context.record(position)
        if found is None:
            raise InvariantBroken(f"the journal has no entry {position}, but a request names it")
        record = found[0]
        day = int(record["claim"]["service_date"])
        member_year = int(record["claim"]["member"]), int(record["row"]["year"])
        if member_year not in seen and any(day in interval for interval in days):
            seen.add(member_year)
            yield member_year


def _years(context: Context, days: Sequence[Interval]) -> list[int]:
    """Return the years of these days in which a plan of the journal settles anything at all."""
    plans = context.state.plans.plans
    if not plans:
        return []
    first = year_of(min(plan.first_day for plan in plans))
    last = year_of(max(plan.last_day for plan in plans))
    years: set[int] = set()
    for interval in days:
        low, high = year_of(interval.first_day), year_of(interval.last_day)
        years.update(range(max(first, low), min(last, high) + 1))
    return sorted(years)


# --- settling again ----------------------------------------------------------------------


def _affected_in(
    context: Context, member: int, year: int, after: Member | Institution
) -> list[Affected]:
    """Return the settlements of a member-year that come out differently with the changed entry.

    Differently from what is stored, and from what the registers would give without this change:
    so it does not answer for an earlier one, and taking one back lists nothing that stands so.
    """
    settled = standing(context, member, year)
    was = [_resolve(context, *one) for one in settled]
    with _as_if(context, after):
        now = [_resolve(context, *one) for one in settled]
    if was == now:
        return []
    without = _again(context, member, year, settled, was)
    changed = _again(context, member, year, settled, now)
    return [
        _affected(context, one, result)
        for one, result, before in zip(settled, changed, without, strict=True)
        if differs(one[0]["result"], result) and differs(before, result)
    ]


def _again(
    context: Context,
    member: int,
    year: int,
    settled: Sequence[_Settled],
    resolved: Sequence[_Resolved | None],
) -> Array:
    """Return the results of settlements with what the registers say of each; None: as it was.

    A claim that its plan does not settle yet is as one without a rule.
    """
    rows, counters, keyed = _without(context, member, year, settled)
    served = []
    for n, ((record, _), one) in enumerate(zip(settled, resolved, strict=True)):
        if one is not None:
            for name, value in one._asdict().items():
                rows[n][name] = value
        if one is None or not _unserved(context, record, one):
            served.append(n)
    results = np.zeros(len(settled), dtype=RESULT)
    results["reason"] = Reason.NO_RULE
    again = np.zeros(len(served), dtype=RESULT)
    context.kernel.settle(rows[served], context.state.plans, counters, keyed, again)
    results[served] = again
    return results


def _affected(context: Context, settled: _Settled, result: np.void) -> Affected:
    record, text = settled
    entry = context.entry(record, text)
    return Affected(
        settlement_id=int(record["link"]["position"]),
        institution=entry.institution,
        request_id=text.request_id,
        member=entry.member,
        service_date=int(record["claim"]["service_date"]),
        pooled_fund_fen=int(record["result"]["pooled_fund"]),
        pooled_fund_after_fen=int(result["pooled_fund"]),
        reason_after=Reason(int(result["reason"])),
    )


def _resolve(context: Context, record: np.void, text: EntryText) -> _Resolved | None:
    """Return what the registers say of a settled claim, None if they no longer know its parties."""
    state = context.state
    claim = claim_of(context, record, text)
    member = state.members.items[int(record["claim"]["member"])]
    parties = parties_of(context, claim, member)
    if isinstance(parties, Refused):
        return None
    has_rule = context.book.plan_for(member.city, claim.until_date) is not None
    facts = resolve(claim, parties, until_has_rule=has_rule)
    plan = state.plans.plans[int(record["row"]["plan"])]
    level = rate_level(context, plan, facts, claim, member)
    return _Resolved(facts.bits, facts.place, facts.benefit, level)


def _unserved(context: Context, record: np.void, resolved: _Resolved) -> bool:
    """Return whether a claim with these facts is one that its plan does not settle yet."""
    plan = context.state.plans.plans[int(record["row"]["plan"])]
    return any(
        resolved.facts & line.require == line.require and not resolved.facts & line.forbid
        for line in plan.unserved
    )


def _without(
    context: Context, member: int, year: int, settled: Sequence[_Settled]
) -> tuple[Array, Array, Array]:
    """Return the rows of settlements, and the counters of the member-year without them.

    The counters with keys of their own come last; the rows' slots are places in the two.
    """
    state = context.state
    rows = np.zeros(len(settled), dtype=ROW)
    counters = layout.aligned_counters(1)
    counters[0] = np.frombuffer(state.read_member_year(member, year).counters, dtype="<i8")
    keyed = np.zeros(max(1, len(layout.KEYED_SLOTS) * len(settled)), dtype=np.int64)
    slots: dict[VisitKey, int] = {}
    for n, (record, text) in enumerate(settled):
        rows[n] = record["row"]
        for at, fen in line_moves(record):
            counters[0, at] -= fen
        for name, key, fen in keyed_moves(record, text.visit, text.request_id):
            if key not in slots:
                slots[key] = len(slots)
                keyed[slots[key]] = state.visits[state.visit(key)]
            keyed[slots[key]] -= fen
            rows[n][name] = slots[key]
    return rows, counters, keyed


@contextmanager
def _as_if(context: Context, entry: Member | Institution) -> Iterator[None]:
    """Let the registers say this of a member or an institution for a while."""
    state = context.state

    def put(one: Member | Institution) -> None:
        if isinstance(one, Member):
            state.members.put(one)
        else:
            state.institutions.put(one)

    register = state.members if isinstance(entry, Member) else state.institutions
    held = register.items[register.numbers[entry.id]]
    put(entry)
    try:
        yield
    finally:
        put(held)
