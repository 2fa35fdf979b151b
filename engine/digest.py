"""One digest of a set of results, whatever the order and the way they came.

The digest is the sum, modulo 2^256, of one SHA-256 for each settlement; an undo subtracts the
hash of the settlement it takes back. So stream, bulk and both kernels can be compared by 32 bytes.

Canonical form of one settlement, hashed as a whole: the tag `gongji-result-3`, then the texts
`TEXTS` of the claim, then the numbers `NUMBERS` of the claim, then the amounts
`engine.domain.layout.AMOUNTS` of the result. Every field is a length, 4 bytes little-endian, and
its bytes: a text in UTF-8, a number as 8 bytes little-endian, signed. A text that was not given
is empty. Flags count as in `CLAIM`. Journal positions, times, counters, citations and the name of
the kernel are not in it: two ledgers that settled the same claims alike have the same digest.
Previews, refusals, replays and tombstones are no results and add nothing.
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from engine.domain.bill import encode_lines
from engine.domain.claim import Claim
from engine.domain.journal import EntryKind
from engine.domain.layout import (
    AMOUNTS,
    FLAG_EMERGENCY,
    FLAG_MANUAL,
    FLAG_REFERRED,
    FLAG_STATEMENT,
    FLAG_USE_ACCOUNT,
    Array,
)
from engine.domain.request import BatchAnswer, Entry

TAG: Final = b"gongji-result-3"

TEXTS: Final = (
    "institution",
    "request_id",
    "member",
    "visit",
    "disease",
    "prescriber",
    "admission",
    "prescription",
    "payer",
    "lines",
)
NUMBERS: Final = (
    "service_date",
    "until_date",
    "total",
    "in_scope",
    "pre_payment",
    "over_limit",
    "non_covered",
    "benefit",
    "liability",
    "liable",
    "flags",
    "papers",
)

_MODULUS: Final = 1 << 256
_LENGTH: Final = struct.Struct("<I")
_HEAD: Final = _LENGTH.pack(len(TAG)) + TAG
_EMPTY: Final = _LENGTH.pack(0)
_FIELD: Final = np.dtype([("length", "<u4"), ("value", "<i8")])
_UNDOES: Final = (EntryKind.CANCEL, EntryKind.REVERSAL)
_KINDS: Final = (EntryKind.SETTLEMENT, *_UNDOES)


def result_digest(entries: Sequence[Entry]) -> bytes:
    """Return the digest of the entries, 32 bytes."""
    digest = ResultDigest()
    for entry in entries:
        digest.add(entry)
    return digest.digest()


class ResultDigest:
    """The digest of a growing set of results; digests of parts can be added up."""

    def __init__(self) -> None:
        self._sum = 0

    def add(self, entry: Entry) -> None:
        """Count a settlement, or take back the one that an undo undoes."""
        record = entry.record
        kind = int(record["link"]["kind"])
        if int(record["link"]["position"]) == 0 or kind not in _KINDS:
            return
        claim = record["claim"]
        texts = (
            entry.institution,
            entry.text.request_id,
            entry.member,
            entry.text.visit,
            entry.text.disease,
            entry.prescriber,
            entry.text.admission,
            entry.text.prescription,
            entry.payer,
            entry.text.lines,
        )
        numbers = [int(claim[name]) for name in NUMBERS]
        undone = kind in _UNDOES
        amounts = (
            [-int(record["result"][name]) for name in AMOUNTS]
            if undone
            else [int(record["result"][name]) for name in AMOUNTS]
        )
        self._count(_hash(texts, _fields([numbers + amounts]).tobytes()), undone)

    def add_settled(self, claim: Claim, amounts: Sequence[int], undone: bool = False) -> None:
        """Count a claim that was settled with these amounts, in the order of `AMOUNTS`.

        Args:
            claim: The claim as it was sent.
            amounts: The amounts it was settled with, not negated.
            undone: True takes the settlement back instead.

        Raises:
            ValueError: There are not as many amounts as `AMOUNTS` has names.
        """
        if len(amounts) != len(AMOUNTS):
            raise ValueError(f"expected {len(AMOUNTS)} amounts, found {len(amounts)}")
        fields = _fields([[*_numbers(claim), *amounts]])
        self._count(_hash(_texts(claim), fields.tobytes()), undone)

    def add_batch(self, claims: Sequence[Claim], answer: BatchAnswer) -> None:
        """Count what a batch settled now: no refusal, no error, no replay, no preview."""
        positions = answer.entries["link"]["position"]
        rows = [
            row
            for row in range(len(claims))
            if positions[row]
            and row not in answer.refusals
            and row not in answer.errors
            and row not in answer.replayed
        ]
        if not rows:
            return
        result = answer.entries["result"]
        values = np.empty((len(rows), len(NUMBERS) + len(AMOUNTS)), dtype=np.int64)
        values[:, : len(NUMBERS)] = [_numbers(claims[row]) for row in rows]
        for column, name in enumerate(AMOUNTS, len(NUMBERS)):
            values[:, column] = result[name][rows]
        self.add_columns([_texts(claims[row]) for row in rows], values)

    def add_columns(self, texts: Iterable[Sequence[str]], numbers: Array) -> None:
        """Count settlements that none undoes here.

        Args:
            texts: Of each one `TEXTS`, in their order.
            numbers: int64, a row for each one: `NUMBERS`, then `AMOUNTS`.
        """
        fields = _fields(numbers)
        width = fields.shape[1] * fields.itemsize
        data = fields.tobytes()
        for index, of_one in enumerate(texts):
            start = index * width
            self._count(_hash(of_one, data[start : start + width]), undone=False)

    def merge(self, other: "ResultDigest") -> None:
        """Count everything that another digest has counted."""
        self._sum = (self._sum + other._sum) % _MODULUS

    def digest(self) -> bytes:
        """Return the digest so far, 32 bytes, the highest byte first."""
        return self._sum.to_bytes(32, "big")

    def hexdigest(self) -> str:
        """Return the digest so far as 64 hexadecimal digits."""
        return self.digest().hex()

    def _count(self, value: int, undone: bool) -> None:
        self._sum = (self._sum - value if undone else self._sum + value) % _MODULUS


def _texts(claim: Claim) -> tuple[str, ...]:
    """Return the texts of a claim in the order of `TEXTS`."""
    return (
        claim.institution,
        claim.request_id,
        claim.member,
        claim.visit,
        claim.disease,
        claim.prescriber,
        claim.admission,
        claim.prescription,
        claim.payer,
        encode_lines(claim.lines).decode(),
    )


def _numbers(claim: Claim) -> tuple[int, ...]:
    """Return the numbers of a claim in the order of `NUMBERS`."""
    flags = (
        FLAG_EMERGENCY * claim.emergency
        | FLAG_REFERRED * claim.referred
        | FLAG_STATEMENT * claim.statement
        | FLAG_MANUAL * claim.manual
        | FLAG_USE_ACCOUNT * claim.use_account
    )
    return (
        claim.service_date,
        claim.until_date,
        claim.total_fen,
        claim.in_scope_fen,
        claim.pre_payment_fen,
        claim.over_limit_fen,
        claim.non_covered_fen,
        claim.benefit,
        claim.liability,
        claim.liable_fen,
        flags,
        claim.papers,
    )


def _fields(values: Sequence[Sequence[int]] | Array) -> Array:
    """Return numbers as fields: their length, then 8 bytes each."""
    numbers = np.asarray(values, dtype=np.int64)
    fields = np.empty(numbers.shape, dtype=_FIELD)
    fields["length"] = 8
    fields["value"] = numbers
    return fields


def _hash(texts: Sequence[str], numbers: bytes) -> int:
    """Return the hash of one settlement as an integer."""
    parts = [_HEAD]
    for text in texts:
        if text:
            data = text.encode()
            parts += (_LENGTH.pack(len(data)), data)
        else:
            parts.append(_EMPTY)
    parts.append(numbers)
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")
