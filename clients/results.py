"""What is written of the settled claims of a batch: a column for each part, and counts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from clients.answers import Answers
from engine.domain.claim import Claim
from engine.domain.codes import Benefit
from engine.domain.layout import AMOUNTS, CUTS, Array
from engine.domain.reasons import Reason

RESULT_COLUMNS: Final = (
    "line",
    "institution",
    "request_id",
    "settlement_id",
    "outcome",
    "reason",
    "benefit",
    "requested_benefit",
    "total",
    "non_covered",
    "over_limit",
    "pre_payment",
    "first_pay",
    "excluded",
    "in_scope",
    "deductible",
    "copay",
    "over_cap",
    *CUTS,
    "pooled_fund",
    "large_amount_fund",
    "institution_share",
    "person",
    "account",
    "family_account",
    "cash",
    "plan",
)
RESULT_AMOUNTS: Final = frozenset((*AMOUNTS, "over_cap"))
RESULT_NUMBERS: Final = frozenset(("line", "settlement_id"))


class Words(NamedTuple):
    """A column of a few texts: for each row the position of its text."""

    codes: Array
    texts: Sequence[str]


Results = Mapping[str, Words | Array | Sequence[str]]
"""The columns of `RESULT_COLUMNS`: numbers, and amounts in fen, as arrays of int64; or texts."""


def _by_code(codes: type[Benefit] | type[Reason]) -> tuple[str, ...]:
    """Return the names of codes, each at the position that is its number."""
    names = {int(code): code.name for code in codes}
    return tuple(names.get(number, "") for number in range(max(names) + 1))


_BENEFITS: Final = tuple(map(str.lower, _by_code(Benefit)))
_REASONS: Final = ("", *_by_code(Reason)[1:])
_OUTCOMES: Final = ("settled", "replayed")
_CUTS: Final = [AMOUNTS.index(name) for name in CUTS]
_SUMMED: Final = {
    name: AMOUNTS.index(name)
    for name in (
        "total",
        "pooled_fund",
        "large_amount_fund",
        "institution_share",
        "account",
        "family_account",
        "cash",
    )
}


def results_of(lines: Sequence[int], claims: Sequence[Claim], answers: Answers) -> Results:
    """Return the results of the claims of a batch that were settled, in their order.

    Args:
        lines: The line of each claim in its file.
        claims: The claims of the batch.
        answers: What they came to.
    """
    if answers.others:
        settled = answers.settled.tolist()
        lines = [lines[at] for at in settled]
        claims = [claims[at] for at in settled]
    asked = np.array([claim.benefit for claim in claims], dtype=np.uint8)
    return {
        "line": np.array(lines, dtype=np.int64),
        "institution": [claim.institution for claim in claims],
        "request_id": [claim.request_id for claim in claims],
        "settlement_id": answers.settlement_ids,
        "outcome": Words(answers.replayed, _OUTCOMES),
        "reason": Words(answers.reasons, _REASONS),
        "benefit": Words(answers.benefits, _BENEFITS),
        "requested_benefit": Words(asked, _BENEFITS),
        **dict(zip(AMOUNTS, answers.amounts, strict=True)),
        "over_cap": answers.amounts[_CUTS].sum(axis=0),
        "plan": Words(answers.plans, [digest.hex() for digest in answers.plan_digests]),
    }


def counts_of(answers: Answers) -> Counter[str]:
    """Return what settled claims count to: their number, sums in fen, and `excluded.REASON`."""
    replayed = int(np.count_nonzero(answers.replayed))
    reasons, numbers = np.unique(answers.reasons, return_counts=True)
    found = {
        "settled": len(answers.settled) - replayed,
        "replayed": replayed,
        **{
            f"excluded.{_REASONS[reason]}": number
            for reason, number in zip(reasons.tolist(), numbers.tolist(), strict=True)
            if reason
        },
        **{f"sum.{name}": int(answers.amounts[at].sum()) for name, at in _SUMMED.items()},
    }
    return Counter({name: number for name, number in found.items() if number})
