"""The table by which `server._encode` writes settlements: contract, layout, and what goes where.

A field is named once, beside what it says; its number and wire type come from the contract, and
where its value stands comes from `ENTRY`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.claim import Claim
from engine.domain.codes import Fact
from engine.domain.layout import CITES, CUTS, ENTRY, NOWHERE, Array
from engine.errors import InvariantBroken
from engine.rules.plan import RulePlan
from gongji.v1 import settlement_pb2
from gongji.v1 import settlement_service_pb2 as service_pb2
from server import _encode
from server._encode import Encoder, PlanOnWire

Plans = Callable[[bytes], RulePlan | None]
"""Finds a plan by its digest."""


class Part(NamedTuple):
    """One part: its message and field, its amount in the result, what its citations are."""

    path: str
    amount: str
    cites: tuple[str, ...] = ()
    cites_if_cut: tuple[tuple[str, str], ...] = ()
    """Citations that count where the other amount, a cut, is not 0."""


_CUTS: Final = tuple((cut, f"cite_{cut.removeprefix('cut_')}_cap") for cut in CUTS)
_RATE: Final = ("cite_rate", "cite_rate_above", "cite_standard_price")
PARTS: Final = (
    Part("bill.non_covered", "non_covered"),
    Part("bill.over_limit", "over_limit"),
    Part("bill.pre_payment", "pre_payment", ("cite_first_pay",)),
    Part("bill.first_pay", "first_pay", ("cite_first_pay",)),
    Part("bill.excluded", "excluded", ("cite_excluded", "cite_excluded_rest")),
    Part("bill.in_scope", "in_scope"),
    Part("basis.deductible", "deductible", ("cite_deductible",)),
    Part("basis.copay", "copay", _RATE),
    *(Part(f"basis.{cut}", cut, (cite,)) for cut, cite in _CUTS),
    Part("basis.pooled_fund", "pooled_fund", _RATE, _CUTS),
    Part("payers.pooled_fund", "pooled_fund", _RATE, _CUTS),
    Part("payers.large_amount_fund", "large_amount_fund", ("cite_large_amount",)),
    Part("payers.institution_share", "institution_share", ("cite_standard_price",)),
    Part("payers.account", "account", ("cite_account",)),
    Part("payers.family_account", "family_account", ("cite_family",)),
    Part("payers.cash", "cash"),
)
"""The parts of the three sums, in the order of an explanation."""

Op = dict[str, int]
"""What one operation has other than zero; `_encode.pxd` says what each kind needs."""
Fields = Mapping[str, Op]
"""Operations by the name of the field that they write."""

_OP: Final = np.dtype(
    [
        (name, "<i4")
        for name in (
            *("kind", "tag", "record", "at", "type", "plus", "other", "factor"),
            *("slot", "line", "nowhere", "mask", "first", "end", "always", "silent"),
        )
    ]
)
_TYPES: Final = {
    "<i8": _encode.I8,
    "<i4": _encode.I4,
    "<u4": _encode.U4,
    "<i2": _encode.I2,
    "<u2": _encode.U2,
    "|u1": _encode.U1,
}
_LENGTH_FIRST: Final = 2
_VARINT: Final = (
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_ENUM,
    FieldDescriptor.TYPE_BOOL,
)
_TEXTS: Final = (
    "institution",
    "request_id",
    "member",
    "visit",
    "disease",
    "prescriber",
    "prescription",
    "payer",
)
"""The texts of a claim that its settlement repeats."""


# --- where a value stands ----------------------------------------------------------------


def _place(path: str) -> tuple[int, int]:
    """Return where a number of `ENTRY` stands, and its type."""
    at, dtype = 0, ENTRY
    for name in path.split("."):
        fields: Mapping[str, Any] = dtype.fields or {}
        dtype, offset = fields[name][:2]
        at += offset
    return at, _TYPES[dtype.str]


def _number(path: str, plus: int = 0, record: int = _encode.WHOLE) -> Op:
    at, kind = _place(path)
    return {"kind": _encode.NUMBER, "at": at, "type": kind, "plus": plus, "record": record}


def _text(name: str) -> Op:
    return {"kind": _encode.TEXT, "at": 1 + _TEXTS.index(name)}


def _cites(part: Part, *, silent: bool) -> Op:
    named = [(name, "") for name in part.cites] + [(name, cut) for cut, name in part.cites_if_cut]
    ops = [
        {
            "kind": _encode.CITE,
            "at": _place(f"result.{name}")[0],
            "type": _encode.U2,
            "other": _place(f"result.{cut}")[0] if cut else -1,
        }
        for name, cut in named
    ]
    return {"kind": _encode.CITES, "silent": silent} | _TABLE.add(ops)


# --- messages ----------------------------------------------------------------------------


class _Table:
    """Operations, of which those of one message stand together."""

    def __init__(self) -> None:
        self._ops: list[Op] = []

    def add(self, ops: list[Op]) -> Op:
        """Add operations; return their range."""
        first = len(self._ops)
        self._ops.extend(ops)
        return {"first": first, "end": len(self._ops)}

    def message(self, kind: type[Message], fields: Fields, *, always: bool = True) -> Op:
        """Return the operation that writes a message of these fields."""
        ops = [
            {"tag": _tag(kind.DESCRIPTOR.fields_by_name[name], op["kind"])} | op
            for name, op in fields.items()
        ]
        ops.sort(key=lambda op: op["tag"])
        return {"kind": _encode.MESSAGE, "always": always} | self.add(ops)

    def root(self, op: Op) -> int:
        """Add the operation of a message that stands in no other; return its position."""
        return self.add([op])["first"]

    def array(self) -> Array:
        """Return the operations as the encoder takes them."""
        array = np.zeros(len(self._ops), dtype=_OP)
        for name in ("other", "slot", "line"):
            array[name] = -1
        for n, op in enumerate(self._ops):
            for name, value in op.items():
                array[n][name] = value
        return array


_TABLE: Final = _Table()
_WITH_LENGTH: Final = (
    _encode.MESSAGE,
    _encode.TEXT,
    _encode.PIECES,
    _encode.BITS,
    _encode.CITES,
)


def _tag(field: Any, kind: int) -> int:
    """Return the tag of a field, once its type fits what will be written.

    Raises:
        InvariantBroken: it does not.
    """
    packed = kind in (_encode.BITS, _encode.CITES)
    numeric = field.type in _VARINT
    fits = numeric == (kind not in _WITH_LENGTH) if not packed else numeric and field.is_repeated
    if not fits:
        raise InvariantBroken(f"{field.full_name} cannot be written by operation {kind}")
    number: int = field.number
    return number << 3 | (_LENGTH_FIRST if kind in _WITH_LENGTH else 0)


def _sum(kind: type[Message], whole: Fields, *, cited: bool) -> Op:
    """Return bill, basis or payers; without citations where they would be of several plans."""
    fields = dict(whole)
    part_kind = settlement_pb2.Part
    for part in PARTS:
        path, _, name = part.path.partition(".")
        if path == kind.DESCRIPTOR.name.lower():
            amount = {
                "amount_fen": _number(f"result.{part.amount}"),
                "citations": _cites(part, silent=not cited),
            }
            fields[name] = _TABLE.message(part_kind, amount, always=False)
    return _TABLE.message(kind, fields)


def _sums(*, cited: bool) -> Fields:
    bill, basis, payers = settlement_pb2.Bill, settlement_pb2.Basis, settlement_pb2.Payers
    total, person = _number("result.total"), _number("result.person")
    return {
        "bill": _sum(bill, {"total_fen": total}, cited=cited),
        "basis": _sum(basis, {}, cited=cited),
        "payers": _sum(payers, {"person_fen": person}, cited=cited),
    }


class _Counter(NamedTuple):
    """A counter: its field, its value before, what moves it, and when it counts."""

    field: str
    before: str
    by: str
    factor: int = 1
    slot: str = ""
    """It counts where this slot of the row is given, or"""
    line: str = ""
    """where this position of the row is not `NOWHERE`; always, where neither is named."""
    shared: bool = False
    """All benefits share it."""


_PAID: Final = "pooled_fund"
_COUNTERS: Final = (
    _Counter("deductible_fen", "deductible_before", "deductible", 1, "borne", "deductible_at"),
    _Counter("paid_fen", "paid_before", _PAID, 1, "paid", "paid_at"),
    _Counter("visit_paid_fen", "visit_paid_before", _PAID, 1, "visit"),
    _Counter("disease_paid_fen", "disease_paid_before", _PAID, 1, "disease"),
    _Counter("month_paid_fen", "month_paid_before", _PAID, 1, "month"),
    _Counter("day_paid_fen", "day_paid_before", _PAID, 1, "day"),
    _Counter("cost_fen", "cost_before", "in_scope", 1, "cost"),
    _Counter("account_balance_fen", "account_before", "account", -1, shared=True),
    _Counter("family_balance_fen", "family_before", "family_account", -1, shared=True),
    _Counter("pooled_paid_fen", "pooled_paid_before", "pooled_counted", shared=True),
    _Counter("compliant_burden_fen", "compliant_burden_before", "burden_counted", shared=True),
    _Counter("large_amount_paid_fen", "large_amount_paid_before", "large_amount_fund", shared=True),
)


def _before(*, shared: bool, record: int = _encode.WHOLE) -> Op:
    """Return the counters before: all of them, or only those that all benefits share."""
    kind = settlement_pb2.CounterValues
    fields = {
        counter.field: _number(f"result.{counter.before}", record=record)
        for counter in _COUNTERS
        if counter.shared or not shared
    }
    return _TABLE.message(kind, fields)


def _after(*, shared: bool, record: int = _encode.WHOLE) -> Op:
    """Return the counters after, likewise."""
    kind = settlement_pb2.CounterValues
    fields = {
        counter.field: {
            "kind": _encode.MOVED,
            "record": record,
            "at": _place(f"result.{counter.before}")[0],
            "other": _place(f"result.{counter.by}")[0],
            "factor": counter.factor,
            "slot": _place(f"row.{counter.slot}")[0] if counter.slot else -1,
            "line": _place(f"row.{counter.line}")[0] if counter.line else -1,
            "nowhere": NOWHERE,
        }
        for counter in _COUNTERS
        if counter.shared or not shared
    }
    return _TABLE.message(kind, fields)


def _facts() -> Op:
    # The number of a fact is its bit's, from 1.
    return _number("row.facts") | {"kind": _encode.BITS, "mask": sum(Fact)}


def _common() -> Fields:
    """Return what a settlement of one plan and a group have in common."""
    return {
        "benefit": _number("row.benefit"),
        "plan_digest": {"kind": _encode.TEXT, "at": _encode.DIGEST},
        "reason": _number("result.reason"),
        "facts": _facts(),
        "figures": {"kind": _encode.PIECES, "at": _encode.FIGURES},
    }


def _settlement(*, several: bool) -> Op:
    """Return a settlement of one plan, or of several."""
    instant: Op = {"at": _place("link.instant")[0]}
    taken = {
        "seconds": {"kind": _encode.SECONDS, **instant},
        "nanos": {"kind": _encode.NANOS, **instant},
    }
    undoes, position = _place("link.undoes")[0], _place("link.position")[0]
    fields: Fields = {
        **_common(),
        **_sums(cited=not several),
        "before": _before(shared=several, record=_encode.FIRST),
        "after": _after(shared=several, record=_encode.LAST),
        "settlement_id": {"kind": _encode.EITHER, "at": undoes, "other": position},
        "request_id": _text("request_id"),
        "institution_id": _text("institution"),
        "member_id": _text("member"),
        "service_date": _number("claim.service_date"),
        "until_date": _number("claim.until_date"),
        "policy_year": _number("row.year"),
        "requested_benefit": _number("claim.benefit"),
        "status": _number("row.status", plus=1),
        "level": _number("row.level", plus=1),
        "place": _number("row.place", plus=1),
        "taken_time": _TABLE.message(Timestamp, taken),
        "replayed": {"kind": _encode.INPUT, "at": _encode.REPLAYED},
        "visit_id": _text("visit"),
        "disease_code": _text("disease"),
        "prescriber_id": _text("prescriber"),
        "prescription_id": _text("prescription"),
        "payer_member_id": _text("payer"),
        "family_reason": _number("result.family_reason"),
        "groups": {"kind": _encode.PIECES, "at": _encode.GROUPS},
    }
    return _TABLE.message(settlement_pb2.Settlement, fields)


def _response(settlement: Op) -> Op:
    """Return the answer to one request of a stream."""
    fields = {
        "sequence": {"kind": _encode.INPUT, "at": _encode.SEQUENCE},
        "request_id": _text("request_id"),
        "settled": settlement,
    }
    return _TABLE.message(service_pb2.SettleResponse, fields)


def _group() -> Op:
    """Return the part of a claim that falls under one benefit."""
    fields = {
        **_common(),
        **_sums(cited=True),
        "before": _before(shared=False),
        "after": _after(shared=False),
    }
    return _TABLE.message(settlement_pb2.SettledGroup, fields)


def _encoder() -> Encoder:
    one, several = _settlement(several=False), _settlement(several=True)
    roots = tuple(map(_TABLE.root, (one, several, _response(one), _response(several), _group())))
    return Encoder(
        _TABLE.array(),
        roots,
        cites=np.array([_place(f"result.{name}")[0] for name in CITES], dtype="<i4"),
        plan=_place("row.plan")[0],
        texts=tuple(map(Claim._fields.index, _TEXTS)),
        claim_size=len(Claim._fields),
        layout=ENTRY,
    )


ENCODER: Final = _encoder()
"""Writes settlements, and the answers that hold them."""


# --- plans -------------------------------------------------------------------------------


class PlansOnWire:
    """What answers say of plans, by digest; a plan that was found once is not looked for again."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        self._known: dict[bytes, PlanOnWire] = {}

    def __call__(self, digest: bytes) -> PlanOnWire:
        """Return what answers say of the plan with this digest; no figures, if there is none."""
        known = self._known.get(digest)
        if known is None:
            plan = self._plans(digest)
            known = _on_wire(digest, plan)
            if plan is not None:
                self._known[digest] = known
        return known

    def numbered(self, digests: Mapping[int, bytes]) -> dict[int, PlanOnWire]:
        """Return the plans of a batch by the numbers that its records have for them."""
        return {number: self(digest) for number, digest in digests.items()}


def _on_wire(digest: bytes, plan: RulePlan | None) -> PlanOnWire:
    """Return what answers say of a plan: the digest, and the figures behind each citation."""
    if plan is None or not plan.figures:
        return PlanOnWire(digest, [], b"")
    figures = sorted({name for citation in plan.citations for name in citation.figures})
    uses: list[Any] = [name in citation.figures for name in figures for citation in plan.citations]
    return PlanOnWire(digest, [name.encode() for name in figures], bytes(uses))
