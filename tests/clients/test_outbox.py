"""The outbox: what was kept survives, what was torn was never sent."""

import os
from pathlib import Path

import pytest

from clients.errors import OutboxError
from clients.outbox import Outbox, Pending

ONE = Pending("H1", "R1", "settle", b"\x00\xffone")
TWO = Pending("H1", "R2", "settle", b"two")


def test_unanswered_requests_survive_and_answered_ones_do_not(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "outbox.jsonl"
    with Outbox(path) as outbox:
        outbox.put(ONE)
        outbox.put(TWO)
        outbox.done("H1", "R1")
    with Outbox(path) as outbox:
        assert outbox.pending() == (TWO,)
        outbox.done("H1", "R2")
        outbox.done("H1", "never")
    with Outbox(path) as outbox:
        assert outbox.pending() == ()


def test_a_request_is_synced_before_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    path = tmp_path / "o.jsonl"
    real = os.fsync

    def fsync(file: int) -> None:
        real(file)
        synced.append(path.read_bytes())

    with Outbox(path) as outbox:
        monkeypatch.setattr(os, "fsync", fsync)
        outbox.put(ONE)
        assert synced
        assert synced[-1] == path.read_bytes()
        assert b"R1" in synced[-1]


@pytest.mark.parametrize("keep", range(1, 60, 7))
def test_a_torn_last_line_was_never_sent(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "o.jsonl"
    with Outbox(path) as outbox:
        outbox.put(ONE)
        whole = path.stat().st_size
        outbox.put(TWO)
    os.truncate(path, whole + keep)
    with Outbox(path) as outbox:
        assert outbox.pending() == (ONE,)
        outbox.put(TWO)
    with Outbox(path) as outbox:
        assert outbox.pending() == (ONE, TWO)


def test_a_full_disk_keeps_nothing_of_the_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "o.jsonl"
    with Outbox(path) as outbox:
        outbox.put(ONE)
        before = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space")))
            with pytest.raises(OutboxError, match="nothing was sent"):
                outbox.put(TWO)
        assert path.read_bytes() == before
        assert outbox.pending() == (ONE,)


def test_an_id_cannot_wait_with_two_contents(tmp_path: Path) -> None:
    with Outbox(tmp_path / "o.jsonl") as outbox:
        outbox.put(ONE)
        outbox.put(ONE)
        with pytest.raises(OutboxError, match="other content"):
            outbox.put(ONE._replace(payload=b"other"))
        assert outbox.pending() == (ONE,)


def test_two_clients_cannot_share_an_outbox(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    with Outbox(path), pytest.raises(OutboxError, match="another client"):
        Outbox(path)


def test_a_damaged_outbox_is_kept_and_named(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    path.write_bytes(b"{}\nnonsense\n")
    with pytest.raises(OutboxError, match="damaged"):
        Outbox(path)
    assert path.read_bytes() == b"{}\nnonsense\n"


def test_a_long_outbox_is_emptied_when_nothing_waits(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    with Outbox(path) as outbox:
        outbox.put(ONE._replace(payload=bytes(4 * 1024 * 1024)))
        outbox.done("H1", "R1")
        assert path.stat().st_size == 0
