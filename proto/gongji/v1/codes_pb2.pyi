from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STATUS_UNSPECIFIED: _ClassVar[Status]
    STATUS_ACTIVE: _ClassVar[Status]
    STATUS_RETIRED: _ClassVar[Status]
    STATUS_VETERAN: _ClassVar[Status]

class Level(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEVEL_UNSPECIFIED: _ClassVar[Level]
    LEVEL_1: _ClassVar[Level]
    LEVEL_2: _ClassVar[Level]
    LEVEL_3: _ClassVar[Level]
    LEVEL_3_PROVINCIAL: _ClassVar[Level]

class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KIND_UNSPECIFIED: _ClassVar[Kind]
    KIND_HOSPITAL: _ClassVar[Kind]
    KIND_SPECIALIST: _ClassVar[Kind]
    KIND_COMMUNITY: _ClassVar[Kind]
    KIND_VILLAGE_STATION: _ClassVar[Kind]
    KIND_INTERNET_HOSPITAL: _ClassVar[Kind]
    KIND_PHARMACY: _ClassVar[Kind]

class Benefit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BENEFIT_UNSPECIFIED: _ClassVar[Benefit]
    BENEFIT_ORDINARY: _ClassVar[Benefit]
    BENEFIT_CHRONIC: _ClassVar[Benefit]
    BENEFIT_SPECIAL: _ClassVar[Benefit]
    BENEFIT_DAY_SURGERY: _ClassVar[Benefit]
    BENEFIT_EMERGENCY: _ClassVar[Benefit]
    BENEFIT_DUAL_CHANNEL: _ClassVar[Benefit]
    BENEFIT_SEPARATE_PAY: _ClassVar[Benefit]

class Offer(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OFFER_UNSPECIFIED: _ClassVar[Offer]
    OFFER_ORDINARY: _ClassVar[Offer]
    OFFER_CHRONIC: _ClassVar[Offer]
    OFFER_SPECIAL: _ClassVar[Offer]
    OFFER_DAY_SURGERY: _ClassVar[Offer]
    OFFER_PRESCRIPTION: _ClassVar[Offer]
    OFFER_DUAL_CHANNEL: _ClassVar[Offer]

class Liability(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LIABILITY_UNSPECIFIED: _ClassVar[Liability]
    LIABILITY_WORK_INJURY: _ClassVar[Liability]
    LIABILITY_THIRD_PARTY: _ClassVar[Liability]
    LIABILITY_PUBLIC_HEALTH: _ClassVar[Liability]
    LIABILITY_ABROAD: _ClassVar[Liability]
    LIABILITY_MATERNITY: _ClassVar[Liability]

class FilingKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FILING_KIND_UNSPECIFIED: _ClassVar[FilingKind]
    FILING_KIND_LONG_TERM: _ClassVar[FilingKind]
    FILING_KIND_RESETTLED_RETIREE: _ClassVar[FilingKind]
    FILING_KIND_STATIONED: _ClassVar[FilingKind]

class DiseaseKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISEASE_KIND_UNSPECIFIED: _ClassVar[DiseaseKind]
    DISEASE_KIND_CHRONIC: _ClassVar[DiseaseKind]
    DISEASE_KIND_SPECIAL: _ClassVar[DiseaseKind]

class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODE_UNSPECIFIED: _ClassVar[Mode]
    MODE_COMBINED: _ClassVar[Mode]
    MODE_POOLED_ONLY: _ClassVar[Mode]

class Employment(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EMPLOYMENT_UNSPECIFIED: _ClassVar[Employment]
    EMPLOYMENT_UNIT: _ClassVar[Employment]
    EMPLOYMENT_FLEXIBLE: _ClassVar[Employment]

class Relation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RELATION_UNSPECIFIED: _ClassVar[Relation]
    RELATION_SELF: _ClassVar[Relation]
    RELATION_SPOUSE: _ClassVar[Relation]
    RELATION_PARENT: _ClassVar[Relation]
    RELATION_CHILD: _ClassVar[Relation]
    RELATION_SIBLING: _ClassVar[Relation]
    RELATION_GRANDPARENT: _ClassVar[Relation]
    RELATION_GRANDCHILD: _ClassVar[Relation]
    RELATION_OTHER: _ClassVar[Relation]

class Purpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PURPOSE_UNSPECIFIED: _ClassVar[Purpose]
    PURPOSE_MEDICAL: _ClassVar[Purpose]
    PURPOSE_PHARMACY_GOODS: _ClassVar[Purpose]
    PURPOSE_PREMIUM: _ClassVar[Purpose]
    PURPOSE_MAKE_UP_CONTRIBUTION: _ClassVar[Purpose]
    PURPOSE_PREVENTIVE_TCM: _ClassVar[Purpose]
    PURPOSE_PUBLIC_HEALTH: _ClassVar[Purpose]
    PURPOSE_FITNESS: _ClassVar[Purpose]

class Product(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRODUCT_UNSPECIFIED: _ClassVar[Product]
    PRODUCT_RESIDENT: _ClassVar[Product]
    PRODUCT_LONG_TERM_CARE: _ClassVar[Product]
    PRODUCT_LARGE_AMOUNT: _ClassVar[Product]
    PRODUCT_COMMERCIAL_INCLUSIVE: _ClassVar[Product]

class DisposalEvent(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISPOSAL_EVENT_UNSPECIFIED: _ClassVar[DisposalEvent]
    DISPOSAL_EVENT_MOVE: _ClassVar[DisposalEvent]
    DISPOSAL_EVENT_EMIGRATION: _ClassVar[DisposalEvent]
    DISPOSAL_EVENT_DEATH: _ClassVar[DisposalEvent]
    DISPOSAL_EVENT_ENLISTMENT: _ClassVar[DisposalEvent]
    DISPOSAL_EVENT_RESETTLEMENT: _ClassVar[DisposalEvent]

class DisposalOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISPOSAL_OUTCOME_UNSPECIFIED: _ClassVar[DisposalOutcome]
    DISPOSAL_OUTCOME_PAID_TO_MEMBER: _ClassVar[DisposalOutcome]
    DISPOSAL_OUTCOME_PAID_TO_HEIR: _ClassVar[DisposalOutcome]
    DISPOSAL_OUTCOME_TRANSFERRED: _ClassVar[DisposalOutcome]
    DISPOSAL_OUTCOME_KEPT: _ClassVar[DisposalOutcome]

class CreditPart(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CREDIT_PART_UNSPECIFIED: _ClassVar[CreditPart]
    CREDIT_PART_OWN: _ClassVar[CreditPart]
    CREDIT_PART_UNIT: _ClassVar[CreditPart]
    CREDIT_PART_FUND: _ClassVar[CreditPart]

class ContributionProduct(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTRIBUTION_PRODUCT_UNSPECIFIED: _ClassVar[ContributionProduct]
    CONTRIBUTION_PRODUCT_ORDINARY: _ClassVar[ContributionProduct]
    CONTRIBUTION_PRODUCT_LARGE_AMOUNT: _ClassVar[ContributionProduct]

class MovedBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MOVED_BY_UNSPECIFIED: _ClassVar[MovedBy]
    MOVED_BY_SETTLEMENT: _ClassVar[MovedBy]
    MOVED_BY_CREDIT: _ClassVar[MovedBy]
    MOVED_BY_PAYMENT: _ClassVar[MovedBy]
    MOVED_BY_DISPOSAL: _ClassVar[MovedBy]

class Place(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLACE_UNSPECIFIED: _ClassVar[Place]
    PLACE_LOCAL: _ClassVar[Place]
    PLACE_FILED: _ClassVar[Place]
    PLACE_OTHER_CITY: _ClassVar[Place]
    PLACE_OTHER_PROVINCE: _ClassVar[Place]

class Fact(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FACT_UNSPECIFIED: _ClassVar[Fact]
    FACT_PHARMACY: _ClassVar[Fact]
    FACT_PRESCRIBER: _ClassVar[Fact]
    FACT_NOT_DESIGNATED: _ClassVar[Fact]
    FACT_IN_ARREARS: _ClassVar[Fact]
    FACT_IN_STAY: _ClassVar[Fact]
    FACT_LIABLE: _ClassVar[Fact]
    FACT_MATERNITY: _ClassVar[Fact]
    FACT_OUTSIDE_CITY: _ClassVar[Fact]
    FACT_OUTSIDE_PROVINCE: _ClassVar[Fact]
    FACT_FILED: _ClassVar[Fact]
    FACT_NOT_NETWORKED: _ClassVar[Fact]
    FACT_MANUAL: _ClassVar[Fact]
    FACT_SELECTED: _ClassVar[Fact]
    FACT_REFERRED: _ClassVar[Fact]
    FACT_EMERGENCY: _ClassVar[Fact]
    FACT_NOT_OFFERED: _ClassVar[Fact]
    FACT_SPANS_BOUNDARY: _ClassVar[Fact]
    FACT_ORDINARY: _ClassVar[Fact]
    FACT_CHRONIC: _ClassVar[Fact]
    FACT_SPECIAL: _ClassVar[Fact]
    FACT_DAY_SURGERY: _ClassVar[Fact]
    FACT_ADMITTED: _ClassVar[Fact]
    FACT_ADMITTED_HERE: _ClassVar[Fact]
    FACT_STATEMENT: _ClassVar[Fact]
    FACT_USE_ACCOUNT: _ClassVar[Fact]
    FACT_LIABLE_IN_PART: _ClassVar[Fact]
    FACT_ASKED_EMERGENCY: _ClassVar[Fact]
    FACT_EMERGENCY_STAY: _ClassVar[Fact]
    FACT_DUAL_CHANNEL: _ClassVar[Fact]
    FACT_SEPARATE_PAY: _ClassVar[Fact]
    FACT_SPECIALIST: _ClassVar[Fact]

class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REASON_UNSPECIFIED: _ClassVar[Reason]
    REASON_INVALID_CLAIM: _ClassVar[Reason]
    REASON_MEMBER_UNKNOWN: _ClassVar[Reason]
    REASON_INSTITUTION_UNKNOWN: _ClassVar[Reason]
    REASON_NO_RULE: _ClassVar[Reason]
    REASON_NO_FIGURE: _ClassVar[Reason]
    REASON_SPANS_BOUNDARY: _ClassVar[Reason]
    REASON_BENEFIT_NOT_OFFERED: _ClassVar[Reason]
    REASON_MERGED_INTO_STAY: _ClassVar[Reason]
    REASON_OTHER_SCHEME: _ClassVar[Reason]
    REASON_CANCEL_BLOCKED: _ClassVar[Reason]
    REASON_OUTSIDE_WINDOW: _ClassVar[Reason]
    REASON_NO_ACCOUNT: _ClassVar[Reason]
    REASON_PURPOSE_NOT_ALLOWED: _ClassVar[Reason]
    REASON_NOT_REGISTERED: _ClassVar[Reason]
    REASON_RELATION_NOT_ALLOWED: _ClassVar[Reason]
    REASON_NO_BALANCE: _ClassVar[Reason]
    REASON_NOT_APPLIED: _ClassVar[Reason]
    REASON_NOT_DESIGNATED: _ClassVar[Reason]
    REASON_ARREARS: _ClassVar[Reason]
    REASON_INPATIENT_STAY: _ClassVar[Reason]
    REASON_LIABLE_ELSEWHERE: _ClassVar[Reason]
    REASON_NOT_FILED: _ClassVar[Reason]
    REASON_NOT_NETWORKED: _ClassVar[Reason]
    REASON_NOT_SELECTED: _ClassVar[Reason]
    REASON_NO_PRESCRIPTION: _ClassVar[Reason]

class Detail(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DETAIL_UNSPECIFIED: _ClassVar[Detail]
    DETAIL_NEGATIVE_AMOUNT: _ClassVar[Detail]
    DETAIL_PARTS_DO_NOT_ADD_UP: _ClassVar[Detail]
    DETAIL_DATES_REVERSED: _ClassVar[Detail]
    DETAIL_ID_REUSED: _ClassVar[Detail]
    DETAIL_UNDONE: _ClassVar[Detail]
    DETAIL_REVERSED_BEFORE_ARRIVAL: _ClassVar[Detail]
    DETAIL_SETTLEMENT_UNKNOWN: _ClassVar[Detail]
    DETAIL_AMOUNT_TOO_LARGE: _ClassVar[Detail]
    DETAIL_PAPERS_MISSING: _ClassVar[Detail]
    DETAIL_ITEM_UNKNOWN: _ClassVar[Detail]
    DETAIL_ITEM_OVERLAPS: _ClassVar[Detail]
    DETAIL_CHANGE_UNKNOWN: _ClassVar[Detail]

class ChangeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANGE_KIND_UNSPECIFIED: _ClassVar[ChangeKind]
    CHANGE_KIND_ADD: _ClassVar[ChangeKind]
    CHANGE_KIND_END: _ClassVar[ChangeKind]
    CHANGE_KIND_REMOVE: _ClassVar[ChangeKind]
    CHANGE_KIND_SELECT: _ClassVar[ChangeKind]
    CHANGE_KIND_UNDO: _ClassVar[ChangeKind]

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_SETTLED: _ClassVar[Outcome]
    OUTCOME_REPLAYED: _ClassVar[Outcome]
    OUTCOME_REFUSED: _ClassVar[Outcome]
    OUTCOME_ERROR: _ClassVar[Outcome]
STATUS_UNSPECIFIED: Status
STATUS_ACTIVE: Status
STATUS_RETIRED: Status
STATUS_VETERAN: Status
LEVEL_UNSPECIFIED: Level
LEVEL_1: Level
LEVEL_2: Level
LEVEL_3: Level
LEVEL_3_PROVINCIAL: Level
KIND_UNSPECIFIED: Kind
KIND_HOSPITAL: Kind
KIND_SPECIALIST: Kind
KIND_COMMUNITY: Kind
KIND_VILLAGE_STATION: Kind
KIND_INTERNET_HOSPITAL: Kind
KIND_PHARMACY: Kind
BENEFIT_UNSPECIFIED: Benefit
BENEFIT_ORDINARY: Benefit
BENEFIT_CHRONIC: Benefit
BENEFIT_SPECIAL: Benefit
BENEFIT_DAY_SURGERY: Benefit
BENEFIT_EMERGENCY: Benefit
BENEFIT_DUAL_CHANNEL: Benefit
BENEFIT_SEPARATE_PAY: Benefit
OFFER_UNSPECIFIED: Offer
OFFER_ORDINARY: Offer
OFFER_CHRONIC: Offer
OFFER_SPECIAL: Offer
OFFER_DAY_SURGERY: Offer
OFFER_PRESCRIPTION: Offer
OFFER_DUAL_CHANNEL: Offer
LIABILITY_UNSPECIFIED: Liability
LIABILITY_WORK_INJURY: Liability
LIABILITY_THIRD_PARTY: Liability
LIABILITY_PUBLIC_HEALTH: Liability
LIABILITY_ABROAD: Liability
LIABILITY_MATERNITY: Liability
FILING_KIND_UNSPECIFIED: FilingKind
FILING_KIND_LONG_TERM: FilingKind
FILING_KIND_RESETTLED_RETIREE: FilingKind
FILING_KIND_STATIONED: FilingKind
DISEASE_KIND_UNSPECIFIED: DiseaseKind
DISEASE_KIND_CHRONIC: DiseaseKind
DISEASE_KIND_SPECIAL: DiseaseKind
MODE_UNSPECIFIED: Mode
MODE_COMBINED: Mode
MODE_POOLED_ONLY: Mode
EMPLOYMENT_UNSPECIFIED: Employment
EMPLOYMENT_UNIT: Employment
EMPLOYMENT_FLEXIBLE: Employment
RELATION_UNSPECIFIED: Relation
RELATION_SELF: Relation
RELATION_SPOUSE: Relation
RELATION_PARENT: Relation
RELATION_CHILD: Relation
RELATION_SIBLING: Relation
RELATION_GRANDPARENT: Relation
RELATION_GRANDCHILD: Relation
RELATION_OTHER: Relation
PURPOSE_UNSPECIFIED: Purpose
PURPOSE_MEDICAL: Purpose
PURPOSE_PHARMACY_GOODS: Purpose
PURPOSE_PREMIUM: Purpose
PURPOSE_MAKE_UP_CONTRIBUTION: Purpose
PURPOSE_PREVENTIVE_TCM: Purpose
PURPOSE_PUBLIC_HEALTH: Purpose
PURPOSE_FITNESS: Purpose
PRODUCT_UNSPECIFIED: Product
PRODUCT_RESIDENT: Product
PRODUCT_LONG_TERM_CARE: Product
PRODUCT_LARGE_AMOUNT: Product
PRODUCT_COMMERCIAL_INCLUSIVE: Product
DISPOSAL_EVENT_UNSPECIFIED: DisposalEvent
DISPOSAL_EVENT_MOVE: DisposalEvent
DISPOSAL_EVENT_EMIGRATION: DisposalEvent
DISPOSAL_EVENT_DEATH: DisposalEvent
DISPOSAL_EVENT_ENLISTMENT: DisposalEvent
DISPOSAL_EVENT_RESETTLEMENT: DisposalEvent
DISPOSAL_OUTCOME_UNSPECIFIED: DisposalOutcome
DISPOSAL_OUTCOME_PAID_TO_MEMBER: DisposalOutcome
DISPOSAL_OUTCOME_PAID_TO_HEIR: DisposalOutcome
DISPOSAL_OUTCOME_TRANSFERRED: DisposalOutcome
DISPOSAL_OUTCOME_KEPT: DisposalOutcome
CREDIT_PART_UNSPECIFIED: CreditPart
CREDIT_PART_OWN: CreditPart
CREDIT_PART_UNIT: CreditPart
CREDIT_PART_FUND: CreditPart
CONTRIBUTION_PRODUCT_UNSPECIFIED: ContributionProduct
CONTRIBUTION_PRODUCT_ORDINARY: ContributionProduct
CONTRIBUTION_PRODUCT_LARGE_AMOUNT: ContributionProduct
MOVED_BY_UNSPECIFIED: MovedBy
MOVED_BY_SETTLEMENT: MovedBy
MOVED_BY_CREDIT: MovedBy
MOVED_BY_PAYMENT: MovedBy
MOVED_BY_DISPOSAL: MovedBy
PLACE_UNSPECIFIED: Place
PLACE_LOCAL: Place
PLACE_FILED: Place
PLACE_OTHER_CITY: Place
PLACE_OTHER_PROVINCE: Place
FACT_UNSPECIFIED: Fact
FACT_PHARMACY: Fact
FACT_PRESCRIBER: Fact
FACT_NOT_DESIGNATED: Fact
FACT_IN_ARREARS: Fact
FACT_IN_STAY: Fact
FACT_LIABLE: Fact
FACT_MATERNITY: Fact
FACT_OUTSIDE_CITY: Fact
FACT_OUTSIDE_PROVINCE: Fact
FACT_FILED: Fact
FACT_NOT_NETWORKED: Fact
FACT_MANUAL: Fact
FACT_SELECTED: Fact
FACT_REFERRED: Fact
FACT_EMERGENCY: Fact
FACT_NOT_OFFERED: Fact
FACT_SPANS_BOUNDARY: Fact
FACT_ORDINARY: Fact
FACT_CHRONIC: Fact
FACT_SPECIAL: Fact
FACT_DAY_SURGERY: Fact
FACT_ADMITTED: Fact
FACT_ADMITTED_HERE: Fact
FACT_STATEMENT: Fact
FACT_USE_ACCOUNT: Fact
FACT_LIABLE_IN_PART: Fact
FACT_ASKED_EMERGENCY: Fact
FACT_EMERGENCY_STAY: Fact
FACT_DUAL_CHANNEL: Fact
FACT_SEPARATE_PAY: Fact
FACT_SPECIALIST: Fact
REASON_UNSPECIFIED: Reason
REASON_INVALID_CLAIM: Reason
REASON_MEMBER_UNKNOWN: Reason
REASON_INSTITUTION_UNKNOWN: Reason
REASON_NO_RULE: Reason
REASON_NO_FIGURE: Reason
REASON_SPANS_BOUNDARY: Reason
REASON_BENEFIT_NOT_OFFERED: Reason
REASON_MERGED_INTO_STAY: Reason
REASON_OTHER_SCHEME: Reason
REASON_CANCEL_BLOCKED: Reason
REASON_OUTSIDE_WINDOW: Reason
REASON_NO_ACCOUNT: Reason
REASON_PURPOSE_NOT_ALLOWED: Reason
REASON_NOT_REGISTERED: Reason
REASON_RELATION_NOT_ALLOWED: Reason
REASON_NO_BALANCE: Reason
REASON_NOT_APPLIED: Reason
REASON_NOT_DESIGNATED: Reason
REASON_ARREARS: Reason
REASON_INPATIENT_STAY: Reason
REASON_LIABLE_ELSEWHERE: Reason
REASON_NOT_FILED: Reason
REASON_NOT_NETWORKED: Reason
REASON_NOT_SELECTED: Reason
REASON_NO_PRESCRIPTION: Reason
DETAIL_UNSPECIFIED: Detail
DETAIL_NEGATIVE_AMOUNT: Detail
DETAIL_PARTS_DO_NOT_ADD_UP: Detail
DETAIL_DATES_REVERSED: Detail
DETAIL_ID_REUSED: Detail
DETAIL_UNDONE: Detail
DETAIL_REVERSED_BEFORE_ARRIVAL: Detail
DETAIL_SETTLEMENT_UNKNOWN: Detail
DETAIL_AMOUNT_TOO_LARGE: Detail
DETAIL_PAPERS_MISSING: Detail
DETAIL_ITEM_UNKNOWN: Detail
DETAIL_ITEM_OVERLAPS: Detail
DETAIL_CHANGE_UNKNOWN: Detail
CHANGE_KIND_UNSPECIFIED: ChangeKind
CHANGE_KIND_ADD: ChangeKind
CHANGE_KIND_END: ChangeKind
CHANGE_KIND_REMOVE: ChangeKind
CHANGE_KIND_SELECT: ChangeKind
CHANGE_KIND_UNDO: ChangeKind
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_SETTLED: Outcome
OUTCOME_REPLAYED: Outcome
OUTCOME_REFUSED: Outcome
OUTCOME_ERROR: Outcome
