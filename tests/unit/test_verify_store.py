"""The shared checker: wrong numbering, ids, tables and files are found; histories are compared."""

import dataclasses
import json
import random
from collections.abc import Callable
from pathlib import Path

import apsw
import numpy as np
import pytest
from click.testing import CliRunner

from clients.cli.commands.verify import verify
from engine.domain.journal import SegmentKind
from engine.domain.layout import Array
from engine.pipeline import Pipeline
from engine.state.tables import ROW, KeyStatus, year_place
from engine.store.sqlite import SqliteStore
from engine.verify.check import verify_store
from engine.verify.history import Asked, Event, Outcome, Told, check_history
from engine.verify.report import Kind
from tests.support.memory_store import MemoryStore
from tests.support.runner import cities
from tests.support.small_ledger import (
    FIRST_CLAIM,
    SECOND_CLAIM,
    TOMBSTONE,
    UNDO,
    UNDONE_CLAIM,
    change_by,
    claim,
    edit,
    edit_segment,
    fill,
    found,
    settle,
    small_ledger,
    texts_of,
)
from tests.support.world import CHANGCHUN, ZIBO


@pytest.fixture
def store() -> MemoryStore:
    """Return the small ledger, its tables up to date."""
    return small_ledger()


# --- structure, ids, chain ---------------------------------------------------------------


def test_two_entries_swapped(store: MemoryStore) -> None:
    def swap(entries: Array, texts: list[bytes]) -> None:
        entries[[0, 1]] = entries[[1, 0]]
        texts[0], texts[1] = texts[1], texts[0]

    edit_segment(store, FIRST_CLAIM, swap)
    report = verify_store(store)
    assert found(report, Kind.STRUCTURE, FIRST_CLAIM, "link.position")
    assert found(report, Kind.CHAIN, SECOND_CLAIM, "link.previous")


def test_two_entries_swapped_and_numbered_again(store: MemoryStore) -> None:
    def swap(entries: Array, texts: list[bytes]) -> None:
        entries[[0, 1]] = entries[[1, 0]]
        entries["link"]["position"][:2] = (1, 2)
        entries["link"]["previous"][:2] = (0, 1)
        texts[0], texts[1] = texts[1], texts[0]

    edit_segment(store, FIRST_CLAIM, swap)
    report = verify_store(store)
    assert Kind.CHAIN not in report.counted
    assert found(report, Kind.AMOUNT, FIRST_CLAIM, "deductible")
    assert found(report, Kind.TABLE, FIRST_CLAIM, "request id")


def drop(store: MemoryStore, position: int) -> None:
    """Cut an entry out of its segment, count and texts with it."""
    for index, segment in enumerate(store.journal):
        n = position - segment.first_position
        if segment.kind == SegmentKind.ENTRIES and 0 <= n < segment.count:
            texts = texts_of(segment)
            del texts[n]
            store.journal[index] = dataclasses.replace(
                segment,
                count=segment.count - 1,
                records=np.delete(segment.entries(), n).tobytes(),
                text=b"".join(texts),
            )


def test_an_entry_that_is_missing(store: MemoryStore) -> None:
    drop(store, SECOND_CLAIM)
    report = verify_store(store)
    assert found(report, Kind.STRUCTURE, SECOND_CLAIM, "link.position")
    assert found(report, Kind.CHAIN, UNDONE_CLAIM, "link.previous")
    assert found(report, Kind.STRUCTURE, 0, "last_position")


def test_a_segment_that_is_missing(store: MemoryStore) -> None:
    index = next(n for n, s in enumerate(store.journal) if s.first_position == TOMBSTONE)
    del store.journal[index]
    report = verify_store(store)
    assert found(report, Kind.STRUCTURE, 0, "first_position")
    assert found(report, Kind.TABLE, 0, "checkpoint_sequence")


def test_the_end_that_is_missing(store: MemoryStore) -> None:
    """Only what stands beside the journal can tell: the tables, the store's last position."""
    store.journal.pop()
    report = verify_store(store)
    assert found(report, Kind.TABLE, 0, "checkpoint_sequence")
    assert found(report, Kind.STRUCTURE, 0, "last_position")


def test_records_and_texts_of_the_wrong_length(store: MemoryStore) -> None:
    last = store.journal[-1]
    store.journal[-1] = dataclasses.replace(last, records=last.records[:-8])
    assert found(verify_store(store), Kind.STRUCTURE, 0, "records")
    store.journal[-1] = dataclasses.replace(last, text=last.text + b"x")
    assert found(verify_store(store), Kind.STRUCTURE, 0, "text")
    store.journal[-1] = dataclasses.replace(last, count=2)
    assert found(verify_store(store), Kind.STRUCTURE, 0, "count")


def test_an_id_used_twice(store: MemoryStore) -> None:
    edit(store, SECOND_CLAIM, lambda _, texts: texts.__setitem__(0, b"aV"))
    report = verify_store(store)
    assert found(report, Kind.ID, SECOND_CLAIM, "request id")


