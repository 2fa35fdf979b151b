from gongji.v1 import claim_pb2 as _claim_pb2
from gongji.v1 import codes_pb2 as _codes_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeductibleKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEDUCTIBLE_KIND_UNSPECIFIED: _ClassVar[DeductibleKind]
    DEDUCTIBLE_KIND_SHARED: _ClassVar[DeductibleKind]
    DEDUCTIBLE_KIND_INSTITUTION: _ClassVar[DeductibleKind]
    DEDUCTIBLE_KIND_LEVEL: _ClassVar[DeductibleKind]
    DEDUCTIBLE_KIND_COST: _ClassVar[DeductibleKind]
    DEDUCTIBLE_KIND_OWN: _ClassVar[DeductibleKind]
    DEDUCTIBLE_KIND_EACH: _ClassVar[DeductibleKind]
    DEDUCTIBLE_KIND_BENEFIT: _ClassVar[DeductibleKind]

class VisitBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VISIT_BY_UNSPECIFIED: _ClassVar[VisitBy]
    VISIT_BY_CLAIM: _ClassVar[VisitBy]
    VISIT_BY_DAY: _ClassVar[VisitBy]
DEDUCTIBLE_KIND_UNSPECIFIED: DeductibleKind
DEDUCTIBLE_KIND_SHARED: DeductibleKind
DEDUCTIBLE_KIND_INSTITUTION: DeductibleKind
DEDUCTIBLE_KIND_LEVEL: DeductibleKind
DEDUCTIBLE_KIND_COST: DeductibleKind
DEDUCTIBLE_KIND_OWN: DeductibleKind
DEDUCTIBLE_KIND_EACH: DeductibleKind
DEDUCTIBLE_KIND_BENEFIT: DeductibleKind
VISIT_BY_UNSPECIFIED: VisitBy
VISIT_BY_CLAIM: VisitBy
VISIT_BY_DAY: VisitBy

class Document(_message.Message):
    __slots__ = ("key", "title", "number", "issuer", "issued_date", "first_day", "last_day", "clause")
    KEY_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    ISSUED_DATE_FIELD_NUMBER: _ClassVar[int]
    FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    CLAUSE_FIELD_NUMBER: _ClassVar[int]
    key: str
    title: str
    number: str
    issuer: str
    issued_date: int
    first_day: int
    last_day: int
    clause: Clause
    def __init__(self, key: _Optional[str] = ..., title: _Optional[str] = ..., number: _Optional[str] = ..., issuer: _Optional[str] = ..., issued_date: _Optional[int] = ..., first_day: _Optional[int] = ..., last_day: _Optional[int] = ..., clause: _Optional[_Union[Clause, _Mapping]] = ...) -> None: ...

class Clause(_message.Message):
    __slots__ = ("document", "clause", "stated", "reading", "text")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    CLAUSE_FIELD_NUMBER: _ClassVar[int]
    STATED_FIELD_NUMBER: _ClassVar[int]
    READING_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    document: str
    clause: str
    stated: bool
    reading: str
    text: str
    def __init__(self, document: _Optional[str] = ..., clause: _Optional[str] = ..., stated: bool = ..., reading: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Citation(_message.Message):
    __slots__ = ("clauses", "figures")
    CLAUSES_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    clauses: _containers.RepeatedCompositeFieldContainer[Clause]
    figures: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, clauses: _Optional[_Iterable[_Union[Clause, _Mapping]]] = ..., figures: _Optional[_Iterable[str]] = ...) -> None: ...

class FigureUsed(_message.Message):
    __slots__ = ("name", "value", "source")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: int
    source: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[int] = ..., source: _Optional[str] = ...) -> None: ...

