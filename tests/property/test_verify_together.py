"""The checker says the same of a store, whether it looks at plain settlements together or not."""

import random
from dataclasses import replace

import numpy as np
import pytest

from engine.domain.journal import Segment, SegmentKind
from engine.domain.layout import CLAIM, ENTRY, LINK, RESULT, ROW
from engine.kernel import FAST
from engine.verify import plain
from engine.verify.check import verify_store
from engine.verify.report import Report
from tests.support.memory_store import MemoryStore
from tests.support.runner import run_world
from tests.support.world import LINJIANG, YEARS, make_world

FIELDS = [
    (part, name)
    for part, dtype in (("link", LINK), ("claim", CLAIM), ("row", ROW), ("result", RESULT))
    for name in dtype.names or ()
    if not name.endswith("_length")
]


def reports(
    journal: list[Segment], monkeypatch: pytest.MonkeyPatch, *, together: bool
) -> tuple[Report, int]:
    """Return what the checker says of a journal, and how many runs it took together."""
    taken = 0
    take = plain.PlainChecker.take

    def counted(self: plain.PlainChecker, *args: object) -> bool:
        nonlocal taken
        whole = take(self, *args)  # type: ignore[arg-type]
        taken += whole
        return whole

    store = MemoryStore()
    store.append(journal)
    with monkeypatch.context() as patch:
        patch.setattr(plain, "LEAST", 1 if together else 1 << 62)
        patch.setattr(plain.PlainChecker, "take", counted)
        return verify_store(store), taken


def journal_of(city: str, seed: int) -> list[Segment]:
    """Return a journal of batches, with whatever the tables would say of it left out."""
    world = make_world(seed, 60, city, acts=6)
    return run_world(world, FAST, random.Random(seed)).store.journal


@pytest.mark.parametrize("city", list(YEARS))
def test_of_a_whole_store(city: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found, and everything is counted alike."""
    journal = journal_of(city, 400)
    one_by_one, none = reports(journal, monkeypatch, together=False)
    together, taken = reports(journal, monkeypatch, together=True)
    assert one_by_one.ok
    assert not none
    assert taken or city == LINJIANG  # its plans are of one kind of institution or age
    assert together.as_dict() == one_by_one.as_dict()


@pytest.mark.parametrize("city", list(YEARS))
def test_of_a_changed_store(city: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an entry in which one number was changed everything that is said is the same."""
    draw, journal = random.Random(city), journal_of(city, 401)
    places = [n for n, segment in enumerate(journal) if segment.kind == SegmentKind.ENTRIES]
    found = 0
    for part, name in draw.sample(FIELDS, 20):
        at = draw.choice(places)
        entries = journal[at].entries().copy()
        row = draw.randrange(len(entries))
        value = int(entries[part][name][row])
        limits = np.iinfo(ENTRY[part][name])
        changed = draw.choice([value + 1, value - 1, 0, int(limits.max), int(limits.min)])
        entries[part][name][row] = min(max(changed, int(limits.min)), int(limits.max))
        bad = replace(journal[at], records=entries.tobytes())
        changed_journal = [*journal[:at], bad, *journal[at + 1 :]]
        one_by_one, _ = reports(changed_journal, monkeypatch, together=False)
        together, _ = reports(changed_journal, monkeypatch, together=True)
        assert together.as_dict() == one_by_one.as_dict(), (part, name, row)
        found += not one_by_one.ok
    assert found > 4
