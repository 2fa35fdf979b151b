"""What a plan says in single lines: how it counts, what it caps, what it refuses."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from clients.cli.plan_notes import LEVELS, Notes, ground_of, percent
from clients.receipt import REASONS
from engine.domain.account import Relation
from engine.domain.codes import Benefit, Level, Paper
from engine.domain.money import format_yuan
from engine.domain.reasons import Reason
from gongji.v1 import codes_pb2, policy_pb2

DEDUCTIBLES: Final = {
    policy_pb2.DEDUCTIBLE_KIND_SHARED: "各机构合并累计，按本次就诊级别补足",
    policy_pb2.DEDUCTIBLE_KIND_INSTITUTION: "各机构分别累计",
    policy_pb2.DEDUCTIBLE_KIND_LEVEL: "各级别分别累计",
    policy_pb2.DEDUCTIBLE_KIND_COST: "按全年政策内费用累计",
    policy_pb2.DEDUCTIBLE_KIND_OWN: "此项待遇单独累计，按本次就诊级别补足",
    policy_pb2.DEDUCTIBLE_KIND_EACH: "每次就诊各付一次，不累计",
}
PAPERS: Final = {
    Paper.CREDENTIAL: "医保凭证",
    Paper.INVOICE: "收费票据",
    Paper.MEDICAL_RECORD: "门诊病历",
    Paper.CHARGE_LIST: "费用明细清单",
}
RELATIONS: Final = {
    Relation.SPOUSE: "配偶",
    Relation.PARENT: "父母",
    Relation.CHILD: "子女",
    Relation.SIBLING: "兄弟姐妹",
    Relation.GRANDPARENT: "祖父母、外祖父母",
    Relation.GRANDCHILD: "孙子女、外孙子女",
    Relation.OTHER: "其他亲属",
}
_WAYS: Final = {
    "annual_cap_on_cost": "年度限额：限定全年由基金分担的政策内费用，起付标准在其中",
    "first_pay_last": "异地先行自付：先扣起付标准，再按余下部分计算",
    "rate_of_selected": "支付比例：市内按选定机构的级别",
    "second_copay_only": "大额医疗费用补助：只计按比例自付的部分",
    "prescription_apart": "单次限额：院外购药另计一次",
}
_VISITS: Final = {
    policy_pb2.VISIT_BY_CLAIM: "单次限额：每张账单为一次",
    policy_pb2.VISIT_BY_DAY: "单次限额：同一机构一天为一次",
}
_WHEN: Final = {
    Benefit.CHRONIC: "病种须已登记；未登记的按普通门诊结算",
    Benefit.SPECIAL: "病种须已登记；未登记的按普通门诊结算",
    Benefit.EMERGENCY: "视同住院须有医疗机构的情况说明；没有的按普通门诊结算",
}
"""When a benefit is given at all, and what holds otherwise."""


def beyond_tables(plan: policy_pb2.Plan, notes: Notes) -> Iterator[str]:
    """Yield what a plan says of all levels and statuses alike, a line for each."""
    if len(plan.given_levels) < len(LEVELS):
        given = "、".join(LEVELS[Level(level)] for level in plan.given_levels)
        yield f"开展机构：{given}；其他级别按普通门诊结算"
    if when := _WHEN.get(Benefit(plan.benefit)):
        yield when
    if kind := DEDUCTIBLES.get(plan.deductible_kind):
        yield f"起付标准：{kind}"
    if any(tariff.brackets for tariff in plan.tariffs):
        yield "支付比例：按全年政策内费用分段，“超过”者为该金额以上部分的比例"
    yield from _amounts_by_code(plan, notes)
    yield from _caps_of_the_year(plan, notes)
    yield from (words for name, words in _WAYS.items() if getattr(plan, name))
    if visit := _VISITS.get(plan.visit_by):
        yield visit
    if plan.account_citation:
        mark = notes.mark(plan, plan.account_citation)
        yield f"个人账户：仅支付政策范围内统筹基金未支付的部分 {mark}"
    for name, where in (("family_medical", "定点医疗机构"), ("family_goods", "定点零售药店")):
        if plan.HasField(name):
            use: policy_pb2.FamilyUse = getattr(plan, name)
            whom = "、".join(RELATIONS[Relation(relation)] for relation in use.relations)
            yield f"家庭共济（{where}）：账户所有人的{whom} {notes.mark(plan, use.citation)}"
    if plan.general_fee_citation:
        mark = notes.mark(plan, plan.general_fee_citation)
        yield f"一般诊疗费：不论目录类别，均属政策范围内 {mark}"
    if plan.papers:
        names = "、".join(PAPERS[_paper(paper)] for paper in plan.papers)
        yield f"手工报销应提供：{names} {notes.mark(plan, plan.papers_citation)}"
    if plan.rounding_citation:
        yield f"尾数：四舍五入到分 {notes.mark(plan, plan.rounding_citation)}"


def _paper(number: int) -> Paper:
    """Return a document from its number on the wire, which counts its bit from 1."""
    return Paper(1 << number - 1)


def _amounts_by_code(plan: policy_pb2.Plan, notes: Notes) -> Iterator[str]:
    for field, words in (
        ("disease_cap", "病种年度限额"),
        ("standard_price", "按病种收费标准结算，基金按收费标准和比例支付"),
    ):
        if plan.HasField(field):
            value: policy_pb2.CodeAmount = getattr(plan, field)
            mark = notes.mark(plan, value.citation)
            code = f"（{plan.code} {format_yuan(value.amount_fen)} 元）" if plan.code else ""
            yield f"{words}{code}：由经办机构按代码提供，没有的不予结算 {mark}"


def _caps_of_the_year(plan: policy_pb2.Plan, notes: Notes) -> Iterator[str]:
    """Yield the cap of the pooled fund, and the second payment."""
    if plan.HasField("pooled_cap"):
        cap = plan.pooled_cap
        limit = f"{format_yuan(cap.cap_fen)} 元" if cap.HasField("cap_fen") else _cap_open(plan)
        mark = notes.mark(plan, cap.citation)
        yield f"计入统筹基金年度最高支付限额：{limit} {mark}"
    if plan.HasField("second_payment"):
        second = plan.second_payment
        rate = percent(second.rate_bp) if second.rate_bp else "比例待提供，暂不支付"
        most = f"，年度限额 {format_yuan(second.cap_fen)} 元" if second.HasField("cap_fen") else ""
        yield (
            f"大额医疗费用补助：年度个人负担合规费用超过 {format_yuan(second.threshold_fen)} 元的"
            f"部分 {rate}{most} {notes.mark(plan, second.citation)}"
        )


def _cap_open(plan: policy_pb2.Plan) -> str:
    """Return what follows where nobody has supplied the cap of the pooled fund."""
    refused = any("pooled_cap" in line.figure for line in plan.exclusions)
    return "待提供，暂不结算" if refused else "待提供，暂不限"


class Line(NamedTuple):
    """A line of the matrix in words: of two plans they are equal where the lines are the same."""

    text: str
    ground: str
    """The clauses it rests on."""


def line_of(plan: policy_pb2.Plan, line: policy_pb2.Exclusion) -> Line:
    """Return a line of the matrix: reason, figure, what it holds for."""
    reason = Reason(line.reason)
    figure = f" [{line.figure}]" if line.figure else ""
    only = "（仅他方应承担的部分）" if line.liable_only else ""
    levels = "、".join(LEVELS[Level(level)] for level in line.levels)
    where = f" {levels}" if len(line.levels) < len(LEVELS) else ""
    when = _when(line.require, line.forbid)
    text = f"{reason.name} {REASONS[reason]}{only}{figure}{where}{when}"
    return Line(text, ground_of(plan, line.citation))


def _when(require: Iterable[codes_pb2.Fact], forbid: Iterable[codes_pb2.Fact]) -> str:
    """Return the facts that must hold and those that must not."""

    def names(facts: Iterable[codes_pb2.Fact]) -> str:
        return " ".join(codes_pb2.Fact.Name(fact).removeprefix("FACT_") for fact in facts)

    parts = (("当 ", names(require)), ("除非 ", names(forbid)))
    return f"〔{'，'.join(word + facts for word, facts in parts if facts)}〕"