class Tariff(_message.Message):
    __slots__ = ("level", "status", "deductible_fen", "deductible_citation", "visit_cap_fen", "visit_cap_citation", "annual_cap_fen", "annual_cap_citation", "rates", "day_cap_fen", "day_cap_citation", "month_cap_fen", "month_cap_citation", "brackets")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_FEN_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_CITATION_FIELD_NUMBER: _ClassVar[int]
    VISIT_CAP_FEN_FIELD_NUMBER: _ClassVar[int]
    VISIT_CAP_CITATION_FIELD_NUMBER: _ClassVar[int]
    ANNUAL_CAP_FEN_FIELD_NUMBER: _ClassVar[int]
    ANNUAL_CAP_CITATION_FIELD_NUMBER: _ClassVar[int]
    RATES_FIELD_NUMBER: _ClassVar[int]
    DAY_CAP_FEN_FIELD_NUMBER: _ClassVar[int]
    DAY_CAP_CITATION_FIELD_NUMBER: _ClassVar[int]
    MONTH_CAP_FEN_FIELD_NUMBER: _ClassVar[int]
    MONTH_CAP_CITATION_FIELD_NUMBER: _ClassVar[int]
    BRACKETS_FIELD_NUMBER: _ClassVar[int]
    level: _codes_pb2.Level
    status: _codes_pb2.Status
    deductible_fen: int
    deductible_citation: int
    visit_cap_fen: int
    visit_cap_citation: int
    annual_cap_fen: int
    annual_cap_citation: int
    rates: _containers.RepeatedCompositeFieldContainer[PlaceRate]
    day_cap_fen: int
    day_cap_citation: int
    month_cap_fen: int
    month_cap_citation: int
    brackets: _containers.RepeatedCompositeFieldContainer[BracketRates]
    def __init__(self, level: _Optional[_Union[_codes_pb2.Level, str]] = ..., status: _Optional[_Union[_codes_pb2.Status, str]] = ..., deductible_fen: _Optional[int] = ..., deductible_citation: _Optional[int] = ..., visit_cap_fen: _Optional[int] = ..., visit_cap_citation: _Optional[int] = ..., annual_cap_fen: _Optional[int] = ..., annual_cap_citation: _Optional[int] = ..., rates: _Optional[_Iterable[_Union[PlaceRate, _Mapping]]] = ..., day_cap_fen: _Optional[int] = ..., day_cap_citation: _Optional[int] = ..., month_cap_fen: _Optional[int] = ..., month_cap_citation: _Optional[int] = ..., brackets: _Optional[_Iterable[_Union[BracketRates, _Mapping]]] = ...) -> None: ...

class BracketRates(_message.Message):
    __slots__ = ("above_fen", "rates")
    ABOVE_FEN_FIELD_NUMBER: _ClassVar[int]
    RATES_FIELD_NUMBER: _ClassVar[int]
    above_fen: int
    rates: _containers.RepeatedCompositeFieldContainer[PlaceRate]
    def __init__(self, above_fen: _Optional[int] = ..., rates: _Optional[_Iterable[_Union[PlaceRate, _Mapping]]] = ...) -> None: ...

class PlaceRate(_message.Message):
    __slots__ = ("place", "rate_bp", "citation")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    RATE_BP_FIELD_NUMBER: _ClassVar[int]
    CITATION_FIELD_NUMBER: _ClassVar[int]
    place: _codes_pb2.Place
    rate_bp: int
    citation: int
    def __init__(self, place: _Optional[_Union[_codes_pb2.Place, str]] = ..., rate_bp: _Optional[int] = ..., citation: _Optional[int] = ...) -> None: ...

class Exclusion(_message.Message):
    __slots__ = ("reason", "require", "forbid", "citation", "liable_only", "figure", "levels")
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUIRE_FIELD_NUMBER: _ClassVar[int]
    FORBID_FIELD_NUMBER: _ClassVar[int]
    CITATION_FIELD_NUMBER: _ClassVar[int]
    LIABLE_ONLY_FIELD_NUMBER: _ClassVar[int]
    FIGURE_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    reason: _codes_pb2.Reason
    require: _containers.RepeatedScalarFieldContainer[_codes_pb2.Fact]
    forbid: _containers.RepeatedScalarFieldContainer[_codes_pb2.Fact]
    citation: int
    liable_only: bool
    figure: str
    levels: _containers.RepeatedScalarFieldContainer[_codes_pb2.Level]
    def __init__(self, reason: _Optional[_Union[_codes_pb2.Reason, str]] = ..., require: _Optional[_Iterable[_Union[_codes_pb2.Fact, str]]] = ..., forbid: _Optional[_Iterable[_Union[_codes_pb2.Fact, str]]] = ..., citation: _Optional[int] = ..., liable_only: bool = ..., figure: _Optional[str] = ..., levels: _Optional[_Iterable[_Union[_codes_pb2.Level, str]]] = ...) -> None: ...

