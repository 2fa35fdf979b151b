"""The compiled plans against a second reading of the documents, and every value of them mutated."""

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from engine.domain.codes import Fact, Place
from engine.domain.layout import (
    COMPLIANT_BURDEN,
    DEDUCTIBLE,
    DEDUCTIBLE_MET,
    FLAGS,
    LARGE_AMOUNT_PAID,
    ORDINARY_PAID,
    POOLED_PAID,
    RESULT,
    ROW,
    aligned_counters,
)
from engine.domain.reasons import EXCLUSION_FIRST, Reason
from engine.errors import InvariantBroken
from engine.kernel import FAST, REFERENCE, Kernel, PlanTable
from engine.rules.book import PlanBook
from engine.rules.figures import FigureSet
from engine.rules.plan import (
    ALL_LEVELS,
    BAR_ALL,
    BAR_EXCLUDED,
    DEDUCTIBLE_INSTITUTION,
    DEDUCTIBLE_NONE,
    LEVELS,
    PLACES,
    Exclusion,
    RulePlan,
)
from tests.support.oracle import Expected, Probe, expect
from tests.support.readings import READINGS
from tests.support.runner import assumed_figures, cities
from tests.support.world import CHANGCHUN, HEYUAN, JINAN, SUIZHOU, ZIBO

DAYS = {
    ZIBO: (2023_01_01, 2023_12_31, 2024_01_01, 2027_12_31),
    HEYUAN: (2025_08_01, 2025_12_31, 2026_01_01, 2026_12_31, 2027_01_01, 2030_07_31),
    SUIZHOU: (2022_12_31, 2023_01_01, 2024_12_30),
    JINAN: (2023_01_01, 2023_12_31, 2024_01_01, 2025_11_02, 2025_11_03, 2027_12_31),
    CHANGCHUN: (2023_06_15, 2023_12_31, 2024_01_01, 2049_12_31),
}
LOCAL = {HEYUAN: Fact.ORDINARY | Fact.SELECTED}


@cache
def book() -> PlanBook:
    """Return the rule book with the figures the tests assume."""
    return PlanBook(cities(), FigureSet().add(assumed_figures()))


def probes(city: str, day: int) -> Iterator[Probe]:
    """Yield claims that meet every value of the plan: each level, status, place, each fact."""
    ordinary = int(LOCAL.get(city, Fact.ORDINARY))
    outside = int(Fact.ORDINARY | Fact.OUTSIDE_CITY)
    places = (
        ordinary,
        outside | Fact.FILED,
        outside,
        outside | Fact.OUTSIDE_PROVINCE,
    )
    for level in range(4):
        for status in range(3):
            for place, facts in enumerate(places):
                base = Probe(city, day, level, status, place, int(facts), 0)
                yield replace(base, in_scope=49_999)
                yield replace(base, in_scope=999_999, borne=49_950, met=city == HEYUAN)
                yield replace(base, in_scope=10_001, met=True)
                yield replace(base, in_scope=500_003, met=True, paid=123_400)
                yield replace(base, in_scope=30_007, met=True, visit_paid=5_990, paid=100_000)
                yield replace(base, in_scope=30_007, met=True, paid=197_000)
                yield replace(base, in_scope=999_999, met=True, paid=250_001)
                yield replace(base, in_scope=500_003, met=True, paid=20_000, pooled=295_005)
                for used in (0, 499_001):
                    yield replace(
                        base, in_scope=70_003, met=True, pre_payment=703, burden=790_001, large=used
                    )
                yield replace(base, in_scope=50_001, met=True, burden=1_000_001)
    # What a city's rules do not serve yet never reaches a kernel.
    served = () if city == CHANGCHUN else (Fact.CHRONIC, Fact.SPECIAL, Fact.DAY_SURGERY)
    for facts in _fact_sets(ordinary, outside, served):
        for liable in (-1, 0, 4_001, 99_999):
            filed = Place.FILED if facts & Fact.FILED else Place.OTHER_CITY
            place = filed if facts & Fact.OUTSIDE_CITY else Place.LOCAL
            yield Probe(city, day, 1, 0, place, facts, 20_001, liable)
            yield Probe(city, day, 0, 1, place, facts, 33_333, liable, met=True, burden=900_000)


