"""What the cases need of `gongji.v1` beside `clients.wire`: figures, outcomes, counters."""

from collections.abc import Iterable, Mapping

from cli.cases.outcome import SETTLED, Outcome
from clients.wire import amounts_of
from engine.domain.codes import Benefit
from engine.domain.money import BP, format_yuan
from engine.domain.reasons import Reason
from engine.domain.request import Counters, VisitPaid
from engine.rules.figures import Figure
from engine.rules.model import UNIT_RATE, CityRules
from gongji.v1 import policy_service_pb2, register_pb2, settlement_pb2


def figure_messages(
    figures: Iterable[Figure], cities: Mapping[str, CityRules]
) -> policy_service_pb2.Figures:
    """Return operator figures as a message, each value as its unit is written."""
    return policy_service_pb2.Figures(
        figures=[
            policy_service_pb2.Figure(
                city=figure.city,
                name=figure.name,
                key=figure.key,
                value=_value(figure, cities),
                source=figure.source,
                first_day=figure.first_day,
                last_day=figure.last_day,
            )
            for figure in figures
        ]
    )


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
        visits=tuple(VisitPaid(v.visit_id, v.institution_id, v.paid_fen) for v in message.visits),
        account_balance_fen=message.account_balance_fen,
        last_entry=message.last_entry_id,
    )


def _value(figure: Figure, cities: Mapping[str, CityRules]) -> str:
    spec = cities[figure.city].figure(figure.name)
    if spec is not None and spec.unit == UNIT_RATE:
        return f"{figure.value // BP}.{figure.value % BP:04}"
    return format_yuan(figure.value)
