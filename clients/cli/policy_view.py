"""Rules as people read them: tables of versions, rates, caps and exclusions, with clauses."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from clients.explain import figure_value, grounds_of
from clients.paper import indented
from clients.receipt import REASONS, chinese_date, ground_text
from engine.domain.codes import Level, Place, Status
from engine.domain.dates import DATE_MIN, OPEN_END, Interval, next_day, to_date
from engine.domain.money import format_yuan
from engine.domain.reasons import Reason
from gongji.v1 import codes_pb2, policy_pb2, policy_service_pb2

LEVELS: Final = {
    Level.LEVEL_1: "一级及以下",
    Level.LEVEL_2: "二级",
    Level.LEVEL_3: "三级",
    Level.LEVEL_3_PROVINCIAL: "三级（省属）",
}
STATUSES: Final = {
    Status.ACTIVE: "在职",
    Status.RETIRED: "退休",
    Status.VETERAN: "建国前老工人",
}
PLACES: Final = {
    Place.LOCAL: "市内",
    Place.FILED: "异地备案",
    Place.OTHER_CITY: "省内异地",
    Place.OTHER_PROVINCE: "跨省异地",
}
DEDUCTIBLES: Final = {
    policy_pb2.DEDUCTIBLE_KIND_SHARED: "各机构合并累计，按本次就诊级别补足",
    policy_pb2.DEDUCTIBLE_KIND_INSTITUTION: "各机构分别累计",
    policy_pb2.DEDUCTIBLE_KIND_LEVEL: "各级别分别累计",
    policy_pb2.DEDUCTIBLE_KIND_COST: "按全年政策内费用累计",
}
_OPEN: Final = "待提供"
"""Where an operator figure is missing."""
_PLACE_OFFSET: Final = 1
"""A place has its number of ours plus one on the wire, where 0 is: not given."""


def percent(rate_bp: int) -> str:
    """Return basis points as per cent: 6000 is 60%, 555 is 5.55%."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}.{rest:02}%" if rest else f"{whole}%"


def days(first: int, last: int) -> str:
    """Return an interval of days for people."""
    begins = chinese_date(first) if first > DATE_MIN else ""
    return f"{begins} – {'' if last >= OPEN_END else chinese_date(last)}"


class Days(Interval):
    """An interval of days that prints as ISO dates."""

    def __str__(self) -> str:
        """Return `FIRST to LAST`, or `from FIRST on`."""
        first = to_date(self.first_day)
        if self.last_day >= OPEN_END:
            return f"from {first} on"
        return f"{first} to {to_date(self.last_day)}"


def days_in_force(policies: Iterable[policy_service_pb2.CityPolicies]) -> list[Days]:
    """Return the days on which documents are in force, joined where they touch."""
    joined: list[Days] = []
    versions = (version for city in policies for version in city.versions)
    for version in sorted(versions, key=lambda version: version.first_day):
        days = Days(version.first_day, version.last_day)
        if joined and days.first_day <= next_day(joined[-1].last_day):
            days = Days(joined.pop().first_day, days.last_day)
        joined.append(days)
    return joined


def print_policies(
    policies: Iterable[policy_service_pb2.CityPolicies],
    missing: Iterable[policy_service_pb2.MissingFigure],
) -> None:
    """Print cities with their documents and versions, and what is missing."""
    console = Console(highlight=False)
    lacking = list(missing)
    for city in policies:
        console.print(f"[bold]{city.name}[/bold] {city.area} {city.pinyin}")
        for document in city.documents:
            console.print(f"  {document.number} 《{document.title}》 {document.issuer}")
            console.print(f"    有效期 {days(document.first_day, document.last_day)}")
        for version in city.versions:
            figures = f"  figures: {', '.join(version.figures)}" if version.figures else ""
            span = days(version.first_day, version.last_day)
            console.print(f"  {span}  plan {version.plan_digest.hex()[:12]}{figures}")
        for item in (item for item in lacking if item.city == city.area):
            instead = f" (or {item.instead})" if item.instead else ""
            how = "" if item.suppliable else " (no figure can be supplied yet)"
            span = days(item.first_day, item.last_day)
            console.print(f"  [yellow]missing[/yellow] {item.figure}{instead}  {span}{how}")
            console.print(f"    {item.effect}")
            where = item.clause.clause or "文件未作规定"
            for row in indented(f"{where}：{item.clause.text}", 4, "", console.width):
                console.print(row, markup=False, soft_wrap=True)
        console.print()


