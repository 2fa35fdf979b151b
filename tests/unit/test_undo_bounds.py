"""What an undo looks at while everybody waits, and what is kept of it, is bounded."""

from __future__ import annotations

import pytest

from engine.domain.reasons import Reason
from engine.domain.request import Cancel, Found, GetSettlement, Refused, Reverse, Undone
from engine.kernel import Kernel
from engine.ledger import context, undo
from tests.unit.test_ledger import KERNELS, Bench, claim


@KERNELS
def test_no_more_later_settlements_are_looked_at_than_everybody_can_wait_for(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of small claims below the deductible none rests on another, so none would block."""
    monkeypatch.setattr(undo, "LATER_MAX", 4)
    bench = Bench(kernel)
    bench.settle(*(claim(f"c{n}", 100) for n in range(6)))
    blocked = bench.ask(Cancel("Y", "k", 1))
    assert isinstance(blocked, Refused)
    assert (blocked.reason, blocked.blockers) == (Reason.CANCEL_BLOCKED, ())
    assert "more than 4 later entries" in blocked.message
    assert isinstance(bench.ask(Cancel("Y", "k2", 2)), Undone)
    # Undos are looked at as well: c3, c4, c5 and the first undo come after c2.
    assert isinstance(bench.ask(Cancel("Y", "k3", 3)), Undone)
    assert isinstance(bench.ask(Cancel("Y", "k4", 4)), Undone)
    late = bench.ask(Reverse("Y", "k1", "c0"))
    assert isinstance(late, Refused)
    assert late.reason == Reason.CANCEL_BLOCKED


def test_entries_are_kept_of_late_and_no_more_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "ENTRIES_KEPT", 4)
    bench = Bench()
    bench.settle(*(claim(f"c{n}", 100) for n in range(9)))
    read: list[int] = []
    entry = bench.store.entry

    def noted(position: int) -> tuple[bytes, bytes] | None:
        read.append(position)
        return entry(position)

    monkeypatch.setattr(bench.store, "entry", noted)
    answers = [bench.ask(GetSettlement("Y", n)) for n in (1, 2, 3, 4, 1, 4, 5, 1)]
    found = [int(a.entry.record["link"]["position"]) for a in answers if isinstance(a, Found)]
    assert found == [1, 2, 3, 4, 1, 4, 5, 1]
    assert read == [1, 2, 3, 4, 5, 1]
    assert isinstance(bench.ask(Cancel("Y", "k", 1)), Undone)
    assert len(bench.pipeline._ledger._context._kept) == 4
