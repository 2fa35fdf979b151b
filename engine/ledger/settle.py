"""Settling and previewing claims.

Claims are prepared one by one (ids, register entries, rule, facts), gathered into a run, and
settled by the kernel as columns. A run ends before a claim that repeats an id of the run,
because whether that id is free is known only once the run is settled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.domain import layout
from engine.domain.claim import Claim, check_claim
from engine.domain.codes import Fact, Kind, Mode, Place
from engine.domain.dates import to_date, year_of
from engine.domain.journal import EntryKind
from engine.domain.layout import CLAIM, ENTRY, ROW, Array
from engine.domain.money import AMOUNT_MAX_FEN
from engine.domain.reasons import EXCLUSION_FIRST, Detail, Reason
from engine.domain.register import Institution, Member
from engine.domain.request import BatchAnswer, ItemError, Refused, SettleBatch
from engine.errors import InvalidInput
from engine.facts import Facts, Parties, resolve, treating
from engine.kernel import check_identities
from engine.ledger.context import Context, encode_texts
from engine.rules.plan import VISIT_CLAIM, RulePlan
from engine.state.keyed import Visit, borne_at, borne_key, cost_key, visit_key
from engine.state.state import NO_VISIT
from engine.state.tables import KeyRow, KeyStatus


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A claim ready for the kernel: its place in the batch, its records, its text."""

    index: int
    claim: tuple[int, ...]
    row: tuple[int, ...]
    text: bytes
    institution: int
    request_id: str


class _Answers:
    """The answer of a batch while it grows."""

    def __init__(self, count: int) -> None:
        self.entries = np.zeros(count, dtype=ENTRY)
        self.refusals: dict[int, Refused] = {}
        self.errors: dict[int, ItemError] = {}
        self.replayed: set[int] = set()

    def done(self, context: Context) -> BatchAnswer:
        """Return the finished answer."""
        numbers = np.unique(self.entries["row"]["plan"]).tolist() if len(self.entries) else []
        settled = len(self.refusals) + len(self.errors) < len(self.entries)
        return BatchAnswer(
            self.entries,
            {n: context.digest(n) for n in numbers} if settled else {},
            self.refusals,
            self.errors,
            frozenset(self.replayed),
        )


def settle(context: Context, request: SettleBatch) -> BatchAnswer:
    """Settle or preview a batch of claims; return one row of the answer for each."""
    answers = _Answers(len(request.claims))
    run: list[_Prepared] = []
    ids: set[tuple[str, str]] = set()
    for index, claim in enumerate(request.claims):
        try:
            check_claim(claim)
        except InvalidInput as error:
            answers.errors[index] = ItemError(index, error.path, error.problem)
            continue
        refused = _invalid(claim)
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
            prepared = _prepare(context, index, claim, preview=request.preview)
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
            numbers, text = _content(context, claim)
            sent = np.array([numbers], dtype=CLAIM)
            if sent.tobytes() == record[0]["claim"].tobytes() and text == _joined(record[1]):
                answers.entries[index] = record[0]
                answers.replayed.add(index)
                return True
        detail, message = Detail.ID_REUSED, "the id is used with other content; use a new id"
    answers.refusals[index] = Refused(Reason.INVALID_CLAIM, detail, message)
    return True


def _joined(texts: Sequence[str]) -> bytes:
    return "".join(texts[1:]).encode()


