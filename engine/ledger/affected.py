"""Which standing settlements would have come out differently if a register change had been known.

Nothing that is settled changes: what a claim was decided on is stored with it. But when a filing
or a discharge is entered late, somebody has to look at what was settled meanwhile. So the standing
settlements of each member-year are prepared and settled again, in memory and in journal order, from
the counters without them.

The settlements of an institution are found through the request ids, which are kept by
institution, and each is read for its date: about a second for 20 000 of them, in which the ledger
answers nothing else. Changes of institutions are seldom.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from engine.domain import layout
from engine.domain.bill import decode_lines
from engine.domain.claim import Claim
from engine.domain.dates import Interval, year_of
from engine.domain.journal import EntryText
from engine.domain.layout import ENTRY, ROW, Array
from engine.domain.parts import combined, is_last_part
from engine.domain.reasons import Reason
from engine.domain.register import Institution, Member
from engine.domain.registration import AFFECTED_MAX, Affected
from engine.domain.request import Refused
from engine.ledger.context import Context
from engine.ledger.ids import standing_at
from engine.ledger.prepare import Prepared, prepare
from engine.ledger.undo import Written, differs, standing
from engine.state.keyed import is_own, keyed_moves
from engine.state.state import line_moves


class _Act(NamedTuple):
    """A standing settlement: its entries, and the texts that they share."""

    parts: Array
    text: EntryText

    @property
    def whole(self) -> np.void:
        """Its entries as one."""
        return combined(self.parts)


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
    """Return the claim that was sent, from an entry that settled it or a part of it."""
    claim, flags = record["claim"], int(record["claim"]["flags"])
    entry = context.entry([record], text)
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
        lines=decode_lines(text.lines.encode()),
        prescription=text.prescription,
        papers=int(claim["papers"]),
        payer=entry.payer,
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
    for position in standing_at(context, state.institutions.numbers[holder.id]):
        record, _ = context.record_at(position)
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
    entries = standing(context, member, year)
    acts = list(_acts(entries))
    claims = [claim_of(context, act.parts[0], act.text) for act in acts]
    was = [prepare(context, 0, claim, preview=False) for claim in claims]
    with _as_if(context, after):
        now = [prepare(context, 0, claim, preview=False) for claim in claims]
    if was == now:
        return []
    start = _Counters.without(context, entries)
    without, changed = start.settle(context, was), start.settle(context, now)
    return [
        _affected(context, act, result)
        for act, result, before in zip(acts, changed, without, strict=True)
        if differs(act.whole["result"], result) and differs(before, result)
    ]


def _acts(entries: Sequence[Written]) -> Iterator[_Act]:
    """Yield the settlements that entries are of, the parts of a claim together."""
    parts: list[np.void] = []
    for record, text in entries:
        parts.append(record)
        if is_last_part(record):
            yield _Act(np.array(parts, dtype=ENTRY), text)
            parts = []


class _Counters(NamedTuple):
    """Counters of a member-year without its standing settlements."""

    line: Array
    keyed: dict[int, int]
    """Fen by slot of the state, of the counters with keys of their own that they moved."""

    @classmethod
    def without(cls, context: Context, entries: Sequence[Written]) -> "_Counters":
        """Return what the state holds, less what these entries of one member-year added."""
        state = context.state
        line = layout.aligned_counters(1)[0]
        keyed: dict[int, int] = {}
        if entries:
            first = entries[0][0]
            member_year = int(first["claim"]["member"]), int(first["row"]["year"])
            line[:] = state.read_member_year(*member_year).counters
        for record, text in entries:
            for at, fen in line_moves(record):
                line[at] -= fen
            for _, key, fen in keyed_moves(record, text):
                slot = state.visit(key)
                held = keyed.get(slot, int(state.visits.values[slot]))
                keyed[slot] = 0 if is_own(key) else held - fen
        return cls(line, keyed)

    def settle(self, context: Context, claims: Sequence[Prepared | Refused]) -> list[np.void]:
        """Return the results of claims, in order; of a refused one, its reason alone."""
        counts = [len(c.rows) if isinstance(c, Prepared) else 1 for c in claims]
        entries = np.zeros(sum(counts), dtype=ENTRY)
        served = np.repeat([isinstance(claim, Prepared) for claim in claims], counts)
        every_row = [row for c in claims if isinstance(c, Prepared) for row in c.rows]
        rows = np.array(every_row, dtype=ROW)
        keyed = self._localise(context, rows)
        again = np.zeros(len(rows), dtype=layout.RESULT)
        counters = layout.aligned_counters(1)
        counters[0] = self.line
        context.kernel.settle(rows, context.state.plans, counters, keyed, again)
        entries["result"][served] = again
        results, first = [], 0
        for claim, count in zip(claims, counts, strict=True):
            parts = entries[first : first + count]
            if isinstance(claim, Refused):
                parts["result"]["reason"] = claim.reason
            results.append(combined(parts)["result"])
            first += count
        return results

    def _localise(self, context: Context, rows: Array) -> Array:
        """Return the keyed counters that rows count in, and point the rows to them."""
        values, places = [0], {-1: -1}
        for name in layout.KEYED_SLOTS:
            column = rows[name]
            for n, slot in enumerate(column.tolist()):
                if slot not in places:
                    places[slot] = len(values)
                    held = int(context.state.visits.values[slot])
                    values.append(self.keyed.get(slot, held))
                column[n] = places[slot]
        rows["counters"] = 0
        return np.array(values, dtype=np.int64)


def _affected(context: Context, act: _Act, result: np.void) -> Affected:
    entry = context.entry(list(act.parts), act.text)
    return Affected(
        settlement_id=int(entry.record["link"]["position"]),
        institution=entry.institution,
        request_id=act.text.request_id,
        member=entry.member,
        service_date=int(entry.record["claim"]["service_date"]),
        pooled_fund_fen=int(entry.record["result"]["pooled_fund"]),
        pooled_fund_after_fen=int(result["pooled_fund"]),
        reason_after=Reason(int(result["reason"])),
    )


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
