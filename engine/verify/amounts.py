"""Amounts of a settlement: settled again by the reference kernel, and held against the sums."""

from typing import Final

import numpy as np

from engine.domain.layout import (
    AMOUNTS,
    COUNTERS_PER_MEMBER_YEAR,
    CUTS,
    KEYED_SLOTS,
    RESULT,
    ROW,
    Array,
)
from engine.domain.reasons import EXCLUSION_FIRST
from engine.reference import settle
from engine.reference_accounts import pay_accounts
from engine.rules.plan import NO_CAP, RulePlan
from engine.verify.fold import Before, Fields, Record
from engine.verify.report import PAYERS, Kind, Report

RESULT_FIELDS: Final = tuple(RESULT.names or ())

UNFIT: Final = (ValueError, TypeError, IndexError, OverflowError)
"""What a row raises that cannot be settled, or a plan that is malformed."""

FUND_FIELDS: Final = (
    *(name for name in AMOUNTS if name not in ("account", "family_account", "cash")),
    "reason",
)
"""What must not depend on a settlement that was undone; account and cash do not count."""

_BASIS: Final = "deductible + copay + cuts + pooled_fund"

SUMS: Final = {
    "non_covered + over_limit + pre_payment + excluded + in_scope": (
        ("non_covered", "over_limit", "pre_payment", "excluded", "in_scope"),
        "total",
    ),
    _BASIS: (("deductible", "copay", *CUTS, "pooled_fund"), "in_scope"),
    "pooled_fund + large_amount_fund + institution_share + person": (
        ("pooled_fund", "large_amount_fund", "institution_share", "person"),
        "total",
    ),
    "funds + institution_share + accounts + cash": (PAYERS, "total"),
    "account + family_account + cash": (("account", "family_account", "cash"), "person"),
}
"""The identities of a settlement: what adds up to what. A package has no basis."""


class Resettler:
    """Settles one row at a time by the reference kernel, on a state that is handed in."""

    def __init__(self) -> None:
        self._row = np.zeros(1, dtype=ROW)
        self._result = np.zeros(1, dtype=RESULT)
        self._counters = np.zeros((1, COUNTERS_PER_MEMBER_YEAR), dtype=np.int64)
        self._visits = np.zeros(len(KEYED_SLOTS), dtype=np.int64)
        self._balances = np.zeros(2, dtype=np.int64)

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
                self._visits[slot] = before.keyed[name]
        self._counters[0] = before.line
        self._balances[:] = before.balance, before.family_balance
        if self._row["family"][0] >= 0:
            self._row["family"] = 1
        settle(self._row, [plan], self._counters, self._visits, self._result)
        pay_accounts(self._row, self._result, self._balances)
        return dict(zip(RESULT_FIELDS, self._result[0].item(), strict=True))


def check_result(record: Record, again: Fields, report: Report) -> None:
    """Hold every field of the stored result against the one settled again."""
    for name in RESULT_FIELDS:
        if record.result[name] != again[name]:
            _add(report, Kind.AMOUNT, record, name, again[name], record.result[name])


def check_sums(record: Record, report: Report) -> None:
    """Check the identities; they hold for the negated parts of an undo as well."""
    result = record.result
    package = result["cite_standard_price"] > 0
    for what, (parts, whole) in SUMS.items():
        added = sum(result[name] for name in parts)
        if added != result[whole] and not (package and what == _BASIS):
            _add(report, Kind.IDENTITY, record, f"{what} = {whole}", result[whole], added)
    if package:
        _check_package(record, report)


def _check_package(record: Record, report: Report) -> None:
    """Check that of what the caps cut from a package the person bears all, some or nothing.

    The rest the institution bears, out of what it would have kept.
    """
    result = record.result
    borne = result["person"] - sum(
        result[name] for name in ("excluded", "copay", "large_amount_fund")
    )
    low, high = sorted((0, sum(result[name] for name in CUTS)))
    if not low <= borne <= high:
        what = "person - excluded - copay - large_amount_fund"
        _add(report, Kind.IDENTITY, record, what, f"from {low} to {high}", borne)


def check_limits(record: Record, plan: RulePlan, report: Report) -> None:
    """Check that no part is negative, that it was not a refusal, and that no cap is exceeded."""
    result = record.result
    package = result["cite_standard_price"] > 0
    for name in AMOUNTS:
        if result[name] < 0 and not (package and name == "institution_share"):
            _add(report, Kind.AMOUNT, record, name, "not negative", result[name])
    if 0 < result["reason"] < EXCLUSION_FIRST:
        _add(report, Kind.AMOUNT, record, "reason", "no refusal", result["reason"])
    for name, paid in (("account", result["account"]), ("family", result["family_account"])):
        for limit in (result[f"{name}_before"], result[f"{name}_allowed"]):
            if paid > limit:
                what = "account" if name == "account" else "family_account"
                _add(report, Kind.CAP, record, what, limit, paid)
    fund, large = result["pooled_fund"], result["large_amount_fund"]
    caps = [
        ("pooled cap", plan.pooled_cap_fen, result["pooled_paid_before"], result["pooled_counted"]),
        ("large-amount cap", plan.second_cap_fen, result["large_amount_paid_before"], large),
    ]
    caps += [(f"{name} cap", *limit, fund) for name, limit in _limits(record, plan).items()]
    for what, cap, before, paid in caps:
        if cap != NO_CAP and paid > 0 and before + paid > cap:
            _add(report, Kind.CAP, record, what, f"at most {cap}", before + paid)


def _limits(record: Record, plan: RulePlan) -> dict[str, tuple[int, int]]:
    """Return cap and payments before, by what the cap is of, for those the claim counts to."""
    row, result = record.row, record.result
    group = plan.by_status(row["level"], row["status"])
    limits = {"annual": (plan.annual_cap_fen[group], result["paid_before"])}
    for name, cap_fen in (
        ("visit", plan.visit_cap_fen[group]),
        ("day", plan.day_cap_fen[group]),
        ("month", plan.month_cap_fen[group]),
        ("disease", plan.disease_cap_fen),
    ):
        if row[name] >= 0:
            limits[name] = cap_fen, result[f"{name}_paid_before"]
    return limits


def _add(
    report: Report, kind: Kind, record: Record, field: str, expected: object, found: object
) -> None:
    report.add(kind, record.sequence, record.position, field, expected, found)