def _fact_sets(ordinary: int, outside: int, served: tuple[Fact, ...]) -> Iterator[int]:
    """Yield each fact alone, and each pair, on top of an ordinary claim in and out of the city."""
    benefits = (Fact.CHRONIC, Fact.SPECIAL, Fact.DAY_SURGERY)
    for benefit in served:
        yield int(benefit)
    others = [
        f for f in Fact if f not in (Fact.ORDINARY, *benefits, Fact.OUTSIDE_CITY, Fact.USE_ACCOUNT)
    ]
    for base in (ordinary, int(Fact.ORDINARY), outside, outside | int(Fact.FILED)):
        yield base
        for n, one in enumerate(others):
            yield base | one
            for other in others[n + 1 :]:
                yield base | one | other


def settle(plan: RulePlan, claims: list[Probe], kernel: Kernel) -> np.ndarray:
    """Settle each probe on a member-year of its own."""
    rows, results = np.zeros(len(claims), ROW), np.zeros(len(claims), RESULT)
    counters = aligned_counters(len(claims))
    visits = np.array([p.visit_paid for p in claims] + [p.borne for p in claims])
    at_institution = plan.deductible_kind == DEDUCTIBLE_INSTITUTION
    for n, p in enumerate(claims):
        counters[n, DEDUCTIBLE] = 1_000_000 if at_institution else p.borne
        counters[n, ORDINARY_PAID], counters[n, POOLED_PAID] = p.paid, p.pooled
        counters[n, COMPLIANT_BURDEN], counters[n, LARGE_AMOUNT_PAID] = p.burden, p.large
        counters[n, FLAGS] = DEDUCTIBLE_MET if p.met else 0
        row = rows[n]
        row["in_scope"], row["liable"], row["facts"] = p.in_scope, p.liable, p.facts
        row["level"], row["status"], row["place"] = p.level, p.status, p.place
        row["pre_payment"] = p.pre_payment
        row["counters"] = row["visit"] = n
        row["borne"] = len(claims) + n if at_institution else -1
        row["account"] = -1
    kernel.settle(rows, PlanTable([plan]), counters, visits, results)
    return results


def differs(plan: RulePlan, result: np.void, wanted: Expected) -> str:
    """Return the first part in which a result differs from the documents, "" if none does."""
    pairs = {
        "reason": wanted.reason,
        "excluded": wanted.excluded,
        "first_pay": wanted.first_pay,
        "deductible": wanted.deductible,
        "copay": wanted.copay,
        "cut_visit": wanted.cut_visit,
        "cut_annual": wanted.cut_annual,
        "cut_pooled": wanted.cut_pooled,
        "pooled_fund": wanted.fund,
        "large_amount_fund": wanted.large,
        "pooled_counted": wanted.pooled_counted,
        "burden_counted": wanted.burden_counted,
        "account_allowed": wanted.account_allowed,
    }
    for name, value in pairs.items():
        if int(result[name]) != value:
            return f"{name} is {result[name]}, the document says {value}"
    articles = dict(wanted.articles)
    for name in RESULT.names or ():
        if name.startswith("cite_"):
            part, cited = name.removeprefix("cite_"), int(result[name])
            if (part in articles) != bool(cited):
                return f"{part} cited as {cited}, the document: {articles.get(part)}"
            if cited and not _cites(plan, cited, part, articles[part], wanted.words):
                return f"{part} cites {plan.citations[cited]}, expected {articles[part]}"
    return ""


def _cites(plan: RulePlan, cited: int, part: str, article: str, words: dict[str, str]) -> bool:
    """Return whether a citation names the article, and says what was typed from it by hand."""
    if cited >= len(plan.citations):
        return False
    clauses = plan.citations[cited].clauses
    named = any(c.clause.startswith(article) if article else not c.stated for c in clauses)
    text = "".join(c.text for c in clauses)
    return named and all(
        (word.removeprefix("!") in text) != word.startswith("!")
        for word in words.get(part, "").split()
    )


@pytest.mark.parametrize("kernel", [REFERENCE, FAST], ids=lambda kernel: kernel.name)
@pytest.mark.parametrize(("city", "day"), [(c, d) for c, days in DAYS.items() for d in days])
def test_plans_say_what_the_documents_say(city: str, day: int, kernel: Kernel) -> None:
    plan = book().plan_for(city, day)
    assert plan is not None
    claims = list(probes(city, day))
    for probe, result in zip(claims, settle(plan, claims, kernel), strict=True):
        assert not differs(plan, result, expect(READINGS[city], probe)), probe


