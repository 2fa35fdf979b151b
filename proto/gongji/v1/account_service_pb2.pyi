from gongji.v1 import codes_pb2 as _codes_pb2
from gongji.v1 import policy_pb2 as _policy_pb2
from gongji.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PayRequest(_message.Message):
    __slots__ = ("institution_id", "request_id", "member_id", "date", "purpose", "product", "amount_fen", "person_id")
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    institution_id: str
    request_id: str
    member_id: str
    date: int
    purpose: _codes_pb2.Purpose
    product: _codes_pb2.Product
    amount_fen: int
    person_id: str
    def __init__(self, institution_id: _Optional[str] = ..., request_id: _Optional[str] = ..., member_id: _Optional[str] = ..., date: _Optional[int] = ..., purpose: _Optional[_Union[_codes_pb2.Purpose, str]] = ..., product: _Optional[_Union[_codes_pb2.Product, str]] = ..., amount_fen: _Optional[int] = ..., person_id: _Optional[str] = ...) -> None: ...

class PayResponse(_message.Message):
    __slots__ = ("moved", "refused", "error")
    MOVED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    moved: Moved
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, moved: _Optional[_Union[Moved, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class CreditMemberRequest(_message.Message):
    __slots__ = ("member_id", "month")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    month: int
    def __init__(self, member_id: _Optional[str] = ..., month: _Optional[int] = ...) -> None: ...

class CreditMemberResponse(_message.Message):
    __slots__ = ("credited", "refused", "error")
    CREDITED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    credited: CreditedMember
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, credited: _Optional[_Union[CreditedMember, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class CreditedMember(_message.Message):
    __slots__ = ("member_id", "month", "credit_fen", "moved_fen", "short_fen", "balance_fen", "movement_id", "parts")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FEN_FIELD_NUMBER: _ClassVar[int]
    MOVED_FEN_FIELD_NUMBER: _ClassVar[int]
    SHORT_FEN_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FEN_FIELD_NUMBER: _ClassVar[int]
    MOVEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    month: int
    credit_fen: int
    moved_fen: int
    short_fen: int
    balance_fen: int
    movement_id: int
    parts: _containers.RepeatedCompositeFieldContainer[CreditedPart]
    def __init__(self, member_id: _Optional[str] = ..., month: _Optional[int] = ..., credit_fen: _Optional[int] = ..., moved_fen: _Optional[int] = ..., short_fen: _Optional[int] = ..., balance_fen: _Optional[int] = ..., movement_id: _Optional[int] = ..., parts: _Optional[_Iterable[_Union[CreditedPart, _Mapping]]] = ...) -> None: ...

class CreditedPart(_message.Message):
    __slots__ = ("part", "amount_fen", "clauses")
    PART_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    CLAUSES_FIELD_NUMBER: _ClassVar[int]
    part: _codes_pb2.CreditPart
    amount_fen: int
    clauses: _containers.RepeatedCompositeFieldContainer[_policy_pb2.Clause]
    def __init__(self, part: _Optional[_Union[_codes_pb2.CreditPart, str]] = ..., amount_fen: _Optional[int] = ..., clauses: _Optional[_Iterable[_Union[_policy_pb2.Clause, _Mapping]]] = ...) -> None: ...

class RunCreditRequest(_message.Message):
    __slots__ = ("city", "month", "dry_run")
    CITY_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    city: str
    month: int
    dry_run: bool
    def __init__(self, city: _Optional[str] = ..., month: _Optional[int] = ..., dry_run: bool = ...) -> None: ...

class RunCreditResponse(_message.Message):
    __slots__ = ("credited", "refused", "error")
    CREDITED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    credited: CreditedStep
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, credited: _Optional[_Union[CreditedStep, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class CreditedStep(_message.Message):
    __slots__ = ("done", "registered", "members", "credit_fen", "before_fen", "posted", "posted_fen", "taken_back_fen", "short_fen", "without_account", "rules", "reasons", "dry_run")
    DONE_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FEN_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FEN_FIELD_NUMBER: _ClassVar[int]
    POSTED_FIELD_NUMBER: _ClassVar[int]
    POSTED_FEN_FIELD_NUMBER: _ClassVar[int]
    TAKEN_BACK_FEN_FIELD_NUMBER: _ClassVar[int]
    SHORT_FEN_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    done: int
    registered: int
    members: int
    credit_fen: int
    before_fen: int
    posted: int
    posted_fen: int
    taken_back_fen: int
    short_fen: int
    without_account: int
    rules: _containers.RepeatedCompositeFieldContainer[RuleTotal]
    reasons: _containers.RepeatedCompositeFieldContainer[ReasonTotal]
    dry_run: bool
    def __init__(self, done: _Optional[int] = ..., registered: _Optional[int] = ..., members: _Optional[int] = ..., credit_fen: _Optional[int] = ..., before_fen: _Optional[int] = ..., posted: _Optional[int] = ..., posted_fen: _Optional[int] = ..., taken_back_fen: _Optional[int] = ..., short_fen: _Optional[int] = ..., without_account: _Optional[int] = ..., rules: _Optional[_Iterable[_Union[RuleTotal, _Mapping]]] = ..., reasons: _Optional[_Iterable[_Union[ReasonTotal, _Mapping]]] = ..., dry_run: bool = ...) -> None: ...

class RuleTotal(_message.Message):
    __slots__ = ("part", "rule", "members", "amount_fen", "clauses")
    PART_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    CLAUSES_FIELD_NUMBER: _ClassVar[int]
    part: _codes_pb2.CreditPart
    rule: int
    members: int
    amount_fen: int
    clauses: _containers.RepeatedCompositeFieldContainer[_policy_pb2.Clause]
    def __init__(self, part: _Optional[_Union[_codes_pb2.CreditPart, str]] = ..., rule: _Optional[int] = ..., members: _Optional[int] = ..., amount_fen: _Optional[int] = ..., clauses: _Optional[_Iterable[_Union[_policy_pb2.Clause, _Mapping]]] = ...) -> None: ...

class ReasonTotal(_message.Message):
    __slots__ = ("reason", "members", "missing", "example_member_id")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    EXAMPLE_MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    reason: _codes_pb2.Reason
    members: int
    missing: str
    example_member_id: str
    def __init__(self, reason: _Optional[_Union[_codes_pb2.Reason, str]] = ..., members: _Optional[int] = ..., missing: _Optional[str] = ..., example_member_id: _Optional[str] = ...) -> None: ...

class DisposeRequest(_message.Message):
    __slots__ = ("request_id", "member_id", "date", "event", "to_area", "beneficiary", "application", "proof")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    TO_AREA_FIELD_NUMBER: _ClassVar[int]
    BENEFICIARY_FIELD_NUMBER: _ClassVar[int]
    APPLICATION_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    member_id: str
    date: int
    event: _codes_pb2.DisposalEvent
    to_area: str
    beneficiary: bool
    application: str
    proof: str
    def __init__(self, request_id: _Optional[str] = ..., member_id: _Optional[str] = ..., date: _Optional[int] = ..., event: _Optional[_Union[_codes_pb2.DisposalEvent, str]] = ..., to_area: _Optional[str] = ..., beneficiary: bool = ..., application: _Optional[str] = ..., proof: _Optional[str] = ...) -> None: ...

class DisposeResponse(_message.Message):
    __slots__ = ("moved", "refused", "error")
    MOVED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    moved: Moved
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, moved: _Optional[_Union[Moved, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class UndoMovementRequest(_message.Message):
    __slots__ = ("institution_id", "request_id", "movement_id", "original_request_id")
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MOVEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    institution_id: str
    request_id: str
    movement_id: int
    original_request_id: str
    def __init__(self, institution_id: _Optional[str] = ..., request_id: _Optional[str] = ..., movement_id: _Optional[int] = ..., original_request_id: _Optional[str] = ...) -> None: ...

class UndoMovementResponse(_message.Message):
    __slots__ = ("moved", "refused", "error", "nothing_to_reverse")
    MOVED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    NOTHING_TO_REVERSE_FIELD_NUMBER: _ClassVar[int]
    moved: Moved
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    nothing_to_reverse: _settlement_pb2.NothingToReverse
    def __init__(self, moved: _Optional[_Union[Moved, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ..., nothing_to_reverse: _Optional[_Union[_settlement_pb2.NothingToReverse, _Mapping]] = ...) -> None: ...

class Moved(_message.Message):
    __slots__ = ("movement_id", "member_id", "moved_fen", "balance_fen", "institution_id", "request_id", "undone_id", "original_request_id", "payment", "disposal", "credit", "clauses", "replayed")
    MOVEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    MOVED_FEN_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FEN_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    UNDONE_ID_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    DISPOSAL_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    CLAUSES_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    movement_id: int
    member_id: str
    moved_fen: int
    balance_fen: int
    institution_id: str
    request_id: str
    undone_id: int
    original_request_id: str
    payment: Payment
    disposal: Disposal
    credit: Credit
    clauses: _containers.RepeatedCompositeFieldContainer[_policy_pb2.Clause]
    replayed: bool
    def __init__(self, movement_id: _Optional[int] = ..., member_id: _Optional[str] = ..., moved_fen: _Optional[int] = ..., balance_fen: _Optional[int] = ..., institution_id: _Optional[str] = ..., request_id: _Optional[str] = ..., undone_id: _Optional[int] = ..., original_request_id: _Optional[str] = ..., payment: _Optional[_Union[Payment, _Mapping]] = ..., disposal: _Optional[_Union[Disposal, _Mapping]] = ..., credit: _Optional[_Union[Credit, _Mapping]] = ..., clauses: _Optional[_Iterable[_Union[_policy_pb2.Clause, _Mapping]]] = ..., replayed: bool = ...) -> None: ...

class Payment(_message.Message):
    __slots__ = ("date", "purpose", "product", "amount_fen", "person_id", "relation")
    DATE_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    RELATION_FIELD_NUMBER: _ClassVar[int]
    date: int
    purpose: _codes_pb2.Purpose
    product: _codes_pb2.Product
    amount_fen: int
    person_id: str
    relation: _codes_pb2.Relation
    def __init__(self, date: _Optional[int] = ..., purpose: _Optional[_Union[_codes_pb2.Purpose, str]] = ..., product: _Optional[_Union[_codes_pb2.Product, str]] = ..., amount_fen: _Optional[int] = ..., person_id: _Optional[str] = ..., relation: _Optional[_Union[_codes_pb2.Relation, str]] = ...) -> None: ...

class Disposal(_message.Message):
    __slots__ = ("date", "event", "to_area", "beneficiary", "application", "proof", "outcome")
    DATE_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    TO_AREA_FIELD_NUMBER: _ClassVar[int]
    BENEFICIARY_FIELD_NUMBER: _ClassVar[int]
    APPLICATION_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    date: int
    event: _codes_pb2.DisposalEvent
    to_area: str
    beneficiary: bool
    application: str
    proof: str
    outcome: _codes_pb2.DisposalOutcome
    def __init__(self, date: _Optional[int] = ..., event: _Optional[_Union[_codes_pb2.DisposalEvent, str]] = ..., to_area: _Optional[str] = ..., beneficiary: bool = ..., application: _Optional[str] = ..., proof: _Optional[str] = ..., outcome: _Optional[_Union[_codes_pb2.DisposalOutcome, str]] = ...) -> None: ...

class Credit(_message.Message):
    __slots__ = ("city", "month")
    CITY_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    city: str
    month: int
    def __init__(self, city: _Optional[str] = ..., month: _Optional[int] = ...) -> None: ...

class GetContributionDutiesRequest(_message.Message):
    __slots__ = ("city", "date")
    CITY_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    city: str
    date: int
    def __init__(self, city: _Optional[str] = ..., date: _Optional[int] = ...) -> None: ...

class GetContributionDutiesResponse(_message.Message):
    __slots__ = ("duties", "refused", "error")
    DUTIES_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    duties: ContributionDuties
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, duties: _Optional[_Union[ContributionDuties, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class ContributionDuties(_message.Message):
    __slots__ = ("city", "date", "duties")
    CITY_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    DUTIES_FIELD_NUMBER: _ClassVar[int]
    city: str
    date: int
    duties: _containers.RepeatedCompositeFieldContainer[ContributionDuty]
    def __init__(self, city: _Optional[str] = ..., date: _Optional[int] = ..., duties: _Optional[_Iterable[_Union[ContributionDuty, _Mapping]]] = ...) -> None: ...

class ContributionDuty(_message.Message):
    __slots__ = ("product", "reason", "amount_fen", "clauses")
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    CLAUSES_FIELD_NUMBER: _ClassVar[int]
    product: _codes_pb2.ContributionProduct
    reason: _codes_pb2.Reason
    amount_fen: int
    clauses: _containers.RepeatedCompositeFieldContainer[_policy_pb2.Clause]
    def __init__(self, product: _Optional[_Union[_codes_pb2.ContributionProduct, str]] = ..., reason: _Optional[_Union[_codes_pb2.Reason, str]] = ..., amount_fen: _Optional[int] = ..., clauses: _Optional[_Iterable[_Union[_policy_pb2.Clause, _Mapping]]] = ...) -> None: ...

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
    __slots__ = ("entry_id", "undone_id", "booked_day", "taken_time_ms", "institution_id", "request_id", "patient_member_id", "service_date", "moved_fen", "balance_fen", "moved_by", "purpose", "product", "event")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    UNDONE_ID_FIELD_NUMBER: _ClassVar[int]
    BOOKED_DAY_FIELD_NUMBER: _ClassVar[int]
    TAKEN_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_DATE_FIELD_NUMBER: _ClassVar[int]
    MOVED_FEN_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FEN_FIELD_NUMBER: _ClassVar[int]
    MOVED_BY_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    entry_id: int
    undone_id: int
    booked_day: int
    taken_time_ms: int
    institution_id: str
    request_id: str
    patient_member_id: str
    service_date: int
    moved_fen: int
    balance_fen: int
    moved_by: _codes_pb2.MovedBy
    purpose: _codes_pb2.Purpose
    product: _codes_pb2.Product
    event: _codes_pb2.DisposalEvent
    def __init__(self, entry_id: _Optional[int] = ..., undone_id: _Optional[int] = ..., booked_day: _Optional[int] = ..., taken_time_ms: _Optional[int] = ..., institution_id: _Optional[str] = ..., request_id: _Optional[str] = ..., patient_member_id: _Optional[str] = ..., service_date: _Optional[int] = ..., moved_fen: _Optional[int] = ..., balance_fen: _Optional[int] = ..., moved_by: _Optional[_Union[_codes_pb2.MovedBy, str]] = ..., purpose: _Optional[_Union[_codes_pb2.Purpose, str]] = ..., product: _Optional[_Union[_codes_pb2.Product, str]] = ..., event: _Optional[_Union[_codes_pb2.DisposalEvent, str]] = ...) -> None: ...