class PooledCap(_message.Message):
    __slots__ = ("cap_fen", "citation")
    CAP_FEN_FIELD_NUMBER: _ClassVar[int]
    CITATION_FIELD_NUMBER: _ClassVar[int]
    cap_fen: int
    citation: int
    def __init__(self, cap_fen: _Optional[int] = ..., citation: _Optional[int] = ...) -> None: ...

class SecondPayment(_message.Message):
    __slots__ = ("threshold_fen", "rate_bp", "cap_fen", "citation")
    THRESHOLD_FEN_FIELD_NUMBER: _ClassVar[int]
    RATE_BP_FIELD_NUMBER: _ClassVar[int]
    CAP_FEN_FIELD_NUMBER: _ClassVar[int]
    CITATION_FIELD_NUMBER: _ClassVar[int]
    threshold_fen: int
    rate_bp: int
    cap_fen: int
    citation: int
    def __init__(self, threshold_fen: _Optional[int] = ..., rate_bp: _Optional[int] = ..., cap_fen: _Optional[int] = ..., citation: _Optional[int] = ...) -> None: ...

class CodeAmount(_message.Message):
    __slots__ = ("amount_fen", "citation")
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    CITATION_FIELD_NUMBER: _ClassVar[int]
    amount_fen: int
    citation: int
    def __init__(self, amount_fen: _Optional[int] = ..., citation: _Optional[int] = ...) -> None: ...

