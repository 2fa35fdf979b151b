"""The shared checker: claims of several benefits, packages, caps; each planted defect is found."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from engine.digest import result_digest
from engine.domain.bill import BillLine, encode_lines
from engine.domain.claim import Claim
from engine.domain.codes import Benefit, Fact
from engine.domain.journal import EntryKind, Segment, SegmentKind
from engine.domain.layout import ENTRY, NEGATED, NOWHERE, Array
from engine.domain.request import (
    Cancel,
    Undone,
)
from engine.ledger.prepare import PRECEDENCE as LEDGER_PRECEDENCE
from engine.pipeline import Pipeline
from engine.rules.plan import plan_from_json
from engine.verify.acts import PRECEDENCE
from engine.verify.check import verify_store
from engine.verify.history import Event, check_history
from engine.verify.report import Kind, Report
from tests.support.memory_store import MemoryStore
from tests.support.runner import cities
from tests.support.small_ledger import (
    CHRONIC_PART,
    EMERGENCY,
    LAST,
    ORDINARY_PART,
    PACKAGE,
    SPECIAL_CLAIM,
    UNDO_PARTS,
    UNDONE_PARTS,
    change_by,
    edit,
    edit_segment,
    fill,
    found,
    small_ledger,
    texts_of,
)
from tests.support.world import CHANGCHUN


@pytest.fixture
def store() -> MemoryStore:
    """Return the small ledger, its tables up to date."""
    return small_ledger()


def findings(report: Report) -> list[str]:
    return [finding.text() for finding in report.findings]


def test_the_order_of_parts_is_the_ledgers() -> None:
    assert PRECEDENCE == LEDGER_PRECEDENCE
    assert set(PRECEDENCE) == set(Benefit)


def test_the_figures_are_those_of_the_worked_cases(store: MemoryStore) -> None:
    results = {
        int(entry["link"]["position"]): entry["result"]
        for segment in store.journal
        if segment.kind == SegmentKind.ENTRIES
        for entry in segment.entries()
    }
    paid = {position: int(result["pooled_fund"]) for position, result in results.items()}
    assert [paid[n] for n in (CHRONIC_PART, ORDINARY_PART)] == [7_000, 11_000]
    assert [paid[n] for n in (SPECIAL_CLAIM, PACKAGE, EMERGENCY)] == [26_400, 510_000, 178_500]
    assert results[PACKAGE]["institution_share"] == -85_000
    assert [paid[n] for n in UNDO_PARTS] == [-paid[n] for n in UNDONE_PARTS]


# --- which entries are one act -----------------------------------------------------------


def rebuilt(segment: Segment, entries: Array, texts: list[bytes]) -> Segment:
    """Return the segment with these entries, positions and chain counted again."""
    first = segment.first_position
    entries["link"]["position"] = np.arange(first, first + len(entries))
    return dataclasses.replace(
        segment, count=len(entries), records=entries.tobytes(), text=b"".join(texts)
    )


def drop(store: MemoryStore, position: int, *, parts: int) -> None:
    """Take a part out of an act, positions counted again; the others say there are `parts`."""
    for index, segment in enumerate(store.journal):
        n = position - segment.first_position
        if segment.kind == SegmentKind.ENTRIES and 0 <= n < segment.count:
            texts, entries = texts_of(segment), segment.entries()
            same = entries["claim"] == entries["claim"][n]
            kept = np.delete(entries, n)
            kept["link"]["parts"][np.delete(same, n)] = parts
            del texts[n]
            store.journal[index] = rebuilt(segment, kept, texts)


def last_segment_only(store: MemoryStore, position: int) -> None:
    """Cut the journal behind the segment that holds a position."""
    while store.journal[-1].kind != SegmentKind.ENTRIES or not (
        0 <= position - store.journal[-1].first_position < store.journal[-1].count
    ):
        store.journal.pop()


def test_a_part_left_out(store: MemoryStore) -> None:
    drop(store, UNDONE_PARTS[2], parts=3)
    report = verify_store(store)
    assert found(report, Kind.STRUCTURE, UNDONE_PARTS[0], "entries of the act")


def test_the_first_part_left_out(store: MemoryStore) -> None:
    drop(store, UNDONE_PARTS[0], parts=3)
    assert found(verify_store(store), Kind.STRUCTURE, UNDONE_PARTS[0], "link.part")


def test_a_part_left_out_and_the_others_counted_again(store: MemoryStore) -> None:
    """Nothing is torn, but the lines were more."""
    drop(store, UNDONE_PARTS[2], parts=2)
    report = verify_store(store)
    assert found(report, Kind.CLAIM, UNDONE_PARTS[0], "benefits of the parts")


def test_parts_swapped(store: MemoryStore) -> None:
    def swap(entries: Array, texts: list[bytes]) -> None:
        a = CHRONIC_PART - int(entries["link"]["position"][0])
        entries[[a, a + 1]] = entries[[a + 1, a]]
        entries["link"]["position"][a : a + 2] = (CHRONIC_PART, ORDINARY_PART)

    edit_segment(store, CHRONIC_PART, swap)
    report = verify_store(store)
    assert found(report, Kind.STRUCTURE, CHRONIC_PART, "link.part")


def test_parts_swapped_and_numbered_again(store: MemoryStore) -> None:
    def swap(entries: Array, texts: list[bytes]) -> None:
        a = CHRONIC_PART - int(entries["link"]["position"][0])
        links = entries["link"].copy()
        entries[[a, a + 1]] = entries[[a + 1, a]]
        entries["link"] = links

    edit_segment(store, CHRONIC_PART, swap)
    report = verify_store(store)
    assert Kind.STRUCTURE not in report.counted
    assert found(report, Kind.CLAIM, ORDINARY_PART, "row.benefit")
    assert found(report, Kind.AMOUNT, CHRONIC_PART, "deductible")


@pytest.mark.parametrize(
    ("part", "field", "delta", "kind", "named"),
    [
        ("link", "part", 1, Kind.STRUCTURE, "link.part"),
        ("link", "parts", 1, Kind.STRUCTURE, "link.part"),
        ("link", "previous", -1, Kind.CHAIN, "link.previous"),
        ("claim", "flags", 8, Kind.CLAIM, "claim.flags"),
        ("claim", "papers", 1, Kind.CLAIM, "claim.papers"),
        ("row", "in_scope", 1, Kind.CLAIM, "row.in_scope"),
        ("row", "non_covered", 1, Kind.CLAIM, "row.non_covered"),
        ("row", "liable", 1, Kind.CLAIM, "row.liable"),
        ("row", "level", 1, Kind.CLAIM, "row.level"),
        ("row", "facts", int(Fact.REFERRED), Kind.CLAIM, "row.facts"),
        ("row", "facts", int(Fact.CHRONIC), Kind.CLAIM, "row.facts: the benefit"),
        ("row", "plan", 1, Kind.PLAN, "benefit of the plan"),
        ("row", "benefit", 1, Kind.PLAN, "benefit of the plan"),
        ("row", "deductible_at", 2, Kind.CLAIM, "row.deductible_at"),
        ("row", "deductible_at", NOWHERE, Kind.CLAIM, "row.deductible_at"),
        ("row", "deductible_at", 9, Kind.STRUCTURE, "row.deductible_at"),
        ("row", "paid_at", 2, Kind.CLAIM, "row.paid_at"),
        ("row", "paid_at", 8, Kind.STRUCTURE, "row.paid_at"),
        ("row", "disease", 1, Kind.CLAIM, "row.disease"),
        ("row", "month", 1, Kind.CLAIM, "row.month"),
        ("row", "day", 1, Kind.CLAIM, "row.day"),
        ("row", "visit", 1, Kind.CLAIM, "row.visit"),
        ("row", "cost", 1, Kind.CLAIM, "row.cost"),
        ("result", "pooled_fund", 1, Kind.AMOUNT, "pooled_fund"),
    ],
)
def test_a_field_of_a_later_part(
    store: MemoryStore, part: str, field: str, delta: int, kind: Kind, named: str
) -> None:
    edit(store, ORDINARY_PART, change_by(part, **{field: delta}))
    assert found(verify_store(store), kind, ORDINARY_PART, named)


def test_a_part_counted_elsewhere_is_not_where_it_was(store: MemoryStore) -> None:
    """The chronic fund's payments in the counter of the ordinary ones."""
    edit(store, CHRONIC_PART, change_by("row", paid_at=-2))
    report = verify_store(store)
    assert found(report, Kind.CLAIM, CHRONIC_PART, "row.paid_at")
    assert found(report, Kind.AMOUNT, ORDINARY_PART, "paid_before")
    assert found(report, Kind.TABLE, LAST, "member-year: chronic_paid")


