import datetime

from gongji.v1 import codes_pb2 as _codes_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Part(_message.Message):
    __slots__ = ("amount_fen", "citations")
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    CITATIONS_FIELD_NUMBER: _ClassVar[int]
    amount_fen: int
    citations: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, amount_fen: _Optional[int] = ..., citations: _Optional[_Iterable[int]] = ...) -> None: ...

class Bill(_message.Message):
    __slots__ = ("total_fen", "non_covered", "over_limit", "pre_payment", "first_pay", "excluded", "in_scope")
    TOTAL_FEN_FIELD_NUMBER: _ClassVar[int]
    NON_COVERED_FIELD_NUMBER: _ClassVar[int]
    OVER_LIMIT_FIELD_NUMBER: _ClassVar[int]
    PRE_PAYMENT_FIELD_NUMBER: _ClassVar[int]
    FIRST_PAY_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_FIELD_NUMBER: _ClassVar[int]
    IN_SCOPE_FIELD_NUMBER: _ClassVar[int]
    total_fen: int
    non_covered: Part
    over_limit: Part
    pre_payment: Part
    first_pay: Part
    excluded: Part
    in_scope: Part
    def __init__(self, total_fen: _Optional[int] = ..., non_covered: _Optional[_Union[Part, _Mapping]] = ..., over_limit: _Optional[_Union[Part, _Mapping]] = ..., pre_payment: _Optional[_Union[Part, _Mapping]] = ..., first_pay: _Optional[_Union[Part, _Mapping]] = ..., excluded: _Optional[_Union[Part, _Mapping]] = ..., in_scope: _Optional[_Union[Part, _Mapping]] = ...) -> None: ...

class Basis(_message.Message):
    __slots__ = ("deductible", "copay", "cut_visit", "cut_annual", "cut_disease", "cut_pooled", "pooled_fund", "cut_day", "cut_month")
    DEDUCTIBLE_FIELD_NUMBER: _ClassVar[int]
    COPAY_FIELD_NUMBER: _ClassVar[int]
    CUT_VISIT_FIELD_NUMBER: _ClassVar[int]
    CUT_ANNUAL_FIELD_NUMBER: _ClassVar[int]
    CUT_DISEASE_FIELD_NUMBER: _ClassVar[int]
    CUT_POOLED_FIELD_NUMBER: _ClassVar[int]
    POOLED_FUND_FIELD_NUMBER: _ClassVar[int]
    CUT_DAY_FIELD_NUMBER: _ClassVar[int]
    CUT_MONTH_FIELD_NUMBER: _ClassVar[int]
    deductible: Part
    copay: Part
    cut_visit: Part
    cut_annual: Part
    cut_disease: Part
    cut_pooled: Part
    pooled_fund: Part
    cut_day: Part
    cut_month: Part
    def __init__(self, deductible: _Optional[_Union[Part, _Mapping]] = ..., copay: _Optional[_Union[Part, _Mapping]] = ..., cut_visit: _Optional[_Union[Part, _Mapping]] = ..., cut_annual: _Optional[_Union[Part, _Mapping]] = ..., cut_disease: _Optional[_Union[Part, _Mapping]] = ..., cut_pooled: _Optional[_Union[Part, _Mapping]] = ..., pooled_fund: _Optional[_Union[Part, _Mapping]] = ..., cut_day: _Optional[_Union[Part, _Mapping]] = ..., cut_month: _Optional[_Union[Part, _Mapping]] = ...) -> None: ...

class Payers(_message.Message):
    __slots__ = ("pooled_fund", "large_amount_fund", "institution_share", "account", "family_account", "cash", "person_fen")
    POOLED_FUND_FIELD_NUMBER: _ClassVar[int]
    LARGE_AMOUNT_FUND_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_SHARE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    FAMILY_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CASH_FIELD_NUMBER: _ClassVar[int]
    PERSON_FEN_FIELD_NUMBER: _ClassVar[int]
    pooled_fund: Part
    large_amount_fund: Part
    institution_share: Part
    account: Part
    family_account: Part
    cash: Part
    person_fen: int
    def __init__(self, pooled_fund: _Optional[_Union[Part, _Mapping]] = ..., large_amount_fund: _Optional[_Union[Part, _Mapping]] = ..., institution_share: _Optional[_Union[Part, _Mapping]] = ..., account: _Optional[_Union[Part, _Mapping]] = ..., family_account: _Optional[_Union[Part, _Mapping]] = ..., cash: _Optional[_Union[Part, _Mapping]] = ..., person_fen: _Optional[int] = ...) -> None: ...

