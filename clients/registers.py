"""Register files: members, institutions and opening counters, as CSV, JSON lines or Parquet.

The names are those of the worked-case format. Lists are written in CSV as entries with `;` between
them: `arrears` `2024-01-01/2024-03-31`, `filings` `long_term 110000 2024-01-01/`, `selections` and
`stays` `H1 2024-01-01/`, `diseases` `chronic DM 2024-01-01/`, `family` `child R1 CONSENT-17
2024-01-01/`, `visit_paid` `V1=120.00`, `month_paid` `2024-03=120.00`. A period without its last day
is still open.

`contribution_base` and `own_contribution` always hold; where they change, `contributions` has both
with their days: `5000.00 100.00 2024-01-01/2024-12-31; 5400.00 108.00 2025-01-01/`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from clients import fields as f
from clients.errors import FileError
from clients.lines import AUTO
from clients.rows import BadRow, Columns, Fields, Holds, check_names
from clients.table import read_table
from engine.domain.account import Relation
from engine.domain.codes import (
    Benefit,
    DiseaseKind,
    Employment,
    FilingKind,
    Kind,
    Level,
    Mode,
    Offer,
    Status,
)
from engine.domain.dates import EVERY_DAY, Interval
from engine.domain.register import (
    ALL_OFFERS,
    ALWAYS,
    MONTHS_MAX,
    AccountOpening,
    Contribution,
    Disease,
    FamilyLink,
    Filing,
    Institution,
    Member,
    Opening,
    Referral,
    Selection,
    Stay,
)
from engine.errors import InvalidInput

RegisterItem = Member | Institution | Opening | AccountOpening

LEVELS: Final = {
    "1": Level.LEVEL_1,
    "2": Level.LEVEL_2,
    "3": Level.LEVEL_3,
    "3p": Level.LEVEL_3_PROVINCIAL,
}
"""Levels as the worked-case format writes them."""


_COLUMN_OF: Final = {
    "member_id": "member",
    "institution_id": "id",
    "policy_year": "year",
    "balance": "account_balance",
    "deductible_met": "deductible",
    "visits": "visit_paid",
    "months": "month_paid",
    "days": "day_paid",
    "retired_date": "retired_on",
    "born_date": "born_on",
    "host_id": "host",
    "parent_id": "parent",
    "still_paying": "still_paying_since_retirement_age",
}
"""Columns of the fields that engine and server name, without `_fen`."""


def register_column(path: str) -> str:
    """Return the column of a register field as the engine or the server names it."""
    names = [name.partition("[")[0].removesuffix("_fen") for name in path.split(".")]
    kinds = ("members", "institutions", "openings", "year", "account", "")
    top = next((name for name in names[:-1] if name not in kinds), names[-1])
    return _COLUMN_OF.get(top, top)


class RegisterRow(NamedTuple):
    """One line of a register file; an opening line can hold counters and a balance."""

    line: int
    items: tuple[RegisterItem, ...]


class _Register(NamedTuple):
    columns: Columns
    read: Callable[[Fields], tuple[RegisterItem, ...]]


def _member(fields: Fields) -> tuple[RegisterItem, ...]:
    return (
        Member(
            id=f.identifier(fields, "id", required=True),
            city=f.area(fields, "city"),
            status=f.code(fields, "status", Status, Status.ACTIVE),
            retired_on=f.day(fields, "retired_on", 0, first_year=1950),
            born_on=f.day(fields, "born_on", 1975_01_01, first_year=1900),
            mode=f.code(fields, "mode", Mode, Mode.COMBINED),
            employment=f.code(fields, "employment", Employment, Employment.UNIT),
            arrears=f.items(fields, "arrears", (), lambda _, days: days),
            filings=f.items(fields, "filings", ("kind", "area"), _filing),
            selections=f.items(fields, "selections", ("institution",), _selection),
            diseases=f.items(fields, "diseases", ("kind", "code"), _disease),
            stays=_stays(fields),
            referrals=f.items(
                fields, "referrals", ("from_institution", "to_institution"), _referral
            ),
            family=f.items(fields, "family", ("relation", "relative", "consent"), _link),
            contributions=_contributions(fields),
            still_paying=_periods(
                fields, "still_paying_since_retirement_age", default=False, always=(EVERY_DAY,)
            ),
            months_combined=_months(fields, "months_combined"),
            months_pooled_only=_months(fields, "months_pooled_only"),
        ),
    )


def _filing(entry: Fields, days: Interval) -> Filing:
    return Filing(f.code(entry, "kind", FilingKind), f.area(entry, "area"), days)


def _selection(entry: Fields, days: Interval) -> Selection:
    return Selection(f.identifier(entry, "institution", required=True), days)


def _disease(entry: Fields, days: Interval) -> Disease:
    return Disease(
        f.identifier(entry, "code", required=True), f.code(entry, "kind", DiseaseKind), days
    )


def _referral(entry: Fields, days: Interval) -> Referral:
    return Referral(
        f.identifier(entry, "from_institution"),
        f.identifier(entry, "to_institution", required=True),
        days,
    )


def _link(entry: Fields, days: Interval) -> FamilyLink:
    return FamilyLink(
        f.identifier(entry, "relative", required=True),
        f.code(entry, "relation", Relation),
        f.identifier(entry, "consent", required=True),
        days,
    )


def _contributions(fields: Fields) -> tuple[Contribution, ...]:
    """Return the dated contributions, or the one that always holds."""
    always = [name for name in ("contribution_base", "own_contribution") if name in fields]
    dated = f.items(fields, "contributions", ("base", "own"), _contribution)
    if dated and always:
        problem = f"stands beside {always[0]}, which always holds; give one of the two"
        raise InvalidInput("contributions", problem)
    base_fen = _not_negative(fields, "contribution_base")
    own_fen = _not_negative(fields, "own_contribution")
    if base_fen or own_fen:
        return (Contribution(base_fen, own_fen, EVERY_DAY),)
    return dated


def _contribution(entry: Fields, days: Interval) -> Contribution:
    return Contribution(_not_negative(entry, "base"), _not_negative(entry, "own"), days)


def _months(fields: Fields, name: str) -> int:
    return f.number(fields, name, 0, MONTHS_MAX) if name in fields else 0


def _stays(fields: Fields) -> tuple[Stay, ...]:
    value = fields.get("stays", [])
    if isinstance(value, list):
        renamed = {"admitted": "from", "discharged": "to"}
        value = [
            {renamed.get(key, key): item for key, item in entry.items()}
            if isinstance(entry, dict)
            else entry
            for entry in value
        ]
    return f.items(
        {"stays": value},
        "stays",
        ("institution",),
        lambda entry, days: Stay(
            f.identifier(entry, "institution", required=True), days.first_day, days.last_day
        ),
    )


def _institution(fields: Fields) -> tuple[RegisterItem, ...]:
    return (
        Institution(
            id=f.identifier(fields, "id", required=True),
            area=f.area(fields, "area"),
            level=f.named("level", fields.get("level", "1"), LEVELS),
            kind=f.code(fields, "kind", Kind, Kind.HOSPITAL),
            host=f.identifier(fields, "host"),
            parent=f.identifier(fields, "parent"),
            designated=_periods(fields, "designated"),
            networked=_periods(fields, "networked"),
            offers=_offers(fields),
        ),
    )


def _periods(
    fields: Fields, name: str, *, default: bool = True, always: tuple[Interval, ...] = ALWAYS
) -> tuple[Interval, ...]:
    """Return `true` (always), `false` (never), or the days that are listed."""
    value = fields.get(name, default)
    if isinstance(value, bool) or value in ("true", "false"):
        return always if value in (True, "true") else ()
    return f.items(fields, name, (), lambda _, days: days)


def _offers(fields: Fields) -> frozenset[Offer]:
    if fields.get("offers") is None:
        return ALL_OFFERS
    names = f.listed(fields, "offers")
    offers = {offer.name.lower(): offer for offer in Offer}
    return (
        frozenset()
        if names == ["none"]
        else frozenset(f.named("offers", name, offers) for name in names)
    )


_SUMS: Final = (
    "special_deductible",
    "chronic_paid",
    "pooled_paid",
    "compliant_burden",
    "large_amount_paid",
    "cost",
)
_BY_KEY: Final = {
    "visit_paid": "V1=120.00",
    "deductible_at": "H1=400.00",
    "disease_paid": "E11=1200.00",
    "month_paid": "2024-03=120.00",
    "day_paid": "2024-03-05=80.00",
}
COUNTED_BENEFITS: Final = {benefit.name.lower(): benefit for benefit in Benefit}
"""Benefits as the counters by benefit name them."""
_BY_BENEFIT: Final = {"benefit_deductible": "chronic=200.00", "benefit_paid": "special=1500.00"}
"""Counters kept by a key, with what a message gives as an example."""


def _opening(fields: Fields) -> tuple[RegisterItem, ...]:
    member = f.identifier(fields, "member", required=True)
    made: list[RegisterItem] = []
    counters = ("deductible", "ordinary_paid", *_SUMS, *_BY_KEY, *_BY_BENEFIT)
    if "year" in fields:
        met = fields.get("deductible") == "met"
        sums: dict[str, Any] = {f"{name}_fen": _not_negative(fields, name) for name in _SUMS}
        keyed: dict[str, Any] = {
            f"{name}_fen": _keyed(fields, name, like) for name, like in _BY_KEY.items()
        }
        for name, like in _BY_BENEFIT.items():
            keyed[f"{name}_fen"] = tuple(
                (f.named(name, benefit, COUNTED_BENEFITS), fen)
                for benefit, fen in _keyed(fields, name, like)
            )
        made.append(
            Opening(
                member=member,
                year=f.number(fields, "year", 2000, 2999),
                deductible_fen=0 if met else _not_negative(fields, "deductible"),
                deductible_met=met,
                ordinary_paid_fen=_not_negative(fields, "ordinary_paid"),
                **sums,
                **keyed,
            )
        )
    elif given := [name for name in counters if name in fields]:
        raise InvalidInput("year", f"is missing; {given[0]} is counted by policy year")
    if "account_balance" in fields:
        made.append(AccountOpening(member, _not_negative(fields, "account_balance")))
    if not made:
        raise InvalidInput("year", "is missing, and so is account_balance: nothing to enter")
    return tuple(made)


def _not_negative(fields: Fields, name: str) -> int:
    amount = f.yuan(fields, name) or 0
    if amount < 0:
        raise InvalidInput(name, "is negative; expected an amount of zero or more")
    return amount


def _keyed(fields: Fields, name: str, example: str) -> tuple[tuple[str, int], ...]:
    """Return amounts by visit, institution, disease or day: a table, or text as the example."""
    value = fields.get(name, {})
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.split(";") if part.strip()]
        value = {key.strip(): amount.strip() for key, _, amount in pairs}
    if not isinstance(value, dict):
        raise InvalidInput(name, f"expected KEY=YUAN such as {example}")
    made = []
    for key in value:
        f.identifier({name: key}, name, required=True)
        try:
            made.append((key, _not_negative(value, key)))
        except InvalidInput as error:
            raise InvalidInput(name, error.problem) from None
    return tuple(made)


REGISTERS: Final = {
    "members": _Register(
        Columns(
            known={
                "id": Holds.TEXT,
                "city": Holds.TEXT,
                "status": Holds.TEXT,
                "retired_on": Holds.DAY,
                "born_on": Holds.DAY,
                "mode": Holds.TEXT,
                "employment": Holds.TEXT,
                "arrears": Holds.ENTRIES,
                "filings": Holds.ENTRIES,
                "selections": Holds.ENTRIES,
                "diseases": Holds.ENTRIES,
                "stays": Holds.ENTRIES,
                "referrals": Holds.ENTRIES,
                "family": Holds.ENTRIES,
                "contribution_base": Holds.AMOUNT,
                "own_contribution": Holds.AMOUNT,
                "contributions": Holds.ENTRIES,
                "still_paying_since_retirement_age": Holds.ENTRIES_OR_FLAG,
                "months_combined": Holds.NUMBER,
                "months_pooled_only": Holds.NUMBER,
            },
            required=("id", "city"),
            later=("account_balance",),
        ),
        _member,
    ),
    "institutions": _Register(
        Columns(
            known={
                "id": Holds.TEXT,
                "area": Holds.TEXT,
                "level": Holds.TEXT,
                "kind": Holds.TEXT,
                "host": Holds.TEXT,
                "parent": Holds.TEXT,
                "designated": Holds.ENTRIES_OR_FLAG,
                "networked": Holds.ENTRIES_OR_FLAG,
                "offers": Holds.NAMES,
            },
            required=("id", "area"),
        ),
        _institution,
    ),
    "openings": _Register(
        Columns(
            known={
                "member": Holds.TEXT,
                "year": Holds.NUMBER,
                "deductible": Holds.AMOUNT_OR_MET,
                "ordinary_paid": Holds.AMOUNT,
                **dict.fromkeys(_SUMS, Holds.AMOUNT),
                **dict.fromkeys((*_BY_KEY, *_BY_BENEFIT), Holds.AMOUNTS),
                "account_balance": Holds.AMOUNT,
            },
            required=("member",),
        ),
        _opening,
    ),
}
"""The registers by the name of the command that enters them."""


def read_register(
    path: Path, register: str, encoding: str = AUTO
) -> Iterator[RegisterRow | BadRow]:
    """Yield the entries of a register file in its order, and the lines that are none.

    Args:
        path: A table as `clients.table.read_table` takes it.
        register: One of `REGISTERS`.
        encoding: As for `clients.table.encoding_of`.

    Raises:
        FileError: the file as a whole cannot be used.
    """
    if register not in REGISTERS:
        raise FileError(f"no register is called {register}; expected {', '.join(REGISTERS)}")
    columns, read = REGISTERS[register]
    for row in read_table(path, columns, encoding):
        checked = row if isinstance(row, BadRow) else check_names(row.line, row.fields, columns)
        if isinstance(checked, BadRow):
            yield checked
            continue
        try:
            yield RegisterRow(row.line, read(checked.fields))
        except InvalidInput as error:
            key = checked.fields.get("id", checked.fields.get("member", ""))
            yield BadRow(row.line, error.path, error.problem, str(key)[:64])
