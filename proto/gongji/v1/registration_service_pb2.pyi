from gongji.v1 import codes_pb2 as _codes_pb2
from gongji.v1 import policy_pb2 as _policy_pb2
from gongji.v1 import register_pb2 as _register_pb2
from gongji.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RegisterItem(_message.Message):
    __slots__ = ("filing", "selection", "disease", "stay", "arrears", "referral", "designated", "networked", "offer", "family", "contribution", "still_paying")
    FILING_FIELD_NUMBER: _ClassVar[int]
    SELECTION_FIELD_NUMBER: _ClassVar[int]
    DISEASE_FIELD_NUMBER: _ClassVar[int]
    STAY_FIELD_NUMBER: _ClassVar[int]
    ARREARS_FIELD_NUMBER: _ClassVar[int]
    REFERRAL_FIELD_NUMBER: _ClassVar[int]
    DESIGNATED_FIELD_NUMBER: _ClassVar[int]
    NETWORKED_FIELD_NUMBER: _ClassVar[int]
    OFFER_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    STILL_PAYING_FIELD_NUMBER: _ClassVar[int]
    filing: _register_pb2.Filing
    selection: _register_pb2.Selection
    disease: _register_pb2.Disease
    stay: _register_pb2.Stay
    arrears: _register_pb2.Interval
    referral: _register_pb2.Referral
    designated: _register_pb2.Interval
    networked: _register_pb2.Interval
    offer: _register_pb2.Qualification
    family: _register_pb2.FamilyLink
    contribution: _register_pb2.Contribution
    still_paying: _register_pb2.Interval
    def __init__(self, filing: _Optional[_Union[_register_pb2.Filing, _Mapping]] = ..., selection: _Optional[_Union[_register_pb2.Selection, _Mapping]] = ..., disease: _Optional[_Union[_register_pb2.Disease, _Mapping]] = ..., stay: _Optional[_Union[_register_pb2.Stay, _Mapping]] = ..., arrears: _Optional[_Union[_register_pb2.Interval, _Mapping]] = ..., referral: _Optional[_Union[_register_pb2.Referral, _Mapping]] = ..., designated: _Optional[_Union[_register_pb2.Interval, _Mapping]] = ..., networked: _Optional[_Union[_register_pb2.Interval, _Mapping]] = ..., offer: _Optional[_Union[_register_pb2.Qualification, _Mapping]] = ..., family: _Optional[_Union[_register_pb2.FamilyLink, _Mapping]] = ..., contribution: _Optional[_Union[_register_pb2.Contribution, _Mapping]] = ..., still_paying: _Optional[_Union[_register_pb2.Interval, _Mapping]] = ...) -> None: ...

class ChangeRegisterRequest(_message.Message):
    __slots__ = ("change_id", "member_id", "institution_id", "kind", "item", "last_day", "dry_run")
    CHANGE_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ITEM_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    change_id: str
    member_id: str
    institution_id: str
    kind: _codes_pb2.ChangeKind
    item: RegisterItem
    last_day: int
    dry_run: bool
    def __init__(self, change_id: _Optional[str] = ..., member_id: _Optional[str] = ..., institution_id: _Optional[str] = ..., kind: _Optional[_Union[_codes_pb2.ChangeKind, str]] = ..., item: _Optional[_Union[RegisterItem, _Mapping]] = ..., last_day: _Optional[int] = ..., dry_run: bool = ...) -> None: ...

