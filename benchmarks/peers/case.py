"""The claims that every peer settles, and what is right: one city's ordinary care, in order.

People and claims are `population`'s, of the same seed. The city is the first one whose ordinary
care has a deductible for the year over all levels, a rate by level and status, an annual cap, and
nothing that moves a second counter. Of its claims those are kept that the engine settles at home
without an exclusion: what is left is a rule that fits every peer,

    charged = min(in_scope, max(0, deductible(level, status) - borne so far))
    fund    = min(half_up((in_scope - charged) * rate(level, status)), max(0, cap - paid so far))

with amounts in fen, rates in basis points, and two counters a member and year, both moved by every
claim. The reference kernel says what is right.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np

from benchmarks.city_rows import ordinary_plans
from benchmarks.population import Population
from engine.domain.codes import Benefit, Place
from engine.domain.layout import KEYED_SLOTS, RESULT, ROW, Array, aligned_counters
from engine.facts import Parties, benefit_bits, resolve
from engine.kernel import REFERENCE, Kernel, PlanTable
from engine.rules.plan import (
    DEDUCTIBLE_SHARED,
    LEVELS,
    NO_CAP,
    STATUSES,
    RulePlan,
    plan_from_json,
)

CLAIMS_A_MEMBER: Final = 10
_BLOCK: Final = 50_000

Fields = tuple[int, int, int, int, int]
"""In scope, member, status, level, facts of a claim."""


@dataclass(frozen=True)
class Case:
    """Claims in order, the plan that settles them, and what the reference made of them."""

    plan: RulePlan
    rows: Array
    results: Array

    @property
    def members(self) -> int:
        """How many members there are; they are numbered."""
        return int(self.rows["counters"].max()) + 1

    def first(self, count: int) -> Self:
        """Return the first claims alone."""
        return type(self)(self.plan, self.rows[:count], self.results[:count])

    def column(self, name: str) -> list[int]:
        """Return a column of the rows as a list; "member" is who it is of."""
        found: list[int] = self.rows["counters" if name == "member" else name].tolist()
        return found

    def tariff(self) -> list[tuple[int, int, int, int, int]]:
        """Return (level, status, deductible, rate, cap) of every level and status, from 0."""
        plan = self.plan
        return [
            (
                level,
                status,
                plan.deductible_fen[at],
                plan.rate_bp[plan.at(level, status, Place.LOCAL)],
                plan.annual_cap_fen[at],
            )
            for level in range(LEVELS)
            for status in range(STATUSES)
            for at in [plan.by_status(level, status)]
        ]

    def differ(self, charged: Array, fund: Array) -> int:
        """Return of how many claims deductible or payment is not what it should be."""
        wrong = (self.results["deductible"] != charged) | (self.results["pooled_fund"] != fund)
        return int(wrong.sum())

    def save(self, folder: Path) -> None:
        """Write it where each peer's process reads it."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.joinpath("plan.json").write_bytes(self.plan.to_json())
        np.save(folder.joinpath("rows.npy"), self.rows)
        np.save(folder.joinpath("results.npy"), self.results)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read it."""
        plan = plan_from_json(folder.joinpath("plan.json").read_bytes())
        return cls(
            plan, np.load(folder.joinpath("rows.npy")), np.load(folder.joinpath("results.npy"))
        )


def plain_plan() -> RulePlan:
    """Return the first plan of ordinary care that has the rule above and no more.

    Raises:
        StopIteration: no city has such a rule any more.
    """
    return next(plan for plan in ordinary_plans() if _is_plain(plan))


def _is_plain(plan: RulePlan) -> bool:
    caps = (*plan.visit_cap_fen, *plan.day_cap_fen, *plan.month_cap_fen, plan.disease_cap_fen)
    counts = plan.pooled_counts or plan.burden_counts or plan.annual_cap_on_cost or plan.brackets
    shared = plan.deductible_kind == DEDUCTIBLE_SHARED
    return shared and set(caps) == {NO_CAP} and not counts and NO_CAP not in plan.annual_cap_fen


def make(claims: int) -> Case:
    """Return so many claims of the city, settled by the reference kernel."""
    plan = plain_plan()
    of_city = _population(plan, claims)
    kept: list[Fields] = []
    people = of_city.members
    index = {member.id: number for number, member in enumerate(people)}
    places = {each.id: each for each in of_city.institutions}
    seen: dict[str, int] = {}
    while len(kept) < claims:
        for claim in of_city.claims(_BLOCK):
            member = people[index[claim.member]]
            if member.city != plan.city or len(kept) == claims:
                continue
            here, prescriber = places[claim.institution], places.get(claim.prescriber)
            facts = resolve(claim, Parties(member, here, prescriber, None), until_has_rule=True)
            bits = facts.bits | benefit_bits(Benefit.ORDINARY, here, claim.service_date)
            excluded = any(line.applies(bits, facts.level - 1) for line in plan.exclusions)
            if facts.place == Place.LOCAL and not excluded:
                number = seen.setdefault(claim.member, len(seen))
                group = (facts.status - 1, facts.level - 1)
                kept.append((claim.in_scope_fen, number, *group, bits))
    return settled(plan, kept)


def _population(plan: RulePlan, claims: int) -> Population:
    """Return people of all cities, of which this one's have about as many claims as they should."""
    cities = len(ordinary_plans())
    return Population(max(500, claims * cities // CLAIMS_A_MEMBER))


def settled(plan: RulePlan, claims: list[Fields], kernel: Kernel = REFERENCE) -> Case:
    """Return claims as a kernel settles them."""
    rows = np.zeros(len(claims), ROW)
    for name, values in zip(
        ("in_scope", "counters", "status", "level", "facts"), zip(*claims, strict=True), strict=True
    ):
        rows[name] = values
    for name in ("liable", "account", "family", "borne_at", *KEYED_SLOTS):
        rows[name] = -1
    rows["deductible_at"], rows["paid_at"] = plan.deductible_at, plan.paid_at
    rows["benefit"] = Benefit.ORDINARY
    results = np.zeros(len(rows), RESULT)
    counters = aligned_counters(int(rows["counters"].max()) + 1)
    kernel.settle(rows, PlanTable([plan]), counters, np.zeros(1, np.int64), results)
    return Case(plan, rows, results)


def describe(case: Case) -> str:
    """Return what was settled, in a few words."""
    results = case.results
    cut, borne = int((results["cut_annual"] > 0).sum()), int((results["deductible"] > 0).sum())
    return (
        f"{len(results):,} claims of {case.members:,} members of {case.plan.city}, "
        f"{borne:,} with a deductible, {cut:,} cut by the annual cap"
    )
