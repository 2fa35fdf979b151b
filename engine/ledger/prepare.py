"""Claims made ready for the kernel: ids, registers, rules, facts, and which benefit pays what.

A claim has one row, or, where its lines fall under several benefits, one for each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engine.domain import layout
from engine.domain.bill import BillLine, encode_lines, invalid_line, parts_of
from engine.domain.claim import Claim
from engine.domain.codes import Benefit, Kind, LineFlag, Mode, Paper, Place
from engine.domain.dates import to_date, year_of
from engine.domain.journal import EntryText
from engine.domain.layout import UNKNOWN
from engine.domain.money import AMOUNT_MAX_FEN
from engine.domain.reasons import EXCLUSION_FIRST, Detail, Reason
from engine.domain.register import Institution, Member
from engine.domain.request import Refused
from engine.facts import (
    Facts,
    Parties,
    Payer,
    benefit_bits,
    is_registered,
    payer_of,
    resolve,
    treating,
)
from engine.ledger.apart import Counted, slots_apart, visit_by
from engine.ledger.context import Context, encode_texts
from engine.ledger.refusals import member_unknown
from engine.rules.plan import ClaimClass, RulePlan
from engine.rules.value_figures import ANY_CODE
from engine.state.keyed import Visit
from engine.state.state import State

PRECEDENCE = (
    Benefit.DUAL_CHANNEL,
    Benefit.SEPARATE_PAY,
    Benefit.SPECIAL,
    Benefit.CHRONIC,
    Benefit.ORDINARY,
    Benefit.EMERGENCY,
    Benefit.DAY_SURGERY,
)
"""The order in which the parts of a claim are settled on shared counters (reading G21)."""


_REFUSALS_KEPT = 4_096
"""Refusals that are kept: rules refuse many claims in the same words."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A claim ready for the kernel: its place in the batch, its records, its text."""

    index: int
    claim: tuple[int, ...]
    rows: list[tuple[int, ...]]
    """One for each benefit, in order of precedence."""
    text: bytes


class Group(NamedTuple):
    """The part of a bill that falls under one benefit, in fen."""

    benefit: Benefit
    in_scope: int
    pre_payment: int
    over_limit: int
    non_covered: int


class _Case(NamedTuple):
    """What is known of a claim before its benefits are told apart."""

    context: Context
    claim: Claim
    parties: Parties
    facts: Facts
    payer: Payer
    preview: bool


def joined(texts: EntryText) -> bytes:
    """Return the texts of a claim as `content` does; an undo's own id is not among them."""
    return "".join(texts[1:]).encode()


def content(
    context: Context, claim: Claim, *, payer_unknown: bool = False
) -> tuple[tuple[int, ...], bytes]:
    """Return the claim record and the text that hold what was sent.

    `payer_unknown` takes the payer for one that the register does not have, as it did not when the
    claim came first: so that a repeated request is the same whatever was registered since.
    """
    state = context.state
    payer, unknown = -1, ""
    if claim.payer:
        payer = state.members.numbers.get(claim.payer, UNKNOWN)
        if payer_unknown or payer == UNKNOWN:
            payer, unknown = UNKNOWN, claim.payer
    lines = encode_lines(claim.lines)
    text, lengths = encode_texts(
        (claim.request_id, claim.visit, claim.disease, claim.admission, claim.prescription, unknown)
    )
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
        state.institutions.numbers.get(prescriber, UNKNOWN) if prescriber else -1,
        len(lines),
        claim.benefit,
        claim.liability,
        flags,
        *lengths[:-1],
        claim.papers,
        lengths[-1],
        0,
        payer,
    )
    return record, text + lines


# --- preparing ---------------------------------------------------------------------------


def prepare(context: Context, index: int, claim: Claim, *, preview: bool) -> Prepared | Refused:
    """Resolve a claim into kernel rows, or refuse it, in the order of the reason codes."""
    state = context.state
    member = state.members.find(claim.member)
    if member is None:
        return member_unknown()
    payer = state.members.find(claim.payer) if claim.payer else None
    parties = _parties(context, claim, member)
    if isinstance(parties, Refused):
        return parties
    if context.plan_on(member.city, claim.service_date) < 0:
        return Refused(
            Reason.NO_RULE,
            message=f"no document of {member.city} is in force on {to_date(claim.service_date)}",
        )
    until_has_rule = context.book.plan_for(member.city, claim.until_date) is not None
    facts = resolve(claim, parties, until_has_rule=until_has_rule)
    asked = Payer()
    if claim.payer:
        closed = payer is not None and _is_closed(state, claim.payer)
        asked = payer_of(payer, member, claim.service_date, closed=closed)
    case = _Case(context, claim, parties, facts, asked, preview)
    ordinary_plan = _plan(case, Benefit.ORDINARY)
    ordinary = state.plans.plans[ordinary_plan]
    if missing := ordinary.papers & ~claim.papers if claim.manual and claim.papers else 0:
        return _papers_missing(missing)
    groups = split(case, ordinary)
    rows = []
    left_liable = claim.liable_fen
    for group in groups:
        liable = left_liable if len(groups) == 1 else min(left_liable, group.in_scope)
        is_ordinary = group.benefit == Benefit.ORDINARY
        plan = ordinary_plan if is_ordinary else _plan(case, group.benefit)
        rows.append(_row(case, group, liable, plan))
        if left_liable >= 0:
            left_liable -= liable
    if len(rows) > 1 and (refused := _refusal(context, claim, rows)):
        return refused
    content_of, text = content(context, claim)
    return Prepared(index, content_of, rows, text)


