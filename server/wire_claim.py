"""The table by which `server._decode` reads claims: the fields of the contract, and of a claim."""

from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from engine.domain.claim import LIABLE_NOT_GIVEN, Claim
from engine.errors import InvariantBroken
from gongji.v1 import claim_pb2
from gongji.v1 import settlement_service_pb2 as service_pb2
from server import _decode
from server._decode import Decoder
from server.codec import wire_path

_READ: Final = {
    FieldDescriptor.TYPE_STRING: _decode.READ_TEXT,
    FieldDescriptor.TYPE_INT64: _decode.READ_I8,
    FieldDescriptor.TYPE_INT32: _decode.READ_I4,
    FieldDescriptor.TYPE_ENUM: _decode.READ_I4,
    FieldDescriptor.TYPE_BOOL: _decode.READ_BOOL,
}
_LENGTH_FIRST: Final = 2
_NONE: Final[dict[str, Any]] = {"lines": (), "papers": 0, "liable_fen": LIABLE_NOT_GIVEN}
"""What a claim has where nothing was sent, and the contract's own default is not it."""


def _decoder() -> Decoder:
    if LIABLE_NOT_GIVEN != _decode.NOT_SENT:
        raise InvariantBroken("the decoder has another amount for one that was not sent")
    fields: dict[int, tuple[int, int]] = {}
    defaults: list[Any] = [""]
    for position, name in enumerate(Claim._fields[1:], 1):
        field = claim_pb2.Claim.DESCRIPTOR.fields_by_name[wire_path(name)]
        defaults.append(_NONE.get(name, field.default_value))
        if not field.is_repeated:  # a bill of lines, and papers, are read by the library
            fields[field.number] = _READ[field.type], position
    request = service_pb2.SettleRequest.DESCRIPTOR.fields_by_name
    return Decoder(
        Claim,
        tuple(defaults),
        fields,
        sequence=request["sequence"].number << 3,
        preview=request["preview"].number << 3 | _LENGTH_FIRST,
        settle=request["settle"].number << 3 | _LENGTH_FIRST,
        service_date=Claim._fields.index("service_date"),
        until_date=Claim._fields.index("until_date"),
        liable=Claim._fields.index("liable_fen"),
    )


_DECODER: Final = _decoder()


def decode_settle(data: bytes, institution: str) -> tuple[int, bool, Claim] | None:
    """Return the sequence, whether it is a preview, and the claim of a terminal's request.

    Args:
        data: The bytes of `SettleRequest`.
        institution: The one whose stream it is.

    Returns:
        None for whatever is not plain: another request, a bill of lines, papers, a field that is
        not known or twice there, bytes that are no message. `codec.parse` knows what those are.
    """
    return _DECODER.decode(data, institution)
