"""Closed lists of outpatient settlement. Numbers are ours and go on the wire and into the store.

Zero is a value only where it says "nothing special" (`Liability.NONE`, `Place.LOCAL`); of the other
codes it is UNSPECIFIED on the wire.
"""

from enum import IntEnum, IntFlag


class Status(IntEnum):
    """Insured status of a person on a day."""

    ACTIVE = 1
    RETIRED = 2
    VETERAN = 3


class Level(IntEnum):
    """Level of an institution; `LEVEL_1` is level 1 and below, community station, ungraded."""

    LEVEL_1 = 1
    LEVEL_2 = 2
    LEVEL_3 = 3
    LEVEL_3_PROVINCIAL = 4


class Kind(IntEnum):
    """Kind of an institution."""

    HOSPITAL = 1
    SPECIALIST = 2
    COMMUNITY = 3
    VILLAGE_STATION = 4
    INTERNET_HOSPITAL = 5
    PHARMACY = 6


class Benefit(IntEnum):
    """What the terminal asks for, and what a claim was settled under."""

    ORDINARY = 1
    CHRONIC = 2
    SPECIAL = 3
    DAY_SURGERY = 4
    EMERGENCY = 5


class Offer(IntEnum):
    """What an institution is admitted for."""

    ORDINARY = 1
    CHRONIC = 2
    SPECIAL = 3
    DAY_SURGERY = 4
    PRESCRIPTION = 5
    DUAL_CHANNEL = 6


class Liability(IntEnum):
    """Who else answers for the cost; `NONE` where nobody does."""

    NONE = 0
    WORK_INJURY = 1
    THIRD_PARTY = 2
    PUBLIC_HEALTH = 3
    ABROAD = 4
    MATERNITY = 5


class LineClass(IntEnum):
    """Class of a bill line in the catalogue."""

    A = 1
    """甲类: in scope as a whole."""
    B = 2
    """乙类: the person pays a share first."""
    NONE = 3
    """Outside the catalogue."""


class LineFlag(IntEnum):
    """What is special about a bill line; `NONE` where nothing is."""

    NONE = 0
    DUAL_CHANNEL = 1
    """双通道."""
    SEPARATE_PAY = 2
    """单独支付."""
    GENERAL_FEE = 3
    """一般诊疗费, 诊查费."""


class Paper(IntFlag):
    """The documents that came with a paper claim."""

    CREDENTIAL = 1 << 0
    """The member's insurance credential (医保凭证)."""
    INVOICE = 1 << 1
    """收费票据."""
    MEDICAL_RECORD = 1 << 2
    """门诊病历."""
    CHARGE_LIST = 1 << 3
    """费用明细清单."""


class FilingKind(IntEnum):
    """Why a member is filed for care in another place."""

    LONG_TERM = 1
    RESETTLED_RETIREE = 2
    STATIONED = 3


class DiseaseKind(IntEnum):
    """Registration of a disease."""

    CHRONIC = 1
    SPECIAL = 2


class Mode(IntEnum):
    """Mode of insurance: with a personal account, or pooled fund only."""

    COMBINED = 1
    POOLED_ONLY = 2


class Employment(IntEnum):
    """How the member is insured."""

    UNIT = 1
    FLEXIBLE = 2


class Place(IntEnum):
    """Where the care was given, as seen from the insured city."""

    LOCAL = 0
    FILED = 1
    OTHER_CITY = 2
    OTHER_PROVINCE = 3


class Fact(IntFlag):
    """What is known of a claim when it meets the rules; the exclusion matrix tests these bits."""

    PHARMACY = 1 << 0
    PRESCRIBER = 1 << 1
    NOT_DESIGNATED = 1 << 2
    IN_ARREARS = 1 << 3
    IN_STAY = 1 << 4
    LIABLE = 1 << 5
    MATERNITY = 1 << 6
    OUTSIDE_CITY = 1 << 7
    OUTSIDE_PROVINCE = 1 << 8
    FILED = 1 << 9
    NOT_NETWORKED = 1 << 10
    MANUAL = 1 << 11
    SELECTED = 1 << 12
    REFERRED = 1 << 13
    EMERGENCY = 1 << 14
    NOT_OFFERED = 1 << 15
    SPANS_BOUNDARY = 1 << 16
    ORDINARY = 1 << 17
    CHRONIC = 1 << 18
    SPECIAL = 1 << 19
    DAY_SURGERY = 1 << 20
    ADMITTED = 1 << 21
    ADMITTED_HERE = 1 << 22
    STATEMENT = 1 << 23
    USE_ACCOUNT = 1 << 24
    LIABLE_IN_PART = 1 << 25
    ASKED_EMERGENCY = 1 << 26
