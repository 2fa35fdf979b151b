"""The shared checker: whole ledgers pass; wrong entries, undos and plans are found and named."""

import dataclasses
import json
import random

import numpy as np
import pytest

from engine.digest import ResultDigest
from engine.domain.dates import Interval
from engine.domain.journal import EntryKind, Segment, SegmentKind
from engine.domain.layout import AMOUNTS, ENTRY, RESULT, Array
from engine.domain.register import AccountOpening, Opening
from engine.domain.registration import Arrears, Changed, ChangeKind
from engine.domain.request import (
    Cancel,
    Refused,
)
from engine.kernel import FAST
from engine.pipeline import Pipeline
from engine.state.registers import openings_to_json
from engine.state.registration import changes_to_json
from engine.verify.check import STAGES, verify_store
from engine.verify.report import Kind
from engine.verify.undos import Past
from tests.support.memory_store import MemoryStore
from tests.support.runner import cities, run_world
from tests.support.small_ledger import (
    FIRST_CLAIM,
    LAST,
    OTHER_MEMBER,
    SECOND_CLAIM,
    TOMBSTONE,
    UNDO,
    UNDONE_CLAIM,
    change_by,
    edit,
    found,
    replace_kind,
    small_ledger,
)
from tests.support.world import YEARS, ZIBO, make_world


@pytest.fixture
def store() -> MemoryStore:
    """Return the small ledger, its tables up to date."""
    return small_ledger()


# --- whole ledgers -----------------------------------------------------------------------


def test_an_empty_store_is_whole() -> None:
    report = verify_store(MemoryStore())
    assert report.ok
    assert (report.segments, report.settlements, report.tables_compared) == (0, 0, 0)
    assert report.digest == ResultDigest().hexdigest()


def test_the_small_ledger_is_whole_and_counted(store: MemoryStore) -> None:
    seen: list[tuple[str, int, int]] = []
    report = verify_store(store, lambda *step: seen.append(step))
    assert [f.text() for f in report.findings] == []
    assert report.ok
    assert (report.settlements, report.undos, report.tombstones) == (11, 3, 1)
    assert (report.members, report.institutions, report.plans) == (4, 4, 7)
    assert report.total_fen == 400_000 + 50_000 + 80_000 + 300_000 + 20_000
    assert sum(report.payers_fen.values()) == report.total_fen
    assert report.payers_fen["account"] == 30_000 + 100_000
    assert report.checkpoint_sequence == store.sequence
    assert report.tables_compared == 16 + 4 + 2  # ids, member-years, accounts
    assert {stage for stage, _, _ in seen} <= set(STAGES)
    assert json.loads(json.dumps(report.as_dict()))["ok"] is True


@pytest.mark.parametrize("city", list(YEARS))
def test_random_member_years_are_whole(city: str) -> None:
    """With a checkpoint in the midst, with every table up to date, and by the same digest."""
    run = run_world(make_world(7, 150, city), FAST, random.Random(7))
    report = verify_store(run.store)
    assert [f.text() for f in report.findings] == []
    assert report.undos > 10
    assert report.tombstones > 1
    digest = ResultDigest()
    for entry in run.pipeline.entries():
        digest.add(entry)
    assert report.digest == digest.hexdigest()
    run.pipeline.checkpoint()
    compared = report.tables_compared
    report = verify_store(run.store)
    assert report.ok
    assert report.tables_compared > compared


# --- amounts -----------------------------------------------------------------------------


@pytest.mark.parametrize("field", list(RESULT.names or ()))
def test_every_field_of_a_result_is_settled_again(store: MemoryStore, field: str) -> None:
    edit(store, SECOND_CLAIM, change_by("result", **{field: 1}))
    report = verify_store(store)
    assert found(report, Kind.AMOUNT, SECOND_CLAIM, field)


def test_a_fen_moved_between_parts(store: MemoryStore) -> None:
    """Every sum still holds; only settling again can tell."""
    edit(store, FIRST_CLAIM, change_by("result", copay=1, pooled_fund=-1, person=1, cash=1))
    report = verify_store(store)
    assert Kind.IDENTITY not in report.counted
    for field in ("copay", "pooled_fund", "person", "cash"):
        assert found(report, Kind.AMOUNT, FIRST_CLAIM, field)
    assert found(report, Kind.AMOUNT, SECOND_CLAIM, "paid_before")
    assert found(report, Kind.TABLE, UNDO, "member-year: ordinary_paid")


def test_a_fen_that_was_lost(store: MemoryStore) -> None:
    edit(store, FIRST_CLAIM, change_by("result", cash=-1))
    report = verify_store(store)
    assert found(report, Kind.IDENTITY, FIRST_CLAIM, "funds + institution_share")
    assert found(report, Kind.IDENTITY, FIRST_CLAIM, "account + family_account + cash")


def test_a_cap_that_was_exceeded(store: MemoryStore) -> None:
    """The opening says that the year's cap is nearly used up; the claims behind it do not."""
    openings = openings_to_json([Opening("m1", 2026, ordinary_paid_fen=10**9)])
    replace_kind(store, SegmentKind.OPENINGS, lambda _: openings)
    edit(store, FIRST_CLAIM, change_by("result", paid_before=10**9))
    report = verify_store(store)
    assert found(report, Kind.CAP, FIRST_CLAIM, "annual cap")


