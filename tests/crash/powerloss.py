"""Power-loss harness: record what a store writes, then rebuild what a dead disk may hold.

``Recorder`` registers an SQLite VFS that passes every call on to the default one and notes, in
one global sequence, each write, truncate, sync, creation and deletion of a file in its folder.
The test adds marks ("entry 17 was acknowledged") to the same sequence.  ``Recorder.images``
then cuts the power at many points of that sequence and yields what the disk may hold::

    with Recorder(folder) as rec:
        store = open_store(folder / "store.db", vfs=rec.vfs_name)
        for entry in range(100):
            store.append(entry)
            rec.mark(entry)
        store.close()
    for image in rec.images(seed=1, count=2000):
        image.materialise(target)
        assert set(image.marks) <= read_back(target)

What the disk may do:

* What was written to a file before its last completed sync began is kept, always.
* Every later write is kept, dropped or torn on its own, whatever happened to its neighbours; a
  torn write loses some of its 512-byte sectors.  Bytes outside a write are never touched (the
  "powersafe overwrite" that SQLite relies on by default).
* A write past the end of the file that is lost may still have made the file longer; the gap
  holds zeros or rubbish.  An unsynced truncate is kept or dropped like a write.
* A file's name is bound to its content by the folder, not by the file's own sync.  A creation
  or deletion is certain once the folder was synced: by a delete with ``syncdir``, or by the
  first sync of a freshly opened journal or WAL, with which SQLite's unix VFS syncs the folder.
  Until then each name, on its own, may be in any state it went through since.

What this does not model: bytes that rot after a sync, and an operation that reported an error
(it is not recorded, so a failed sync keeps nothing).  Files made behind the VFS's back are not
part of an image, and neither is the shared-memory index, which SQLite rebuilds.
"""

from __future__ import annotations

import itertools
import os
import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import apsw

SECTOR: Final = 512

_KEEP_RATES: Final = (0.0, 0.1, 0.5, 0.9, 1.0)
_TEAR_RATES: Final = (0.0, 0.1, 0.5)
_DIRSYNC_KINDS: Final = (
    apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL
)
# Anything a device may promise beyond this would let SQLite skip syncs that we want to see.
_DEVICE_PROMISES: Final = apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE | apsw.SQLITE_IOCAP_SUBPAGE_READ
# These would change the file's size without passing through xWrite or xTruncate.
_SIZE_CONTROLS: Final = (apsw.SQLITE_FCNTL_SIZE_HINT, apsw.SQLITE_FCNTL_CHUNK_SIZE)

_serial = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes written to a file."""

    inode: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file cut, or stretched with zeros, to a size."""

    inode: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """A completed sync of a file; it covers the events before position ``upto``."""

    inode: int
    upto: int


@dataclass(frozen=True, slots=True)
class Bind:
    """A name given to a new file, or taken away (``inode`` is None)."""

    name: str
    inode: int | None


