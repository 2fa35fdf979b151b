"""A receipt that a patient can read: who pays what, and by which clause.

`Receipt` is what a settlement says, free of the wire; `receipt_text` writes it for a counter's
printer, `receipt_json` for programs.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from clients.paper import WIDTH, centre, indented, pad, pad_left, spread
from engine.domain.codes import Benefit
from engine.domain.money import format_yuan
from engine.domain.reasons import Reason


class Ground(NamedTuple):
    """A clause that decided a part."""

    number: str
    """Number of the document, as 国发〔2021〕1号."""
    clause: str
    text: str
    """What it settles, in our own words."""
    stated: bool = True
    reading: str = ""


class Counter(NamedTuple):
    """A counter of the policy year, in fen."""

    name: str
    before: int
    after: int


class FigureUsed(NamedTuple):
    """An operator figure that entered the result."""

    name: str
    value: str
    source: str


class Group(NamedTuple):
    """The part of a claim that falls under one benefit."""

    benefit: int
    amounts: Mapping[str, int]
    """Parts of the three sums by their names in `engine.domain.layout.AMOUNTS`."""
    grounds: Mapping[str, tuple[Ground, ...]]
    """Clauses by the name of the part."""
    counters: tuple[Counter, ...] = ()


class Receipt(NamedTuple):
    """What a settlement says."""

    title: str
    """Whose rules: the name of the city."""
    settlement_id: int
    institution: str
    request_id: str
    member: str
    service_date: int
    benefit: int
    """What it was settled under."""
    amounts: Mapping[str, int]
    """Parts of the three sums by their names in `engine.domain.layout.AMOUNTS`."""
    grounds: Mapping[str, tuple[Ground, ...]]
    """Clauses by the name of the part."""
    counters: tuple[Counter, ...] = ()
    figures: tuple[FigureUsed, ...] = ()
    reason: Reason = Reason.NONE
    preview: bool = False
    replayed: bool = False
    undone_by: int = 0
    requested_benefit: int = 0
    """What the claim asked for; 0: not known."""
    groups: tuple[Group, ...] = ()
    """Where the bill falls under several benefits, each part; `amounts` are then the sums."""
    prescription: str = ""
    """Id of the external prescription."""


BENEFITS: Final = {
    Benefit.ORDINARY: "普通门诊",
    Benefit.CHRONIC: "门诊慢性病",
    Benefit.SPECIAL: "门诊特殊病",
    Benefit.DAY_SURGERY: "日间手术",
    Benefit.EMERGENCY: "急诊",
    Benefit.DUAL_CHANNEL: "双通道药品",
    Benefit.SEPARATE_PAY: "单独支付药品",
}

_BILL: Final = (
    ("non_covered", "目录外费用"),
    ("over_limit", "超限价费用"),
    ("pre_payment", "先行自付"),
    ("excluded", "基金不予支付"),
    ("in_scope", "政策范围内费用"),
)
_BASIS: Final = (
    ("deductible", "起付标准，由个人负担"),
    ("copay", "按比例由个人负担"),
    ("cut_visit", "超过单次限额"),
    ("cut_day", "超过每日限额"),
    ("cut_month", "超过每月限额"),
    ("cut_annual", "超过年度限额"),
    ("cut_disease", "超过病种限额"),
    ("cut_pooled", "超过统筹基金限额"),
    ("pooled_fund", "统筹基金支付"),
)
_PAYERS: Final = (
    ("pooled_fund", "统筹基金"),
    ("large_amount_fund", "大额医疗费用补助"),
    ("institution_share", "医疗机构"),
    ("account", "个人账户"),
    ("family_account", "家庭共济账户"),
    ("cash", "个人现金"),
)
_PAYERS_CITED: Final = frozenset({"large_amount_fund", "institution_share", "account"})
"""Payers with clauses of their own; the pooled fund's stand above."""
_ALWAYS: Final = frozenset({"in_scope", "pooled_fund", "cash"})

COUNTERS: Final = {
    "deductible": "起付标准已负担",
    "paid": "统筹已支付",
    "visit_paid": "本次就诊统筹已支付",
    "disease_paid": "本病种统筹已支付",
    "month_paid": "本月统筹已支付",
    "day_paid": "当日统筹已支付",
    "pooled_paid": "计入统筹基金限额",
    "compliant_burden": "合规医疗费用个人负担",
    "large_amount_paid": "大额补助已支付",
    "cost": "全年政策内费用",
    "account_balance": "个人账户余额",
}

