"""Register changes item by item: made, replayed, undone, recovered, and what they affect."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.digest import result_digest
from engine.domain.claim import Claim
from engine.domain.codes import Benefit, DiseaseKind, FilingKind, Kind, Level, Offer
from engine.domain.dates import OPEN_END, Interval
from engine.domain.reasons import Detail, Reason
from engine.domain.register import (
    Disease,
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
    UndoChange,
)
from engine.domain.request import (
    BatchAnswer,
    Cancel,
    ItemError,
    PutInstitutions,
    PutMembers,
    Refused,
    SettleBatch,
    SupplyFigures,
    Undone,
)
from engine.kernel import FAST, REFERENCE, Kernel
from engine.ledger import affected
from engine.pipeline import Pipeline
from engine.rules.figures import to_json
from engine.store.sqlite import SqliteStore
from engine.verify.check import verify_store
from tests.support.runner import assumed_figures, cities
from tests.support.world import HEYUAN, SUIZHOU, ZIBO

FAR = "310100"


class Bench:
    """A pipeline on an SQLite store that can be closed and opened again."""

    def __init__(self, path: Path, kernel: Kernel) -> None:
        self.path, self.kernel = path, kernel
        self.open()
        self.ask(SupplyFigures(to_json(assumed_figures())))
        self.ask(
            PutInstitutions(
                [
                    Institution("Y", HEYUAN),
                    Institution("M", HEYUAN, Level.LEVEL_2),
                    Institution("Z", ZIBO, Level.LEVEL_2),
                    Institution("S", SUIZHOU, Level.LEVEL_2),
                    Institution("FAR", FAR, Level.LEVEL_3),
                    Institution("RX", ZIBO, kind=Kind.PHARMACY),
                ]
            )
        )
        self.ask(PutMembers([Member("h", HEYUAN), Member("z", ZIBO), Member("s", SUIZHOU)]))

    def open(self) -> None:
        self.store = SqliteStore.open(self.path)
        self.pipeline = Pipeline.open(self.store, cities(), self.kernel)

    def reopen(self, *, checkpoint: bool) -> None:
        if checkpoint:
            self.pipeline.checkpoint()
        self.store.close()
        self.open()

    def ask(self, request: Any) -> Any:
        return self.pipeline.run([request], 1)[0]

    def settle(self, *claims: Claim) -> BatchAnswer:
        answer = self.ask(SettleBatch(claims))
        assert isinstance(answer, BatchAnswer)
        assert not answer.refusals
        assert not answer.errors
        return answer

    def add(self, item: Item, change_id: str = "a", **holder: Any) -> Any:
        return self.ask(ChangeRegister(change_id, ChangeKind.ADD, item, **(holder or Z)))

    def end(self, item: Item, last_day: int, change_id: str = "e", **holder: Any) -> Any:
        request = ChangeRegister(change_id, ChangeKind.END, item, **(holder or Z))
        return self.ask(request._replace(last_day=last_day))

    def remove(self, item: Item, change_id: str = "r", **holder: Any) -> Any:
        return self.ask(ChangeRegister(change_id, ChangeKind.REMOVE, item, **(holder or Z)))

    def member(self, name: str = "z") -> Member:
        found = self.pipeline._state.members.find(name)
        assert found is not None
        return found

    def institution(self, name: str) -> Institution:
        found = self.pipeline._state.institutions.find(name)
        assert found is not None
        return found

    def digest(self) -> bytes:
        return result_digest(list(self.pipeline.entries()))


Z: dict[str, Any] = {"member": "z"}
H: dict[str, Any] = {"member": "h"}
ANY = Interval(0)


@pytest.fixture(params=[REFERENCE, FAST], ids=lambda kernel: kernel.name)
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(tmp_path / "ledger.sqlite", request.param)
    yield bench
    report = verify_store(bench.store)
    assert report.ok, report.findings
    bench.store.close()


def claim(request_id: str, institution: str, day: int, fen: int = 100_000, **more: Any) -> Claim:
    member = {"Y": "h", "M": "h", "S": "s"}.get(institution, "z")
    parts = (day, day, fen, fen, 0, 0, 0)
    return Claim(institution, request_id, more.pop("member", member), *parts)._replace(**more)


def listed(answer: Any) -> list[tuple[str, int, int, Reason]]:
    """Return (request id, paid, would pay, why) of what a change affects."""
    assert isinstance(answer, Changed), answer
    return [
        (a.request_id, a.pooled_fund_fen, a.pooled_fund_after_fen, a.reason_after)
        for a in answer.affected
    ]


# --- operations --------------------------------------------------------------------------

MEMBER_ITEMS: list[Item] = [
    Filing(FilingKind.LONG_TERM, FAR, Interval(20250101, 20251231)),
    Selection("Z", Interval(20250101, 20251231)),
    Disease("M1", DiseaseKind.CHRONIC, Interval(20250101, 20251231)),
    Stay("Z", 20250101, 20251231),
    Arrears(Interval(20250101, 20251231)),
    Referral("", "Z", Interval(20250101, 20251231)),
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


# --- what a change affects ---------------------------------------------------------------


def test_a_filing_entered_late(bench: Bench) -> None:
    """Unfiled, Zibo's fund pays after a first payment of 10 %; filed, without it."""
    bench.settle(claim("before", "FAR", 20250110), claim("in", "FAR", 20250210))
    before = bench.digest()
    filing = Filing(FilingKind.LONG_TERM, FAR, Interval(20250201, 20250228))
    found = listed(bench.add(filing))
    assert [one[0] for one in found] == ["in"]
    assert found[0][2] > found[0][1]
    assert bench.digest() == before
    assert listed(bench.ask(UndoChange("u", "a"))) == []


