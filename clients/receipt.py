"""A receipt that a patient can read: who pays what, and by which clause.

`Receipt` is what a settlement says, free of the wire; `receipt_text` writes it for a counter's
printer, `receipt_json` for programs.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
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


class Share(NamedTuple):
    """What falls under one benefit: the whole bill, or some of its lines."""

    benefit: int
    amounts: Mapping[str, int]
    grounds: Mapping[str, tuple[Ground, ...]]
    counters: tuple[Counter, ...] = ()
    reason: Reason = Reason.NONE
    standard_price: int | None = None


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
    prescription: str = ""
    payer: str = ""
    """The relative whose account was to pay."""
    family_reason: Reason = Reason.NONE
    """Why that account pays nothing."""
    disease: str = ""
    standard_price: int | None = None
    """Of a package, in fen: the fund pays its share of it, whatever the bill."""
    groups: tuple[Share, ...] = ()
    """Where the bill falls under several benefits, each part of it; then the clauses are theirs."""

    @property
    def shares(self) -> tuple[Share, ...]:
        """The parts of the bill by benefit; mostly the whole of it."""
        whole = Share(
            self.benefit,
            self.amounts,
            self.grounds,
            self.counters,
            self.reason,
            self.standard_price,
        )
        return self.groups or (whole,)


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
CUT_LABELS: Final = {
    "cut_visit": "超过单次限额",
    "cut_day": "超过日限额",
    "cut_month": "超过月限额",
    "cut_annual": "超过年度限额",
    "cut_disease": "超过病种限额",
    "cut_pooled": "超过统筹基金限额",
}
"""What the caps cut, in the order in which they are applied."""
_BASIS: Final = (
    ("deductible", "起付标准，由个人负担"),
    ("copay", "按比例由个人负担"),
    *CUT_LABELS.items(),
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
_PAYERS_CITED: Final = frozenset({"large_amount_fund", "account", "family_account"})
"""Payers with clauses of their own; those of the fund and the institution stand above."""
_ALWAYS: Final = frozenset({"in_scope", "pooled_fund", "cash"})

COUNTERS: Final = {
    # In the order of a receipt.
    "deductible": "起付标准已负担",
    "special_deductible": "门诊特殊病起付标准已负担",
    "ordinary_paid": "普通门诊统筹已支付",
    "chronic_paid": "门诊慢性病统筹已支付",
    "visit_paid": "本次就诊统筹已支付",
    "day_paid": "就诊当日统筹已支付",
    "month_paid": "就诊当月统筹已支付",
    "disease_paid": "该病种统筹已支付",
    "pooled_paid": "计入统筹基金限额",
    "compliant_burden": "合规医疗费用个人负担",
    "large_amount_paid": "大额补助已支付",
    "cost": "全年政策内费用",
    "account_balance": "个人账户余额",
    "family_balance": "共济账户余额",
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
    Reason.NO_ACCOUNT: "没有个人账户",
    Reason.PURPOSE_NOT_ALLOWED: "个人账户不支付此项费用",
    Reason.NOT_REGISTERED: "未登记为共济家庭成员",
    Reason.RELATION_NOT_ALLOWED: "个人账户不为该亲属支付此项费用",
    Reason.NO_BALANCE: "个人账户没有余额",
    Reason.NOT_APPLIED: "未提出申请",
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

_FAMILY_REASONS: Final = {Reason.NO_RULE: "账户所有人不在同一统筹地区参保"}
"""What a reason means where it keeps a relative's account from paying, if that is not the same."""

_AMOUNT_COLUMNS: Final = 16
_NUMERALS: Final = "一二三四五六七八九十"


def chinese_date(day: int) -> str:
    """Return YYYYMMDD as 2024年3月5日."""
    return f"{day // 10_000}年{day // 100 % 100}月{day % 100}日"


