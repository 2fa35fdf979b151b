"""Refusals that several requests share."""

from engine.domain.reasons import Detail, Reason
from engine.domain.request import Refused


def id_reused() -> Refused:
    """Refuse an id that stands for another request."""
    message = "the id is used for something else; use a new id"
    return Refused(Reason.INVALID_CLAIM, Detail.ID_REUSED, message)


def institution_unknown() -> Refused:
    """Refuse an institution that nobody registered."""
    message = "the institution is not in the register; register first"
    return Refused(Reason.INSTITUTION_UNKNOWN, message=message)


def member_unknown() -> Refused:
    """Refuse a member whom nobody registered."""
    message = "the member is not in the register; register first"
    return Refused(Reason.MEMBER_UNKNOWN, message=message)