def test_an_account_that_was_overdrawn(store: MemoryStore) -> None:
    edit(store, SECOND_CLAIM, change_by("result", account=1, cash=-1))
    report = verify_store(store)
    assert found(report, Kind.BALANCE, SECOND_CLAIM, "account balance")
    assert found(report, Kind.CAP, SECOND_CLAIM, "account")


@pytest.mark.parametrize(
    ("part", "field", "delta", "kind", "named"),
    [
        ("row", "in_scope", 1, Kind.CLAIM, "row.in_scope"),
        ("claim", "total", 1, Kind.CLAIM, "claim.total"),
        ("claim", "service_date", -10_000, Kind.CLAIM, "row.year"),
        ("claim", "until_date", -1, Kind.CLAIM, "claim.until_date"),
        ("claim", "benefit", 9, Kind.CLAIM, "claim.benefit"),
        ("row", "year", 1, Kind.CLAIM, "row.year"),
        ("row", "level", 9, Kind.CLAIM, "row"),
        ("row", "plan", 1, Kind.PLAN, "city of the plan"),
        ("row", "plan", 9, Kind.PLAN, "row.plan"),
        ("row", "account", -1, Kind.REGISTER, "row.account"),
        ("row", "facts", 1 << 24, Kind.CLAIM, "row.facts"),
        ("claim", "member", 9, Kind.REGISTER, "claim.member"),
        ("claim", "payer", 9, Kind.REGISTER, "claim.payer"),
        ("claim", "payer", -1, Kind.REGISTER, "text.payer"),
        ("claim", "payer", -2, Kind.REGISTER, "claim.payer"),
        ("claim", "institution", 9, Kind.REGISTER, "claim.institution"),
        ("link", "kind", 9, Kind.STRUCTURE, "link.kind"),
        ("link", "instant", 1, Kind.STRUCTURE, "link.instant"),
        ("link", "undoes", 1, Kind.UNDO, "link.undoes"),
        ("link", "previous", 1, Kind.CHAIN, "link.previous"),
        ("claim", "spare2", 1, Kind.STRUCTURE, "spare2"),
    ],
)
def test_a_field_that_was_changed(
    store: MemoryStore, part: str, field: str, delta: int, kind: Kind, named: str
) -> None:
    edit(store, FIRST_CLAIM, change_by(part, **{field: delta}))
    assert found(verify_store(store), kind, FIRST_CLAIM, named)


# --- undos and tombstones ----------------------------------------------------------------


@pytest.mark.parametrize("field", [*AMOUNTS, "account_allowed", "deductible_before", "reason"])
def test_an_undo_is_the_exact_negation(store: MemoryStore, field: str) -> None:
    edit(store, UNDO, change_by("result", **{field: 1}))
    assert found(verify_store(store), Kind.UNDO, UNDO, field)


@pytest.mark.parametrize("target", [FIRST_CLAIM, OTHER_MEMBER, UNDO, TOMBSTONE, LAST, 99, 0])
def test_an_undo_of_the_wrong_entry(store: MemoryStore, target: int) -> None:
    def change(entry: Array, _: list[bytes]) -> None:
        entry["link"]["undoes"] = target

    edit(store, UNDO, change)
    report = verify_store(store)
    assert report.counted[Kind.UNDO]
    assert any(f.position == UNDO for f in report.findings)


def test_an_undo_of_another_institution(store: MemoryStore) -> None:
    edit(store, UNDO, change_by("claim", institution=1))
    report = verify_store(store)
    assert found(report, Kind.UNDO, UNDO, "claim.institution")


def append_undo(store: MemoryStore, position: int) -> int:
    """Forge an undo of a settlement by hand, as exact as the ledger would make it."""
    held = store.entry(position)
    assert held is not None
    entry = np.frombuffer(held[0], dtype=ENTRY).copy()
    result, link = entry["result"], entry["link"]
    line = store.member_years(2026, 0)[entry["claim"]["member"][0]]
    for name in (*AMOUNTS, "account_allowed"):
        result[name] = -result[name]
    result["deductible_before"], result["paid_before"] = line[0], line[1]
    result["account_before"] = store.accounts(0)[entry["claim"]["member"][0], 0]
    link["previous"], link["undoes"] = line[-1], position
    link["position"], link["kind"], link["instant"] = LAST + 1, EntryKind.CANCEL, 9
    link["undo_id_length"] = 3
    store.append([Segment(SegmentKind.ENTRIES, 9, LAST + 1, 1, entry.tobytes(), b"new" + held[1])])
    return LAST + 1


def test_an_undo_that_later_settlements_rest_on(store: MemoryStore) -> None:
    """The ledger refuses it; forged into the journal it is found by settling the year again."""
    pipeline = Pipeline.open(store, cities())
    assert isinstance(pipeline.run([Cancel(f"h{ZIBO}", "new", FIRST_CLAIM)], 9)[0], Refused)
    position = append_undo(store, FIRST_CLAIM)
    report = verify_store(store)
    assert found(report, Kind.UNDO, position, "deductible of position 2 without")
    assert set(report.counted) == {Kind.UNDO}


