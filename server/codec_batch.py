"""Claims and answers in columns: one message of a gateway, up to 10,000 rows."""

from collections.abc import Mapping, Sequence, Set
from typing import Any, Final, NamedTuple

import numpy as np

from engine.domain import layout
from engine.domain.bill import BillLine
from engine.domain.claim import LIABLE_NOT_GIVEN, Claim
from engine.domain.codes import Paper
from engine.domain.layout import AMOUNTS, BEFORE, CITES, ENTRY, Array
from engine.domain.request import BatchAnswer
from engine.errors import InvalidInput
from gongji.v1 import batch_pb2, codes_pb2
from server._columns import gather
from server._rows import EACH, I4, I8, PICKED, SAME, U1, is_outside, texts_of, tuples_of
from server.codec import encode_error, encode_refusal
from server.codec_settlement import encode_group
from server.config import ITEMS_MAX, LINES_MAX
from server.merge import parts_of_row
from server.wire_settlement import Plans, PlansOnWire

_FLAGS: Final = {
    "emergency": layout.FLAG_EMERGENCY,
    "referred": layout.FLAG_REFERRED,
    "statement": layout.FLAG_STATEMENT,
    "manual": layout.FLAG_MANUAL,
    "use_account": layout.FLAG_USE_ACCOUNT,
}
_FLAGS_KNOWN: Final = sum(_FLAGS.values())

_PAPERS_KNOWN: Final = sum(Paper)

_COUNTED: Final = ("pooled_counted", "burden_counted")


# --- claims ------------------------------------------------------------------------------


def decode_claims(message: batch_pb2.ClaimColumns) -> list[Claim]:
    """Return the claims of a message; the ledger checks ids, days, codes and lines, row by row.

    Raises:
        InvalidInput: a column does not have as many values as there are claims or lines, a text
            is not UTF-8, a bit is not known, or a position points nowhere.
    """
    count = message.count
    if not 0 <= count <= ITEMS_MAX:
        raise InvalidInput("claims.count", f"expected 0 to {ITEMS_MAX}, found {count}")
    table = _Table(message, "claims", count)
    service_dates = table.numbers("service_dates", "<i4", None)
    until_dates = service_dates
    if message.until_dates:
        given = table.numbers("until_dates", "<i4", 0)
        until_dates = np.where(given == 0, service_dates, given)
    flags = table.bits("flags", _FLAGS_KNOWN) if message.flags else None
    columns = {
        "institution": table.dictionary("institution_ids", required=True),
        "request_id": (EACH, None, table.texts("request_ids")),
        "member": table.dictionary("member_ids", required=True),
        "service_date": (I4, service_dates, None),
        "until_date": (I4, until_dates, None),
        "total_fen": table.amounts("total_fen", None),
        "in_scope_fen": table.amounts("in_scope_fen", 0),
        "pre_payment_fen": table.amounts("pre_payment_fen", 0),
        "over_limit_fen": table.amounts("over_limit_fen", 0),
        "non_covered_fen": table.amounts("non_covered_fen", 0),
        "benefit": (U1, table.numbers("benefits", "u1", None), None),
        "visit": table.dictionary("visit_ids"),
        "disease": table.dictionary("disease_codes"),
        "prescriber": table.dictionary("prescriber_ids"),
        "admission": table.dictionary("admission_ids"),
        "liability": table.codes("liabilities", 0),
        "liable_fen": table.amounts("liable_fen", LIABLE_NOT_GIVEN),
        **{name: _switch(flags, flag) for name, flag in _FLAGS.items()},
        "lines": _lines(message, table),
        "prescription": table.dictionary("prescription_ids"),
        "papers": (U1, table.bits("papers", _PAPERS_KNOWN), None) if message.papers else _NONE,
        "payer": table.dictionary("payer_member_ids"),
    }
    return tuples_of(Claim, count, [columns[name] for name in Claim._fields])


Column = tuple[int, Any, Any]
"""A column as `tuples_of` takes it."""

_NONE: Final[Column] = (SAME, None, 0)


def _switch(flags: Array | None, flag: int) -> Column:
    """Return whether a switch is on, for each claim."""
    if flags is None:
        return SAME, None, False
    return PICKED, ((flags & flag) > 0).astype("<i4"), [False, True]


