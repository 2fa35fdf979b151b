"""Why a claim is refused or excluded, in order of precedence.

Numbers below `EXCLUSION_FIRST` are refusals: nothing is settled, nothing moves, the request id
stays free. The others are exclusions: the claim is settled with nothing from the fund.
"""

from enum import IntEnum


class Reason(IntEnum):
    """Reason codes of the worked-case format; a smaller number goes before a larger one."""

    NONE = 0
    INVALID_CLAIM = 1
    MEMBER_UNKNOWN = 2
    INSTITUTION_UNKNOWN = 3
    NO_RULE = 4
    NO_FIGURE = 5
    SPANS_BOUNDARY = 6
    BENEFIT_NOT_OFFERED = 7
    MERGED_INTO_STAY = 8
    OTHER_SCHEME = 9
    CANCEL_BLOCKED = 10
    OUTSIDE_WINDOW = 16
    """Of a selection; no claim is refused for it."""
    NO_ACCOUNT = 17
    """This and the five after it are of personal accounts; no claim is refused for them."""
    PURPOSE_NOT_ALLOWED = 18
    NOT_REGISTERED = 19
    RELATION_NOT_ALLOWED = 20
    NO_BALANCE = 21
    """Comes after `NOT_DESIGNATED`, which an account may meet as well."""
    NOT_APPLIED = 22
    NOT_DESIGNATED = 32
    ARREARS = 33
    INPATIENT_STAY = 34
    LIABLE_ELSEWHERE = 35
    NOT_FILED = 36
    NOT_NETWORKED = 37
    NOT_SELECTED = 38
    NO_PRESCRIPTION = 39


EXCLUSION_FIRST = Reason.NOT_DESIGNATED


class Detail(IntEnum):
    """What lies behind an `INVALID_CLAIM`, so that a program can tell the cases apart.

    A register change has the three from `ITEM_UNKNOWN` on, beside `ID_REUSED` and `UNDONE`.
    """

    NONE = 0
    NEGATIVE_AMOUNT = 1
    PARTS_DO_NOT_ADD_UP = 2
    DATES_REVERSED = 3
    ID_REUSED = 4
    UNDONE = 5
    REVERSED_BEFORE_ARRIVAL = 6
    SETTLEMENT_UNKNOWN = 7
    AMOUNT_TOO_LARGE = 8
    PAPERS_MISSING = 9
    ITEM_UNKNOWN = 16
    ITEM_OVERLAPS = 17
    CHANGE_UNKNOWN = 18
