"""Monthly credits of accounts: one member, or a city step by step.

What was posted for the month before counts, and differences alone are posted: so a month can be
credited again at any time, after a kill or after a change of the registers. What was credited too
much is taken back as far as the balance goes; an account never falls below zero.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from engine.domain.account import CreditPart
from engine.domain.claim import check_id
from engine.domain.dates import to_date
from engine.domain.layout import MOVEMENT, Array
from engine.domain.movement import (
    Act,
    CreditedMember,
    CreditedStep,
    CreditMember,
    CreditStep,
    MovementKind,
    PartPosted,
    ReasonTotal,
    RuleTotal,
)
from engine.domain.reasons import Reason
from engine.domain.register import Member
from engine.domain.request import Refused
from engine.errors import InvalidInput
from engine.ledger.chain import movements_of
from engine.ledger.context import Context
from engine.ledger.decided import cited, words
from engine.ledger.payment import no_account
from engine.ledger.refusals import member_unknown
from engine.rules.account import Credit, contribution_of, credit, credited
from engine.rules.account_columns import CreditColumns, CreditedColumns, credit_columns
from engine.rules.account_plan import AccountPlan
from engine.state.registers import check_area

STEP_MAX = 100_000
"""Most members of the register that one step looks at."""

_PARTS = len(CreditPart)


# --- one member --------------------------------------------------------------------------


def credit_member(context: Context, request: CreditMember) -> CreditedMember | Refused:
    """Credit one member for a month."""
    check_id("member", request.member)
    day = _first_day(request.month)
    state = context.state
    member = state.members.find(request.member)
    if member is None:
        return member_unknown()
    number = state.members.numbers[member.id]
    plan = context.book.account_on(member.city, day)
    found = credit(plan, request.month, credited(member, day))
    if plan is None or found.reason != Reason.NONE:
        return _not_credited(plan, found, day)
    account = state.accounts.read(number)
    if account.closed_by:
        return no_account(account)
    due, rules = np.zeros((1, _PARTS), np.int64), np.full((1, _PARTS), -1, np.int16)
    for part in found.parts:
        due[0, part.part - 1], rules[0, part.part - 1] = part.fen, part.rule
    before = np.zeros((1, _PARTS), np.int64)
    for other in movements_of(context, number):
        if other.act.kind == MovementKind.CREDIT and other.act.month == request.month:
            before[0] += other.record["part_fen"]
    difference, short = _within_balance(due - before, np.array([account.balance_fen]))
    moves = _Moves(np.array([number]), difference, rules)
    position = _post(context, plan, member.city, request.month, moves)
    return CreditedMember(
        member=member.id,
        month=request.month,
        fen=found.fen,
        moved_fen=int(difference.sum()),
        short_fen=int(short.sum()),
        balance_fen=state.accounts.read(number).balance_fen,
        position=position,
        parts=tuple(
            PartPosted(part.part, part.fen, cited(plan, (part.citation,))) for part in found.parts
        ),
    )


def _not_credited(plan: AccountPlan | None, found: Credit, day: int) -> Refused:
    message = f"no document says a credit for the month of {to_date(day)}"
    if plan is not None and found.citation:
        message = words(cited(plan, (found.citation,)))
    if found.missing:
        message = f"the register does not say the member's {found.missing}; {message}"
    return Refused(found.reason, message=message, figure=found.figure)


def _first_day(month: int) -> int:
    """Return the first day of a month YYYYMM.

    Raises:
        InvalidInput: there is no such month.
    """
    day = month * 100 + 1
    try:
        to_date(day)
    except ValueError:
        raise InvalidInput("month", f"expected a month such as 202406, found {month}") from None
    return day


# --- a step of a run ---------------------------------------------------------------------


def credit_step(context: Context, request: CreditStep) -> CreditedStep | Refused:
    """Credit the members of a city among the next ones of the register."""
    check_area("city", request.city)
    day = _first_day(request.month)
    if request.first < 0:
        raise InvalidInput("first", f"expected a number from 0, found {request.first}")
    if not 0 < request.at_most <= STEP_MAX:
        problem = f"expected a number from 1 to {STEP_MAX}, found {request.at_most}"
        raise InvalidInput("at_most", problem)
    if request.city not in context.book.cities:
        raise InvalidInput("city", f"there are no rules of {request.city}")
    plan = context.book.account_on(request.city, day)
    if plan is None or not plan.credits:
        message = f"no document of {request.city} says a credit for {to_date(day)}"
        return Refused(Reason.NO_RULE, message=message)
    state = context.state
    items = state.members.items
    last = max(request.first, min(request.first + request.at_most, len(items)))
    numbers = np.array(
        [n for n in range(request.first, last) if items[n].city == request.city], dtype=np.int64
    )
    members = [items[n] for n in numbers.tolist()]
    found = credit_columns(plan, request.month, _columns(members, day))
    slots = state.accounts.slots(numbers)
    closed = state.accounts.closed_by.values[slots] > 0
    settled = (found.reason == Reason.NONE) & ~closed
    before = _before(context, request, numbers)
    wanted = np.where(settled[:, None], found.part_fen - before, 0)
    balances = state.accounts.balances.values[slots]
    difference, short = _within_balance(wanted, balances)
    posted = difference.any(axis=1)
    if posted.any() and not request.dry_run:
        moves = _Moves(numbers[posted], difference[posted], found.rule[posted])
        _post(context, plan, request.city, request.month, moves)
    moved_fen = difference.sum(axis=1)
    return CreditedStep(
        next=last,
        registered=len(items),
        members=len(members),
        credit_fen=int(found.fen[settled].sum()),
        before_fen=int(before[settled].sum()),
        posted=int(posted.sum()),
        posted_fen=int(moved_fen.sum()),
        taken_back_fen=-int(moved_fen[moved_fen < 0].sum()),
        short_fen=int(short.sum()),
        without_account=int((settled & ~(found.rule >= 0).any(axis=1)).sum()),
        rules=_rule_totals(plan, found, settled),
        reasons=tuple(_reason_totals(plan, request.month, members, found, closed)),
        dry_run=request.dry_run,
    )


def _columns(members: Sequence[Member], day: int) -> CreditedColumns:
    """Return members as columns, as `credited` has them one by one."""
    contributions = [contribution_of(member, day) for member in members]

    def column(values: Iterator[int]) -> Array:
        return np.fromiter(values, np.int64, len(members))

    return CreditedColumns(
        status=column(m.status_on(day) for m in members),
        born_on=column(m.born_on for m in members),
        mode=column(m.mode for m in members),
        employment=column(m.employment for m in members),
        base_fen=column(base for base, _ in contributions),
        own_contribution_fen=column(own for _, own in contributions),
        months_combined=column(m.months_combined for m in members),
        months_pooled_only=column(m.months_pooled_only for m in members),
        still_paying=column(any(day in days for days in m.still_paying) for m in members),
    )


def _before(context: Context, request: CreditStep, numbers: Array) -> Array:
    """Return what was posted for the month before, by member and part, in fen."""
    before = np.zeros((len(numbers), _PARTS), dtype=np.int64)
    if not len(numbers):
        return before
    lowest, highest = int(numbers[0]), int(numbers[-1])
    row_of = np.full(highest - lowest + 1, -1, dtype=np.int64)
    row_of[numbers - lowest] = np.arange(len(numbers))
    for movements in context.credited(request.city, request.month, lowest, highest):
        here = movements["member"].astype(np.int64) - lowest
        inside = (here >= 0) & (here <= highest - lowest)
        rows = row_of[here[inside]]
        known = rows >= 0
        before[rows[known]] += movements["part_fen"][inside][known]
    return before


def _within_balance(wanted: Array, balances: Array) -> tuple[Array, Array]:
    """Return what can be moved, by member and part, and what cannot be taken back, by member."""
    short = np.maximum(0, -(balances + wanted.sum(axis=1)))
    left, moved = short.copy(), wanted.copy()
    for part in range(wanted.shape[1]):
        less = np.minimum(left, np.maximum(0, -moved[:, part]))
        moved[:, part] += less
        left -= less
    return moved, short


class _Moves(NamedTuple):
    """What is posted, a row a member."""

    numbers: Array
    part_fen: Array
    rule: Array


def _post(context: Context, plan: AccountPlan, city: str, month: int, moves: _Moves) -> int:
    """Post differences; return the position of the first movement, 0 if there is none."""
    if not moves.part_fen.any():
        return 0
    movements = np.zeros(len(moves.numbers), dtype=MOVEMENT)
    movements["member"] = moves.numbers
    movements["fen"] = moves.part_fen.sum(axis=1)
    movements["part_fen"] = moves.part_fen
    movements["rule"] = moves.rule
    number = context.account_plan_number(plan)
    act = Act(MovementKind.CREDIT, plan=number, city=city, month=month)
    return context.move(movements, act)


# --- the report --------------------------------------------------------------------------


def _rule_totals(plan: AccountPlan, found: CreditColumns, settled: Array) -> tuple[RuleTotal, ...]:
    """Return what each rule gives, whoever posted it and when."""
    totals = []
    for number, rule in enumerate(plan.credits):
        here = settled & (found.rule[:, rule.part - 1] == number)
        if here.any():
            fen = int(found.part_fen[here, rule.part - 1].sum())
            clauses = cited(plan, (rule.citation,))
            totals.append(RuleTotal(rule.part, number, int(here.sum()), fen, clauses))
    return tuple(totals)


def _reason_totals(
    plan: AccountPlan,
    month: int,
    members: Sequence[Member],
    found: CreditColumns,
    closed: Array,
) -> Iterator[ReasonTotal]:
    """Yield why members have no credit, by what is missing."""
    found_for: dict[tuple[Reason, str], list[str]] = {}
    for row in np.flatnonzero((found.reason != Reason.NONE) & ~closed).tolist():
        member = members[row]
        why = credit(plan, month, credited(member, month * 100 + 1))
        found_for.setdefault((why.reason, why.missing or why.figure), []).append(member.id)
    gone = [members[row].id for row in np.flatnonzero(closed).tolist()]
    if gone:
        found_for[Reason.NO_ACCOUNT, ""] = gone
    for (reason, missing), ids in sorted(found_for.items()):
        yield ReasonTotal(reason, len(ids), missing, ids[0])
