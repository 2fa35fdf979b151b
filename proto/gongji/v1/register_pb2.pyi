from gongji.v1 import codes_pb2 as _codes_pb2
from gongji.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Interval(_message.Message):
    __slots__ = ("first_day", "last_day")
    FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    first_day: int
    last_day: int
    def __init__(self, first_day: _Optional[int] = ..., last_day: _Optional[int] = ...) -> None: ...

class Days(_message.Message):
    __slots__ = ("intervals",)
    INTERVALS_FIELD_NUMBER: _ClassVar[int]
    intervals: _containers.RepeatedCompositeFieldContainer[Interval]
    def __init__(self, intervals: _Optional[_Iterable[_Union[Interval, _Mapping]]] = ...) -> None: ...

class Filing(_message.Message):
    __slots__ = ("kind", "area", "days")
    KIND_FIELD_NUMBER: _ClassVar[int]
    AREA_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    kind: _codes_pb2.FilingKind
    area: str
    days: Interval
    def __init__(self, kind: _Optional[_Union[_codes_pb2.FilingKind, str]] = ..., area: _Optional[str] = ..., days: _Optional[_Union[Interval, _Mapping]] = ...) -> None: ...

class Selection(_message.Message):
    __slots__ = ("institution_id", "days")
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    institution_id: str
    days: Interval
    def __init__(self, institution_id: _Optional[str] = ..., days: _Optional[_Union[Interval, _Mapping]] = ...) -> None: ...

class Disease(_message.Message):
    __slots__ = ("code", "kind", "days")
    CODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    code: str
    kind: _codes_pb2.DiseaseKind
    days: Interval
    def __init__(self, code: _Optional[str] = ..., kind: _Optional[_Union[_codes_pb2.DiseaseKind, str]] = ..., days: _Optional[_Union[Interval, _Mapping]] = ...) -> None: ...

class Stay(_message.Message):
    __slots__ = ("institution_id", "admitted_date", "discharged_date")
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    ADMITTED_DATE_FIELD_NUMBER: _ClassVar[int]
    DISCHARGED_DATE_FIELD_NUMBER: _ClassVar[int]
    institution_id: str
    admitted_date: int
    discharged_date: int
    def __init__(self, institution_id: _Optional[str] = ..., admitted_date: _Optional[int] = ..., discharged_date: _Optional[int] = ...) -> None: ...

class Referral(_message.Message):
    __slots__ = ("from_institution_id", "to_institution_id", "days")
    FROM_INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    TO_INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    from_institution_id: str
    to_institution_id: str
    days: Interval
    def __init__(self, from_institution_id: _Optional[str] = ..., to_institution_id: _Optional[str] = ..., days: _Optional[_Union[Interval, _Mapping]] = ...) -> None: ...

class FamilyLink(_message.Message):
    __slots__ = ("relative_id", "relation", "consent", "days")
    RELATIVE_ID_FIELD_NUMBER: _ClassVar[int]
    RELATION_FIELD_NUMBER: _ClassVar[int]
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    relative_id: str
    relation: _codes_pb2.Relation
    consent: str
    days: Interval
    def __init__(self, relative_id: _Optional[str] = ..., relation: _Optional[_Union[_codes_pb2.Relation, str]] = ..., consent: _Optional[str] = ..., days: _Optional[_Union[Interval, _Mapping]] = ...) -> None: ...

class Contribution(_message.Message):
    __slots__ = ("base_fen", "own_fen", "days")
    BASE_FEN_FIELD_NUMBER: _ClassVar[int]
    OWN_FEN_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    base_fen: int
    own_fen: int
    days: Interval
    def __init__(self, base_fen: _Optional[int] = ..., own_fen: _Optional[int] = ..., days: _Optional[_Union[Interval, _Mapping]] = ...) -> None: ...

