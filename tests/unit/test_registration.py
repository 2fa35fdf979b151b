"""Register changes item by item: made, replayed, undone and recovered; selecting by rule."""

from dataclasses import replace
from typing import Any

import pytest

from engine.domain.account import Relation
from engine.domain.codes import DiseaseKind, FilingKind, Offer
from engine.domain.dates import OPEN_END, Interval
from engine.domain.reasons import Detail, Reason
from engine.domain.register import (
    Contribution,
    Disease,
    FamilyLink,
    Filing,
    Institution,
    Member,
    Qualification,
    Referral,
    Selection,
    Stay,
)
from engine.domain.registration import (
    Arrears,
    Changed,
    ChangeKind,
    ChangeRegister,
    Changes,
    Designated,
    Item,
    ListChanges,
    Networked,
    Select,
    StillPaying,
    UndoChange,
)
from engine.domain.request import (
    ItemError,
    PutInstitutions,
    PutMembers,
    Refused,
)
from tests.support.register_bench import ANY, FAR, Bench, Z, claim, listed
from tests.support.world import SUIZHOU, ZIBO

# --- operations --------------------------------------------------------------------------

MEMBER_ITEMS: list[Item] = [
    Filing(FilingKind.LONG_TERM, FAR, Interval(20250101, 20251231)),
    Selection("Z", Interval(20250101, 20251231)),
    Disease("M1", DiseaseKind.CHRONIC, Interval(20250101, 20251231)),
    Stay("Z", 20250101, 20251231),
    Arrears(Interval(20250101, 20251231)),
    Referral("", "Z", Interval(20250101, 20251231)),
    FamilyLink("elsewhere", Relation.PARENT, "C-17", Interval(20250101, 20251231)),
    Contribution(500_000, 10_000, Interval(20250101, 20251231)),
    StillPaying(Interval(20250101, 20251231)),
]
INSTITUTION_ITEMS: list[Item] = [
    Designated(Interval(20400101, 20401231)),
    Networked(Interval(20400101, 20401231)),
    Qualification(Offer.CHRONIC, Interval(20400101, 20401231)),
]


@pytest.mark.parametrize(
    "item", [*MEMBER_ITEMS, *INSTITUTION_ITEMS], ids=lambda i: type(i).__name__
)
def test_every_kind_of_item_is_added_ended_removed_and_all_of_it_undone(
    bench: Bench, item: Item
) -> None:
    holder = Z if item in MEMBER_ITEMS else {"institution": "S"}
    if item in INSTITUTION_ITEMS:
        only = Institution("S", SUIZHOU, designated=(), networked=(), offers=frozenset())
        bench.ask(PutInstitutions([only]))
    read = bench.member if holder is Z else lambda: bench.institution("S")
    start = read()
    added = bench.add(item, "a", **holder)
    assert (added.taken, added.put) == ((), (item,))
    with_it = read()
    assert with_it != start
    ended = bench.end(item, 20410101, "e", **holder)
    assert ended.taken == (item,)
    ended_item = ended.put[0]
    with_end = read()
    assert with_end not in (start, with_it)
    assert bench.remove(ended_item, "r", **holder).taken == (ended_item,)
    assert read() == start
    bench.reopen(checkpoint=True)
    assert read() == start
    for undoes, expected in (("r", with_end), ("e", with_it), ("a", start)):
        assert isinstance(bench.ask(UndoChange(f"u-{undoes}", undoes)), Changed)
        assert read() == expected
    bench.reopen(checkpoint=False)
    assert read() == start
    history = bench.ask(ListChanges(holder.get("member", ""), holder.get("institution", "")))
    assert isinstance(history, Changes)
    noted = [(one.changed.change_id, one.undone_by) for one in history.changes]
    undos = [("u-r", ""), ("u-e", ""), ("u-a", "")]
    assert noted == [("a", "u-a"), ("e", "u-e"), ("r", "u-r"), *undos]


def test_an_offer_that_always_held_ends_on_a_day(bench: Bench) -> None:
    bench.end(Qualification(Offer.CHRONIC, ANY), 20251231, institution="S")
    held = bench.institution("S")
    assert Offer.CHRONIC not in held.offers
    assert held.qualifications == (Qualification(Offer.CHRONIC, Interval(0, 20251231)),)
    assert bench.institution("S").designated == (Interval(0),)
    bench.remove(Networked(ANY), institution="S")
    assert (bench.institution("S").designated, bench.institution("S").networked) == (
        (Interval(0),),
        (),
    )


