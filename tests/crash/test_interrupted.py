"""A batch that is cut short in the middle of the ledger leaves nothing behind, not even at close.

Ctrl-C during `gongji settle`, or a fault of our own: the state in memory is ahead of the journal
then, and closing must not carry it into the tables.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.domain.register import Institution, Member
from engine.domain.request import PutInstitutions, PutMembers, SettleBatch
from engine.errors import OutcomeUnknown, StoreFull
from engine.ledger import settle
from engine.pipeline import Pipeline
from engine.store.sqlite import SqliteStore
from engine.verify.check import verify_store
from tests.crash.workload import open_pipeline
from tests.support.small_ledger import claim
from tests.support.world import ZIBO

STORE = "store.db"


def filled(path: Path) -> tuple[Pipeline, SqliteStore]:
    """Open a new store with one member and one settlement."""
    pipeline, store = open_pipeline(path)
    pipeline.run(
        [PutInstitutions([Institution(f"h{ZIBO}", ZIBO)]), PutMembers([Member("m1", ZIBO)])], 1
    )
    pipeline.run([SettleBatch([claim("a")])], 2)
    return pipeline, store


def check(path: Path) -> None:
    """The ledger has the first settlement, and takes the second one as new."""
    pipeline, store = open_pipeline(path)
    assert [finding.text() for finding in verify_store(store).findings] == []
    assert store.last_position == 1
    pipeline.run([SettleBatch([claim("b")])], 3)
    assert store.last_position == 2
    pipeline.checkpoint()
    assert verify_store(store).ok
    pipeline.close()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("place", ["link", "check_identities"])
def test_a_batch_cut_short_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, error: type[BaseException]
) -> None:
    pipeline, _ = filled(tmp_path / STORE)
    original = getattr(settle, place)

    def cut_short(*arguments: object) -> None:
        original(*arguments)
        raise error

    with monkeypatch.context() as planted:
        planted.setattr(settle, place, cut_short)
        with pytest.raises(error):
            pipeline.run([SettleBatch([claim("b")])], 3)
    with pytest.raises(OutcomeUnknown):
        pipeline.run([SettleBatch([claim("b")])], 3)
    pipeline.close()
    check(tmp_path / STORE)


def test_a_recovery_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline, store = filled(tmp_path / STORE)

    def full(_: object) -> int:
        raise StoreFull("no room")

    def unreadable(*_: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as planted:
        planted.setattr(store, "append", full)
        planted.setattr(store, "segments", unreadable)
        with pytest.raises(OSError, match="gone"):
            pipeline.run([SettleBatch([claim("b")])], 3)
    pipeline.close()
    check(tmp_path / STORE)
