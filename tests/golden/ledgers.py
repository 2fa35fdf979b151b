"""Journals of every city as they were settled once; `python -m tests.golden.ledgers` made them.

They are never made again because a build gives other results: then the build is wrong. When the
layout of an entry changes they are converted.
"""

from __future__ import annotations

import json
import lzma
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from engine.domain.journal import Segment, SegmentKind
from engine.domain.layout import FORMAT
from engine.kernel import FAST
from engine.verify.check import verify_store
from tests.support.memory_store import MemoryStore
from tests.support.runner import run_world
from tests.support.world import YEARS, make_world

KEPT = Path(__file__).with_name("ledgers.xz")
MEMBERS, ACTS = 400, 10


class Ledger(NamedTuple):
    """One city's journal, and what it came to."""

    city: str
    format: int
    digest: str
    settlements: int
    segments: list[Segment]


@cache
def load() -> tuple[Ledger, ...]:
    """Return what was kept."""
    return tuple(_load())


def _load() -> Iterator[Ledger]:
    with lzma.open(KEPT) as stream:
        while head := stream.readline():
            city, form, digest, settlements, count = json.loads(head)
            segments = []
            for _ in range(count):
                kind, instant, first, items, records, text = json.loads(stream.readline())
                data = stream.read(records), stream.read(text)
                segments.append(Segment(SegmentKind(kind), instant, first, items, *data))
            yield Ledger(city, form, digest, settlements, segments)


def made(number: int, city: str) -> Ledger:
    """Settle random member-years of a city."""
    store = run_world(make_world(5_000 + number, MEMBERS, city, ACTS), FAST).store
    report = verify_store(store)
    assert report.ok, report.findings
    return Ledger(city, FORMAT, report.digest, report.settlements, store.journal)


def stored(journal: list[Segment]) -> MemoryStore:
    """Return a store with a journal."""
    store = MemoryStore()
    store.append(journal)
    return store


def main() -> None:
    """Make them and keep them."""
    total = 0
    with lzma.open(KEPT, "wb", preset=9) as stream:
        for number, city in enumerate(YEARS):
            one = made(number, city)
            total += one.settlements
            head = one.city, one.format, one.digest, one.settlements, len(one.segments)
            stream.write(json.dumps(head).encode() + b"\n")
            for s in one.segments:
                sizes = len(s.records), len(s.text)
                head_of = (int(s.kind), s.instant, s.first_position, s.count, *sizes)
                stream.write(json.dumps(head_of).encode() + b"\n" + s.records + s.text)
    sys.stdout.write(f"{total:,} settlements, {KEPT.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