def test_a_part_under_the_plan_of_another_benefit(store: MemoryStore) -> None:
    """Row, plan and facts agree with each other; the lines say otherwise."""

    def change(entry: Array, _: list[bytes]) -> None:
        entry["row"]["plan"], entry["row"]["benefit"] = 4, Benefit.SPECIAL
        entry["row"]["facts"] ^= int(Fact.CHRONIC | Fact.SPECIAL)
        entry["row"]["deductible_at"], entry["row"]["paid_at"] = 2, NOWHERE
        entry["row"]["disease"] = -1

    edit(store, CHRONIC_PART, change)
    report = verify_store(store)
    assert found(report, Kind.CLAIM, CHRONIC_PART, "row.in_scope")
    assert found(report, Kind.AMOUNT, CHRONIC_PART, "deductible")


# --- what was sent -----------------------------------------------------------------------


def with_lines(store: MemoryStore, positions: range, old: bytes, new: bytes) -> None:
    """Change the text of the lines in every part of a claim."""

    def change(entry: Array, texts: list[bytes]) -> None:
        assert old in texts[0]
        texts[0] = texts[0].replace(old, new)
        change_by("claim", lines_length=len(new) - len(old))(entry, texts)

    for position in positions:
        edit(store, position, change)


BOTH = range(CHRONIC_PART, ORDINARY_PART + 1)