class Plan(_message.Message):
    __slots__ = ("digest", "city", "city_name", "first_day", "last_day", "deductible_kind", "tariffs", "first_payments", "exclusions", "rounding_citation", "citations", "figures", "documents", "canonical_json", "pooled_cap", "second_payment", "account_citation", "annual_cap_on_cost", "first_pay_last", "rate_of_selected", "second_copay_only", "visit_by", "prescription_apart", "benefit", "given_levels", "kinds", "first_age", "last_age", "code", "disease_cap", "standard_price", "general_fee_citation", "papers", "papers_citation", "family_medical", "family_goods")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    CITY_NAME_FIELD_NUMBER: _ClassVar[int]
    FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_KIND_FIELD_NUMBER: _ClassVar[int]
    TARIFFS_FIELD_NUMBER: _ClassVar[int]
    FIRST_PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    EXCLUSIONS_FIELD_NUMBER: _ClassVar[int]
    ROUNDING_CITATION_FIELD_NUMBER: _ClassVar[int]
    CITATIONS_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    CANONICAL_JSON_FIELD_NUMBER: _ClassVar[int]
    POOLED_CAP_FIELD_NUMBER: _ClassVar[int]
    SECOND_PAYMENT_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_CITATION_FIELD_NUMBER: _ClassVar[int]
    ANNUAL_CAP_ON_COST_FIELD_NUMBER: _ClassVar[int]
    FIRST_PAY_LAST_FIELD_NUMBER: _ClassVar[int]
    RATE_OF_SELECTED_FIELD_NUMBER: _ClassVar[int]
    SECOND_COPAY_ONLY_FIELD_NUMBER: _ClassVar[int]
    VISIT_BY_FIELD_NUMBER: _ClassVar[int]
    PRESCRIPTION_APART_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_FIELD_NUMBER: _ClassVar[int]
    GIVEN_LEVELS_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    FIRST_AGE_FIELD_NUMBER: _ClassVar[int]
    LAST_AGE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    DISEASE_CAP_FIELD_NUMBER: _ClassVar[int]
    STANDARD_PRICE_FIELD_NUMBER: _ClassVar[int]
    GENERAL_FEE_CITATION_FIELD_NUMBER: _ClassVar[int]
    PAPERS_FIELD_NUMBER: _ClassVar[int]
    PAPERS_CITATION_FIELD_NUMBER: _ClassVar[int]
    FAMILY_MEDICAL_FIELD_NUMBER: _ClassVar[int]
    FAMILY_GOODS_FIELD_NUMBER: _ClassVar[int]
    digest: bytes
    city: str
    city_name: str
    first_day: int
    last_day: int
    deductible_kind: DeductibleKind
    tariffs: _containers.RepeatedCompositeFieldContainer[Tariff]
    first_payments: _containers.RepeatedCompositeFieldContainer[PlaceRate]
    exclusions: _containers.RepeatedCompositeFieldContainer[Exclusion]
    rounding_citation: int
    citations: _containers.RepeatedCompositeFieldContainer[Citation]
    figures: _containers.RepeatedCompositeFieldContainer[FigureUsed]
    documents: _containers.RepeatedCompositeFieldContainer[Document]
    canonical_json: bytes
    pooled_cap: PooledCap
    second_payment: SecondPayment
    account_citation: int
    annual_cap_on_cost: bool
    first_pay_last: bool
    rate_of_selected: bool
    second_copay_only: bool
    visit_by: VisitBy
    prescription_apart: bool
    benefit: _codes_pb2.Benefit
    given_levels: _containers.RepeatedScalarFieldContainer[_codes_pb2.Level]
    kinds: _containers.RepeatedScalarFieldContainer[_codes_pb2.Kind]
    first_age: int
    last_age: int
    code: str
    disease_cap: CodeAmount
    standard_price: CodeAmount
    general_fee_citation: int
    papers: _containers.RepeatedScalarFieldContainer[_claim_pb2.Paper]
    papers_citation: int
    family_medical: FamilyUse
    family_goods: FamilyUse
    def __init__(self, digest: _Optional[bytes] = ..., city: _Optional[str] = ..., city_name: _Optional[str] = ..., first_day: _Optional[int] = ..., last_day: _Optional[int] = ..., deductible_kind: _Optional[_Union[DeductibleKind, str]] = ..., tariffs: _Optional[_Iterable[_Union[Tariff, _Mapping]]] = ..., first_payments: _Optional[_Iterable[_Union[PlaceRate, _Mapping]]] = ..., exclusions: _Optional[_Iterable[_Union[Exclusion, _Mapping]]] = ..., rounding_citation: _Optional[int] = ..., citations: _Optional[_Iterable[_Union[Citation, _Mapping]]] = ..., figures: _Optional[_Iterable[_Union[FigureUsed, _Mapping]]] = ..., documents: _Optional[_Iterable[_Union[Document, _Mapping]]] = ..., canonical_json: _Optional[bytes] = ..., pooled_cap: _Optional[_Union[PooledCap, _Mapping]] = ..., second_payment: _Optional[_Union[SecondPayment, _Mapping]] = ..., account_citation: _Optional[int] = ..., annual_cap_on_cost: bool = ..., first_pay_last: bool = ..., rate_of_selected: bool = ..., second_copay_only: bool = ..., visit_by: _Optional[_Union[VisitBy, str]] = ..., prescription_apart: bool = ..., benefit: _Optional[_Union[_codes_pb2.Benefit, str]] = ..., given_levels: _Optional[_Iterable[_Union[_codes_pb2.Level, str]]] = ..., kinds: _Optional[_Iterable[_Union[_codes_pb2.Kind, str]]] = ..., first_age: _Optional[int] = ..., last_age: _Optional[int] = ..., code: _Optional[str] = ..., disease_cap: _Optional[_Union[CodeAmount, _Mapping]] = ..., standard_price: _Optional[_Union[CodeAmount, _Mapping]] = ..., general_fee_citation: _Optional[int] = ..., papers: _Optional[_Iterable[_Union[_claim_pb2.Paper, str]]] = ..., papers_citation: _Optional[int] = ..., family_medical: _Optional[_Union[FamilyUse, _Mapping]] = ..., family_goods: _Optional[_Union[FamilyUse, _Mapping]] = ...) -> None: ...

class FamilyUse(_message.Message):
    __slots__ = ("relations", "citation")
    RELATIONS_FIELD_NUMBER: _ClassVar[int]
    CITATION_FIELD_NUMBER: _ClassVar[int]
    relations: _containers.RepeatedScalarFieldContainer[_codes_pb2.Relation]
    citation: int
    def __init__(self, relations: _Optional[_Iterable[_Union[_codes_pb2.Relation, str]]] = ..., citation: _Optional[int] = ...) -> None: ...