def receipt_text(receipt: Receipt) -> str:
    """Return the receipt as lines of plain text, `WIDTH` columns wide."""
    lines = list(_head(receipt))
    for numeral, (title, body) in zip(_NUMERALS, _filled(_sections(receipt)), strict=False):
        lines += ["", f"{numeral}、{title}", *body]
    lines.append("═" * WIDTH)
    return "\n".join(lines) + "\n"


_Sections = Iterable[tuple[str, Iterable[str]]]


def _sections(receipt: Receipt) -> _Sections:
    bill, payers = "费用是怎样构成的（元）", "由谁支付（元）"
    last = [
        ("累计（元）" if receipt.groups else "本年度累计（元）", _counters(receipt.counters)),
        ("计算所用、由经办机构提供的数据", _figures(receipt)),
    ]
    if not receipt.groups:
        (share,) = receipt.shares
        return [(bill, _bill(share)), _basis(share), (payers, _payers(share)), *last]
    whole = Share(receipt.benefit, receipt.amounts, {})
    parts = [
        (f"其中{BENEFITS[Benefit(share.benefit)]}", _subsections(share)) for share in receipt.groups
    ]
    return [(bill, _bill(whole)), (payers, _payers(whole)), *parts, *last]


def _subsections(share: Share) -> Iterator[str]:
    """Yield the lines of one of several benefits."""
    sections: _Sections = [
        ("费用是怎样构成的（元）", _bill(share)),
        _basis(share),
        ("由谁支付（元）", _payers(share)),
    ]
    for numeral, (title, body) in zip(_NUMERALS, _filled(sections), strict=False):
        yield f"（{numeral}）{title}"
        yield from body


def _filled(sections: _Sections) -> Iterator[tuple[str, list[str]]]:
    """Yield the sections that have lines."""
    return ((title, lines) for title, lines in ((t, list(b)) for t, b in sections) if lines)


def _head(receipt: Receipt) -> Iterator[str]:
    kind = "试算单（不作为结算凭证）" if receipt.preview else "结算单"
    yield "═" * WIDTH
    yield centre(f"{receipt.title}职工医保门诊{kind}")
    yield "═" * WIDTH
    number = "" if receipt.preview else f"结算号 {receipt.settlement_id}"
    yield spread(f"就诊日期 {chinese_date(receipt.service_date)}", number)
    benefits = "、".join(BENEFITS[Benefit(share.benefit)] for share in receipt.shares)
    yield spread(f"参保人   {receipt.member}", f"待遇 {benefits}")
    yield spread(f"医药机构 {receipt.institution}", f"请求号 {receipt.request_id}")
    disease = f"病种编码 {receipt.disease}" if receipt.disease else ""
    prescription = f"外配处方 {receipt.prescription}" if receipt.prescription else ""
    if disease or prescription:
        yield spread(disease or prescription, prescription if disease else "").rstrip()
    if receipt.payer:
        yield f"共济账户所有人 {receipt.payer}"
        if receipt.family_reason:
            why = _FAMILY_REASONS.get(receipt.family_reason) or REASONS[receipt.family_reason]
            yield from indented(f"共济账户未支付：{why}", 2, "★")
    if receipt.undone_by:
        yield f"★ 此结算已撤销（撤销号 {receipt.undone_by}）"
    elif receipt.replayed:
        yield "★ 此请求先前已经结算，这里是同一结果"
    if receipt.requested_benefit not in (0, *(share.benefit for share in receipt.shares)):
        asked = Benefit(receipt.requested_benefit)
        registered = asked in (Benefit.CHRONIC, Benefit.SPECIAL)
        why = "未登记该病种或该级别机构不开展，" if registered else ""
        yield from indented(f"申请待遇 {BENEFITS[asked]}：{why}按{benefits}结算", 2, "★")