@dataclass(frozen=True, slots=True)
class DirSync:
    """A completed sync of a folder; it covers the events before position ``upto``."""

    folder: str
    upto: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Whatever the test wants to remember at this point."""

    value: object


Event = Write | Truncate | Sync | Bind | DirSync | Mark


class Log:
    """The one sequence of events, safe to append to from several threads."""

    def __init__(self, initial: dict[str, bytes] | None = None) -> None:
        """Begin with files that are already safely on disk."""
        self.initial: Final = dict(initial or {})
        self.events: Final[list[Event]] = []
        self._lock = threading.RLock()
        self._inodes = itertools.count(len(self.initial))
        self._live = {name: inode for inode, name in enumerate(self.initial)}

    def __len__(self) -> int:
        """How many events there are: the position the next one gets."""
        return len(self.events)

    def add(self, event: Event) -> None:
        """Append one event."""
        with self._lock:
            self.events.append(event)

    def inode(self, name: str) -> int | None:
        """The file that bears this name now."""
        with self._lock:
            return self._live.get(name)

    def create(self, name: str) -> int:
        """Record that the name was given to a new, empty file."""
        with self._lock:
            inode = next(self._inodes)
            self._live[name] = inode
            self.add(Bind(name, inode))
            return inode

    def delete(self, name: str, *, syncdir: bool) -> None:
        """Record that the name was taken away, with or without a sync of its folder."""
        with self._lock:
            if self._live.pop(name, None) is not None:
                self.add(Bind(name, None))
            if syncdir:
                self.add(DirSync(os.path.dirname(name), len(self)))


class RecordingFile(apsw.VFSFile):
    """A file of the default VFS whose changes are noted in a log."""

    def __init__(self, log: Log, name: str, path: str | apsw.URIFilename, flags: list[int]) -> None:
        """Open the file, noting its creation if it is new."""
        self._log = log
        full = path if isinstance(path, str) else path.filename()
        existed = os.path.exists(full)
        adopted = b""
        if existed and log.inode(name) is None:
            adopted = Path(full).read_bytes()
        super().__init__("", path, flags)
        if not existed:
            log.delete(name, syncdir=False)
        inode = log.inode(name)
        if inode is None:
            inode = log.create(name)
            if adopted:
                log.add(Write(inode, 0, adopted))
        self._inode = inode
        self._folder = os.path.dirname(name)
        creates = bool(flags[0] & apsw.SQLITE_OPEN_CREATE)
        self._syncs_folder = creates and bool(flags[0] & _DIRSYNC_KINDS)

    def xWrite(self, data: bytes, offset: int) -> None:
        """Write, then note it."""
        super().xWrite(data, offset)
        self._log.add(Write(self._inode, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        """Truncate, then note it."""
        super().xTruncate(newsize)
        self._log.add(Truncate(self._inode, newsize))

    def xSync(self, flags: int) -> None:
        """Sync, then note it; it covers only what was written before it began."""
        upto = len(self._log)
        super().xSync(flags)
        self._log.add(Sync(self._inode, upto))
        if self._syncs_folder:
            self._syncs_folder = False
            self._log.add(DirSync(self._folder, upto))

    def xFileControl(self, op: int, ptr: int) -> bool:
        """Pass requests on, except those that would change the size unseen."""
        return False if op in _SIZE_CONTROLS else super().xFileControl(op, ptr)

    def xDeviceCharacteristics(self) -> int:
        """Promise no more about the device than this harness grants."""
        return super().xDeviceCharacteristics() & _DEVICE_PROMISES


class RecordingVFS(apsw.VFS):
    """The default VFS, with every change below one folder noted in a log."""

    def __init__(self, vfs_name: str, root: str, log: Log) -> None:
        """Register under a name; ``root`` must be a real path."""
        self._root = root + os.sep
        self._log = log
        super().__init__(vfs_name, "")

    def _relative(self, path: str) -> str | None:
        """The name inside the folder, or None for a file elsewhere."""
        if not path.startswith(self._root):
            return None
        return path[len(self._root) :]

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        """Open a recorded file, or a plain one for temporary files and other folders."""
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        relative = None if path is None else self._relative(path)
        if name is None or relative is None:
            return apsw.VFSFile("", name, flags)
        return RecordingFile(self._log, relative, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        """Delete, then note it."""
        super().xDelete(filename, syncdir)
        relative = self._relative(filename)
        if relative is not None:
            self._log.delete(relative, syncdir=syncdir)


@dataclass(frozen=True, slots=True)
class Image:
    """What the disk may hold after the power went at one point of the log."""

    point: int
    seed: int
    index: int
    files: dict[str, bytes] = field(repr=False)
    marks: tuple[object, ...] = field(repr=False)

    def materialise(self, target: str | os.PathLike[str]) -> None:
        """Make the target folder hold exactly these files; anything else in it is removed."""
        root = Path(target)
        root.mkdir(parents=True, exist_ok=True)
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.relpath(path, root) not in self.files:
                    os.unlink(path)
        for name, content in self.files.items():
            path = os.path.join(root, name)
            if os.sep in name:
                os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb", buffering=0) as file:
                file.write(content)


@dataclass(slots=True)
class _File:
    """One file's certain content, and the changes no sync has covered yet."""

    content: bytearray
    pending: list[tuple[int, Write | Truncate]] = field(default_factory=list)
    frozen: bytes | None = None

    def sync(self, upto: int) -> None:
        """Make the changes before a position certain."""
        done = 0
        for position, change in self.pending:
            if position >= upto:
                break
            _apply(self.content, change)
            done += 1
        if done:
            del self.pending[:done]
            self.frozen = None

    def certain(self) -> bytes:
        """The certain content, copied once for all images that share it."""
        if self.frozen is None:
            self.frozen = bytes(self.content)
        return self.frozen

    def survivor(self, rng: random.Random) -> bytes:
        """One content that the file may have after the power went."""
        if not self.pending:
            return self.certain()
        keep, tear = rng.choice(_KEEP_RATES), rng.choice(_TEAR_RATES)
        content = bytearray(self.content)
        for _, change in self.pending:
            if isinstance(change, Write) and rng.random() < tear:
                _apply_sectors(content, change, rng)
            elif rng.random() < keep:
                _apply(content, change)
            elif isinstance(change, Write):
                _grow(content, change.offset + len(change.data), rng)
        return bytes(content)