class Qualification(_message.Message):
    __slots__ = ("offer", "days")
    OFFER_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    offer: _codes_pb2.Offer
    days: Interval
    def __init__(self, offer: _Optional[_Union[_codes_pb2.Offer, str]] = ..., days: _Optional[_Union[Interval, _Mapping]] = ...) -> None: ...

class Member(_message.Message):
    __slots__ = ("member_id", "city", "status", "retired_date", "born_date", "mode", "employment", "arrears", "filings", "selections", "diseases", "stays", "referrals", "family", "contributions", "still_paying", "months_combined", "months_pooled_only")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    RETIRED_DATE_FIELD_NUMBER: _ClassVar[int]
    BORN_DATE_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    EMPLOYMENT_FIELD_NUMBER: _ClassVar[int]
    ARREARS_FIELD_NUMBER: _ClassVar[int]
    FILINGS_FIELD_NUMBER: _ClassVar[int]
    SELECTIONS_FIELD_NUMBER: _ClassVar[int]
    DISEASES_FIELD_NUMBER: _ClassVar[int]
    STAYS_FIELD_NUMBER: _ClassVar[int]
    REFERRALS_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTIONS_FIELD_NUMBER: _ClassVar[int]
    STILL_PAYING_FIELD_NUMBER: _ClassVar[int]
    MONTHS_COMBINED_FIELD_NUMBER: _ClassVar[int]
    MONTHS_POOLED_ONLY_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    city: str
    status: _codes_pb2.Status
    retired_date: int
    born_date: int
    mode: _codes_pb2.Mode
    employment: _codes_pb2.Employment
    arrears: _containers.RepeatedCompositeFieldContainer[Interval]
    filings: _containers.RepeatedCompositeFieldContainer[Filing]
    selections: _containers.RepeatedCompositeFieldContainer[Selection]
    diseases: _containers.RepeatedCompositeFieldContainer[Disease]
    stays: _containers.RepeatedCompositeFieldContainer[Stay]
    referrals: _containers.RepeatedCompositeFieldContainer[Referral]
    family: _containers.RepeatedCompositeFieldContainer[FamilyLink]
    contributions: _containers.RepeatedCompositeFieldContainer[Contribution]
    still_paying: _containers.RepeatedCompositeFieldContainer[Interval]
    months_combined: int
    months_pooled_only: int
    def __init__(self, member_id: _Optional[str] = ..., city: _Optional[str] = ..., status: _Optional[_Union[_codes_pb2.Status, str]] = ..., retired_date: _Optional[int] = ..., born_date: _Optional[int] = ..., mode: _Optional[_Union[_codes_pb2.Mode, str]] = ..., employment: _Optional[_Union[_codes_pb2.Employment, str]] = ..., arrears: _Optional[_Iterable[_Union[Interval, _Mapping]]] = ..., filings: _Optional[_Iterable[_Union[Filing, _Mapping]]] = ..., selections: _Optional[_Iterable[_Union[Selection, _Mapping]]] = ..., diseases: _Optional[_Iterable[_Union[Disease, _Mapping]]] = ..., stays: _Optional[_Iterable[_Union[Stay, _Mapping]]] = ..., referrals: _Optional[_Iterable[_Union[Referral, _Mapping]]] = ..., family: _Optional[_Iterable[_Union[FamilyLink, _Mapping]]] = ..., contributions: _Optional[_Iterable[_Union[Contribution, _Mapping]]] = ..., still_paying: _Optional[_Iterable[_Union[Interval, _Mapping]]] = ..., months_combined: _Optional[int] = ..., months_pooled_only: _Optional[int] = ...) -> None: ...

