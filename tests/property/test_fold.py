"""A state recovered from a journal is the one that it comes to entry by entry."""

import random

import numpy as np
import pytest

from engine.domain.journal import EntryKind, SegmentKind
from engine.domain.layout import KEYED_SLOTS
from engine.kernel import FAST
from engine.pipeline import recover
from engine.store.protocol import Store
from tests.support.memory_store import MemoryStore
from tests.support.runner import run_world
from tests.support.slow_fold import slowly_folded
from tests.support.world import YEARS, make_world


def check_same(store: Store) -> None:
    """Hold what a checkpoint would write against that of the slow fold, and the positions."""
    quick, slow = recover(store), slowly_folded(store)
    assert quick.next_position == slow.next_position == store.last_position + 1
    assert quick.changes == slow.changes
    rows, expected = (state.begin_checkpoint(store.sequence) for state in (quick, slow))
    assert rows.uses.tolist() == expected.uses.tolist()
    for name in ("member_years", "accounts"):
        quick_lines, slow_lines = getattr(rows, name), getattr(expected, name)
        assert quick_lines.places.tolist() == slow_lines.places.tolist()
        assert quick_lines.lines.tolist() == slow_lines.lines.tolist()
    assert rows.visits == expected.visits
    assert rows.credits == expected.credits


@pytest.mark.parametrize("city", list(YEARS))
@pytest.mark.parametrize("batched", [False, True])
def test_fold_of_random_histories(city: str, batched: bool) -> None:
    """Histories with claims in parts, undos, tombstones, relatives, from a checkpoint and without.

    The pipeline opened the store again and again: each time on what this fold made of it.
    """
    world = make_world(300 + batched, 240, city, acts=10)
    store = run_world(world, FAST, random.Random(7) if batched else None).store
    check_same(store)
    bare = MemoryStore()
    bare.append(store.journal)
    check_same(bare)


def test_histories_move_everything() -> None:
    """What the histories above are made of, together: every kind of entry, counter and account."""
    journals = [
        run_world(make_world(300, 240, city, acts=10), FAST).store.journal for city in YEARS
    ]
    segments = [s for journal in journals for s in journal if s.kind == SegmentKind.ENTRIES]
    entries = np.concatenate([segment.entries() for segment in segments])
    assert set(entries["link"]["kind"].tolist()) == set(EntryKind)
    assert (entries["link"]["part"] > 0).any()
    assert all((entries["row"][name] >= 0).any() for name in KEYED_SLOTS)
    assert all((entries["result"][name] > 0).any() for name in ("account", "family_account"))
