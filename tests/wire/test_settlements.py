"""Settlements by the table are, byte for byte, those of the message objects."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from clients.cli.cases.format import read_files
from clients.cli.cases.run import FAST as FAST_WAY
from clients.cli.cases.run import run_cases
from engine.domain.claim import Claim
from engine.domain.journal import EntryText
from engine.domain.layout import AMOUNTS, BEFORE, CITES, ENTRY, SLOTS, Array
from engine.domain.parts import combined
from engine.domain.request import (
    Answer,
    BatchAnswer,
    Entry,
    Found,
    PartEntry,
    Request,
    SettleBatch,
    Undone,
)
from engine.kernel import FAST
from engine.pipeline import Pipeline
from engine.rules.load import load_cities
from engine.rules.plan import Citation, FigureUsed, RulePlan
from gongji.v1 import settlement_pb2
from gongji.v1 import settlement_service_pb2 as pb
from server import _encode
from server.codec_settlement import BatchesOnWire, encode_group, encode_settlement
from server.merge import Settled, SettleOne, reply_of
from server.wire_settlement import ENCODER, Plans, PlansOnWire
from tests.support import settlement_oracle as oracle
from tests.support.kernel_bench import PLAN
from tests.support.runner import run_world
from tests.support.world import LINJIANG, YEARS, make_world
from tests.support.world_figures import figures_of
from tests.wire.test_claims import CLAIM

CITATIONS = 12
FIGURES = ("单价.2024", "average_wage.2023", "cap", "z")


def made_up_plan(seed: int) -> RulePlan:
    """Return a plan whose citations used any of the figures, or a plan without figures."""
    rng = random.Random(seed)
    citations = tuple(
        Citation((), tuple(rng.sample(FIGURES, rng.randint(0, len(FIGURES)))))
        for _ in range(CITATIONS)
    )
    figures = tuple(FigureUsed(name, 1, "") for name in FIGURES) if seed % 4 else ()
    return replace(PLAN, figures=figures, citations=citations)


PLANS = {bytes([n]) * 32: made_up_plan(n) for n in range(8)}
NO_PLAN = b"?" * 32


def random_records(rng: random.Random, count: int) -> Array:
    """Return records of nothing that was ever settled: every field may have every value."""
    records = np.frombuffer(rng.randbytes(count * ENTRY.itemsize), ENTRY).copy()
    for record in records:
        result = record["result"]
        for name in (*AMOUNTS, *BEFORE, "pooled_counted", "burden_counted"):
            result[name] = _amount(rng)
        for name in CITES:
            result[name] = rng.choice((0, rng.randrange(CITATIONS)))
        for name in SLOTS:
            record["row"][name] = rng.choice((-1, 0))
        for name in ("deductible_at", "paid_at"):
            record["row"][name] = rng.randrange(10)
        record["row"]["plan"] = rng.randrange(3)
        record["row"]["facts"] = rng.choice((0, 2**32 - 1, rng.getrandbits(32)))
        record["link"]["undoes"] = rng.choice((0, 1, 2**63 - 1))
        record["link"]["instant"] = rng.choice((0, 999, -1, 1_790_000_000_123))
        if rng.random() < 0.1:
            result["reason"] = result["family_reason"] = record["row"]["year"] = 0
    return records


def _amount(rng: random.Random) -> int:
    """Return an amount whose sum with another is within 64 bits."""
    high = rng.choice((0, 1, 100, 2**14, 10**12, 2**62 - 1))
    return rng.choice((-1, 1)) * rng.randint(0, high)


def random_entry(rng: random.Random) -> Entry:
    parts = random_records(rng, rng.choice((0, 0, 1, 3)))
    record = combined(parts) if len(parts) else random_records(rng, 1)[0]
    digests = rng.choices([*PLANS, NO_PLAN], k=3)

    def text() -> str:
        return rng.choice(("", "r-1", "请求" * rng.choice((1, 60)), "x" * 200))

    return Entry(
        record=record,
        text=EntryText(*(text() for _ in EntryText._fields)),
        institution=text(),
        member=text(),
        prescriber=text(),
        plan_digest=digests[record["row"]["plan"]],
        parts=tuple(PartEntry(part, digests[part["row"]["plan"]]) for part in parts),
        payer=text(),
    )


def assert_same(entry: Entry, plans: Plans, *, replayed: bool = False) -> bytes:
    """Assert that an entry is written as the message objects write it; return the answer."""
    expected = oracle.encode_settlement(entry, plans, replayed=replayed)
    assert encode_settlement(entry, plans, replayed=replayed) == expected
    answer = pb.SettleResponse(
        sequence=-7, request_id=entry.text.request_id, settled=expected
    ).SerializeToString(deterministic=True)
    claim, batch = batch_of(entry, replayed=replayed)
    assert BatchesOnWire(PlansOnWire(plans)).response(-7, claim, batch, 1) == answer
    return answer


def batch_of(entry: Entry, *, replayed: bool) -> tuple[Claim, BatchAnswer]:
    """Return the claim of an entry, and the answer to a batch of which it is the second."""
    decided = (PartEntry(entry.record, entry.plan_digest), *entry.parts)
    parts = np.array([part.record for part in entry.parts], dtype=ENTRY)
    answer = BatchAnswer(
        np.array([np.zeros(1, dtype=ENTRY)[0], entry.record], dtype=ENTRY),
        {int(part.record["row"]["plan"]): part.plan_digest for part in decided},
        {},
        {},
        frozenset({1} if replayed else ()),
        {1: parts} if entry.parts else {},
    )
    text = entry.text
    claim = Claim(
        *(entry.institution, text.request_id, entry.member, 0, 0, 0, 0, 0, 0, 0),
        visit=text.visit,
        disease=text.disease,
        prescriber=entry.prescriber,
        prescription=text.prescription,
        payer=entry.payer,
    )
    return claim, answer


@given(st.integers(0, 2**32), st.booleans())
def test_any_record_is_written_as_by_message_objects(seed: int, replayed: bool) -> None:
    entry = random_entry(random.Random(seed))
    assert_same(entry, PLANS.get, replayed=replayed)
    for part in entry.parts:
        assert encode_group(part, PlansOnWire(PLANS.get)) == oracle.encode_group(part, PLANS.get)


def _fields(message: Message, seen: dict[str, set[str]]) -> None:
    """Add the fields that are set, by the message that they are of."""
    names = seen.setdefault(message.DESCRIPTOR.name, set())
    for field, value in message.ListFields():
        names.add(field.name)
        if field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                _fields(inner, seen)


def test_the_table_has_every_field_of_the_contract() -> None:
    seen: dict[str, set[str]] = {}
    for seed in range(300):
        entry = random_entry(random.Random(seed))
        _fields(encode_settlement(entry, PLANS.get, replayed=True), seen)
    for name, fields in seen.items():
        kind = Timestamp if name == "Timestamp" else getattr(settlement_pb2, name)
        assert fields == {field.name for field in kind.DESCRIPTOR.fields}, name


# --- what is settled ---------------------------------------------------------------------


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Pipeline, Request, Answer]]:
    """Collect whatever is asked and answered."""
    heard: list[tuple[Pipeline, Request, Answer]] = []
    run = Pipeline.run

    def listening(self: Pipeline, requests: Sequence[Request], instant: int) -> list[Answer]:
        found = run(self, requests, instant)
        heard.extend((self, *pair) for pair in zip(requests, found, strict=True))
        return found

    monkeypatch.setattr(Pipeline, "run", listening)
    return heard


def check(pipeline: Pipeline, request: Request, answer: Answer) -> list[str]:
    """Check whatever an answer settled or took back; return what it was."""
    if isinstance(answer, Undone | Found):
        assert_same(answer.entry, pipeline.plan)
        return [type(answer).__name__ + " in parts" * bool(answer.entry.parts)]
    if not isinstance(answer, BatchAnswer) or not isinstance(request, SettleBatch):
        return []
    kinds = []
    plans = PlansOnWire(pipeline.plan).numbered(answer.plan_digests)
    records = ENCODER.records(answer.entries)
    for row, claim in enumerate(request.claims):
        reply = reply_of(answer, row, SettleOne(claim))
        if not isinstance(reply, Settled):
            continue
        same = assert_same(reply.entry, pipeline.plan, replayed=reply.replayed)
        parts = ENCODER.records(answer.parts[row]) if row in answer.parts else None
        # As the server writes a batch: from its records, in place.
        own = ENCODER.response(-7, claim, records, row, plans, replayed=reply.replayed, parts=parts)
        assert own == same
        if request.preview:
            kinds.append("preview")
        else:
            kinds.append("replayed" if reply.replayed else "settled")
        if parts is not None:
            kinds.append("in parts")
    return kinds


@pytest.mark.parametrize("city", YEARS)
def test_member_years(city: str, answers: list[tuple[Pipeline, Request, Answer]]) -> None:
    run_world(make_world(5, 60, city), FAST, random.Random(5), figures_of(city, 5))
    kinds = {kind for heard in answers for kind in check(*heard)}
    assert {"settled", "preview", "replayed", "Undone", "Found"} <= kinds
    assert ("in parts" in kinds) == (city != LINJIANG)


@pytest.mark.slow
def test_worked_cases(answers: list[tuple[Pipeline, Request, Answer]]) -> None:
    cases = read_files(sorted((Path(__file__).parents[1] / "cases").glob("*/*.toml")))
    run_cases(cases, [FAST_WAY], load_cities())
    kinds = [kind for heard in answers for kind in check(*heard)]
    assert len(kinds) > 500
    assert {"settled", "Undone", "in parts"} <= set(kinds)


# --- what is not let in ------------------------------------------------------------------

PLAN_ON_WIRE = PlansOnWire(PLANS.get)(bytes([1]) * 32)
ZEROS = np.zeros(4, ENTRY)
OTHERS = _encode.Records(np.zeros(4, "u1"), np.dtype("u1"))


def response(**changes: Any) -> bytes:
    given: dict[str, Any] = {
        "sequence": 1,
        "claim": CLAIM,
        "records": ENCODER.records(ZEROS),
        "row": 3,
        "plans": {0: PLAN_ON_WIRE},
    }
    return ENCODER.response(**given | changes)


def test_a_long_answer_finds_room() -> None:
    claim = CLAIM._replace(visit="v" * 70_000, disease="d" * 3_000)
    message = pb.SettleResponse.FromString(response(claim=claim))
    assert (message.settled.visit_id, message.settled.disease_code) == (claim.visit, claim.disease)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"row": 4}, "row: found 4, expected 0 to 3"),
        ({"row": -1}, "row: found -1, expected 0 to 3"),
        ({"records": ENCODER.records(ZEROS[:0]), "row": 0}, "row: found 0"),
        ({"plans": {1: PLAN_ON_WIRE}}, "plan: found 0, which is not among those given"),
        ({"records": OTHERS, "row": 0}, "records: are not of this encoder's layout"),
        ({"claim": CLAIM[:-1]}, "claim: expected 26 fields"),
        ({"claim": list(CLAIM)}, "claim: expected 26 fields"),
    ],
)
def test_what_is_not_there_is_named(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        response(**changes)


def test_a_citation_that_the_plan_does_not_have_is_named() -> None:
    records = ZEROS.copy()
    records["result"]["cite_rate"] = CITATIONS
    with pytest.raises(ValueError, match=f"citation: found {CITATIONS}, the plan has {CITATIONS}"):
        response(records=ENCODER.records(records))


@pytest.mark.parametrize("changes", [{"claim": (1,) * len(CLAIM)}, {"plans": {0: 1}}])
def test_what_is_of_another_type_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        response(**changes)


def test_records_are_of_the_layout_and_in_a_row() -> None:
    with pytest.raises(ValueError, match="records: found"):
        ENCODER.records(np.zeros(4 * ENTRY.itemsize, "u1"))
    with pytest.raises(ValueError, match="contiguous"):
        ENCODER.records(ZEROS[::2])
    assert ENCODER.records(ZEROS[1]).count == 1


def _op(**fields: int) -> Array:
    names = ("kind", "tag", "record", "at", "type", "plus", "other", "factor", "slot", "line")
    more = ("nowhere", "mask", "first", "end", "always", "silent")
    op = np.zeros(1, [(name, "<i4") for name in names + more])
    op["other"] = op["slot"] = op["line"] = -1
    for name, value in fields.items():
        op[name] = value
    return op


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"kind": 0}, "operation 1: 0 is no kind"),
        ({"kind": _encode.CITE, "type": _encode.U2, "at": 591}, "at: found 591, expected 0 to 590"),
        ({"kind": _encode.NUMBER, "type": _encode.I8, "at": 585}, "at: found 585"),
        ({"kind": _encode.NUMBER, "type": _encode.I8, "at": -1}, "at: found -1"),
        ({"kind": _encode.NUMBER, "type": 0}, "at: found 0"),
        ({"kind": _encode.NUMBER, "type": 7}, "type: found 7"),
        ({"kind": _encode.EITHER, "other": 585}, "other, at: found 585"),
        ({"kind": _encode.MOVED, "other": 0, "slot": 589}, "slot, at: found 589"),
        ({"kind": _encode.MOVED, "other": 0, "line": 592}, "line, at: found 592"),
        ({"kind": _encode.INPUT, "at": 2}, "at: found 2"),
        ({"kind": _encode.PIECES, "at": 2}, "at: found 2"),
        ({"kind": _encode.TEXT, "at": _encode.TEXTS}, "at: found 16"),
        ({"kind": _encode.TEXT, "record": 3}, "record: found 3"),
        ({"kind": _encode.TEXT}, "root: operation 0 is no message"),
        ({"kind": _encode.TEXT, "tag": -1}, "tag: found -1"),
        ({"kind": _encode.CITES, "end": 1}, "holds operation 0, which is of another kind"),
        ({"kind": _encode.MESSAGE, "end": 2}, "end: found 2"),
        ({"kind": _encode.CITES, "end": 1, "first": 2}, "first: found 2"),
    ],
)
def test_a_table_that_points_out_of_a_record_is_refused(
    fields: dict[str, int], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        _encode.Encoder(
            np.concatenate([_op(kind=_encode.INPUT), _op(**fields)]),
            (0,) * _encode.ROOTS,
            cites=np.zeros(0, "<i4"),
            plan=0,
            texts=(),
            claim_size=len(Claim._fields),
            layout=ENTRY,
        )


def test_figures_without_a_whole_table_of_their_uses_are_refused() -> None:
    with pytest.raises(ValueError, match="uses: found 3 bytes for 2 figures"):
        _encode.PlanOnWire(b"", [b"a", b"b"], b"\0\0\0")
