"""Packs a rule plan into one row of 64-bit words, the form in which the compiled kernel reads it.

The positions below are declared in `_fast.pyx` too, and compared at start-up. A row holds:

    HEAD        kind of deductible, number of exclusions, their quick mask, what is counted and
                how, for each place the first payment, the pooled cap, the second payment
    GROUPS      for each level and status 8 words, one line of 64 bytes: deductible, visit cap,
                annual cap, the citations of the three, and for each place the rate
    EXCLUSIONS  for each line of the matrix 2 words: its pattern and its verdict
    SPANS       for each level and status 4 words: day cap, month cap, the citations of the two
    BRACKETS    for each bracket, level and status, for each place the rate

A rate is packed with its citation: basis points in bits 0 to 15, citation from bit 16.

The pattern of an exclusion has the facts it requires in bits 0 to 30 and those it forbids in
bits 32 to 62. From a claim's facts come the *broken* conditions, missing facts below and
present ones above: a line applies exactly if it shares no bit with them. The quick mask holds
one condition of every line, so that if all of it is broken no line applies.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from engine.domain.codes import Fact
from engine.domain.layout import Array
from engine.domain.money import AMOUNT_MAX_FEN, BP
from engine.domain.reasons import Reason
from engine.errors import InvariantBroken
from engine.rules.plan import (
    ALL_LEVELS,
    BAR_ALL,
    BAR_NONE,
    BRACKETS_MAX,
    DEDUCTIBLE_BENEFIT,
    DEDUCTIBLE_NONE,
    HALF_UP,
    LEVELS,
    NO_CAP,
    PLACES,
    RELATIONS,
    STATUSES,
    VISIT_DAY,
    VISIT_NAMED,
    Exclusion,
    RulePlan,
)

HEAD_DEDUCTIBLE_KIND: Final = 0
HEAD_EXCLUSIONS: Final = 1
HEAD_QUICK_MASK: Final = 2
HEAD_COUNTS: Final = 3
HEAD_FIRST_PAY: Final = 4
HEAD_POOLED_CAP: Final = 8
HEAD_SECOND_THRESHOLD: Final = 9
HEAD_SECOND_RATE: Final = 10
HEAD_SECOND_CAP: Final = 11
HEAD_CITES: Final = 12
HEAD_DISEASE_CAP: Final = 13
HEAD_STANDARD_PRICE: Final = 14
HEAD_BRACKETS: Final = 15
HEAD_ABOVE: Final = 16
HEAD_FAMILY: Final = 20

COUNTS_POOLED: Final = 1
COUNTS_BURDEN: Final = 2
LIMITS_ACCOUNT: Final = 4
CAPS_COST: Final = 8
FIRST_PAY_LAST: Final = 16
COUNTS_COPAY_ONLY: Final = 32

GROUPS: Final = 24
GROUP_WORDS: Final = 8
GROUP_DEDUCTIBLE: Final = 0
GROUP_VISIT_CAP: Final = 1
GROUP_ANNUAL_CAP: Final = 2
GROUP_CITES: Final = 3
GROUP_RATE: Final = 4

EXCLUSIONS: Final = GROUPS + LEVELS * STATUSES * GROUP_WORDS
EXCLUSION_WORDS: Final = 2
EXCLUSIONS_MAX: Final = 44

SPANS: Final = EXCLUSIONS + EXCLUSIONS_MAX * EXCLUSION_WORDS
SPAN_WORDS: Final = 4
SPAN_DAY_CAP: Final = 0
SPAN_MONTH_CAP: Final = 1
SPAN_CITES: Final = 2

BRACKETS: Final = SPANS + LEVELS * STATUSES * SPAN_WORDS
BRACKET_WORDS: Final = LEVELS * STATUSES * PLACES

PLAN_WORDS: Final = BRACKETS + BRACKETS_MAX * BRACKET_WORDS

CITE_SHIFT: Final = 16
"""A citation stands above the 16 bits of a rate; three of them stand 16 bits apart."""
FORBID_SHIFT: Final = 32
REASON_SHIFT: Final = 16
BAR_SHIFT: Final = 24
LIABLE_ONLY_SHIFT: Final = 32
LEVELS_SHIFT: Final = 40

FACT_BITS: Final = 31
CITATION_MAX: Final = 2**15 - 1

_USUAL: Final = int(Fact.ORDINARY | Fact.SELECTED)
"""Facts of the usual claim. They matter for the speed of the quick mask, never for an amount."""

_NEVER: Final = 1 | 1 << FORBID_SHIFT
"""A mask that is never wholly broken: no fact is missing and present at once."""


def empty_words(rows: int) -> Array:
    """Return zeroed words for so many plans, each plan on 64-byte lines of its own."""
    raw = np.zeros(rows * PLAN_WORDS + GROUP_WORDS, dtype=np.int64)
    offset = (-raw.ctypes.data % 64) // 8
    return raw[offset : offset + rows * PLAN_WORDS].reshape(rows, PLAN_WORDS)


def check_plan(plan: RulePlan) -> None:
    """Check that the kernels can settle by a plan: its tables are whole, its values in range.

    Raises:
        InvariantBroken: naming the plan and the value; the compiler made a wrong plan.
    """
    caps = (NO_CAP, AMOUNT_MAX_FEN)
    groups = LEVELS * STATUSES
    kinds = (DEDUCTIBLE_NONE, DEDUCTIBLE_BENEFIT)
    _check(plan, "deductible_kind", (plan.deductible_kind,), 1, kinds)
    _check(plan, "rounding", (plan.rounding,), 1, (HALF_UP, HALF_UP))
    _check(plan, "deductible_fen", plan.deductible_fen, groups, (0, AMOUNT_MAX_FEN))
    _check(plan, "rate_bp", plan.rate_bp, groups * PLACES, (0, BP))
    _check(plan, "first_pay_bp", plan.first_pay_bp, PLACES, (0, BP))
    _check(plan, "visit_cap_fen", plan.visit_cap_fen, groups, caps)
    _check(plan, "annual_cap_fen", plan.annual_cap_fen, groups, caps)
    cites = (0, min(len(plan.citations) - 1, CITATION_MAX))
    _check(plan, "deductible_cite", plan.deductible_cite, groups, cites)
    _check(plan, "rate_cite", plan.rate_cite, groups * PLACES, cites)
    _check(plan, "first_pay_cite", plan.first_pay_cite, PLACES, cites)
    _check(plan, "visit_cap_cite", plan.visit_cap_cite, groups, cites)
    _check(plan, "annual_cap_cite", plan.annual_cap_cite, groups, cites)
    for name in (
        "pooled_counts",
        "burden_counts",
        "account_limited",
        "second_copay_only",
        "annual_cap_on_cost",
        "first_pay_last",
        "rate_of_selected",
        "prescription_apart",
    ):
        _check(plan, name, (getattr(plan, name),), 1, (0, 1))
    _check(plan, "visit_by", (plan.visit_by,), 1, (VISIT_NAMED, VISIT_DAY))
    _check(plan, "pooled_cap_fen", (plan.pooled_cap_fen,), 1, caps)
    _check(plan, "second_threshold_fen", (plan.second_threshold_fen,), 1, (0, AMOUNT_MAX_FEN))
    _check(plan, "second_rate_bp", (plan.second_rate_bp,), 1, (0, BP))
    _check(plan, "second_cap_fen", (plan.second_cap_fen,), 1, caps)
    for name in ("family_medical", "family_goods"):
        # Bit 0 would be no relation, bit 1 the owner.
        _check(plan, name, (getattr(plan, name),), 1, (0, 2 ** (RELATIONS + 1) - 1))
    for name in (
        "family_medical_cite",
        "family_goods_cite",
        "pooled_cap_cite",
        "second_cite",
        "account_cite",
        "disease_cap_cite",
        "standard_price_cite",
    ):
        _check(plan, name, (getattr(plan, name),), 1, cites)
    for name in ("day_cap", "month_cap"):
        _check(plan, f"{name}_fen", getattr(plan, f"{name}_fen"), groups, caps)
        _check(plan, f"{name}_cite", getattr(plan, f"{name}_cite"), groups, cites)
    _check(plan, "disease_cap_fen", (plan.disease_cap_fen,), 1, caps)
    _check(plan, "standard_price_fen", (plan.standard_price_fen,), 1, caps)
    _check_brackets(plan, cites)
    _check_package(plan, cites)
    lines = plan.exclusions
    count, facts = len(lines), (0, 2**FACT_BITS - 1)
    _check(plan, "exclusions", (count,), 1, (0, EXCLUSIONS_MAX))
    _check(plan, "exclusions.reason", [x.reason for x in lines], count, (1, max(Reason)))
    _check(plan, "exclusions.require", [x.require for x in lines], count, facts)
    _check(plan, "exclusions.forbid", [x.forbid for x in lines], count, facts)
    _check(plan, "exclusions.citation", [x.citation for x in lines], count, cites)
    _check(plan, "exclusions.levels", [x.levels for x in lines], count, (1, ALL_LEVELS))
    _check(
        plan, "exclusions.account_bar", [x.account_bar for x in lines], count, (BAR_NONE, BAR_ALL)
    )


def _check_brackets(plan: RulePlan, cites: tuple[int, int]) -> None:
    groups = LEVELS * STATUSES
    _check(plan, "brackets", (len(plan.brackets),), 1, (0, BRACKETS_MAX))
    lowest = 1
    for bracket in plan.brackets:
        _check(plan, "brackets.above_fen", (bracket.above_fen,), 1, (lowest, AMOUNT_MAX_FEN))
        _check(plan, "brackets.rate_bp", bracket.rate_bp, groups * PLACES, (0, BP))
        _check(plan, "brackets.rate_cite", bracket.rate_cite, groups * PLACES, cites)
        lowest = bracket.above_fen + 1
    if plan.brackets:
        # The annual band of cost would need the rates of the brackets it reaches.
        _check(plan, "brackets with annual_cap_on_cost", (plan.annual_cap_on_cost,), 1, (0, 0))


def _check_package(plan: RulePlan, cites: tuple[int, int]) -> None:
    if plan.standard_price_fen != NO_CAP:
        # A package's basis does not add up to what is in scope, which these two count on.
        for name in ("burden_counts", "account_limited", "annual_cap_on_cost"):
            _check(plan, f"standard_price_fen with {name}", (getattr(plan, name),), 1, (0, 0))
        _check(plan, "standard_price_fen with deductible_kind", (plan.deductible_kind,), 1, (0, 0))
        _check(plan, "standard_price_fen with brackets", (len(plan.brackets),), 1, (0, 0))
        _check(plan, "standard_price_cite", (plan.standard_price_cite,), 1, (1, cites[1]))


def _check(
    plan: RulePlan, name: str, values: Sequence[int], count: int, limits: tuple[int, int]
) -> None:
    first, last = limits
    where = f"plan {plan.city} from {plan.first_day}: {name}"
    if len(values) != count:
        raise InvariantBroken(f"{where}: found {len(values)} values, expected {count}")
    for value in values:
        if not first <= value <= last:
            raise InvariantBroken(f"{where}: found {value}, expected {first} to {last}")


def pack(plan: RulePlan) -> list[int]:
    """Return a plan as `PLAN_WORDS` words.

    Raises:
        InvariantBroken: the plan is not one the kernels can settle by.
    """
    check_plan(plan)
    words = [0] * PLAN_WORDS
    words[HEAD_DEDUCTIBLE_KIND] = plan.deductible_kind
    words[HEAD_EXCLUSIONS] = len(plan.exclusions)
    words[HEAD_QUICK_MASK] = quick_mask(plan.exclusions)
    words[HEAD_COUNTS] = (
        COUNTS_POOLED * plan.pooled_counts
        | COUNTS_BURDEN * plan.burden_counts
        | LIMITS_ACCOUNT * plan.account_limited
        | CAPS_COST * plan.annual_cap_on_cost
        | FIRST_PAY_LAST * plan.first_pay_last
        | COUNTS_COPAY_ONLY * plan.second_copay_only
    )
    words[HEAD_POOLED_CAP] = plan.pooled_cap_fen
    words[HEAD_SECOND_THRESHOLD] = plan.second_threshold_fen
    words[HEAD_SECOND_RATE] = _rate(plan.second_rate_bp, plan.second_cite)
    words[HEAD_SECOND_CAP] = plan.second_cap_fen
    # The highest citation is below 2**15, so that no word turns negative.
    words[HEAD_CITES] = (
        plan.pooled_cap_cite
        | plan.account_cite << CITE_SHIFT
        | plan.disease_cap_cite << 2 * CITE_SHIFT
        | plan.standard_price_cite << 3 * CITE_SHIFT
    )
    words[HEAD_FAMILY] = (
        plan.family_medical
        | plan.family_goods << CITE_SHIFT
        | plan.family_medical_cite << 2 * CITE_SHIFT
        | plan.family_goods_cite << 3 * CITE_SHIFT
    )
    words[HEAD_DISEASE_CAP] = plan.disease_cap_fen
    words[HEAD_STANDARD_PRICE] = plan.standard_price_fen
    words[HEAD_BRACKETS] = len(plan.brackets)
    for place in range(PLACES):
        words[HEAD_FIRST_PAY + place] = _rate(plan.first_pay_bp[place], plan.first_pay_cite[place])
    for group in range(LEVELS * STATUSES):
        start = GROUPS + group * GROUP_WORDS
        words[start : start + GROUP_WORDS] = _group(plan, group)
        start = SPANS + group * SPAN_WORDS
        words[start + SPAN_DAY_CAP] = plan.day_cap_fen[group]
        words[start + SPAN_MONTH_CAP] = plan.month_cap_fen[group]
        words[start + SPAN_CITES] = (
            plan.day_cap_cite[group] | plan.month_cap_cite[group] << CITE_SHIFT
        )
    for number, bracket in enumerate(plan.brackets):
        words[HEAD_ABOVE + number] = bracket.above_fen
        start = BRACKETS + number * BRACKET_WORDS
        for at, rate in enumerate(zip(bracket.rate_bp, bracket.rate_cite, strict=True)):
            words[start + at] = _rate(*rate)
    for number, line in enumerate(plan.exclusions):
        start = EXCLUSIONS + number * EXCLUSION_WORDS
        words[start : start + EXCLUSION_WORDS] = (_pattern(line), _verdict(line))
    return words


def quick_mask(lines: Sequence[Exclusion]) -> int:
    """Return conditions, at least one of each line, that the usual claim leaves unfulfilled."""
    mask = 0
    for line in lines:
        if not _pattern(line) & mask:
            mask |= _condition(line)
    return mask


def _condition(line: Exclusion) -> int:
    """Return the one condition of a line that a usual claim is likeliest not to fulfil."""
    candidates = (
        line.require & ~_USUAL,
        (line.forbid & _USUAL) << FORBID_SHIFT,
        _pattern(line),
        _NEVER,
    )
    chosen = next(bits for bits in candidates if bits)
    return chosen if chosen == _NEVER else chosen & -chosen


def _rate(rate_bp: int, cite: int) -> int:
    return rate_bp | cite << CITE_SHIFT


def _group(plan: RulePlan, group: int) -> list[int]:
    cites = (
        plan.deductible_cite[group]
        | plan.visit_cap_cite[group] << CITE_SHIFT
        | plan.annual_cap_cite[group] << 2 * CITE_SHIFT
    )
    rates = [
        _rate(plan.rate_bp[at], plan.rate_cite[at])
        for at in range(group * PLACES, (group + 1) * PLACES)
    ]
    return [
        plan.deductible_fen[group],
        plan.visit_cap_fen[group],
        plan.annual_cap_fen[group],
        cites,
        *rates,
    ]


def _pattern(line: Exclusion) -> int:
    return line.require | line.forbid << FORBID_SHIFT


def _verdict(line: Exclusion) -> int:
    return (
        line.citation
        | line.reason << REASON_SHIFT
        | line.account_bar << BAR_SHIFT
        | int(line.liable_only) << LIABLE_ONLY_SHIFT
        | line.levels << LEVELS_SHIFT
    )