def mutations(plan: RulePlan) -> Iterator[tuple[str, RulePlan]]:
    """Yield the plan with each number of it changed once: every table cell, every line."""
    yield from _number_mutations(plan)
    for n, line in enumerate(plan.exclusions):
        name = Reason(line.reason).name
        lines = plan.exclusions[:n] + plan.exclusions[n + 1 :]
        if plan.city == ZIBO and line.reason == Reason.NO_PRESCRIPTION:
            continue  # An ordinary claim at a pharmacy is refused before.
        yield f"{name} left out", replace(plan, exclusions=lines)
        for what, changed_line in _line_mutations(plan, line):
            lines = (*plan.exclusions[:n], changed_line, *plan.exclusions[n + 1 :])
            yield f"{name}: {what}", replace(plan, exclusions=lines)


def _number_mutations(plan: RulePlan) -> Iterator[tuple[str, RulePlan]]:
    for field in fields(plan):
        value = getattr(plan, field.name)
        if field.name == "rounding" or field.name.endswith(("_counts", "_limited")):
            yield field.name, replace(plan, **{field.name: 1 - value})
        elif field.name == "deductible_kind":
            if value != DEDUCTIBLE_NONE:
                yield field.name, replace(plan, deductible_kind=DEDUCTIBLE_NONE)
        elif field.name.startswith(("pooled_", "second_")):
            counted = plan.pooled_counts if field.name[0] == "p" else plan.burden_counts
            if counted:
                yield field.name, replace(plan, **{field.name: value + 1})
        elif isinstance(value, tuple) and value and isinstance(value[0], int):
            for n, number in enumerate(value):
                if reachable(plan, field.name, n):
                    changed = (*value[:n], number + 1, *value[n + 1 :])
                    change: dict[str, Any] = {field.name: changed}
                    yield f"{field.name}[{n}]", replace(plan, **change)


def reachable(plan: RulePlan, table: str, n: int) -> bool:
    """Return whether any claim can meet a cell.

    Not where there is nothing to cite (no cap, no first payment) or to count (no deductible), and
    not a rate outside the city where only the filed are paid.
    """
    if table == "visit_cap_cite":
        return plan.visit_cap_fen[n] >= 0
    if table == "first_pay_cite":
        return plan.first_pay_bp[n] > 0
    if table == "deductible_fen" and plan.deductible_kind == DEDUCTIBLE_NONE:
        return False
    only_filed = any(line.reason == Reason.NOT_FILED for line in plan.exclusions)
    if only_filed and table.startswith("rate"):
        return n % PLACES <= Place.FILED
    return not (only_filed and table == "first_pay_bp" and n > Place.FILED)


def _line_mutations(plan: RulePlan, line: Exclusion) -> Iterator[tuple[str, Exclusion]]:
    yield "reason", replace(line, reason=line.reason + 1)
    if line.reason >= EXCLUSION_FIRST:
        yield "liable_only", replace(line, liable_only=not line.liable_only)
        for bar in {0, 1, 2} - {line.account_bar}:
            # Liable in whole: what is excluded is all there is, so only a part tells the two apart.
            if (line.account_bar, bar) != (BAR_ALL, BAR_EXCLUDED) and bar != BAR_EXCLUDED:
                yield f"account_bar={bar}", replace(line, account_bar=bar)
    for fact in Fact:
        # What is not chronic, special or day surgery is ordinary: the bit says nothing more.
        if line.require & fact and fact != Fact.ORDINARY:
            yield f"require -{fact.name}", replace(line, require=line.require & ~fact)
        if line.forbid & fact:
            yield f"forbid -{fact.name}", replace(line, forbid=line.forbid & ~fact)
    for level in range(LEVELS):
        # The facts are probed at the two lowest levels.
        if line.levels >> level & 1 and (level < 2 or line.levels != ALL_LEVELS):
            yield f"levels -{level}", replace(line, levels=line.levels & ~(1 << level))


@pytest.mark.parametrize(
    ("city", "day"), [(c, d) for c, days in DAYS.items() for d in days if d < 2027_01_01]
)
def test_every_value_mutated_is_caught(city: str, day: int) -> None:
    """A plan with one number changed, or a line left out, no longer fits the documents."""
    plan = book().plan_for(city, day)
    assert plan is not None
    claims = list(probes(city, day))
    wanted = [expect(READINGS[city], probe) for probe in claims]
    results = settle(plan, claims, FAST)
    survivors = []
    for name, changed in mutations(plan):
        try:
            again = settle(changed, claims, FAST)
        except (InvariantBroken, ValueError):
            continue
        rows = np.nonzero(again != results)[0]
        if not any(differs(changed, again[n], wanted[n]) for n in rows):
            survivors.append(name)
    assert survivors == []