def _papers_missing(missing: int) -> Refused:
    names = ", ".join(paper.name.lower() for paper in Paper if paper & missing and paper.name)
    return _refuse_claim(
        Detail.PAPERS_MISSING, f"a claim on paper needs these documents as well: {names}"
    )


def _plan(case: _Case, benefit: Benefit) -> int:
    """Return the number of the plan that settles a benefit of the claim."""
    facts, claim = case.facts, case.claim
    code = "" if benefit == Benefit.ORDINARY else claim.disease
    which = ClaimClass(benefit, facts.kind, facts.age, code)
    return case.context.plan_on(case.parties.member.city, claim.service_date, which)


def split(case: _Case, ordinary: RulePlan) -> list[Group]:
    """Return the bill by benefit, in order of precedence; lines of one benefit are one amount."""
    claim = case.claim
    if not claim.lines:
        benefit = _benefit(case, Benefit(claim.benefit))
        parts = (claim.in_scope_fen, claim.pre_payment_fen)
        return [Group(benefit, *parts, claim.over_limit_fen, claim.non_covered_fen)]
    sums: dict[Benefit, list[int]] = {}
    fee_in_scope = bool(ordinary.general_fee_in_scope)
    for line in claim.lines:
        amounts = sums.setdefault(_benefit(case, _asked(claim, line)), [0, 0, 0, 0])
        for n, fen in enumerate(parts_of(line, general_fee_in_scope=fee_in_scope)):
            amounts[n] += fen
    return [Group(benefit, *sums[benefit]) for benefit in PRECEDENCE if benefit in sums]


def _asked(claim: Claim, line: BillLine) -> Benefit:
    """Return the benefit that a line is directed to."""
    if line.flag == LineFlag.DUAL_CHANNEL:
        return Benefit.DUAL_CHANNEL
    if line.flag == LineFlag.SEPARATE_PAY:
        return Benefit.SEPARATE_PAY
    return Benefit(line.benefit or claim.benefit)


def _benefit(case: _Case, asked: Benefit) -> Benefit:
    """Return the benefit that care falls under.

    An emergency is ordinary, unless the city treats it as a stay and the institution's statement
    is filed. Chronic and special care without a registration of that disease on the day is
    ordinary, and so is care of a benefit that is not given at the level.
    """
    if asked == Benefit.ORDINARY:
        return asked
    context, claim, member = case.context, case.claim, case.parties.member
    as_stay = claim.statement and context.book.serves(member.city, asked)
    if asked == Benefit.EMERGENCY and not as_stay:
        return Benefit.ORDINARY
    if not is_registered(asked, claim.disease, member, claim.service_date):
        return Benefit.ORDINARY
    given = context.state.plans.plans[_plan(case, asked)].gives(case.facts.level - 1)
    return asked if given else Benefit.ORDINARY


def _row(case: _Case, group: Group, liable: int, plan: int) -> tuple[int, ...]:
    """Return the kernel row of one part of a claim, settled by the plan with this number."""
    context, claim, parties, facts = case.context, case.claim, case.parties, case.facts
    state, member, day = context.state, parties.member, claim.service_date
    number = state.members.numbers[member.id]
    year = year_of(day)
    rules = state.plans.plans[plan]
    bits = facts.bits | benefit_bits(group.benefit, parties.institution, day)
    by = visit_by(rules, bits)
    apart = slots_apart(state, rules, _counted(case, group, by), preview=case.preview)
    return (
        group.in_scope,
        group.pre_payment,
        group.over_limit,
        group.non_covered,
        liable,
        state.member_year(number, year),
        apart.visit,
        _own_account(state, member),
        plan,
        bits,
        year,
        facts.status - 1,
        facts.level - 1,
        facts.place,
        group.benefit,
        _rate_level(context, rules, facts, claim, member),
        by,
        apart.borne,
        apart.borne_at,
        apart.cost,
        apart.disease,
        apart.month,
        apart.day,
        rules.deductible_at,
        rules.paid_at,
        case.payer.relation,
        case.payer.reason,
        apart.paid,
        state.accounts.slot(state.members.numbers[claim.payer]) if case.payer.relation else -1,
    )


