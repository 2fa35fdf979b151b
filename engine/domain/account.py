"""Personal accounts (个人账户): the closed lists of their use, and of what happens to them.

Numbers are ours and go on the wire and into the store.
"""

from enum import IntEnum


class Relation(IntEnum):
    """What a person is to the owner of an account; `SELF` is the owner."""

    SELF = 1
    SPOUSE = 2
    PARENT = 3
    CHILD = 4
    SIBLING = 5
    GRANDPARENT = 6
    GRANDCHILD = 7
    OTHER = 8


INVERSE = {
    Relation.SELF: Relation.SELF,
    Relation.SPOUSE: Relation.SPOUSE,
    Relation.PARENT: Relation.CHILD,
    Relation.CHILD: Relation.PARENT,
    Relation.SIBLING: Relation.SIBLING,
    Relation.GRANDPARENT: Relation.GRANDCHILD,
    Relation.GRANDCHILD: Relation.GRANDPARENT,
    Relation.OTHER: Relation.OTHER,
}
"""What the owner is to the person, by what the person is to the owner."""


class Purpose(IntEnum):
    """What an account is asked to pay."""

    MEDICAL = 1
    """What a person bears of care at an institution."""
    PHARMACY_GOODS = 2
    """Drugs, devices and consumables at a pharmacy."""
    PREMIUM = 3
    """A person's own contribution to an insurance; see `Product`."""
    MAKE_UP_CONTRIBUTION = 4
    """Contributions that are missing for the least years at retirement."""
    PREVENTIVE_TCM = 5
    """中医「治未病」."""
    PUBLIC_HEALTH = 6
    FITNESS = 7


class Product(IntEnum):
    """The insurance that a premium is for; `NONE` for what is no premium."""

    NONE = 0
    RESIDENT = 1
    """城乡居民基本医疗保险."""
    LONG_TERM_CARE = 2
    """长期护理保险."""
    LARGE_AMOUNT = 3
    """职工大额医疗费用补助."""
    COMMERCIAL_INCLUSIVE = 4
    """惠民保 and other commercial insurance under the guidance of government."""


class DisposalEvent(IntEnum):
    """What ends an account, or moves it."""

    MOVE = 1
    """The insurance moves to another city."""
    EMIGRATION = 2
    DEATH = 3
    ENLISTMENT = 4
    RESETTLEMENT = 5
    """A retiree resettled in another province."""


class DisposalOutcome(IntEnum):
    """What becomes of the balance."""

    PAID_TO_MEMBER = 1
    PAID_TO_HEIR = 2
    TRANSFERRED = 3
    KEPT = 4


class CreditPart(IntEnum):
    """Where a part of a monthly credit comes from."""

    OWN = 1
    """The member's own contribution."""
    UNIT = 2
    """The employer's contribution."""
    FUND = 3
    """The pooled fund, for those who no longer contribute."""


class ContributionProduct(IntEnum):
    """What a member may have to contribute to beside the insurance itself."""

    ORDINARY = 1
    """The ordinary outpatient benefit of the pooled fund (普通门诊统筹)."""
    LARGE_AMOUNT = 2
    """职工大额医疗费用补助."""
