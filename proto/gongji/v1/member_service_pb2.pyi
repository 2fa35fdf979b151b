from gongji.v1 import register_pb2 as _register_pb2
from gongji.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PutMembersRequest(_message.Message):
    __slots__ = ("sequence", "members")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    members: _containers.RepeatedCompositeFieldContainer[_register_pb2.Member]
    def __init__(self, sequence: _Optional[int] = ..., members: _Optional[_Iterable[_Union[_register_pb2.Member, _Mapping]]] = ...) -> None: ...

class PutMembersResponse(_message.Message):
    __slots__ = ("sequence", "accepted", "error", "drain")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    accepted: _register_pb2.Accepted
    error: _settlement_pb2.Error
    drain: _settlement_pb2.Drain
    def __init__(self, sequence: _Optional[int] = ..., accepted: _Optional[_Union[_register_pb2.Accepted, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ..., drain: _Optional[_Union[_settlement_pb2.Drain, _Mapping]] = ...) -> None: ...

class ImportOpeningsRequest(_message.Message):
    __slots__ = ("sequence", "openings")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    OPENINGS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    openings: _containers.RepeatedCompositeFieldContainer[_register_pb2.Opening]
    def __init__(self, sequence: _Optional[int] = ..., openings: _Optional[_Iterable[_Union[_register_pb2.Opening, _Mapping]]] = ...) -> None: ...

class ImportOpeningsResponse(_message.Message):
    __slots__ = ("sequence", "accepted", "error", "drain")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    accepted: _register_pb2.Accepted
    error: _settlement_pb2.Error
    drain: _settlement_pb2.Drain
    def __init__(self, sequence: _Optional[int] = ..., accepted: _Optional[_Union[_register_pb2.Accepted, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ..., drain: _Optional[_Union[_settlement_pb2.Drain, _Mapping]] = ...) -> None: ...

class GetCountersRequest(_message.Message):
    __slots__ = ("member_id", "policy_year")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    POLICY_YEAR_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    policy_year: int
    def __init__(self, member_id: _Optional[str] = ..., policy_year: _Optional[int] = ...) -> None: ...

class GetCountersResponse(_message.Message):
    __slots__ = ("counters", "refused", "error")
    COUNTERS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    counters: _register_pb2.Counters
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, counters: _Optional[_Union[_register_pb2.Counters, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...