class Institution(_message.Message):
    __slots__ = ("institution_id", "area", "level", "kind", "host_id", "parent_id", "designated", "networked", "offers", "qualifications")
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    AREA_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    HOST_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    DESIGNATED_FIELD_NUMBER: _ClassVar[int]
    NETWORKED_FIELD_NUMBER: _ClassVar[int]
    OFFERS_FIELD_NUMBER: _ClassVar[int]
    QUALIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    institution_id: str
    area: str
    level: _codes_pb2.Level
    kind: _codes_pb2.Kind
    host_id: str
    parent_id: str
    designated: Days
    networked: Days
    offers: Offers
    qualifications: _containers.RepeatedCompositeFieldContainer[Qualification]
    def __init__(self, institution_id: _Optional[str] = ..., area: _Optional[str] = ..., level: _Optional[_Union[_codes_pb2.Level, str]] = ..., kind: _Optional[_Union[_codes_pb2.Kind, str]] = ..., host_id: _Optional[str] = ..., parent_id: _Optional[str] = ..., designated: _Optional[_Union[Days, _Mapping]] = ..., networked: _Optional[_Union[Days, _Mapping]] = ..., offers: _Optional[_Union[Offers, _Mapping]] = ..., qualifications: _Optional[_Iterable[_Union[Qualification, _Mapping]]] = ...) -> None: ...

class Offers(_message.Message):
    __slots__ = ("offers",)
    OFFERS_FIELD_NUMBER: _ClassVar[int]
    offers: _containers.RepeatedScalarFieldContainer[_codes_pb2.Offer]
    def __init__(self, offers: _Optional[_Iterable[_Union[_codes_pb2.Offer, str]]] = ...) -> None: ...

class YearOpening(_message.Message):
    __slots__ = ("member_id", "policy_year", "deductible_fen", "deductible_met", "ordinary_paid_fen", "visits", "deductible_at", "pooled_paid_fen", "compliant_burden_fen", "large_amount_paid_fen", "special_deductible_fen", "chronic_paid_fen", "diseases", "cost_fen", "months", "days", "benefit_deductible", "benefit_paid")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    POLICY_YEAR_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_FEN_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_MET_FIELD_NUMBER: _ClassVar[int]
    ORDINARY_PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    VISITS_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_AT_FIELD_NUMBER: _ClassVar[int]
    POOLED_PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    COMPLIANT_BURDEN_FEN_FIELD_NUMBER: _ClassVar[int]
    LARGE_AMOUNT_PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    SPECIAL_DEDUCTIBLE_FEN_FIELD_NUMBER: _ClassVar[int]
    CHRONIC_PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    DISEASES_FIELD_NUMBER: _ClassVar[int]
    COST_FEN_FIELD_NUMBER: _ClassVar[int]
    MONTHS_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_DEDUCTIBLE_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_PAID_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    policy_year: int
    deductible_fen: int
    deductible_met: bool
    ordinary_paid_fen: int
    visits: _containers.RepeatedCompositeFieldContainer[VisitOpening]
    deductible_at: _containers.RepeatedCompositeFieldContainer[DeductibleAt]
    pooled_paid_fen: int
    compliant_burden_fen: int
    large_amount_paid_fen: int
    special_deductible_fen: int
    chronic_paid_fen: int
    diseases: _containers.RepeatedCompositeFieldContainer[DiseasePaid]
    cost_fen: int
    months: _containers.RepeatedCompositeFieldContainer[SpanPaid]
    days: _containers.RepeatedCompositeFieldContainer[SpanPaid]
    benefit_deductible: _containers.RepeatedCompositeFieldContainer[BenefitAmount]
    benefit_paid: _containers.RepeatedCompositeFieldContainer[BenefitAmount]
    def __init__(self, member_id: _Optional[str] = ..., policy_year: _Optional[int] = ..., deductible_fen: _Optional[int] = ..., deductible_met: bool = ..., ordinary_paid_fen: _Optional[int] = ..., visits: _Optional[_Iterable[_Union[VisitOpening, _Mapping]]] = ..., deductible_at: _Optional[_Iterable[_Union[DeductibleAt, _Mapping]]] = ..., pooled_paid_fen: _Optional[int] = ..., compliant_burden_fen: _Optional[int] = ..., large_amount_paid_fen: _Optional[int] = ..., special_deductible_fen: _Optional[int] = ..., chronic_paid_fen: _Optional[int] = ..., diseases: _Optional[_Iterable[_Union[DiseasePaid, _Mapping]]] = ..., cost_fen: _Optional[int] = ..., months: _Optional[_Iterable[_Union[SpanPaid, _Mapping]]] = ..., days: _Optional[_Iterable[_Union[SpanPaid, _Mapping]]] = ..., benefit_deductible: _Optional[_Iterable[_Union[BenefitAmount, _Mapping]]] = ..., benefit_paid: _Optional[_Iterable[_Union[BenefitAmount, _Mapping]]] = ...) -> None: ...

