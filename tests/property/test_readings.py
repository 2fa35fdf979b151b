"""Each alternative reading differs from the default where it should, and nowhere else.

The same member-years are settled twice. For every claim up to the first that came out differently
(from there on the counters are others), what the alternative changes is worked out here by hand
from the default's result and the claims before it; that must be so, and nothing else.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import pytest

from engine.domain.claim import Claim
from engine.domain.codes import Fact, Place
from engine.domain.layout import AMOUNTS, CITES
from engine.domain.reasons import Reason
from engine.domain.register import Member
from engine.domain.request import (
    BatchAnswer,
    PutInstitutions,
    PutMembers,
    SettleBatch,
    SupplyFigures,
)
from engine.kernel import FAST, REFERENCE
from engine.pipeline import Pipeline
from engine.rules.book import PlanBook
from engine.rules.figures import Figure, figures_from_supply, to_json
from engine.rules.plan import RulePlan
from engine.rules.readings import alternatives
from engine.verify.check import verify_store
from tests.support.memory_store import MemoryStore
from tests.support.oracle import half_up
from tests.support.runner import assumed_figures, cities, counters, run_world
from tests.support.sums import check_sums, digest
from tests.support.world import CHANGCHUN, HEYUAN, JINAN, SUIZHOU, YEARS, ZIBO, World, make_world

SIZES: Final = {"H5-B": (1500, 10), "J3-B": (100, 60)}
"""Members and acts: prescriptions that belong to a visit are rare, co-payments add up slowly."""
COMPARED: Final = [n for n in AMOUNTS if n not in ("account", "family_account", "cash")]
ALTERNATIVES: Final = [
    (area, choice) for area, rules in cities().items() for _, choice in alternatives(rules)
]


@dataclass
class Settled:
    """One claim under the default reading, and those of its member-year before it."""

    claim: Claim
    member: Member
    reason: int
    """Why it was refused or excluded; -1: an error."""
    result: dict[str, int] = field(default_factory=dict)
    row: dict[str, int] = field(default_factory=dict)
    plan: RulePlan | None = None
    past: list["Settled"] = field(default_factory=list)

    def __getattr__(self, name: str) -> int:
        """Return an amount or a counter before; all 0 of a claim that was not settled."""
        return self.result.get(name, 0)

    @property
    def rules(self) -> RulePlan:
        assert self.plan is not None
        return self.plan

    @property
    def group(self) -> int:
        return self.rules.by_status(self.row["level"], self.row["status"])

    @property
    def rate(self) -> Fraction:
        at = self.rules.at(self.row["level"], self.row["status"], self.row["place"])
        return Fraction(self.rules.rate_bp[at], 10_000)

    @property
    def base(self) -> int:
        return self.in_scope - self.deductible

    def has(self, facts: int) -> bool:
        return self.row["facts"] & facts == facts

    def all_past(self, name: str) -> int:
        return sum(other.result[name] for other in self.past if other.result)

    def is_partly_excluded(self) -> bool:
        partly = self.excluded < self.claim.in_scope_fen
        return self.reason == Reason.LIABLE_ELSEWHERE and partly

    @property
    def by_rate(self) -> int:
        return self.pooled_fund + self.cut_visit + self.cut_annual + self.cut_pooled

    def paid(self, by_rate: int, *left: int) -> int:
        """Return what is paid within what the caps leave; the year's cap always counts."""
        cap = self.rules.annual_cap_fen[self.group]
        return min(by_rate, max(0, cap - self.paid_before), *left)


Should = Callable[[Settled], bool]


# --- what each alternative changes -------------------------------------------------------


def zibo_band(now: Settled) -> bool:
    """G1-B: the fund shares in a band of the year's cost."""
    cap = now.rules.annual_cap_fen[now.group]
    inside = min(now.in_scope, max(0, cap - now.all_past("in_scope")))
    by_rate = half_up(now.base * now.rate)
    return now.pooled_fund != min(by_rate, half_up(max(0, inside - now.deductible) * now.rate))


def deductible_after(now: Settled, before: int) -> bool:
    """Return whether the deductible is another one where `before` counts as borne."""
    amount = now.rules.deductible_fen[now.group]
    return now.deductible != min(now.in_scope, max(0, amount - before))


def by_cost(now: Settled) -> bool:
    """G2-A2: the year's cost in scope passes the deductible."""
    return deductible_after(now, now.all_past("in_scope"))