def test_a_change_is_refused_where_it_does_not_fit(bench: Bench) -> None:
    item = Arrears(Interval(20250101, 20250331))
    bench.add(item)
    overlapping = bench.add(Arrears(Interval(20250331)), "b")
    assert (overlapping.reason, overlapping.detail) == (
        Reason.INVALID_CLAIM,
        Detail.ITEM_OVERLAPS,
    )
    assert "20250101 to 20250331" in overlapping.message
    bench.add(Arrears(Interval(20250601, 20250630)), "b")
    several = bench.remove(Arrears(ANY))
    assert several.detail == Detail.ITEM_UNKNOWN
    assert "20250101, 20250601" in several.message
    assert bench.end(Arrears(Interval(20250101)), 20250610).detail == Detail.ITEM_OVERLAPS
    none = bench.remove(Stay("Z", 20250101))
    assert none.detail == Detail.ITEM_UNKNOWN
    assert "there is none" in none.message
    assert bench.add(item, "x", member="nobody").reason == Reason.MEMBER_UNKNOWN
    assert bench.add(Designated(ANY), "x", institution="x").reason == Reason.INSTITUTION_UNKNOWN
    unknown = bench.add(Selection("nowhere", Interval(20250101)), "c")
    assert unknown.reason == Reason.INSTITUTION_UNKNOWN
    assert bench.ask(UndoChange("u", "never")).detail == Detail.CHANGE_UNKNOWN
    assert bench.ask(ListChanges(member="nobody")).reason == Reason.MEMBER_UNKNOWN


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (ChangeRegister("", ChangeKind.ADD, MEMBER_ITEMS[4], **Z), "change_id"),
        (ChangeRegister("a", ChangeKind.UNDO, MEMBER_ITEMS[4], **Z), "kind"),
        (ChangeRegister("a", ChangeKind.ADD, MEMBER_ITEMS[4]), "member"),
        (ChangeRegister("a", ChangeKind.ADD, MEMBER_ITEMS[4], "z", "Z"), "member"),
        (ChangeRegister("a", ChangeKind.ADD, Designated(ANY), **Z), "item"),
        (ChangeRegister("a", ChangeKind.ADD, Arrears(Interval(20250231)), **Z), "item.from"),
        (ChangeRegister("a", ChangeKind.ADD, Arrears(Interval(20250202, 20250201)), **Z), "item"),
        (
            ChangeRegister(
                "a", ChangeKind.ADD, Filing(FilingKind.STATIONED, "31", Interval(20250101)), **Z
            ),
            "item.area",
        ),
        (UndoChange("u", "u"), "change_id"),
        (Select("s", "h", "Y", 20250931, 2026), "day"),
        (Select("s", "h", "Y", 20250930, 26), "for_year"),
        (Select("s", "h", "Y", 20250930, 2026, reason="x" * 257), "reason"),
    ],
)
def test_what_is_malformed_names_its_field(bench: Bench, request_: Any, path: str) -> None:
    answer = bench.ask(request_)
    assert isinstance(answer, ItemError)
    assert answer.path == path


def test_an_end_before_the_beginning_is_malformed(bench: Bench) -> None:
    bench.add(Arrears(Interval(20250101)))
    assert bench.end(Arrears(ANY), 20241231).path == "last_day"
    assert bench.end(Arrears(ANY), OPEN_END).path == "last_day"


# --- ids ---------------------------------------------------------------------------------


def test_a_change_sent_again_gets_its_answer_again_and_another_one_is_refused(
    bench: Bench,
) -> None:
    bench.settle(claim("c", "Z", 20250210))
    item = Arrears(Interval(20250101, 20250331))
    first = bench.add(item)
    assert listed(first)
    bench.reopen(checkpoint=True)
    again = bench.add(item)
    assert again.replayed
    assert listed(again) == listed(first)
    other = bench.add(Arrears(Interval(20250101, 20250330)))
    assert (other.reason, other.detail) == (Reason.INVALID_CLAIM, Detail.ID_REUSED)
    assert bench.remove(item, "a").detail == Detail.ID_REUSED
    assert bench.ask(UndoChange("a", "a2")).detail == Detail.ID_REUSED
    ended = bench.end(Arrears(ANY), 20250131)
    assert bench.end(Arrears(Interval(20250101)), 20250131).replayed
    assert bench.end(Arrears(ANY), 20250131) == _again(ended)
    assert bench.end(Arrears(ANY), 20250130).detail == Detail.ID_REUSED
    undone = bench.ask(UndoChange("u", "e"))
    assert bench.ask(UndoChange("u", "e")) == _again(undone)
    assert bench.ask(UndoChange("u", "a")).detail == Detail.ID_REUSED
    twice = bench.ask(UndoChange("v", "e"))
    assert twice.detail == Detail.UNDONE
    assert "by u" in twice.message
    assert "again" in bench.ask(UndoChange("w", "u")).message


def _again(changed: Changed) -> Changed:
    return replace(changed, replayed=True)


def test_a_refused_change_leaves_its_id_free(bench: Bench) -> None:
    assert isinstance(bench.remove(Arrears(ANY), "x"), Refused)
    assert isinstance(bench.add(Arrears(Interval(20250101)), "x"), Changed)


