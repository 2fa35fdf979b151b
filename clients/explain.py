"""From the wire to a receipt: a settlement with its plan, or an explanation."""

from collections.abc import Iterable, Mapping
from typing import Final

from clients.receipt import Counter, FigureUsed, Ground, Receipt
from clients.wire import amounts_of
from engine.domain.money import BP, format_yuan
from engine.domain.reasons import Reason
from gongji.v1 import policy_pb2, settlement_pb2, settlement_service_pb2

_COUNTERS: Final = (
    "deductible",
    "ordinary_paid",
    "visit_paid",
    "pooled_paid",
    "compliant_burden",
    "large_amount_paid",
    "cost",
    "account_balance",
)
_PART_OF_PATH: Final = {
    "bill.pre_payment": "pre_payment",
    "bill.first_pay": "first_pay",
    "bill.excluded": "excluded",
    "bill.in_scope": "in_scope",
    "basis.deductible": "deductible",
    "basis.copay": "copay",
    "basis.cut_visit": "cut_visit",
    "basis.cut_annual": "cut_annual",
    "basis.cut_disease": "cut_disease",
    "basis.cut_pooled": "cut_pooled",
    "basis.pooled_fund": "pooled_fund",
    "payers.large_amount_fund": "large_amount_fund",
    "payers.account": "account",
}


def receipt_of_settlement(
    settlement: settlement_pb2.Settlement, plan: policy_pb2.Plan, *, undone_by: int = 0
) -> Receipt:
    """Return the receipt of a settlement, its citations read in the plan's clause table."""
    numbers = {document.key: document.number or document.title for document in plan.documents}
    parts = _parts(settlement)
    grounds = {
        name: grounds_of(
            (
                clause
                for position in part.citations
                if 0 < position < len(plan.citations)
                for clause in plan.citations[position].clauses
            ),
            numbers,
        )
        for name, part in parts.items()
    }
    used = [figure for figure in plan.figures if figure.name in settlement.figures]
    return _receipt(settlement, grounds, plan.city_name, used, undone_by)


def receipt_of_explanation(
    explanation: settlement_service_pb2.Explanation, title: str = ""
) -> Receipt:
    """Return the receipt of a settlement that was explained."""
    settlement = explanation.found.settlement
    numbers = {d.key: d.number or d.title for d in explanation.documents}
    grounds = {
        _PART_OF_PATH[part.path]: grounds_of(
            (clause for citation in part.citations for clause in citation.clauses), numbers
        )
        for part in explanation.parts
        if part.path in _PART_OF_PATH
    }
    undone = explanation.found.undone_by
    return _receipt(settlement, grounds, title, explanation.figures, undone)


def _receipt(
    settlement: settlement_pb2.Settlement,
    grounds: Mapping[str, tuple[Ground, ...]],
    title: str,
    figures: Iterable[policy_pb2.FigureUsed],
    undone_by: int,
) -> Receipt:
    return Receipt(
        title=title,
        settlement_id=settlement.settlement_id,
        institution=settlement.institution_id,
        request_id=settlement.request_id,
        member=settlement.member_id,
        service_date=settlement.service_date,
        benefit=settlement.benefit,
        requested_benefit=settlement.requested_benefit,
        amounts=amounts_of(settlement),
        grounds={name: found for name, found in grounds.items() if found},
        counters=tuple(_counters(settlement)),
        figures=tuple(
            FigureUsed(figure.name, figure_value(figure.name, figure.value), figure.source)
            for figure in figures
        ),
        reason=Reason(settlement.reason),
        preview=settlement.settlement_id == 0,
        replayed=settlement.replayed,
        undone_by=undone_by,
    )


def _parts(settlement: settlement_pb2.Settlement) -> dict[str, settlement_pb2.Part]:
    bill, basis = settlement.bill, settlement.basis
    return {
        "pre_payment": bill.pre_payment,
        "first_pay": bill.first_pay,
        "excluded": bill.excluded,
        "in_scope": bill.in_scope,
        "deductible": basis.deductible,
        "copay": basis.copay,
        "cut_visit": basis.cut_visit,
        "cut_annual": basis.cut_annual,
        "cut_disease": basis.cut_disease,
        "cut_pooled": basis.cut_pooled,
        "pooled_fund": basis.pooled_fund,
        "large_amount_fund": settlement.payers.large_amount_fund,
        "account": settlement.payers.account,
    }


def grounds_of(
    clauses: Iterable[policy_pb2.Clause], numbers: Mapping[str, str]
) -> tuple[Ground, ...]:
    """Return clauses as a receipt cites them, each once."""
    found = (
        Ground(
            numbers.get(clause.document, clause.document),
            clause.clause,
            clause.text,
            clause.stated,
            clause.reading,
        )
        for clause in clauses
    )
    return tuple(dict.fromkeys(found))


def _counters(settlement: settlement_pb2.Settlement) -> Iterable[Counter]:
    """Return the counters that a reader would ask for: moved ones, and those of the year."""
    for name in _COUNTERS:
        field = f"{name}_fen"
        before, after = getattr(settlement.before, field), getattr(settlement.after, field)
        if before or after:
            yield Counter(name, before, after)


def figure_value(name: str, value: int) -> str:
    """Return an operator figure as it is read: a rate in per cent, anything else in yuan.

    A switch is named for the use it opens, a reading that was chosen for itself.
    """
    if name.endswith("_use"):
        return "是" if value else "否"
    if name.startswith("reading."):
        return "采用"
    if not name.partition(".")[0].endswith("_rate"):
        return format_yuan(value)
    return f"{format_yuan(value * 100 * 100 // BP)}%"
