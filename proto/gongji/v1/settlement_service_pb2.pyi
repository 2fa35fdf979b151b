from gongji.v1 import batch_pb2 as _batch_pb2
from gongji.v1 import claim_pb2 as _claim_pb2
from gongji.v1 import codes_pb2 as _codes_pb2
from gongji.v1 import policy_pb2 as _policy_pb2
from gongji.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Open(_message.Message):
    __slots__ = ("institution_id", "client")
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    institution_id: str
    client: str
    def __init__(self, institution_id: _Optional[str] = ..., client: _Optional[str] = ...) -> None: ...

class Opened(_message.Message):
    __slots__ = ("in_flight_max",)
    IN_FLIGHT_MAX_FIELD_NUMBER: _ClassVar[int]
    in_flight_max: int
    def __init__(self, in_flight_max: _Optional[int] = ...) -> None: ...

class Cancel(_message.Message):
    __slots__ = ("request_id", "settlement_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    settlement_id: int
    def __init__(self, request_id: _Optional[str] = ..., settlement_id: _Optional[int] = ...) -> None: ...

class Reverse(_message.Message):
    __slots__ = ("request_id", "original_request_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    original_request_id: str
    def __init__(self, request_id: _Optional[str] = ..., original_request_id: _Optional[str] = ...) -> None: ...

class Query(_message.Message):
    __slots__ = ("settlement_id", "request_id")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    settlement_id: int
    request_id: str
    def __init__(self, settlement_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class SettleRequest(_message.Message):
    __slots__ = ("sequence", "open", "preview", "settle", "cancel", "reverse", "query")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_FIELD_NUMBER: _ClassVar[int]
    SETTLE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    REVERSE_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    open: Open
    preview: _claim_pb2.Claim
    settle: _claim_pb2.Claim
    cancel: Cancel
    reverse: Reverse
    query: Query
    def __init__(self, sequence: _Optional[int] = ..., open: _Optional[_Union[Open, _Mapping]] = ..., preview: _Optional[_Union[_claim_pb2.Claim, _Mapping]] = ..., settle: _Optional[_Union[_claim_pb2.Claim, _Mapping]] = ..., cancel: _Optional[_Union[Cancel, _Mapping]] = ..., reverse: _Optional[_Union[Reverse, _Mapping]] = ..., query: _Optional[_Union[Query, _Mapping]] = ...) -> None: ...

class SettleResponse(_message.Message):
    __slots__ = ("sequence", "request_id", "opened", "settled", "refused", "undone", "nothing_to_reverse", "found", "error", "drain")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OPENED_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    UNDONE_FIELD_NUMBER: _ClassVar[int]
    NOTHING_TO_REVERSE_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    request_id: str
    opened: Opened
    settled: _settlement_pb2.Settlement
    refused: _settlement_pb2.Refusal
    undone: _settlement_pb2.Undone
    nothing_to_reverse: _settlement_pb2.NothingToReverse
    found: _settlement_pb2.Found
    error: _settlement_pb2.Error
    drain: _settlement_pb2.Drain
    def __init__(self, sequence: _Optional[int] = ..., request_id: _Optional[str] = ..., opened: _Optional[_Union[Opened, _Mapping]] = ..., settled: _Optional[_Union[_settlement_pb2.Settlement, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., undone: _Optional[_Union[_settlement_pb2.Undone, _Mapping]] = ..., nothing_to_reverse: _Optional[_Union[_settlement_pb2.NothingToReverse, _Mapping]] = ..., found: _Optional[_Union[_settlement_pb2.Found, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ..., drain: _Optional[_Union[_settlement_pb2.Drain, _Mapping]] = ...) -> None: ...

class SettleBatchRequest(_message.Message):
    __slots__ = ("sequence", "preview", "claims")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_FIELD_NUMBER: _ClassVar[int]
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    preview: bool
    claims: _batch_pb2.ClaimColumns
    def __init__(self, sequence: _Optional[int] = ..., preview: bool = ..., claims: _Optional[_Union[_batch_pb2.ClaimColumns, _Mapping]] = ...) -> None: ...

class SettleBatchResponse(_message.Message):
    __slots__ = ("sequence", "answers", "error", "drain")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    answers: _batch_pb2.AnswerColumns
    error: _settlement_pb2.Error
    drain: _settlement_pb2.Drain
    def __init__(self, sequence: _Optional[int] = ..., answers: _Optional[_Union[_batch_pb2.AnswerColumns, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ..., drain: _Optional[_Union[_settlement_pb2.Drain, _Mapping]] = ...) -> None: ...

class SettleClaimRequest(_message.Message):
    __slots__ = ("claim",)
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    claim: _claim_pb2.Claim
    def __init__(self, claim: _Optional[_Union[_claim_pb2.Claim, _Mapping]] = ...) -> None: ...

class SettleClaimResponse(_message.Message):
    __slots__ = ("settled", "refused", "error")
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    settled: _settlement_pb2.Settlement
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, settled: _Optional[_Union[_settlement_pb2.Settlement, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class PreviewClaimRequest(_message.Message):
    __slots__ = ("claim",)
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    claim: _claim_pb2.Claim
    def __init__(self, claim: _Optional[_Union[_claim_pb2.Claim, _Mapping]] = ...) -> None: ...

class PreviewClaimResponse(_message.Message):
    __slots__ = ("settled", "refused", "error")
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    settled: _settlement_pb2.Settlement
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, settled: _Optional[_Union[_settlement_pb2.Settlement, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class CancelSettlementRequest(_message.Message):
    __slots__ = ("cancel",)
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    cancel: Cancel
    def __init__(self, cancel: _Optional[_Union[Cancel, _Mapping]] = ...) -> None: ...

class CancelSettlementResponse(_message.Message):
    __slots__ = ("undone", "refused", "error")
    UNDONE_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    undone: _settlement_pb2.Undone
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, undone: _Optional[_Union[_settlement_pb2.Undone, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class ReverseClaimRequest(_message.Message):
    __slots__ = ("reverse",)
    REVERSE_FIELD_NUMBER: _ClassVar[int]
    reverse: Reverse
    def __init__(self, reverse: _Optional[_Union[Reverse, _Mapping]] = ...) -> None: ...

class ReverseClaimResponse(_message.Message):
    __slots__ = ("undone", "nothing_to_reverse", "refused", "error")
    UNDONE_FIELD_NUMBER: _ClassVar[int]
    NOTHING_TO_REVERSE_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    undone: _settlement_pb2.Undone
    nothing_to_reverse: _settlement_pb2.NothingToReverse
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, undone: _Optional[_Union[_settlement_pb2.Undone, _Mapping]] = ..., nothing_to_reverse: _Optional[_Union[_settlement_pb2.NothingToReverse, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class GetSettlementRequest(_message.Message):
    __slots__ = ("query",)
    QUERY_FIELD_NUMBER: _ClassVar[int]
    query: Query
    def __init__(self, query: _Optional[_Union[Query, _Mapping]] = ...) -> None: ...

class GetSettlementResponse(_message.Message):
    __slots__ = ("found", "refused", "error")
    FOUND_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    found: _settlement_pb2.Found
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, found: _Optional[_Union[_settlement_pb2.Found, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("query",)
    QUERY_FIELD_NUMBER: _ClassVar[int]
    query: Query
    def __init__(self, query: _Optional[_Union[Query, _Mapping]] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("explained", "refused", "error")
    EXPLAINED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    explained: Explanation
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, explained: _Optional[_Union[Explanation, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("found", "parts", "documents", "figures")
    FOUND_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    found: _settlement_pb2.Found
    parts: _containers.RepeatedCompositeFieldContainer[ExplainedPart]
    documents: _containers.RepeatedCompositeFieldContainer[_policy_pb2.Document]
    figures: _containers.RepeatedCompositeFieldContainer[_policy_pb2.FigureUsed]
    def __init__(self, found: _Optional[_Union[_settlement_pb2.Found, _Mapping]] = ..., parts: _Optional[_Iterable[_Union[ExplainedPart, _Mapping]]] = ..., documents: _Optional[_Iterable[_Union[_policy_pb2.Document, _Mapping]]] = ..., figures: _Optional[_Iterable[_Union[_policy_pb2.FigureUsed, _Mapping]]] = ...) -> None: ...

class ExplainedPart(_message.Message):
    __slots__ = ("path", "amount_fen", "citations", "benefit")
    PATH_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    CITATIONS_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_FIELD_NUMBER: _ClassVar[int]
    path: str
    amount_fen: int
    citations: _containers.RepeatedCompositeFieldContainer[_policy_pb2.Citation]
    benefit: _codes_pb2.Benefit
    def __init__(self, path: _Optional[str] = ..., amount_fen: _Optional[int] = ..., citations: _Optional[_Iterable[_Union[_policy_pb2.Citation, _Mapping]]] = ..., benefit: _Optional[_Union[_codes_pb2.Benefit, str]] = ...) -> None: ...