def by_level(now: Settled) -> bool:
    """G2-B: a deductible for each level, of which 3 is one."""
    level = min(now.row["level"], 2)
    same = [other for other in now.past if other.result and min(other.row["level"], 2) == level]
    return deductible_after(now, sum(other.deductible for other in same))


def by_year(now: Settled) -> bool:
    """G2-A1 where each institution had its own."""
    return deductible_after(now, now.all_past("deductible"))


def only_2023(should: Should) -> Should:
    """The question is open in 2023 only."""
    return lambda now: now.row["year"] == 2023 and should(now)


def away(now: Settled) -> bool:
    return now.row["place"] in (Place.OTHER_CITY, Place.OTHER_PROVINCE)


def remaining(now: Settled) -> int:
    amount = now.rules.deductible_fen[now.group]
    return max(0, amount - now.deductible_before)


def first_pay_last(now: Settled) -> bool:
    """G3-B: ten per cent of what is above the deductible."""
    left = now.in_scope + now.first_pay
    above = left - min(left, remaining(now))
    return away(now) and now.first_pay != half_up(Fraction(above, 10))


def ten_points_less(now: Settled) -> bool:
    """G3-C: no first payment, a lower rate."""
    left = now.in_scope + now.first_pay
    deductible = min(left, remaining(now))
    by_rate = half_up((left - deductible) * (now.rate - Fraction(1, 10)))
    parts = (now.first_pay, now.deductible, now.by_rate)
    return away(now) and parts != (0, deductible, by_rate)


def whole_visit(now: Settled) -> bool:
    """Z3-B: where somebody owes a part, nothing is paid."""
    return now.is_partly_excluded()


def nothing_elsewhere(now: Settled) -> bool:
    """Z4-B: not in the contract institution, no referral, no emergency."""
    here = Fact.OUTSIDE_CITY | Fact.SELECTED | Fact.REFERRED | Fact.EMERGENCY
    free = not now.row["facts"] & here
    return free and (now.reason == Reason.NONE or now.is_partly_excluded())


def more_for_veterans(now: Settled) -> bool:
    """J2-B: five points more, from 2024."""
    by_rate = half_up(now.base * (now.rate + Fraction(5, 100)))
    return now.row["status"] == 2 and now.row["year"] >= 2024 and by_rate != now.by_rate


def copay_only(now: Settled) -> bool:
    """J3-B: the co-payments of the year above the threshold."""
    plan = now.rules
    before = sum(other.copay for other in now.past if other.burden_counted)
    counted = now.copay if now.burden_counted else 0
    threshold = plan.second_threshold_fen
    above = max(0, before + counted - threshold) - max(0, before - threshold)
    by_rate = half_up(above * Fraction(plan.second_rate_bp, 10_000))
    left = plan.second_cap_fen - now.all_past("large_amount_fund")
    return now.large_amount_fund != min(by_rate, left)


def unfiled(now: Settled, *, emergency: bool) -> bool:
    """C10-B, S4-B: what is refused for want of a filing, and for nothing before it."""
    outside = now.has(Fact.OUTSIDE_CITY) and not now.has(Fact.FILED)
    counts = outside and (now.has(Fact.EMERGENCY) or not emergency)
    if now.reason == Reason.NOT_FILED:
        return counts
    networked = not now.has(Fact.NOT_NETWORKED) or (emergency and now.has(Fact.MANUAL))
    partly = now.reason == Reason.LIABLE_ELSEWHERE and now.claim.liable_fen >= 0
    owed = min(now.claim.liable_fen, now.claim.in_scope_fen)
    return counts and partly and networked and owed < now.claim.in_scope_fen


def five_per_cent(now: Settled) -> bool:
    """H1-B: five per cent of the rate of the active."""
    if now.row["status"] == 0 or now.in_scope == 0:
        return False
    active = now.rate - Fraction(5, 100)
    return now.by_rate != half_up(now.base * active * Fraction(105, 100))


def in_visit(now: Settled, paid_of_visit: int) -> int:
    """Return what is paid of a visit of which so much was paid before."""
    cap = now.rules.visit_cap_fen[now.group]
    return now.paid(now.by_rate, max(0, cap - paid_of_visit))


def each_bill(now: Settled) -> bool:
    """H2-B: each claim is a visit."""
    return now.pooled_fund != in_visit(now, 0)


def filled(now: Settled) -> bool:
    return now.has(Fact.PHARMACY | Fact.PRESCRIBER)


