"""From the wire to a receipt: a settlement with its plans, or an explanation."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from clients.receipt import COUNTERS, Counter, FigureUsed, Ground, Receipt, Share
from clients.wire import amounts_of
from engine.domain.codes import Benefit
from engine.domain.layout import CUTS
from engine.domain.money import BP, format_yuan
from engine.domain.reasons import Reason
from gongji.v1 import policy_pb2, settlement_pb2, settlement_service_pb2

Plans = Callable[[bytes], policy_pb2.Plan]
"""Returns a plan by its digest."""

Decided = settlement_pb2.Settlement | settlement_pb2.SettledGroup
"""What one plan decided: a settlement, or one of its parts by benefit."""

_PARTS: Final = {
    "pre_payment": "bill",
    "first_pay": "bill",
    "excluded": "bill",
    "in_scope": "bill",
    "deductible": "basis",
    "copay": "basis",
    **dict.fromkeys(CUTS, "basis"),
    "pooled_fund": "basis",
    "large_amount_fund": "payers",
    "institution_share": "payers",
    "account": "payers",
    "family_account": "payers",
}
"""The parts that clauses decide, by the message of a settlement that holds them."""

_PAID: Final = {Benefit.ORDINARY: "ordinary_paid", Benefit.CHRONIC: "chronic_paid"}


def receipt_of_settlement(
    settlement: settlement_pb2.Settlement, plans: Plans, *, undone_by: int = 0
) -> Receipt:
    """Return the receipt of a settlement, its citations read in the clause tables of its plans."""
    used: dict[str, policy_pb2.FigureUsed] = {}

    def grounds(decided: Decided) -> Mapping[str, tuple[Ground, ...]]:
        plan = plans(decided.plan_digest)
        used.update({figure.name: figure for figure in plan.figures})
        numbers = {document.key: document.number or document.title for document in plan.documents}
        return {
            name: grounds_of(
                (
                    clause
                    for position in part.citations
                    if 0 < position < len(plan.citations)
                    for clause in plan.citations[position].clauses
                ),
                numbers,
            )
            for name, part in _parts(decided).items()
        }

    shares = [_share(part, grounds(part), plans) for part in settlement.groups or [settlement]]
    figures = [used[name] for name in settlement.figures if name in used]
    return _receipt(settlement, shares, plans, figures, undone_by)


def receipt_of_explanation(
    explanation: settlement_service_pb2.Explanation, plans: Plans
) -> Receipt:
    """Return the receipt of a settlement that was explained."""
    settlement = explanation.found.settlement
    numbers = {d.key: d.number or d.title for d in explanation.documents}

    def grounds(decided: Decided) -> Mapping[str, tuple[Ground, ...]]:
        return {
            name: grounds_of(
                (clause for citation in part.citations for clause in citation.clauses), numbers
            )
            for part in explanation.parts
            for whole, _, name in [part.path.partition(".")]
            if part.benefit == decided.benefit and _PARTS.get(name) == whole
        }

    shares = [_share(part, grounds(part), plans) for part in settlement.groups or [settlement]]
    undone = explanation.found.undone_by
    return _receipt(settlement, shares, plans, explanation.figures, undone)


def _share(decided: Decided, grounds: Mapping[str, tuple[Ground, ...]], plans: Plans) -> Share:
    plan = plans(decided.plan_digest)
    # A package that was not settled as one, because nothing of it is paid, cites no price.
    is_package = plan.HasField("standard_price") and bool(grounds.get("institution_share"))
    return Share(
        benefit=decided.benefit,
        amounts=amounts_of(decided),
        grounds={name: found for name, found in grounds.items() if found},
        counters=tuple(_counters(decided, plan)),
        reason=Reason(decided.reason),
        standard_price=plan.standard_price.amount_fen if is_package else None,
    )


def _receipt(
    settlement: settlement_pb2.Settlement,
    shares: list[Share],
    plans: Plans,
    figures: Iterable[policy_pb2.FigureUsed],
    undone_by: int,
) -> Receipt:
    whole = shares[0] if len(shares) == 1 else None
    return Receipt(
        title=plans(settlement.plan_digest).city_name,
        settlement_id=settlement.settlement_id,
        institution=settlement.institution_id,
        request_id=settlement.request_id,
        member=settlement.member_id,
        service_date=settlement.service_date,
        benefit=settlement.benefit,
        requested_benefit=settlement.requested_benefit,
        amounts=amounts_of(settlement),
        grounds=whole.grounds if whole else {},
        counters=whole.counters if whole else _merged(shares),
        figures=tuple(
            FigureUsed(figure.name, figure_value(figure.name, figure.value), figure.source)
            for figure in figures
        ),
        reason=Reason(settlement.reason),
        preview=settlement.settlement_id == 0,
        replayed=settlement.replayed,
        undone_by=undone_by,
        prescription=settlement.prescription_id,
        payer=settlement.payer_member_id,
        family_reason=Reason(settlement.family_reason),
        disease=settlement.disease_code,
        standard_price=whole.standard_price if whole else None,
        groups=() if whole else tuple(shares),
    )


def _parts(decided: Decided) -> dict[str, settlement_pb2.Part]:
    return {name: getattr(getattr(decided, whole), name) for name, whole in _PARTS.items()}


def _merged(shares: Iterable[Share]) -> tuple[Counter, ...]:
    """Return the counters of a claim: before its first part and after its last that counts so."""
    merged: dict[str, Counter] = {}
    for share in shares:
        for counter in share.counters:
            before = merged.get(counter.name, counter).before
            merged[counter.name] = counter._replace(before=before)
    return tuple(merged[name] for name in COUNTERS if name in merged)


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


def _counters(decided: Decided, plan: policy_pb2.Plan) -> Iterable[Counter]:
    """Yield the counters that a reader would ask for: moved ones, and those of the year.

    What a benefit counts apart from the others has the name of an opening's column.
    """
    own = plan.deductible_kind == policy_pb2.DEDUCTIBLE_KIND_OWN
    fields = {
        "deductible": "" if own else "deductible",
        "special_deductible": "deductible" if own else "",
        **{name: "paid" if int(decided.benefit) == of else "" for of, name in _PAID.items()},
    }
    for name in COUNTERS:
        if field := fields.get(name, name):
            fen = getattr(decided.before, f"{field}_fen"), getattr(decided.after, f"{field}_fen")
            if any(fen):
                yield Counter(name, *fen)


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
