"""Claims and answers in columns: one message of a gateway, up to 10,000 rows."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Final, NamedTuple

import numpy as np

from engine.domain import layout
from engine.domain.bill import BillLine
from engine.domain.claim import LIABLE_NOT_GIVEN, Claim
from engine.domain.codes import Paper
from engine.domain.layout import AMOUNTS, BEFORE, CITES, Array
from engine.domain.request import BatchAnswer
from engine.errors import InvalidInput
from gongji.v1 import batch_pb2, codes_pb2
from server.codec import encode_error, encode_refusal
from server.codec_settlement import encode_group
from server.config import ITEMS_MAX, LINES_MAX
from server.merge import parts_of_row
from server.wire_settlement import Plans, PlansOnWire

_FLAGS: Final = (
    layout.FLAG_EMERGENCY,
    layout.FLAG_REFERRED,
    layout.FLAG_STATEMENT,
    layout.FLAG_MANUAL,
    layout.FLAG_USE_ACCOUNT,
)
_FLAGS_KNOWN: Final = sum(_FLAGS)
_FLAG_ROWS: Final = [
    tuple(bool(bits & flag) for flag in _FLAGS) for bits in range(_FLAGS_KNOWN + 1)
]

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
    until_dates = table.numbers("until_dates", "<i4", 0)
    switches = [_FLAG_ROWS[bits] for bits in table.bits("flags", _FLAGS_KNOWN)]
    columns: tuple[Sequence[object], ...] = (
        table.dictionary("institution_ids", required=True),
        table.texts("request_ids"),
        table.dictionary("member_ids", required=True),
        service_dates.tolist(),
        np.where(until_dates == 0, service_dates, until_dates).tolist(),
        table.numbers("total_fen", "<i8", None).tolist(),
        table.numbers("in_scope_fen", "<i8", 0).tolist(),
        table.numbers("pre_payment_fen", "<i8", 0).tolist(),
        table.numbers("over_limit_fen", "<i8", 0).tolist(),
        table.numbers("non_covered_fen", "<i8", 0).tolist(),
        table.numbers("benefits", "u1", None).tolist(),
        table.dictionary("visit_ids"),
        table.dictionary("disease_codes"),
        table.dictionary("prescriber_ids"),
        table.dictionary("admission_ids"),
        table.numbers("liabilities", "u1", 0).tolist(),
        table.numbers("liable_fen", "<i8", LIABLE_NOT_GIVEN).tolist(),
    )
    rows: Any = zip(*columns, strict=True)
    ends: Any = _ends(message, table)
    return [
        Claim(*row, *switch, *end) for row, switch, end in zip(rows, switches, ends, strict=True)
    ]


def _ends(message: batch_pb2.ClaimColumns, claims: "_Table") -> Iterable[tuple[object, ...]]:
    """Return what follows the switches in each claim; nothing, where no claim gives any of it."""
    if not (
        message.line_counts
        or message.papers
        or message.HasField("lines")
        or message.HasField("prescription_ids")
        or message.HasField("payer_member_ids")
    ):
        return repeat((), claims.rows)
    return zip(
        _lines(message, claims),
        claims.dictionary("prescription_ids"),
        claims.bits("papers", _PAPERS_KNOWN),
        claims.dictionary("payer_member_ids"),
        strict=True,
    )


def _lines(message: batch_pb2.ClaimColumns, claims: "_Table") -> list[tuple[BillLine, ...]]:
    """Return the lines of each claim."""
    if not message.line_counts and not message.HasField("lines"):
        return [()] * claims.rows
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
    columns: Any = (
        table.numbers("line_classes", "u1", None).tolist(),
        table.numbers("amount_fen", "<i8", None).tolist(),
        table.numbers("first_pay_bp", "<i4", 0).tolist(),
        table.numbers("over_limit_fen", "<i8", 0).tolist(),
        table.numbers("flags", "u1", 0).tolist(),
        table.numbers("benefits", "u1", 0).tolist(),
        table.numbers("quantities", "<i8", 0).tolist(),
        table.numbers("unit_price_micro_yuan", "<i8", 0).tolist(),
        table.numbers("unit_ceiling_micro_yuan", "<i8", 0).tolist(),
        table.dictionary("codes"),
    )
    lines = list(map(BillLine, *columns))
    return [
        tuple(lines[start:end]) if start < end else ()
        for start, end in zip([0, *ends], ends, strict=False)
    ]


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

    def bits(self, name: str, known: int) -> list[int]:
        """Return a column of switches, none of them but those known."""
        bits = self.numbers(name, "u1", 0)
        if self.rows and int(bits.max()) > known:
            row = int(np.argmax(bits > known))
            raise InvalidInput(f"{self.path}.{name}[{row}]", "has a bit this server does not know")
        values: list[int] = bits.tolist()
        return values

    def texts(self, name: str) -> list[str]:
        """Return a column of texts."""
        return _texts(getattr(self.message, name), f"{self.path}.{name}", self.rows)

    def dictionary(self, name: str, *, required: bool = False) -> Sequence[str]:
        """Return a text for each row, empty where there is none."""
        count, path = self.rows, f"{self.path}.{name}"
        column: batch_pb2.DictionaryColumn = getattr(self.message, name)
        if not column.indexes and not required:
            if column.texts.text or column.texts.lengths:
                raise InvalidInput(f"{path}.indexes", "are missing; the column holds texts")
            return list(repeat("", count))
        lengths = len(column.texts.lengths)
        if lengths % 4 or lengths // 4 > count:
            raise InvalidInput(
                f"{path}.texts.lengths",
                f"expected at most {count} values of 4 bytes: {lengths} bytes",
            )
        texts = [*_texts(column.texts, f"{path}.texts", lengths // 4), ""]
        indexes = _column(column.indexes, f"{path}.indexes", "<i4", count)
        if count and not -1 <= int(indexes.min()) <= int(indexes.max()) < len(texts) - 1:
            raise InvalidInput(f"{path}.indexes", f"expected -1 to {len(texts) - 2} in every row")
        return [texts[index] for index in indexes.tolist()]


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
    ends = np.cumsum(lengths, dtype=np.int64)
    if count and (int(lengths.min()) < 0 or int(ends[-1]) != len(column.text)):
        raise InvalidInput(f"{path}.lengths", f"do not add up to {len(column.text)} bytes")
    if not count and column.text:
        raise InvalidInput(f"{path}.text", "holds bytes of no text")
    data, texts, start = column.text, [], 0
    try:
        for end in ends.tolist():
            texts.append(data[start:end].decode())
            start = end
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


def encode_answers(answer: BatchAnswer, plans: Plans) -> batch_pb2.AnswerColumns:
    """Return the answers of a batch as columns; `plans` finds a plan by its digest."""
    entries = answer.entries
    count = len(entries)
    link, row, result = entries["link"], entries["row"], entries["result"]
    outcomes = np.full(count, codes_pb2.OUTCOME_SETTLED, dtype="u1")
    outcomes[list(answer.replayed)] = codes_pb2.OUTCOME_REPLAYED
    outcomes[list(answer.refusals)] = codes_pb2.OUTCOME_REFUSED
    outcomes[list(answer.errors)] = codes_pb2.OUTCOME_ERROR
    settled = outcomes <= codes_pb2.OUTCOME_REPLAYED
    indexes, digests = _plans(row["plan"], settled, answer.plan_digests)
    if answer.parts:
        # What counts in one plan alone stands with each part.
        result = result.copy()
        for name in (*CITES, *_OF_ONE_BENEFIT):
            result[name][list(answer.parts)] = 0
    amounts = {
        f"{name}_fen": _bytes(result[name], "<i8") for name in (*AMOUNTS, *BEFORE, *_COUNTED)
    }
    citations = {name: _bytes(result[name], "<u2") for name in CITES}
    on_wire = PlansOnWire(plans)
    return batch_pb2.AnswerColumns(
        count=count,
        outcomes=outcomes.tobytes(),
        settlement_ids=_bytes(link["position"], "<i8"),
        taken_times_ms=_bytes(link["instant"], "<i8"),
        reasons=_bytes(result["reason"], "u1"),
        family_reasons=_bytes(result["family_reason"], "u1"),
        plan_indexes=indexes,
        plan_digests=digests,
        facts=_bytes(row["facts"], "<u4"),
        statuses=_bytes(row["status"] + settled, "u1"),
        levels=_bytes(row["level"] + settled, "u1"),
        places=_bytes(row["place"] + settled, "u1"),
        benefits=_bytes(row["benefit"], "u1"),
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
        **amounts,
        **citations,
    )


def _bytes(column: Array, dtype: str) -> bytes:
    return np.ascontiguousarray(column, dtype=dtype).tobytes()


def _plans(
    numbers: Array, settled: Array, digests: Mapping[int, bytes]
) -> tuple[bytes, list[bytes]]:
    """Return for each row the position of its plan, and the plans' digests."""
    used = np.unique(numbers[settled])
    indexes = np.where(settled, np.searchsorted(used, numbers), -1)
    return _bytes(indexes, "<i4"), [digests[number] for number in used.tolist()]
