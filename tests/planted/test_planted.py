"""Faults that somebody could write one day, planted: each is found by at least one test.

What a test of promises cannot find is not promised. Planted are the faults that would lose, double
or change a settlement; what finds them is a test, or the simulation, as it runs without them. More
are planted beside the tests that find them; `tests/PROMISES.md` has all of them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import grpc
import pytest

from engine import reference
from engine.domain.dates import year_of
from engine.errors import InvariantBroken, OutcomeUnknown, StoreError
from engine.kernel import FAST, REFERENCE
from engine.ledger import prepare, settle, undo
from engine.ledger.context import Context
from engine.ledger.ids import key_of
from engine.ledger.prepare import joined
from engine.pipeline import Pipeline
from engine.state.tables import KeyRow, KeyStatus
from gongji.v1 import settlement_service_pb2 as pb
from server import service, settlement
from server.app import ServerHandle
from server.batcher import Batcher
from server.status import Status
from tests.property import test_any_order, test_undo
from tests.server.conftest import AT_H1, CONFIG, Client, claim, register
from tests.simulation.__main__ import simulate
from tests.simulation.world import Disk
from tests.support.memory_store import MemoryStore
from tests.support.runner import cities, run_world
from tests.support.sums import digest
from tests.support.world import ZIBO, make_world

SECRET = "370302197501011234"
SEEDS = 60
COMMIT_SECONDS = 0.002
FORGETS_AFTER = 20
"""Entries after which a planted server forgets a request id."""

Plant = Callable[[pytest.MonkeyPatch], None]
Finds = Callable[[], bool]


# --- what finds them -----------------------------------------------------------------------


def simulation() -> bool:
    """One of some seeds finds something."""
    return any(simulate(seed)[0] for seed in range(1, SEEDS))


def fails(test: Callable[..., None], *arguments: object) -> bool:
    """A test fails."""
    try:
        test(*arguments)
    except AssertionError:
        return True
    return False


def any_order(test: Callable[..., None], *arguments: object) -> bool:
    """A test of requests in any order fails on a ledger in memory."""
    store = MemoryStore()
    return fails(test, test_any_order.Servers(lambda: store, 1), *arguments)


def every_order() -> bool:
    return any_order(test_any_order.test_a_claim_and_its_reversal_in_every_order)


def duplicates() -> bool:
    return any_order(test_any_order.test_duplicates_and_changed_contents, 0)


def undone_is_never_made() -> bool:
    return fails(test_undo.test_undone_is_never_made, ZIBO, 100, FAST)


def two_kernels() -> bool:
    """The kernels disagree, or the parts of a claim do not add up."""
    world = make_world(3, 60, ZIBO)
    try:
        return digest(run_world(world, FAST)) != digest(run_world(world, REFERENCE))
    except InvariantBroken:
        return True


def vanishing_clients() -> bool:
    """Who asks after others have gone away is not answered."""
    pipeline = register(Pipeline.open(MemoryStore(), cities()))
    with ServerHandle(pipeline, CONFIG) as server:
        client = Client(server.address)
        rng = random.Random(1)
        try:
            for n in range(40):
                with suppress(grpc.RpcError):
                    one_claim(client, f"gone-{n}", rng.uniform(0.0005, 0.004))
            for n in range(40):
                one_claim(client, f"gone-{n}", 10)
        except grpc.RpcError:
            return True
        finally:
            client.channel.close()
    return False


def secrets_in_errors() -> bool:
    """What a handler fails with is told to who asked."""
    pipeline = register(Pipeline.open(MemoryStore(), cities()))
    with ServerHandle(pipeline, CONFIG) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(settlement, "decode_claim", fail_with_the_secret)
        client = Client(server.address)
        with pytest.raises(grpc.RpcError) as caught:
            one_claim(client, "r", 10)
        client.channel.close()
    return SECRET in str(caught.value)


def fail_with_the_secret(*_: object) -> None:
    raise KeyError(SECRET)


def one_claim(client: Client, request_id: str, seconds: float) -> None:
    request = pb.SettleClaimRequest(claim=claim(request_id))
    client.settlement.SettleClaim(request, metadata=AT_H1, timeout=seconds)


# --- what is planted -----------------------------------------------------------------------


def no_tombstone(patch: pytest.MonkeyPatch) -> None:
    """A reversal that comes first leaves the id of its original free."""
    patch.setattr(undo, "_write_tombstone", lambda *_: 0)


def tombstone_only_told(patch: pytest.MonkeyPatch) -> None:
    """It says that it has barred the id, and has not."""
    patch.setattr(undo, "_write_tombstone", lambda context, *_: context.state.next_position)


def undone_again_and_again(patch: pytest.MonkeyPatch) -> None:
    """Whether a settlement stands is not looked at before it is taken back."""

    def standing(context: Context, institution: int, request_id: str) -> KeyRow | None:
        key = key_of(context, institution, request_id)
        if key is not None and key.status == KeyStatus.UNDONE:
            return key._replace(status=KeyStatus.STANDING)
        return key

    patch.setattr(undo, "key_of", standing)


def taken_back_whatever_rests_on_it(patch: pytest.MonkeyPatch) -> None:
    """Later settlements of the year are not looked at."""
    patch.setattr(undo, "_blockers", lambda *_: ())


def contents_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    """An id that is used is enough for the first answer."""

    def stored(context: Context, sent: Any, **_: object) -> tuple[Any, bytes]:
        institution = context.state.institutions.numbers[sent.institution]
        key = key_of(context, institution, sent.request_id)
        assert key is not None
        record, text = context.record_at(key.position)
        return record["claim"].item(), joined(text)

    patch.setattr(settle, "content", stored)


def ids_are_forgotten_after_a_while(patch: pytest.MonkeyPatch) -> None:
    def of_late(context: Context, institution: int, request_id: str) -> KeyRow | None:
        key = key_of(context, institution, request_id)
        late = key is not None and key.position < context.state.next_position - FORGETS_AFTER
        return None if late else key

    patch.setattr(settle, "key_of", of_late)


def an_error_of_the_commit_is_a_failure(patch: pytest.MonkeyPatch) -> None:
    """A commit in doubt counts as one that failed, and the server goes on with what it has."""
    guarded = Batcher._guarded

    async def sure(self: Batcher, work: Any, finishes: Any) -> Any:
        async def failing() -> Any:
            try:
                return await work()
            except OutcomeUnknown as error:
                self._pipeline._broken = False
                raise StoreError("it failed") from error

        return await guarded(self, failing, finishes)

    patch.setattr(Batcher, "_guarded", sure)
    patch.setattr(Disk, "in_doubt", 0.1)


def a_handler_can_be_cut_in_half(patch: pytest.MonkeyPatch) -> None:
    """A unary call settles and commits by itself, and is cancelled where it stands."""

    async def unshielded(self: Batcher, asked: Any) -> Any:
        from server.merge import merge, reply_of

        requests, (place,) = merge([asked])
        applied = self._pipeline.apply(requests, 1)
        await asyncio.sleep(COMMIT_SECONDS)
        self._pipeline.commit(applied)
        assert place is not None
        return reply_of(applied.answers[place.request], place.row, asked)

    patch.setattr(Batcher, "answer", unshielded)


def another_year(patch: pytest.MonkeyPatch) -> None:
    """A claim counts in another year than that of its service date."""
    patch.setattr(prepare, "year_of", lambda day: year_of(day) - 1)
    patch.setattr(settle.Run, "fill", lambda _, context, claims, index, **__: index)


def errors_are_told(patch: pytest.MonkeyPatch) -> None:
    """The text of an exception is that of the status."""
    told = grpc.StatusCode.UNKNOWN
    patch.setattr(service, "status_of", lambda error: Status(told, "UNKNOWN", repr(error)))


def amounts_are_rounded_as_floats(patch: pytest.MonkeyPatch) -> None:
    def rounded(shares: Any) -> int:
        return int(round(sum(fen * rate_bp / 10_000 for fen, rate_bp in shares), 0))

    patch.setattr(reference, "sum_bp_half_up", rounded)


PLANTED: Sequence[tuple[Plant, Finds]] = (
    (no_tombstone, every_order),
    (tombstone_only_told, simulation),
    (undone_again_and_again, simulation),
    (taken_back_whatever_rests_on_it, undone_is_never_made),
    (contents_are_not_compared, duplicates),
    (ids_are_forgotten_after_a_while, simulation),
    (an_error_of_the_commit_is_a_failure, simulation),
    (a_handler_can_be_cut_in_half, vanishing_clients),
    (another_year, simulation),
    (amounts_are_rounded_as_floats, two_kernels),
    (errors_are_told, secrets_in_errors),
)


@pytest.mark.parametrize(("plant", "finds"), PLANTED, ids=lambda made: made.__name__)
def test_it_is_found(plant: Plant, finds: Finds, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    assert finds()


@pytest.mark.parametrize(
    "finds", [every_order, duplicates, vanishing_clients, two_kernels, secrets_in_errors]
)
def test_without_it_nothing_is_found(finds: Finds) -> None:
    assert not finds()