def test_arrears_reopened_after_a_back_payment(bench: Bench) -> None:
    """S7: the day counts again, and what it bears of the deductible counts in later claims."""
    bench.add(Arrears(Interval(20250201, 20250331)))
    bench.settle(claim("in", "Z", 20250215), claim("later", "Z", 20250401))
    assert [int(e.record["result"]["pooled_fund"]) for e in bench.pipeline.entries()] == [0, 30_000]
    before = bench.digest()
    reopened = bench.end(Arrears(ANY), 20250210)
    # 1000 less the deductible of 500, at 60 %; then nothing is left of the deductible.
    assert listed(reopened) == [
        ("in", 0, 30_000, Reason.NONE),
        ("later", 30_000, 60_000, Reason.NONE),
    ]
    assert [one.settlement_id for one in reopened.affected] == [1, 2]
    assert bench.digest() == before
    assert listed(bench.remove(Arrears(ANY))) == []


def test_a_stay_and_a_discharge_entered_late(bench: Bench) -> None:
    bench.settle(*(claim(f"d{day}", "Z", day) for day in (20250209, 20250210, 20250212)))
    found = listed(bench.add(Stay("Z", 20250210)))
    assert [(one[0], one[3]) for one in found] == [
        ("d20250210", Reason.INPATIENT_STAY),
        ("d20250212", Reason.INPATIENT_STAY),
    ]
    # The day of discharge is not in the stay.
    assert listed(bench.end(Stay("Z", 0), 20250212)) == []
    # What the stay itself affects was listed with the stay.
    assert [one[0] for one in listed(bench.ask(UndoChange("u", "e")))] == ["d20250212"]


def test_a_selection_and_a_referral_entered_late(bench: Bench) -> None:
    bench.add(Selection("Y", Interval(20250101, 20261231)), "y", **H)
    bench.settle(claim("y", "Y", 20251110, 5_000), claim("m", "M", 20251111, 5_000))
    moved = bench.ask(Select("s", "h", "M", 20251010, 2025, reason="moved"))
    assert listed(moved) == [
        ("y", 3_500, 0, Reason.NOT_SELECTED),
        ("m", 0, 3_000, Reason.NONE),
    ]
    assert listed(bench.ask(UndoChange("u", "s"))) == []
    referral = Referral("Y", "M", Interval(20251101, 20251130))
    assert listed(bench.add(referral, "ref", **H)) == [("m", 0, 3_000, Reason.NONE)]
    bench.settle(claim("m2", "M", 20251112, 5_000))
    assert list(bench.pipeline.entries())[-1].record["result"]["pooled_fund"] == 3_000
    assert listed(bench.remove(referral, "r", **H)) == [("m2", 3_000, 0, Reason.NOT_SELECTED)]


