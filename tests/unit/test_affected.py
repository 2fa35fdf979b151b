"""Which settled claims a change of the register would have decided otherwise."""

import pytest

from engine.domain.codes import Benefit, DiseaseKind, FilingKind, Offer
from engine.domain.dates import Interval
from engine.domain.reasons import Reason
from engine.domain.register import (
    Disease,
    Filing,
    Member,
    Qualification,
    Referral,
    Selection,
    Stay,
)
from engine.domain.registration import (
    Arrears,
    Designated,
    Item,
    Networked,
    Select,
    UndoChange,
)
from engine.domain.request import (
    Cancel,
    PutMembers,
    Undone,
)
from engine.ledger import affected
from tests.support.register_bench import ANY, FAR, Bench, H, claim, listed
from tests.support.world import ZIBO


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