def print_plan(plan: policy_pb2.Plan) -> None:
    """Print what one plan says."""
    console = Console(highlight=False)
    console.print(
        f"[bold]{plan.city_name}[/bold] {plan.city}  {days(plan.first_day, plan.last_day)}  "
        f"plan {plan.digest.hex()[:16]}"
    )
    for document in plan.documents:
        console.print(f"  {document.number} 《{document.title}》")
    table = Table("级别", "人员", "起付标准", "支付比例", "单次限额", "年度限额")
    notes = _Notes(plan)
    for tariff in plan.tariffs:
        table.add_row(
            LEVELS[Level(tariff.level)],
            STATUSES[Status(tariff.status)],
            f"{_deductible(plan, tariff)} {notes.mark(tariff.deductible_citation)}",
            _rates(tariff.rates, notes),
            _cap(plan, tariff, "visit", notes),
            _cap(plan, tariff, "annual", notes),
        )
    console.print(table)
    if first := [rate for rate in plan.first_payments if rate.rate_bp]:
        console.print(f"异地先行自付：{_rates(first, notes)}")
    for line in _beyond_tables(plan, notes):
        console.print(line, markup=False)
    console.print("不予结算或不予支付（按先后次序）：")
    for exclusion in plan.exclusions:
        console.print(f"  {_exclusion(exclusion)} {notes.mark(exclusion.citation)}", markup=False)
    for used in plan.figures:
        value = figure_value(used.name, used.value)
        console.print(f"经办数据 {used.name} = {value}（来源：{used.source}）")
    console.print("依据：")
    for mark, text in notes.lines():
        for row in indented(text, 8, f"  {mark}", console.width):
            console.print(row, markup=False, soft_wrap=True)


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


def _beyond_tables(plan: policy_pb2.Plan, notes: "_Notes") -> Iterator[str]:
    """Yield what a plan says of all levels and statuses alike, a line for each."""
    if kind := DEDUCTIBLES.get(plan.deductible_kind):
        yield f"起付标准：{kind}"
    if plan.HasField("pooled_cap"):
        cap = plan.pooled_cap
        limit = f"{format_yuan(cap.cap_fen)} 元" if cap.HasField("cap_fen") else "待提供，暂不限"
        yield f"计入统筹基金年度最高支付限额：{limit} {notes.mark(cap.citation)}"
    if plan.HasField("second_payment"):
        second = plan.second_payment
        rate = percent(second.rate_bp) if second.rate_bp else "比例待提供，暂不支付"
        most = f"，年度限额 {format_yuan(second.cap_fen)} 元" if second.HasField("cap_fen") else ""
        yield (
            f"大额医疗费用补助：年度个人负担合规费用超过 {format_yuan(second.threshold_fen)} 元的"
            f"部分 {rate}{most} {notes.mark(second.citation)}"
        )
    yield from (words for name, words in _WAYS.items() if getattr(plan, name))
    if visit := _VISITS.get(plan.visit_by):
        yield visit
    if plan.account_citation:
        mark = notes.mark(plan.account_citation)
        yield f"个人账户：仅支付政策范围内统筹基金未支付的部分 {mark}"
    if plan.rounding_citation:
        yield f"尾数：四舍五入到分 {notes.mark(plan.rounding_citation)}"


def _deductible(plan: policy_pb2.Plan, tariff: policy_pb2.Tariff) -> str:
    counted = plan.deductible_kind != policy_pb2.DEDUCTIBLE_KIND_UNSPECIFIED
    return (
        _OPEN
        if counted and _is_open(plan, tariff, tariff.deductible_fen)
        else format_yuan(tariff.deductible_fen)
    )


def _is_open(plan: policy_pb2.Plan, tariff: policy_pb2.Tariff, amount_fen: int) -> bool:
    """Return whether an amount of nothing is one that nobody has supplied yet."""
    return not amount_fen and any(
        line.figure and tariff.level in line.levels and codes_pb2.FACT_ORDINARY in line.require
        for line in plan.exclusions
    )


