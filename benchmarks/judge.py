"""What a server answered, against the same claims settled again by the reference kernel.

The reference settles about a thousandth of what a server does in a second, so it is asked about
some of the members: those whose home is one of `HOMES_JUDGED`, and of these every n-th. Whatever
happens to one member depends on no other, so all claims of theirs, in order, must come to the same
digest and the same refusals. Of everybody's claims it is checked that each is answered once, by a
settlement under an id of its own or by a refusal.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from benchmarks.load import Answer, Load
from benchmarks.messages import Chosen, Messages
from benchmarks.population import HOMES
from clients.answers import Refused, Settled
from clients.cli.local import LocalLedger
from clients.wire import malformed, refused, settled
from engine.digest import ResultDigest
from engine.domain.claim import Claim
from engine.domain.layout import AMOUNTS, Array
from engine.domain.request import BatchAnswer, SettleBatch
from gongji.v1 import batch_pb2, codes_pb2
from gongji.v1 import settlement_service_pb2 as pb

HOMES_JUDGED: Final = (0, 9, 13, 41, 62)
"""Of five cities; one is a pharmacy, one lies in another area. The first is the lone terminal's."""
_PART: Final = 10_000


class Judged(NamedTuple):
    """A settlement as it was answered."""

    id: int
    claim: Claim
    amounts: tuple[int, ...]


def chosen(every: int) -> Chosen:
    """Return which claims are judged: of the members at the homes judged, every so many-th's."""

    def is_judged(claim: Claim) -> bool:
        number = int(claim.member.rpartition("-P")[2])
        return number % HOMES in HOMES_JUDGED and number // HOMES % every == 0

    return is_judged


@dataclass
class Judge:
    """Takes what was answered, and says whether it is right."""

    ledger: LocalLedger
    settled: int = 0
    refused: int = 0
    judged: int = 0
    sample: list[Judged] = field(default_factory=list)
    """Last settlements of members, for `afterwards`."""
    _digest: ResultDigest = field(default_factory=ResultDigest)
    _refusals: Counter[str] = field(default_factory=Counter)
    _expected: ResultDigest = field(default_factory=ResultDigest)
    _expected_refusals: Counter[str] = field(default_factory=Counter)
    _last_id: int = 0

    def take(self, answered: Sequence[tuple[Sequence[Messages], Load]], sample: int = 0) -> int:
        """Take the answers of loads that were put at once; return how many claims they settled.

        Args:
            answered: What each stream of a load sent, and the load.
            sample: How many of the last settlements of members to remember.
        """
        ids: list[Array] = []
        claims: list[Claim] = []
        last: dict[str, Judged] = {}
        for streams, load in answered:
            for answer in load.answers:
                sent = streams[answer.stream]
                for claim, outcome in self._answer(sent, answer, ids):
                    claims.append(claim)
                    if isinstance(outcome, Settled):
                        self._digest.add_settled(claim, outcome.amounts)
                        # Only a member's last settlement can be cancelled.
                        made = Judged(outcome.settlement_id, claim, outcome.amounts)
                        last[claim.member] = made
                    else:
                        self._refusals[outcome.reason.name] += 1
        if sample:
            self.sample = list(last.values())[:sample]
        self._settle_again(claims)
        return self._check_ids(np.concatenate(ids))

    def check(self) -> str:
        """Fail unless everything came to the same; return the digest."""
        assert self.judged, "nothing was judged"
        assert self._digest.hexdigest() == self._expected.hexdigest()
        assert self._refusals == self._expected_refusals
        return self._digest.hexdigest()

    def _check_ids(self, ids: Array) -> int:
        ids = ids[ids != 0]
        assert len(np.unique(ids)) == len(ids), "two claims have one settlement"
        if len(ids):
            assert int(ids.min()) > self._last_id, "a settlement has an id from before"
            self._last_id = int(ids.max())
        self.settled += len(ids)
        return len(ids)

    def _settle_again(self, claims: Sequence[Claim]) -> None:
        self.judged += len(claims)
        for start in range(0, len(claims), _PART):
            part = claims[start : start + _PART]
            expected = self.ledger.ask(SettleBatch(part), BatchAnswer)
            assert not expected.errors
            self._expected.add_batch(part, expected)
            reasons = [refusal.reason.name for refusal in expected.refusals.values()]
            self._expected_refusals.update(reasons)

    def _answer(
        self, sent: Messages, answer: Answer, ids: list[Array]
    ) -> Iterator[tuple[Claim, Settled | Refused]]:
        """Count an answer; yield those of its claims that are judged, with what each came to."""
        template = sent.template(answer.message)
        rows = list(template.judged)
        if template.is_batch:
            response = pb.SettleBatchResponse.FromString(answer.data)
            assert response.WhichOneof("answer") == "answers", response
            found = _batch(response.answers, template.size, rows, ids)
            self.refused += len(response.answers.refusals)
        else:
            one = _single(pb.SettleResponse.FromString(answer.data))
            is_settled = isinstance(one, Settled)
            ids.append(np.array([one.settlement_id if isinstance(one, Settled) else 0]))
            self.refused += not is_settled
            found = [one] * len(rows)
        for row, outcome in zip(rows, found, strict=True):
            yield sent.claim(answer.message, row), outcome


def _single(response: pb.SettleResponse) -> Settled | Refused:
    match response.WhichOneof("answer"):
        case "settled":
            found = settled(response.settled)
            assert not found.replayed
            return found
        case "refused":
            return refused(response.refused)
        case _:
            raise AssertionError(malformed(response.error))


def _batch(
    answers: batch_pb2.AnswerColumns, count: int, rows: Sequence[int], ids: list[Array]
) -> list[Settled | Refused]:
    """Return what some rows came to, having looked at all of them."""
    kinds = np.frombuffer(answers.outcomes, "u1")
    is_settled = kinds == codes_pb2.OUTCOME_SETTLED
    assert len(kinds) == count
    assert not answers.errors, answers.errors
    assert int(is_settled.sum()) + len(answers.refusals) == count, "some are neither, or replayed"
    of_ids = np.frombuffer(answers.settlement_ids, "<i8") if is_settled.any() else np.zeros(count)
    assert not (of_ids[is_settled] == 0).any(), "a settlement has no id"
    ids.append(np.where(is_settled, of_ids, 0).astype(np.int64))
    if not rows:
        return []
    refusals = {item.row: item.refusal for item in answers.refusals}
    parts = zip(*(_column(answers, name, count)[rows].tolist() for name in AMOUNTS), strict=True)
    return [
        refused(refusals[row])
        if row in refusals
        else Settled(int(of_ids[row]), amounts, answers.benefits[row], b"")
        for row, amounts in zip(rows, parts, strict=True)
    ]


def _column(answers: batch_pb2.AnswerColumns, name: str, count: int) -> Array:
    data: bytes = getattr(answers, f"{name}_fen")
    return np.frombuffer(data, "<i8") if data else np.zeros(count, np.int64)
