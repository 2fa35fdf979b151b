"""A second reading of the documents, by hand: order, rounding, exclusions, clauses.

It shares nothing with the engine but the names of the codes: the figures are typed from the
documents (`tests.support.readings`), the arithmetic uses fractions. It holds the compiled plans to
the documents, which two kernels that read the same plan cannot do.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from engine.domain.reasons import Reason

Lines = list[tuple[Reason, str]]
"""Reasons in order of precedence, each with its article; "": the document is silent."""


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
    pre_payment: int = 0
    pooled: int = 0
    burden: int = 0
    large: int = 0
    code: str = ""
    """Of the disease or procedure."""
    special_borne: int = 0
    chronic_paid: int = 0
    disease_paid: int = 0
    over_limit: int = 0
    non_covered: int = 0


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
    cut_disease: int = 0
    cut_pooled: int = 0
    fund: int = 0
    large: int = 0
    institution: int = 0
    person: int = 0
    account_allowed: int = 0
    pooled_counted: int = 0
    burden_counted: int = 0
    articles: tuple[tuple[str, str], ...] = ()
    """(part, article) for every part that is cited; an article the document is silent on is ""."""
    words: dict[str, str] = field(default_factory=dict)
    """Words that the text of a part's clauses must hold (with "!": must not; with "@": a figure
    that the citation must name), so that a wrong citation shows."""


@dataclass(frozen=True)
class Tariff:
    """What a document says for a probe's level, status, place and day; caps None: none."""

    deductible: int
    rate: Fraction
    first_pay: Fraction = Fraction(0)
    visit: int | None = None
    annual: int | None = None
    pooled: int | None = None
    pooled_counts: bool = False
    special: bool = False
    """The deductible is the special benefit's own, of which nothing was met before."""
    each: bool = False
    """The deductible is whole each time."""
    paid: int | None = None
    """What was paid so far of the annual cap; None: what was paid for ordinary care."""
    disease: int | None = None
    package: int | None = None
    """The standard price of a package."""
    threshold: int | None = None
    """Of the second payment; None: there is none."""
    second_rate: Fraction = Fraction(0)
    second_cap: int | None = None
    articles: dict[str, str] = field(default_factory=dict)
    """The article of each part that the document, or its silence, decides."""
    words: dict[str, str] = field(default_factory=dict)


class Reading(Protocol):
    """One city's document."""

    def tariff(self, p: Probe) -> Tariff:
        """Return the figures for a probe."""
        ...

    def refusals(self, p: Probe) -> Lines:
        """Return what refuses a probe."""
        ...

    def exclusions(self, p: Probe) -> Lines:
        """Return what the fund does not pay of it."""
        ...


