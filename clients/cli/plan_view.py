"""The plans of one day as people read them: tables of each benefit, each value with its clause."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from clients.cli.plan_lines import Line, beyond_tables, line_of
from clients.cli.plan_notes import LEVELS, PLACES, STATUSES, Notes, percent
from clients.cli.policy_view import days
from clients.explain import figure_value
from clients.paper import indented
from clients.receipt import BENEFITS
from engine.domain.codes import Benefit, Kind, Level, Place, Status
from engine.domain.money import format_yuan
from gongji.v1 import codes_pb2, policy_pb2
from gongji.v1.policy_service_pb2 import ListedPlan

KINDS: Final = {
    Kind.HOSPITAL: "医院",
    Kind.SPECIALIST: "专科医院",
    Kind.COMMUNITY: "社区卫生服务机构",
    Kind.VILLAGE_STATION: "村卫生室",
    Kind.INTERNET_HOSPITAL: "互联网医院",
    Kind.PHARMACY: "药店",
}
_FACTS: Final = {
    Benefit.ORDINARY: codes_pb2.FACT_ORDINARY,
    Benefit.CHRONIC: codes_pb2.FACT_CHRONIC,
    Benefit.SPECIAL: codes_pb2.FACT_SPECIAL,
    Benefit.DAY_SURGERY: codes_pb2.FACT_DAY_SURGERY,
    Benefit.EMERGENCY: codes_pb2.FACT_EMERGENCY_STAY,
    Benefit.DUAL_CHANNEL: codes_pb2.FACT_DUAL_CHANNEL,
    Benefit.SEPARATE_PAY: codes_pb2.FACT_SEPARATE_PAY,
}
"""What the lines for want of a benefit's figures require."""
_CAPS: Final = {"visit": "单次限额", "day": "每日限额", "month": "每月限额", "annual": "年度限额"}
_OPEN: Final = "待提供"
"""Where an operator figure is missing."""
_PLACE_OFFSET: Final = 1
"""A place has its number of ours plus one on the wire, where 0 is: not given."""
_AGE_MAX: Final = 199
_CODES_SHOWN: Final = 40
_HANGING: Final = 2
"""A closing sign may stand beyond the end of a line by so much."""


def print_plans(listed: Sequence[ListedPlan]) -> None:
    """Print what the plans of a city and day say, benefit by benefit; one plan or more."""
    console = Console(highlight=False)
    plans = [one.plan for one in listed]
    first = plans[0]
    console.print(
        f"[bold]{first.city_name}[/bold] {first.city}  {days(first.first_day, first.last_day)}"
    )
    documents = {document.key: document for plan in plans for document in plan.documents}
    for document in documents.values():
        console.print(f"  {document.number} 《{document.title}》", soft_wrap=True)
    notes = Notes()
    shared = _shared_lines(plans)
    for one in listed:
        _print_one(console, one, notes, shared)
    if shared:
        console.print("\n[bold]各项待遇相同：不予结算或不予支付（按先后次序）[/bold]")
        _print_lines(console, shared, notes)
    used = {(used.name, used.value): used for plan in plans for used in plan.figures}
    for figure in used.values():
        value = figure_value(figure.name, figure.value)
        line = f"经办数据 {figure.name} = {value}（来源：{figure.source}）"
        console.print(line, markup=False, soft_wrap=True)
    console.print("依据：")
    for mark, text in notes.lines():
        for row in indented(text, 8, f"  {mark}", console.width - _HANGING):
            console.print(row, markup=False, soft_wrap=True)


def _shared_lines(plans: Sequence[policy_pb2.Plan]) -> list[Line]:
    """Return the lines of the matrix that all the plans have, where there are several."""
    if len(plans) == 1:
        return []
    each = [[line_of(plan, line) for line in plan.exclusions] for plan in plans]
    return [line for line in each[0] if all(line in other for other in each[1:])]


