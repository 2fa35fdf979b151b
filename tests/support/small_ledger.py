"""A small ledger of three cities, and the tools to plant defects in its journal.

The third one knows every benefit: claims of several parts, packages, an emergency as a stay.
"""

import copy
import dataclasses
from collections.abc import Callable
from functools import cache

from engine.domain.bill import BillLine
from engine.domain.claim import Claim
from engine.domain.codes import Benefit, DiseaseKind, Level
from engine.domain.dates import Interval
from engine.domain.journal import Segment, SegmentKind, text_length
from engine.domain.layout import Array
from engine.domain.register import AccountOpening, Disease, Institution, Member, Opening
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
from tests.support.benefits import SUPPLY
from tests.support.memory_store import MemoryStore
from tests.support.runner import FIGURES, cities
from tests.support.world import CHANGCHUN, HEYUAN, ZIBO

Edit = Callable[[Array, list[bytes]], None]

FIRST_CLAIM, SECOND_CLAIM, OTHER_MEMBER, UNDONE_CLAIM, UNDO, TOMBSTONE, THIRD_MEMBER = range(1, 8)
"""Positions in the small ledger, of the first two cities."""
CHRONIC_PART, ORDINARY_PART, SPECIAL_CLAIM, PACKAGE, EMERGENCY = range(8, 13)
"""Of the third one: a claim of two parts, and three of one."""
UNDONE_PARTS = range(13, 16)
"""A claim of three parts: special, chronic, ordinary."""
UNDO_PACKAGE = 16
UNDO_PARTS = range(17, 20)
LAST = 20
"""Of the whole ledger: an ordinary claim of the member with all benefits."""

ALL_BENEFITS = SUPPLY | {"effective_date": "2023-01-01", "pooled_cap": "200000.00"}
"""Operator figures of the third city, as in its worked cases."""

TWO_PARTS = (BillLine(1, 20_000), BillLine(1, 30_000, benefit=Benefit.CHRONIC))
THREE_PARTS = (
    BillLine(1, 10_000),
    BillLine(2, 20_003, 1_000, benefit=Benefit.CHRONIC),
    BillLine(1, 25_000, benefit=Benefit.SPECIAL),
    BillLine(3, 7_000),
)


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


def of_benefits(
    request_id: str,
    fen: int = 0,
    benefit: Benefit = Benefit.ORDINARY,
    *,
    level: int = 2,
    disease: str = "",
    lines: tuple[BillLine, ...] = (),
    statement: bool = False,
) -> Claim:
    """Return a claim of the member with all benefits, itemised or not."""
    total = sum(line.amount_fen for line in lines) if lines else fen
    parts = (total, fen, 0, 0, 0, benefit)
    return Claim(
        f"h{CHANGCHUN}-{level}",
        request_id,
        "m4",
        20230505,
        20230505,
        *parts,
        disease=disease,
        lines=lines,
        statement=statement,
        use_account=True,
    )


def fill(pipeline: Pipeline) -> list[Event]:
    """Make the small ledger; return what its clients saw."""
    events = _fill_ordinary(pipeline)
    registered = [("M01", DiseaseKind.CHRONIC), ("M01", DiseaseKind.SPECIAL)]
    registered.append(("T01", DiseaseKind.SPECIAL))
    diseases = tuple(Disease(code, kind, Interval(20230101)) for code, kind in registered)
    pipeline.run(
        [
            SupplyFigures(to_json(figures_from_supply(CHANGCHUN, ALL_BENEFITS, cities()))),
            PutInstitutions(
                [
                    Institution(f"h{CHANGCHUN}-{level}", CHANGCHUN, level)
                    for level in (Level.LEVEL_2, Level.LEVEL_3)
                ]
            ),
            PutMembers([Member("m4", CHANGCHUN, diseases=diseases)]),
            ImportOpenings([AccountOpening("m4", 100_000)]),
        ],
        5,
    )
    day_surgery, emergency = Benefit.DAY_SURGERY, Benefit.EMERGENCY
    events += settle(
        pipeline,
        [
            of_benefits("f", disease="M01", lines=TWO_PARTS),
            of_benefits("g", 80_000, Benefit.SPECIAL, disease="T01"),
            of_benefits("h", 500_000, day_surgery, level=3, disease="DS01"),
            of_benefits("i", 300_000, emergency, level=3, statement=True),
            of_benefits("j", disease="M01", lines=THREE_PARTS),
        ],
    )
    events.append(_undo(pipeline, Cancel(f"h{CHANGCHUN}-3", "undo-h", PACKAGE)))
    events.append(_undo(pipeline, Reverse(f"h{CHANGCHUN}-2", "undo-j", "j")))
    return events + settle(pipeline, [of_benefits("k", 20_000, level=3)])


def _undo(pipeline: Pipeline, request: Cancel | Reverse) -> Event:
    asked = Asked.CANCEL if isinstance(request, Cancel) else Asked.REVERSE
    undone = pipeline.run([request], 3)[0]
    assert isinstance(undone, Undone)
    return Event(asked, request.institution, request.request_id, None, settled(undone.entry.record))


def _fill_ordinary(pipeline: Pipeline) -> list[Event]:
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
    events.append(_undo(pipeline, Cancel(f"h{ZIBO}", "undo-d", UNDONE_CLAIM)))
    pipeline.run([Reverse(f"h{ZIBO}", "undo-x", "x")], 4)
    events.append(Event(Asked.REVERSE, f"h{ZIBO}", "undo-x", None, Outcome(Told.BARRED, TOMBSTONE)))
    return events + settle(pipeline, [claim("e", "m3")])


def settle(pipeline: Pipeline, claims: list[Claim]) -> list[Event]:
    answer = pipeline.run([SettleBatch(claims)], 2)[0]
    assert isinstance(answer, BatchAnswer)
    assert not answer.refusals, answer.refusals
    assert not answer.errors
    return [
        Event(Asked.SETTLE, c.institution, c.request_id, c, settled(answer.entries[row]))
        for row, c in enumerate(claims)
    ]


def small_ledger() -> MemoryStore:
    """Return the small ledger, its tables up to date, for the caller to spoil."""
    return copy.deepcopy(_small_ledger())


@cache
def _small_ledger() -> MemoryStore:
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


def change_by(part: str, /, **deltas: int) -> Edit:
    """Return an edit that adds to fields of a part of the entry."""

    def change(entry: Array, _: list[bytes]) -> None:
        for name, delta in deltas.items():
            entry[part][name] = int(entry[part][name][0]) + delta

    return change


def found(report: Report, kind: Kind, position: int, field: str) -> bool:
    """Say whether the report names this, by the beginning of the field."""
    return any(
        f.kind == kind and f.position == position and f.field.startswith(field)
        for f in report.findings
    )