class CounterValues(_message.Message):
    __slots__ = ("deductible_fen", "paid_fen", "visit_paid_fen", "account_balance_fen", "pooled_paid_fen", "compliant_burden_fen", "large_amount_paid_fen", "cost_fen", "disease_paid_fen", "month_paid_fen", "day_paid_fen", "family_balance_fen")
    DEDUCTIBLE_FEN_FIELD_NUMBER: _ClassVar[int]
    PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    VISIT_PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_BALANCE_FEN_FIELD_NUMBER: _ClassVar[int]
    POOLED_PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    COMPLIANT_BURDEN_FEN_FIELD_NUMBER: _ClassVar[int]
    LARGE_AMOUNT_PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    COST_FEN_FIELD_NUMBER: _ClassVar[int]
    DISEASE_PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    MONTH_PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    DAY_PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    FAMILY_BALANCE_FEN_FIELD_NUMBER: _ClassVar[int]
    deductible_fen: int
    paid_fen: int
    visit_paid_fen: int
    account_balance_fen: int
    pooled_paid_fen: int
    compliant_burden_fen: int
    large_amount_paid_fen: int
    cost_fen: int
    disease_paid_fen: int
    month_paid_fen: int
    day_paid_fen: int
    family_balance_fen: int
    def __init__(self, deductible_fen: _Optional[int] = ..., paid_fen: _Optional[int] = ..., visit_paid_fen: _Optional[int] = ..., account_balance_fen: _Optional[int] = ..., pooled_paid_fen: _Optional[int] = ..., compliant_burden_fen: _Optional[int] = ..., large_amount_paid_fen: _Optional[int] = ..., cost_fen: _Optional[int] = ..., disease_paid_fen: _Optional[int] = ..., month_paid_fen: _Optional[int] = ..., day_paid_fen: _Optional[int] = ..., family_balance_fen: _Optional[int] = ...) -> None: ...

class SettledGroup(_message.Message):
    __slots__ = ("benefit", "plan_digest", "reason", "bill", "basis", "payers", "before", "after", "facts", "figures")
    BENEFIT_FIELD_NUMBER: _ClassVar[int]
    PLAN_DIGEST_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    PAYERS_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    benefit: _codes_pb2.Benefit
    plan_digest: bytes
    reason: _codes_pb2.Reason
    bill: Bill
    basis: Basis
    payers: Payers
    before: CounterValues
    after: CounterValues
    facts: _containers.RepeatedScalarFieldContainer[_codes_pb2.Fact]
    figures: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, benefit: _Optional[_Union[_codes_pb2.Benefit, str]] = ..., plan_digest: _Optional[bytes] = ..., reason: _Optional[_Union[_codes_pb2.Reason, str]] = ..., bill: _Optional[_Union[Bill, _Mapping]] = ..., basis: _Optional[_Union[Basis, _Mapping]] = ..., payers: _Optional[_Union[Payers, _Mapping]] = ..., before: _Optional[_Union[CounterValues, _Mapping]] = ..., after: _Optional[_Union[CounterValues, _Mapping]] = ..., facts: _Optional[_Iterable[_Union[_codes_pb2.Fact, str]]] = ..., figures: _Optional[_Iterable[str]] = ...) -> None: ...