REASONS: Final = {
    Reason.INVALID_CLAIM: "申报内容不符合要求",
    Reason.MEMBER_UNKNOWN: "未查到该参保人",
    Reason.INSTITUTION_UNKNOWN: "未查到该医药机构",
    Reason.NO_RULE: "就诊日没有生效的文件",
    Reason.NO_FIGURE: "缺少经办机构应提供的数据",
    Reason.SPANS_BOUNDARY: "费用跨年度、跨参保状态或跨文件有效期，应分开结算",
    Reason.BENEFIT_NOT_OFFERED: "该机构不办理此项待遇的结算",
    Reason.MERGED_INTO_STAY: "应并入住院费用结算",
    Reason.OTHER_SCHEME: "应由其他险种结算",
    Reason.CANCEL_BLOCKED: "其后的结算依赖于它，不能撤销",
    Reason.OUTSIDE_WINDOW: "不在选定定点医疗机构的期限内",
    Reason.NOT_DESIGNATED: "非定点医药机构",
    Reason.ARREARS: "欠费期间",
    Reason.INPATIENT_STAY: "住院期间",
    Reason.LIABLE_ELSEWHERE: "应由他方承担",
    Reason.NOT_FILED: "未办理异地就医备案",
    Reason.NOT_NETWORKED: "非联网结算机构",
    Reason.NOT_SELECTED: "非本人选定的机构",
    Reason.NO_PRESCRIPTION: "没有外配处方",
}
"""What a reason means, for a patient."""

_AMOUNT_COLUMNS: Final = 16
_NUMERALS: Final = "一二三四五六七八九十"


def chinese_date(day: int) -> str:
    """Return YYYYMMDD as 2024年3月5日."""
    return f"{day // 10_000}年{day // 100 % 100}月{day % 100}日"


def receipt_text(receipt: Receipt) -> str:
    """Return the receipt as lines of plain text, `WIDTH` columns wide."""
    lines = list(_head(receipt))
    sections = [
        ("费用是怎样构成的（元）", _bill(receipt)),
        *_bases(receipt),
        ("由谁支付（元）", _payers(receipt)),
        *_yearly(receipt),
        ("计算所用、由经办机构提供的数据", _figures(receipt)),
    ]
    filled = [(title, body) for title, body in ((t, list(b)) for t, b in sections) if body]
    for numeral, (title, body) in zip(_NUMERALS, filled, strict=False):
        lines += ["", f"{numeral}、{title}", *body]
    lines.append("═" * WIDTH)
    return "\n".join(lines) + "\n"


def _head(receipt: Receipt) -> Iterator[str]:
    kind = "试算单（不作为结算凭证）" if receipt.preview else "结算单"
    yield "═" * WIDTH
    yield centre(f"{receipt.title}职工医保门诊{kind}")
    yield "═" * WIDTH
    number = "" if receipt.preview else f"结算号 {receipt.settlement_id}"
    yield spread(f"就诊日期 {chinese_date(receipt.service_date)}", number)
    benefit = "、".join(BENEFITS[Benefit(b)] for b in _benefits(receipt))
    yield spread(f"参保人   {receipt.member}", f"待遇 {benefit}")
    yield spread(f"医药机构 {receipt.institution}", f"请求号 {receipt.request_id}")
    if receipt.prescription:
        yield f"外配处方 {receipt.prescription}"
    if receipt.undone_by:
        yield f"★ 此结算已撤销（撤销号 {receipt.undone_by}）"
    elif receipt.replayed:
        yield "★ 此请求先前已经结算，这里是同一结果"
    if receipt.requested_benefit not in (0, *_benefits(receipt)) and not receipt.groups:
        asked = Benefit(receipt.requested_benefit)
        why = "未查到该病种登记，" if asked in (Benefit.CHRONIC, Benefit.SPECIAL) else ""
        yield f"★ 申请待遇 {BENEFITS[asked]}：{why}按{benefit}结算"


def _bill(receipt: Receipt) -> Iterator[str]:
    for name, label in _BILL:
        first_pay = receipt.grounds.get("first_pay", ())
        yield from _part(receipt, name, label, first_pay if name == "pre_payment" else ())
        if name == "pre_payment" and receipt.amounts["first_pay"]:
            yield _amount("    其中异地就医先行自付", receipt.amounts["first_pay"])
            yield from _grounds(first_pay)
        if name == "excluded" and receipt.reason and receipt.amounts[name]:
            yield f"    原因：{REASONS.get(receipt.reason, receipt.reason.name)}"
    yield _total("医疗费用总额", receipt.amounts["total"])


def _benefits(receipt: Receipt) -> tuple[int, ...]:
    return tuple(group.benefit for group in receipt.groups) or (receipt.benefit,)


def _bases(receipt: Receipt) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield title and lines of who bears what, for each benefit."""
    if not receipt.groups:
        yield "政策范围内费用由谁负担（元）", _basis(receipt)
    for group in receipt.groups:
        yield f"{BENEFITS[Benefit(group.benefit)]}：由谁负担（元）", _basis(group)


def _yearly(receipt: Receipt) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield title and lines of the year's counters; what benefits share comes last."""
    for group in receipt.groups:
        yield f"{BENEFITS[Benefit(group.benefit)]}：本年度累计（元）", _counters(group.counters)
    yield "本年度累计（元）", _counters(receipt.counters)


