"""A server that a file is sent to, without one."""

from collections.abc import Iterable, Iterator, Sequence

from clients.answers import Malformed, Outcome, Refused, Settled
from clients.errors import NotSent, UnknownOutcome
from engine.domain.claim import Claim
from engine.domain.layout import AMOUNTS
from engine.domain.reasons import Reason


class FakeServer:
    """Applies an id once; can break before or after it applied a batch."""

    def __init__(self) -> None:
        self.applied: dict[tuple[str, str], Claim] = {}
        self.break_before = -1
        self.break_after = -1
        self.batches = 0
        self.absent = False
        self.known: set[str] = set()
        self.sent: list[str] = []

    def settle(self, batches: Iterable[Sequence[Claim]]) -> Iterator[Sequence[Outcome]]:
        for claims in batches:
            if self.absent:
                raise NotSent("nobody there")
            if self.batches == self.break_before:
                self.break_before = -1
                raise UnknownOutcome("server gone")
            outcomes = [self.one(claim) for claim in claims]
            if self.batches == self.break_after:
                self.break_after = -1
                raise UnknownOutcome("server gone")
            self.batches += 1
            yield outcomes

    def one(self, claim: Claim) -> Outcome:
        self.sent.append(claim.request_id)
        if claim.member == "figure":
            return Refused(Reason.NO_FIGURE, "", figure="annual_cap")
        if claim.member == "nobody" and "nobody" not in self.known:
            return Refused(Reason.MEMBER_UNKNOWN, "")
        if claim.member == "odd" and "odd" not in self.known:
            return Malformed("claims[3].service_date", "there is no such day")
        key = (claim.institution, claim.request_id)
        replayed = key in self.applied
        self.applied[key] = claim
        amounts = dict.fromkeys(AMOUNTS, 0) | {
            "total": claim.total_fen,
            "in_scope": claim.in_scope_fen,
            "cash": claim.in_scope_fen,
            "cut_visit": 1,
            "cut_annual": 2,
        }
        return Settled(
            len(self.applied), tuple(amounts.values()), 1, b"\x01" * 32, replayed=replayed
        )
