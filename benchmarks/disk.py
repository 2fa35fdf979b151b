"""What the disk does, measured beside what a server does on it."""

import os
import shutil
import sqlite3
import statistics
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, NamedTuple

from clients.cli.local import LocalLedger
from engine.domain.claim import Claim
from engine.domain.request import BatchAnswer, SettleBatch

PAGE_BYTES: Final = 4_096
CHUNK_CLAIMS: Final = 1_000
"""Claims that a server commits at once, of a large message."""
_FILE_BYTES: Final = 1 << 30


class Sync(NamedTuple):
    """The median of writing 4 KiB to a file and syncing them, in milliseconds."""

    appended: float
    in_place: float
    """Over what was written before: the file does not grow."""


def sync_p50_ms(folder: Path, times: int) -> Sync:
    """Return what a sync takes."""
    path, page = folder / "sync", os.urandom(PAGE_BYTES)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        medians = []
        for _ in Sync._fields:
            os.lseek(file, 0, os.SEEK_SET)
            taken = []
            for _ in range(times):
                began = time.perf_counter_ns()
                os.write(file, page)
                os.fdatasync(file)
                taken.append(time.perf_counter_ns() - began)
            medians.append(statistics.median(taken) / 1e6)
    finally:
        os.close(file)
        path.unlink()
    return Sync(*medians)


def append_bytes_per_second(folder: Path, chunk: int, seconds: float) -> float:
    """Append chunks and sync each, for so long; return the bytes a second.

    A file that has reached a gigabyte is followed by another, and goes when that one has.
    """
    data, written, number = os.urandom(chunk), 0, 0
    began = time.perf_counter()
    file = os.open(folder / "append0", os.O_WRONLY | os.O_CREAT)
    try:
        while (passed := time.perf_counter() - began) < seconds:
            if written // _FILE_BYTES > number:
                number += 1
                os.close(file)
                file = os.open(folder / f"append{number}", os.O_WRONLY | os.O_CREAT)
                with suppress(FileNotFoundError):
                    folder.joinpath(f"append{number - 2}").unlink()
            written += os.write(file, data)
            os.fdatasync(file)
    finally:
        os.close(file)
        for path in folder.glob("append*"):
            path.unlink()
    return written / passed


def journal_bytes_a_claim(store: Path, folder: Path, claims: Sequence[Claim]) -> float:
    """Return what the journal of a store keeps of a claim, on a copy of the store."""
    copy = folder / "journal.sqlite"
    shutil.copyfile(store, copy)
    before = _journal_bytes(copy)
    with LocalLedger(copy) as ledger:
        for start in range(0, len(claims), CHUNK_CLAIMS):
            ledger.ask(SettleBatch(claims[start : start + CHUNK_CLAIMS]), BatchAnswer)
    grown = _journal_bytes(copy) - before
    for path in folder.glob("journal.sqlite*"):
        path.unlink()
    return grown / len(claims)


def _journal_bytes(store: Path) -> int:
    parts = " + ".join(f"length({name})" for name in ("text_starts", "text", "records", "digest"))
    with closing(sqlite3.connect(store)) as connection:
        ((found,),) = connection.execute(f"SELECT total({parts}) FROM segment")
    return int(found)
