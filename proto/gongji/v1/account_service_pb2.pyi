from gongji.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetStatementRequest(_message.Message):
    __slots__ = ("member_id", "first_day", "last_day")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    first_day: int
    last_day: int
    def __init__(self, member_id: _Optional[str] = ..., first_day: _Optional[int] = ..., last_day: _Optional[int] = ...) -> None: ...

class GetStatementResponse(_message.Message):
    __slots__ = ("statement", "refused", "error")
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    statement: Statement
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, statement: _Optional[_Union[Statement, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class Statement(_message.Message):
    __slots__ = ("member_id", "first_day", "last_day", "opening_fen", "closing_fen", "movements")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    OPENING_FEN_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FEN_FIELD_NUMBER: _ClassVar[int]
    MOVEMENTS_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    first_day: int
    last_day: int
    opening_fen: int
    closing_fen: int
    movements: _containers.RepeatedCompositeFieldContainer[Movement]
    def __init__(self, member_id: _Optional[str] = ..., first_day: _Optional[int] = ..., last_day: _Optional[int] = ..., opening_fen: _Optional[int] = ..., closing_fen: _Optional[int] = ..., movements: _Optional[_Iterable[_Union[Movement, _Mapping]]] = ...) -> None: ...

class Movement(_message.Message):
    __slots__ = ("entry_id", "undone_settlement_id", "booked_day", "taken_time_ms", "institution_id", "request_id", "patient_member_id", "service_date", "moved_fen", "balance_fen")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    UNDONE_SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    BOOKED_DAY_FIELD_NUMBER: _ClassVar[int]
    TAKEN_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_DATE_FIELD_NUMBER: _ClassVar[int]
    MOVED_FEN_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FEN_FIELD_NUMBER: _ClassVar[int]
    entry_id: int
    undone_settlement_id: int
    booked_day: int
    taken_time_ms: int
    institution_id: str
    request_id: str
    patient_member_id: str
    service_date: int
    moved_fen: int
    balance_fen: int
    def __init__(self, entry_id: _Optional[int] = ..., undone_settlement_id: _Optional[int] = ..., booked_day: _Optional[int] = ..., taken_time_ms: _Optional[int] = ..., institution_id: _Optional[str] = ..., request_id: _Optional[str] = ..., patient_member_id: _Optional[str] = ..., service_date: _Optional[int] = ..., moved_fen: _Optional[int] = ..., balance_fen: _Optional[int] = ...) -> None: ...