def test_a_year_is_settled_from_its_opening_too(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What later settlements rest on is found again, without a look at the undo."""
    monkeypatch.setattr(Past, "_check_nothing_rests_on", lambda *_: None)
    append_undo(store, FIRST_CLAIM)
    report = verify_store(store)
    assert found(report, Kind.UNDO, 2, "deductible in a year that had no undone settlements")
    assert set(report.counted) == {Kind.UNDO}


def test_a_forged_undo_that_nothing_rests_on_is_right(store: MemoryStore) -> None:
    append_undo(store, OTHER_MEMBER)
    assert verify_store(store).ok


def test_a_settlement_undone_twice(store: MemoryStore) -> None:
    position = append_undo(store, UNDONE_CLAIM)
    report = verify_store(store)
    assert found(report, Kind.UNDO, position, "link.undoes")


@pytest.mark.parametrize(
    ("part", "field"),
    [("result", "cash"), ("row", "in_scope"), ("claim", "total"), ("link", "previous")],
)
def test_a_tombstone_holds_ids_only(store: MemoryStore, part: str, field: str) -> None:
    edit(store, TOMBSTONE, change_by(part, **{field: 1}))
    assert found(verify_store(store), Kind.TOMBSTONE, TOMBSTONE, f"{part}.{field}")


# --- plans and registers -----------------------------------------------------------------


def test_a_plan_that_was_changed(store: MemoryStore) -> None:
    """A rate raised in the stored plan: what was settled by it comes out otherwise."""

    def raise_rate(text: bytes) -> bytes:
        plan = json.loads(text)
        plan["rate_bp"] = [rate + 1 for rate in plan["rate_bp"]]
        return json.dumps(plan, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    replace_kind(store, SegmentKind.PLAN, raise_rate)
    report = verify_store(store)
    assert found(report, Kind.AMOUNT, FIRST_CLAIM, "pooled_fund")
    assert Kind.PLAN not in report.counted


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rate_bp": [10_001] * 48}, "rate_bp"),
        ({"annual_cap_fen": [0]}, "annual_cap_fen"),
        ({"visit_cap_cite": [999] * 12}, "visit_cap_cite"),
        ({"last_day": 20000101}, "last_day"),
        ({"unknown": 1}, "plan"),
    ],
)
def test_a_plan_that_is_malformed(
    store: MemoryStore, change: dict[str, object], field: str
) -> None:
    replace_kind(
        store, SegmentKind.PLAN, lambda text: json.dumps(json.loads(text) | change).encode()
    )
    report = verify_store(store)
    assert found(report, Kind.PLAN, 0, field)


def test_a_plan_that_is_not_canonical_or_comes_twice(store: MemoryStore) -> None:
    plan = next(segment for segment in store.journal if segment.kind == SegmentKind.PLAN)
    again = dataclasses.replace(plan, first_position=LAST + 1)
    store.append([again, dataclasses.replace(again, text=b" " + plan.text)])
    report = verify_store(store)
    assert next(f.found for f in report.findings if f.field == "digest") == "one that came before"
    assert report.counted == {Kind.PLAN: 2}


def test_registers_that_were_changed(store: MemoryStore) -> None:
    openings = openings_to_json([Opening("m1", 2026), AccountOpening("m1", 1), Opening("no", 2026)])
    store.append([Segment(SegmentKind.OPENINGS, 9, LAST + 1, 2, b"", openings)])
    store.append([Segment(SegmentKind.MEMBERS, 9, LAST + 1, 2, b"", b"{")])
    report = verify_store(store)
    for field in ("opening of a member-year", "opening of a account", "opening: member", "count"):
        assert found(report, Kind.REGISTER, 0, field), field
    assert found(report, Kind.REGISTER, 0, "text")


def test_register_changes_that_do_not_fit(store: MemoryStore) -> None:
    item = Arrears(Interval(20260101))
    good = Changed("c", ChangeKind.ADD, "m1", "", (), (item,))
    for changed in (
        good,
        good,
        Changed("d", ChangeKind.REMOVE, "m2", "", (item,), ()),
        Changed("u", ChangeKind.UNDO, "m1", "", (item,), (item,), undoes="c"),
        Changed("v", ChangeKind.UNDO, "m1", "", (), (), undoes="never"),
    ):
        text = changes_to_json([changed])
        store.append([Segment(SegmentKind.REGISTER_CHANGES, 9, LAST + 1, 1, b"", text)])
    store.append([Segment(SegmentKind.REGISTER_CHANGES, 9, LAST + 1, 1, b"", b"[{}]")])
    report = verify_store(store)
    for field in ("id", "taken", "items", "undoes"):
        assert found(report, Kind.REGISTER, 0, f"register change: {field}"), field
    assert found(report, Kind.REGISTER, 0, "text")
    assert report.counted == {Kind.REGISTER: 5}
