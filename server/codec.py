"""The only door between the wire and the domain: reading requests, and small answers.

Bytes are parsed here and not by gRPC, so that garbage gets a clear answer. A field that this
server does not know, or does not serve yet, is an error that names it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from engine.domain.bill import BillLine
from engine.domain.claim import LIABLE_NOT_GIVEN, Claim
from engine.domain.codes import Paper
from engine.domain.request import Cancel, GetSettlement, ItemError, Refused, Reverse
from engine.errors import InvalidInput
from gongji.v1 import claim_pb2, settlement_pb2, settlement_service_pb2

M = TypeVar("M", bound=Message)

NOT_SERVED: Final = "is not served yet; send the claim without it"

_WIRE_NAMES: Final[Mapping[str, str]] = {
    "institution": "institution_id",
    "member": "member_id",
    "visit": "visit_id",
    "disease": "disease_code",
    "prescriber": "prescriber_id",
    "admission": "admission_id",
    "prescription": "prescription_id",
    "payer": "payer_member_id",
    "unit_price": "unit_price_micro_yuan",
    "unit_ceiling": "unit_ceiling_micro_yuan",
    "host": "host_id",
    "relative": "relative_id",
    "parent": "parent_id",
    "retired_on": "retired_date",
    "born_on": "born_date",
    "from": "first_day",
    "to": "last_day",
    "year": "policy_year",
    "visit_paid_fen": "visits",
    "day": "date",
    "person": "person_id",
    "movement": "movement_id",
}
_WORD: Final = re.compile(r"[a-z_]+")
_PAPERS: Final = {paper.value.bit_length(): int(paper) for paper in Paper}
"""The bit of each number of `Paper` on the wire."""


def number(value: int) -> Any:
    """Return an enum's number in a form that generated constructors accept."""
    return value


# --- bytes -------------------------------------------------------------------------------


def parse(kind: type[M], data: bytes) -> M:
    """Return the message that the bytes hold.

    Raises:
        InvalidInput: they hold none of this kind.
    """
    try:
        return kind.FromString(data)
    except DecodeError:
        name = kind.DESCRIPTOR.full_name
        raise InvalidInput("", f"cannot be read as {name}; send one in UTF-8 protobuf") from None


def check_known(message: Message, data: bytes) -> None:
    """Refuse fields that this server does not know, at any depth.

    Raises:
        InvalidInput: naming the first of them.
    """
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() != size:
        path = _unknown_field(type(message).FromString(data))
        raise InvalidInput(path, "is not known to this server; send the message without it")


def _unknown_field(message: Message) -> str:
    """Return the path of the first unknown field, empty if there is none."""
    unknown: Any = UnknownFieldSet(message)
    for field in unknown:
        return f"field {field.field_number}"
    for descriptor, value in message.ListFields():
        if descriptor.type != FieldDescriptor.TYPE_MESSAGE:
            continue
        repeated = not isinstance(value, Message)
        for index, inner in enumerate(value if repeated else [value]):
            path = _unknown_field(inner)
            if path:
                here = f"{descriptor.name}[{index}]" if repeated else descriptor.name
                return f"{here}.{path}"
    return ""


# --- requests ----------------------------------------------------------------------------


def decode_claim(message: claim_pb2.Claim, institution: str) -> Claim:
    """Return the claim; the ledger checks ids, days, codes and lines.

    Raises:
        InvalidInput: it uses a field that is not served yet, or names a paper that is none.
    """
    if message.groups:
        raise InvalidInput("groups", NOT_SERVED)
    service_date, lines, papers = message.service_date, message.lines, message.papers
    liable_fen = message.liable_fen
    if not message.HasField("liable_fen"):
        liable_fen = LIABLE_NOT_GIVEN
    elif liable_fen == LIABLE_NOT_GIVEN:
        liable_fen = LIABLE_NOT_GIVEN - 1  # Given, and negative like any other.
    return Claim(
        institution,
        message.request_id,
        message.member_id,
        service_date,
        message.until_date or service_date,
        message.total_fen,
        message.in_scope_fen,
        message.pre_payment_fen,
        message.over_limit_fen,
        message.non_covered_fen,
        message.benefit,
        message.visit_id,
        message.disease_code,
        message.prescriber_id,
        message.admission_id,
        message.liability,
        liable_fen,
        message.emergency,
        message.referred,
        message.statement,
        message.manual,
        message.use_account,
        tuple(map(_line, lines)) if lines else (),
        message.prescription_id,
        _papers(papers) if papers else 0,
        message.payer_member_id,
    )


def _line(line: claim_pb2.Line) -> BillLine:
    return BillLine(
        line.line_class,
        line.amount_fen,
        line.first_pay_bp,
        line.over_limit_fen,
        line.flag,
        line.benefit,
        line.quantity,
        line.unit_price_micro_yuan,
        line.unit_ceiling_micro_yuan,
        line.code,
    )


def _papers(numbers: Iterable[int]) -> int:
    """Return the bits of papers that are named by their numbers."""
    bits = 0
    for index, paper in enumerate(numbers):
        if paper not in _PAPERS:
            problem = f"{paper} is not a paper; expected 1 to {len(_PAPERS)}"
            raise InvalidInput(f"papers[{index}]", problem)
        bits |= _PAPERS[paper]
    return bits


def decode_cancel(message: settlement_service_pb2.Cancel, institution: str) -> Cancel:
    """Return the cancel; an id that names no settlement is for the ledger to refuse."""
    return Cancel(institution, message.request_id, message.settlement_id)


def decode_reverse(message: settlement_service_pb2.Reverse, institution: str) -> Reverse:
    """Return the reversal."""
    return Reverse(institution, message.request_id, message.original_request_id)


def decode_query(message: settlement_service_pb2.Query, institution: str) -> GetSettlement:
    """Return the query.

    Raises:
        InvalidInput: it names no settlement.
    """
    match message.WhichOneof("by"):
        case "settlement_id":
            return GetSettlement(institution, _settlement_id(message.settlement_id))
        case "request_id":
            return GetSettlement(institution, request_id=message.request_id)
        case _:
            raise InvalidInput("query", "names nothing; give settlement_id or request_id")


def _settlement_id(settlement_id: int) -> int:
    if settlement_id <= 0:
        raise InvalidInput("settlement_id", f"expected a positive number, found {settlement_id}")
    return settlement_id


# --- small answers -----------------------------------------------------------------------


def encode_error(error: InvalidInput | ItemError, item: str = "") -> settlement_pb2.Error:
    """Return the error, its path in the names of the wire.

    Args:
        error: What is wrong.
        item: What the item is, `member` or `institution`, where its own id is called `id`.
    """
    return settlement_pb2.Error(path=wire_path(error.path, item), problem=error.problem)


def wire_path(path: str, item: str = "") -> str:
    """Return a path of the domain in the names of the wire."""
    if path == "id" and item:
        return f"{item}_id"
    return _WORD.sub(lambda match: _WIRE_NAMES.get(match[0], match[0]), path)


def encode_refusal(refused: Refused) -> settlement_pb2.Refusal:
    """Return the refusal."""
    return settlement_pb2.Refusal(
        reason=number(refused.reason),
        detail=number(refused.detail),
        message=refused.message,
        figure=refused.figure,
        plan_digest=refused.plan_digest,
        citation=refused.citation,
        blockers=[
            settlement_pb2.Blocker(
                settlement_id=blocker.settlement_id,
                institution_id=blocker.institution,
                request_id=blocker.request_id,
            )
            for blocker in refused.blockers
        ],
    )
