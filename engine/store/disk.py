"""What a store's folder is on: a file system of another machine cannot be trusted with locks."""

import os
import re
from pathlib import Path
from typing import Final

from engine.errors import StoreError

MOUNTS: Final = Path("/proc/self/mountinfo")

NETWORKED: Final = frozenset(
    ("9p", "afs", "beegfs", "ceph", "cifs", "fuse.sshfs", "fuse.glusterfs", "gpfs", "lustre")
) | {"ncpfs", "nfs", "nfs4", "smb3", "smbfs", "vboxsf", "virtiofs"}
"""Types of file systems that other machines write as well, as Linux names them."""

FLEETING: Final = {
    "tmpfs": "in memory, and lost when the machine stops",
    "ramfs": "in memory, and lost when the machine stops",
    "overlay": "on what a container adds to its image, and lost with the container",
}
"""Types of file systems that do not last, and why."""

_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


def file_system(path: str, mounts: Path = MOUNTS) -> str:
    """Return the type of the file system that a path is on, empty where the system does not say.

    Args:
        path: Absolute, with symbolic links resolved.
        mounts: What the system says is mounted, as in proc(5); of one place the last counts.
    """
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    found, longest = "", -1
    for line in lines:
        mounted, _, described = line.partition(" - ")
        place = _ESCAPED.sub(lambda escaped: chr(int(escaped[1], 8)), mounted.split(" ")[4])
        if len(place) >= longest and os.path.commonpath((place, path)) == place:
            found, longest = described.split(" ")[0], len(place)
    return found


def check_local(path: str, mounts: Path = MOUNTS) -> None:
    """Check that a store is to be on a disk of this machine.

    Raises:
        StoreError: another machine could write it too, and its locks would be worth nothing.
    """
    found = file_system(path, mounts)
    if found in NETWORKED:
        raise StoreError(
            f"{path}: is on a network file system ({found}), where locks and syncs cannot be "
            "relied on; put it on a disk of this machine, or use a PostgreSQL database"
        )


def fleeting_warning(path: str, mounts: Path = MOUNTS) -> str:
    """Return a warning if what is stored there does not last, else nothing."""
    found = file_system(path, mounts)
    if found not in FLEETING:
        return ""
    return f"{path}: is {FLEETING[found]} ({found}); for good, put it on a disk or a volume"
