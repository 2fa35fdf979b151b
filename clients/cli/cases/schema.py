"""The keys of the case format, table by table, with their defaults."""

from typing import Final

from clients.bill import BENEFITS, CLASSES, FLAGS, PAPERS
from clients.cli.cases.values import (
    REQUIRED,
    Key,
    Reader,
    area,
    boolean,
    choice,
    date,
    identifier,
    integer,
    list_of,
    mapping,
    money,
    money_or_met,
    month,
    quantity,
    rate,
    table,
    text,
    unit_price,
)
from clients.registers import COUNTED_BENEFITS
from engine.domain.reasons import Reason
from engine.domain.register import MONTHS_MAX

_SETTLEMENT_REASONS: Final = tuple(r.name for r in Reason if r)
_ACCOUNT_REASONS: Final = (
    "NO_RULE",
    "NO_FIGURE",
    "NO_ACCOUNT",
    "PURPOSE_NOT_ALLOWED",
    "NOT_REGISTERED",
    "RELATION_NOT_ALLOWED",
    "NOT_DESIGNATED",
    "NO_BALANCE",
    "NOT_APPLIED",
    "OUTSIDE_WINDOW",
    "INVALID_CLAIM",
    "MEMBER_UNKNOWN",
    "INSTITUTION_UNKNOWN",
)

_YEAR: Final = integer(2000, 2999)
_COUNT: Final = integer(0, 10**9)
_MONTHS: Final = integer(0, MONTHS_MAX)
_REASON: Final = Key(choice(*_SETTLEMENT_REASONS))
_BENEFITS: Final = choice("ordinary", "chronic", "special", "day_surgery", "emergency")
_LEVELS: Final = choice("1", "2", "3", "3p")
_REQUIRED_ID: Final = Key(identifier, REQUIRED)
_INTERVAL: Final = {"from": Key(date, REQUIRED), "to": Key(date)}

_PERSON: Final = {
    "id": Key(identifier, "m"),
    "status": Key(choice("active", "retired", "veteran"), "active"),
    "retired_on": Key(date),
    "born_on": Key(date, 1975_01_01),
    "mode": Key(choice("combined", "pooled_only"), "combined"),
    "employment": Key(choice("unit", "flexible"), "unit"),
    "contribution_base": Key(money, 0),
    "own_contribution": Key(money, 0),
    "months_combined": Key(_MONTHS, 0),
    "months_pooled_only": Key(_MONTHS, 0),
    "still_paying_since_retirement_age": Key(boolean, False),
    "account_balance": Key(money, 0),
    "arrears": Key(list_of(table(_INTERVAL)), ()),
    "filings": Key(
        list_of(
            table(
                {
                    "kind": Key(choice("long_term", "resettled_retiree", "stationed"), REQUIRED),
                    "area": Key(area, REQUIRED),
                    **_INTERVAL,
                }
            )
        ),
        (),
    ),
    "selections": Key(list_of(table({"institution": _REQUIRED_ID, **_INTERVAL})), ()),
    "diseases": Key(
        list_of(
            table(
                {"code": _REQUIRED_ID, "kind": Key(choice("chronic", "special"), REQUIRED)}
                | _INTERVAL
            )
        ),
        (),
    ),
    "stays": Key(
        list_of(
            table(
                {
                    "institution": _REQUIRED_ID,
                    "admitted": Key(date, REQUIRED),
                    "discharged": Key(date),
                }
            )
        ),
        (),
    ),
}
MEMBER: Final = table(_PERSON)
RELATIVE: Final = table(
    _PERSON
    | {
        "relation": Key(
            choice("spouse", "parent", "child", "sibling", "grandparent", "grandchild", "other"),
            REQUIRED,
        ),
        "registered": Key(boolean, True),
    }
    | {"id": _REQUIRED_ID}
)
INSTITUTION: Final = table(
    {
        "id": _REQUIRED_ID,
        "level": Key(_LEVELS, "1"),
        "kind": Key(
            choice(
                "hospital",
                "specialist",
                "community",
                "village_station",
                "internet_hospital",
                "pharmacy",
            ),
            "hospital",
        ),
        "area": Key(area),
        "host": Key(identifier, ""),
        "parent": Key(identifier, ""),
        "designated": Key(boolean, True),
        "networked": Key(boolean, True),
        "offers": Key(
            list_of(
                choice(
                    "ordinary", "chronic", "special", "day_surgery", "prescription", "dual_channel"
                )
            )
        ),
    }
)

_COUNTERS: Final = {
    "deductible_at": Key(mapping(identifier, money)),
    "special_deductible": Key(money),
    "ordinary_paid": Key(money),
    "chronic_paid": Key(money),
    "disease_paid": Key(mapping(identifier, money)),
    "cost": Key(money),
    "month_paid": Key(mapping(identifier, money)),
    "day_paid": Key(mapping(identifier, money)),
    "benefit_deductible": Key(mapping(choice(*COUNTED_BENEFITS), money)),
    "benefit_paid": Key(mapping(choice(*COUNTED_BENEFITS), money)),
    "pooled_paid": Key(money),
    "compliant_burden": Key(money),
    "large_amount_paid": Key(money),
    "visit_paid": Key(mapping(identifier, money)),
}
OPENING: Final = table({"year": Key(_YEAR, REQUIRED), "deductible": Key(money_or_met), **_COUNTERS})
_AFTER: Final = Key(table({"deductible": Key(money), **_COUNTERS}))