def _counted(case: _Case, group: Group, by: int) -> Counted:
    """Return what says where one part of a claim counts."""
    claim, parties, facts = case.claim, case.parties, case.facts
    institutions = case.context.state.institutions.numbers
    visit = Visit(
        by,
        claim.visit,
        claim.request_id,
        institutions[claim.institution],
        institutions[parties.treating.id],
        claim.service_date,
    )
    return Counted(
        visit,
        case.context.state.members.numbers[parties.member.id],
        year_of(claim.service_date),
        claim.service_date,
        claim.disease,
        institutions[treating(parties).id],
        facts.level - 1,
        facts.status - 1,
        group.benefit,
    )


def _own_account(state: State, member: Member) -> int:
    """Return the slot of a member's own account, -1 if there is none, or it was closed."""
    if member.mode != Mode.COMBINED or _is_closed(state, member.id):
        return -1
    return state.accounts.slot(state.members.numbers[member.id])


def _is_closed(state: State, member: str) -> bool:
    return bool(state.accounts.read(state.members.numbers[member]).closed_by)


def _refusal(context: Context, claim: Claim, rows: Sequence[tuple[int, ...]]) -> Refused | None:
    """Return the refusal of a claim of several parts, by the first reason among them.

    A claim is atomic: so this is asked before any part is settled. It depends on facts alone.
    """
    found = []
    for row in rows:
        of = dict(zip(layout.ROW.names or (), row, strict=True))
        plan = context.state.plans.plans[of["plan"]]
        for line in plan.exclusions:
            if line.reason < EXCLUSION_FIRST and line.applies(of["facts"], of["level"]):
                found.append((line.reason, of["plan"], line.citation, of["facts"], of["level"]))
                break
    if not found:
        return None
    reason, plan_number, citation, facts, level = min(found, key=lambda each: each[0])
    return refusal(context, claim.disease, RefusedRow(plan_number, reason, citation, facts, level))


class RefusedRow(NamedTuple):
    """A row that the rules refuse."""

    plan: int
    """Number of the plan that decided."""
    reason: int
    citation: int
    """A position in the plan's citations."""
    facts: int
    level: int
    """From 0."""


def refusal(context: Context, code: str, row: RefusedRow) -> Refused:
    """Return a refusal with the clause and the missing figure that decided.

    Args:
        context: of the ledger.
        code: of the claim's disease or procedure, by which a missing figure may go.
        row: what was refused.
    """
    said = context.refusals.get((code, row))
    if said is None:
        if len(context.refusals) >= _REFUSALS_KEPT:
            context.refusals.clear()
        said = context.refusals[code, row] = _words(context, code, row)
    return said


def _words(context: Context, code: str, row: RefusedRow) -> Refused:
    plan = context.state.plans.plans[row.plan]
    reason, citation, facts, level = Reason(row.reason), row.citation, row.facts, row.level
    figure = ""
    for line in plan.exclusions:
        if line.applies(facts, level) and line.reason == reason and line.citation == citation:
            figure = line.figure.replace(ANY_CODE, f".{code}" if code else "")
            break
    clauses = plan.citations[citation].clauses
    return Refused(
        reason,
        message="；".join(clause.text for clause in clauses if clause.text),
        figure=figure,
        plan_digest=context.digest(row.plan),
        citation=citation,
    )


def _rate_level(
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


def invalid(claim: Claim) -> Refused | None:
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
    for n, line in enumerate(claim.lines):
        if problem := invalid_line(line):
            return _refuse_claim(_line_detail(line), f"lines[{n}]: {problem}")
    added_fen = sum(parts.values()) - claim.total_fen + sum(n.amount_fen for n in claim.lines)
    if added_fen != claim.total_fen:
        return _refuse_claim(
            Detail.PARTS_DO_NOT_ADD_UP,
            f"the parts add up to {added_fen} fen, the total says {claim.total_fen}",
        )
    if claim.until_date < claim.service_date:
        return _refuse_claim(Detail.DATES_REVERSED, "the last service date is before the first")
    return None


def _line_detail(line: BillLine) -> Detail:
    if line.amount_fen > AMOUNT_MAX_FEN:
        return Detail.AMOUNT_TOO_LARGE
    negative = min(line.amount_fen, line.over_limit_fen) < 0
    return Detail.NEGATIVE_AMOUNT if negative else Detail.PARTS_DO_NOT_ADD_UP


def _refuse_claim(detail: Detail, message: str) -> Refused:
    return Refused(Reason.INVALID_CLAIM, detail, message)


def _parties(context: Context, claim: Claim, member: Member) -> Parties | Refused:
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
