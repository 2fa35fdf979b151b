from gongji.v1 import codes_pb2 as _codes_pb2
from gongji.v1 import policy_pb2 as _policy_pb2
from gongji.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListPoliciesRequest(_message.Message):
    __slots__ = ("city",)
    CITY_FIELD_NUMBER: _ClassVar[int]
    city: str
    def __init__(self, city: _Optional[str] = ...) -> None: ...

class ListPoliciesResponse(_message.Message):
    __slots__ = ("policies", "error")
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    policies: Policies
    error: _settlement_pb2.Error
    def __init__(self, policies: _Optional[_Union[Policies, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class Policies(_message.Message):
    __slots__ = ("cities",)
    CITIES_FIELD_NUMBER: _ClassVar[int]
    cities: _containers.RepeatedCompositeFieldContainer[CityPolicies]
    def __init__(self, cities: _Optional[_Iterable[_Union[CityPolicies, _Mapping]]] = ...) -> None: ...

class CityPolicies(_message.Message):
    __slots__ = ("area", "name", "pinyin", "documents", "versions")
    AREA_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PINYIN_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    area: str
    name: str
    pinyin: str
    documents: _containers.RepeatedCompositeFieldContainer[_policy_pb2.Document]
    versions: _containers.RepeatedCompositeFieldContainer[PolicyVersion]
    def __init__(self, area: _Optional[str] = ..., name: _Optional[str] = ..., pinyin: _Optional[str] = ..., documents: _Optional[_Iterable[_Union[_policy_pb2.Document, _Mapping]]] = ..., versions: _Optional[_Iterable[_Union[PolicyVersion, _Mapping]]] = ...) -> None: ...

class PolicyVersion(_message.Message):
    __slots__ = ("first_day", "last_day", "plan_digest", "figures")
    FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    PLAN_DIGEST_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    first_day: int
    last_day: int
    plan_digest: bytes
    figures: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, first_day: _Optional[int] = ..., last_day: _Optional[int] = ..., plan_digest: _Optional[bytes] = ..., figures: _Optional[_Iterable[str]] = ...) -> None: ...

class GetPlanRequest(_message.Message):
    __slots__ = ("digest",)
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    digest: bytes
    def __init__(self, digest: _Optional[bytes] = ...) -> None: ...

class GetPlanResponse(_message.Message):
    __slots__ = ("plan", "error")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    plan: _policy_pb2.Plan
    error: _settlement_pb2.Error
    def __init__(self, plan: _Optional[_Union[_policy_pb2.Plan, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class FindPlanRequest(_message.Message):
    __slots__ = ("city", "service_date", "benefit")
    CITY_FIELD_NUMBER: _ClassVar[int]
    SERVICE_DATE_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_FIELD_NUMBER: _ClassVar[int]
    city: str
    service_date: int
    benefit: _codes_pb2.Benefit
    def __init__(self, city: _Optional[str] = ..., service_date: _Optional[int] = ..., benefit: _Optional[_Union[_codes_pb2.Benefit, str]] = ...) -> None: ...

class FindPlanResponse(_message.Message):
    __slots__ = ("plan", "refused", "error")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    plan: _policy_pb2.Plan
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, plan: _Optional[_Union[_policy_pb2.Plan, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class ListPlansRequest(_message.Message):
    __slots__ = ("city", "service_date", "benefit")
    CITY_FIELD_NUMBER: _ClassVar[int]
    SERVICE_DATE_FIELD_NUMBER: _ClassVar[int]
    BENEFIT_FIELD_NUMBER: _ClassVar[int]
    city: str
    service_date: int
    benefit: _codes_pb2.Benefit
    def __init__(self, city: _Optional[str] = ..., service_date: _Optional[int] = ..., benefit: _Optional[_Union[_codes_pb2.Benefit, str]] = ...) -> None: ...

class ListPlansResponse(_message.Message):
    __slots__ = ("plans", "refused", "error")
    PLANS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    plans: Plans
    refused: _settlement_pb2.Refusal
    error: _settlement_pb2.Error
    def __init__(self, plans: _Optional[_Union[Plans, _Mapping]] = ..., refused: _Optional[_Union[_settlement_pb2.Refusal, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class Plans(_message.Message):
    __slots__ = ("plans",)
    PLANS_FIELD_NUMBER: _ClassVar[int]
    plans: _containers.RepeatedCompositeFieldContainer[ListedPlan]
    def __init__(self, plans: _Optional[_Iterable[_Union[ListedPlan, _Mapping]]] = ...) -> None: ...

class ListedPlan(_message.Message):
    __slots__ = ("plan", "figures")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    plan: _policy_pb2.Plan
    figures: _containers.RepeatedCompositeFieldContainer[CodeFigure]
    def __init__(self, plan: _Optional[_Union[_policy_pb2.Plan, _Mapping]] = ..., figures: _Optional[_Iterable[_Union[CodeFigure, _Mapping]]] = ...) -> None: ...

class CodeFigure(_message.Message):
    __slots__ = ("name", "code", "amount_fen", "source")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    code: str
    amount_fen: int
    source: str
    def __init__(self, name: _Optional[str] = ..., code: _Optional[str] = ..., amount_fen: _Optional[int] = ..., source: _Optional[str] = ...) -> None: ...

class SupplyFiguresRequest(_message.Message):
    __slots__ = ("toml", "figures")
    TOML_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    toml: bytes
    figures: Figures
    def __init__(self, toml: _Optional[bytes] = ..., figures: _Optional[_Union[Figures, _Mapping]] = ...) -> None: ...

class Figures(_message.Message):
    __slots__ = ("figures",)
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    figures: _containers.RepeatedCompositeFieldContainer[Figure]
    def __init__(self, figures: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ...) -> None: ...

class Figure(_message.Message):
    __slots__ = ("city", "name", "key", "value", "source", "first_day", "last_day")
    CITY_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    city: str
    name: str
    key: str
    value: str
    source: str
    first_day: int
    last_day: int
    def __init__(self, city: _Optional[str] = ..., name: _Optional[str] = ..., key: _Optional[str] = ..., value: _Optional[str] = ..., source: _Optional[str] = ..., first_day: _Optional[int] = ..., last_day: _Optional[int] = ...) -> None: ...

class SupplyFiguresResponse(_message.Message):
    __slots__ = ("supplied", "error")
    SUPPLIED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    supplied: Supplied
    error: _settlement_pb2.Error
    def __init__(self, supplied: _Optional[_Union[Supplied, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class Supplied(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: int
    def __init__(self, count: _Optional[int] = ...) -> None: ...

class ListMissingFiguresRequest(_message.Message):
    __slots__ = ("city",)
    CITY_FIELD_NUMBER: _ClassVar[int]
    city: str
    def __init__(self, city: _Optional[str] = ...) -> None: ...

class ListMissingFiguresResponse(_message.Message):
    __slots__ = ("missing", "error")
    MISSING_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    missing: MissingFigures
    error: _settlement_pb2.Error
    def __init__(self, missing: _Optional[_Union[MissingFigures, _Mapping]] = ..., error: _Optional[_Union[_settlement_pb2.Error, _Mapping]] = ...) -> None: ...

class MissingFigures(_message.Message):
    __slots__ = ("figures",)
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    figures: _containers.RepeatedCompositeFieldContainer[MissingFigure]
    def __init__(self, figures: _Optional[_Iterable[_Union[MissingFigure, _Mapping]]] = ...) -> None: ...

class MissingFigure(_message.Message):
    __slots__ = ("city", "figure", "instead", "first_day", "last_day", "effect", "clause", "suppliable")
    CITY_FIELD_NUMBER: _ClassVar[int]
    FIGURE_FIELD_NUMBER: _ClassVar[int]
    INSTEAD_FIELD_NUMBER: _ClassVar[int]
    FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    CLAUSE_FIELD_NUMBER: _ClassVar[int]
    SUPPLIABLE_FIELD_NUMBER: _ClassVar[int]
    city: str
    figure: str
    instead: str
    first_day: int
    last_day: int
    effect: str
    clause: _policy_pb2.Clause
    suppliable: bool
    def __init__(self, city: _Optional[str] = ..., figure: _Optional[str] = ..., instead: _Optional[str] = ..., first_day: _Optional[int] = ..., last_day: _Optional[int] = ..., effect: _Optional[str] = ..., clause: _Optional[_Union[_policy_pb2.Clause, _Mapping]] = ..., suppliable: bool = ...) -> None: ...