def _print_one(console: Console, one: ListedPlan, notes: Notes, shared: Sequence[Line]) -> None:
    plan = one.plan
    console.print(f"\n[bold]{_title(plan)}[/bold]  plan {plan.digest.hex()[:16]}")
    console.print(_tariffs(plan, notes))
    if first := [rate for rate in plan.first_payments if rate.rate_bp]:
        console.print(f"异地先行自付：{_rates(plan, None, first, notes)}", markup=False)
    for line in (*_without(plan, notes), *beyond_tables(plan, notes), *_by_code(one)):
        console.print(line, markup=False, soft_wrap=True)
    lines = [line_of(plan, line) for line in plan.exclusions]
    if own := [line for line in lines if line not in shared]:
        console.print("此项待遇另有：" if shared else "不予结算或不予支付（按先后次序）：")
        _print_lines(console, own, notes)


def _print_lines(console: Console, lines: Iterable[Line], notes: Notes) -> None:
    for line in lines:
        text = f"{line.text} {notes.mark_of(line.ground)}"
        for row in indented(text, 4, "  ", console.width - _HANGING):
            console.print(row, markup=False, soft_wrap=True)


def _title(plan: policy_pb2.Plan) -> str:
    """Return whom and what a plan is for."""
    words = [BENEFITS[Benefit(plan.benefit)]]
    if plan.kinds:
        words.append("、".join(KINDS[Kind(kind)] for kind in plan.kinds))
    if plan.first_age and plan.last_age < _AGE_MAX:
        words.append(f"{plan.first_age}岁至{plan.last_age}岁")
    elif plan.first_age:
        words.append(f"{plan.first_age}岁及以上")
    elif plan.last_age < _AGE_MAX:
        words.append(f"{plan.last_age}岁及以下")
    return "　".join(words)


def _tariffs(plan: policy_pb2.Plan, notes: Notes) -> Table:
    """Return what holds for each level and status; statuses of a level that agree share a row."""
    caps = [n for n in _CAPS if any(tariff.HasField(f"{n}_cap_fen") for tariff in plan.tariffs)]
    table = Table()
    for name in ("级别", "人员", "起付标准", "支付比例", *(_CAPS[name] for name in caps)):
        table.add_column(name, overflow="fold")
    rows: dict[tuple[int, tuple[str, ...]], list[Status]] = {}
    for tariff in plan.tariffs:
        if tariff.level not in plan.given_levels:
            continue
        cells = (
            f"{_deductible(plan, tariff)} {notes.mark(plan, tariff.deductible_citation)}",
            "\n".join(_all_rates(plan, tariff, notes)),
            *(_cap(plan, tariff, name, notes) for name in caps),
        )
        rows.setdefault((tariff.level, cells), []).append(Status(tariff.status))
    for (level, cells), statuses in rows.items():
        everybody = len(statuses) == len(STATUSES)
        whom = "全部" if everybody else "\n".join(STATUSES[status] for status in statuses)
        table.add_row(LEVELS[Level(level)], whom, *cells)
    return table


def _without(plan: policy_pb2.Plan, notes: Notes) -> Iterator[str]:
    """Yield the caps that do not exist, where a clause or a document's silence says so."""
    for name, words in _CAPS.items():
        if any(tariff.HasField(f"{name}_cap_fen") for tariff in plan.tariffs):
            continue
        cites = dict.fromkeys(getattr(tariff, f"{name}_cap_citation") for tariff in plan.tariffs)
        if marks := " ".join(filter(None, (notes.mark(plan, cite) for cite in cites))):
            yield f"{words}：无 {marks}"


def _all_rates(plan: policy_pb2.Plan, tariff: policy_pb2.Tariff, notes: Notes) -> Iterator[str]:
    """Yield the rates of a tariff, those of its brackets after the others."""
    yield _rates(plan, tariff, tariff.rates, notes)
    for bracket in tariff.brackets:
        yield f"超过{format_yuan(bracket.above_fen)}："
        yield _rates(plan, tariff, bracket.rates, notes)