def each_day(now: Settled) -> bool:
    """H2-C: what one institution did on one day, with the prescriptions it wrote."""

    def where(of: Settled) -> tuple[str, int]:
        name = of.claim.prescriber if filled(of) else of.claim.institution
        return name, of.claim.service_date

    same = [other for other in now.past if other.result and where(other) == where(now)]
    paid = sum(other.pooled_fund for other in same)
    return now.pooled_fund != in_visit(now, paid)


def selected_level(now: Settled) -> bool:
    """H3-B: in the city the rate of the selected institution."""
    day = now.claim.service_date
    chosen = [s.institution for s in now.member.selections if day in s.days]
    if not chosen or now.row["place"] != Place.LOCAL:
        return False
    at = now.rules.at(LEVEL_OF[chosen[0].partition("-")[2]], now.row["status"], Place.LOCAL)
    rate = Fraction(now.rules.rate_bp[at], 10_000)
    return now.by_rate != half_up(now.base * rate)


LEVEL_OF: Final = {
    **{str(level): level - 1 for level in range(1, 5)},
    **dict.fromkeys(("station", "community", "rx", "specialist", "no-offer", "till-june"), 0),
    **dict.fromkeys(("undesignated", "near"), 1),
    **dict.fromkeys(("online", "far"), 2),
}
"""Levels from 0 of the institutions of `tests.support.world`."""


def own_prescription(now: Settled) -> bool:
    """H5-B: a prescription filled outside has a cap of its own."""
    own = not now.claim.visit
    same = [
        other
        for other in now.past
        if other.result and other.claim.visit == now.claim.visit and not filled(other)
    ]
    paid = 0 if own or filled(now) else sum(other.pooled_fund for other in same)
    return now.pooled_fund != in_visit(now, paid)


SETTLED: Final[dict[tuple[str, str], Should]] = {
    (ZIBO, "G1-B"): zibo_band,
    (ZIBO, "G2-A2"): by_cost,
    (ZIBO, "G2-B"): by_level,
    (ZIBO, "G3-B"): first_pay_last,
    (ZIBO, "G3-C"): ten_points_less,
    (ZIBO, "Z3-B"): whole_visit,
    (ZIBO, "Z4-B"): nothing_elsewhere,
    (ZIBO, "Z8-B"): lambda now: False,
    (JINAN, "G2-A1"): only_2023(by_year),
    (JINAN, "G2-B"): only_2023(by_level),
    (JINAN, "J2-B"): more_for_veterans,
    (JINAN, "J3-B"): copay_only,
    (CHANGCHUN, "C1-B"): lambda now: False,
    (CHANGCHUN, "C10-B"): lambda now: unfiled(now, emergency=True),
    (CHANGCHUN, "G2-A2"): by_cost,
    (SUIZHOU, "S1-B"): lambda now: False,
    (SUIZHOU, "S4-B"): lambda now: unfiled(now, emergency=False),
    (HEYUAN, "H1-B"): five_per_cent,
    (HEYUAN, "H2-B"): each_bill,
    (HEYUAN, "H2-C"): each_day,
    (HEYUAN, "H3-B"): selected_level,
    (HEYUAN, "H5-B"): own_prescription,
}
"""Of the claims that the default settles: whether the alternative gives other amounts."""


def at_a_pharmacy(now: Settled) -> bool:
    """Z8-B: an ordinary claim at a pharmacy is refused by the default for that alone."""
    at = now.claim.institution.endswith("-rx")
    return at and now.reason == Reason.BENEFIT_NOT_OFFERED


def one_more_day(now: Settled) -> bool:
    """S1-B: 31 December 2024, and claims that end on it in one status."""
    claim, last = now.claim, 2024_12_31
    if claim.service_date == last:
        return now.reason == Reason.NO_RULE
    one_status = now.member.status_on(claim.service_date) == now.member.status_on(last)
    return claim.until_date == last and now.reason == Reason.SPANS_BOUNDARY and one_status


NOT_SETTLED: Final[dict[tuple[str, str], Should]] = {
    (ZIBO, "Z8-B"): at_a_pharmacy,
    (CHANGCHUN, "C1-B"): lambda now: now.reason == Reason.NO_RULE,
    (SUIZHOU, "S1-B"): one_more_day,
}
"""Of the claims that the default does not settle: whether the alternative answers otherwise."""


NOT_CITED: Final = ("C1-B", "S1-B", "Z8-B")
"""Choices of the days of a document, or that take a refusal away: no part rests on them."""


# --- running -----------------------------------------------------------------------------


