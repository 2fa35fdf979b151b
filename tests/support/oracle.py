"""A second reading of the two documents, by hand: figures, order, rounding, exclusions, clauses.

It shares nothing with the engine but the names of the codes: the figures are typed from the
documents, the arithmetic uses fractions. It holds the compiled plans to the documents, which two
kernels that read the same plan cannot do.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from engine.domain.codes import Fact, Place
from engine.domain.reasons import Reason
from tests.support.world import HEYUAN, ZIBO


@dataclass(frozen=True)
class Probe:
    """One claim at a day: tables' keys from 0, facts as bits, fen, and the year so far."""

    city: str
    day: int
    level: int
    status: int
    place: int
    facts: int
    in_scope: int
    liable: int = -1
    borne: int = 0
    met: bool = False
    paid: int = 0
    visit_paid: int = 0


@dataclass(frozen=True)
class Expected:
    """What the documents say of a probe: reason, fen, and the articles that decide."""

    reason: int
    excluded: int = 0
    first_pay: int = 0
    deductible: int = 0
    copay: int = 0
    cut_visit: int = 0
    cut_annual: int = 0
    fund: int = 0
    account_allowed: int = 0
    articles: tuple[tuple[str, str], ...] = ()
    words: dict[str, str] = field(default_factory=dict)
    """Words that the text of a part's clauses must hold (with "!": must not), so that a wrong
    citation shows."""
    """(part, article) for every part that is cited; an article the document is silent on is ""."""


ZIBO_DEDUCTIBLE = (5_000, 50_000, 70_000, 70_000)
ZIBO_RATE = (60, 60, 50, 50)
HEYUAN_RATE = (70, 60, 55, 55)
HEYUAN_VISIT = (6_000, 12_000, 15_000, 15_000)
WAGE_FEN = {2023: 98_765_50, 2024: 101_234_75}


