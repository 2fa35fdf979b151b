from gongji.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TextColumn(_message.Message):
    __slots__ = ("text", "lengths")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LENGTHS_FIELD_NUMBER: _ClassVar[int]
    text: bytes
    lengths: bytes
    def __init__(self, text: _Optional[bytes] = ..., lengths: _Optional[bytes] = ...) -> None: ...

class DictionaryColumn(_message.Message):
    __slots__ = ("texts", "indexes")
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    texts: TextColumn
    indexes: bytes
    def __init__(self, texts: _Optional[_Union[TextColumn, _Mapping]] = ..., indexes: _Optional[bytes] = ...) -> None: ...

class LineColumns(_message.Message):
    __slots__ = ("line_classes", "amount_fen", "first_pay_bp", "over_limit_fen", "flags", "benefits", "quantities", "unit_price_micro_yuan", "unit_ceiling_micro_yuan", "codes")
    LINE_CLASSES_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    FIRST_PAY_BP_FIELD_NUMBER: _ClassVar[int]
    OVER_LIMIT_FEN_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    BENEFITS_FIELD_NUMBER: _ClassVar[int]
    QUANTITIES_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_MICRO_YUAN_FIELD_NUMBER: _ClassVar[int]
    UNIT_CEILING_MICRO_YUAN_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    line_classes: bytes
    amount_fen: bytes
    first_pay_bp: bytes
    over_limit_fen: bytes
    flags: bytes
    benefits: bytes
    quantities: bytes
    unit_price_micro_yuan: bytes
    unit_ceiling_micro_yuan: bytes
    codes: DictionaryColumn
    def __init__(self, line_classes: _Optional[bytes] = ..., amount_fen: _Optional[bytes] = ..., first_pay_bp: _Optional[bytes] = ..., over_limit_fen: _Optional[bytes] = ..., flags: _Optional[bytes] = ..., benefits: _Optional[bytes] = ..., quantities: _Optional[bytes] = ..., unit_price_micro_yuan: _Optional[bytes] = ..., unit_ceiling_micro_yuan: _Optional[bytes] = ..., codes: _Optional[_Union[DictionaryColumn, _Mapping]] = ...) -> None: ...

class ClaimColumns(_message.Message):
    __slots__ = ("count", "request_ids", "institution_ids", "member_ids", "service_dates", "until_dates", "benefits", "visit_ids", "total_fen", "in_scope_fen", "pre_payment_fen", "over_limit_fen", "non_covered_fen", "disease_codes", "prescriber_ids", "admission_ids", "liabilities", "liable_fen", "flags", "line_counts", "lines", "prescription_ids", "papers", "payer_member_ids")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_IDS_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_IDS_FIELD_NUMBER: _ClassVar[int]
    MEMBER_IDS_FIELD_NUMBER: _ClassVar[int]
    SERVICE_DATES_FIELD_NUMBER: _ClassVar[int]
    UNTIL_DATES_FIELD_NUMBER: _ClassVar[int]
    BENEFITS_FIELD_NUMBER: _ClassVar[int]
    VISIT_IDS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FEN_FIELD_NUMBER: _ClassVar[int]
    IN_SCOPE_FEN_FIELD_NUMBER: _ClassVar[int]
    PRE_PAYMENT_FEN_FIELD_NUMBER: _ClassVar[int]
    OVER_LIMIT_FEN_FIELD_NUMBER: _ClassVar[int]
    NON_COVERED_FEN_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODES_FIELD_NUMBER: _ClassVar[int]
    PRESCRIBER_IDS_FIELD_NUMBER: _ClassVar[int]
    ADMISSION_IDS_FIELD_NUMBER: _ClassVar[int]
    LIABILITIES_FIELD_NUMBER: _ClassVar[int]
    LIABLE_FEN_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    LINE_COUNTS_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    PRESCRIPTION_IDS_FIELD_NUMBER: _ClassVar[int]
    PAPERS_FIELD_NUMBER: _ClassVar[int]
    PAYER_MEMBER_IDS_FIELD_NUMBER: _ClassVar[int]
    count: int
    request_ids: TextColumn
    institution_ids: DictionaryColumn
    member_ids: DictionaryColumn
    service_dates: bytes
    until_dates: bytes
    benefits: bytes
    visit_ids: DictionaryColumn
    total_fen: bytes
    in_scope_fen: bytes
    pre_payment_fen: bytes
    over_limit_fen: bytes
    non_covered_fen: bytes
    disease_codes: DictionaryColumn
    prescriber_ids: DictionaryColumn
    admission_ids: DictionaryColumn
    liabilities: bytes
    liable_fen: bytes
    flags: bytes
    line_counts: bytes
    lines: LineColumns
    prescription_ids: DictionaryColumn
    papers: bytes
    payer_member_ids: DictionaryColumn
    def __init__(self, count: _Optional[int] = ..., request_ids: _Optional[_Union[TextColumn, _Mapping]] = ..., institution_ids: _Optional[_Union[DictionaryColumn, _Mapping]] = ..., member_ids: _Optional[_Union[DictionaryColumn, _Mapping]] = ..., service_dates: _Optional[bytes] = ..., until_dates: _Optional[bytes] = ..., benefits: _Optional[bytes] = ..., visit_ids: _Optional[_Union[DictionaryColumn, _Mapping]] = ..., total_fen: _Optional[bytes] = ..., in_scope_fen: _Optional[bytes] = ..., pre_payment_fen: _Optional[bytes] = ..., over_limit_fen: _Optional[bytes] = ..., non_covered_fen: _Optional[bytes] = ..., disease_codes: _Optional[_Union[DictionaryColumn, _Mapping]] = ..., prescriber_ids: _Optional[_Union[DictionaryColumn, _Mapping]] = ..., admission_ids: _Optional[_Union[DictionaryColumn, _Mapping]] = ..., liabilities: _Optional[bytes] = ..., liable_fen: _Optional[bytes] = ..., flags: _Optional[bytes] = ..., line_counts: _Optional[bytes] = ..., lines: _Optional[_Union[LineColumns, _Mapping]] = ..., prescription_ids: _Optional[_Union[DictionaryColumn, _Mapping]] = ..., papers: _Optional[bytes] = ..., payer_member_ids: _Optional[_Union[DictionaryColumn, _Mapping]] = ...) -> None: ...

