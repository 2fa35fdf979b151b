"""The shared checker: packages, caps and counters of every benefit; planted defects are found."""

import dataclasses
import random

import pytest

from engine.digest import ResultDigest
from engine.domain.claim import Claim
from engine.domain.codes import Level
from engine.domain.journal import SegmentKind
from engine.domain.layout import Array
from engine.domain.register import AccountOpening, Institution, Member, Opening
from engine.domain.request import (
    BatchAnswer,
    Cancel,
    ImportOpenings,
    PutInstitutions,
    PutMembers,
    SettleBatch,
    SupplyFigures,
    Undone,
)
from engine.kernel import FAST
from engine.pipeline import Pipeline
from engine.rules.figures import figures_from_supply, to_json
from engine.rules.model import CityRules, Value
from engine.state.registers import openings_to_json
from engine.verify.check import verify_store
from engine.verify.report import Kind, Report
from tests.support.benefits import figures, make_benefits_world
from tests.support.memory_store import MemoryStore
from tests.support.runner import cities, run_world
from tests.support.small_ledger import (
    ALL_BENEFITS,
    CHRONIC_PART,
    EMERGENCY,
    LAST,
    ORDINARY_PART,
    PACKAGE,
    SPECIAL_CLAIM,
    UNDO_PACKAGE,
    UNDONE_PARTS,
    change_by,
    edit,
    found,
    of_benefits,
    small_ledger,
)
from tests.support.world import CHANGCHUN, ZIBO


@pytest.fixture
def store() -> MemoryStore:
    """Return the small ledger, its tables up to date."""
    return small_ledger()


def findings(report: Report) -> list[str]:
    return [finding.text() for finding in report.findings]


def test_random_member_years_of_every_benefit_are_whole() -> None:
    """With undos of several parts, and by the same digest as the ledger's own entries."""
    world = make_benefits_world(3, 120, 12)
    run = run_world(world, FAST, random.Random(3), figures())
    assert findings(verify_store(run.store)) == []
    run.pipeline.checkpoint()
    report = verify_store(run.store)
    assert findings(report) == []
    digest, undone_parts = ResultDigest(), 0
    seen: set[int] = set()
    for entry in run.pipeline.entries():
        digest.add(entry)
        undone_parts += len(entry.parts) > 1 and int(entry.record["link"]["undoes"]) > 0
        seen.update(int(part.record["row"]["benefit"]) for part in entry.parts)
        seen.add(int(entry.record["row"]["benefit"]))
    assert report.digest == digest.hexdigest()
    assert undone_parts > 3
    assert seen >= {1, 2, 3, 4, 5}


# --- packages, caps, counters ------------------------------------------------------------


def test_the_share_of_a_package(store: MemoryStore) -> None:
    edit(store, PACKAGE, change_by("result", institution_share=1))
    report = verify_store(store)
    assert found(report, Kind.AMOUNT, PACKAGE, "institution_share")
    assert found(report, Kind.IDENTITY, PACKAGE, "pooled_fund + large")


def test_the_share_of_a_package_and_the_person(store: MemoryStore) -> None:
    """The payers add up; but nothing was cut, so the person bears the co-payment and no more."""
    deltas = {"institution_share": -1, "person": 1, "cash": 1}
    edit(store, PACKAGE, change_by("result", **deltas))
    edit(store, UNDO_PACKAGE, change_by("result", institution_share=1, person=-1, cash=-1))
    report = verify_store(store)
    for position in (PACKAGE, UNDO_PACKAGE):
        assert found(report, Kind.IDENTITY, position, "person - excluded"), position
    assert Kind.UNDO not in report.counted


def test_a_negative_share_without_a_package(store: MemoryStore) -> None:
    edit(store, SPECIAL_CLAIM, change_by("result", institution_share=-1, cash=1))
    assert found(verify_store(store), Kind.AMOUNT, SPECIAL_CLAIM, "institution_share")