def _apply(content: bytearray, change: Write | Truncate) -> None:
    """Carry out one change in full."""
    if isinstance(change, Truncate):
        del content[change.size :]
        content.extend(bytes(change.size - len(content)))
        return
    content.extend(bytes(max(0, change.offset - len(content))))
    content[change.offset : change.offset + len(change.data)] = change.data


def _grow(content: bytearray, size: int, rng: random.Random) -> None:
    """Perhaps lengthen the file for a write whose bytes are lost."""
    gap = size - len(content)
    if gap > 0:
        content.extend(rng.choice((b"", bytes(gap), rng.randbytes(gap))))


def _sectors(change: Write) -> list[Write]:
    """Cut a write where the file's 512-byte sectors meet."""
    start, end = change.offset, change.offset + len(change.data)
    inner = range((start // SECTOR + 1) * SECTOR, end, SECTOR)
    cuts = [start, *inner, end]
    return [
        Write(change.inode, low, change.data[low - start : high - start])
        for low, high in itertools.pairwise(cuts)
    ]


def _apply_sectors(content: bytearray, change: Write, rng: random.Random) -> None:
    """Carry out only some sectors of a write."""
    _grow(content, change.offset + len(change.data), rng)
    pieces = _sectors(change)
    style = rng.randrange(3)
    cut = rng.randint(0, len(pieces))
    for number, piece in enumerate(pieces):
        kept = (number < cut, number >= cut, rng.random() < 0.5)[style]
        if kept:
            _apply(content, piece)


class _Disk:
    """The disk while the log is walked once, front to back."""

    def __init__(self, initial: dict[str, bytes]) -> None:
        self._files = {n: _File(bytearray(data)) for n, data in enumerate(initial.values())}
        self._names: dict[str, int] = {name: inode for inode, name in enumerate(initial)}
        self._renamed: dict[str, list[tuple[int, int | None]]] = {}
        self.marks: list[object] = []

    def step(self, position: int, event: Event) -> None:
        """Let one event happen."""
        match event:
            case Write() | Truncate() if event.inode in self._files:
                self._files[event.inode].pending.append((position, event))
            case Sync() if event.inode in self._files:
                self._files[event.inode].sync(event.upto)
            case Bind():
                self._renamed.setdefault(event.name, []).append((position, event.inode))
                if event.inode is not None:
                    self._files[event.inode] = _File(bytearray())
            case DirSync():
                self._sync_folder(event)
            case Mark():
                self.marks.append(event.value)

    def _sync_folder(self, event: DirSync) -> None:
        """Make the folder's names certain."""
        for name in [n for n in self._renamed if os.path.dirname(n) == event.folder]:
            changes = self._renamed.pop(name)
            later = [change for change in changes if change[0] >= event.upto]
            if later:
                self._renamed[name] = later
            for _, inode in changes[: len(changes) - len(later)]:
                self._bind(self._names, name, inode)
        self._forget()

    def _forget(self) -> None:
        """Drop the content of files that no name can lead to any more."""
        reachable = set(self._names.values())
        reachable.update(i for c in self._renamed.values() for _, i in c if i is not None)
        for inode in self._files.keys() - reachable:
            del self._files[inode]

    @staticmethod
    def _bind(names: dict[str, int], name: str, inode: int | None) -> None:
        """Give the name to a file, or take it away."""
        names.pop(name, None)
        if inode is not None:
            names[name] = inode

    def _surviving_names(self, rng: random.Random) -> dict[str, int]:
        """Each name in one of the states it went through since its folder's last sync."""
        names = dict(self._names)
        for name in sorted(self._renamed):
            changes = self._renamed[name]
            reached = rng.randint(0, len(changes))
            if reached:
                self._bind(names, name, changes[reached - 1][1])
        return names

    def crash(self, rng: random.Random) -> dict[str, bytes]:
        """The files that may be found after the power went now."""
        names = sorted(self._surviving_names(rng).items())
        return {name: self._files[inode].survivor(rng) for name, inode in names}

    def intact(self) -> dict[str, bytes]:
        """The files with nothing lost."""
        names = dict(self._names)
        for name, changes in self._renamed.items():
            self._bind(names, name, changes[-1][1])
        files: dict[str, bytes] = {}
        for name, inode in names.items():
            content = bytearray(self._files[inode].content)
            for _, change in self._files[inode].pending:
                _apply(content, change)
            files[name] = bytes(content)
        return files


def crash_images(log: Log, seed: int, points: Sequence[int]) -> Iterator[Image]:
    """Yield one image per crash point; point ``n`` is just after the first ``n`` events.

    Points come out in ascending order, as the log is walked once.  Each image draws from its
    own generator, so a given log, seed and list of points always gives the same images.
    """
    disk = _Disk(log.initial)
    position = 0
    for index, point in enumerate(sorted(points)):
        while position < point:
            disk.step(position, log.events[position])
            position += 1
        rng = random.Random(f"{seed}:{index}")
        yield Image(point, seed, index, disk.crash(rng), tuple(disk.marks))


def intact_files(log: Log) -> dict[str, bytes]:
    """What the folder holds if nothing is lost: a check on the recording itself."""
    disk = _Disk(log.initial)
    for position, event in enumerate(log.events):
        disk.step(position, event)
    return disk.intact()


class Recorder:
    """Records a store's folder; enter it before the store is opened."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        """Choose the folder; what it holds when the recorder is entered counts as synced."""
        self.directory: Final = Path(os.path.realpath(directory))
        self.vfs_name: Final = f"powerloss-{os.getpid()}-{next(_serial)}"
        self.log = Log()
        self._vfs: RecordingVFS | None = None

    def __enter__(self) -> Self:
        """Register the VFS under ``vfs_name``."""
        initial = {
            str(path.relative_to(self.directory)): path.read_bytes()
            for path in sorted(self.directory.rglob("*"))
            if path.is_file() and not path.name.endswith("-shm")
        }
        self.log = Log(initial)
        self._vfs = RecordingVFS(self.vfs_name, str(self.directory), self.log)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Unregister the VFS; the log stays."""
        if self._vfs is not None:
            self._vfs.unregister()
            self._vfs = None

    def mark(self, value: object) -> None:
        """Put a mark into the sequence, here and now."""
        self.log.add(Mark(value))

    def images(self, seed: int, count: int) -> Iterator[Image]:
        """Yield ``count`` images with crash points drawn evenly from the whole log."""
        rng = random.Random(seed)
        points = [rng.randint(0, len(self.log)) for _ in range(count)]
        return crash_images(self.log, seed, points)
