"""Plans, versions and operator figures on the wire."""

from collections.abc import Iterable, Sequence
from typing import Final

from engine.domain.account import Relation
from engine.domain.codes import BENEFIT_FACTS, Benefit, Fact, Paper
from engine.domain.dates import to_date
from engine.domain.reasons import EXCLUSION_FIRST
from engine.errors import InvalidInput
from engine.rules.book import Missing, PlanBook
from engine.rules.model import CityRules, Document
from engine.rules.plan import (
    ALL_LEVELS,
    LEVELS,
    NO_CAP,
    PLACES,
    STATUSES,
    Citation,
    ClauseRef,
    Exclusion,
    FigureUsed,
    RulePlan,
)
from engine.rules.readings import documents_of
from gongji.v1 import codes_pb2, policy_pb2, policy_service_pb2
from server.codec import number

_FACT_BITS: Final = [(int(fact), fact.value.bit_length()) for fact in Fact]


def encode_clause(clause: ClauseRef) -> policy_pb2.Clause:
    """Return a clause."""
    return policy_pb2.Clause(
        document=clause.document,
        clause=clause.clause,
        stated=clause.stated,
        reading=clause.reading,
        text=clause.text,
    )


def encode_citation(citation: Citation) -> policy_pb2.Citation:
    """Return a citation."""
    return policy_pb2.Citation(
        clauses=[encode_clause(clause) for clause in citation.clauses], figures=citation.figures
    )


def encode_document(document: Document) -> policy_pb2.Document:
    """Return a document."""
    return policy_pb2.Document(
        key=document.key,
        title=document.title,
        number=document.number,
        issuer=document.issuer,
        issued_date=document.issued,
        first_day=0 if document.starts else document.days.first_day,
        last_day=document.days.last_day,
        clause=encode_clause(document.clause),
    )


def encode_figure(figure: FigureUsed) -> policy_pb2.FigureUsed:
    """Return an operator figure as it entered a plan."""
    return policy_pb2.FigureUsed(name=figure.name, value=figure.value, source=figure.source)


def encode_plan(plan: RulePlan, city: CityRules | None) -> policy_pb2.Plan:
    """Return a plan with its citation table and the documents of its clauses."""
    cited = {clause.document for citation in plan.citations for clause in citation.clauses}
    documents = () if city is None else documents_of(city, plan)
    return policy_pb2.Plan(
        digest=plan.digest(),
        city=plan.city,
        city_name=plan.name,
        first_day=plan.first_day,
        last_day=plan.last_day,
        deductible_kind=number(plan.deductible_kind),
        tariffs=[
            _tariff(plan, level, status) for level in range(LEVELS) for status in range(STATUSES)
        ],
        first_payments=_rates(plan.first_pay_bp, plan.first_pay_cite),
        exclusions=[_exclusion(line) for line in plan.exclusions],
        rounding_citation=plan.rounding_cite,
        citations=[encode_citation(citation) for citation in plan.citations],
        figures=[encode_figure(figure) for figure in plan.figures],
        documents=[encode_document(document) for document in documents if document.key in cited],
        canonical_json=plan.to_json(),
        pooled_cap=_pooled_cap(plan),
        second_payment=_second_payment(plan),
        account_citation=plan.account_cite,
        annual_cap_on_cost=bool(plan.annual_cap_on_cost),
        first_pay_last=bool(plan.first_pay_last),
        rate_of_selected=bool(plan.rate_of_selected),
        second_copay_only=bool(plan.second_copay_only),
        visit_by=number(plan.visit_by),
        prescription_apart=bool(plan.prescription_apart),
        benefit=number(plan.benefit),
        given_levels=[number(level + 1) for level in range(LEVELS) if plan.gives(level)],
        kinds=[number(kind) for kind in plan.kinds],
        first_age=plan.ages[0],
        last_age=plan.ages[1],
        code=plan.code,
        disease_cap=_by_code(plan.disease_cap_fen, plan.disease_cap_cite),
        standard_price=_by_code(plan.standard_price_fen, plan.standard_price_cite),
        general_fee_citation=plan.general_fee_cite,
        papers=[number(n) for n, paper in enumerate(Paper, 1) if plan.papers & paper],
        papers_citation=plan.papers_cite,
        family_medical=_family(plan.family_medical, plan.family_medical_cite),
        family_goods=_family(plan.family_goods, plan.family_goods_cite),
    )


