"""A claim of several benefits: as many journal entries, answered as one."""

from typing import Final

import numpy as np

from engine.domain.layout import NEGATED, Array
from engine.domain.reasons import Reason

SUMMED: Final = (*NEGATED, "first_pay")
"""What the parts of a claim add up to in `RESULT`."""


def combined(parts: Array) -> np.void:
    """Return one record for the entries of one claim, in their order: amounts added up.

    Link, claim and row are those of the first part, the one whose benefit goes before the others;
    so are the citations, which count in its plan, and the counters before.
    """
    whole: np.void = parts[0].copy()
    if len(parts) > 1:
        result = whole["result"]
        for name in dict.fromkeys(SUMMED):
            result[name] = parts["result"][name].sum()
        reasons = [reason for reason in parts["result"]["reason"].tolist() if reason]
        result["reason"] = min(reasons, default=int(Reason.NONE))
    return whole


def is_last_part(record: np.void) -> bool:
    """Return whether an entry is the last of its act, or the only one."""
    return bool(record["link"]["part"] + 1 >= record["link"]["parts"])
