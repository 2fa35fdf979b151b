"""Settlements of the wire through message objects, written apart from the encoder of the server."""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.codes import Fact
from engine.domain.layout import CITES, CLAIM, CUTS, LINK, NOWHERE, RESULT, ROW
from engine.domain.request import Entry, PartEntry
from engine.rules.plan import RulePlan
from gongji.v1 import codes_pb2, settlement_pb2
from server.codec import number

Plans = Callable[[bytes], RulePlan | None]
"""Finds a plan by its digest."""

_RECORDS: Final = [layout.names or () for layout in (LINK, CLAIM, ROW, RESULT)]
_FACT_BITS: Final = [(int(fact), fact.value.bit_length()) for fact in Fact]


class _Part(NamedTuple):
    """One part: its message and field, its amount in the result, what its citations are."""

    path: str
    amount: str
    cites: tuple[str, ...] = ()
    cites_if_cut: tuple[tuple[str, str], ...] = ()
    """Citations that count where the other amount, a cut, is not 0."""


_CUTS: Final = tuple((cut, f"cite_{cut.removeprefix('cut_')}_cap") for cut in CUTS)
_RATE: Final = ("cite_rate", "cite_rate_above", "cite_standard_price")
_PARTS: Final = (
    _Part("bill.non_covered", "non_covered"),
    _Part("bill.over_limit", "over_limit"),
    _Part("bill.pre_payment", "pre_payment", ("cite_first_pay",)),
    _Part("bill.first_pay", "first_pay", ("cite_first_pay",)),
    _Part("bill.excluded", "excluded", ("cite_excluded", "cite_excluded_rest")),
    _Part("bill.in_scope", "in_scope"),
    _Part("basis.deductible", "deductible", ("cite_deductible",)),
    _Part("basis.copay", "copay", _RATE),
    *(_Part(f"basis.{cut}", cut, (cite,)) for cut, cite in _CUTS),
    _Part("basis.pooled_fund", "pooled_fund", _RATE, _CUTS),
    _Part("payers.pooled_fund", "pooled_fund", _RATE, _CUTS),
    _Part("payers.large_amount_fund", "large_amount_fund", ("cite_large_amount",)),
    _Part("payers.institution_share", "institution_share", ("cite_standard_price",)),
    _Part("payers.account", "account", ("cite_account",)),
    _Part("payers.family_account", "family_account", ("cite_family",)),
    _Part("payers.cash", "cash"),
)


def _by_name(record: np.void) -> list[dict[str, int]]:
    """Return link, claim, row and result of an entry by name, as Python numbers."""
    records = zip(_RECORDS, record.item(), strict=True)
    return [dict(zip(names, values, strict=True)) for names, values in records]


def parts_of(result: dict[str, int]) -> Iterator[tuple[str, int, list[int]]]:
    """Yield path, amount and citations of every part that is not 0 or that a clause decided."""
    for part in _PARTS:
        amount = result[part.amount]
        cites = [result[name] for name in part.cites if result[name]]
        for cut, name in part.cites_if_cut:
            if result[cut] and result[name]:
                cites.append(result[name])
        if amount or cites:
            yield part.path, amount, cites


def encode_settlement(
    entry: Entry, plans: Plans, *, replayed: bool = False
) -> settlement_pb2.Settlement:
    """Return a settlement; for an undo, the parts that it took back."""
    text, link, claim, row, result = entry.text, *_by_name(entry.record)
    groups = [encode_group(part, plans) for part in entry.parts]
    figures = {figure for group in groups for figure in group.figures}
    return settlement_pb2.Settlement(
        settlement_id=link["undoes"] or link["position"],
        request_id=text.request_id,
        institution_id=entry.institution,
        member_id=entry.member,
        service_date=claim["service_date"],
        until_date=claim["until_date"],
        policy_year=row["year"],
        reason=number(result["reason"]),
        plan_digest=entry.plan_digest,
        **_sums(result, cited=not groups),
        before=_common(groups[0].before) if groups else _counters(row, result, moved=0),
        after=_common(groups[-1].after) if groups else _counters(row, result, moved=1),
        benefit=number(row["benefit"]),
        requested_benefit=number(claim["benefit"]),
        status=number(row["status"] + 1),
        level=number(row["level"] + 1),
        place=number(row["place"] + 1),
        facts=encode_facts(row["facts"]),
        figures=sorted(figures) if groups else figures_used(result, plans(entry.plan_digest)),
        taken_time=_timestamp(link["instant"]),
        replayed=replayed,
        visit_id=text.visit,
        disease_code=text.disease,
        prescriber_id=entry.prescriber,
        prescription_id=text.prescription,
        payer_member_id=entry.payer,
        family_reason=number(result["family_reason"]),
        groups=groups,
    )


