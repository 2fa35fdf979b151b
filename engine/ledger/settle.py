"""Settling and previewing claims.

Claims are prepared one by one (ids, register entries, rule, facts), gathered into a run, and
settled by the kernel as columns. A run ends before a claim that repeats an id of the run,
because whether that id is free is known only once the run is settled.
"""

from collections.abc import Sequence

import numpy as np

from engine.domain import layout
from engine.domain.claim import Claim, check_claim
from engine.domain.journal import EntryKind
from engine.domain.layout import CLAIM, ENTRY, ROW, UNKNOWN, Array
from engine.domain.parts import combined
from engine.domain.reasons import EXCLUSION_FIRST, Detail, Reason
from engine.domain.request import BatchAnswer, ItemError, Refused, SettleBatch
from engine.errors import InvalidInput
from engine.kernel import check_identities
from engine.ledger.context import Context
from engine.ledger.prepare import Prepared, RefusedRow, content, invalid, joined, prepare, refusal
from engine.state.state import State
from engine.state.tables import KeyRow, KeyStatus


class _Answers:
    """The answer of a batch while it grows."""

    def __init__(self, count: int) -> None:
        self.entries = np.zeros(count, dtype=ENTRY)
        self.refusals: dict[int, Refused] = {}
        self.errors: dict[int, ItemError] = {}
        self.replayed: set[int] = set()
        self.parts: dict[int, Array] = {}

    def take(self, index: int, parts: Array) -> None:
        """Answer a claim by its entries."""
        self.entries[index] = combined(parts)
        if len(parts) > 1:
            self.parts[index] = parts

    def done(self, context: Context) -> BatchAnswer:
        """Return the finished answer."""
        numbers = set(np.unique(self.entries["row"]["plan"]).tolist())
        for parts in self.parts.values():
            numbers.update(parts["row"]["plan"].tolist())
        settled = len(self.refusals) + len(self.errors) < len(self.entries)
        return BatchAnswer(
            self.entries,
            {n: context.digest(n) for n in sorted(numbers)} if settled else {},
            self.refusals,
            self.errors,
            frozenset(self.replayed),
            self.parts,
        )


def settle(context: Context, request: SettleBatch) -> BatchAnswer:
    """Settle or preview a batch of claims; return one row of the answer for each."""
    answers = _Answers(len(request.claims))
    run: list[Prepared] = []
    ids: set[tuple[str, str]] = set()
    for index, claim in enumerate(request.claims):
        try:
            check_claim(claim)
        except InvalidInput as error:
            answers.errors[index] = ItemError(index, error.path, error.problem)
            continue
        refused = invalid(claim)
        if refused is not None:
            answers.refusals[index] = refused
            continue
        if not request.preview:
            key = (claim.institution, claim.request_id)
            if key in ids:
                _settle_run(context, run, answers)
                run, ids = [], set()
            if _used_id(context, index, claim, answers):
                continue
            ids.add(key)
        try:
            prepared = prepare(context, index, claim, preview=request.preview)
        except InvalidInput as error:
            answers.errors[index] = ItemError(index, error.path, error.problem)
            continue
        if isinstance(prepared, Refused):
            answers.refusals[index] = prepared
        else:
            run.append(prepared)
    if request.preview:
        _preview_run(context, run, answers)
    else:
        _settle_run(context, run, answers)
    return answers.done(context)


# --- ids ---------------------------------------------------------------------------------


def _used_id(context: Context, index: int, claim: Claim, answers: _Answers) -> bool:
    """Answer a claim whose id is used: the first answer again, or a refusal."""
    institution = context.state.institutions.numbers.get(claim.institution)
    if institution is None:
        return False
    key = context.state.key(institution, claim.request_id)
    if key is None:
        return False
    if key.status == KeyStatus.UNDONE:
        detail, message = Detail.UNDONE, "its settlement was undone; send it under a new id"
    elif key.status == KeyStatus.TOMBSTONE:
        detail = Detail.REVERSED_BEFORE_ARRIVAL
        message = "the id was reversed before it arrived; send it under a new id"
    else:
        record = context.record(key.position)
        if key.status == KeyStatus.STANDING and record is not None:
            unknown = int(record[0]["claim"]["payer"]) == UNKNOWN
            numbers, text = content(context, claim, payer_unknown=unknown)
            sent = np.array([numbers], dtype=CLAIM)
            if sent.tobytes() == record[0]["claim"].tobytes() and text == joined(record[1]):
                parts = [part for part, _ in context.parts(key.position)]
                answers.take(index, np.array(parts, dtype=ENTRY))
                answers.replayed.add(index)
                return True
        detail, message = Detail.ID_REUSED, "the id is used with other content; use a new id"
    answers.refusals[index] = Refused(Reason.INVALID_CLAIM, detail, message)
    return True


# --- settling ----------------------------------------------------------------------------


def _entries(run: Sequence[Prepared]) -> Array:
    """Return an entry for each row of each claim, in order."""
    rows = [row for prepared in run for row in prepared.rows]
    entries = np.zeros(len(rows), dtype=ENTRY)
    entries["row"] = np.array(rows, dtype=ROW)
    claims = np.array([prepared.claim for prepared in run], dtype=CLAIM)
    if len(rows) == len(run):
        entries["claim"] = claims
        entries["link"]["parts"] = 1
        return entries
    counts = [len(prepared.rows) for prepared in run]
    entries["claim"] = np.repeat(claims, counts)
    entries["link"]["parts"] = np.repeat(counts, counts)
    entries["link"]["part"] = [part for count in counts for part in range(count)]
    return entries


