"""Amounts of a settlement: settled again by the reference kernel, and held against the sums."""

from typing import Final

import numpy as np

from engine.domain.layout import (
    AMOUNTS,
    COUNTERS_PER_MEMBER_YEAR,
    KEYED_SLOTS,
    RESULT,
    ROW,
    Array,
)
from engine.domain.reasons import EXCLUSION_FIRST
from engine.reference import pay_accounts, settle
from engine.rules.plan import NO_CAP, RulePlan
from engine.verify.fold import Before, Fields, Record
from engine.verify.report import PAYERS, Kind, Report

RESULT_FIELDS: Final = tuple(RESULT.names or ())

FUND_FIELDS: Final = (
    *(name for name in AMOUNTS if name not in ("account", "family_account", "cash")),
    "reason",
)
"""What must not depend on a settlement that was undone; account and cash do not count."""

SUMS: Final = {
    "non_covered + over_limit + pre_payment + excluded + in_scope": (
        ("non_covered", "over_limit", "pre_payment", "excluded", "in_scope"),
        "total",
    ),
    "deductible + copay + cuts + pooled_fund": (
        (
            "deductible",
            "copay",
            "cut_visit",
            "cut_annual",
            "cut_disease",
            "cut_pooled",
            "pooled_fund",
        ),
        "in_scope",
    ),
    "pooled_fund + large_amount_fund + institution_share + person": (
        ("pooled_fund", "large_amount_fund", "institution_share", "person"),
        "total",
    ),
    "funds + institution_share + accounts + cash": (PAYERS, "total"),
    "account + family_account + cash": (("account", "family_account", "cash"), "person"),
}
"""The identities of a settlement: what adds up to what."""

_SENT: Final = ("in_scope", "pre_payment", "over_limit", "non_covered")


class Resettler:
    """Settles one row at a time by the reference kernel, on a state that is handed in."""

    def __init__(self) -> None:
        self._row = np.zeros(1, dtype=ROW)
        self._result = np.zeros(1, dtype=RESULT)
        self._counters = np.zeros((1, COUNTERS_PER_MEMBER_YEAR), dtype=np.int64)
        self._visits = np.zeros(3, dtype=np.int64)
        self._balances = np.zeros(1, dtype=np.int64)

    def settle(self, row: Array, plan: RulePlan, before: Before) -> Fields:
        """Return the result of a row under its plan.

        Args:
            row: one record of `ROW`, its slots 0 or -1 as in the journal.
            plan: the plan that the row names.
            before: the state it meets; it is not changed.

        Raises:
            ValueError: the row is not one that can be settled.
        """
        self._row[0] = row
        self._row["plan"] = 0
        for slot, name in enumerate(KEYED_SLOTS):
            if self._row[name][0] >= 0:
                self._row[name] = slot
        self._counters[0] = before.line
        self._visits[:] = before.visit_paid, before.borne, before.cost
        self._balances[0] = before.balance
        settle(self._row, [plan], self._counters, self._visits, self._result)
        pay_accounts(self._row, self._result, self._balances)
        return dict(zip(RESULT_FIELDS, self._result[0].item(), strict=True))


def check_sent(record: Record, report: Report) -> None:
    """Check that what was settled is what was sent, and that its parts add up."""
    claim, row = record.claim, record.row
    for name in (*_SENT, "liable"):
        if row[name] != claim[name]:
            _add(report, Kind.CLAIM, record, f"row.{name}", claim[name], row[name])
    added = sum(claim[name] for name in _SENT)
    if added != claim["total"]:
        _add(report, Kind.CLAIM, record, "claim.total", added, claim["total"])
    if record.result["total"] != claim["total"]:
        _add(report, Kind.CLAIM, record, "result.total", claim["total"], record.result["total"])


def check_result(record: Record, again: Fields, report: Report) -> None:
    """Hold every field of the stored result against the one settled again."""
    for name in RESULT_FIELDS:
        if record.result[name] != again[name]:
            _add(report, Kind.AMOUNT, record, name, again[name], record.result[name])


def check_sums(record: Record, report: Report) -> None:
    """Check the identities; they hold for the negated parts of an undo as well."""
    result = record.result
    for what, (parts, whole) in SUMS.items():
        added = sum(result[name] for name in parts)
        if added != result[whole]:
            _add(report, Kind.IDENTITY, record, f"{what} = {whole}", result[whole], added)


def check_limits(record: Record, plan: RulePlan, report: Report) -> None:
    """Check that no part is negative, that it was not a refusal, and that no cap is exceeded."""
    row, result = record.row, record.result
    for name in AMOUNTS:
        if result[name] < 0 and name != "institution_share":
            _add(report, Kind.AMOUNT, record, name, "not negative", result[name])
    if 0 < result["reason"] < EXCLUSION_FIRST:
        _add(report, Kind.AMOUNT, record, "reason", "no refusal", result["reason"])
    if result["account"] > result["account_before"]:
        _add(report, Kind.CAP, record, "account", result["account_before"], result["account"])
    if result["account"] > result["account_allowed"]:
        _add(report, Kind.CAP, record, "account", result["account_allowed"], result["account"])
    group = plan.by_status(row["level"], row["status"])
    fund, large = result["pooled_fund"], result["large_amount_fund"]
    caps = [
        ("annual cap", plan.annual_cap_fen[group], result["paid_before"], fund),
        ("pooled cap", plan.pooled_cap_fen, result["pooled_paid_before"], result["pooled_counted"]),
        ("large-amount cap", plan.second_cap_fen, result["large_amount_paid_before"], large),
    ]
    if row["visit"] >= 0:
        before = result["visit_paid_before"]
        caps.append(("visit cap", plan.visit_cap_fen[group], before, fund))
    for what, cap, before, paid in caps:
        if cap != NO_CAP and paid > 0 and before + paid > cap:
            _add(report, Kind.CAP, record, what, f"at most {cap}", before + paid)


def _add(
    report: Report, kind: Kind, record: Record, field: str, expected: object, found: object
) -> None:
    report.add(kind, record.sequence, record.position, field, expected, found)