def _lines(message: batch_pb2.ClaimColumns, claims: "_Table") -> Column:
    """Return the lines of each claim."""
    if not message.line_counts and not message.HasField("lines"):
        return SAME, None, ()
    counts = claims.numbers("line_counts", "<i4", 0)
    if (counts < 0).any():
        row = int(np.argmax(counts < 0))
        raise InvalidInput(f"claims.line_counts[{row}]", f"is negative: {counts[row]}")
    ends = np.cumsum(counts, dtype=np.int64).tolist()
    total = ends[-1] if ends else 0
    if total > LINES_MAX:
        raise InvalidInput(
            "claims.line_counts", f"add up to {total}, expected at most {LINES_MAX}; send fewer"
        )
    table = _Table(message.lines, "claims.lines", total)
    columns = {
        "line_class": (U1, table.numbers("line_classes", "u1", None), None),
        "amount_fen": table.amounts("amount_fen", None),
        "first_pay_bp": (I4, table.numbers("first_pay_bp", "<i4", 0), None),
        "over_limit_fen": table.amounts("over_limit_fen", 0),
        "flag": (U1, table.numbers("flags", "u1", 0), None),
        "benefit": (U1, table.numbers("benefits", "u1", 0), None),
        "quantity": table.amounts("quantities", 0),
        "unit_price": table.amounts("unit_price_micro_yuan", 0),
        "unit_ceiling": table.amounts("unit_ceiling_micro_yuan", 0),
        "code": table.dictionary("codes"),
    }
    lines = tuples_of(BillLine, total, [columns[name] for name in BillLine._fields])
    by_claim = [tuple(lines[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
    return EACH, None, by_claim


class _Table(NamedTuple):
    """Columns with a value for each row, and the path that their errors begin with."""

    message: batch_pb2.ClaimColumns | batch_pb2.LineColumns
    path: str
    rows: int

    def numbers(self, name: str, dtype: str, default: int | None) -> Array:
        """Return a column of numbers; `default` None: the column is required."""
        data: bytes = getattr(self.message, name)
        if not data and default is not None:
            return np.full(self.rows, default, dtype=dtype)
        return _column(data, f"{self.path}.{name}", dtype, self.rows)

    def amounts(self, name: str, default: int | None) -> Column:
        """Return a column of int64, as `tuples_of` takes it."""
        if default is not None and not getattr(self.message, name):
            return SAME, None, default
        return I8, self.numbers(name, "<i8", default), None

    def codes(self, name: str, default: int) -> Column:
        """Return a column of uint8, as `tuples_of` takes it."""
        if not getattr(self.message, name):
            return SAME, None, default
        return U1, self.numbers(name, "u1", default), None

    def bits(self, name: str, known: int) -> Array:
        """Return a column of switches, none of them but those known."""
        bits = self.numbers(name, "u1", 0)
        if self.rows and int(bits.max()) > known:
            row = int(np.argmax(bits > known))
            raise InvalidInput(f"{self.path}.{name}[{row}]", "has a bit this server does not know")
        return bits

    def texts(self, name: str) -> list[str]:
        """Return a column of texts."""
        return _texts(getattr(self.message, name), f"{self.path}.{name}", self.rows)

    def dictionary(self, name: str, *, required: bool = False) -> Column:
        """Return a text for each row, empty where there is none, as `tuples_of` takes it."""
        count, path = self.rows, f"{self.path}.{name}"
        column: batch_pb2.DictionaryColumn = getattr(self.message, name)
        if not column.indexes and not required:
            if column.texts.text or column.texts.lengths:
                raise InvalidInput(f"{path}.indexes", "are missing; the column holds texts")
            return SAME, None, ""
        lengths = len(column.texts.lengths)
        if lengths % 4 or lengths // 4 > count:
            raise InvalidInput(
                f"{path}.texts.lengths",
                f"expected at most {count} values of 4 bytes: {lengths} bytes",
            )
        texts = [*_texts(column.texts, f"{path}.texts", lengths // 4), ""]
        indexes = _column(column.indexes, f"{path}.indexes", "<i4", count)
        if is_outside(indexes, -1, len(texts) - 2):
            raise InvalidInput(f"{path}.indexes", f"expected -1 to {len(texts) - 2} in every row")
        return PICKED, indexes, texts


def _column(data: bytes, path: str, dtype: str, count: int) -> Array:
    width = np.dtype(dtype).itemsize
    if len(data) != count * width:
        raise InvalidInput(
            path, f"expected {count} values of {width} bytes each, found {len(data)} bytes"
        )
    return np.frombuffer(data, dtype=dtype)


def _texts(column: batch_pb2.TextColumn, path: str, count: int) -> list[str]:
    """Return the texts of a column."""
    lengths = _column(column.lengths, f"{path}.lengths", "<i4", count)
    if not count and column.text:
        raise InvalidInput(f"{path}.text", "holds bytes of no text")
    texts: list[str] = []
    try:
        if not texts_of(column.text, lengths, texts):
            raise InvalidInput(f"{path}.lengths", f"do not add up to {len(column.text)} bytes")
    except UnicodeDecodeError:
        raise InvalidInput(f"{path}.text", f"text {len(texts)} is not UTF-8") from None
    return texts


# --- answers -----------------------------------------------------------------------------


_OF_ONE_BENEFIT: Final = (
    "deductible_before",
    "paid_before",
    "visit_paid_before",
    "disease_paid_before",
    "month_paid_before",
    "day_paid_before",
    "cost_before",
)
"""Counters that the parts of a claim may not share."""


_GATHERED: Final = {
    "settlement_ids": "link.position",
    "taken_times_ms": "link.instant",
    "reasons": "result.reason",
    "family_reasons": "result.family_reason",
    "facts": "row.facts",
    "benefits": "row.benefit",
    "statuses": "row.status",
    "levels": "row.level",
    "places": "row.place",
    "plans": "row.plan",
    **{f"{name}_fen": f"result.{name}" for name in (*AMOUNTS, *BEFORE, *_COUNTED)},
    **{name: f"result.{name}" for name in CITES},
}
"""The columns that are fields of the entries, most of them as they are."""
_COUNTED_FROM_1: Final = ("statuses", "levels", "places")
_PLUS_1: Final = bytes([*range(1, 256), 0])
_COLUMNS: Final = tuple(_GATHERED)
_FIELDS: Final = [layout.place_of(field) for field in _GATHERED.values()]


def encode_answers(answer: BatchAnswer, plans: Plans) -> batch_pb2.AnswerColumns:
    """Return the answers of a batch as columns; `plans` finds a plan by its digest."""
    entries = answer.entries
    count = len(entries)
    unsettled = {*answer.refusals, *answer.errors}
    outcomes = bytearray([codes_pb2.OUTCOME_SETTLED]) * count
    for rows, outcome in (
        (answer.replayed, codes_pb2.OUTCOME_REPLAYED),
        (answer.refusals, codes_pb2.OUTCOME_REFUSED),
        (answer.errors, codes_pb2.OUTCOME_ERROR),
    ):
        for row in rows:
            outcomes[row] = outcome
    if answer.parts:
        # What counts in one plan alone stands with each part.
        entries = entries.copy()
        for name in (*CITES, *_OF_ONE_BENEFIT):
            entries["result"][name][list(answer.parts)] = 0
    columns: dict[str, Any] = dict(zip(_COLUMNS, gather(_octets(entries), _FIELDS), strict=True))
    for name in _COUNTED_FROM_1:
        columns[name] = _from_1(columns[name], unsettled)
    numbers = np.frombuffer(columns.pop("plans"), dtype="<i4").tolist()
    indexes, digests = _plans(numbers, unsettled, answer.plan_digests)
    on_wire = PlansOnWire(plans)
    return batch_pb2.AnswerColumns(
        count=count,
        outcomes=bytes(outcomes),
        plan_indexes=indexes,
        plan_digests=digests,
        refusals=[
            batch_pb2.RowRefusal(row=index, refusal=encode_refusal(answer.refusals[index]))
            for index in sorted(answer.refusals)
        ],
        errors=[
            batch_pb2.RowError(row=index, error=encode_error(answer.errors[index]))
            for index in sorted(answer.errors)
        ],
        groups=[
            batch_pb2.RowGroups(
                row=row, groups=[encode_group(part, on_wire) for part in parts_of_row(answer, row)]
            )
            for row in sorted(answer.parts)
        ],
        **columns,
    )


def _octets(entries: Array) -> Array:
    """Return the bytes of each entry, a line each."""
    octets: Array = np.ascontiguousarray(entries).view("u1").reshape(len(entries), ENTRY.itemsize)
    return octets


def _from_1(column: bytes, unsettled: Set[int]) -> bytes:
    """Return codes that count from 0 counted from 1, 0 in rows that were not settled."""
    counted = bytearray(column.translate(_PLUS_1))
    for row in unsettled:
        counted[row] = 0
    return bytes(counted)


def _plans(
    numbers: Sequence[int], unsettled: Set[int], digests: Mapping[int, bytes]
) -> tuple[bytes, list[bytes]]:
    """Return for each row the position of its plan, -1 for none, and the plans' digests."""
    if unsettled:
        numbers = [-1 if row in unsettled else number for row, number in enumerate(numbers)]
    used = sorted({*numbers} - {-1})
    positions = {number: position for position, number in enumerate(used)} | {-1: -1}
    indexes = np.array([positions[number] for number in numbers], dtype="<i4")
    return indexes.tobytes(), [digests[number] for number in used]