def _content(context: Context, claim: Claim) -> tuple[tuple[int, ...], bytes]:
    """Return the claim record and the text that hold what was sent."""
    state = context.state
    text, lengths = encode_texts((claim.request_id, claim.visit, claim.disease, claim.admission))
    prescriber = claim.prescriber
    flags = (
        claim.emergency * layout.FLAG_EMERGENCY
        + claim.referred * layout.FLAG_REFERRED
        + claim.statement * layout.FLAG_STATEMENT
        + claim.manual * layout.FLAG_MANUAL
        + claim.use_account * layout.FLAG_USE_ACCOUNT
    )
    record = (
        claim.total_fen,
        claim.in_scope_fen,
        claim.pre_payment_fen,
        claim.over_limit_fen,
        claim.non_covered_fen,
        claim.liable_fen,
        claim.service_date,
        claim.until_date,
        state.members.numbers.get(claim.member, -1),
        state.institutions.numbers.get(claim.institution, -1),
        state.institutions.numbers.get(prescriber, -2) if prescriber else -1,
        0,
        claim.benefit,
        claim.liability,
        flags,
        *lengths,
        0,
    )
    return record, text


# --- preparing ---------------------------------------------------------------------------


def _prepare(context: Context, index: int, claim: Claim, *, preview: bool) -> _Prepared | Refused:
    """Resolve a claim into a kernel row, or refuse it, in the order of the reason codes."""
    state = context.state
    member = state.members.find(claim.member)
    if member is None:
        return Refused(
            Reason.MEMBER_UNKNOWN, message="the member is not in the register; register first"
        )
    parties = parties_of(context, claim, member)
    if isinstance(parties, Refused):
        return parties
    plan = context.plan_on(member.city, claim.service_date)
    if plan < 0:
        return Refused(
            Reason.NO_RULE,
            message=f"no document of {member.city} is in force on {to_date(claim.service_date)}",
        )
    until_has_rule = context.book.plan_for(member.city, claim.until_date) is not None
    facts = resolve(claim, parties, until_has_rule=until_has_rule)
    number = state.members.numbers[member.id]
    institution = state.institutions.numbers[claim.institution]
    year = year_of(claim.service_date)
    rules = state.plans.plans[plan]
    status, level = facts.status - 1, facts.level - 1
    for line in rules.unserved:
        if facts.bits & line.require == line.require and not facts.bits & line.forbid:
            raise InvalidInput("benefit", f"is not served yet: {line.what}")
    visit, visit_by = -1, _visit_by(rules, facts)
    if rules.visit_cap_fen[rules.by_status(level, status)] >= 0:
        treated = state.institutions.numbers[parties.treating.id]
        whose = Visit(
            visit_by, claim.visit, claim.request_id, institution, treated, claim.service_date
        )
        # A preview may carry a used id: its own visit is a new one all the same.
        fresh = preview and whose.is_the_claims_own
        visit = state.visit(NO_VISIT if fresh else visit_key(number, year, whose))
    here = state.institutions.numbers[treating(parties).id]
    at = borne_at(rules, here, level, status)
    content, text = _content(context, claim)
    row = (
        claim.in_scope_fen,
        claim.pre_payment_fen,
        claim.over_limit_fen,
        claim.non_covered_fen,
        claim.liable_fen,
        state.member_year(number, year),
        visit,
        state.account(number) if member.mode == Mode.COMBINED else -1,
        plan,
        facts.bits,
        year,
        status,
        level,
        facts.place,
        facts.benefit,
        rate_level(context, rules, facts, claim, member),
        visit_by,
        -1 if at == -1 else state.visit(borne_key(number, year, at)),
        at,
        state.visit(cost_key(number, year)) if rules.counts_cost else -1,
    )
    return _Prepared(index, content, row, text, institution, claim.request_id)


def _visit_by(rules: RulePlan, facts: Facts) -> int:
    """Return what is one visit for this claim, by the plan (readings H2, H5)."""
    filled = Fact.PHARMACY | Fact.PRESCRIBER
    if rules.prescription_apart and facts.bits & filled == filled:
        return VISIT_CLAIM
    return rules.visit_by


def rate_level(
    context: Context, rules: RulePlan, facts: Facts, claim: Claim, member: Member
) -> int:
    """Return the level whose rate holds, 0 for that of the institution that treats.

    Where the plan says so, in the city, that of the institution the member has selected.
    """
    if not rules.rate_of_selected or facts.place != Place.LOCAL:
        return 0
    for selection in member.selections:
        if claim.service_date in selection.days:
            find = context.state.institutions.find
            chosen = find(selection.institution)
            if chosen is not None and chosen.kind == Kind.INTERNET_HOSPITAL:
                chosen = find(chosen.host)
            return 0 if chosen is None else int(chosen.level)
    return 0