def test_a_basis_that_does_not_add_up_without_a_package(store: MemoryStore) -> None:
    edit(store, SPECIAL_CLAIM, change_by("result", deductible=1))
    assert found(verify_store(store), Kind.IDENTITY, SPECIAL_CLAIM, "deductible + copay")


def test_the_disease_of_another_code(store: MemoryStore) -> None:
    """In every part: what was paid counts for a disease that the fold knows by another code."""

    def change(_: Array, texts: list[bytes]) -> None:
        assert b"M01" in texts[0]
        texts[0] = texts[0].replace(b"M01", b"M02")

    for position in (CHRONIC_PART, ORDINARY_PART):
        edit(store, position, change)
    report = verify_store(store)
    assert found(report, Kind.REGISTER, CHRONIC_PART, "row.benefit")
    assert found(report, Kind.PLAN, CHRONIC_PART, "code of the plan")
    assert found(report, Kind.AMOUNT, UNDONE_PARTS[1], "disease_paid_before")
    assert found(report, Kind.TABLE, LAST, "visit: paid")


def test_a_statement_that_was_not_filed(store: MemoryStore) -> None:
    edit(store, EMERGENCY, change_by("claim", flags=-4))
    assert found(verify_store(store), Kind.CLAIM, EMERGENCY, "row.benefit")


def opened(store: MemoryStore, opening: Opening) -> None:
    """Put an opening before the first entry of the member with all benefits."""
    for index, segment in enumerate(store.journal):
        if segment.kind == SegmentKind.OPENINGS and b"m4" in segment.text:
            items = openings_to_json([AccountOpening("m4", 100_000), opening])
            store.journal[index] = dataclasses.replace(segment, count=2, text=items)


@pytest.mark.parametrize(
    ("opening", "position", "field", "cap"),
    [
        (
            Opening("m4", 2023, disease_paid_fen=(("M01", 239_999),)),
            CHRONIC_PART,
            "disease_paid_before",
            "disease cap",
        ),
        (Opening("m4", 2023, chronic_paid_fen=10**8), CHRONIC_PART, "paid_before", "annual cap"),
        (Opening("m4", 2023, ordinary_paid_fen=10**8), ORDINARY_PART, "paid_before", "annual cap"),
        (
            Opening("m4", 2023, pooled_paid_fen=20_000_000),
            PACKAGE,
            "pooled_paid_before",
            "pooled cap",
        ),
    ],
)
def test_a_cap_that_was_exceeded(
    store: MemoryStore, opening: Opening, position: int, field: str, cap: str
) -> None:
    """The opening says that it is nearly used up; the claims behind it do not."""
    opened(store, opening)
    [fen] = [f for f in opening[2:] if f]
    fen = fen if isinstance(fen, int) else fen[0][1]
    edit(store, position, change_by("result", **{field: fen}))
    assert found(verify_store(store), Kind.CAP, position, cap)


def test_openings_of_every_counter() -> None:
    """The fold opens what the ledger opens, and the tables agree; another opening replaces it."""
    store = MemoryStore()
    pipeline = Pipeline.open(store, cities())
    pipeline.run(
        [
            SupplyFigures(to_json(figures_from_supply(CHANGCHUN, ALL_BENEFITS, cities()))),
            PutInstitutions([Institution(f"h{CHANGCHUN}-2", CHANGCHUN, Level.LEVEL_2)]),
            PutMembers([Member("m4", CHANGCHUN)]),
            ImportOpenings([Opening("m4", 2023, disease_paid_fen=(("M02", 7),), cost_fen=9)]),
        ],
        1,
    )
    opening = Opening(
        "m4",
        2023,
        special_deductible_fen=1,
        chronic_paid_fen=2,
        disease_paid_fen=(("M01", 3),),
        cost_fen=4,
        month_paid_fen=(("2023-05", 5),),
        day_paid_fen=(("2023-05-05", 6),),
    )
    pipeline.run([ImportOpenings([opening])], 2)
    pipeline.run([SettleBatch([of_benefits("a", 5_000)])], 3)
    pipeline.checkpoint()
    assert findings(verify_store(store)) == []
    kept = {key[2:]: fen for key, fen in store._visits.items() if fen}
    assert kept == {
        (-7, "M01"): 3,
        (-6, ""): 4,
        (-8, "2023-05"): 5,
        (-9, "2023-05-05"): 6,
    }
    for key in list(kept):
        store._visits[0, 2023, *key] += 1
        assert found(verify_store(store), Kind.TABLE, 1, "visit: paid"), key
        store._visits[0, 2023, *key] -= 1