def _family(relations: int, citation: int) -> policy_pb2.FamilyUse | None:
    if not relations:
        return None
    named = [number(relation) for relation in Relation if relations >> relation & 1]
    return policy_pb2.FamilyUse(relations=named, citation=citation)


def _by_code(amount_fen: int, citation: int) -> policy_pb2.CodeAmount | None:
    if amount_fen == NO_CAP:
        return None
    return policy_pb2.CodeAmount(amount_fen=amount_fen, citation=citation)


def _pooled_cap(plan: RulePlan) -> policy_pb2.PooledCap | None:
    if not plan.pooled_counts:
        return None
    return policy_pb2.PooledCap(cap_fen=_cap(plan.pooled_cap_fen), citation=plan.pooled_cap_cite)


def _second_payment(plan: RulePlan) -> policy_pb2.SecondPayment | None:
    if not plan.burden_counts:
        return None
    return policy_pb2.SecondPayment(
        threshold_fen=plan.second_threshold_fen,
        rate_bp=plan.second_rate_bp,
        cap_fen=_cap(plan.second_cap_fen),
        citation=plan.second_cite,
    )


def _facts(bits: int) -> list[codes_pb2.Fact]:
    return [number(position) for bit, position in _FACT_BITS if bits & bit]


def _tariff(plan: RulePlan, level: int, status: int) -> policy_pb2.Tariff:
    group = plan.by_status(level, status)
    start = plan.at(level, status, 0)
    return policy_pb2.Tariff(
        level=number(level + 1),
        status=number(status + 1),
        deductible_fen=plan.deductible_fen[group],
        deductible_citation=plan.deductible_cite[group],
        visit_cap_fen=_cap(plan.visit_cap_fen[group]),
        visit_cap_citation=plan.visit_cap_cite[group],
        annual_cap_fen=_cap(plan.annual_cap_fen[group]),
        annual_cap_citation=plan.annual_cap_cite[group],
        rates=_rates(plan.rate_bp[start : start + PLACES], plan.rate_cite[start : start + PLACES]),
        day_cap_fen=_cap(plan.day_cap_fen[group]),
        day_cap_citation=plan.day_cap_cite[group],
        month_cap_fen=_cap(plan.month_cap_fen[group]),
        month_cap_citation=plan.month_cap_cite[group],
        brackets=[
            policy_pb2.BracketRates(
                above_fen=bracket.above_fen,
                rates=_rates(
                    bracket.rate_bp[start : start + PLACES],
                    bracket.rate_cite[start : start + PLACES],
                ),
            )
            for bracket in plan.brackets
        ],
    )


def _cap(amount_fen: int) -> int | None:
    return None if amount_fen == NO_CAP else amount_fen


def _rates(rates: Sequence[int], citations: Sequence[int]) -> list[policy_pb2.PlaceRate]:
    return [
        policy_pb2.PlaceRate(place=number(place), rate_bp=rate, citation=citation)
        for place, (rate, citation) in enumerate(zip(rates, citations, strict=True), start=1)
    ]


def _exclusion(line: Exclusion) -> policy_pb2.Exclusion:
    return policy_pb2.Exclusion(
        reason=number(line.reason),
        require=_facts(line.require),
        forbid=_facts(line.forbid),
        citation=line.citation,
        liable_only=line.liable_only,
        figure=line.figure,
        levels=[number(level + 1) for level in range(LEVELS) if line.levels >> level & 1],
    )


