"""Settling and previewing claims.

Claims are prepared one by one (ids, register entries, rule, facts), ordinary ones by compiled code,
gathered into a run, and settled by the kernel as columns. A run ends before a claim whose id may be
that of a claim in it: whether that one uses the id up is known only once the run is settled.
"""

from itertools import compress

import numpy as np

from engine.domain import layout
from engine.domain.claim import Claim, check_claim
from engine.domain.journal import EntryKind
from engine.domain.layout import CLAIM, ENTRY, ROW, UNKNOWN, Array, opaque
from engine.domain.parts import combined
from engine.domain.reasons import EXCLUSION_FIRST, Detail, Reason
from engine.domain.request import BatchAnswer, ItemError, Refused, SettleBatch
from engine.errors import InvalidInput
from engine.kernel import check_identities
from engine.ledger._link import forget, link
from engine.ledger.context import Context
from engine.ledger.ids import key_of
from engine.ledger.prepare import Prepared, RefusedRow, content, invalid, joined, prepare, refusal
from engine.state.tables import KeyStatus


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

    def take_run(self, run: "Run", entries: Array) -> None:
        """Answer the claims of a run by their entries."""
        if len(entries) == len(run.indexes) == len(self.entries):
            self.entries = entries
        elif len(entries) == len(run.indexes):
            opaque(self.entries)[run.indexes] = opaque(entries)
        else:
            firsts = np.flatnonzero(entries["link"]["part"] == 0)
            for index, parts in zip(run.indexes, np.split(entries, firsts[1:]), strict=True):
                self.take(index, parts)

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
    claims = list(request.claims)
    batch = _Batch(context, request.preview, _Answers(len(claims)), Run(len(claims)))
    index = 0
    while index < len(claims):
        index = batch.run.fill(context, claims, index, preview=request.preview)
        if index < len(claims):
            batch.take(index, claims[index])
            index += 1
    batch.close()
    return batch.answers.done(context)


class Run:
    """Claims on their way through the kernel: an entry for each of their rows."""

    def __init__(self, rows: int) -> None:
        """Make room for so many rows; it grows where claims have several."""
        self._entries = np.zeros(rows, dtype=ENTRY)
        self._count = 0
        self._prepared: list[tuple[int, Prepared]] = []
        self.indexes: list[int] = []
        """The place of each claim in its batch."""
        self.claims: list[Claim] = []
        self.texts: list[bytes] = []
        """The text of each claim."""

    def fill(self, context: Context, claims: list[Claim], index: int, *, preview: bool) -> int:
        """Take ordinary claims from `index` on; return the position of the first that is not."""
        if context.ordinary is None:
            return index
        self._make_room(len(claims) - index)
        entries, texts = self._entries, self.texts
        stop = context.ordinary.fill(claims, index, entries, self._count, texts, preview)
        self._count += stop - index
        self.indexes += range(index, stop)
        self.claims += claims[index:stop]
        return stop

    def take(self, prepared: Prepared, claim: Claim) -> None:
        """Take a claim that is prepared."""
        self._make_room(len(prepared.rows))
        self._prepared.append((self._count, prepared))
        self._count += len(prepared.rows)
        self.indexes.append(prepared.index)
        self.claims.append(claim)
        self.texts.append(prepared.text)

    def _make_room(self, rows: int) -> None:
        needed = self._count + rows
        if needed > len(self._entries):
            grown = np.zeros(max(needed, 2 * self._count), dtype=ENTRY)
            grown[: self._count] = self._entries[: self._count]
            self._entries = grown

    def entries(self) -> Array:
        """Return the entries of all claims, in order; links have the parts only."""
        if self._prepared:
            counts = [len(prepared.rows) for _, prepared in self._prepared]
            at = [n + part for n, prepared in self._prepared for part in range(len(prepared.rows))]
            rows = [row for _, prepared in self._prepared for row in prepared.rows]
            claims = np.array([prepared.claim for _, prepared in self._prepared], dtype=CLAIM)
            self._entries["row"][at] = np.array(rows, dtype=ROW)
            self._entries["claim"][at] = np.repeat(claims, counts)
            self._entries["link"]["parts"][at] = np.repeat(counts, counts)
            self._entries["link"]["part"][at] = [p for count in counts for p in range(count)]
        return self._entries[: self._count]


