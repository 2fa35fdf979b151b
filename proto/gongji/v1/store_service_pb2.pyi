from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BackUpRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class BackUpResponse(_message.Message):
    __slots__ = ("progress", "made", "not_made")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    MADE_FIELD_NUMBER: _ClassVar[int]
    NOT_MADE_FIELD_NUMBER: _ClassVar[int]
    progress: BackUpProgress
    made: Backup
    not_made: BackUpRefusal
    def __init__(self, progress: _Optional[_Union[BackUpProgress, _Mapping]] = ..., made: _Optional[_Union[Backup, _Mapping]] = ..., not_made: _Optional[_Union[BackUpRefusal, _Mapping]] = ...) -> None: ...

class BackUpProgress(_message.Message):
    __slots__ = ("copied", "total")
    COPIED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    copied: int
    total: int
    def __init__(self, copied: _Optional[int] = ..., total: _Optional[int] = ...) -> None: ...

class Backup(_message.Message):
    __slots__ = ("file", "size", "sequence", "position", "digest")
    FILE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    file: str
    size: int
    sequence: int
    position: int
    digest: bytes
    def __init__(self, file: _Optional[str] = ..., size: _Optional[int] = ..., sequence: _Optional[int] = ..., position: _Optional[int] = ..., digest: _Optional[bytes] = ...) -> None: ...

class BackUpRefusal(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...