def _exclusion(line: policy_pb2.Exclusion) -> str:
    """Return a line of the matrix: reason, figure, and what it holds for."""
    reason = Reason(line.reason)
    figure = f" [{line.figure}]" if line.figure else ""
    only = "（仅他方应承担的部分）" if line.liable_only else ""
    levels = "、".join(LEVELS[Level(level)] for level in line.levels)
    where = f" {levels}" if len(line.levels) < len(LEVELS) else ""
    when = _when(line.require, line.forbid)
    return f"{reason.name} {REASONS[reason]}{only}{figure}{where}{when}"


def _when(require: Iterable[codes_pb2.Fact], forbid: Iterable[codes_pb2.Fact]) -> str:
    """Return the facts that must hold and those that must not."""

    def names(facts: Iterable[codes_pb2.Fact]) -> str:
        return " ".join(codes_pb2.Fact.Name(fact).removeprefix("FACT_") for fact in facts)

    parts = (("当 ", names(require)), ("除非 ", names(forbid)))
    return f"〔{'，'.join(word + facts for word, facts in parts if facts)}〕"


def _rates(rates: Sequence[policy_pb2.PlaceRate], notes: "_Notes") -> str:
    """Return the rate, or the rates by place where they differ."""
    if len({(rate.rate_bp, rate.citation) for rate in rates}) == 1 and len(rates) > 1:
        return f"{percent(rates[0].rate_bp)} {notes.mark(rates[0].citation)}"
    return "\n".join(
        f"{PLACES[Place(rate.place - _PLACE_OFFSET)]} {percent(rate.rate_bp)} "
        f"{notes.mark(rate.citation)}"
        for rate in rates
    )


def _cap(plan: policy_pb2.Plan, tariff: policy_pb2.Tariff, which: str, notes: "_Notes") -> str:
    mark = notes.mark(getattr(tariff, f"{which}_cap_citation"))
    if not tariff.HasField(f"{which}_cap_fen"):
        return f"— {mark}"
    amount_fen = getattr(tariff, f"{which}_cap_fen")
    return f"{_OPEN if _is_open(plan, tariff, amount_fen) else format_yuan(amount_fen)} {mark}"


class _Notes:
    """Marks for citations, numbered as they come, and their texts."""

    def __init__(self, plan: policy_pb2.Plan) -> None:
        self._plan = plan
        self._numbers = {document.key: document.number for document in plan.documents}
        self._marks: dict[str, int] = {}

    def mark(self, citation: int) -> str:
        """Return the mark of a citation: the same text has the same one."""
        if not 0 < citation < len(self._plan.citations):
            return ""
        grounds = grounds_of(self._plan.citations[citation].clauses, self._numbers)
        text = "；".join(map(ground_text, grounds))
        return f"({self._marks.setdefault(text, len(self._marks) + 1)})"

    def lines(self) -> Iterable[tuple[str, str]]:
        """Yield the marks with their texts."""
        return ((f"({number})", text) for text, number in self._marks.items())


def missing_dict(item: policy_service_pb2.MissingFigure) -> dict[str, object]:
    """Return a missing figure for programs."""
    return {
        "city": item.city,
        "figure": item.figure,
        "instead": item.instead,
        "first_day": item.first_day,
        "last_day": item.last_day,
        "effect": item.effect,
        "clause": item.clause.clause,
        "suppliable": item.suppliable,
    }


def policies_dict(city: policy_service_pb2.CityPolicies) -> dict[str, object]:
    """Return a city's documents and versions for programs."""
    return {
        "area": city.area,
        "name": city.name,
        "pinyin": city.pinyin,
        "documents": [
            {
                "key": document.key,
                "number": document.number,
                "title": document.title,
                "first_day": document.first_day,
                "last_day": document.last_day,
            }
            for document in city.documents
        ],
        "versions": [
            {
                "first_day": version.first_day,
                "last_day": version.last_day,
                "plan": version.plan_digest.hex(),
                "figures": list(version.figures),
            }
            for version in city.versions
        ],
    }


def plan_dict(plan: policy_pb2.Plan) -> dict[str, object]:
    """Return a plan for programs: its canonical JSON, with its digest."""
    import json

    content: dict[str, object] = json.loads(plan.canonical_json)
    return {"digest": plan.digest.hex(), **content}
