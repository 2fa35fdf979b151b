"""A store is not opened where other machines could write it too."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import StoreError
from engine.store.disk import check_local, file_system, fleeting_warning
from engine.store.sqlite import SqliteStore

MOUNTED = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:25 / /srv rw - nfs4 host:/srv rw
31 30 0:26 / /srv/local\040disk rw shared:2 master:1 - xfs /dev/vdb rw
32 22 0:27 / /mnt rw - ext4 /dev/vdc rw
33 22 0:28 / /mnt rw - cifs //host/share rw
34 22 0:29 / /srvx rw - tmpfs tmpfs rw
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTED)
    return path


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/ledger.db", "ext4"),
        ("/srv/ledger.db", "nfs4"),
        ("/srv/local disk/ledger.db", "xfs"),
        ("/srvx/ledger.db", "tmpfs"),
        ("/srvy/ledger.db", "ext4"),
        ("/mnt/deep/ledger.db", "cifs"),
    ],
)
def test_the_last_and_deepest_mount_counts(mounts: Path, path: str, found: str) -> None:
    assert file_system(path, mounts) == found


def test_a_network_file_system_is_refused(mounts: Path) -> None:
    with pytest.raises(StoreError, match=r"network file system \(nfs4\).*PostgreSQL"):
        check_local("/srv/ledger.db", mounts)
    check_local("/ledger.db", mounts)
    check_local("/srv/ledger.db", mounts.with_name("not there"))


def test_what_does_not_last_is_warned_of(mounts: Path) -> None:
    assert "/srvx/ledger.db: is in memory" in fleeting_warning("/srvx/ledger.db", mounts)
    assert not fleeting_warning("/ledger.db", mounts)
    mounts.write_text("22 1 0:30 / / rw - overlay overlay rw\n")
    assert "lost with the container" in fleeting_warning("/ledger.db", mounts)


def test_a_store_warns_of_its_place(
    tmp_path: Path, mounts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts.write_text(f"22 1 0:31 / {tmp_path.resolve()} rw - tmpfs tmpfs rw\n")
    monkeypatch.setattr(
        "engine.store.sqlite.fleeting_warning", lambda path: fleeting_warning(path, mounts)
    )
    with SqliteStore.open(tmp_path / "store.db") as store:
        (warning,) = store.warnings()
    assert "in memory" in warning


def test_nothing_is_made_there(
    tmp_path: Path, mounts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts.write_text(f"22 1 254:0 / {tmp_path.resolve()} rw - nfs host:/ rw\n")
    monkeypatch.setattr("engine.store.sqlite.check_local", lambda path: check_local(path, mounts))
    with pytest.raises(StoreError, match="network file system"):
        SqliteStore.open(tmp_path / "store.db")
    assert list(tmp_path.iterdir()) == [mounts]