def half_up(value: Fraction) -> int:
    """Return the nearest whole fen, ties upwards."""
    return int((value * 2 + 1) // 2)


def expect(reading: Reading, p: Probe) -> Expected:
    """Return what a document says of a probe."""
    refused = reading.refusals(p)
    if refused:
        return Expected(refused[0][0], articles=(("excluded", refused[0][1]),))
    says = reading.tariff(p)
    out = _excluded(p, reading.exclusions(p))
    whole = bool(out.reason) and out.excluded == p.in_scope
    bill = p.in_scope - out.excluded + p.pre_payment + p.over_limit + p.non_covered
    if says.package is not None and bill and not whole:
        return _package(says, p, out, bill)
    left = p.in_scope - out.excluded
    first_pay = half_up(left * says.first_pay)
    compliant = left - first_pay
    deductible = min(compliant, _still_to_bear(says, p))
    base = compliant - deductible
    raw = half_up(base * says.rate)
    after_visit = _least(raw, says.visit, p.visit_paid)
    after_annual = _least(after_visit, says.annual, p.paid if says.paid is None else says.paid)
    after_disease = _least(after_annual, says.disease, p.disease_paid)
    fund = _least(after_disease, says.pooled, p.pooled) if says.pooled_counts else after_disease
    burden = large = by_rate = 0
    if says.threshold is not None and not whole:
        burden = p.pre_payment + compliant - fund
        above = max(0, p.burden + burden - says.threshold) - max(0, p.burden - says.threshold)
        by_rate = half_up(above * says.second_rate)
        large = _least(by_rate, says.second_cap, p.large)
    parts = {
        "first_pay": bool(says.first_pay and left),
        "deductible": compliant > 0,
        "rate": compliant > 0,
        "visit_cap": compliant > 0 and says.visit is not None,
        "annual_cap": compliant > 0 and says.annual is not None,
        "disease_cap": compliant > 0 and says.disease is not None,
        "pooled_cap": compliant > 0 and says.pooled is not None,
        "large_amount": by_rate > 0,
    }
    person = bill + out.excluded - fund - large
    return Expected(
        reason=out.reason,
        excluded=out.excluded,
        first_pay=first_pay,
        deductible=deductible,
        copay=base - raw,
        cut_visit=raw - after_visit,
        cut_annual=after_visit - after_annual,
        cut_disease=after_annual - after_disease,
        cut_pooled=after_disease - fund,
        fund=fund,
        large=large,
        person=person,
        account_allowed=0 if out.bar is None else person - out.bar,
        pooled_counted=fund if says.pooled_counts else 0,
        burden_counted=burden,
        articles=_articles(says, out, parts),
        words=says.words,
    )


def _still_to_bear(says: Tariff, p: Probe) -> int:
    if says.each:
        return says.deductible
    if says.special:
        return max(0, says.deductible - p.special_borne)
    return 0 if p.met else max(0, says.deductible - p.borne)


def _package(says: Tariff, p: Probe, out: "Taken", bill: int) -> Expected:
    """Return what 三（七）says of a bill: the fund pays its share of the price, whatever the bill.

    The person pays the share of the lower of the two; the institution bears what the bill is above
    the price, and keeps what it is below. What the pooled cap leaves unpaid comes out of what would
    be kept first (C5-A).
    """
    assert says.package is not None
    lower = min(bill, says.package)
    by_price = half_up(says.package * says.rate)
    own = lower - half_up(lower * says.rate)
    fund = _least(by_price, says.pooled, p.pooled)
    person = out.excluded + max(own, lower - fund)
    return Expected(
        reason=out.reason,
        excluded=out.excluded,
        copay=own,
        cut_pooled=by_price - fund,
        fund=fund,
        institution=bill + out.excluded - fund - person,
        person=person,
        account_allowed=0 if out.bar is None else person - out.bar,
        pooled_counted=fund,
        articles=_articles(
            says, out, {"rate": True, "standard_price": True, "pooled_cap": says.pooled is not None}
        ),
        words=says.words,
    )


def _articles(says: Tariff, out: "Taken", parts: dict[str, bool]) -> tuple[tuple[str, str], ...]:
    own = [(part, says.articles[part]) for part, decided in parts.items() if decided]
    return tuple(sorted(own + out.cited))


def _least(amount: int, cap: int | None, used: int) -> int:
    return amount if cap is None else min(amount, max(0, cap - used))


@dataclass(frozen=True)
class Taken:
    """What the exclusions take: why, how much, what the account may not pay (None: anything)."""

    reason: int
    excluded: int
    bar: int | None
    cited: list[tuple[str, str]]


def _excluded(p: Probe, lines: Lines) -> Taken:
    """Return what is excluded, with the articles of both of its parts."""
    if not lines:
        return Taken(0, 0, 0, [])
    liable = p.in_scope if p.liable < 0 else min(p.liable, p.in_scope)
    reasons = [reason for reason, _ in lines]
    bar: int | None = liable if Reason.LIABLE_ELSEWHERE in reasons else 0
    if Reason.NOT_DESIGNATED in reasons:
        bar = None
    cited = [("excluded", lines[0][1])]
    if reasons == [Reason.LIABLE_ELSEWHERE]:
        return Taken(reasons[0], liable, bar, cited)
    if reasons[0] == Reason.LIABLE_ELSEWHERE and liable < p.in_scope:
        cited.append(("excluded_rest", lines[1][1]))
    return Taken(reasons[0], p.in_scope, bar, cited)
