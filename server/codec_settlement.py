"""Entries of the journal as settlements of the wire: three sums, each part with its clauses."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from engine.domain.claim import Claim
from engine.domain.layout import ENTRY, RESULT
from engine.domain.request import Entry, Found, NothingToReverse, PartEntry, Undone
from engine.rules.model import CityRules
from engine.rules.readings import documents_of
from gongji.v1 import settlement_pb2, settlement_service_pb2
from server._encode import PlanOnWire, Records
from server.codec import number
from server.codec_policy import encode_citation, encode_document, encode_figure
from server.wire_settlement import ENCODER, PARTS, Plans, PlansOnWire

_RESULT_NAMES: Final = RESULT.names or ()


def result_of(record: np.void) -> dict[str, int]:
    """Return the result of a journal entry by name, as Python numbers."""
    return dict(zip(_RESULT_NAMES, record["result"].item(), strict=True))


def parts_of(result: dict[str, int]) -> Iterator[tuple[str, int, list[int]]]:
    """Yield path, amount and citations of every part that is not 0 or that a clause decided."""
    for part in PARTS:
        amount = result[part.amount]
        cites = [result[name] for name in part.cites if result[name]]
        for cut, name in part.cites_if_cut:
            if result[cut] and result[name]:
                cites.append(result[name])
        if amount or cites:
            yield part.path, amount, cites


def encode_response(
    sequence: int, entry: Entry, plans: PlansOnWire, *, replayed: bool = False
) -> bytes:
    """Return the answer to a request of a stream that was settled, as `SettleResponse`."""
    claim, record, parts = _claim_of(entry), ENCODER.records(entry.record), _parts(entry)
    numbered = _numbered(entry, plans)
    return ENCODER.response(sequence, claim, record, 0, numbered, replayed=replayed, parts=parts)


def encode_settlement(
    entry: Entry, plans: Plans, *, replayed: bool = False
) -> settlement_pb2.Settlement:
    """Return a settlement; for an undo, the parts that it took back."""
    claim, record, parts = _claim_of(entry), ENCODER.records(entry.record), _parts(entry)
    numbered = _numbered(entry, PlansOnWire(plans))
    data = ENCODER.settlement(claim, record, 0, numbered, replayed=replayed, parts=parts)
    return settlement_pb2.Settlement.FromString(data)


def encode_group(part: PartEntry, plans: PlansOnWire) -> settlement_pb2.SettledGroup:
    """Return the part of a claim that falls under one benefit."""
    numbered = {_plan_number(part.record): plans(part.plan_digest)}
    data = ENCODER.group(ENCODER.records(part.record), 0, numbered)
    return settlement_pb2.SettledGroup.FromString(data)


def _claim_of(entry: Entry) -> Claim:
    """Return the claim of an entry as far as a settlement repeats its texts."""
    text = entry.text
    return Claim(
        *(entry.institution, text.request_id, entry.member, 0, 0, 0, 0, 0, 0, 0),
        visit=text.visit,
        disease=text.disease,
        prescriber=entry.prescriber,
        prescription=text.prescription,
        payer=entry.payer,
    )


def _parts(entry: Entry) -> Records | None:
    if not entry.parts:
        return None
    return ENCODER.records(np.array([part.record for part in entry.parts], dtype=ENTRY))


def _numbered(entry: Entry, plans: PlansOnWire) -> dict[int, PlanOnWire]:
    """Return the plans of an entry by the numbers that its records have for them."""
    decided = (PartEntry(entry.record, entry.plan_digest), *entry.parts)
    return {_plan_number(part.record): plans(part.plan_digest) for part in decided}


def _plan_number(record: np.void) -> int:
    return int(record["row"]["plan"])


# --- undoing and looking up --------------------------------------------------------------


def encode_undone(undone: Undone, plans: Plans) -> settlement_pb2.Undone:
    """Return what was taken back."""
    link = undone.entry.record["link"]
    return settlement_pb2.Undone(
        entry_id=int(link["position"]),
        request_id=undone.entry.text.undo_id,
        settlement_id=int(link["undoes"]),
        negated=encode_settlement(undone.entry, plans),
        replayed=undone.replayed,
    )


def encode_nothing(nothing: NothingToReverse) -> settlement_pb2.NothingToReverse:
    """Return that there was nothing to take back."""
    return settlement_pb2.NothingToReverse(
        original_request_id=nothing.request_id,
        tombstone_id=nothing.tombstone,
        replayed=nothing.replayed,
    )


def encode_found(found: Found, plans: Plans) -> settlement_pb2.Found:
    """Return what was looked up."""
    return settlement_pb2.Found(
        settlement=encode_settlement(found.entry, plans), undone_by=found.undone_by
    )


def encode_explanation(
    found: Found, plans: Plans, cities: Mapping[str, CityRules]
) -> settlement_service_pb2.Explanation:
    """Return a settlement with the clauses of its parts, in words."""
    entry = found.entry
    explanation = settlement_service_pb2.Explanation(found=encode_found(found, plans))
    parts = entry.parts or (PartEntry(entry.record, entry.plan_digest),)
    used = set(explanation.found.settlement.figures)
    seen: set[str] = set()
    for part in parts:
        plan = plans(part.plan_digest)
        if plan is None:
            continue
        cited: set[str] = set()
        for path, amount, cites in parts_of(result_of(part.record)):
            citations = [plan.citations[cite] for cite in cites]
            cited.update(clause.document for citation in citations for clause in citation.clauses)
            explanation.parts.append(
                settlement_service_pb2.ExplainedPart(
                    path=path,
                    amount_fen=amount,
                    citations=[encode_citation(citation) for citation in citations],
                    benefit=number(int(part.record["row"]["benefit"])),
                )
            )
        city = cities.get(plan.city)
        if city is not None:
            documents = [doc for doc in documents_of(city, plan) if doc.key in cited - seen]
            explanation.documents.extend(encode_document(document) for document in documents)
            seen |= cited
        figures = [fig for fig in plan.figures if fig.name in used]
        explanation.figures.extend(encode_figure(fig) for fig in figures)
        used -= {fig.name for fig in figures}
    return explanation
