"""What every store must do, written against the protocol alone.

A store is added to the suite by a `Case`: how to open it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.domain.journal import FOLDED, Segment, SegmentKind, split_text
from engine.domain.layout import ENTRY, MOVEMENT, Array
from engine.errors import InvariantBroken, StoreError
from engine.state.blocks import BLOCK
from engine.state.tables import (
    ACCOUNT_WIDTH,
    ID_USE,
    MEMBER_YEAR_WIDTH,
    ROW,
    ROWS_A_BLOCK,
    YEAR_PLACES,
    Checkpoint,
    Lines,
    VisitKey,
    year_place,
)
from engine.store import postgres, sqlite
from engine.store.postgres import PostgresStore
from engine.store.protocol import Store
from engine.store.sqlite import SqliteStore
from tests.store.made_up import MadeUp, write_whole
from tests.support.memory_store import block_of, rows_of


@dataclass(frozen=True)
class Case:
    """A kind of store, at one place."""

    open: Callable[[], Store]


@pytest.fixture(params=["sqlite", "postgres"])
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    if request.param == "sqlite":
        monkeypatch.setattr(sqlite, "PART_BYTES", 1)
        return Case(partial(SqliteStore.open, tmp_path / "store.db"))
    monkeypatch.setattr(postgres, "PART_BYTES", 1)
    return Case(partial(PostgresStore.open, request.getfixturevalue("database")))


def sorted_uses(uses: Iterable[Array]) -> list[tuple[int, int, int]]:
    return sorted(use for some in uses for use in some.tolist())


def everything(store: Store) -> list[tuple[int, Segment]]:
    return list(store.segments(0, 0))


def test_a_new_store_is_empty(case: Case) -> None:
    store = case.open()
    assert everything(store) == []
    assert (store.sequence, store.last_position) == (0, 0)
    assert (store.checkpoint_sequence, store.checkpoint_position) == (0, 0)
    assert store.entry(1) is None
    assert sorted_uses(store.id_uses()) == []
    assert store.id_use_count() == 0
    assert len(store.id_uses_at(0)) == 0
    assert not store.member_years(2024, 0).any()
    assert store.member_years(2024, 0).shape == (BLOCK, MEMBER_YEAR_WIDTH)
    assert store.visit((0, 2024, -1, "v")) is None
    assert store.visits(0, 2024) == []
    assert not store.accounts(3).any()
    assert store.accounts(3).shape == (BLOCK, ACCOUNT_WIDTH)
    assert store.blocks() == (set(), set())
    assert store.credits("370100", 202406) == []
    assert store.movements(1) is None
    assert store.credit_count() == 0
    store.close()


def test_segments_come_back_as_they_were_also_after_reopening(case: Case) -> None:
    made = MadeUp()
    segments = [made.any() for _ in range(40)]
    store = case.open()
    assert store.append([]) == 0
    assert store.append(segments[:1]) == 1
    assert store.append(segments[1:7]) == 7
    for number, segment in enumerate(segments[7:], start=8):
        assert store.append([segment]) == number
    expected = list(enumerate(segments, start=1))
    ends = (40, made.position - 1)
    assert (store.sequence, store.last_position) == ends
    assert everything(store) == expected
    assert all(isinstance(segment.kind, SegmentKind) for _, segment in everything(store))
    store.close()
    store.close()
    store = case.open()
    assert (store.sequence, store.last_position) == ends
    assert everything(store) == expected
    more = made.entries(3)
    assert store.append([more]) == 41
    assert everything(store)[-1] == (41, more)
    store.close()


@pytest.mark.parametrize(("after", "entries_after"), [(0, 13), (0, 99), (13, 0), (20, 20), (7, 30)])
def test_segments_starts_where_it_is_told(case: Case, after: int, entries_after: int) -> None:
    made = MadeUp(seed=2)
    segments = [made.any() for _ in range(40)]
    store = case.open()
    store.append(segments)
    assert list(store.segments(after, entries_after)) == [
        (number, segment)
        for number, segment in enumerate(segments, start=1)
        if number > (entries_after if segment.kind in FOLDED else after)
    ]
    store.close()


def test_segments_may_be_appended_while_others_are_read(case: Case) -> None:
    made = MadeUp(seed=3)
    store = case.open()
    store.append([made.entries(2) for _ in range(10)])
    seen = []
    for number, _ in store.segments(0, 0):
        seen.append(number)
        store.append([made.entries(1)])
    assert seen == list(range(1, 11))
    assert len(everything(store)) == 20
    store.close()


def test_an_entry_is_found_by_its_position(case: Case) -> None:
    made = MadeUp(seed=4)
    sizes = [1, 700, 1, 1, 30, 2]
    segments: list[Segment] = []
    for size in sizes:
        segments += [made.register(SegmentKind.MEMBERS), made.entries(size)]
    store = case.open()
    store.append(segments)
    records = b"".join(segment.records for segment in segments)
    for position, text in enumerate(made.texts, start=1):
        found = store.entry(position)
        assert found is not None
        assert found[0] == records[(position - 1) * ENTRY.itemsize :][: ENTRY.itemsize]
        entry = Segment(SegmentKind.ENTRIES, 0, position, 1, *found).entries()[0]
        assert entry["link"]["position"] == position
        assert split_text(entry, found[1]) == text
        assert found[1] == b"".join(part.encode() for part in text)
    for absent in (-1, 0, len(made.texts) + 1, 10**9, 2**31 + 1, 2**40, 2**63 - 1):
        assert store.entry(absent) is None
    store.close()


def test_movements_are_found_by_their_position(case: Case) -> None:
    made = MadeUp(seed=10)
    segments = [made.entries(2), made.movements(50, "{}"), made.movements(1, "[]"), made.entries(1)]
    store = case.open()
    store.append(segments)
    assert store.last_position == 54
    fifty, one = segments[1], segments[2]
    assert store.movements(3, 10**6) == (fifty.instant, fifty.records, b"{}")
    size = MOVEMENT.itemsize
    assert store.movements(51, 2) == (fifty.instant, fifty.records[48 * size :], b"{}")
    assert store.movements(4) == (fifty.instant, fifty.records[size : 2 * size], b"{}")
    assert store.movements(53, 5) == (one.instant, one.records, b"[]")
    for absent in (0, 2, 54, 55):
        assert store.movements(absent) is None
    assert store.entry(3) is None
    found = store.entry(54)
    assert found is not None
    assert found[0] == segments[3].records
    with pytest.raises(InvariantBroken):
        store.append([replace(made.movements(2), count=1)])
    store.close()


def check_tables(store: Store, written: list[Checkpoint]) -> None:
    """Hold the tables against the checkpoints that were written, in their order."""
    assert store.checkpoint_sequence == (written[-1].sequence if written else 0)
    assert 0 <= store.id_seed < 1 << 63
    uses = [checkpoint.uses for checkpoint in written]
    assert sorted_uses(store.id_uses()) == sorted_uses(uses)
    assert store.id_use_count() == sum(map(len, uses))
    for institution in range(-3, 6):
        ours = [some[some["institution"] == institution] for some in uses]
        assert sorted_uses([store.id_uses_at(institution)]) == sorted_uses(ours)
    years: dict[int, Array] = {}
    accounts: dict[int, Array] = {}
    visits: dict[VisitKey, int] = {}
    for checkpoint in written:
        years |= rows_of(checkpoint.member_years)
        accounts |= rows_of(checkpoint.accounts)
        visits.update(checkpoint.visits)
    of_years = {(year, place_row // ROWS_A_BLOCK) for year, place_row in map(divmod_year, years)}
    assert store.blocks() == (of_years, {place // ROWS_A_BLOCK for place in accounts})
    for year in (2023, 2024, 2025):
        for block in (0, 1):
            found = store.member_years(year, block)
            expected = block_of(years, year_place(year, block), MEMBER_YEAR_WIDTH)
            assert np.array_equal(found, expected)
    for block in (0, 1, 2, 7):
        expected = block_of(accounts, ROWS_A_BLOCK * block, ACCOUNT_WIDTH)
        assert np.array_equal(store.accounts(block), expected)
    for visit, paid in visits.items():
        assert store.visit(visit) == paid
    for member in range(50):
        assert sorted(store.visits(member, 2024)) == sorted(
            (institution, visit, paid)
            for (whose, _, institution, visit), paid in visits.items()
            if whose == member
        )
    keys = {(member, number, text) for member, _, number, text in visits}
    assert set(store.visit_keys(2024, 0)) == keys
    assert store.visit_keys(2024, 1) == store.visit_keys(2025, 0) == []
    credits = [row for checkpoint in written for row in checkpoint.credits]
    for city in ("370100", "441600"):
        assert store.credits(city, 202406) == [row for row in credits if row.city == city]
    assert store.credits("370100", 202407) == []
    assert store.credit_count() == len(credits)


def divmod_year(place: int) -> tuple[int, int]:
    return divmod(place, YEAR_PLACES)


def test_a_checkpoint_is_read_back_also_after_reopening(case: Case) -> None:
    made = MadeUp(seed=5)
    store = case.open()
    store.append([made.entries(20), made.entries(20), made.register(SegmentKind.OPENINGS)])
    store.append([made.entries(1)])
    written = [made.checkpoint(sequence, rows=60) for sequence in (1, 3, 4)]
    for number, checkpoint in enumerate(written, start=1):
        write_whole(store, checkpoint)
        check_tables(store, written[:number])
    assert store.checkpoint_position == 41
    store.close()
    store = case.open()
    check_tables(store, written)
    assert store.checkpoint_position == 41
    store.close()


@pytest.mark.parametrize("seed", range(8))
def test_a_checkpoint_in_parts_counts_as_a_whole_or_not_at_all(case: Case, seed: int) -> None:
    """Parts alone and with commits, checkpoints that are dropped, a store closed in between."""
    made = MadeUp(seed=seed)
    store = case.open()
    store.append([made.entries(9)])
    written: list[Checkpoint] = []
    for _ in range(12):
        store.append([made.entries(1)])
        checkpoint = made.checkpoint(store.sequence, rows=made.rng.choice((1, 30)))
        store.begin_checkpoint(checkpoint)
        parts = 0
        while store.checkpoint_under_way and (seed % 2 or made.rng.random() > 0.1):
            assert store.checkpoint_under_way
            check_tables(store, written)
            if made.rng.random() < 0.5:
                store.append([made.entries(2)])
            elif not store.write_checkpoint(1):
                assert store.checkpoint_under_way
            parts += 1
        if not store.checkpoint_under_way:
            written.append(checkpoint)
        elif made.rng.random() < 0.5:
            store.close()
            store = case.open()
        else:
            store.drop_checkpoint()
        assert not store.checkpoint_under_way
        check_tables(store, written)
    assert store.write_checkpoint(1)
    store.close()


def test_what_does_not_add_up_is_not_written(case: Case) -> None:
    made = MadeUp(seed=6)
    store = case.open()
    good = made.entries(3)
    store.append([good])
    bad = made.entries(5)
    entries = bad.entries().copy()
    entries["result"]["cash"][2] += 1
    with pytest.raises(InvariantBroken, match="total"):
        store.append([made_before := made_register(bad), replace(bad, records=entries.tobytes())])
    assert everything(store) == [(1, good)]
    assert store.append([made_before, bad]) == 3
    store.close()


def made_register(before: Segment) -> Segment:
    """A register segment that stands right before another one."""
    return Segment(SegmentKind.FIGURES, 0, before.first_position, 1, b"", b"[]")


def test_what_does_not_continue_the_journal_is_not_written(case: Case) -> None:
    made = MadeUp(seed=7)
    store = case.open()
    store.append([made.entries(3)])
    good = made.entries(4)
    gap = good.entries().copy()
    gap["link"]["position"][1:] += 1
    register = made_register(good)
    for bad in (
        replace(good, first_position=5),
        replace(good, first_position=3),
        replace(good, records=gap.tobytes()),
        replace(good, count=3),
        replace(good, count=0, records=b"", text=b""),
        replace(good, text=good.text + b"x"),
        replace(good, text=good.text[:-1]),
        replace(good, records=good.records[:-1]),
        replace(register, records=good.records),
        replace(register, first_position=1),
    ):
        with pytest.raises(InvariantBroken):
            store.append([bad])
    assert len(everything(store)) == 1
    assert store.append([good]) == 2
    store.close()


@pytest.mark.parametrize(
    "rows",
    [
        {"accounts": Lines(np.array([1]), np.full((1, ROW, 3), -1))},
        {"visits": {(1, 2024, -1, "v"): -1}},
        {"member_years": Lines(np.array([1]), np.full((1, ROW, 9), -1))},
        {"member_years": Lines(np.array([1]), np.zeros((1, ROW, 8), dtype=np.int64))},
        {"uses": np.zeros(1, dtype=ID_USE)},
        {"sequence": 3},
        {"sequence": 1},
        {"sequence": 0},
    ],
)
def test_a_bad_checkpoint_is_not_written(case: Case, rows: dict[str, Any]) -> None:
    made = MadeUp(seed=8)
    store = case.open()
    store.append([made.entries(3), made.entries(1)])
    uses = np.array([(0, 5, 9)], dtype=ID_USE)
    good = made.checkpoint(1)._replace(uses=uses, visits={}, credits=())
    write_whole(store, good)
    more = np.array([(0, 6, 17)], dtype=ID_USE)
    bad = good._replace(sequence=2, uses=more)._replace(**rows)
    with pytest.raises(InvariantBroken):
        write_whole(store, bad)
    assert store.checkpoint_sequence == 1
    assert sorted_uses(store.id_uses()) == [(0, 5, 9)]
    write_whole(store, good._replace(sequence=2, uses=more))
    store.close()
    store = case.open()
    assert store.checkpoint_sequence == 2
    store.close()


def test_a_closed_store_says_so(case: Case) -> None:
    made = MadeUp(seed=9)
    store = case.open()
    store.append([made.entries(1)])
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.append([made.entries(1)])
    with pytest.raises(StoreError):
        store.entry(1)
    with pytest.raises(StoreError):
        list(store.id_uses())
    with pytest.raises(StoreError):
        everything(store)
