"""What the cases need of `gongji.v1` beside `clients.wire`: outcomes and counters."""

from clients.cli.cases.outcome import SETTLED, Outcome
from clients.wire import amounts_of
from engine.domain.codes import Benefit
from engine.domain.reasons import Reason
from engine.domain.request import Counters, DeductibleAt, VisitPaid
from gongji.v1 import register_pb2, settlement_pb2


def outcome_of(settlement: settlement_pb2.Settlement) -> Outcome:
    """Return the outcome that a settlement stands for."""
    return Outcome(
        SETTLED,
        reason=Reason(settlement.reason).name if settlement.reason else "",
        benefit=Benefit(settlement.benefit).name.lower(),
        amounts=amounts_of(settlement),
        settlement_id=settlement.settlement_id,
    )


def counters_of(message: register_pb2.Counters) -> Counters:
    """Return the counters that a message holds."""
    return Counters(
        member=message.member_id,
        year=message.policy_year,
        deductible_fen=message.deductible_fen,
        deductible_met=message.deductible_met,
        ordinary_paid_fen=message.ordinary_paid_fen,
        deductible_at=tuple(
            DeductibleAt(at.institution_id, at.borne_fen) for at in message.deductible_at
        ),
        pooled_paid_fen=message.pooled_paid_fen,
        compliant_burden_fen=message.compliant_burden_fen,
        large_amount_paid_fen=message.large_amount_paid_fen,
        visits=tuple(VisitPaid(v.visit_id, v.institution_id, v.paid_fen) for v in message.visits),
        account_balance_fen=message.account_balance_fen,
        last_entry=message.last_entry_id,
        cost_fen=message.cost_fen,
        special_deductible_fen=message.special_deductible_fen,
        chronic_paid_fen=message.chronic_paid_fen,
        diseases=tuple((d.code, d.paid_fen) for d in message.diseases),
        months=tuple((m.span, m.paid_fen) for m in message.months),
        days=tuple((d.span, d.paid_fen) for d in message.days),
        benefit_deductible=tuple((b.benefit, b.amount_fen) for b in message.benefit_deductible),
        benefit_paid=tuple((b.benefit, b.amount_fen) for b in message.benefit_paid),
    )