@pytest.mark.parametrize(
    ("old", "new", "position", "field"),
    [
        (b"20000", b"20001", ORDINARY_PART, "row.in_scope"),
        (b"20000", b"20001", CHRONIC_PART, "claim.total"),
        (b"[1,20000]", b"[3,20000]", ORDINARY_PART, "row.non_covered"),
        (b"[1,20000]", b"[2,20000,1]", ORDINARY_PART, "row.pre_payment"),
        (b",0,0,0,2]", b"]", CHRONIC_PART, "row.in_scope"),
        (b",0,0,0,2]", b",0,0,0,3]", CHRONIC_PART, "benefits of the parts"),
        (b"[1,20000]", b"[1,20000,0]", CHRONIC_PART, "text.lines"),
        (b"[1,20000]", b"[1,20000", CHRONIC_PART, "text.lines"),
        (b"[1,20000]", b"[9,20000]", CHRONIC_PART, "lines[0].line_class"),
        (b"[1,20000]", b"[1,-20000]", CHRONIC_PART, "lines[0]"),
    ],
)
def test_lines_that_were_changed(
    store: MemoryStore, old: bytes, new: bytes, position: int, field: str
) -> None:
    with_lines(store, BOTH, old, new)
    assert found(verify_store(store), Kind.CLAIM, position, field)


def test_texts_of_one_part_changed(store: MemoryStore) -> None:
    """The first letter of the code becomes a visit."""
    edit(store, ORDINARY_PART, change_by("claim", visit_length=1, disease_length=-1))
    report = verify_store(store)
    for field in ("claim.visit_length", "claim.disease_length", "text.visit", "text.disease"):
        assert found(report, Kind.CLAIM, ORDINARY_PART, field), field


def test_lines_of_one_part_changed(store: MemoryStore) -> None:
    with_lines(store, range(ORDINARY_PART, ORDINARY_PART + 1), b"20000", b"20001")
    assert found(verify_store(store), Kind.CLAIM, ORDINARY_PART, "text.lines")


def test_parts_of_the_bill_beside_lines(store: MemoryStore) -> None:
    for position in BOTH:
        edit(store, position, change_by("claim", in_scope=1))
    assert found(verify_store(store), Kind.CLAIM, CHRONIC_PART, "claim.in_scope")


def test_a_fen_moved_from_one_part_to_the_other(store: MemoryStore) -> None:
    """What the fund pays in all is as before."""
    for position, fen in ((CHRONIC_PART, 1), (ORDINARY_PART, -1)):
        deltas = {"copay": -fen, "pooled_fund": fen, "person": -fen, "cash": -fen}
        edit(store, position, change_by("result", **deltas))
    report = verify_store(store)
    assert Kind.IDENTITY not in report.counted
    for position in BOTH:
        assert found(report, Kind.AMOUNT, position, "pooled_fund")


# --- undos of parts ----------------------------------------------------------------------


def test_an_undo_that_misses_a_part(store: MemoryStore) -> None:
    last_segment_only(store, UNDO_PARTS[0])
    drop(store, UNDO_PARTS[2], parts=3)
    report = verify_store(store)
    assert found(report, Kind.STRUCTURE, UNDO_PARTS[0], "entries of the act")


def test_an_undo_of_some_of_the_parts(store: MemoryStore) -> None:
    last_segment_only(store, UNDO_PARTS[0])
    drop(store, UNDO_PARTS[2], parts=2)
    report = verify_store(store)
    for position in UNDO_PARTS[:2]:
        assert found(report, Kind.UNDO, position, "link.parts")


@pytest.mark.parametrize("position", UNDO_PARTS)
@pytest.mark.parametrize("field", [*NEGATED, "paid_before", "disease_paid_before", "cite_rate"])
def test_an_undo_negates_part_by_part(store: MemoryStore, position: int, field: str) -> None:
    edit(store, position, change_by("result", **{field: 1}))
    assert found(verify_store(store), Kind.UNDO, position, field)


