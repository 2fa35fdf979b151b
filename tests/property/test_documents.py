"""The compiled plans against a second reading of the documents, and every value of them mutated."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from engine.domain.codes import BENEFIT_FACTS, Benefit, Fact, Place
from engine.domain.layout import (
    CHRONIC_PAID,
    COMPLIANT_BURDEN,
    DEDUCTIBLE,
    DEDUCTIBLE_MET,
    FLAGS,
    LARGE_AMOUNT_PAID,
    ORDINARY_PAID,
    POOLED_PAID,
    RESULT,
    ROW,
    SPECIAL_DEDUCTIBLE,
    Array,
    aligned_counters,
)
from engine.domain.reasons import Reason
from engine.errors import InvariantBroken
from engine.kernel import FAST, REFERENCE, Kernel, PlanTable
from engine.rules.book import PlanBook
from engine.rules.figures import FigureSet
from engine.rules.plan import (
    AGE_MAX,
    DEDUCTIBLE_INSTITUTION,
    NO_CAP,
    ClaimClass,
    Exclusion,
    RulePlan,
)
from tests.support.mutations import Mutated, mutated
from tests.support.oracle import Expected, Probe, Reading, expect
from tests.support.readings import READINGS
from tests.support.readings_changchun import GIVEN, PAPERS, READINGS_BY_BENEFIT
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

BENEFITS = Fact(sum(BENEFIT_FACTS.values()))
"""The facts that say under which benefit a claim is."""
ALWAYS = {
    Benefit.EMERGENCY: Fact.EMERGENCY | Fact.ASKED_EMERGENCY | Fact.STATEMENT | Fact.EMERGENCY_STAY
}
"""What holds of every claim of a benefit; of the others, that they are of it."""
CODES = {Benefit.CHRONIC: ("M01", "M02", "M03"), Benefit.DAY_SURGERY: ("DS01", "DS02")}


class Case(NamedTuple):
    """A plan to be held to its document: of a city, a day, a benefit, a disease or procedure."""

    city: str
    day: int
    benefit: Benefit = Benefit.ORDINARY
    code: str = ""

    def label(self) -> str:
        """Return the name of its test."""
        return f"{self.city}-{self.day}-{self.benefit.name.lower()}{self.code}"

    @property
    def reading(self) -> Reading:
        """The document as read by hand."""
        of_city = READINGS_BY_BENEFIT if self.city == CHANGCHUN else {}
        return of_city.get(self.benefit, READINGS[self.city])

    @property
    def always(self) -> int:
        """Facts of every probe."""
        return int(ALWAYS.get(self.benefit, BENEFIT_FACTS[self.benefit]))

    @property
    def own(self) -> int:
        """Facts of the benefits that its probes may be of: others have plans of their own."""
        if self.benefit != Benefit.ORDINARY:
            return self.always
        return int(Fact.ORDINARY | self.refused)

    @property
    def refused(self) -> Fact:
        """Facts of benefits without a file of the city: its ordinary plan refuses them."""
        ours = self.benefit == Benefit.ORDINARY and self.city == CHANGCHUN
        return Fact.DUAL_CHANNEL | Fact.SEPARATE_PAY if ours else Fact(0)

    @property
    def levels(self) -> tuple[int, ...]:
        """The levels at which facts are probed."""
        return (2, 3, 0, 1) if self.benefit == Benefit.DAY_SURGERY else (1, 0)

    @property
    def plan(self) -> RulePlan:
        """The compiled plan."""
        claim = ClaimClass(self.benefit, code=self.code)
        plan = book().plan_for(self.city, self.day, claim)
        assert plan is not None
        return plan


CASES = [Case(city, day) for city, days in DAYS.items() for day in days]
CASES += [
    Case(CHANGCHUN, day, benefit, code)
    for benefit in READINGS_BY_BENEFIT
    if benefit != Benefit.ORDINARY
    for code in CODES.get(benefit, ("",))
    for day in DAYS[CHANGCHUN][:: 3 if benefit in CODES else 1]
]


@cache
def book() -> PlanBook:
    """Return the rule book with the figures the tests assume."""
    return PlanBook(cities(), FigureSet().add(assumed_figures()))


def probes(case: Case) -> Iterator[Probe]:
    """Yield claims that meet every value of the plan: each level, status, place, each fact."""
    city, day, code = case.city, case.day, case.code
    local = int(LOCAL.get(city, 0)) | case.always
    outside = int(Fact.OUTSIDE_CITY) | case.always
    specialist = Fact.SPECIALIST if case.benefit == Benefit.SPECIAL else Fact(0)
    places = (local, outside | Fact.FILED, outside, outside | Fact.OUTSIDE_PROVINCE)
    # Chronic care at provincial level 3 is ordinary, and so never under this plan.
    for level in GIVEN.get(case.benefit, range(4)) if city == CHANGCHUN else range(4):
        for status in range(3):
            for place, facts in enumerate(places):
                bits = int(facts | specialist)
                yield from amounts(Probe(city, day, level, status, place, bits, 0, code=code))
    for facts in _fact_sets(case, local, outside):
        place = Place.FILED if facts & Fact.FILED else Place.OTHER_CITY
        if not facts & Fact.OUTSIDE_CITY:
            place = Place.LOCAL
        for liable in (-1, 0, 4_001, 99_999):
            for n, level in enumerate(case.levels):
                base = Probe(city, day, level, n % 2, place, facts, 20_001, liable, code=code)
                if specialist and level == 0:
                    yield replace(base, facts=int(facts | specialist))
                yield replace(base, in_scope=33_333, met=True, burden=900_000) if n % 2 else base


def amounts(base: Probe) -> Iterator[Probe]:
    """Yield claims of one level, status and place that meet every amount of a plan."""
    yield replace(base, in_scope=49_999)
    yield replace(base, in_scope=49_999, borne=1_000, paid=5_000, chronic_paid=3_000)
    yield replace(base, in_scope=999_999, borne=49_950, met=base.city == HEYUAN)
    yield replace(base, in_scope=10_001, met=True)
    yield replace(base, in_scope=500_003, met=True, paid=123_400)
    yield replace(base, in_scope=30_007, met=True, visit_paid=5_990, paid=100_000)
    yield replace(base, in_scope=30_007, met=True, paid=197_000)
    yield replace(base, in_scope=999_999, met=True, paid=250_001)
    yield replace(base, in_scope=500_003, met=True, paid=20_000, pooled=295_005)
    for used in (0, 499_001):
        yield replace(base, in_scope=70_003, met=True, pre_payment=703, burden=790_001, large=used)
    yield replace(base, in_scope=50_001, met=True, burden=1_000_001)
    if base.city == CHANGCHUN:
        yield replace(base, in_scope=70_003, met=True)
        yield replace(base, in_scope=999_999, met=True, chronic_paid=649_001, disease_paid=100)
        for used in (239_990, 359_990, 699_990):
            yield replace(base, in_scope=500_003, met=True, disease_paid=used)
        yield replace(base, in_scope=130_007, special_borne=19_950, borne=100)
        yield replace(base, in_scope=130_007, special_borne=100, borne=9_950)
        yield replace(base, in_scope=500_003, met=True, pooled=19_990_005)
        yield replace(base, in_scope=900_001, pooled=19_600_000)
        whole = replace(base, non_covered=5_001, over_limit=3_003, pre_payment=1_207)
        yield replace(whole, in_scope=400_007)
        yield replace(whole, in_scope=0)


def _fact_sets(case: Case, local: int, outside: int) -> Iterator[int]:
    """Yield each fact alone, and each pair, on top of a claim in and out of the city."""
    never = BENEFITS & ~case.refused
    others = [f for f in Fact if not f & (never | Fact.OUTSIDE_CITY | Fact.USE_ACCOUNT)]
    for base in (local, case.always, outside, outside | int(Fact.FILED)):
        yield base
        for n, one in enumerate(others):
            yield base | one
            for other in others[n + 1 :]:
                yield base | one | other


class Bench:
    """Probes as rows, each on a member-year of its own; made once for plans that count alike."""

    def __init__(self, claims: list[Probe]) -> None:
        self.claims = claims
        # There the year's own counter has no part in it, and a plan that asked it would show.
        self._by_institution = (claims[0].city, claims[0].day // 10_000) == (JINAN, 2023)
        self._made: dict[tuple[object, ...], tuple[Array, Array, Array]] = {}

    def settle(self, plan: RulePlan, kernel: Kernel) -> Array:
        """Settle each probe by a plan."""
        how = (
            plan.deductible_kind == DEDUCTIBLE_INSTITUTION,
            plan.deductible_at,
            plan.paid_at,
            plan.disease_cap_fen != NO_CAP,
            *(fen != NO_CAP for fen in (*plan.day_cap_fen, *plan.month_cap_fen)),
        )
        if how not in self._made:
            self._made[how] = self._make(plan)
        rows, counters, keyed = self._made[how]
        own = aligned_counters(len(rows))
        own[:] = counters
        results = np.zeros(len(rows), RESULT)
        kernel.settle(rows, PlanTable([plan]), own, keyed.copy(), results)
        return results

    def _make(self, plan: RulePlan) -> tuple[Array, Array, Array]:
        claims = self.claims
        count = len(claims)
        rows, counters = np.zeros(count, ROW), np.zeros((count, 8), np.int64)
        # Counters of visits, institutions, diseases, months, days, one after the other.
        keyed = np.zeros(5 * count, np.int64)
        at_institution = plan.deductible_kind == DEDUCTIBLE_INSTITUTION
        rows["deductible_at"], rows["paid_at"] = plan.deductible_at, plan.paid_at
        rows["counters"] = rows["visit"] = np.arange(count)
        rows["account"] = rows["cost"] = rows["paid"] = -1
        for n, p in enumerate(claims):
            counters[n, DEDUCTIBLE] = 1_000_000 if self._by_institution else p.borne
            counters[n, SPECIAL_DEDUCTIBLE] = p.special_borne
            counters[n, ORDINARY_PAID], counters[n, POOLED_PAID] = p.paid, p.pooled
            counters[n, CHRONIC_PAID] = p.chronic_paid
            counters[n, COMPLIANT_BURDEN], counters[n, LARGE_AMOUNT_PAID] = p.burden, p.large
            counters[n, FLAGS] = DEDUCTIBLE_MET if p.met else 0
            keyed[n], keyed[count + n], keyed[2 * count + n] = p.visit_paid, p.borne, p.disease_paid
            row = rows[n]
            row["in_scope"], row["liable"], row["facts"] = p.in_scope, p.liable, p.facts
            row["level"], row["status"], row["place"] = p.level, p.status, p.place
            row["pre_payment"], row["over_limit"] = p.pre_payment, p.over_limit
            row["non_covered"] = p.non_covered
            group = plan.by_status(p.level, p.status)
            for slot, name, counted in (
                (1, "borne", at_institution),
                (2, "disease", plan.disease_cap_fen != NO_CAP),
                (3, "month", plan.month_cap_fen[group] != NO_CAP),
                (4, "day", plan.day_cap_fen[group] != NO_CAP),
            ):
                row[name] = slot * count + n if counted else -1
        return rows, counters, keyed


def differs(plan: RulePlan, result: np.void, wanted: Expected) -> str:
    """Return the first part in which a result differs from the documents, "" if none does."""
    pairs = {
        "reason": wanted.reason,
        "excluded": wanted.excluded,
        "first_pay": wanted.first_pay,
        "deductible": wanted.deductible,
        "copay": wanted.copay,
        "cut_visit": wanted.cut_visit,
        "cut_day": 0,
        "cut_month": 0,
        "cut_annual": wanted.cut_annual,
        "cut_disease": wanted.cut_disease,
        "cut_pooled": wanted.cut_pooled,
        "pooled_fund": wanted.fund,
        "large_amount_fund": wanted.large,
        "institution_share": wanted.institution,
        "person": wanted.person,
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
    text += "".join(f"@{figure}@" for figure in plan.citations[cited].figures)
    return named and all(
        ((f"{word}@" if word[0] == "@" else word.removeprefix("!")) in text) != (word[0] == "!")
        for word in words.get(part, "").split()
    )


def differs_beside(plan: RulePlan, case: Case) -> str:
    """Return the first thing that no amount shows and that is not as the documents say it."""
    ours = case.city == CHANGCHUN
    levels = GIVEN.get(case.benefit, range(4)) if ours else range(4)
    general = int(case.city == HEYUAN)
    wanted = {
        "benefit": case.benefit,
        "code": case.code,
        "kinds": (),
        "ages": (0, AGE_MAX),
        "given_levels": sum(1 << level for level in levels),
        "general_fee_in_scope": general,
        "papers": PAPERS if ours else 0,
        "visit_by": 0,
        "prescription_apart": 0,
        "rate_of_selected": 0,
    }
    for name, value in wanted.items():
        if getattr(plan, name) != value:
            return f"{name} is {getattr(plan, name)}, the document says {value}"
    for name, article in (
        ("general_fee_cite", "第四条" if general else ""),
        ("papers_cite", "三（八）" if ours else ""),
    ):
        cited = getattr(plan, name)
        known = cited < len(plan.citations)
        clauses = plan.citations[cited].clauses if known else ()
        if bool(cited) != bool(article) or not all(c.clause.startswith(article) for c in clauses):
            return f"{name} is {cited}, the document says {article}"
        if cited and not clauses:
            return f"{name} cites nothing"
    return ""


@pytest.mark.parametrize("kernel", [REFERENCE, FAST], ids=lambda kernel: kernel.name)
@pytest.mark.parametrize("case", CASES, ids=Case.label)
def test_plans_say_what_the_documents_say(case: Case, kernel: Kernel) -> None:
    plan, claims = case.plan, list(probes(case))
    assert not differs_beside(plan, case)
    for probe, result in zip(claims, Bench(claims).settle(plan, kernel), strict=True):
        assert not differs(plan, result, expect(case.reading, probe)), probe


@pytest.mark.parametrize("benefit", [Benefit.CHRONIC, Benefit.DAY_SURGERY])
def test_a_code_without_a_figure_is_refused(benefit: Benefit) -> None:
    """The limit and the price are of other documents: without them nothing is settled."""
    case = Case(CHANGCHUN, 2024_01_01, benefit)
    claims = [replace(probe, code="X99") for probe in probes(case)]
    for probe, result in zip(claims, Bench(claims).settle(case.plan, FAST), strict=True):
        assert result["reason"] == Reason.NO_FIGURE
        assert not differs(case.plan, result, expect(case.reading, probe)), probe


@pytest.mark.parametrize("benefit", [Benefit.CHRONIC, Benefit.SPECIAL, Benefit.DAY_SURGERY])
@pytest.mark.parametrize("city", [ZIBO, HEYUAN, SUIZHOU, JINAN])
def test_other_benefits_have_the_lines_of_the_ordinary_one(city: str, benefit: Benefit) -> None:
    """Where a city has no file for a benefit, its claims are refused by the same lines."""
    for day in DAYS[city]:
        ordinary, other = Case(city, day).plan, Case(city, day, benefit, "M01").plan
        assert _printed(other) == _printed(ordinary)
        claims = [Probe(city, day, level, 0, 0, BENEFIT_FACTS[benefit], 1) for level in range(4)]
        assert (Bench(claims).settle(other, FAST)["reason"] == Reason.NO_FIGURE).all()


def _printed(plan: RulePlan) -> list[Exclusion]:
    """Return the lines of the rule files, without those that the compiler adds for a figure."""
    lines = [x for x in plan.exclusions if not x.figure or x.figure.endswith("_benefit")]
    return [replace(line, citation=0) for line in lines]


@pytest.mark.parametrize("case", [case for case in CASES if case.day < 2027_01_01], ids=Case.label)
def test_every_value_mutated_is_caught(case: Case) -> None:
    """A plan with one number changed, or a line left out, no longer fits the documents."""
    plan, claims = case.plan, list(probes(case))
    wanted = [expect(case.reading, probe) for probe in claims]
    bench = Bench(claims)
    results = bench.settle(plan, FAST)
    survivors = []
    for name, changed in mutated(plan, Mutated(case.always, case.own, case.levels)):
        if differs_beside(changed, case):
            continue
        try:
            again = bench.settle(changed, FAST)
        except (InvariantBroken, ValueError):
            continue
        moved = again.view(np.uint8) != results.view(np.uint8)
        rows = np.nonzero(moved.reshape(len(claims), -1).any(axis=1))[0]
        if not any(differs(changed, again[n], wanted[n]) for n in rows):
            survivors.append(name)
    assert survivors == []
