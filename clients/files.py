"""Files of claims: CSV, JSON lines or Parquet under the names of the worked-case format.

A claim without a request id gets one from the file's digest and its line, so that the same file
read again asks for the same settlements and not for new ones.
"""

import heapq
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple

from clients import fields as f
from clients.bill import line_column, lines_of, papers_of
from clients.columns import plain_claims
from clients.lines import AUTO
from clients.parquet import Part, all_given, read_parts
from clients.rows import BadRow, Columns, Fields, Holds, Row, check_names
from clients.table import is_parquet, read_table
from engine.domain.claim import LIABLE_NOT_GIVEN, Claim, check_claim
from engine.domain.codes import Benefit, Liability
from engine.domain.money import AMOUNT_MAX_FEN, format_yuan
from engine.errors import InvalidInput

_AMOUNTS: Final = ("in_scope", "pre_payment", "over_limit", "non_covered")

CLAIM_COLUMNS: Final = Columns(
    known={
        "request_id": Holds.TEXT,
        "institution": Holds.TEXT,
        "member": Holds.TEXT,
        "date": Holds.DAY,
        "until": Holds.DAY,
        "benefit": Holds.TEXT,
        "visit": Holds.TEXT,
        "disease": Holds.TEXT,
        **dict.fromkeys(_AMOUNTS, Holds.AMOUNT),
        "total": Holds.AMOUNT,
        "emergency": Holds.FLAG,
        "referred": Holds.FLAG,
        "prescriber": Holds.TEXT,
        "liability": Holds.TEXT,
        "liable_amount": Holds.AMOUNT,
        "admission": Holds.TEXT,
        "statement": Holds.FLAG,
        "manual": Holds.FLAG,
        "use_account": Holds.FLAG,
        "prescription": Holds.TEXT,
        "papers": Holds.NAMES,
        "payer": Holds.TEXT,
    },
    required=("institution", "member", "date"),
    one_of=_AMOUNTS,
    nested=("lines",),
)

_COLUMN_OF: Final = {
    "service_date": "date",
    "until_date": "until",
    "liable_fen": "liable_amount",
    "total_fen": "total",
    "institution_id": "institution",
    "member_id": "member",
    "visit_id": "visit",
    "disease_code": "disease",
    "prescriber_id": "prescriber",
    "admission_id": "admission",
    "prescription_id": "prescription",
    "payer_member_id": "payer",
    **{f"{name}_fen": name for name in _AMOUNTS},
}
"""Columns of the fields, as the engine's own check and as the server name them."""


class ClaimRow(NamedTuple):
    """One claim of a file and its line, from 1; its row where the file is Parquet."""

    line: int
    claim: Claim


class Block(NamedTuple):
    """Rows of a file, one after the other: the claims with their lines, and those that are none."""

    lines: Sequence[int]
    claims: Sequence[Claim]
    bad: Sequence[BadRow]

    def rows(self) -> Iterator[ClaimRow | BadRow]:
        """Yield the rows in the order of the file."""
        claims: Iterator[ClaimRow | BadRow] = map(ClaimRow, self.lines, self.claims)
        yield from heapq.merge(claims, self.bad, key=attrgetter("line"))


def claim_column(path: str) -> str:
    """Return the column of a claim's field as the engine or the server names it.

    Within the lines of a bill it is the path of the key, `lines[0].amount`.
    """
    if column := line_column(path):
        return column
    name = path.rpartition(".")[2].partition("[")[0]
    return _COLUMN_OF.get(name, name)


def generated_id(digest: str, line: int) -> str:
    """Return the request id of a claim that came without one."""
    return f"{digest[:24]}-{line}"


def read_claims(path: Path, digest: str, encoding: str = AUTO) -> Iterator[ClaimRow | BadRow]:
    """Yield the claims of a file in its order, and the lines that are none.

    Args:
        path: A table as `clients.table.read_table` takes it.
        digest: The digest of the file (`clients.table.file_digest`), for ids not given.
        encoding: As for `clients.table.encoding_of`.

    Raises:
        FileError: the file as a whole cannot be used.
    """
    if is_parquet(path):
        for block in read_blocks(path, digest):
            yield from block.rows()
        return
    for row in read_table(path, CLAIM_COLUMNS, encoding):
        yield row if isinstance(row, BadRow) else claim_row(row, digest)


def read_blocks(path: Path, digest: str) -> Iterator[Block]:
    """Yield the claims of a Parquet file in its order, many at a time; as `read_claims` does.

    Raises:
        FileError: the file as a whole cannot be used, or pyarrow is not installed.
    """
    for part in read_parts(path, CLAIM_COLUMNS):
        yield _block(part, digest)