def test_a_disease_that_has_no_rule_yet(bench: Bench) -> None:
    """Registered, the chronic claim would have been refused: Zibo has no figures for it."""
    asked = claim("c", "Z", 20250210, benefit=Benefit.CHRONIC, disease="M1")
    bench.settle(asked)
    found = listed(bench.add(Disease("M1", DiseaseKind.CHRONIC, Interval(20250101))))
    assert [(one[0], one[2], one[3]) for one in found] == [("c", 0, Reason.NO_FIGURE)]


@pytest.mark.parametrize("checkpoint", [False, True])
def test_institutions_that_are_changed_late(bench: Bench, checkpoint: bool) -> None:
    bench.settle(
        claim("z1", "Z", 20250210),
        claim("z2", "Z", 20250310),
        claim("far", "FAR", 20250401),
        claim("s", "S", 20240310, member="s"),
    )
    bench.settle(claim("gone", "Z", 20250311))
    assert isinstance(bench.ask(Cancel("Z", "undo", 5)), Undone)
    bench.reopen(checkpoint=checkpoint)
    before = bench.digest()
    ended = bench.end(Designated(ANY), 20250228, institution="Z")
    # The claim elsewhere in the year counts on: its deductible was borne by both.
    assert [one[0] for one in listed(ended)] == ["z2"]
    assert listed(ended)[0][3] == Reason.NOT_DESIGNATED
    assert listed(bench.ask(UndoChange("u", "e"))) == []
    first = bench.remove(Designated(ANY), "d", institution="Z")
    assert [one[0] for one in listed(first)] == ["z1", "z2", "far"]
    bench.ask(UndoChange("ud", "d"))
    offer = Qualification(Offer.ORDINARY, ANY)
    assert listed(bench.end(offer, 20250228, "o", institution="Z"))[0][3] == (
        Reason.BENEFIT_NOT_OFFERED
    )
    # Zibo does not ask for a networked institution, nor does Suizhou inside the city.
    assert listed(bench.remove(Networked(ANY), "n", institution="Z")) == []
    assert listed(bench.remove(Networked(ANY), "ns", institution="S")) == []
    assert bench.digest() == before


def test_what_does_not_matter_lists_nothing(bench: Bench) -> None:
    bench.settle(claim("z", "Z", 20250210), claim("s", "S", 20240310))
    items: list[Item] = [
        Filing(FilingKind.LONG_TERM, FAR, Interval(20250101)),
        Arrears(Interval(20250211)),
        Arrears(Interval(20240101, 20250209)),
        Stay("Z", 20250101, 20250210),
        Selection("Z", Interval(20250101)),
        Disease("M1", DiseaseKind.CHRONIC, Interval(20250101)),
    ]
    for n, item in enumerate(items):
        assert listed(bench.add(item, f"n{n}")) == []
    # Suizhou pays during a stay.
    assert listed(bench.add(Stay("S", 20240301), "s", member="s")) == []


def test_a_change_answers_for_itself_alone(bench: Bench) -> None:
    """What an entry that was entered as a whole changed is not listed with a later change."""
    bench.settle(claim("z", "Z", 20250210))
    bench.ask(PutMembers([Member("z", ZIBO, arrears=(Interval(20250201, 20250228),))]))
    assert listed(bench.add(Filing(FilingKind.LONG_TERM, FAR, Interval(20250101)))) == []


def test_the_list_is_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affected, "AFFECTED_MAX", 2)
    bench.settle(*(claim(f"c{n}", "Z", 20250210 + n) for n in range(3)))
    answer = bench.remove(Designated(ANY), institution="Z")
    assert len(answer.affected) == 2
    assert answer.more


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