def _bill(share: Share) -> Iterator[str]:
    for name, label in _BILL:
        first_pay = share.grounds.get("first_pay", ())
        yield from _part(share, name, label, first_pay if name == "pre_payment" else ())
        if name == "pre_payment" and share.amounts["first_pay"]:
            yield _amount("    其中异地就医先行自付", share.amounts["first_pay"])
            yield from _grounds(first_pay)
        if name == "excluded" and share.reason and share.amounts[name]:
            yield f"    原因：{REASONS.get(share.reason, share.reason.name)}"
    yield _total("医疗费用总额", share.amounts["total"])


def _basis(share: Share) -> tuple[str, Iterable[str]]:
    """Return title and lines of what became of the amount in scope, or of a package."""
    if share.standard_price is not None:
        return "按收费标准由谁负担（元）", _package(share, share.standard_price)
    title = "政策范围内费用由谁负担（元）"
    if not share.amounts["in_scope"]:
        return title, ()
    return title, [
        *_cited_once(share, _BASIS),
        _total("政策范围内费用", share.amounts["in_scope"]),
    ]


def _package(share: Share, standard_price: int) -> Iterator[str]:
    """Yield the lines of a package: they are of the whole bill, in scope or not."""
    yield _amount("  收费标准", standard_price)
    yield from _grounds(share.grounds.get("institution_share", ()))
    institution = share.amounts["institution_share"]
    label = "超出收费标准，由医疗机构承担" if institution >= 0 else "结余，由医疗机构留用"
    named = (*_BASIS, ("institution_share", label))
    # The clauses of the price stand with it already.
    yield from _cited_once(share, named, share.grounds.get("institution_share", ()))
    yield _total("医疗费用总额", share.amounts["total"])


def _cited_once(
    share: Share, parts: Iterable[tuple[str, str]], known: Iterable[Ground] = ()
) -> Iterator[str]:
    """Yield parts with their clauses, where they stand first: the rate decides both its sides."""
    cited = set(known)
    for name, label in parts:
        yield from _part(share, name, label, cited)
        if share.amounts[name]:
            cited.update(share.grounds.get(name, ()))


def _payers(share: Share) -> Iterator[str]:
    for name, label in _PAYERS:
        amount = share.amounts[name]
        if amount or name in _ALWAYS:
            kept = "（留用）" if name == "institution_share" and amount < 0 else ""
            yield _amount(f"  {label}{kept}", amount)
            if amount and name in _PAYERS_CITED:
                yield from _grounds(share.grounds.get(name, ()))
    yield _total("合计", share.amounts["total"])
    person = share.amounts["person"]
    yield _amount("  其中个人负担（个人账户、共济账户与现金）", person)


def _counters(counters: Sequence[Counter]) -> Iterator[str]:
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


def _part(share: Share, name: str, label: str, cited: Container[Ground] = ()) -> Iterator[str]:
    amount = share.amounts[name]
    if not amount and name not in _ALWAYS:
        return
    yield _amount(f"  {label}", amount)
    if amount:
        grounds = share.grounds.get(name, ())
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
        "prescription": receipt.prescription,
        "payer": receipt.payer,
        "family_reason": receipt.family_reason.name if receipt.family_reason else "",
        "disease": receipt.disease,
        **_share_json(receipt),
        "groups": [
            {
                "benefit": Benefit(share.benefit).name.lower(),
                "reason": share.reason.name if share.reason else "",
                **_share_json(share),
            }
            for share in receipt.groups
        ],
        "figures": [figure._asdict() for figure in receipt.figures],
    }


def _share_json(share: Share | Receipt) -> dict[str, object]:
    """Return what a receipt and each of its parts by benefit have in common."""
    price = share.standard_price
    return {
        **{name: format_yuan(amount) for name, amount in share.amounts.items()},
        "standard_price": "" if price is None else format_yuan(price),
        "counters": {
            counter.name: [format_yuan(counter.before), format_yuan(counter.after)]
            for counter in share.counters
        },
        "clauses": {
            name: [ground._asdict() for ground in grounds]
            for name, grounds in share.grounds.items()
        },
    }
