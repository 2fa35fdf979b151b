"""Requests that are on their way, on disk: written before they are sent, until they are answered.

An outbox is a file of JSON lines that is only ever appended to, each line synced before anything
else happens. `put` comes before the first byte is sent; `done` after the answer was taken. What
stands in it unanswered after a break has an unknown outcome and is sent again under its old id:
the server applies an id once, so sending twice is safe and forgetting is not.

A line torn by a crash is the last one and was never sent: it is cut off at the next opening.
"""

import base64
import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from clients.errors import OutboxError

_COMPACT_BYTES: Final = 4 * 1024 * 1024


class Pending(NamedTuple):
    """One request whose answer is not known: whose it is, what it asks, its bytes."""

    institution: str
    request_id: str
    kind: str
    """What is asked: `settle`, `cancel` or `reverse`."""
    payload: bytes
    """The request's message as it goes on the wire."""


class Outbox:
    """The unanswered requests of one client; one process at a time holds it.

    Raises:
        OutboxError: another process holds it, or the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            sync_folder(path.parent)
        except OSError as error:
            raise OutboxError(
                f"{path}: {error.strerror}; name a folder of yours with --outbox"
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise OutboxError(
                f"{path}: another client uses this outbox; wait for it or give --outbox"
            ) from None
        self._pending = self._load()

    def put(self, request: Pending) -> None:
        """Keep a request; when this returns it survives a crash and may be sent.

        Raises:
            OutboxError: the same id is waiting already with other content, or the disk failed.
        """
        key = (request.institution, request.request_id)
        held = self._pending.get(key)
        if held == request:
            return
        if held is not None:
            raise OutboxError(
                f"{request.request_id} is waiting for its answer with other content; "
                "send it again first, or take another id"
            )
        self._append(
            {
                "put": request.request_id,
                "institution": request.institution,
                "kind": request.kind,
                "payload": base64.b64encode(request.payload).decode(),
            }
        )
        self._pending[key] = request

    def done(self, institution: str, request_id: str) -> None:
        """Forget a request whose answer was taken; unknown ones are no error."""
        if self._pending.pop((institution, request_id), None) is None:
            return
        self._append({"done": request_id, "institution": institution})
        if not self._pending and os.fstat(self._file).st_size > _COMPACT_BYTES:
            os.ftruncate(self._file, 0)
            os.fsync(self._file)

    def pending(self) -> tuple[Pending, ...]:
        """Return what is unanswered, in the order in which it was put."""
        return tuple(self._pending.values())

    def close(self) -> None:
        """Let another process have the outbox."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _append(self, record: Mapping[str, str]) -> None:
        try:
            append_line(self._file, record)
        except OSError as error:
            raise OutboxError(f"{self._path}: {error.strerror}; nothing was sent") from None

    def _load(self) -> dict[tuple[str, str], Pending]:
        pending: dict[tuple[str, str], Pending] = {}
        try:
            records = load_lines(self._file)
            for record in records:
                if "put" in record:
                    request = Pending(
                        str(record["institution"]),
                        str(record["put"]),
                        str(record["kind"]),
                        base64.b64decode(str(record["payload"]), validate=True),
                    )
                    pending[request.institution, request.request_id] = request
                else:
                    pending.pop((str(record["institution"]), str(record["done"])), None)
        except (KeyError, ValueError, OSError):
            self.close()
            raise OutboxError(
                f"{self._path}: is damaged, or no outbox; keep it for inquiry and give --outbox"
            ) from None
        return pending


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: without it a new file can vanish in a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def append_line(file: int, record: Mapping[str, object]) -> None:
    """Append one record to a file of JSON lines and sync it; on failure nothing is left of it.

    Raises:
        OSError: the disk refused.
    """
    size = os.fstat(file).st_size
    line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    try:
        while line:
            line = line[os.write(file, line) :]
        os.fsync(file)
    except OSError:
        os.ftruncate(file, size)
        raise


def load_lines(file: int) -> list[dict[str, object]]:
    """Return the records of a file of JSON lines, and cut off a last line that a crash tore.

    Raises:
        ValueError: a line that is whole is no record.
        OSError: the disk refused.
    """
    data = b""
    while chunk := os.pread(file, 1 << 20, len(data)):
        data += chunk
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.ftruncate(file, whole)
        os.fsync(file)
    records = [json.loads(line) for line in data[:whole].splitlines()]
    if not all(isinstance(record, dict) for record in records):
        raise ValueError("a line is no record")
    return records