def test_an_undo_of_the_parts_crosswise(store: MemoryStore) -> None:
    edit(store, UNDO_PARTS[0], change_by("link", undoes=1))
    edit(store, UNDO_PARTS[1], change_by("link", undoes=-1))
    report = verify_store(store)
    assert found(report, Kind.UNDO, UNDO_PARTS[0], "link.part")
    assert found(report, Kind.UNDO, UNDO_PARTS[1], "link.undoes")


def test_an_undo_of_parts_that_stand_no_more(store: MemoryStore) -> None:
    """The undo of the parts once more, under another id."""
    segment = next(s for s in store.journal if s.first_position == UNDO_PARTS[0])
    entries = segment.entries().copy()
    entries["link"]["position"] += LAST + 1 - UNDO_PARTS[0]
    text = segment.text.replace(b"undo-j", b"undo-y")
    again = dataclasses.replace(
        segment, first_position=LAST + 1, records=entries.tobytes(), text=text
    )
    store.append([again])
    assert found(verify_store(store), Kind.UNDO, LAST + 1, "link.undoes")


def forge_undo(store: MemoryStore, position: int) -> int:
    """Append an undo of a claim of parts by hand, as exact as the ledger would make it."""
    segment = next(
        s
        for s in store.journal
        if s.kind == SegmentKind.ENTRIES and 0 <= position - s.first_position < s.count
    )
    n = position - segment.first_position
    count = int(segment.entries()["link"]["parts"][n])
    forged: Array = np.array(segment.entries()[n : n + count], dtype=ENTRY)
    result, link = forged["result"], forged["link"]
    for name in NEGATED:
        result[name] = -result[name]
    link["position"] = np.arange(LAST + 1, LAST + 1 + count)
    link["previous"] = np.arange(LAST, LAST + count)
    link["undoes"] = np.arange(position, position + count)
    link["kind"], link["instant"], link["undo_id_length"] = EntryKind.CANCEL, 9, 3
    text = b"".join(b"new" + text for text in texts_of(segment)[n : n + count])
    store.append([Segment(SegmentKind.ENTRIES, 9, LAST + 1, count, forged.tobytes(), text)])
    return LAST + 1


def test_an_undo_of_parts_that_a_later_claim_rests_on(store: MemoryStore) -> None:
    """The last claim topped the deductible up to its own level's: it rests on the first one."""
    pipeline = Pipeline.open(store, cities())
    refused = pipeline.run([Cancel(f"h{CHANGCHUN}-2", "new", CHRONIC_PART)], 9)[0]
    assert not isinstance(refused, Undone)
    position = forge_undo(store, CHRONIC_PART)
    report = verify_store(store)
    assert not [f for f in report.findings if f.kind == Kind.STRUCTURE]
    assert found(report, Kind.UNDO, position, f"deductible of position {LAST} without")


# --- digest and histories ----------------------------------------------------------------


def test_the_digest_is_of_whole_claims(store: MemoryStore) -> None:
    pipeline = Pipeline.open(store, cities())
    assert verify_store(store).digest == result_digest(list(pipeline.entries())).hex()


@pytest.fixture
def told() -> tuple[list[Event], MemoryStore]:
    """Return what clients saw, and the ledger they saw it of."""
    made = MemoryStore()
    return fill(Pipeline.open(made, cities())), made


def sent(events: list[Event], request_id: str) -> int:
    return next(n for n, event in enumerate(events) if event.request_id == request_id)


@pytest.mark.parametrize(
    "change",
    [
        lambda claim: claim._replace(lines=(*claim.lines[:1], BillLine(1, 30_000, benefit=3))),
        lambda claim: claim._replace(disease="M02"),
        lambda claim: claim._replace(prescription="P"),
        lambda claim: claim._replace(papers=1),
        lambda claim: claim._replace(use_account=False),
    ],
)
def test_a_history_with_another_content(
    told: tuple[list[Event], MemoryStore], change: Callable[[Claim], Claim]
) -> None:
    events, store = told
    assert check_history(events, store).ok
    n = sent(events, "f")
    claim = events[n].claim
    assert claim is not None
    assert encode_lines(claim.lines)
    changed = [*events[:n], events[n]._replace(claim=change(claim)), *events[n + 1 :]]
    assert check_history(changed, store).content_changed == 1


def test_a_history_of_which_a_part_changed(told: tuple[list[Event], MemoryStore]) -> None:
    events, store = told
    edit(store, ORDINARY_PART, change_by("result", cash=1))
    assert check_history(events, store).answer_changed == 1


def test_the_plans_of_the_small_ledger_are_of_their_benefits(store: MemoryStore) -> None:
    plans = [plan_from_json(s.text) for s in store.journal if s.kind == SegmentKind.PLAN]
    assert sorted(plan.benefit for plan in plans) == [1, 1, 1, 2, 3, 4, 5]