def _rates(
    plan: policy_pb2.Plan,
    tariff: policy_pb2.Tariff | None,
    rates: Sequence[policy_pb2.PlaceRate],
    notes: Notes,
) -> str:
    """Return the rate, or the rates by place where they differ."""

    def words(rate: policy_pb2.PlaceRate) -> str:
        missing = tariff is not None and not rate.rate_bp and _lacks(plan, tariff, "rate")
        missing = missing and notes.is_stated(plan, rate.citation)
        return f"{_OPEN if missing else percent(rate.rate_bp)} {notes.mark(plan, rate.citation)}"

    if len({(rate.rate_bp, rate.citation) for rate in rates}) == 1 and len(rates) > 1:
        return words(rates[0])
    by_words: dict[str, list[str]] = {}
    for rate in rates:
        by_words.setdefault(words(rate), []).append(PLACES[Place(rate.place - _PLACE_OFFSET)])
    return "\n".join(f"{'、'.join(places)} {text}" for text, places in by_words.items())


def _deductible(plan: policy_pb2.Plan, tariff: policy_pb2.Tariff) -> str:
    counted = plan.deductible_kind != policy_pb2.DEDUCTIBLE_KIND_UNSPECIFIED
    missing = counted and not tariff.deductible_fen and _lacks(plan, tariff, "deductible")
    return _OPEN if missing else format_yuan(tariff.deductible_fen)


def _cap(plan: policy_pb2.Plan, tariff: policy_pb2.Tariff, which: str, notes: Notes) -> str:
    mark = notes.mark(plan, getattr(tariff, f"{which}_cap_citation"))
    if not tariff.HasField(f"{which}_cap_fen"):
        return f"— {mark}"
    amount_fen = getattr(tariff, f"{which}_cap_fen")
    missing = not amount_fen and _lacks(plan, tariff, "cap")
    return f"{_OPEN if missing else format_yuan(amount_fen)} {mark}"


def _lacks(plan: policy_pb2.Plan, tariff: policy_pb2.Tariff, what: str) -> bool:
    """Return whether claims at the level are refused for want of a figure so called."""
    fact = _FACTS[Benefit(plan.benefit)]
    return any(
        what in line.figure.partition(".")[0]
        and tariff.level in line.levels
        and fact in line.require
        for line in plan.exclusions
    )


def _by_code(one: ListedPlan) -> Iterator[str]:
    """Yield what goes by the code of a disease or procedure: what was supplied, by name."""
    plan = one.plan
    for field, words in (("disease_cap", "病种年度限额"), ("standard_price", "收费标准")):
        if not plan.HasField(field):
            continue
        amounts = [f"{figure.code} {format_yuan(figure.amount_fen)}" for figure in one.figures]
        shown = "；".join(amounts[:_CODES_SHOWN]) or "尚无"
        more = len(amounts) - _CODES_SHOWN
        rest = f"；另 {more} 项" if more > 0 else ""
        yield f"已提供的{words}（元）：{shown}{rest}"


def plans_dict(listed: Iterable[ListedPlan]) -> dict[str, object]:
    """Return plans for programs: their canonical JSON, each with its digest and figures by code."""
    plans = [
        {
            "digest": one.plan.digest.hex(),
            "benefit_name": Benefit(one.plan.benefit).name.lower(),
            **_content(one.plan),
            "figures_by_code": [
                {
                    "name": figure.name,
                    "code": figure.code,
                    "amount": format_yuan(figure.amount_fen),
                    "source": figure.source,
                }
                for figure in one.figures
            ],
        }
        for one in listed
    ]
    return {"plans": plans}


def _content(plan: policy_pb2.Plan) -> Mapping[str, object]:
    content: Mapping[str, object] = json.loads(plan.canonical_json)
    return content
