"""What a claim came to, however it was settled: over the wire or in this process."""

from typing import NamedTuple

from engine.domain.layout import AMOUNTS
from engine.domain.reasons import Detail, Reason


class Settled(NamedTuple):
    """The claim is settled; `amounts` has the parts of the three sums in the order of `AMOUNTS`."""

    settlement_id: int
    amounts: tuple[int, ...]
    benefit: int
    plan_digest: bytes
    reason: Reason = Reason.NONE
    """Why the fund pays nothing, or not for all of it; `NONE` where nothing is excluded."""
    replayed: bool = False
    """It was settled before under this id; this is the same answer again."""

    def amount(self, name: str) -> int:
        """Return one part by its name in `AMOUNTS`, in fen."""
        return self.amounts[AMOUNTS.index(name)]


class Refused(NamedTuple):
    """The rules refuse the claim; nothing moved and its id stays free."""

    reason: Reason
    message: str
    detail: Detail = Detail.NONE
    figure: str = ""
    """The missing operator figure, for `NO_FIGURE`."""


class Malformed(NamedTuple):
    """What was sent is no claim: which field, and what was expected."""

    path: str
    problem: str


Outcome = Settled | Refused | Malformed
