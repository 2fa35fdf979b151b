"""What personal accounts need to know of a member: checked, changed by the item, journalled."""

import json
from typing import Any

import pytest

from engine.domain.account import Relation
from engine.domain.dates import EVERY_DAY, Interval
from engine.domain.money import AMOUNT_MAX_FEN
from engine.domain.reasons import Detail, Reason
from engine.domain.register import Contribution, FamilyLink, Member
from engine.domain.registration import (
    Arrears,
    ChangeKind,
    ChangeRegister,
    Item,
    StillPaying,
    UndoChange,
)
from engine.domain.request import Accepted, ItemError, PutMembers
from engine.errors import InvalidInput
from engine.ledger import registration
from engine.state.registers import check_member, members_from_json, members_to_json
from engine.state.registration import item_from_json, item_to_json
from tests.support.register_bench import ANY, Bench, Z, claim, listed
from tests.support.world import ZIBO

YEAR = Interval(20250101, 20251231)
NEXT = Interval(20260101, 20261231)
CHILD = FamilyLink("kid", Relation.CHILD, "C-17", YEAR)
FULL = Member(
    "z",
    ZIBO,
    family=(
        CHILD,
        CHILD._replace(days=NEXT),
        FamilyLink("wed", Relation.SPOUSE, "C-18", EVERY_DAY),
    ),
    contributions=(Contribution(500_000, 10_000, YEAR), Contribution(0, 16_000, NEXT)),
    still_paying=(YEAR,),
    months_combined=180,
    months_pooled_only=1200,
)


# --- the entry as a whole ----------------------------------------------------------------


def test_a_member_with_everything_is_accepted() -> None:
    check_member(FULL, [ZIBO])


