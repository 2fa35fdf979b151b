"""Kernel rows of ordinary care in every city that has rules, by the plans those rules compile to.

The mix is that of `generate`; every member belongs to one city, by turns, and comes in random
order. Half of the members, the first, can be settled by a thread of its own: no slot of theirs lies
on a line of memory that the others use.

    counters    the member's line
    visit       where a cap needs one, by the shares of the mix
    borne       where each institution or level has a deductible of its own: 90 % at the member's
                usual one, 10 % at another
"""

from typing import Final, NamedTuple

import numpy as np

from benchmarks import generate
from clients.cli.people import read_figures, read_setting
from engine.domain.codes import Fact, Place
from engine.domain.layout import KEYED_SLOTS, ROW, Array, aligned_counters
from engine.kernel import PlanTable
from engine.rules.book import PlanBook
from engine.rules.figures import load_figures
from engine.rules.load import load_cities
from engine.rules.plan import (
    DEDUCTIBLE_INSTITUTION,
    DEDUCTIBLE_LEVEL,
    LEVELS,
    NO_CAP,
    PLACES,
    STATUSES,
    RulePlan,
)

_SEED: Final = 20_250_101
_ELSEWHERE_SHARE: Final = 0.10
_LINE: Final = 8
"""int64 in a line of memory."""


class Batch(NamedTuple):
    """Rows with the state they move, as it is before the first claim."""

    plans: PlanTable
    rows: Array
    counters: Array
    visits: Array
    balances: Array


class Halves(NamedTuple):
    """Positions of the rows of the first half of the members, and of the second."""

    first: Array
    second: Array


def ordinary_plans() -> list[RulePlan]:
    """Return the plan of every city for ordinary care, operator figures supplied."""
    cities = load_cities()
    book = PlanBook(cities).with_figures(load_figures(read_figures(), cities))
    plans = [book.plan_for(city.area, city.last_day) for city in read_setting(book).cities]
    return [plan for plan in plans if plan is not None]


def batch(claims: int, members: int, seed: int = _SEED) -> Batch:
    """Return so many claims of so many members of all cities."""
    random = np.random.default_rng(seed)
    plans = ordinary_plans()
    member = random.integers(members, size=claims, dtype=np.int32)
    status = random.choice(STATUSES, members, p=generate.STATUS_SHARES).astype(np.uint8)
    rows = np.zeros(claims, ROW)
    rows["counters"] = member
    rows["plan"] = member % len(plans)
    rows["status"] = status[member]
    rows["level"] = random.choice(LEVELS, claims, p=generate.LEVEL_SHARES)
    rows["place"] = random.choice(PLACES, claims, p=generate.PLACE_SHARES)
    rows["facts"] = _facts(random, claims, rows["place"])
    bills = generate.amounts(random, claims)
    for name in generate.Amounts._fields:
        rows[name] = getattr(bills, name)
    in_part = rows["facts"] & Fact.LIABLE_IN_PART != 0
    rows["liable"] = np.where(in_part, bills.in_scope // 3, -1)
    for name in ("borne_at", *KEYED_SLOTS):
        rows[name] = -1
    rows["deductible_at"] = np.array([plan.deductible_at for plan in plans])[rows["plan"]]
    rows["paid_at"] = np.array([plan.paid_at for plan in plans])[rows["plan"]]
    rows["account"] = np.where(random.random(claims) < generate.ACCOUNT_SHARE, member, -1)
    rows["year"] = 2025
    rows["benefit"] = 1
    slots = _key(random, rows, plans, members)
    balances = _aligned(members)
    balances[:] = random.integers(generate.BALANCE_MAX, size=members, dtype=np.int64)
    return Batch(PlanTable(plans), rows, aligned_counters(members), _aligned(slots), balances)


def fresh(of: Batch) -> tuple[Array, Array, Array]:
    """Return a copy of counters, keyed counters and balances, on lines of their own as before."""
    counters, visits, balances = (
        aligned_counters(len(of.counters)),
        _aligned(len(of.visits)),
        _aligned(len(of.balances)),
    )
    reset(of, (counters, visits, balances))
    return counters, visits, balances


def reset(of: Batch, state: tuple[Array, Array, Array]) -> None:
    """Set a state back to what it was before the first claim, in the same memory."""
    for kept, before in zip(state, (of.counters, of.visits, of.balances), strict=True):
        kept[:] = before


def halves(of: Batch) -> Halves:
    """Return where the rows of each half of the members stand, in their order."""
    first = of.rows["counters"] < _middle(len(of.counters))
    return Halves(np.flatnonzero(first), np.flatnonzero(~first))


def _middle(members: int) -> int:
    return members // 2 // _LINE * _LINE


def _facts(random: np.random.Generator, claims: int, place: Array) -> Array:
    bits = generate.facts(random, claims, place)
    bits |= np.where(place == Place.FILED, np.uint32(Fact.FILED), np.uint32(0))
    far = np.uint32(Fact.OUTSIDE_PROVINCE)
    bits |= np.where(place == Place.OTHER_PROVINCE, far, np.uint32(0))
    return bits


def _key(random: np.random.Generator, rows: Array, plans: list[RulePlan], members: int) -> int:
    """Give slots to what counts beside the line, in order of arrival; return how many there are."""
    claims, member = len(rows), rows["counters"].astype(np.int64)
    group = rows["level"].astype(np.int64) * STATUSES + rows["status"]
    caps = np.array([plan.visit_cap_fen for plan in plans])
    of_visit = caps[rows["plan"], group] != NO_CAP
    each = (DEDUCTIBLE_INSTITUTION, DEDUCTIBLE_LEVEL)
    of_borne = np.array([plan.deductible_kind in each for plan in plans])[rows["plan"]]
    shared = random.random(claims) < generate.ONE_VISIT_SHARE
    visit = np.where(shared, member, members + np.arange(claims))
    elsewhere = random.random(claims) < _ELSEWHERE_SHARE
    borne = members + claims + 2 * member + elsewhere
    keys = np.concatenate([visit[of_visit], borne[of_borne]])
    at = np.concatenate([np.flatnonzero(of_visit), np.flatnonzero(of_borne)])
    numbers, slots = _number(keys, at, member[at] < _middle(members))
    rows["visit"][of_visit] = numbers[: int(of_visit.sum())]
    rows["borne"][of_borne] = numbers[int(of_visit.sum()) :]
    rows["borne_at"][of_borne] = elsewhere[of_borne]
    return slots


def _number(keys: Array, at: Array, first_half: Array) -> tuple[Array, int]:
    """Return a slot for each key, by half and then by arrival, and how many slots there are."""
    found, index, inverse = np.unique(keys, return_index=True, return_inverse=True)
    arrival, early = at[index], first_half[index]
    order = np.lexsort((arrival, ~early))
    rank = np.empty(len(found), np.int64)
    rank[order] = np.arange(len(found))
    gap = -int(early.sum()) % _LINE
    rank[~early] += gap
    return rank[inverse], len(found) + gap


def _aligned(count: int) -> Array:
    """Return zeroed int64, the first at the start of a line of memory."""
    return aligned_counters(-(-count // _LINE) + 1).reshape(-1)[:count]