def _invalid(claim: Claim) -> Refused | None:
    """Refuse negative or too large amounts, parts that do not add up, days in reverse."""
    parts = {
        "in_scope": claim.in_scope_fen,
        "pre_payment": claim.pre_payment_fen,
        "over_limit": claim.over_limit_fen,
        "non_covered": claim.non_covered_fen,
        "total": claim.total_fen,
    }
    for name, amount_fen in parts.items():
        if amount_fen < 0:
            return _refuse_claim(Detail.NEGATIVE_AMOUNT, f"{name} is negative")
        if amount_fen > AMOUNT_MAX_FEN:
            return _refuse_claim(Detail.AMOUNT_TOO_LARGE, f"{name} is above {AMOUNT_MAX_FEN} fen")
    if claim.liable_fen < -1:
        return _refuse_claim(Detail.NEGATIVE_AMOUNT, "liable_amount is negative")
    if claim.liable_fen > AMOUNT_MAX_FEN:
        return _refuse_claim(Detail.AMOUNT_TOO_LARGE, f"liable_amount is above {AMOUNT_MAX_FEN}")
    added_fen = sum(parts.values()) - claim.total_fen
    if added_fen != claim.total_fen:
        return _refuse_claim(
            Detail.PARTS_DO_NOT_ADD_UP,
            f"the parts add up to {added_fen} fen, the total says {claim.total_fen}",
        )
    if claim.until_date < claim.service_date:
        return _refuse_claim(Detail.DATES_REVERSED, "the last service date is before the first")
    return None


def _refuse_claim(detail: Detail, message: str) -> Refused:
    return Refused(Reason.INVALID_CLAIM, detail, message)


def parties_of(context: Context, claim: Claim, member: Member) -> Parties | Refused:
    """Return the register entries a claim names; every institution it names must be known."""
    find = context.state.institutions.find
    institution = find(claim.institution)
    if institution is None:
        return _unknown("institution")
    prescriber: Institution | None = None
    if claim.prescriber:
        prescriber = find(claim.prescriber)
        if prescriber is None:
            return _unknown("prescriber")
    parties = Parties(member, institution, prescriber, None)
    if parties.treating.kind != Kind.INTERNET_HOSPITAL:
        return parties
    host = find(parties.treating.host)
    return _unknown("host") if host is None else parties._replace(host=host)


def _unknown(role: str) -> Refused:
    return Refused(
        Reason.INSTITUTION_UNKNOWN, message=f"the {role} is not in the register; register first"
    )


# --- settling ----------------------------------------------------------------------------


def _entries(run: Sequence[_Prepared]) -> Array:
    entries = np.zeros(len(run), dtype=ENTRY)
    entries["claim"] = np.array([prepared.claim for prepared in run], dtype=CLAIM)
    entries["row"] = np.array([prepared.row for prepared in run], dtype=ROW)
    return entries


def _settle_run(context: Context, run: list[_Prepared], answers: _Answers) -> None:
    """Settle a run with the kernel and append what was settled to the journal."""
    if not run:
        return
    state = context.state
    entries = _entries(run)
    rows, results = entries["row"], entries["result"]
    context.kernel.settle(rows, state.plans, state.counters.values, state.visits.values, results)
    context.kernel.pay_accounts(rows, results, state.balances.values)
    check_identities(results)
    kept = _refuse_rows(context, run, entries, answers)
    if not kept:
        return
    if len(kept) < len(run):
        entries, run = entries[kept], [run[n] for n in kept]
    _link(context, run, entries)
    context.write(entries, [prepared.text for prepared in run])
    answers.entries[[prepared.index for prepared in run]] = entries