class Settlement(_message.Message):
    __slots__ = ("settlement_id", "request_id", "institution_id", "member_id", "service_date", "until_date", "policy_year", "reason", "plan_digest", "bill", "basis", "payers", "before", "after", "benefit", "status", "level", "place", "facts", "figures", "taken_time", "replayed", "visit_id", "disease_code", "prescriber_id", "requested_benefit", "groups", "prescription_id", "payer_member_id", "family_reason")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_DATE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_DATE_FIELD_NUMBER: _ClassVar[int]
    POLICY_YEAR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PLAN_DIGEST_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    PAYERS_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    TAKEN_TIME_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    PRESCRIBER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_BENEFIT_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    PRESCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    PAYER_MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    FAMILY_REASON_FIELD_NUMBER: _ClassVar[int]
    settlement_id: int
    request_id: str
    institution_id: str
    member_id: str
    service_date: int
    until_date: int
    policy_year: int
    reason: _codes_pb2.Reason
    plan_digest: bytes
    bill: Bill
    basis: Basis
    payers: Payers
    before: CounterValues
    after: CounterValues
    benefit: _codes_pb2.Benefit
    status: _codes_pb2.Status
    level: _codes_pb2.Level
    place: _codes_pb2.Place
    facts: _containers.RepeatedScalarFieldContainer[_codes_pb2.Fact]
    figures: _containers.RepeatedScalarFieldContainer[str]
    taken_time: _timestamp_pb2.Timestamp
    replayed: bool
    visit_id: str
    disease_code: str
    prescriber_id: str
    requested_benefit: _codes_pb2.Benefit
    groups: _containers.RepeatedCompositeFieldContainer[SettledGroup]
    prescription_id: str
    payer_member_id: str
    family_reason: _codes_pb2.Reason
    def __init__(self, settlement_id: _Optional[int] = ..., request_id: _Optional[str] = ..., institution_id: _Optional[str] = ..., member_id: _Optional[str] = ..., service_date: _Optional[int] = ..., until_date: _Optional[int] = ..., policy_year: _Optional[int] = ..., reason: _Optional[_Union[_codes_pb2.Reason, str]] = ..., plan_digest: _Optional[bytes] = ..., bill: _Optional[_Union[Bill, _Mapping]] = ..., basis: _Optional[_Union[Basis, _Mapping]] = ..., payers: _Optional[_Union[Payers, _Mapping]] = ..., before: _Optional[_Union[CounterValues, _Mapping]] = ..., after: _Optional[_Union[CounterValues, _Mapping]] = ..., benefit: _Optional[_Union[_codes_pb2.Benefit, str]] = ..., status: _Optional[_Union[_codes_pb2.Status, str]] = ..., level: _Optional[_Union[_codes_pb2.Level, str]] = ..., place: _Optional[_Union[_codes_pb2.Place, str]] = ..., facts: _Optional[_Iterable[_Union[_codes_pb2.Fact, str]]] = ..., figures: _Optional[_Iterable[str]] = ..., taken_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., replayed: bool = ..., visit_id: _Optional[str] = ..., disease_code: _Optional[str] = ..., prescriber_id: _Optional[str] = ..., requested_benefit: _Optional[_Union[_codes_pb2.Benefit, str]] = ..., groups: _Optional[_Iterable[_Union[SettledGroup, _Mapping]]] = ..., prescription_id: _Optional[str] = ..., payer_member_id: _Optional[str] = ..., family_reason: _Optional[_Union[_codes_pb2.Reason, str]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("reason", "detail", "message", "figure", "plan_digest", "citation", "blockers")
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIGURE_FIELD_NUMBER: _ClassVar[int]
    PLAN_DIGEST_FIELD_NUMBER: _ClassVar[int]
    CITATION_FIELD_NUMBER: _ClassVar[int]
    BLOCKERS_FIELD_NUMBER: _ClassVar[int]
    reason: _codes_pb2.Reason
    detail: _codes_pb2.Detail
    message: str
    figure: str
    plan_digest: bytes
    citation: int
    blockers: _containers.RepeatedCompositeFieldContainer[Blocker]
    def __init__(self, reason: _Optional[_Union[_codes_pb2.Reason, str]] = ..., detail: _Optional[_Union[_codes_pb2.Detail, str]] = ..., message: _Optional[str] = ..., figure: _Optional[str] = ..., plan_digest: _Optional[bytes] = ..., citation: _Optional[int] = ..., blockers: _Optional[_Iterable[_Union[Blocker, _Mapping]]] = ...) -> None: ...

class Blocker(_message.Message):
    __slots__ = ("settlement_id", "institution_id", "request_id")
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    settlement_id: int
    institution_id: str
    request_id: str
    def __init__(self, settlement_id: _Optional[int] = ..., institution_id: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class Error(_message.Message):
    __slots__ = ("path", "problem")
    PATH_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    path: str
    problem: str
    def __init__(self, path: _Optional[str] = ..., problem: _Optional[str] = ...) -> None: ...

class Undone(_message.Message):
    __slots__ = ("entry_id", "request_id", "settlement_id", "negated", "replayed")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    NEGATED_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    entry_id: int
    request_id: str
    settlement_id: int
    negated: Settlement
    replayed: bool
    def __init__(self, entry_id: _Optional[int] = ..., request_id: _Optional[str] = ..., settlement_id: _Optional[int] = ..., negated: _Optional[_Union[Settlement, _Mapping]] = ..., replayed: bool = ...) -> None: ...

class NothingToReverse(_message.Message):
    __slots__ = ("original_request_id", "tombstone_id", "replayed")
    ORIGINAL_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TOMBSTONE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    original_request_id: str
    tombstone_id: int
    replayed: bool
    def __init__(self, original_request_id: _Optional[str] = ..., tombstone_id: _Optional[int] = ..., replayed: bool = ...) -> None: ...

class Found(_message.Message):
    __slots__ = ("settlement", "undone_by")
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    settlement: Settlement
    undone_by: int
    def __init__(self, settlement: _Optional[_Union[Settlement, _Mapping]] = ..., undone_by: _Optional[int] = ...) -> None: ...

class Drain(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
