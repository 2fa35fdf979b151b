"""What a claim came to, however it was settled: over the wire or in this process."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from engine.domain.layout import AMOUNTS, Array
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


class Answers(NamedTuple):
    """What the claims of a batch came to, by columns: a row for each that is settled, in order."""

    settled: Array
    """Positions in the batch of the claims that are settled, ascending."""
    settlement_ids: Array
    amounts: Array
    """Fen, a row for each part in the order of `AMOUNTS`."""
    benefits: Array
    reasons: Array
    replayed: Array
    plans: Array
    """Positions in `plan_digests`."""
    plan_digests: Sequence[bytes]
    others: Mapping[int, Refused | Malformed]
    """What the claims came to that are not settled, by position."""

    @property
    def claims(self) -> int:
        """How many claims are answered."""
        return len(self.settled) + len(self.others)


def answers_of(outcomes: Sequence[Outcome]) -> Answers:
    """Return the outcomes of a batch, one for each claim, by columns."""
    settled = {at: found for at, found in enumerate(outcomes) if isinstance(found, Settled)}
    found = list(settled.values())
    digests = list(dict.fromkeys(one.plan_digest for one in found))
    place = {digest: at for at, digest in enumerate(digests)}
    amounts = np.array([one.amounts for one in found], dtype=np.int64)
    return Answers(
        settled=np.array(list(settled), dtype=np.int64),
        settlement_ids=np.array([one.settlement_id for one in found], dtype=np.int64),
        amounts=amounts.reshape(len(found), len(AMOUNTS)).T,
        benefits=np.array([one.benefit for one in found], dtype=np.uint8),
        reasons=np.array([one.reason for one in found], dtype=np.uint8),
        replayed=np.array([one.replayed for one in found], dtype=bool),
        plans=np.array([place[one.plan_digest] for one in found], dtype=np.int64),
        plan_digests=digests,
        others={at: found for at, found in enumerate(outcomes) if not isinstance(found, Settled)},
    )