def _refuse_rows(
    context: Context, run: Sequence[_Prepared], entries: Array, answers: _Answers
) -> list[int]:
    """Answer the rows that the rules refuse; return the places of the others in the run."""
    kept = []
    for n, reason in enumerate(entries["result"]["reason"].tolist()):
        if 0 < reason < EXCLUSION_FIRST:
            answers.refusals[run[n].index] = _refusal(context, entries[n])
        else:
            kept.append(n)
    return kept


def _refusal(context: Context, entry: np.void) -> Refused:
    """Return the refusal of a row, with the clause and the missing figure that decided."""
    number = int(entry["row"]["plan"])
    plan = context.state.plans.plans[number]
    citation = int(entry["result"]["cite_excluded"])
    reason = Reason(int(entry["result"]["reason"]))
    facts, level = int(entry["row"]["facts"]), int(entry["row"]["level"])
    figure = ""
    for line in plan.exclusions:
        if line.applies(facts, level) and line.reason == reason and line.citation == citation:
            figure = line.figure
            break
    clauses = plan.citations[citation].clauses
    message = "；".join(clause.text for clause in clauses if clause.text)
    return Refused(
        reason,
        message=message,
        figure=figure,
        plan_digest=context.digest(number),
        citation=citation,
    )


def _link(context: Context, run: Sequence[_Prepared], entries: Array) -> None:
    """Give entries their positions, chain them by member-year, and move the state along."""
    state = context.state
    first = state.next_position
    links, rows = entries["link"], entries["row"]
    links["position"] = np.arange(first, first + len(run))
    links["kind"] = EntryKind.SETTLEMENT
    links["instant"] = context.instant
    paid = entries["result"]["account"].tolist()
    keyed, slots = rows[list(layout.KEYED_SLOTS)].tolist(), rows["counters"].tolist()
    accounts = rows["account"].tolist()
    previous = []
    for n, prepared in enumerate(run):
        position = first + n
        previous.append(int(state.last_entry.values[slots[n]]))
        state.touch_member_year(slots[n], position)
        state.visits.changed.update(slot for slot in keyed[n] if slot >= 0)
        if paid[n]:
            state.touch_account(accounts[n], position)
        state.set_key(
            prepared.institution, prepared.request_id, KeyRow(position, KeyStatus.STANDING, 0)
        )
    links["previous"] = previous
    forget_slots(rows)


def forget_slots(rows: Array) -> None:
    """Replace the slots of this process by 0, keeping -1: none."""
    for name in layout.SLOTS:
        np.minimum(rows[name], 0, out=rows[name])


def _preview_run(context: Context, run: Sequence[_Prepared], answers: _Answers) -> None:
    """Settle each row on a copy of what it would move, and leave no trace."""
    if not run:
        return
    state = context.state
    entries = _entries(run)
    rows, results = entries["row"], entries["result"]
    counters = layout.aligned_counters(len(run))
    counters[:] = state.counters.values[rows["counters"]]
    visits = np.concatenate(
        [
            np.where(rows[name] >= 0, state.visits.values[rows[name]], 0)
            for name in layout.KEYED_SLOTS
        ]
    )
    balances = np.where(rows["account"] >= 0, state.balances.values[rows["account"]], 0)
    own = np.arange(len(run), dtype=np.int32)
    rows["counters"] = own
    for n, name in enumerate(layout.KEYED_SLOTS):
        rows[name] = np.where(rows[name] >= 0, own + n * len(run), -1)
    rows["account"] = np.where(rows["account"] >= 0, own, -1)
    context.kernel.settle(rows, state.plans, counters, visits, results)
    context.kernel.pay_accounts(rows, results, balances)
    check_identities(results)
    kept = _refuse_rows(context, run, entries, answers)
    forget_slots(rows)
    entries["link"]["instant"] = context.instant
    answers.entries[[run[n].index for n in kept]] = entries[kept]