@dataclass
class Answers:
    """What a reading makes of the claims."""

    city: str
    book: PlanBook
    answer: BatchAnswer

    def outcome(self, index: int) -> tuple[int, ...]:
        """Return reason and amounts of a claim; account and cash do not count."""
        if index in self.answer.refusals:
            return (int(self.answer.refusals[index].reason),)
        if index in self.answer.errors:
            return (-1,)
        result = self.answer.entries[index]["result"]
        return (int(result["reason"]), *(int(result[name]) for name in COMPARED))

    def readings_of(self, index: int, claim: Claim) -> set[str]:
        """Return the readings and figures that the parts of a settlement name."""
        if index in self.answer.refusals or index in self.answer.errors:
            return set()
        plan = self.book.plan_for(self.city, claim.service_date)
        assert plan is not None
        result = self.answer.entries[index]["result"]
        cited = [plan.citations[int(result[name])] for name in CITES if result[name]]
        readings = {r for each in cited for c in each.clauses for r in c.reading.split()}
        return readings | {figure for each in cited for figure in each.figures}

    def settled(self, index: int, claim: Claim, member: Member) -> Settled:
        """Return a claim with what was answered."""
        now = Settled(claim, member, self.outcome(index)[0])
        if index not in self.answer.refusals and index not in self.answer.errors:
            entry = self.answer.entries[index]
            for part, name in ((now.result, "result"), (now.row, "row")):
                part |= {key: int(entry[name][key]) for key in entry[name].dtype.names}
            now.plan = self.book.plan_for(member.city, claim.service_date)
        return now


def settle(world: World, claims: list[Claim], city: str, choice: str = "") -> Answers:
    pipeline = Pipeline.open(MemoryStore(), cities(), FAST)
    figures = [*assumed_figures(), *reading(city, choice)]
    pipeline.run(
        [
            PutInstitutions(world.institutions),
            PutMembers(world.members),
            SupplyFigures(to_json(figures)),
        ],
        1,
    )
    answer = pipeline.run([SettleBatch(claims)], 2)[0]
    assert isinstance(answer, BatchAnswer)
    return Answers(city, PlanBook(cities()).with_figures(figures), answer)


def reading(city: str, choice: str) -> tuple[Figure, ...]:
    """Return the figure that chooses a reading, for a year that nobody cuts."""
    supply = {"reading": {choice.partition("-")[0]: choice}} if choice else {}
    return figures_from_supply(city, supply, cities())


@pytest.mark.parametrize(("city", "choice"), ALTERNATIVES)
def test_differs_where_it_should_and_nowhere_else(city: str, choice: str) -> None:
    count, acts_each = SIZES.get(choice, (400, 10))
    world = make_world(7, count, city, acts_each, ordinary=True)
    members = {member.id: member for member in world.members}
    claims = [act.claim for acts in world.acts.values() for act in acts if act.kind == "settle"]
    default, other = settle(world, claims, city), settle(world, claims, city, choice)
    apart: set[tuple[str, int]] = set()
    named: set[str] = set()
    past: dict[tuple[str, int], list[Settled]] = {}
    alike = 0
    for index, claim in enumerate(claims):
        named |= other.readings_of(index, claim)
        year = claim.member, claim.service_date // 10_000
        if year in apart:
            continue
        now = default.settled(index, claim, members[claim.member])
        now.past = past.setdefault(year, [])
        rules = SETTLED if now.result else NOT_SETTLED
        should = rules.get((city, choice), lambda now: False)(now)
        differs = default.outcome(index) != other.outcome(index)
        assert differs == should, (claim, default.outcome(index), other.outcome(index))
        if differs:
            apart.add(year)
        alike += not differs
        now.past.append(now)
    assert apart, "the alternative changes nothing in these member-years"
    assert alike, "nothing is as it was"
    if choice not in NOT_CITED:
        assert {choice, f"reading.{choice}"} <= named


@pytest.mark.parametrize(("city", "choice"), ALTERNATIVES)
def test_kernels_and_checker_agree_under_each_reading(city: str, choice: str) -> None:
    """Undos and batches included, as in `test_member_years`."""
    world = make_world(11, 60, city)
    figures = reading(city, choice)
    one = run_world(world, REFERENCE, figures=figures)
    mixed = run_world(world, FAST, random.Random(12), figures=figures)
    for key, answer in one.answers.items():
        assert mixed.answers[key] == answer, f"{key}: {world.acts[key[0]][key[1]]}"
    for member in world.members:
        for year in YEARS[city]:
            assert counters(mixed, member.id, year) == counters(one, member.id, year)
    assert digest(one) == digest(mixed)
    check_sums(one)
    check_sums(mixed)
    report = verify_store(mixed.store)
    assert report.findings == [], report.findings[:3]