def half_up(value: Fraction) -> int:
    """Return the nearest whole fen, ties upwards."""
    return int((value * 2 + 1) // 2)


def expect(p: Probe) -> Expected:
    """Return what the documents say of a probe."""
    refused = _refusal(p)
    if refused:
        return Expected(refused[0], articles=(("excluded", refused[1]),))
    reason, article, excluded, allowed_bar, rest = _exclusion(p)
    articles = [("excluded", article)] if reason else []
    if rest is not None:
        articles.append(("excluded_rest", rest))
    left = p.in_scope - excluded
    temporary = p.place in (Place.OTHER_CITY, Place.OTHER_PROVINCE)
    tenth = Fraction(1, 10) if p.city == ZIBO and temporary else Fraction(0)
    first_pay = half_up(left * tenth)
    if tenth and left:
        articles.append(("first_pay", "第六条"))
    compliant = left - first_pay
    deductible = 0
    if p.city == ZIBO and not p.met:
        deductible = min(compliant, max(0, ZIBO_DEDUCTIBLE[p.level] - p.borne))
    base = compliant - deductible
    raw = half_up(base * _rate(p))
    cut_visit, cut_annual, fund = _caps(p, raw)
    if compliant:
        article = "第六条" if p.city == ZIBO else "第四条"
        articles += [("deductible", article), ("rate", article), ("annual_cap", article)]
        if p.city == HEYUAN:
            articles.append(("visit_cap", article))
    person = p.in_scope - fund
    return Expected(
        reason,
        excluded,
        first_pay,
        deductible,
        base - raw,
        cut_visit,
        cut_annual,
        fund,
        0 if allowed_bar is None else person - allowed_bar,
        tuple(sorted(articles)),
        _words(p),
    )


def _words(p: Probe) -> dict[str, str]:
    """Return the figure each citation must name, and the rise of the retired where there is one."""
    rate = (ZIBO_RATE if p.city == ZIBO else HEYUAN_RATE)[p.level]
    rise = p.status > 0 and (p.city == HEYUAN or p.day >= 2024_01_01)
    words = {
        "rate": f"支付比例{rate}% {'一二三三'[p.level]}级"
        + (" 提高5个百分点" if rise else " !提高5个百分点")
        + (" 建国前老工人" if rise and p.status == 2 else " !建国前老工人")
        + (" 已备案" if p.city == HEYUAN and p.place == Place.FILED else " !已备案")
    }
    if p.city == ZIBO:
        words["deductible"] = f"起付标准{ZIBO_DEDUCTIBLE[p.level] // 100}元"
        words["annual_cap"] = f"最高支付{3000 if p.day < 2024_01_01 else 4000}元"
        words["first_pay"] = "先自付10%"
    else:
        words["deductible"] = "没有起付标准"
        words["visit_cap"] = f"每次最高支付{HEYUAN_VISIT[p.level] // 100}元"
        words["annual_cap"] = "年度 限额"
    return words


def _rate(p: Probe) -> Fraction:
    if p.city == ZIBO:
        bonus = 5 if p.status > 0 and p.day >= 2024_01_01 else 0
        return Fraction(ZIBO_RATE[p.level] + bonus, 100)
    return Fraction(HEYUAN_RATE[p.level] + (5 if p.status > 0 else 0), 100)


def _caps(p: Probe, raw: int) -> tuple[int, int, int]:
    """Return the cut of the visit cap, the cut of the annual cap, and what is left."""
    if p.city == ZIBO:
        annual, cut_visit = (300_000 if p.day < 2024_01_01 else 400_000), 0
    else:
        annual = half_up(Fraction(WAGE_FEN[p.day // 10_000 - 2] * 2, 100))
        cut_visit = max(0, raw - max(0, HEYUAN_VISIT[p.level] - p.visit_paid))
    fund = min(raw - cut_visit, max(0, annual - p.paid))
    return cut_visit, raw - cut_visit - fund, fund


def _refusal(p: Probe) -> tuple[int, str] | None:
    """Return the first refusal in order of precedence, with its article."""
    zibo = p.city == ZIBO
    if p.facts & (Fact.CHRONIC | Fact.SPECIAL):
        return Reason.NO_FIGURE, "第九条" if zibo else "第六条"
    if p.facts & Fact.DAY_SURGERY:
        return Reason.NO_FIGURE, "第十一条" if zibo else ""
    if not zibo and p.day // 10_000 - 2 not in WAGE_FEN:
        return Reason.NO_FIGURE, "第四条"
    if p.facts & Fact.SPANS_BOUNDARY:
        return Reason.SPANS_BOUNDARY, ""
    if zibo and p.facts & Fact.PHARMACY:
        return Reason.BENEFIT_NOT_OFFERED, "第十二条"
    if p.facts & Fact.NOT_OFFERED:
        return Reason.BENEFIT_NOT_OFFERED, ""
    if p.facts & Fact.MATERNITY:
        return Reason.OTHER_SCHEME, ""
    return None


def _exclusion(p: Probe) -> tuple[int, str, int, int | None, str | None]:
    """Return reason, article, excluded fen, what the account may not pay, article of the rest.

    None for the account: it may pay nothing.
    """
    zibo = p.city == ZIBO
    lines: list[tuple[int, str]] = []
    if p.facts & Fact.NOT_DESIGNATED:
        lines.append((Reason.NOT_DESIGNATED, "第八条" if zibo else "第四条"))
    if p.facts & Fact.IN_ARREARS:
        lines.append((Reason.ARREARS, "第八条" if zibo else ""))
    if zibo and p.facts & Fact.IN_STAY:
        lines.append((Reason.INPATIENT_STAY, "第八条"))
    if p.facts & Fact.LIABLE:
        lines.append((Reason.LIABLE_ELSEWHERE, "第八条" if zibo else ""))
    if not zibo and p.facts & Fact.OUTSIDE_CITY and not p.facts & Fact.FILED:
        lines.append((Reason.NOT_FILED, "第四条"))
    passes = Fact.OUTSIDE_CITY | Fact.SELECTED | Fact.REFERRED | Fact.EMERGENCY
    if not zibo and not p.facts & passes:
        lines.append((Reason.NOT_SELECTED, "第十五条"))
    if p.facts & Fact.PHARMACY and not p.facts & Fact.PRESCRIBER:
        lines.append((Reason.NO_PRESCRIPTION, "第十二条"))
    if not lines:
        return 0, "", 0, 0, None
    liable = p.in_scope if p.liable < 0 else min(p.liable, p.in_scope)
    reasons = [reason for reason, _ in lines]
    bar: int | None = liable if Reason.LIABLE_ELSEWHERE in reasons else 0
    if Reason.NOT_DESIGNATED in reasons:
        bar = None
    if reasons == [Reason.LIABLE_ELSEWHERE]:
        return lines[0][0], lines[0][1], liable, bar, None
    rest = None
    if reasons[0] == Reason.LIABLE_ELSEWHERE and liable < p.in_scope:
        rest = lines[1][1]
    return lines[0][0], lines[0][1], p.in_scope, bar, rest