class _Batch:
    """A batch while it is settled: what is answered, and the claims under way."""

    def __init__(self, context: Context, preview: bool, answers: _Answers, run: Run) -> None:
        self._context = context
        self._preview = preview
        self.answers = answers
        self.run = run

    def take(self, index: int, claim: Claim) -> None:
        """Take one claim of whatever kind."""
        answers = self.answers
        try:
            check_claim(claim)
            refused = invalid(claim)
            if refused is None:
                if not self._preview and self._is_used(index, claim):
                    return
                prepared = prepare(self._context, index, claim, preview=self._preview)
        except InvalidInput as error:
            answers.errors[index] = ItemError(index, error.path, error.problem)
            return
        if refused is not None:
            answers.refusals[index] = refused
        elif isinstance(prepared, Refused):
            answers.refusals[index] = prepared
        else:
            self.run.take(prepared, claim)

    def close(self) -> None:
        """Settle, or try, the claims under way."""
        if self.run.claims:
            (_preview_run if self._preview else _settle_run)(self._context, self.run, self.answers)

    def _is_used(self, index: int, claim: Claim) -> bool:
        """Use the id of a claim up; if it was used before, answer the claim.

        A claim of the run under way may have the same id: then that one is settled first.
        """
        state = self._context.state
        institution = state.institutions.numbers.get(claim.institution)
        if institution is None:
            return False
        if not state.ids.take(institution, claim.request_id):
            if _used_id(self._context, index, claim, self.answers):
                return True
            if self.run.claims:
                self.close()
                self.run = Run(len(self.answers.entries) - index)
                if _used_id(self._context, index, claim, self.answers):
                    return True
        return False


# --- ids ---------------------------------------------------------------------------------


def _used_id(context: Context, index: int, claim: Claim, answers: _Answers) -> bool:
    """Answer a claim whose id is used: the first answer again, or a refusal."""
    institution = context.state.institutions.numbers.get(claim.institution)
    if institution is None:
        return False
    key = key_of(context, institution, claim.request_id)
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


def _settle_run(context: Context, run: Run, answers: _Answers) -> None:
    """Settle a run with the kernel and append what was settled to the journal."""
    state = context.state
    entries = run.entries()
    rows, results = entries["row"], entries["result"]
    counters, visits = state.counters.values, state.visits.values
    balances = state.accounts.balances.values
    context.kernel.settle(rows, state.plans, counters, visits, results, balances)
    check_identities(results)
    refused = _refuse_rows(context, run, entries, answers)
    entries["link"]["kind"] = EntryKind.SETTLEMENT
    entries["link"]["instant"] = context.instant
    link(entries, refused.view("u1"), run.claims, state)
    answers.take_run(run, entries)
    texts = run.texts
    if len(entries) > len(texts):  # the parts of a claim have the same
        claims = np.cumsum(entries["link"]["part"] == 0) - 1
        texts = [texts[claim] for claim in claims.tolist()]
    if refused.any():
        texts = list(compress(texts, (~refused).tolist()))
        entries = opaque(entries)[~refused].view(ENTRY)
    if len(entries):
        context.write(entries, texts)


def _refuse_rows(context: Context, run: Run, entries: Array, answers: _Answers) -> Array:
    """Answer the claims that the rules refuse; return for each entry whether it is refused.

    A claim of several parts was found not to be refused before.
    """
    reasons = entries["result"]["reason"]
    refused: Array = (reasons > 0) & (reasons < EXCLUSION_FIRST)
    if not refused.any():
        return refused
    firsts = np.flatnonzero(entries["link"]["part"] == 0)
    for n in np.flatnonzero(refused[firsts]).tolist():
        row, result = entries["row"][firsts[n]], entries["result"][firsts[n]]
        answers.refusals[run.indexes[n]] = refusal(
            context,
            run.claims[n].disease,
            RefusedRow(
                int(row["plan"]),
                int(result["reason"]),
                int(result["cite_excluded"]),
                int(row["facts"]),
                int(row["level"]),
            ),
        )
    return refused


def _preview_run(context: Context, run: Run, answers: _Answers) -> None:
    """Settle each claim on a copy of what it would move, and leave no trace."""
    state = context.state
    entries = run.entries()
    rows, results = entries["row"], entries["result"]
    # Parts of one claim share their copy, as they share the counters.
    claims = len(run.claims)
    own = np.cumsum(entries["link"]["part"] == 0, dtype=np.int32) - np.int32(1)
    counters = layout.aligned_counters(claims)
    counters[own] = state.counters.values[rows["counters"]]
    keyed = _copied_slots(rows, own, state.visits.values)
    # The own account of each claim, then the relative's.
    balances = np.zeros(2 * claims, dtype=np.int64)
    for slot, first in (("account", 0), ("family", claims)):
        asked = rows[slot] >= 0
        balances[first + own[asked]] = state.accounts.balances.values[rows[slot][asked]]
        rows[slot] = np.where(asked, first + own, -1)
    rows["counters"] = own
    context.kernel.settle(rows, state.plans, counters, keyed, results, balances)
    check_identities(results)
    forget(entries)
    entries["link"]["instant"] = context.instant
    entries[_refuse_rows(context, run, entries, answers)] = 0
    answers.take_run(run, entries)


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