def _basis(receipt: Receipt | Group) -> Iterator[str]:
    package = "standard_price" in receipt.grounds
    if not receipt.amounts["in_scope"] and not package:
        return
    cited: set[Ground] = set()
    for name, label in _BASIS:
        # The clause of the rate decides both sides of it, and is cited at the first.
        yield from _part(receipt, name, label, cited if name == "pooled_fund" else set())
        if receipt.amounts[name]:
            cited.update(receipt.grounds.get(name, ()))
    if package:
        share = receipt.amounts["institution_share"]
        label = "医疗机构承担超出收费标准的部分" if share > 0 else "医疗机构留用的结余"
        yield _amount(f"  {label}", abs(share))
        return
    yield _total("政策范围内费用", receipt.amounts["in_scope"])


def _payers(receipt: Receipt) -> Iterator[str]:
    for name, label in _PAYERS:
        if receipt.amounts[name] or name in _ALWAYS:
            yield _amount(f"  {label}", receipt.amounts[name])
            if receipt.amounts[name] and name in _PAYERS_CITED:
                yield from _grounds(receipt.grounds.get(name, ()))
    yield _total("合计", receipt.amounts["total"])
    person = receipt.amounts["person"]
    yield _amount("  其中个人负担（个人账户、共济账户与现金）", person)


def _counters(counters: tuple[Counter, ...]) -> Iterator[str]:
    if not counters:
        return
    columns = WIDTH - 2 * _AMOUNT_COLUMNS
    yield (
        pad("", columns) + pad_left("结算前", _AMOUNT_COLUMNS) + pad_left("结算后", _AMOUNT_COLUMNS)
    )
    for counter in counters:
        yield (
            pad(f"  {COUNTERS.get(counter.name, counter.name)}", columns)
            + pad_left(format_yuan(counter.before), _AMOUNT_COLUMNS)
            + pad_left(format_yuan(counter.after), _AMOUNT_COLUMNS)
        )


def _figures(receipt: Receipt) -> Iterator[str]:
    for figure in receipt.figures:
        yield from indented(f"{figure.name} = {figure.value}（来源：{figure.source}）", 4, "  ·")


def _part(
    receipt: Receipt | Group, name: str, label: str, cited: Container[Ground] = ()
) -> Iterator[str]:
    amount = receipt.amounts[name]
    if not amount and name not in _ALWAYS:
        return
    yield _amount(f"  {label}", amount)
    if amount:
        grounds = receipt.grounds.get(name, ())
        yield from _grounds(ground for ground in grounds if ground not in cited)


def _grounds(grounds: Iterable[Ground]) -> Iterator[str]:
    for ground in grounds:
        yield from indented(ground_text(ground), 10, "    依据：")


def ground_text(ground: Ground) -> str:
    """Return a clause as a receipt cites it."""
    where = f"{ground.number}{ground.clause}" if ground.stated else f"{ground.number}未作规定"
    return f"{where}：{ground.text}" if ground.text else where


def _amount(label: str, amount: int) -> str:
    return spread(label, format_yuan(amount))


def _total(label: str, amount: int) -> str:
    return f"  {'─' * (WIDTH - 2)}\n{_amount(f'  {label}', amount)}"


def refusal_text(reason: Reason, message: str, headline: str = "未予结算") -> str:
    """Return what a patient is told of a refusal, and what the counter is."""
    meaning = REASONS.get(reason, "")
    lines = [f"{headline}：{meaning}（{reason.name}）", *([f"  {message}"] if message else [])]
    return "\n".join(lines) + "\n"


def receipt_json(receipt: Receipt) -> dict[str, object]:
    """Return the receipt for programs: yuan as text, clauses by part."""
    return {
        "city": receipt.title,
        "settlement_id": receipt.settlement_id,
        "institution": receipt.institution,
        "request_id": receipt.request_id,
        "member": receipt.member,
        "date": receipt.service_date,
        "benefit": Benefit(receipt.benefit).name.lower(),
        "requested_benefit": Benefit(receipt.requested_benefit or receipt.benefit).name.lower(),
        "outcome": "preview" if receipt.preview else "settled",
        "reason": receipt.reason.name if receipt.reason else "",
        "replayed": receipt.replayed,
        "undone_by": receipt.undone_by,
        **{name: format_yuan(amount) for name, amount in receipt.amounts.items()},
        "prescription": receipt.prescription,
        "counters": _counters_json(receipt.counters),
        "clauses": _grounds_json(receipt.grounds),
        "groups": [
            {
                "benefit": Benefit(group.benefit).name.lower(),
                **{name: format_yuan(amount) for name, amount in group.amounts.items()},
                "counters": _counters_json(group.counters),
                "clauses": _grounds_json(group.grounds),
            }
            for group in receipt.groups
        ],
        "figures": [figure._asdict() for figure in receipt.figures],
    }


def _counters_json(counters: Iterable[Counter]) -> dict[str, list[str]]:
    return {c.name: [format_yuan(c.before), format_yuan(c.after)] for c in counters}


def _grounds_json(grounds: Mapping[str, tuple[Ground, ...]]) -> dict[str, object]:
    return {name: [ground._asdict() for ground in found] for name, found in grounds.items()}
