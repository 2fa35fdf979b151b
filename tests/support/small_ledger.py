"""A small ledger of both cities, and the tools to plant defects in its journal."""

import dataclasses
from collections.abc import Callable

from engine.domain.claim import Claim
from engine.domain.codes import Level
from engine.domain.journal import Segment, SegmentKind, text_length
from engine.domain.layout import Array
from engine.domain.register import AccountOpening, Institution, Member, Opening
from engine.domain.request import (
    BatchAnswer,
    Cancel,
    ImportOpenings,
    PutInstitutions,
    PutMembers,
    Reverse,
    SettleBatch,
    SupplyFigures,
    Undone,
)
from engine.pipeline import Pipeline
from engine.rules.figures import figures_from_supply, to_json
from engine.verify.history import Asked, Event, Outcome, Told, settled
from engine.verify.report import Kind, Report
from tests.support.memory_store import MemoryStore
from tests.support.runner import FIGURES, cities
from tests.support.world import HEYUAN, ZIBO

Edit = Callable[[Array, list[bytes]], None]

FIRST_CLAIM, SECOND_CLAIM, OTHER_MEMBER, UNDONE_CLAIM, UNDO, TOMBSTONE, LAST = range(1, 8)
"""Positions in the small ledger."""


def claim(
    request_id: str,
    member: str = "m1",
    fen: int = 100_000,
    *,
    visit: str = "",
    use_account: bool = False,
) -> Claim:
    """Return a claim at the institution of the member's own city."""
    return Claim(
        f"h{HEYUAN if member == 'm2' else ZIBO}",
        request_id,
        member,
        20260302,
        20260302,
        fen,
        fen,
        0,
        0,
        0,
        visit=visit,
        use_account=use_account,
    )


def fill(pipeline: Pipeline) -> list[Event]:
    """Make the small ledger of both cities; return what its clients saw."""
    figures = figures_from_supply(HEYUAN, FIGURES[HEYUAN], cities())
    pipeline.run(
        [
            SupplyFigures(to_json(figures)),
            PutInstitutions(
                [Institution(f"h{city}", city, Level.LEVEL_2) for city in (ZIBO, HEYUAN)]
            ),
            PutMembers([Member("m1", ZIBO), Member("m2", HEYUAN), Member("m3", ZIBO)]),
            ImportOpenings(
                [Opening("m1", 2026, deductible_fen=10_000), AccountOpening("m1", 30_000)]
            ),
        ],
        1,
    )
    claims = [
        claim("a"),
        claim("b", use_account=True, visit="V"),
        claim("c", "m2"),
        claim("d", fen=20_000),
    ]
    events = settle(pipeline, claims[:3]) + settle(pipeline, claims[3:])
    undone = pipeline.run([Cancel(f"h{ZIBO}", "undo-d", UNDONE_CLAIM)], 3)[0]
    assert isinstance(undone, Undone)
    events.append(Event(Asked.CANCEL, f"h{ZIBO}", "undo-d", None, settled(undone.entry.record)))
    pipeline.run([Reverse(f"h{ZIBO}", "undo-x", "x")], 4)
    events.append(Event(Asked.REVERSE, f"h{ZIBO}", "undo-x", None, Outcome(Told.BARRED, TOMBSTONE)))
    return events + settle(pipeline, [claim("e", "m3")])


def settle(pipeline: Pipeline, claims: list[Claim]) -> list[Event]:
    answer = pipeline.run([SettleBatch(claims)], 2)[0]
    assert isinstance(answer, BatchAnswer)
    assert not answer.refusals
    assert not answer.errors
    return [
        Event(Asked.SETTLE, c.institution, c.request_id, c, settled(answer.entries[row]))
        for row, c in enumerate(claims)
    ]


def small_ledger() -> MemoryStore:
    """Return the small ledger, its tables up to date."""
    made = MemoryStore()
    pipeline = Pipeline.open(made, cities())
    fill(pipeline)
    pipeline.checkpoint()
    return made


# --- editing a journal -------------------------------------------------------------------


def edit(store: MemoryStore, position: int, change: Edit) -> None:
    """Change the entry at a position where it stands, its segment otherwise as it was."""

    def one(entries: Array, texts: list[bytes]) -> None:
        n = entries["link"]["position"].tolist().index(position)
        entry = entries[n : n + 1]
        text = texts[n : n + 1]
        change(entry, text)
        texts[n] = text[0]

    edit_segment(store, position, one)


def edit_segment(store: MemoryStore, position: int, change: Edit) -> None:
    """Change the segment that holds a position; `change` may shorten entries and texts in place."""
    for index, segment in enumerate(store.journal):
        if segment.kind != SegmentKind.ENTRIES:
            continue
        if 0 <= position - segment.first_position < segment.count:
            entries = segment.entries().copy()
            texts = texts_of(segment)
            change(entries, texts)
            store.journal[index] = dataclasses.replace(
                segment, records=entries.tobytes(), text=b"".join(texts)
            )
            return
    raise AssertionError(f"no entry {position}")


def texts_of(segment: Segment) -> list[bytes]:
    texts, start = [], 0
    for entry in segment.entries():
        end = start + text_length(entry)
        texts.append(segment.text[start:end])
        start = end
    return texts


def replace_kind(store: MemoryStore, kind: SegmentKind, change: Callable[[bytes], bytes]) -> None:
    """Change the text of the first segment of a kind."""
    for index, segment in enumerate(store.journal):
        if segment.kind == kind:
            store.journal[index] = dataclasses.replace(segment, text=change(segment.text))
            return


def change_by(part: str, **deltas: int) -> Edit:
    """Return an edit that adds to fields of a part of the entry."""

    def change(entry: Array, _: list[bytes]) -> None:
        for name, delta in deltas.items():
            entry[part][name] += delta

    return change


def found(report: Report, kind: Kind, position: int, field: str) -> bool:
    """Say whether the report names this, by the beginning of the field."""
    return any(
        f.kind == kind and f.position == position and f.field.startswith(field)
        for f in report.findings
    )
