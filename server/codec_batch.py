"""Claims and answers in columns: one message of a gateway, up to 10,000 rows."""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any, Final

import numpy as np

from engine.domain import layout
from engine.domain.claim import LIABLE_NOT_GIVEN, Claim
from engine.domain.layout import AMOUNTS, BEFORE, CITES, Array
from engine.domain.request import BatchAnswer
from engine.errors import InvalidInput
from gongji.v1 import batch_pb2, codes_pb2
from server.codec import encode_error, encode_refusal
from server.config import ITEMS_MAX

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

_COUNTED: Final = ("pooled_counted", "burden_counted")


# --- claims ------------------------------------------------------------------------------


def decode_claims(message: batch_pb2.ClaimColumns) -> list[Claim]:
    """Return the claims of a message; the ledger checks ids, days and codes, row by row.

    Raises:
        InvalidInput: a column does not have as many values as there are claims, a text is not
            UTF-8, or a position points nowhere.
    """
    count = message.count
    if not 0 <= count <= ITEMS_MAX:
        raise InvalidInput("claims.count", f"expected 0 to {ITEMS_MAX}, found {count}")
    service_dates = _numbers(message, "service_dates", "<i4", None)
    until_dates = _numbers(message, "until_dates", "<i4", 0)
    flags = _numbers(message, "flags", "u1", 0)
    if count and int(flags.max()) > _FLAGS_KNOWN:
        row = int(np.argmax(flags > _FLAGS_KNOWN))
        raise InvalidInput(f"claims.flags[{row}]", "has a bit this server does not know")
    liable = _numbers(message, "liable_fen", "<i8", LIABLE_NOT_GIVEN)
    switches = [_FLAG_ROWS[bits] for bits in flags.tolist()]
    columns: tuple[Sequence[object], ...] = (
        _dictionary(message, "institution_ids", required=True),
        _texts(message.request_ids, "claims.request_ids", count),
        _dictionary(message, "member_ids", required=True),
        service_dates.tolist(),
        np.where(until_dates == 0, service_dates, until_dates).tolist(),
        _numbers(message, "total_fen", "<i8", None).tolist(),
        _numbers(message, "in_scope_fen", "<i8", 0).tolist(),
        _numbers(message, "pre_payment_fen", "<i8", 0).tolist(),
        _numbers(message, "over_limit_fen", "<i8", 0).tolist(),
        _numbers(message, "non_covered_fen", "<i8", 0).tolist(),
        _numbers(message, "benefits", "u1", None).tolist(),
        _dictionary(message, "visit_ids"),
        _dictionary(message, "disease_codes"),
        _dictionary(message, "prescriber_ids"),
        _dictionary(message, "admission_ids"),
        _numbers(message, "liabilities", "u1", 0).tolist(),
        liable.tolist(),
    )
    rows: Any = zip(*columns, strict=True)
    return [Claim(*row, *switch) for row, switch in zip(rows, switches, strict=True)]


def _numbers(message: batch_pb2.ClaimColumns, name: str, dtype: str, default: int | None) -> Array:
    """Return a column of numbers; `default` None: the column is required."""
    data: bytes = getattr(message, name)
    if not data and default is not None:
        return np.full(message.count, default, dtype=dtype)
    return _column(data, f"claims.{name}", dtype, message.count)


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


def _dictionary(
    message: batch_pb2.ClaimColumns, name: str, *, required: bool = False
) -> Sequence[str]:
    """Return a text for each row, empty where there is none."""
    count = message.count
    path = f"claims.{name}"
    column: batch_pb2.DictionaryColumn = getattr(message, name)
    if not column.indexes and not required:
        if column.texts.text or column.texts.lengths:
            raise InvalidInput(f"{path}.indexes", "are missing; the column holds texts")
        return list(repeat("", count))
    lengths = len(column.texts.lengths)
    if lengths % 4 or lengths // 4 > count:
        raise InvalidInput(
            f"{path}.texts.lengths", f"expected at most {count} values of 4 bytes: {lengths} bytes"
        )
    texts = [*_texts(column.texts, f"{path}.texts", lengths // 4), ""]
    indexes = _column(column.indexes, f"{path}.indexes", "<i4", count)
    if count and not -1 <= int(indexes.min()) <= int(indexes.max()) < len(texts) - 1:
        raise InvalidInput(f"{path}.indexes", f"expected -1 to {len(texts) - 2} in every row")
    return [texts[index] for index in indexes.tolist()]


# --- answers -----------------------------------------------------------------------------


def encode_answers(answer: BatchAnswer) -> batch_pb2.AnswerColumns:
    """Return the answers of a batch as columns."""
    entries = answer.entries
    count = len(entries)
    link, row, result = entries["link"], entries["row"], entries["result"]
    outcomes = np.full(count, codes_pb2.OUTCOME_SETTLED, dtype="u1")
    outcomes[list(answer.replayed)] = codes_pb2.OUTCOME_REPLAYED
    outcomes[list(answer.refusals)] = codes_pb2.OUTCOME_REFUSED
    outcomes[list(answer.errors)] = codes_pb2.OUTCOME_ERROR
    settled = outcomes <= codes_pb2.OUTCOME_REPLAYED
    indexes, digests = _plans(row["plan"], settled, answer.plan_digests)
    amounts = {
        f"{name}_fen": _bytes(result[name], "<i8") for name in (*AMOUNTS, *BEFORE, *_COUNTED)
    }
    citations = {name: _bytes(result[name], "<u2") for name in CITES}
    return batch_pb2.AnswerColumns(
        count=count,
        outcomes=outcomes.tobytes(),
        settlement_ids=_bytes(link["position"], "<i8"),
        taken_times_ms=_bytes(link["instant"], "<i8"),
        reasons=_bytes(result["reason"], "u1"),
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