def test_an_undo_under_a_used_id(store: MemoryStore) -> None:
    edit(store, UNDO, lambda _, texts: texts.__setitem__(0, b"undo-xd"))
    assert found(verify_store(store), Kind.ID, TOMBSTONE, "id of the undo")


def test_a_text_that_is_none(store: MemoryStore) -> None:
    edit(store, FIRST_CLAIM, lambda _, texts: texts.__setitem__(0, b"\xff"))
    assert found(verify_store(store), Kind.ID, FIRST_CLAIM, "text")


@pytest.mark.parametrize("seed", range(400))
def test_nothing_in_a_journal_stops_the_checker(store: MemoryStore, seed: int) -> None:
    """One bit turned anywhere: a report comes out; and nothing is booked otherwise unseen."""
    rng = random.Random(seed)
    index = rng.randrange(len(store.journal))
    segment = store.journal[index]
    records, text = bytearray(segment.records), bytearray(segment.text)
    data = records if records and seed % 8 else text
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    before = verify_store(store)
    changed = dataclasses.replace(segment, records=bytes(records), text=bytes(text))
    store.journal[index] = changed
    after = verify_store(store)
    assert not after.ok or after.payers_fen == before.payers_fen


# --- tables ------------------------------------------------------------------------------


YEAR = year_place(2026, 0)


def add_use(store: MemoryStore) -> str:
    """An id that stood for a claim, and is said to be undone as well."""
    use = store._uses[0][:1].copy()
    use["use"] += KeyStatus.UNDONE - KeyStatus.STANDING
    store._uses.append(use)
    return "request id"


def lose_use(store: MemoryStore) -> str:
    store._uses[0] = store._uses[0][1:]
    return "request id"


def double_use(store: MemoryStore) -> str:
    store._uses.append(store._uses[0][:1])
    return "request ids"


def spoil_counter(store: MemoryStore) -> str:
    store.member_year_rows[YEAR][0, 1] += 1
    return "member-year: ordinary_paid"


def spoil_last_entry(store: MemoryStore) -> str:
    store.member_year_rows[YEAR][0, -1] = 1
    return "member-year: last_entry"


def add_member_year(store: MemoryStore) -> str:
    store.member_year_rows[YEAR + 7] = np.eye(ROW, 9, dtype=np.int64)[:1].repeat(ROW, axis=0)
    store.member_year_rows[YEAR + 7][1:] = 0
    return "member-year: deductible"


def spoil_account(store: MemoryStore) -> str:
    store.account_rows[0][0, 0] = 1
    return "account: balance_fen"


def add_account(store: MemoryStore) -> str:
    store.account_rows[500] = np.eye(ROW, 3, 2, dtype=np.int64)
    store.account_rows[500][1:] = 0
    return "account: closed_by"


def add_visit(store: MemoryStore) -> str:
    store._visits[0, 2026, -1, "W"] = 5
    return "visit: paid"


def add_visit_of_nobody(store: MemoryStore) -> str:
    """A visit of a member-year that the journal knows nothing of."""
    store._visits[9, 2026, -1, "W"] = 5
    return "visit: paid"


def spoil_position(store: MemoryStore) -> str:
    store.checkpoint_position -= 1
    return "checkpoint_position"


@pytest.mark.parametrize(
    "spoil",
    [
        add_use,
        lose_use,
        double_use,
        spoil_counter,
        spoil_last_entry,
        add_member_year,
        spoil_account,
        add_account,
        add_visit,
        add_visit_of_nobody,
        spoil_position,
    ],
)
def test_tables_that_differ_from_the_journal(
    store: MemoryStore, spoil: Callable[[MemoryStore], str]
) -> None:
    field = spoil(store)
    report = verify_store(store)
    assert set(report.counted) == {Kind.TABLE}
    assert [f.field for f in report.findings] == [field]


def test_rows_that_are_missing(store: MemoryStore) -> None:
    del store.member_year_rows[YEAR]
    del store.account_rows[0]
    report = verify_store(store)
    assert set(report.counted) == {Kind.TABLE}
    assert {f.field for f in report.findings} >= {"member-year: last_entry", "account: last_entry"}


def test_the_tables_are_compared_as_of_their_checkpoint(store: MemoryStore) -> None:
    """What came after the checkpoint is not in the tables, and that is right."""
    settle(Pipeline.open(store, cities()), [claim("f"), claim("g", "m3")])
    report = verify_store(store)
    assert report.ok
    assert report.checkpoint_sequence < report.segments
    assert verify_store(store, limit=0).ok


def test_findings_are_bounded_and_counted(store: MemoryStore) -> None:
    edit(store, FIRST_CLAIM, change_by("result", cash=-1, total=3))
    report = verify_store(store, limit=2)
    assert len(report.findings) == 2
    assert report.finding_count > 2