def _settle_run(context: Context, run: list[Prepared], answers: _Answers) -> None:
    """Settle a run with the kernel and append what was settled to the journal."""
    if not run:
        return
    state = context.state
    entries = _entries(run)
    rows, results = entries["row"], entries["result"]
    context.kernel.settle(rows, state.plans, state.counters.values, state.visits.values, results)
    context.kernel.pay_accounts(rows, results, state.accounts.balances.values)
    check_identities(results)
    run, entries = _refuse_rows(context, run, entries, answers)
    if not run:
        return
    _link(context, run, entries)
    texts = [prepared.text for prepared in run for _ in prepared.rows]
    context.write(entries, texts)
    _answer(run, entries, answers)


def _answer(run: Sequence[Prepared], entries: Array, answers: _Answers) -> None:
    """Answer claims by their entries."""
    if len(entries) == len(run):
        answers.entries[[prepared.index for prepared in run]] = entries
        return
    first = 0
    for prepared in run:
        answers.take(prepared.index, entries[first : first + len(prepared.rows)])
        first += len(prepared.rows)


def _refuse_rows(
    context: Context, run: list[Prepared], entries: Array, answers: _Answers
) -> tuple[list[Prepared], Array]:
    """Answer the claims that the rules refuse; return the others, and their entries.

    A claim of several parts was found not to be refused before.
    """
    reasons = entries["result"]["reason"]
    refused = (reasons > 0) & (reasons < EXCLUSION_FIRST)
    if not refused.any():
        return run, entries
    kept, first = [], 0
    for prepared in run:
        if refused[first]:
            row, result = entries["row"][first], entries["result"][first]
            answers.refusals[prepared.index] = refusal(
                context,
                prepared.disease,
                RefusedRow(
                    int(row["plan"]),
                    int(result["reason"]),
                    int(result["cite_excluded"]),
                    int(row["facts"]),
                    int(row["level"]),
                ),
            )
        else:
            kept.append(prepared)
        first += len(prepared.rows)
    return kept, entries[~refused]


def _link(context: Context, run: Sequence[Prepared], entries: Array) -> None:
    """Give entries their positions, chain them by member-year, and move the state along."""
    state = context.state
    first = state.next_position
    links, rows = entries["link"], entries["row"]
    links["position"] = np.arange(first, first + len(entries))
    links["kind"] = EntryKind.SETTLEMENT
    links["instant"] = context.instant
    keyed, slots = rows[list(layout.KEYED_SLOTS)].tolist(), rows["counters"].tolist()
    previous, n = [], 0
    for prepared in run:
        key = KeyRow(first + n, KeyStatus.STANDING, 0)
        state.set_key(prepared.institution, prepared.request_id, key)
        for _ in prepared.rows:
            position = first + n
            previous.append(int(state.last_entry.values[slots[n]]))
            state.touch_member_year(slots[n], position)
            state.visits.changed.update(slot for slot in keyed[n] if slot >= 0)
            n += 1
    links["previous"] = previous
    for n in (entries["result"]["account"] + entries["result"]["family_account"]).nonzero()[0]:
        link_accounts(state, entries[n])
    forget_slots(rows)


def link_accounts(state: State, entry: np.void) -> None:
    """Chain an entry that moves accounts to the one before of each, and note it as their last."""
    row, result, link = entry["row"], entry["result"], entry["link"]
    for slot, amount, previous in layout.ACCOUNTS_MOVED:
        if result[amount]:
            account = int(row[slot])
            link[previous] = state.accounts.entries.values[account]
            state.accounts.touch(account, int(link["position"]))


def forget_slots(rows: Array) -> None:
    """Replace the slots of this process by 0, keeping -1: none."""
    for name in layout.SLOTS:
        np.minimum(rows[name], 0, out=rows[name])


def _preview_run(context: Context, run: list[Prepared], answers: _Answers) -> None:
    """Settle each claim on a copy of what it would move, and leave no trace."""
    if not run:
        return
    state = context.state
    entries = _entries(run)
    rows, results = entries["row"], entries["result"]
    counts = [len(prepared.rows) for prepared in run]
    # Parts of one claim share their copy, as they share the counters.
    own = np.repeat(np.arange(len(run), dtype=np.int32), counts)
    counters = layout.aligned_counters(len(run))
    counters[own] = state.counters.values[rows["counters"]]
    keyed = _copied_slots(rows, own, state.visits.values)
    # The own account of each claim, then the relative's.
    balances = np.zeros(2 * len(run), dtype=np.int64)
    for slot, first in (("account", 0), ("family", len(run))):
        asked = rows[slot] >= 0
        balances[first + own[asked]] = state.accounts.balances.values[rows[slot][asked]]
        rows[slot] = np.where(asked, first + own, -1)
    rows["counters"] = own
    context.kernel.settle(rows, state.plans, counters, keyed, results)
    context.kernel.pay_accounts(rows, results, balances)
    check_identities(results)
    forget_slots(rows)
    entries["link"]["instant"] = context.instant
    run, entries = _refuse_rows(context, run, entries, answers)
    _answer(run, entries, answers)


def _copied_slots(rows: Array, own: Array, values: Array) -> Array:
    """Return a copy of the keyed counters of each claim, and point its rows to them."""
    copies: list[int] = []
    places: dict[tuple[int, int], int] = {}
    for name in layout.KEYED_SLOTS:
        column = rows[name]
        for n, slot in enumerate(column.tolist()):
            if slot < 0:
                continue
            key = (int(own[n]), slot)
            if key not in places:
                places[key] = len(copies)
                copies.append(int(values[slot]))
            column[n] = places[key]
    return np.array([*copies, 0], dtype=np.int64)