@pytest.mark.parametrize(
    ("fields", "path", "problem"),
    [
        ({"family": (CHILD._replace(relative=""),)}, "family[0].relative", "missing"),
        ({"family": (CHILD._replace(relative="x" * 65),)}, "family[0].relative", "64 bytes"),
        ({"family": (CHILD._replace(relative="z"),)}, "family[0].relative", "owner"),
        ({"family": (CHILD._replace(relation=Relation.SELF),)}, "family[0].relation", "SPOUSE"),
        ({"family": (CHILD._replace(consent=""),)}, "family[0].consent", "written consent"),
        ({"family": (CHILD._replace(consent="x" * 65),)}, "family[0].consent", "64 bytes"),
        ({"family": (CHILD._replace(consent="a\nb"),)}, "family[0].consent", "printable"),
        ({"family": (CHILD._replace(days=Interval(20250230)),)}, "family[0].from", "no day"),
        (
            {"family": (CHILD, CHILD._replace(relation=Relation.OTHER, consent="C-19"))},
            "family[1]",
            "family[0] is a link to the same relative from 20250101 to 20251231",
        ),
        (
            {"contributions": (Contribution(-1, 0, YEAR),)},
            "contributions[0].base_fen",
            "found -1",
        ),
        (
            {"contributions": (Contribution(0, AMOUNT_MAX_FEN + 1, YEAR),)},
            "contributions[0].own_fen",
            "expected 0 to",
        ),
        (
            {"contributions": (Contribution(1, 1, NEXT), Contribution(2, 2, Interval(20250101)))},
            "contributions[0]",
            "contributions[1] is a contribution from 20250101",
        ),
        ({"contributions": (Contribution(1, 1, ANY),)}, "contributions[0].from", "expected a date"),
        ({"still_paying": (Interval(20250102, 20250101),)}, "still_paying[0]", "before it begins"),
        ({"months_combined": -1}, "months_combined", "0 to 1200 months"),
        ({"months_pooled_only": 1201}, "months_pooled_only", "found 1201"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], path: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_member(Member("z", ZIBO, **fields), [ZIBO])
    assert caught.value.path == path
    assert problem in caught.value.problem


def test_the_relation_is_told_from_a_closed_list_without_the_owner() -> None:
    link = CHILD._replace(relation=Relation.SELF)
    with pytest.raises(InvalidInput) as caught:
        check_member(Member("z", ZIBO, family=(link,)), [ZIBO])
    assert "one of SPOUSE, PARENT, CHILD" in caught.value.problem


# --- the journal -------------------------------------------------------------------------


def test_an_entry_comes_back_from_the_journal() -> None:
    assert members_from_json(members_to_json([FULL, Member("y", ZIBO)])) == [
        FULL,
        Member("y", ZIBO),
    ]


@pytest.mark.parametrize("item", [CHILD, FULL.contributions[0], StillPaying(YEAR)])
def test_an_item_comes_back_from_the_journal(item: Item) -> None:
    again = item_from_json(json.loads(json.dumps(item_to_json(item))))
    assert again == item
    assert type(again) is type(item)


def test_a_member_is_entered_as_a_whole_and_found_again(bench: Bench) -> None:
    answer = bench.ask(PutMembers([FULL, Member("z", ZIBO, family=(CHILD, CHILD))]))
    assert isinstance(answer, Accepted)
    assert answer.count == 1
    assert [(error.index, error.path) for error in answer.errors] == [(1, "family[1]")]
    bench.reopen(checkpoint=True)
    assert bench.member() == FULL


# --- item by item ------------------------------------------------------------------------


def test_a_link_is_found_by_its_relative_alone(bench: Bench) -> None:
    bench.add(CHILD)
    bench.add(CHILD._replace(relative="wed", relation=Relation.SPOUSE), "b")
    named = FamilyLink("kid", Relation.OTHER, "", ANY)
    ended = bench.end(named, 20250630)
    assert ended.put == (CHILD._replace(days=Interval(20250101, 20250630)),)
    assert bench.end(named, 20250630).replayed
    # Its place is kept, and the relation may be another one afterwards.
    assert [link.relative for link in bench.member().family] == ["kid", "wed"]
    later = FamilyLink("kid", Relation.OTHER, "C-20", Interval(20250701))
    assert bench.add(later, "c").put == (later,)
    assert bench.remove(named).detail == Detail.ITEM_UNKNOWN  # two: say which
    assert bench.remove(named._replace(days=Interval(20250701))).taken == (later,)
    assert "undo them first, in this order: r, c" in bench.ask(UndoChange("u", "e")).message
    for undoes in "rce":
        assert bench.ask(UndoChange(f"u-{undoes}", undoes)).undoes == undoes
    assert bench.member().family[0] == CHILD


def test_two_links_to_one_relative_do_not_overlap(bench: Bench) -> None:
    bench.add(CHILD)
    refused = bench.add(FamilyLink("kid", Relation.OTHER, "C-18", Interval(20251231)), "b")
    assert (refused.reason, refused.detail) == (Reason.INVALID_CLAIM, Detail.ITEM_OVERLAPS)
    assert "a family link from 20250101 to 20251231" in refused.message
    assert "no such family link" in bench.remove(CHILD._replace(relative="who")).message


def test_there_is_one_contribution_at_a_time(bench: Bench) -> None:
    bench.add(Contribution(500_000, 10_000, Interval(20250101)))
    refused = bench.add(Contribution(600_000, 12_000, NEXT), "b")
    assert refused.detail == Detail.ITEM_OVERLAPS
    bench.end(Contribution(0, 0, ANY), 20251231)
    bench.add(Contribution(600_000, 12_000, NEXT), "b")
    assert bench.member().contributions == (
        Contribution(500_000, 10_000, YEAR),
        Contribution(600_000, 12_000, NEXT),
    )
    blocked = bench.ask(UndoChange("u", "e"))
    assert blocked.reason == Reason.CANCEL_BLOCKED
    assert "in this order: b" in blocked.message


def test_still_paying_is_days_and_nothing_else(bench: Bench) -> None:
    bench.add(Arrears(YEAR))
    bench.add(StillPaying(YEAR), "b")
    assert bench.add(StillPaying(YEAR), "c").detail == Detail.ITEM_OVERLAPS
    assert (bench.member().arrears, bench.member().still_paying) == ((YEAR,), (YEAR,))


@pytest.mark.parametrize(
    ("item", "path"),
    [
        (CHILD._replace(consent=""), "item.consent"),
        (CHILD._replace(relation=Relation.SELF), "item.relation"),
        (CHILD._replace(relative="z"), "item.relative"),
        (CHILD._replace(days=Interval(20250102, 20250101)), "item"),
        (Contribution(-1, 0, YEAR), "item.base_fen"),
        (Contribution(0, -1, YEAR), "item.own_fen"),
        (StillPaying(Interval(20250231)), "item.from"),
    ],
)
def test_an_item_that_is_malformed_names_its_field(bench: Bench, item: Item, path: str) -> None:
    answer = bench.add(item)
    assert isinstance(answer, ItemError)
    assert answer.path == path


def test_an_institution_has_no_family(bench: Bench) -> None:
    request = ChangeRegister("a", ChangeKind.ADD, CHILD, institution="Z")
    assert bench.ask(request).path == "item"


def test_no_settlement_is_affected_and_none_is_looked_at(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.settle(claim("c", "Z", 20250210))
    before = bench.digest()

    def scan(*_: object) -> None:
        pytest.fail("no settlement depends on it", pytrace=False)

    monkeypatch.setattr(registration, "affected_by", scan)
    items: list[Item] = [CHILD, FULL.contributions[0], StillPaying(YEAR)]
    for n, item in enumerate(items):
        assert listed(bench.add(item, f"a{n}", **Z)) == []
        assert listed(bench.end(item, 20250110, f"e{n}", **Z)) == []
        assert listed(bench.ask(UndoChange(f"u{n}", f"e{n}"))) == []
        assert listed(bench.remove(item, f"r{n}", **Z)) == []
    assert bench.digest() == before