class DeductibleAt(_message.Message):
    __slots__ = ("institution_id", "borne_fen")
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    BORNE_FEN_FIELD_NUMBER: _ClassVar[int]
    institution_id: str
    borne_fen: int
    def __init__(self, institution_id: _Optional[str] = ..., borne_fen: _Optional[int] = ...) -> None: ...

class VisitOpening(_message.Message):
    __slots__ = ("visit_id", "paid_fen")
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    visit_id: str
    paid_fen: int
    def __init__(self, visit_id: _Optional[str] = ..., paid_fen: _Optional[int] = ...) -> None: ...

class AccountOpening(_message.Message):
    __slots__ = ("member_id", "balance_fen")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FEN_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    balance_fen: int
    def __init__(self, member_id: _Optional[str] = ..., balance_fen: _Optional[int] = ...) -> None: ...

class Opening(_message.Message):
    __slots__ = ("year", "account")
    YEAR_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    year: YearOpening
    account: AccountOpening
    def __init__(self, year: _Optional[_Union[YearOpening, _Mapping]] = ..., account: _Optional[_Union[AccountOpening, _Mapping]] = ...) -> None: ...

class Accepted(_message.Message):
    __slots__ = ("count", "errors")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    count: int
    errors: _containers.RepeatedCompositeFieldContainer[ItemError]
    def __init__(self, count: _Optional[int] = ..., errors: _Optional[_Iterable[_Union[ItemError, _Mapping]]] = ...) -> None: ...

