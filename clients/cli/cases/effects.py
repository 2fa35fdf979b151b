"""What had an effect on one settlement: tables of the rule files, the citation, where to look.

A value counts only where it did something: a cap that cut, a rate with something left to share, a
consultation fee that its class would have kept out. See `clients.cli.cases.measure`.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from engine.domain.bill import BillLine, parts_of
from engine.domain.claim import Claim
from engine.domain.codes import Benefit
from engine.domain.layout import CUTS, FLAG_USE_ACCOUNT
from engine.domain.money import BP
from engine.reference import split_by_bracket
from engine.rules.plan import DEDUCTIBLE_NONE, Citation, RulePlan

_ANY: Final = Citation(())
"""No citation: the place alone finds the value."""


class Effect(NamedTuple):
    """What decided: the values of these tables that hold there, and cite no more than this."""

    tables: tuple[str, ...]
    citation: Citation
    where: tuple[int, ...]
    above: int = 0
    """The bracket of a rate, by the amount above which it holds."""


def effects(record: np.void, plan: RulePlan, claim: Claim) -> Iterator[Effect]:
    """Yield what had an effect on a settlement, or on one part of a claim of several benefits."""
    yield from _on_the_bill(record, plan, claim)
    yield from _on_the_basis(record, plan)
    yield from _of_caps(record, plan)
    result = record["result"]
    if result["large_amount_fund"]:
        yield Effect(("second_payment",), plan.citations[int(result["cite_large_amount"])], ())
    asked = int(record["claim"]["flags"]) & FLAG_USE_ACCOUNT
    if asked and result["cite_account"] and result["account_allowed"] < result["person"]:
        yield Effect(("account_limit",), plan.citations[int(result["cite_account"])], ())


def _on_the_bill(record: np.void, plan: RulePlan, claim: Claim) -> Iterator[Effect]:
    row, result = record["row"], record["result"]
    level, place = int(row["level"]), int(row["place"])
    if plan.benefit != Benefit.ORDINARY:
        yield Effect(("given",), _ANY, (level,))
    if plan.general_fee_in_scope and any(map(_fee_counts, claim.lines)):
        yield Effect(("general_fee",), plan.citations[plan.general_fee_cite], ())
    if plan.papers and claim.manual and claim.papers:
        yield Effect(("paper_claim",), plan.citations[plan.papers_cite], ())
    if result["in_scope"] + result["first_pay"] > 0:
        # A first payment of nothing is not cited, and holds all the same.
        yield Effect(("first_pay",), plan.citations[plan.first_pay_cite[place]], (place,))


def _fee_counts(line: BillLine) -> bool:
    """Return whether a line of a bill is in scope only because it is a general fee."""
    return parts_of(line, general_fee_in_scope=True) != parts_of(line, general_fee_in_scope=False)


def _on_the_basis(record: np.void, plan: RulePlan) -> Iterator[Effect]:
    row, result = record["row"], record["result"]
    level, status, place = int(row["level"]), int(row["status"]), int(row["place"])
    rate_level = int(row["rate_level"]) - 1 if row["rate_level"] else level
    if result["in_scope"] > 0 and (
        result["deductible"]
        or result["deductible_before"]
        or plan.deductible_kind == DEDUCTIBLE_NONE
    ):
        cited = plan.citations[int(result["cite_deductible"])]
        yield Effect(("deductible",), cited, (level, status))
    shared = int(result["copay"] + result["pooled_fund"]) + sum(int(result[cut]) for cut in CUTS)
    if shared <= 0:
        return
    rate_at = plan.at(rate_level, status, place)
    where = (rate_level, status, place)
    for above, rate_cite in _brackets_of(record, plan, rate_at):
        tables = ("rate", "rate_bonus", "rate_cut")
        yield Effect(tables, plan.citations[rate_cite], where, above)
    if result["cite_standard_price"]:
        yield Effect(("standard_price",), plan.citations[int(result["cite_standard_price"])], ())
        shared = plan.standard_price_fen
    if _is_rounded(int(result["cost_before"] + result["in_scope"]), shared, plan, rate_at):
        yield Effect(("rounding",), plan.citations[plan.rounding_cite], ())


def _brackets_of(record: np.void, plan: RulePlan, rate_at: int) -> Iterator[tuple[int, int]]:
    """Yield (amount above which it holds, citation) of each rate that the claim reached."""
    result = record["result"]
    rates = [(0, plan.rate_cite[rate_at])]
    rates += [(bracket.above_fen, bracket.rate_cite[rate_at]) for bracket in plan.brackets]
    cites = [cite for _, cite in rates]
    first = cites.index(int(result["cite_rate"])) if result["cite_rate"] else 0
    highest = int(result["cite_rate_above"])
    last = cites.index(highest, first) if highest else first
    yield from rates[first : last + 1]


def _is_rounded(cost_fen: int, shared_fen: int, plan: RulePlan, rate_at: int) -> bool:
    """Return whether the fund's share is no whole fen; `cost_fen` is the year's cost afterwards."""
    first = max(0, cost_fen - shared_fen)
    shares = split_by_bracket(plan, first, first + shared_fen, rate_at)
    return sum(fen * rate_bp for fen, rate_bp, _ in shares) % BP != 0


def _of_caps(record: np.void, plan: RulePlan) -> Iterator[Effect]:
    row, result = record["row"], record["result"]
    by_status = (int(row["level"]), int(row["status"]))
    for name in ("visit", "day", "month", "annual", "disease", "pooled"):
        # Beside the ordinary benefit, that a payment counts to the pooled cap is what is said.
        counted = name == "pooled" and plan.benefit != Benefit.ORDINARY and result["pooled_counted"]
        if result[f"cut_{name}"] or counted:
            where = () if name in ("disease", "pooled") else by_status
            yield Effect((f"{name}_cap",), plan.citations[int(result[f"cite_{name}_cap"])], where)
