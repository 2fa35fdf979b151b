"""From the wire to a receipt: a settlement with its plan, or an explanation."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from clients.receipt import Counter, FigureUsed, Ground, Group, Receipt
from clients.wire import amounts_of
from engine.domain.codes import Benefit
from engine.domain.layout import CUTS
from engine.domain.money import BP, format_yuan
from engine.domain.reasons import Reason
from gongji.v1 import policy_pb2, settlement_pb2, settlement_service_pb2

_COUNTERS: Final = (
    "deductible",
    "paid",
    "visit_paid",
    "day_paid",
    "month_paid",
    "disease_paid",
    "pooled_paid",
    "compliant_burden",
    "large_amount_paid",
    "cost",
    "account_balance",
)
_PATHS: Final = (
    "bill.pre_payment",
    "bill.first_pay",
    "bill.excluded",
    "bill.in_scope",
    "basis.deductible",
    "basis.copay",
    *(f"basis.{cut}" for cut in CUTS),
    "basis.pooled_fund",
    "payers.large_amount_fund",
    "payers.institution_share",
    "payers.account",
)
"""The parts whose clauses a receipt cites."""

SHARED: Final = frozenset(
    {"pooled_paid", "compliant_burden", "large_amount_paid", "account_balance"}
)
"""Counters that all benefits share."""

Plans = Callable[[bytes], policy_pb2.Plan]
"""Fetches a plan by its digest."""
Sums = settlement_pb2.Settlement | settlement_pb2.SettledGroup
Grounds = dict[str, tuple[Ground, ...]]


def receipt_of_settlement(
    settlement: settlement_pb2.Settlement, plans: Plans, *, undone_by: int = 0
) -> Receipt:
    """Return the receipt of a settlement, its citations read in the clause tables of its plans."""
    plan = plans(settlement.plan_digest)
    groups = [
        _group(group, _grounds_in_plan(group, plans(group.plan_digest)))
        for group in settlement.groups
    ]
    decided = [plan, *(plans(group.plan_digest) for group in settlement.groups)]
    figures = {
        figure.name: figure
        for each in decided
        for figure in each.figures
        if figure.name in settlement.figures
    }
    grounds = {} if groups else _grounds_in_plan(settlement, plan)
    return _receipt(settlement, grounds, plan.city_name, figures.values(), undone_by, groups)


def receipt_of_explanation(
    explanation: settlement_service_pb2.Explanation, title: str = ""
) -> Receipt:
    """Return the receipt of a settlement that was explained."""
    settlement = explanation.found.settlement
    numbers = {d.key: d.number or d.title for d in explanation.documents}
    by_benefit: dict[int, Grounds] = {}
    for part in explanation.parts:
        if part.path in _PATHS:
            clauses = (clause for citation in part.citations for clause in citation.clauses)
            of_benefit = by_benefit.setdefault(part.benefit, {})
            of_benefit[part.path.partition(".")[2]] = grounds_of(clauses, numbers)
    groups = [
        _group(group, _as_package(group, by_benefit.get(group.benefit, {})))
        for group in settlement.groups
    ]
    own = by_benefit.get(settlement.benefit, {})
    grounds = {} if groups else _as_package(settlement, own)
    undone = explanation.found.undone_by
    return _receipt(settlement, grounds, title, explanation.figures, undone, groups)


def _receipt(
    settlement: settlement_pb2.Settlement,
    grounds: Grounds,
    title: str,
    figures: Iterable[policy_pb2.FigureUsed],
    undone_by: int,
    groups: Iterable[Group],
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
        groups=tuple(groups),
        prescription=settlement.prescription_id,
    )


def _group(group: settlement_pb2.SettledGroup, grounds: Grounds) -> Group:
    own = (counter for counter in _counters(group) if counter.name not in SHARED)
    found = {name: clauses for name, clauses in grounds.items() if clauses}
    return Group(group.benefit, amounts_of(group), found, tuple(own))


def _grounds_in_plan(sums: Sums, plan: policy_pb2.Plan) -> Grounds:
    """Return the clauses of each part, from the plan's clause table."""
    numbers = {document.key: document.number or document.title for document in plan.documents}
    grounds = {}
    for path in _PATHS:
        whole, _, name = path.partition(".")
        part: settlement_pb2.Part = getattr(getattr(sums, whole), name)
        clauses = (
            clause
            for position in part.citations
            if 0 < position < len(plan.citations)
            for clause in plan.citations[position].clauses
        )
        grounds[name] = grounds_of(clauses, numbers)
    return _as_package(sums, grounds)


def _as_package(sums: Sums, grounds: Grounds) -> Grounds:
    """Name the clauses of a standard price, where that is what the institution's share rests on."""
    if Benefit(sums.benefit) == Benefit.DAY_SURGERY and grounds.get("institution_share"):
        return grounds | {"standard_price": grounds["institution_share"]}
    return grounds


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


def _counters(settlement: Sums) -> Iterable[Counter]:
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
