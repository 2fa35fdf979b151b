"""The credit of a month for many members at once: `engine.rules.account.credit` over columns.

The same integers, rule numbers and reasons as one member at a time; a test compares them on random
members. Why a member is refused in detail (the missing figure or field) is asked there.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.domain.account import CreditPart
from engine.domain.codes import Mode
from engine.domain.layout import Array
from engine.domain.money import bp_half_up, share_bp_half_up
from engine.domain.reasons import Reason
from engine.rules.account import ANY_AGE, credit_day, no_account_citation
from engine.rules.account_model import EITHER, CreditOf
from engine.rules.account_plan import AccountPlan, CreditRule

PARTS: Final = len(CreditPart)
NO_RULE_APPLIED: Final = -1

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CreditedColumns:
    """Members as the credit of a month sees them, one row a member; see `account.Credited`.

    Integer columns of any width, all of one length; `still_paying` holds truth values. 0 of a day,
    an amount or months: not known.
    """

    status: Array
    born_on: Array
    mode: Array
    employment: Array
    base_fen: Array
    own_contribution_fen: Array
    months_combined: Array
    months_pooled_only: Array
    still_paying: Array

    def __len__(self) -> int:
        return len(self.status)


@dataclass(frozen=True, slots=True)
class CreditColumns:
    """The credits of a month, one row a member."""

    fen: Array
    """int64; 0 where nothing is credited."""
    part_fen: Array
    """int64, a column for each `CreditPart`, in its order; they add up to `fen`."""
    rule: Array
    """int16, a column for each `CreditPart`: the rule that gave it, a position in
    `AccountPlan.credits`, or `NO_RULE_APPLIED`."""
    reason: Array
    """int16: `NONE` where the credit is determined, even if it is 0.00, else `NO_RULE`,
    `INVALID_CLAIM` or `NO_FIGURE`."""


def credit_columns(plan: AccountPlan | None, month: int, members: CreditedColumns) -> CreditColumns:
    """Return the credits of many members for a month.

    Args:
        plan: the rules of the first day of the month; None: no rule is in force.
        month: YYYYMM.
        members: what the credits depend on.

    Raises:
        ValueError: there is no such month, or the plan is of other days.
    """
    last_day = credit_day(plan, month)
    size = len(members)
    part_fen = np.zeros((size, PARTS), dtype=np.int64)
    number = np.full((size, PARTS), NO_RULE_APPLIED, dtype=np.int16)
    reason = np.full(size, Reason.NO_RULE, dtype=np.int16)
    if plan is None or not plan.credits:
        return CreditColumns(part_fen.sum(axis=1), part_fen, number, reason)
    without = _without_account(plan, members)
    invalid, unfigured = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
    # The running sum of amounts times rates of each member: parts are rounded as one payment.
    total = np.zeros(size, dtype=np.int64)
    for position, rule in enumerate(plan.credits):
        applies = _is_for(rule, members, last_day) & ~without
        reason[applies] = Reason.NONE
        missing = _missing(rule, members) & applies
        invalid |= missing
        unfigured |= applies & (not rule.given)
        number[applies, rule.part - 1] = position
        rows = np.flatnonzero(applies & ~missing)
        amount = _amount(rule, members, rows)
        if rule.prorated:
            months = members.months_combined[rows].astype(np.int64)
            whole = months + members.months_pooled_only[rows]
            fen = share_bp_half_up(amount, rule.rate_bp, months, whole)
        else:
            before = total[rows]
            after = before + amount * rule.rate_bp
            fen = bp_half_up(after) - bp_half_up(before)
            total[rows] = after
        part_fen[rows, rule.part - 1] = fen
    reason[unfigured] = Reason.NO_FIGURE
    reason[invalid] = Reason.INVALID_CLAIM
    reason[without] = Reason.NONE
    refused = reason != Reason.NONE
    part_fen[refused] = 0
    number[refused] = NO_RULE_APPLIED
    return CreditColumns(part_fen.sum(axis=1), part_fen, number, reason)


def _without_account(plan: AccountPlan, members: CreditedColumns) -> Mask:
    modes = [int(mode) for mode in Mode if no_account_citation(plan, mode)]
    return np.isin(members.mode, modes)


def _is_for(rule: CreditRule, members: CreditedColumns, last_day: int) -> Mask:
    """Return of which members a rule speaks; of an age that is not known, it might."""
    applies: Mask = _in(rule.statuses, members.status) & _in(rule.employments, members.employment)
    if rule.still_paying != EITHER:
        applies = applies & (members.still_paying.astype(np.bool_) == bool(rule.still_paying))
    if rule.alternating != EITHER:
        applies = applies & ((members.months_pooled_only > 0) == bool(rule.alternating))
    if rule.ages != ANY_AGE:
        first, last = rule.ages
        born_on = members.born_on.astype(np.int64)
        age = np.maximum(0, (last_day - born_on) // 10_000)
        applies = applies & ((born_on <= 0) | ((first <= age) & (age <= last)))
    return applies


def _missing(rule: CreditRule, members: CreditedColumns) -> Mask:
    """Return of which members something that a rule needs is not known."""
    missing: Mask = np.zeros(len(members), dtype=np.bool_)
    if rule.ages != ANY_AGE:
        missing = missing | (members.born_on <= 0)
    if rule.of == CreditOf.BASE:
        missing = missing | (members.base_fen <= 0)
    if rule.of == CreditOf.OWN_CONTRIBUTION:
        missing = missing | (members.own_contribution_fen <= 0)
    if rule.prorated:
        missing = missing | (members.months_combined <= 0)
    return missing


def _amount(rule: CreditRule, members: CreditedColumns, rows: Array) -> Array:
    """Return the amounts in fen that a rule gives its rate of, of some members."""
    if rule.of == CreditOf.BASE:
        return members.base_fen[rows].astype(np.int64)
    if rule.of == CreditOf.OWN_CONTRIBUTION:
        return members.own_contribution_fen[rows].astype(np.int64)
    return np.full(len(rows), rule.amount_fen, dtype=np.int64)


def _in(codes: int, column: Array) -> Mask:
    """Return which codes of a column are in a set of bits."""
    inside: Mask = (codes >> column.astype(np.int64)) & 1 == 1
    return inside