def refusing_line(plan: RulePlan, benefit: int) -> Exclusion | None:
    """Return the first of the lines that refuse every claim of a benefit for want of figures.

    None where there is a level at which no figure is missing: claims there are settled.

    Raises:
        InvalidInput: there is no such benefit.
    """
    if benefit not in BENEFIT_FACTS:
        known = f"expected 1 to {max(BENEFIT_FACTS)}"
        raise InvalidInput("benefit", f"{benefit} is not a benefit; {known}")
    facts = BENEFIT_FACTS[Benefit(benefit)]
    lines = [
        line
        for line in plan.exclusions
        if line.figure and line.reason < EXCLUSION_FIRST
        if facts & line.require == line.require and not facts & line.forbid
    ]
    levels = 0
    for line in lines:
        levels |= line.levels
    return lines[0] if levels == ALL_LEVELS else None


def check_day(path: str, day: int) -> None:
    """Check a date.

    Raises:
        InvalidInput: there is no such day.
    """
    try:
        to_date(day)
    except ValueError as error:
        raise InvalidInput(path, str(error)) from None


def encode_city(city: CityRules, plans: Iterable[RulePlan]) -> policy_service_pb2.CityPolicies:
    """Return a city with its documents and versions."""
    return policy_service_pb2.CityPolicies(
        area=city.area,
        name=city.name,
        pinyin=city.pinyin,
        documents=[encode_document(document) for document in city.documents],
        versions=[
            policy_service_pb2.PolicyVersion(
                first_day=plan.first_day,
                last_day=plan.last_day,
                plan_digest=plan.digest(),
                figures=[figure.name for figure in plan.figures],
            )
            for plan in plans
        ],
    )


def list_plans(book: PlanBook, city: str, day: int, benefit: int) -> policy_service_pb2.Plans:
    """Return the plans of a city on a day, of one benefit or (0) of all; none: no rule.

    Raises:
        InvalidInput: there is no such city, or it has no rules for the benefit.
    """
    rules = book.city(city)
    if benefit and benefit not in rules.benefits:
        names = ", ".join(own.name.lower() for own in rules.benefits)
        raise InvalidInput("benefit", f"{rules.pinyin} has rules for {names} only")
    return policy_service_pb2.Plans(
        plans=[
            policy_service_pb2.ListedPlan(
                plan=encode_plan(plan, rules),
                figures=[
                    policy_service_pb2.CodeFigure(
                        name=figure.name,
                        code=figure.key,
                        amount_fen=figure.value,
                        source=figure.source,
                    )
                    for figure in book.figures_by_code(city, day, plan.benefit)
                ],
            )
            for plan in book.plans_on(city, day)
            if benefit in (0, plan.benefit)
        ]
    )


def encode_missing(city: str, missing: Missing) -> policy_service_pb2.MissingFigure:
    """Return a figure that nobody has supplied."""
    return policy_service_pb2.MissingFigure(
        city=city,
        figure=missing.figure,
        instead=missing.instead,
        first_day=missing.first_day,
        last_day=missing.last_day,
        effect=missing.effect,
        clause=encode_clause(missing.clause),
        suppliable=missing.known,
    )


def figures_to_toml(figures: Sequence[policy_service_pb2.Figure]) -> bytes:
    """Return figures as a supply file, so that one reader checks both forms.

    Raises:
        InvalidInput: a day is none.
    """
    lines = ["format = 1"]
    for index, figure in enumerate(figures):
        lines.append("[[figure]]")
        for name in ("city", "name", "value", "source"):
            lines.append(f"{name} = {_quote(getattr(figure, name))}")
        if figure.key:
            lines.append(f"key = {_quote(figure.key)}")
        for name in ("first_day", "last_day"):
            day: int = getattr(figure, name)
            check_day(f"figures[{index}].{name}", day)
            lines.append(f"{name} = {to_date(day).isoformat()}")
    return "\n".join(lines).encode()


def _quote(text: str) -> str:
    """Return a text as a TOML basic string."""
    escaped = "".join(
        f"\\u{ord(char):04X}" if char in '"\\' or ord(char) < 0x20 or ord(char) == 0x7F else char
        for char in text
    )
    return f'"{escaped}"'