class AnswerColumns(_message.Message):
    __slots__ = ("count", "outcomes", "settlement_ids", "taken_times_ms", "reasons", "plan_indexes", "plan_digests", "facts", "statuses", "levels", "places", "benefits", "total_fen", "non_covered_fen", "over_limit_fen", "pre_payment_fen", "first_pay_fen", "excluded_fen", "in_scope_fen", "deductible_fen", "copay_fen", "cut_visit_fen", "cut_annual_fen", "cut_disease_fen", "cut_pooled_fen", "pooled_fund_fen", "large_amount_fund_fen", "institution_share_fen", "person_fen", "account_fen", "family_account_fen", "cash_fen", "deductible_before_fen", "paid_before_fen", "visit_paid_before_fen", "account_before_fen", "cite_first_pay", "cite_excluded", "cite_excluded_rest", "cite_deductible", "cite_rate", "cite_visit_cap", "cite_annual_cap", "refusals", "errors", "pooled_paid_before_fen", "compliant_burden_before_fen", "large_amount_paid_before_fen", "pooled_counted_fen", "burden_counted_fen", "cite_pooled_cap", "cite_large_amount", "cite_account", "cost_before_fen", "cut_day_fen", "cut_month_fen", "disease_paid_before_fen", "month_paid_before_fen", "day_paid_before_fen", "cite_rate_above", "cite_day_cap", "cite_month_cap", "cite_disease_cap", "cite_standard_price", "groups", "family_before_fen", "family_reasons", "cite_family")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_IDS_FIELD_NUMBER: _ClassVar[int]
    TAKEN_TIMES_MS_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    PLAN_INDEXES_FIELD_NUMBER: _ClassVar[int]
    PLAN_DIGESTS_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    PLACES_FIELD_NUMBER: _ClassVar[int]
    BENEFITS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FEN_FIELD_NUMBER: _ClassVar[int]
    NON_COVERED_FEN_FIELD_NUMBER: _ClassVar[int]
    OVER_LIMIT_FEN_FIELD_NUMBER: _ClassVar[int]
    PRE_PAYMENT_FEN_FIELD_NUMBER: _ClassVar[int]
    FIRST_PAY_FEN_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_FEN_FIELD_NUMBER: _ClassVar[int]
    IN_SCOPE_FEN_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_FEN_FIELD_NUMBER: _ClassVar[int]
    COPAY_FEN_FIELD_NUMBER: _ClassVar[int]
    CUT_VISIT_FEN_FIELD_NUMBER: _ClassVar[int]
    CUT_ANNUAL_FEN_FIELD_NUMBER: _ClassVar[int]
    CUT_DISEASE_FEN_FIELD_NUMBER: _ClassVar[int]
    CUT_POOLED_FEN_FIELD_NUMBER: _ClassVar[int]
    POOLED_FUND_FEN_FIELD_NUMBER: _ClassVar[int]
    LARGE_AMOUNT_FUND_FEN_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_SHARE_FEN_FIELD_NUMBER: _ClassVar[int]
    PERSON_FEN_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    FAMILY_ACCOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    CASH_FEN_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_BEFORE_FEN_FIELD_NUMBER: _ClassVar[int]
    PAID_BEFORE_FEN_FIELD_NUMBER: _ClassVar[int]
    VISIT_PAID_BEFORE_FEN_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_BEFORE_FEN_FIELD_NUMBER: _ClassVar[int]
    CITE_FIRST_PAY_FIELD_NUMBER: _ClassVar[int]
    CITE_EXCLUDED_FIELD_NUMBER: _ClassVar[int]
    CITE_EXCLUDED_REST_FIELD_NUMBER: _ClassVar[int]
    CITE_DEDUCTIBLE_FIELD_NUMBER: _ClassVar[int]
    CITE_RATE_FIELD_NUMBER: _ClassVar[int]
    CITE_VISIT_CAP_FIELD_NUMBER: _ClassVar[int]
    CITE_ANNUAL_CAP_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    POOLED_PAID_BEFORE_FEN_FIELD_NUMBER: _ClassVar[int]
    COMPLIANT_BURDEN_BEFORE_FEN_FIELD_NUMBER: _ClassVar[int]
    LARGE_AMOUNT_PAID_BEFORE_FEN_FIELD_NUMBER: _ClassVar[int]
    POOLED_COUNTED_FEN_FIELD_NUMBER: _ClassVar[int]
    BURDEN_COUNTED_FEN_FIELD_NUMBER: _ClassVar[int]
    CITE_POOLED_CAP_FIELD_NUMBER: _ClassVar[int]
    CITE_LARGE_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    CITE_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    COST_BEFORE_FEN_FIELD_NUMBER: _ClassVar[int]
    CUT_DAY_FEN_FIELD_NUMBER: _ClassVar[int]
    CUT_MONTH_FEN_FIELD_NUMBER: _ClassVar[int]
    DISEASE_PAID_BEFORE_FEN_FIELD_NUMBER: _ClassVar[int]
    MONTH_PAID_BEFORE_FEN_FIELD_NUMBER: _ClassVar[int]
    DAY_PAID_BEFORE_FEN_FIELD_NUMBER: _ClassVar[int]
    CITE_RATE_ABOVE_FIELD_NUMBER: _ClassVar[int]
    CITE_DAY_CAP_FIELD_NUMBER: _ClassVar[int]
    CITE_MONTH_CAP_FIELD_NUMBER: _ClassVar[int]
    CITE_DISEASE_CAP_FIELD_NUMBER: _ClassVar[int]
    CITE_STANDARD_PRICE_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    FAMILY_BEFORE_FEN_FIELD_NUMBER: _ClassVar[int]
    FAMILY_REASONS_FIELD_NUMBER: _ClassVar[int]
    CITE_FAMILY_FIELD_NUMBER: _ClassVar[int]
    count: int
    outcomes: bytes
    settlement_ids: bytes
    taken_times_ms: bytes
    reasons: bytes
    plan_indexes: bytes
    plan_digests: _containers.RepeatedScalarFieldContainer[bytes]
    facts: bytes
    statuses: bytes
    levels: bytes
    places: bytes
    benefits: bytes
    total_fen: bytes
    non_covered_fen: bytes
    over_limit_fen: bytes
    pre_payment_fen: bytes
    first_pay_fen: bytes
    excluded_fen: bytes
    in_scope_fen: bytes
    deductible_fen: bytes
    copay_fen: bytes
    cut_visit_fen: bytes
    cut_annual_fen: bytes
    cut_disease_fen: bytes
    cut_pooled_fen: bytes
    pooled_fund_fen: bytes
    large_amount_fund_fen: bytes
    institution_share_fen: bytes
    person_fen: bytes
    account_fen: bytes
    family_account_fen: bytes
    cash_fen: bytes
    deductible_before_fen: bytes
    paid_before_fen: bytes
    visit_paid_before_fen: bytes
    account_before_fen: bytes
    cite_first_pay: bytes
    cite_excluded: bytes
    cite_excluded_rest: bytes
    cite_deductible: bytes
    cite_rate: bytes
    cite_visit_cap: bytes
    cite_annual_cap: bytes
    refusals: _containers.RepeatedCompositeFieldContainer[RowRefusal]
    errors: _containers.RepeatedCompositeFieldContainer[RowError]
    pooled_paid_before_fen: bytes
    compliant_burden_before_fen: bytes
    large_amount_paid_before_fen: bytes
    pooled_counted_fen: bytes
    burden_counted_fen: bytes
    cite_pooled_cap: bytes
    cite_large_amount: bytes
    cite_account: bytes
    cost_before_fen: bytes
    cut_day_fen: bytes
    cut_month_fen: bytes
    disease_paid_before_fen: bytes
    month_paid_before_fen: bytes
    day_paid_before_fen: bytes
    cite_rate_above: bytes
    cite_day_cap: bytes
    cite_month_cap: bytes
    cite_disease_cap: bytes
    cite_standard_price: bytes
    groups: _containers.RepeatedCompositeFieldContainer[RowGroups]
    family_before_fen: bytes
    family_reasons: bytes
    cite_family: bytes
    def __init__(self, count: _Optional[int] = ..., outcomes: _Optional[bytes] = ..., settlement_ids: _Optional[bytes] = ..., taken_times_ms: _Optional[bytes] = ..., reasons: _Optional[bytes] = ..., plan_indexes: _Optional[bytes] = ..., plan_digests: _Optional[_Iterable[bytes]] = ..., facts: _Optional[bytes] = ..., statuses: _Optional[bytes] = ..., levels: _Optional[bytes] = ..., places: _Optional[bytes] = ..., benefits: _Optional[bytes] = ..., total_fen: _Optional[bytes] = ..., non_covered_fen: _Optional[bytes] = ..., over_limit_fen: _Optional[bytes] = ..., pre_payment_fen: _Optional[bytes] = ..., first_pay_fen: _Optional[bytes] = ..., excluded_fen: _Optional[bytes] = ..., in_scope_fen: _Optional[bytes] = ..., deductible_fen: _Optional[bytes] = ..., copay_fen: _Optional[bytes] = ..., cut_visit_fen: _Optional[bytes] = ..., cut_annual_fen: _Optional[bytes] = ..., cut_disease_fen: _Optional[bytes] = ..., cut_pooled_fen: _Optional[bytes] = ..., pooled_fund_fen: _Optional[bytes] = ..., large_amount_fund_fen: _Optional[bytes] = ..., institution_share_fen: _Optional[bytes] = ..., person_fen: _Optional[bytes] = ..., account_fen: _Optional[bytes] = ..., family_account_fen: _Optional[bytes] = ..., cash_fen: _Optional[bytes] = ..., deductible_before_fen: _Optional[bytes] = ..., paid_before_fen: _Optional[bytes] = ..., visit_paid_before_fen: _Optional[bytes] = ..., account_before_fen: _Optional[bytes] = ..., cite_first_pay: _Optional[bytes] = ..., cite_excluded: _Optional[bytes] = ..., cite_excluded_rest: _Optional[bytes] = ..., cite_deductible: _Optional[bytes] = ..., cite_rate: _Optional[bytes] = ..., cite_visit_cap: _Optional[bytes] = ..., cite_annual_cap: _Optional[bytes] = ..., refusals: _Optional[_Iterable[_Union[RowRefusal, _Mapping]]] = ..., errors: _Optional[_Iterable[_Union[RowError, _Mapping]]] = ..., pooled_paid_before_fen: _Optional[bytes] = ..., compliant_burden_before_fen: _Optional[bytes] = ..., large_amount_paid_before_fen: _Optional[bytes] = ..., pooled_counted_fen: _Optional[bytes] = ..., burden_counted_fen: _Optional[bytes] = ..., cite_pooled_cap: _Optional[bytes] = ..., cite_large_amount: _Optional[bytes] = ..., cite_account: _Optional[bytes] = ..., cost_before_fen: _Optional[bytes] = ..., cut_day_fen: _Optional[bytes] = ..., cut_month_fen: _Optional[bytes] = ..., disease_paid_before_fen: _Optional[bytes] = ..., month_paid_before_fen: _Optional[bytes] = ..., day_paid_before_fen: _Optional[bytes] = ..., cite_rate_above: _Optional[bytes] = ..., cite_day_cap: _Optional[bytes] = ..., cite_month_cap: _Optional[bytes] = ..., cite_disease_cap: _Optional[bytes] = ..., cite_standard_price: _Optional[bytes] = ..., groups: _Optional[_Iterable[_Union[RowGroups, _Mapping]]] = ..., family_before_fen: _Optional[bytes] = ..., family_reasons: _Optional[bytes] = ..., cite_family: _Optional[bytes] = ...) -> None: ...

class RowGroups(_message.Message):
    __slots__ = ("row", "groups")
    ROW_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    row: int
    groups: _containers.RepeatedCompositeFieldContainer[_settlement_pb2.SettledGroup]
    def __init__(self, row: _Optional[int] = ..., groups: _Optional[_Iterable[_Union[_settlement_pb2.SettledGroup, _Mapping]]] = ...) -> None: ...

class RowRefusal(_message.Message):
    __slots__ = ("row", "refusal")
    ROW_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    row: int
    refusal: _settlement_pb2.Refusal
    def __init__(self, row: _Optional[int] = ..., refusal: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ...) -> None: ...

class RowError(_message.Message):
    __slots__ = ("row", "error")
    ROW_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    row: int
    error: _settlement_pb2.Error
    def __init__(self, row: _Optional[int] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...