class ItemError(_message.Message):
    __slots__ = ("index", "error")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    index: int
    error: _settlement_pb2.Error
    def __init__(self, index: _Optional[int] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class Counters(_message.Message):
    __slots__ = ("member_id", "policy_year", "deductible_fen", "deductible_met", "ordinary_paid_fen", "visits", "account_balance_fen", "last_entry_id", "deductible_at", "pooled_paid_fen", "compliant_burden_fen", "large_amount_paid_fen", "deductible_by_level", "cost_fen", "special_deductible_fen", "chronic_paid_fen", "diseases", "months", "days", "benefit_deductible", "benefit_paid")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    POLICY_YEAR_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_FEN_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_MET_FIELD_NUMBER: _ClassVar[int]
    ORDINARY_PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    VISITS_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_BALANCE_FEN_FIELD_NUMBER: _ClassVar[int]
    LAST_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_AT_FIELD_NUMBER: _ClassVar[int]
    POOLED_PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    COMPLIANT_BURDEN_FEN_FIELD_NUMBER: _ClassVar[int]
    LARGE_AMOUNT_PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_BY_LEVEL_FIELD_NUMBER: _ClassVar[int]
    COST_FEN_FIELD_NUMBER: _ClassVar[int]
    SPECIAL_DEDUCTIBLE_FEN_FIELD_NUMBER: _ClassVar[int]
    CHRONIC_PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    DISEASES_FIELD_NUMBER: _ClassVar[int]
    MONTHS_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_DEDUCTIBLE_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_PAID_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    policy_year: int
    deductible_fen: int
    deductible_met: bool
    ordinary_paid_fen: int
    visits: _containers.RepeatedCompositeFieldContainer[VisitPaid]
    account_balance_fen: int
    last_entry_id: int
    deductible_at: _containers.RepeatedCompositeFieldContainer[DeductibleAt]
    pooled_paid_fen: int
    compliant_burden_fen: int
    large_amount_paid_fen: int
    deductible_by_level: _containers.RepeatedCompositeFieldContainer[DeductibleByLevel]
    cost_fen: int
    special_deductible_fen: int
    chronic_paid_fen: int
    diseases: _containers.RepeatedCompositeFieldContainer[DiseasePaid]
    months: _containers.RepeatedCompositeFieldContainer[SpanPaid]
    days: _containers.RepeatedCompositeFieldContainer[SpanPaid]
    benefit_deductible: _containers.RepeatedCompositeFieldContainer[BenefitAmount]
    benefit_paid: _containers.RepeatedCompositeFieldContainer[BenefitAmount]
    def __init__(self, member_id: _Optional[str] = ..., policy_year: _Optional[int] = ..., deductible_fen: _Optional[int] = ..., deductible_met: bool = ..., ordinary_paid_fen: _Optional[int] = ..., visits: _Optional[_Iterable[_Union[VisitPaid, _Mapping]]] = ..., account_balance_fen: _Optional[int] = ..., last_entry_id: _Optional[int] = ..., deductible_at: _Optional[_Iterable[_Union[DeductibleAt, _Mapping]]] = ..., pooled_paid_fen: _Optional[int] = ..., compliant_burden_fen: _Optional[int] = ..., large_amount_paid_fen: _Optional[int] = ..., deductible_by_level: _Optional[_Iterable[_Union[DeductibleByLevel, _Mapping]]] = ..., cost_fen: _Optional[int] = ..., special_deductible_fen: _Optional[int] = ..., chronic_paid_fen: _Optional[int] = ..., diseases: _Optional[_Iterable[_Union[DiseasePaid, _Mapping]]] = ..., months: _Optional[_Iterable[_Union[SpanPaid, _Mapping]]] = ..., days: _Optional[_Iterable[_Union[SpanPaid, _Mapping]]] = ..., benefit_deductible: _Optional[_Iterable[_Union[BenefitAmount, _Mapping]]] = ..., benefit_paid: _Optional[_Iterable[_Union[BenefitAmount, _Mapping]]] = ...) -> None: ...

class BenefitAmount(_message.Message):
    __slots__ = ("benefit", "amount_fen")
    BENEFIT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    benefit: _codes_pb2.Benefit
    amount_fen: int
    def __init__(self, benefit: _Optional[_Union[_codes_pb2.Benefit, str]] = ..., amount_fen: _Optional[int] = ...) -> None: ...

class DiseasePaid(_message.Message):
    __slots__ = ("code", "paid_fen")
    CODE_FIELD_NUMBER: _ClassVar[int]
    PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    code: str
    paid_fen: int
    def __init__(self, code: _Optional[str] = ..., paid_fen: _Optional[int] = ...) -> None: ...

class SpanPaid(_message.Message):
    __slots__ = ("span", "paid_fen")
    SPAN_FIELD_NUMBER: _ClassVar[int]
    PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    span: str
    paid_fen: int
    def __init__(self, span: _Optional[str] = ..., paid_fen: _Optional[int] = ...) -> None: ...

class DeductibleByLevel(_message.Message):
    __slots__ = ("level", "borne_fen")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    BORNE_FEN_FIELD_NUMBER: _ClassVar[int]
    level: _codes_pb2.Level
    borne_fen: int
    def __init__(self, level: _Optional[_Union[_codes_pb2.Level, str]] = ..., borne_fen: _Optional[int] = ...) -> None: ...

class VisitPaid(_message.Message):
    __slots__ = ("visit_id", "institution_id", "paid_fen")
    VISIT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_ID_FIELD_NUMBER: _ClassVar[int]
    PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    visit_id: str
    institution_id: str
    paid_fen: int
    def __init__(self, visit_id: _Optional[str] = ..., institution_id: _Optional[str] = ..., paid_fen: _Optional[int] = ...) -> None: ...
