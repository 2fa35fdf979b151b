"""What is fuzzed: bytes of a terminal or a gateway, through codec, ledger and kernels, to answers.

Whatever comes in, no exception may come out but those that have a status; every answer can be read;
what is settled adds up by sums that are made here, and the compiled kernel's results are those of
the reference kernel, which settles the same bytes on a ledger of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from engine.domain.codes import Level
from engine.domain.dates import Interval
from engine.domain.register import AccountOpening, Institution, Member, Selection
from engine.domain.request import (
    ImportOpenings,
    PutInstitutions,
    PutMembers,
    SupplyFigures,
)
from engine.kernel import FAST, REFERENCE, Kernel
from engine.pipeline import Pipeline
from engine.rules.figures import to_json
from engine.rules.plan import RulePlan
from engine.verify.check import verify_store
from gongji.v1 import settlement_pb2
from gongji.v1 import settlement_service_pb2 as pb
from server.config import ServerConfig
from server.merge import Single, merge
from server.service import Host
from server.settlement import _Batch, _decode_batch, _Terminal
from server.status import NotOpen
from tests.support.memory_store import MemoryStore
from tests.support.runner import assumed_figures, cities
from tests.support.world import YEARS

RENEWED_AFTER: Final = 4_000
"""Inputs after which ledgers begin anew, so that a fault is found near its cause."""
_INSTANT: Final = 1_767_225_600_000


class Side:
    """A ledger behind the server's codec, without a loop and without a wire."""

    is_full = False

    def __init__(self, kernel: Kernel) -> None:
        self.store = MemoryStore()
        self.pipeline = Pipeline.open(self.store, cities(), kernel)
        self.pipeline.run(_registers(), 0)
        self.host = Host(self, ServerConfig())  # type: ignore[arg-type]  # what it asks of one
        self.terminal = _Terminal(self.host)
        self.terminal_bytes(_opening())

    @property
    def batcher(self) -> Side:
        return self

    def plan(self, digest: bytes) -> RulePlan | None:
        return self.pipeline.plan(digest)

    def ask(self, ask: Single, finish: Callable[[Any, int], None], source: object = None) -> None:
        """Answer at once, as the batcher does with one request."""
        requests, (place,) = merge([ask])
        assert place is not None
        answers = self.pipeline.run(requests, _INSTANT)
        finish(answers[place.request], place.row)

    def terminal_bytes(self, data: bytes) -> bytes:
        """Return the bytes that answer a terminal's."""
        slot = Slot()
        try:
            self.terminal.accept(data, slot)  # type: ignore[arg-type]  # all it does is answer
        except NotOpen:
            return b""
        if isinstance(slot.given, BaseException):
            raise slot.given
        assert isinstance(slot.given, bytes)
        return slot.given

    def gateway_bytes(self, data: bytes) -> bytes:
        """Return the bytes that answer a gateway's message."""
        message = _decode_batch(data)
        if not isinstance(message, _Batch):
            return message.SerializeToString()
        (answer,) = self.pipeline.run([message.request], _INSTANT)
        return message.encode(self.pipeline.plan, answer)


class Slot:
    """Takes an answer."""

    given: object = None

    def answer(self, answer: object) -> None:
        """Take it."""
        self.given = answer


class Target:
    """Both kernels behind the codec; `feed` raises what must not be."""

    def __init__(self) -> None:
        self._fed = 0
        self._renew()

    def _renew(self) -> None:
        self._sides = [Side(kernel) for kernel in (FAST, REFERENCE)]

    def feed(self, data: bytes) -> None:
        """Give both the same bytes; compare, read and add up what they answer."""
        if not data:
            return
        of_gateway, data = data[0] & 1, data[1:]
        answers = [
            side.gateway_bytes(data) if of_gateway else side.terminal_bytes(data)
            for side in self._sides
        ]
        assert answers[0] == answers[1], "the kernels differ"
        check(answers[0], of_gateway=bool(of_gateway))
        self._fed += 1
        if self._fed % RENEWED_AFTER == 0:
            self.finish()
            self._renew()

    def finish(self) -> None:
        """Check the ledger that the inputs have made."""
        report = verify_store(self._sides[0].store)
        assert report.ok, report.findings


def check(answer: bytes, *, of_gateway: bool) -> None:
    """Check that an answer can be read, and that what was settled adds up."""
    if of_gateway:
        pb.SettleBatchResponse.FromString(answer)
        return
    response = pb.SettleResponse.FromString(answer)
    match response.WhichOneof("answer"):
        case "settled":
            add_up(response.settled)
        case "undone":
            add_up(response.undone.negated)


def add_up(settled: settlement_pb2.Settlement) -> None:
    """Add up bill and payers; each is the total, to the fen."""
    bill, payers = settled.bill, settled.payers
    parts = sum(
        getattr(bill, name).amount_fen
        for name in ("non_covered", "over_limit", "pre_payment", "excluded", "in_scope")
    )
    assert parts == bill.total_fen, "the bill does not add up"
    paid = sum(
        getattr(payers, name).amount_fen
        for name in (
            "pooled_fund",
            "large_amount_fund",
            "institution_share",
            "account",
            "family_account",
            "cash",
        )
    )
    assert paid == bill.total_fen, "the payers do not add up"


def _opening() -> bytes:
    return pb.SettleRequest(sequence=1, open=pb.Open(institution_id="h0")).SerializeToString()


def _registers() -> Sequence[Any]:
    """Return registers whose ids a fuzzer finds: one letter and a digit."""
    names = list(YEARS)
    everywhere = Interval(2000_01_01)
    institutions = [
        Institution(f"h{n}", city, Level.LEVEL_2, designated=(everywhere,))
        for n, city in enumerate(names)
    ]
    members = [
        Member(f"m{n}", city, selections=(Selection(f"h{n}", everywhere),))
        for n, city in enumerate(names)
    ]
    return [
        SupplyFigures(to_json(assumed_figures())),
        PutInstitutions(institutions),
        PutMembers(members),
        ImportOpenings([AccountOpening(member.id, 30_000) for member in members]),
    ]