def test_a_dry_run_leaves_no_trace(bench: Bench) -> None:
    bench.settle(claim("c", "Z", 20250210))
    sequence, before = bench.store.sequence, bench.member()
    item = Arrears(Interval(20250101, 20250331))
    tried = bench.ask(ChangeRegister("", ChangeKind.ADD, item, **Z, dry_run=True))
    assert tried.dry_run
    assert listed(tried) == [("c", 30_000, 0, Reason.ARREARS)]
    assert bench.ask(Select("", "h", "Y", 20250930, 2026, dry_run=True)).dry_run
    assert (bench.store.sequence, bench.member()) == (sequence, before)
    assert bench.ask(ListChanges(**Z)).changes == ()
    bench.add(item)
    tried = bench.ask(UndoChange("a", "a2", dry_run=True))
    assert tried.detail == Detail.CHANGE_UNKNOWN
    assert listed(bench.ask(UndoChange("", "a", dry_run=True))) == []
    assert bench.member().arrears == (item.days,)


# --- undoing -----------------------------------------------------------------------------


def test_undoing_is_blocked_by_later_changes_of_the_same_item(bench: Bench) -> None:
    bench.add(Arrears(Interval(20250101)), "first")
    bench.end(Arrears(ANY), 20250630, "second")
    bench.end(Arrears(ANY), 20250531, "third")
    bench.add(Arrears(Interval(20251001)), "apart")
    blocked = bench.ask(UndoChange("u", "first"))
    assert blocked.reason == Reason.CANCEL_BLOCKED
    assert "third, second" in blocked.message
    assert "apart" not in blocked.message
    assert isinstance(bench.ask(UndoChange("u3", "third")), Changed)
    assert isinstance(bench.ask(UndoChange("u2", "second")), Refused)  # open again, it would meet
    assert isinstance(bench.ask(UndoChange("ua", "apart")), Changed)
    assert isinstance(bench.ask(UndoChange("u2", "second")), Changed)
    assert isinstance(bench.ask(UndoChange("u1", "first")), Changed)
    assert bench.member().arrears == ()


def test_undoing_is_blocked_once_the_entry_was_replaced(bench: Bench) -> None:
    bench.add(Arrears(Interval(20250101)))
    bench.ask(PutMembers([Member("z", ZIBO)]))
    blocked = bench.ask(UndoChange("u", "a"))
    assert blocked.reason == Reason.CANCEL_BLOCKED
    assert "replaced as a whole" in blocked.message


# --- selecting by rule -------------------------------------------------------------------


def select(bench: Bench, day: int, year: int, institution: str = "Y", **more: Any) -> Any:
    return bench.ask(Select(f"{institution}{day}{year}", "h", institution, day, year, **more))


def selections(bench: Bench) -> list[tuple[str, int, int]]:
    return [(s.institution, *s.days) for s in bench.member("h").selections]


def test_a_selection_ends_the_one_before_it(bench: Bench) -> None:
    first = select(bench, 20250910, 2025)
    assert first.first_day == 20250910
    assert [clause.clause for clause in first.clauses] == ["第十五条第二款", "第十五条第一款"]
    assert select(bench, 20250911, 2026).first_day == 20260101
    assert select(bench, 20250912, 2026, "M").first_day == 20260101
    assert selections(bench) == [("Y", 20250910, 20251231), ("M", 20260101, 20261231)]
    assert select(bench, 20251010, 2025, "M", reason="moved").first_day == 20251101
    assert sorted(selections(bench), key=lambda one: one[1]) == [
        ("Y", 20250910, 20251031),
        ("M", 20251101, 20251231),
        ("M", 20260101, 20261231),
    ]
    bench.reopen(checkpoint=True)
    assert isinstance(bench.ask(UndoChange("u", "M202510102025")), Changed)
    assert selections(bench) == [("Y", 20250910, 20251231), ("M", 20260101, 20261231)]
    assert select(bench, 20250911, 2026).replayed


def test_a_selection_outside_the_window_is_refused(bench: Bench) -> None:
    assert select(bench, 20260831, 2027).reason == Reason.OUTSIDE_WINDOW
    assert "第" not in select(bench, 20260831, 2027).message.partition("(")[0]
    for year in (2025, 2028):
        assert select(bench, 20260910, year).reason == Reason.OUTSIDE_WINDOW
    select(bench, 20260910, 2026)
    assert select(bench, 20260911, 2026, "M").reason == Reason.OUTSIDE_WINDOW
    late = select(bench, 20261210, 2026, "M", reason="moved")
    assert late.reason == Reason.OUTSIDE_WINDOW
    assert "select for 2027" in late.message


def test_a_selection_needs_a_rule_and_a_designated_institution(bench: Bench) -> None:
    assert bench.ask(Select("s", "z", "Z", 20250910, 2026)).reason == Reason.NO_RULE
    assert select(bench, 20250731, 2025).reason == Reason.NO_RULE
    assert select(bench, 20250910, 2026, "nowhere").reason == Reason.INSTITUTION_UNKNOWN
    assert bench.ask(Select("s", "x", "Y", 20250910, 2026)).reason == Reason.MEMBER_UNKNOWN
    bench.end(Designated(ANY), 20251231, institution="M")
    assert select(bench, 20250910, 2026, "M").reason == Reason.NOT_DESIGNATED
    assert select(bench, 20250910, 2025, "M").first_day == 20250910
    bench.end(Designated(ANY), 20250901, "e2", institution="Y")
    assert select(bench, 20250910, 2026, "Y").reason == Reason.NOT_DESIGNATED