def encode_group(part: PartEntry, plans: Plans) -> settlement_pb2.SettledGroup:
    """Return the part of a claim that falls under one benefit."""
    _, _, row, result = _by_name(part.record)
    return settlement_pb2.SettledGroup(
        benefit=number(row["benefit"]),
        plan_digest=part.plan_digest,
        reason=number(result["reason"]),
        **_sums(result, cited=True),
        before=_counters(row, result, moved=0),
        after=_counters(row, result, moved=1),
        facts=encode_facts(row["facts"]),
        figures=figures_used(result, plans(part.plan_digest)),
    )


def _sums(result: dict[str, int], *, cited: bool) -> dict[str, Any]:
    """Return bill, basis and payers; without citations where they would be of several plans."""
    sums: dict[str, dict[str, Any]] = {"bill": {}, "basis": {}, "payers": {}}
    for path, amount, cites in parts_of(result):
        whole, _, name = path.partition(".")
        citations = cites if cited else []
        sums[whole][name] = settlement_pb2.Part(amount_fen=amount, citations=citations)
    return {
        "bill": settlement_pb2.Bill(total_fen=result["total"], **sums["bill"]),
        "basis": settlement_pb2.Basis(**sums["basis"]),
        "payers": settlement_pb2.Payers(person_fen=result["person"], **sums["payers"]),
    }


def _counters(
    row: dict[str, int], result: dict[str, int], *, moved: int
) -> settlement_pb2.CounterValues:
    paid = moved * result["pooled_fund"]

    def keyed(slot: str, name: str) -> int:
        return result[f"{name}_before"] + (paid if row[slot] >= 0 else 0)

    in_line = row["deductible_at"] != NOWHERE
    borne = moved * result["deductible"] if in_line or row["borne"] >= 0 else 0
    return settlement_pb2.CounterValues(
        deductible_fen=result["deductible_before"] + borne,
        paid_fen=result["paid_before"]
        + (paid if row["paid"] >= 0 or row["paid_at"] != NOWHERE else 0),
        visit_paid_fen=keyed("visit", "visit_paid"),
        disease_paid_fen=keyed("disease", "disease_paid"),
        month_paid_fen=keyed("month", "month_paid"),
        day_paid_fen=keyed("day", "day_paid"),
        account_balance_fen=result["account_before"] - moved * result["account"],
        family_balance_fen=result["family_before"] - moved * result["family_account"],
        pooled_paid_fen=result["pooled_paid_before"] + moved * result["pooled_counted"],
        compliant_burden_fen=result["compliant_burden_before"] + moved * result["burden_counted"],
        large_amount_paid_fen=result["large_amount_paid_before"]
        + moved * result["large_amount_fund"],
        cost_fen=result["cost_before"] + (moved * result["in_scope"] if row["cost"] >= 0 else 0),
    )


def _common(counters: settlement_pb2.CounterValues) -> settlement_pb2.CounterValues:
    """Return the counters that all benefits share; the others stand with each group."""
    return settlement_pb2.CounterValues(
        account_balance_fen=counters.account_balance_fen,
        family_balance_fen=counters.family_balance_fen,
        pooled_paid_fen=counters.pooled_paid_fen,
        compliant_burden_fen=counters.compliant_burden_fen,
        large_amount_paid_fen=counters.large_amount_paid_fen,
    )


def _timestamp(instant: int) -> Timestamp:
    return Timestamp(seconds=instant // 1_000, nanos=instant % 1_000 * 1_000_000)


def encode_facts(bits: int) -> list[codes_pb2.Fact]:
    """Return the facts of a bit set in order of number."""
    return [number(position) for bit, position in _FACT_BITS if bits & bit]


def figures_used(result: dict[str, int], plan: RulePlan | None) -> list[str]:
    """Return the names of the operator figures behind the citations of a result."""
    if plan is None or not plan.figures:
        return []
    cited = (plan.citations[result[name]].figures for name in CITES if result[name])
    return sorted({figure for figures in cited for figure in figures})
