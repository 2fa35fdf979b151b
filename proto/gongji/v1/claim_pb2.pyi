from gongji.v1 import codes_pb2 as _codes_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Paper(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAPER_UNSPECIFIED: _ClassVar[Paper]
    PAPER_CREDENTIAL: _ClassVar[Paper]
    PAPER_INVOICE: _ClassVar[Paper]
    PAPER_MEDICAL_RECORD: _ClassVar[Paper]
    PAPER_CHARGE_LIST: _ClassVar[Paper]

class LineClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LINE_CLASS_UNSPECIFIED: _ClassVar[LineClass]
    LINE_CLASS_A: _ClassVar[LineClass]
    LINE_CLASS_B: _ClassVar[LineClass]
    LINE_CLASS_NONE: _ClassVar[LineClass]

class LineFlag(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LINE_FLAG_UNSPECIFIED: _ClassVar[LineFlag]
    LINE_FLAG_DUAL_CHANNEL: _ClassVar[LineFlag]
    LINE_FLAG_SEPARATE_PAY: _ClassVar[LineFlag]
    LINE_FLAG_GENERAL_FEE: _ClassVar[LineFlag]
PAPER_UNSPECIFIED: Paper
PAPER_CREDENTIAL: Paper
PAPER_INVOICE: Paper
PAPER_MEDICAL_RECORD: Paper
PAPER_CHARGE_LIST: Paper
LINE_CLASS_UNSPECIFIED: LineClass
LINE_CLASS_A: LineClass
LINE_CLASS_B: LineClass
LINE_CLASS_NONE: LineClass
LINE_FLAG_UNSPECIFIED: LineFlag
LINE_FLAG_DUAL_CHANNEL: LineFlag
LINE_FLAG_SEPARATE_PAY: LineFlag
LINE_FLAG_GENERAL_FEE: LineFlag

class Claim(_message.Message):
    __slots__ = ("request_id", "member_id", "service_date", "until_date", "benefit", "visit_id", "total_fen", "in_scope_fen", "pre_payment_fen", "over_limit_fen", "non_covered_fen", "disease_code", "prescriber_id", "admission_id", "liability", "liable_fen", "emergency", "referred", "statement", "manual", "use_account", "payer_member_id", "groups", "lines", "prescription_id", "papers")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_DATE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_DATE_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_FIELD_NUMBER: _ClassVar[int]
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FEN_FIELD_NUMBER: _ClassVar[int]
    IN_SCOPE_FEN_FIELD_NUMBER: _ClassVar[int]
    PRE_PAYMENT_FEN_FIELD_NUMBER: _ClassVar[int]
    OVER_LIMIT_FEN_FIELD_NUMBER: _ClassVar[int]
    NON_COVERED_FEN_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CODE_FIELD_NUMBER: _ClassVar[int]
    PRESCRIBER_ID_FIELD_NUMBER: _ClassVar[int]
    ADMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    LIABILITY_FIELD_NUMBER: _ClassVar[int]
    LIABLE_FEN_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    REFERRED_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    MANUAL_FIELD_NUMBER: _ClassVar[int]
    USE_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    PAYER_MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    PRESCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    PAPERS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    member_id: str
    service_date: int
    until_date: int
    benefit: _codes_pb2.Benefit
    visit_id: str
    total_fen: int
    in_scope_fen: int
    pre_payment_fen: int
    over_limit_fen: int
    non_covered_fen: int
    disease_code: str
    prescriber_id: str
    admission_id: str
    liability: _codes_pb2.Liability
    liable_fen: int
    emergency: bool
    referred: bool
    statement: bool
    manual: bool
    use_account: bool
    payer_member_id: str
    groups: _containers.RepeatedCompositeFieldContainer[BenefitGroup]
    lines: _containers.RepeatedCompositeFieldContainer[Line]
    prescription_id: str
    papers: _containers.RepeatedScalarFieldContainer[Paper]
    def __init__(self, request_id: _Optional[str] = ..., member_id: _Optional[str] = ..., service_date: _Optional[int] = ..., until_date: _Optional[int] = ..., benefit: _Optional[_Union[_codes_pb2.Benefit, str]] = ..., visit_id: _Optional[str] = ..., total_fen: _Optional[int] = ..., in_scope_fen: _Optional[int] = ..., pre_payment_fen: _Optional[int] = ..., over_limit_fen: _Optional[int] = ..., non_covered_fen: _Optional[int] = ..., disease_code: _Optional[str] = ..., prescriber_id: _Optional[str] = ..., admission_id: _Optional[str] = ..., liability: _Optional[_Union[_codes_pb2.Liability, str]] = ..., liable_fen: _Optional[int] = ..., emergency: bool = ..., referred: bool = ..., statement: bool = ..., manual: bool = ..., use_account: bool = ..., payer_member_id: _Optional[str] = ..., groups: _Optional[_Iterable[_Union[BenefitGroup, _Mapping]]] = ..., lines: _Optional[_Iterable[_Union[Line, _Mapping]]] = ..., prescription_id: _Optional[str] = ..., papers: _Optional[_Iterable[_Union[Paper, str]]] = ...) -> None: ...

class BenefitGroup(_message.Message):
    __slots__ = ("benefit", "in_scope_fen", "pre_payment_fen", "over_limit_fen", "non_covered_fen")
    BENEFIT_FIELD_NUMBER: _ClassVar[int]
    IN_SCOPE_FEN_FIELD_NUMBER: _ClassVar[int]
    PRE_PAYMENT_FEN_FIELD_NUMBER: _ClassVar[int]
    OVER_LIMIT_FEN_FIELD_NUMBER: _ClassVar[int]
    NON_COVERED_FEN_FIELD_NUMBER: _ClassVar[int]
    benefit: _codes_pb2.Benefit
    in_scope_fen: int
    pre_payment_fen: int
    over_limit_fen: int
    non_covered_fen: int
    def __init__(self, benefit: _Optional[_Union[_codes_pb2.Benefit, str]] = ..., in_scope_fen: _Optional[int] = ..., pre_payment_fen: _Optional[int] = ..., over_limit_fen: _Optional[int] = ..., non_covered_fen: _Optional[int] = ...) -> None: ...

class Line(_message.Message):
    __slots__ = ("line_class", "amount_fen", "first_pay_bp", "over_limit_fen", "flag", "benefit", "quantity", "unit_price_micro_yuan", "unit_ceiling_micro_yuan", "code")
    LINE_CLASS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    FIRST_PAY_BP_FIELD_NUMBER: _ClassVar[int]
    OVER_LIMIT_FEN_FIELD_NUMBER: _ClassVar[int]
    FLAG_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_MICRO_YUAN_FIELD_NUMBER: _ClassVar[int]
    UNIT_CEILING_MICRO_YUAN_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    line_class: LineClass
    amount_fen: int
    first_pay_bp: int
    over_limit_fen: int
    flag: LineFlag
    benefit: _codes_pb2.Benefit
    quantity: int
    unit_price_micro_yuan: int
    unit_ceiling_micro_yuan: int
    code: str
    def __init__(self, line_class: _Optional[_Union[LineClass, str]] = ..., amount_fen: _Optional[int] = ..., first_pay_bp: _Optional[int] = ..., over_limit_fen: _Optional[int] = ..., flag: _Optional[_Union[LineFlag, str]] = ..., benefit: _Optional[_Union[_codes_pb2.Benefit, str]] = ..., quantity: _Optional[int] = ..., unit_price_micro_yuan: _Optional[int] = ..., unit_ceiling_micro_yuan: _Optional[int] = ..., code: _Optional[str] = ...) -> None: ...