_LINE: Final = table(
    {
        "class": Key(choice(*CLASSES), REQUIRED),
        "amount": Key(money),
        "first_pay": Key(rate, 0),
        "over_limit": Key(money),
        "flag": Key(choice(*FLAGS)),
        "benefit": Key(choice(*BENEFITS)),
        "quantity": Key(quantity, 0),
        "unit_price": Key(unit_price, 0),
        "price_ceiling": Key(unit_price, 0),
        "code": Key(identifier, ""),
    }
)
SETTLEMENT_AMOUNTS: Final = (
    "total",
    "non_covered",
    "over_limit",
    "pre_payment",
    "excluded",
    "in_scope",
    "deductible",
    "copay",
    "over_cap",
    "pooled_fund",
    "large_amount_fund",
    "institution_share",
    "person",
    "account",
    "family_account",
    "cash",
)
"""Amounts that a settlement may be expected to have, in the order of the three sums."""
ACCOUNT_AMOUNTS: Final = ("credit", "paid")
"""Amounts that a credit or a payment may be expected to have; a balance is no part of an answer
alone."""
CUTS: Final = ("visit", "day", "month", "annual", "disease", "pooled")

BILL_PARTS: Final = ("in_scope", "pre_payment", "over_limit", "non_covered")
_CLAIM: Final = {
    "id": Key(identifier),
    "date": Key(date, REQUIRED),
    "until": Key(date),
    "institution": _REQUIRED_ID,
    "benefit": Key(_BENEFITS, "ordinary"),
    "visit": Key(identifier, ""),
    "disease": Key(identifier, ""),
    **{part: Key(money) for part in BILL_PARTS},
    "total": Key(money),
    "lines": Key(list_of(_LINE)),
    "emergency": Key(boolean, False),
    "referred": Key(boolean, False),
    "prescriber": Key(identifier, ""),
    "liability": Key(choice("work_injury", "third_party", "public_health", "abroad", "maternity")),
    "liable_amount": Key(money),
    "admission": Key(identifier, ""),
    "statement": Key(boolean, False),
    "manual": Key(boolean, False),
    "use_account": Key(boolean, False),
    "payer": Key(identifier),
    "prescription": Key(identifier, ""),
    "papers": Key(list_of(choice(*PAPERS)), ()),
    "expect": Key(
        table(
            {
                "outcome": Key(choice("settled", "refused")),
                "reason": _REASON,
                "benefit": Key(_BENEFITS),
                **{name: Key(money) for name in SETTLEMENT_AMOUNTS},
                "cuts": Key(table({name: Key(money) for name in CUTS})),
                "after": _AFTER,
            }
        ),
        REQUIRED,
    ),
}


def _expect(outcomes: tuple[str, ...], reasons: tuple[str, ...], **keys: Reader) -> Key:
    """Return the key `expect` of an event kind."""
    expected = {"outcome": Key(choice(*outcomes)), "reason": Key(choice(*reasons))}
    return Key(table(expected | {name: Key(read) for name, read in keys.items()}), REQUIRED)


def _undo() -> dict[str, Key]:
    outcomes = ("cancelled", "refused", "nothing_to_reverse")
    expect = table({"outcome": Key(choice(*outcomes)), "reason": _REASON, "after": _AFTER})
    return {"of": _REQUIRED_ID, "expect": Key(expect, REQUIRED)}


EVENTS: Final = {
    "settle": _CLAIM,
    "preview": _CLAIM,
    "cancel": _undo(),
    "reverse": _undo(),
    "credit": {
        "month": Key(month, REQUIRED),
        "expect": _expect(("refused",), _ACCOUNT_REASONS, credit=money),
    },
    "account_payment": {
        "date": Key(date, REQUIRED),
        "purpose": Key(
            choice(
                "medical",
                "pharmacy_goods",
                "premium",
                "make_up_contribution",
                "preventive_tcm",
                "public_health",
                "fitness",
            ),
            REQUIRED,
        ),
        "product": Key(
            choice("resident", "long_term_care", "large_amount", "commercial_inclusive")
        ),
        "for": Key(identifier, "self"),
        "place": Key(identifier),
        "amount": Key(money, REQUIRED),
        "expect": _expect(("paid", "refused"), _ACCOUNT_REASONS, paid=money, balance=money),
    },
    "disposal": {
        "date": Key(date, REQUIRED),
        "event": Key(choice("move", "emigration", "death", "enlistment", "resettlement"), REQUIRED),
        "to_area": Key(area),
        "applied": Key(boolean, False),
        "beneficiary": Key(boolean, False),
        "expect": _expect(
            ("paid_to_member", "paid_to_heir", "transferred", "kept", "refused"), _ACCOUNT_REASONS
        ),
    },
    "select": {
        "date": Key(date, REQUIRED),
        "institution": _REQUIRED_ID,
        "for_year": Key(_YEAR, REQUIRED),
        "newly_insured": Key(boolean, False),
        "reason": Key(text),
        "expect": _expect(("accepted", "refused"), _ACCOUNT_REASONS, **{"from": date}),
    },
    "prepay": {
        "month": Key(month, REQUIRED),
        "members": Key(_COUNT, REQUIRED),
        "actual_last_month": Key(money),
        "expect": _expect(("refused",), _ACCOUNT_REASONS, prepay=money),
    },
    "year_end": {
        "package": Key(money),
        "members_by_month": Key(list_of(_COUNT, 12)),
        "booked": Key(money),
        "booked_by_stations": Key(money),
        "prepaid": Key(money),
        "expect": _expect(
            ("refused",),
            _ACCOUNT_REASONS,
            package=money,
            payable=money,
            bonus=money,
            balance=money,
        ),
    },
}
"""Keys of each kind of event, besides `do`."""
