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
    cut_pooled: int = 0
    fund: int = 0
    large: int = 0
    account_allowed: int = 0
    pooled_counted: int = 0
    burden_counted: int = 0
    articles: tuple[tuple[str, str], ...] = ()
    """(part, article) for every part that is cited; an article the document is silent on is ""."""
    words: dict[str, str] = field(default_factory=dict)
    """Words that the text of a part's clauses must hold (with "!": must not), so that a wrong
    citation shows."""


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
    reason, excluded, bar, cited = _excluded(p, reading.exclusions(p))
    left = p.in_scope - excluded
    first_pay = half_up(left * says.first_pay)
    compliant = left - first_pay
    deductible = 0 if p.met else min(compliant, max(0, says.deductible - p.borne))
    base = compliant - deductible
    raw = half_up(base * says.rate)
    after_visit = _least(raw, says.visit, p.visit_paid)
    after_annual = _least(after_visit, says.annual, p.paid)
    fund = _least(after_annual, says.pooled, p.pooled) if says.pooled_counts else after_annual
    burden = large = by_rate = 0
    if says.threshold is not None and not (reason and excluded == p.in_scope):
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
        "pooled_cap": compliant > 0 and says.pooled is not None,
        "large_amount": by_rate > 0,
    }
    cited += [(part, says.articles[part]) for part, decided in parts.items() if decided]
    person = p.pre_payment + p.in_scope - fund - large
    return Expected(
        reason,
        excluded,
        first_pay,
        deductible,
        base - raw,
        raw - after_visit,
        after_visit - after_annual,
        after_annual - fund,
        fund,
        large,
        0 if bar is None else person - bar,
        fund if says.pooled_counts else 0,
        burden,
        tuple(sorted(cited)),
        says.words,
    )


def _least(amount: int, cap: int | None, used: int) -> int:
    return amount if cap is None else min(amount, max(0, cap - used))


def _excluded(p: Probe, lines: Lines) -> tuple[int, int, int | None, list[tuple[str, str]]]:
    """Return reason, excluded fen, what the account may not pay, and the articles of both parts.

    None for the account: it may pay nothing.
    """
    if not lines:
        return 0, 0, 0, []
    liable = p.in_scope if p.liable < 0 else min(p.liable, p.in_scope)
    reasons = [reason for reason, _ in lines]
    bar: int | None = liable if Reason.LIABLE_ELSEWHERE in reasons else 0
    if Reason.NOT_DESIGNATED in reasons:
        bar = None
    cited = [("excluded", lines[0][1])]
    if reasons == [Reason.LIABLE_ELSEWHERE]:
        return reasons[0], liable, bar, cited
    if reasons[0] == Reason.LIABLE_ELSEWHERE and liable < p.in_scope:
        cited.append(("excluded_rest", lines[1][1]))
    return reasons[0], p.in_scope, bar, cited