def _block(part: Part, digest: str) -> Block:
    first = part.before + 1
    plain = plain_claims(part, lambda place: generated_id(digest, first + place))
    count = part.batch.num_rows
    if len(plain.claims) == count:
        return Block(range(first, first + count), plain.claims, [])
    found = [ClaimRow(first + at, claim) for at, claim in zip(*plain, strict=True)]
    bad = []
    for row in part.rows(sorted(set(range(count)).difference(plain.places))):
        claimed = row if isinstance(row, BadRow) else claim_row(row, digest)
        if isinstance(claimed, BadRow):
            bad.append(claimed)
        else:
            found.append(claimed)
    found.sort(key=attrgetter("line"))
    return Block([row.line for row in found], [row.claim for row in found], bad)


def have_own_ids(path: Path, encoding: str = AUTO) -> bool:
    """Return whether every claim of a file came with a request id; malformed lines are no claims.

    Raises:
        FileError: the file as a whole cannot be used.
    """
    if is_parquet(path) and all_given(path, CLAIM_COLUMNS, "request_id"):
        return True
    return all(
        isinstance(row, BadRow)
        or bool(row.fields.get("request_id"))
        or isinstance(claim_row(row, ""), BadRow)
        for row in read_table(path, CLAIM_COLUMNS, encoding)
    )


def claim_row(row: Row, digest: str) -> ClaimRow | BadRow:
    """Return the claim of a record, or what is wrong with it; `digest` as for `read_claims`."""
    checked = check_names(row.line, row.fields, CLAIM_COLUMNS)
    if isinstance(checked, BadRow):
        return checked._replace(record_id=_id_of(row.fields))
    try:
        return ClaimRow(row.line, claim_from_fields(checked.fields, generated_id(digest, row.line)))
    except InvalidInput as error:
        column = claim_column(error.path)
        return BadRow(row.line, column, error.problem, _id_of(row.fields))


def _id_of(fields: Fields) -> str:
    value = fields.get("request_id", "")
    return value[:64] if isinstance(value, str) and value.isprintable() else ""


def claim_from_fields(fields: Fields, default_id: str = "") -> Claim:
    """Return the claim that a record under the names of the worked-case format describes.

    Raises:
        InvalidInput: naming the column, what was found and what was expected.
    """
    parts = {name: f.yuan(fields, name) or 0 for name in _AMOUNTS}
    lines = lines_of(fields)
    amounts = [line.amount_fen for line in lines] if lines else parts.values()
    total = f.yuan(fields, "total")
    service_date = f.day(fields, "date")
    claim = Claim(
        institution=f.identifier(fields, "institution", required=True),
        request_id=f.identifier(fields, "request_id") or default_id,
        member=f.identifier(fields, "member", required=True),
        service_date=service_date,
        until_date=f.day(fields, "until", service_date),
        total_fen=sum(amounts) if total is None else total,
        in_scope_fen=parts["in_scope"],
        pre_payment_fen=parts["pre_payment"],
        over_limit_fen=parts["over_limit"],
        non_covered_fen=parts["non_covered"],
        benefit=f.code(fields, "benefit", Benefit, Benefit.ORDINARY),
        visit=f.identifier(fields, "visit"),
        disease=f.identifier(fields, "disease"),
        prescriber=f.identifier(fields, "prescriber"),
        admission=f.identifier(fields, "admission"),
        liability=f.code(fields, "liability", Liability, Liability.NONE),
        liable_fen=_liable(f.yuan(fields, "liable_amount")),
        emergency=f.flag(fields, "emergency"),
        referred=f.flag(fields, "referred"),
        statement=f.flag(fields, "statement"),
        manual=f.flag(fields, "manual"),
        use_account=f.flag(fields, "use_account"),
        lines=lines,
        prescription=f.identifier(fields, "prescription"),
        papers=papers_of(fields),
        payer=f.identifier(fields, "payer"),
    )
    if claim.total_fen > AMOUNT_MAX_FEN:
        raise InvalidInput("total", f"at most {format_yuan(AMOUNT_MAX_FEN)} yuan for one claim")
    given = [name for name in _AMOUNTS if name in fields]
    if lines and given:
        raise InvalidInput(given[0], "stands beside lines; give one or the other")
    if not lines and not given:
        raise InvalidInput(
            "in_scope",
            f"is missing; give at least one of {', '.join(_AMOUNTS)}, or the lines of the bill",
        )
    check_claim(claim)
    return claim


def _liable(amount_fen: int | None) -> int:
    """Return the liable part; one fen below zero is negative like any other, not "not given"."""
    if amount_fen is None:
        return LIABLE_NOT_GIVEN
    return amount_fen if amount_fen != LIABLE_NOT_GIVEN else LIABLE_NOT_GIVEN - 1
