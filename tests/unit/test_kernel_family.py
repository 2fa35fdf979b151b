"""Both kernels on a relative's account: who may pay, how much of what the own account left."""

from dataclasses import replace

import pytest

from engine.domain.account import Relation
from engine.domain.codes import Fact
from engine.domain.reasons import Reason
from engine.kernel import Kernel
from tests.support.kernel_bench import LIABLE, NOT_DESIGNATED, NOT_OFFERED, PLAN, World

FAMILY = replace(
    PLAN,
    family_medical=1 << Relation.CHILD | 1 << Relation.SPOUSE,
    family_medical_cite=13,
    family_goods=1 << Relation.SPOUSE,
    family_goods_cite=14,
    exclusions=(NOT_OFFERED, NOT_DESIGNATED, LIABLE),
)
OWN = int(Fact.USE_ACCOUNT)
CHILD = {"family": 1, "relation": int(Relation.CHILD)}


def test_the_relative_pays_what_the_own_account_left(kernel: Kernel) -> None:
    world = World(kernel, FAMILY)
    world.balances[:] = 3_000, 4_500
    first, second = world.settle(
        {"in_scope": 10_000, "facts": OWN, "account": 0} | CHILD,
        {"in_scope": 8_000, "account": 0} | CHILD,
    )
    paid = ("account", "family_account", "cash")
    assert [first[name] for name in paid] == [3_000, 2_000, 0]
    assert (first["family_before"], first["family_allowed"]) == (4_500, 5_000)
    # Without `use_account` the own account is not asked; the relative's has 25.00 left.
    assert [second[name] for name in paid] == [0, 2_500, 1_500]
    assert (first["cite_family"], second["family_before"]) == (13, 2_500)
    assert world.balances.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("row", "reason", "cite"),
    [
        ({"relation": Relation.SIBLING}, Reason.RELATION_NOT_ALLOWED, 13),
        ({"facts": int(Fact.PHARMACY)}, Reason.RELATION_NOT_ALLOWED, 14),
        ({"payer_reason": Reason.NOT_REGISTERED, "relation": 0}, Reason.NOT_REGISTERED, 0),
        ({"payer_reason": Reason.NO_ACCOUNT, "family": -1}, Reason.NO_ACCOUNT, 0),
    ],
)
def test_an_account_that_may_not_be_asked(
    kernel: Kernel, row: dict[str, int], reason: Reason, cite: int
) -> None:
    world = World(kernel, FAMILY)
    world.balances[1] = 9_000
    found = world.settle_one(**{"in_scope": 10_000} | CHILD | row)
    assert (found["family_reason"], found.get("cite_family", 0)) == (reason, cite)
    assert (found["cash"], found.get("family_before", 0)) == (5_000, 0)
    assert world.balances.tolist() == [0, 9_000]


def test_a_pharmacy_has_relations_of_its_own(kernel: Kernel) -> None:
    world = World(kernel, FAMILY)
    world.balances[1] = 9_000
    spouse = CHILD | {"relation": int(Relation.SPOUSE)}
    found = world.settle_one(**{"in_scope": 10_000, "facts": int(Fact.PHARMACY)} | spouse)
    assert (found["family_account"], found["cite_family"]) == (5_000, 14)


def test_what_no_account_may_pay_stays_cash(kernel: Kernel) -> None:
    world = World(kernel, FAMILY)
    world.balances[1] = 90_000
    liable, barred, refused = world.settle(
        {"in_scope": 10_000, "liable": 4_000, "facts": int(Fact.LIABLE)} | CHILD,
        {"in_scope": 10_000, "facts": int(Fact.NOT_DESIGNATED)} | CHILD,
        {"in_scope": 10_000, "facts": int(Fact.NOT_OFFERED)} | CHILD,
    )
    assert (liable["family_account"], liable["cash"]) == (3_000, 4_000)
    assert (barred["family_account"], barred["cash"]) == (0, 10_000)
    assert (refused["total"], refused["family_before"]) == (0, 0)
    assert world.balances[1] == 87_000


def test_a_limited_own_account_limits_the_relatives_too(kernel: Kernel) -> None:
    """What the plan bars from accounts, it bars from both: the limit is of what they may pay."""
    limited = replace(FAMILY, account_limited=1, account_cite=10)
    world = World(kernel, limited)
    world.balances[:] = 1_000, 90_000
    own = {"facts": OWN, "account": 0}
    found = world.settle_one(**{"in_scope": 10_000, "non_covered": 500} | CHILD | own)
    assert (found["account"], found["family_account"], found["cash"]) == (1_000, 4_000, 500)


def test_one_account_pays_for_two_members_in_order_of_arrival(kernel: Kernel) -> None:
    world = World(kernel, FAMILY)
    world.balances[0] = 6_000
    shared = {"family": 0, "relation": int(Relation.SPOUSE)}
    owner = {"in_scope": 4_000, "facts": OWN, "account": 0, "counters": 1}
    results = world.settle({"in_scope": 6_000} | shared, owner, {"in_scope": 6_000} | shared)
    assert results["family_account"].tolist() == [3_000, 0, 1_000]
    assert results["account"].tolist() == [0, 2_000, 0]
    assert results["family_before"].tolist() == [6_000, 0, 1_000]
    assert results["account_before"].tolist() == [0, 3_000, 0]
