from gongji.v1 import register_pb2 as _register_pb2
from gongji.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PutInstitutionsRequest(_message.Message):
    __slots__ = ("sequence", "institutions")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTIONS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    institutions: _containers.RepeatedCompositeFieldContainer[_register_pb2.Institution]
    def __init__(self, sequence: _Optional[int] = ..., institutions: _Optional[_Iterable[_Union[_register_pb2.Institution, _Mapping]]] = ...) -> None: ...

class PutInstitutionsResponse(_message.Message):
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