# --- a file, and the command -------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the small ledger in a file."""
    path = tmp_path / "ledger.sqlite"
    pipeline = Pipeline.open(SqliteStore.open(path, headroom=0), cities())
    fill(pipeline)
    pipeline.close()
    return path


def damage(path: Path, *statements: str) -> None:
    connection = apsw.Connection(str(path))
    for trigger in ("segment_stays", "segment_keeps"):
        connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_the_command_says_ok(path: Path) -> None:
    shown = CliRunner().invoke(verify, ["--store", str(path)])
    assert shown.exit_code == 0, shown.output
    assert "11 settlements, 3 undos, 1 tombstones" in shown.output
    assert "ok: nothing found" in shown.output


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE segment SET text = CAST('z' || substr(text, 2) AS BLOB) WHERE kind = 1", "store"),
        ("UPDATE segment SET cash = cash + 1, total = total + 1 WHERE kind = 1", "store"),
        ("UPDATE account SET lines = zeroblob(length(lines))", "table"),
        ("UPDATE visit SET paid = paid + 1", "table"),
        ("DELETE FROM request_id", "table"),
        ("DELETE FROM segment WHERE sequence = (SELECT max(sequence) FROM segment)", "table"),
    ],
)
def test_the_command_finds_a_damaged_file(path: Path, statement: str, kind: str) -> None:
    damage(path, statement)
    shown = CliRunner().invoke(verify, ["--store", str(path), "--json"])
    assert shown.exit_code == 1, shown.output
    report = json.loads(shown.stdout)
    assert report["ok"] is False
    assert kind in report["findings_by_kind"]
    shown = CliRunner().invoke(verify, ["--store", str(path)])
    assert shown.exit_code == 1
    assert "NOT ok" in shown.output


def test_the_command_cannot_open(tmp_path: Path) -> None:
    missing, other = tmp_path / "none.sqlite", tmp_path / "other.sqlite"
    other.write_bytes(b"no database at all, but long enough" * 100)
    for path in (missing, other):
        shown = CliRunner().invoke(verify, ["--store", str(path)])
        assert shown.exit_code == 3, shown.output
    assert not missing.exists()


# --- histories ---------------------------------------------------------------------------


@pytest.fixture
def told() -> tuple[list[Event], MemoryStore]:
    """Return what clients saw, and the ledger they saw it of."""
    made = MemoryStore()
    return fill(Pipeline.open(made, cities())), made


def test_a_true_history(told: tuple[list[Event], MemoryStore]) -> None:
    events, store = told
    unknown = [
        Event(Asked.SETTLE, f"h{ZIBO}", "nobody-knows", claim("nobody-knows")),
        events[0]._replace(outcome=None),
        Event(Asked.SETTLE, f"h{ZIBO}", "refused", None, Outcome(Told.REFUSED)),
    ]
    report = check_history([*events, *unknown], store)
    assert report.ok, report
    assert (report.unknown_present, report.unknown_absent) == (0, 1)
    lost = [event._replace(outcome=None) for event in events]
    report = check_history(lost, store)
    assert report.ok, report
    assert report.unknown_present == len(events)


def test_an_answer_that_was_lost(told: tuple[list[Event], MemoryStore]) -> None:
    events, store = told
    store.journal.pop()
    report = check_history(events, store)
    assert (report.acked_missing, report.ok) == (1, False)
    assert report.examples == [f"acked_missing: h{CHANGCHUN}-3 k"]


def test_a_claim_applied_twice(told: tuple[list[Event], MemoryStore]) -> None:
    events, store = told
    edit(store, FIRST_CLAIM, lambda _, texts: texts.__setitem__(0, b"d"))
    report = check_history(events, store)
    assert (report.applied_twice, report.acked_missing) == (1, 1)


def test_answers_and_contents_that_changed(told: tuple[list[Event], MemoryStore]) -> None:
    events, store = told
    outcome = events[0].outcome
    assert outcome is not None
    moved = events[0]._replace(outcome=outcome._replace(position=5))
    other = events[0]._replace(
        outcome=outcome._replace(amounts=(outcome.amounts[0] + 1, *outcome.amounts[1:]))
    )
    barred = events[0]._replace(outcome=Outcome(Told.BARRED))
    for event in (moved, other, barred):
        assert check_history([*events, event], store).answer_changed == 1
    edit(store, FIRST_CLAIM, change_by("claim", service_date=1))
    assert check_history(events, store).content_changed == 1


def test_what_was_refused_or_never_sent(told: tuple[list[Event], MemoryStore]) -> None:
    events, store = told
    refused = events[0]._replace(outcome=Outcome(Told.REFUSED))
    assert check_history([refused, *events[1:]], store).refused_but_present == 1
    assert check_history([refused, *events], store).ok
    assert check_history(events[1:], store).never_sent == 1
    assert check_history(events[1:], store, complete=False).ok