# --- day and month -----------------------------------------------------------------------


def capped_cities() -> dict[str, CityRules]:
    """Return the rules with a cap by day and by month in one city, as no document has them yet."""
    rules = cities()[ZIBO]

    def cap(fen: int) -> tuple[Value, ...]:
        return tuple(
            dataclasses.replace(value, number=fen, figure="", floor=None, kind=0)
            for value in rules.annual_cap
        )

    capped = dataclasses.replace(rules, month_cap=cap(60_000), day_cap=cap(40_000))
    return cities() | {ZIBO: capped}


def on_day(request_id: str, day: int, fen: int = 90_000) -> Claim:
    """Return an ordinary claim."""
    return Claim("h", request_id, "m", day, day, fen, fen, 0, 0, 0)


@pytest.fixture
def capped() -> MemoryStore:
    """Return a ledger of a city with caps by day and by month; the last claim is undone."""
    store = MemoryStore()
    pipeline = Pipeline.open(store, capped_cities())
    pipeline.run(
        [
            PutInstitutions([Institution("h", ZIBO, Level.LEVEL_2)]),
            PutMembers([Member("m", ZIBO)]),
            ImportOpenings([Opening("m", 2026, deductible_met=True)]),
        ],
        1,
    )
    days = (20260302, 20260302, 20260303, 20260403)
    claims = [on_day(f"r{n}", day) for n, day in enumerate(days)]
    answer = pipeline.run([SettleBatch(claims)], 2)[0]
    assert isinstance(answer, BatchAnswer)
    assert answer.entries["result"]["cut_day"].tolist()[:2] == [14_000, 54_000]
    assert answer.entries["result"]["pooled_fund"].tolist() == [40_000, 0, 20_000, 40_000]
    assert isinstance(pipeline.run([Cancel("h", "undo", 4)], 3)[0], Undone)
    pipeline.checkpoint()
    return store


def test_caps_by_day_and_month(capped: MemoryStore) -> None:
    assert findings(verify_store(capped)) == []
    assert capped._visits[0, 2026, -8, "2026-03"] == 60_000
    assert capped._visits[0, 2026, -9, "2026-03-02"] == 40_000
    capped._visits[0, 2026, -8, "2026-03"] -= 1
    assert found(verify_store(capped), Kind.TABLE, 5, "visit: paid")


@pytest.mark.parametrize("field", ["month_paid_before", "day_paid_before"])
def test_what_was_paid_in_the_month_and_on_the_day(capped: MemoryStore, field: str) -> None:
    edit(capped, 2, change_by("result", **{field: 1}))
    edit(capped, 5, change_by("result", **{field: 1}))
    report = verify_store(capped)
    assert found(report, Kind.AMOUNT, 2, field)
    assert found(report, Kind.UNDO, 5, field)


def test_a_claim_in_the_month_of_another(capped: MemoryStore) -> None:
    """A service date in the next month: what it was cut by is not of that month."""
    edit(capped, 3, change_by("claim", service_date=100, until_date=100))
    report = verify_store(capped)
    assert found(report, Kind.AMOUNT, 3, "month_paid_before")
    assert found(report, Kind.AMOUNT, 4, "month_paid_before")
    assert found(report, Kind.TABLE, 5, "visit: paid")


@pytest.mark.parametrize(("name", "fen"), [("month", 20_001), ("day", 1)])
def test_more_than_a_day_or_a_month_has(capped: MemoryStore, name: str, fen: int) -> None:
    edit(capped, 2, change_by("result", pooled_fund=fen, copay=-fen))
    assert found(verify_store(capped), Kind.CAP, 2, f"{name} cap")