class ChangeRegisterResponse(_message.Message):
    __slots__ = ("changed", "refused", "error")
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    changed: RegisterChanged
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, changed: _Optional[_Union[RegisterChanged, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class UndoChangeRequest(_message.Message):
    __slots__ = ("change_id", "undoes", "dry_run")
    CHANGE_ID_FIELD_NUMBER: _ClassVar[int]
    UNDOES_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    change_id: str
    undoes: str
    dry_run: bool
    def __init__(self, change_id: _Optional[str] = ..., undoes: _Optional[str] = ..., dry_run: bool = ...) -> None: ...

class UndoChangeResponse(_message.Message):
    __slots__ = ("changed", "refused", "error")
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    changed: RegisterChanged
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, changed: _Optional[_Union[RegisterChanged, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class SelectRequest(_message.Message):
    __slots__ = ("change_id", "member_id", "institution_id", "date", "for_year", "newly_insured", "reason", "dry_run")
    CHANGE_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    FOR_YEAR_FIELD_NUMBER: _ClassVar[int]
    NEWLY_INSURED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    change_id: str
    member_id: str
    institution_id: str
    date: int
    for_year: int
    newly_insured: bool
    reason: str
    dry_run: bool
    def __init__(self, change_id: _Optional[str] = ..., member_id: _Optional[str] = ..., institution_id: _Optional[str] = ..., date: _Optional[int] = ..., for_year: _Optional[int] = ..., newly_insured: bool = ..., reason: _Optional[str] = ..., dry_run: bool = ...) -> None: ...

class SelectResponse(_message.Message):
    __slots__ = ("changed", "refused", "error")
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    changed: RegisterChanged
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, changed: _Optional[_Union[RegisterChanged, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class RegisterChanged(_message.Message):
    __slots__ = ("change_id", "member_id", "institution_id", "kind", "taken", "put", "affected", "more_affected", "clauses", "undoes", "date", "for_year", "newly_insured", "reason", "replayed", "dry_run")
    CHANGE_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    PUT_FIELD_NUMBER: _ClassVar[int]
    AFFECTED_FIELD_NUMBER: _ClassVar[int]
    MORE_AFFECTED_FIELD_NUMBER: _ClassVar[int]
    CLAUSES_FIELD_NUMBER: _ClassVar[int]
    UNDOES_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    FOR_YEAR_FIELD_NUMBER: _ClassVar[int]
    NEWLY_INSURED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    change_id: str
    member_id: str
    institution_id: str
    kind: _codes_pb2.ChangeKind
    taken: _containers.RepeatedCompositeFieldContainer[RegisterItem]
    put: _containers.RepeatedCompositeFieldContainer[RegisterItem]
    affected: _containers.RepeatedCompositeFieldContainer[AffectedSettlement]
    more_affected: bool
    clauses: _containers.RepeatedCompositeFieldContainer[_policy_pb2.Clause]
    undoes: str
    date: int
    for_year: int
    newly_insured: bool
    reason: str
    replayed: bool
    dry_run: bool
    def __init__(self, change_id: _Optional[str] = ..., member_id: _Optional[str] = ..., institution_id: _Optional[str] = ..., kind: _Optional[_Union[_codes_pb2.ChangeKind, str]] = ..., taken: _Optional[_Iterable[_Union[RegisterItem, _Mapping]]] = ..., put: _Optional[_Iterable[_Union[RegisterItem, _Mapping]]] = ..., affected: _Optional[_Iterable[_Union[AffectedSettlement, _Mapping]]] = ..., more_affected: bool = ..., clauses: _Optional[_Iterable[_Union[_policy_pb2.Clause, _Mapping]]] = ..., undoes: _Optional[str] = ..., date: _Optional[int] = ..., for_year: _Optional[int] = ..., newly_insured: bool = ..., reason: _Optional[str] = ..., replayed: bool = ..., dry_run: bool = ...) -> None: ...

class AffectedSettlement(_message.Message):
    __slots__ = ("settlement_id", "institution_id", "request_id", "member_id", "service_date", "pooled_fund_fen", "pooled_fund_after_fen", "reason_after")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_DATE_FIELD_NUMBER: _ClassVar[int]
    POOLED_FUND_FEN_FIELD_NUMBER: _ClassVar[int]
    POOLED_FUND_AFTER_FEN_FIELD_NUMBER: _ClassVar[int]
    REASON_AFTER_FIELD_NUMBER: _ClassVar[int]
    settlement_id: int
    institution_id: str
    request_id: str
    member_id: str
    service_date: int
    pooled_fund_fen: int
    pooled_fund_after_fen: int
    reason_after: _codes_pb2.Reason
    def __init__(self, settlement_id: _Optional[int] = ..., institution_id: _Optional[str] = ..., request_id: _Optional[str] = ..., member_id: _Optional[str] = ..., service_date: _Optional[int] = ..., pooled_fund_fen: _Optional[int] = ..., pooled_fund_after_fen: _Optional[int] = ..., reason_after: _Optional[_Union[_codes_pb2.Reason, str]] = ...) -> None: ...

class ListChangesRequest(_message.Message):
    __slots__ = ("member_id", "institution_id")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    institution_id: str
    def __init__(self, member_id: _Optional[str] = ..., institution_id: _Optional[str] = ...) -> None: ...

class ListChangesResponse(_message.Message):
    __slots__ = ("changes", "refused", "error")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    changes: RegisterChanges
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, changes: _Optional[_Union[RegisterChanges, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class RegisterChanges(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[NotedChange]
    def __init__(self, changes: _Optional[_Iterable[_Union[NotedChange, _Mapping]]] = ...) -> None: ...

class NotedChange(_message.Message):
    __slots__ = ("changed", "instant_ms", "undone_by")
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    INSTANT_MS_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    changed: RegisterChanged
    instant_ms: int
    undone_by: str
    def __init__(self, changed: _Optional[_Union[RegisterChanged, _Mapping]] = ..., instant_ms: _Optional[int] = ..., undone_by: _Optional[str] = ...) -> None: ...
