"""The same worlds through the wire, one by one and in columns, give what the pipeline gives."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from clients.wire import institution_message, member_message, opening_message
from engine.domain.layout import AMOUNTS
from engine.kernel import FAST
from engine.pipeline import Pipeline
from engine.rules.figures import Figure
from engine.rules.units import write_number
from gongji.v1 import (
    codes_pb2,
    institution_service_pb2,
    institution_service_pb2_grpc,
    member_service_pb2,
    member_service_pb2_grpc,
    policy_service_pb2,
    policy_service_pb2_grpc,
    settlement_pb2,
)
from gongji.v1 import settlement_service_pb2 as pb
from server.app import ServerHandle, now_ms
from server.codec_register import decode_institution
from server.config import ServerConfig
from tests.server.conftest import Client
from tests.support.memory_store import MemoryStore
from tests.support.runner import Run, added, assumed_figures, cities, run_world
from tests.support.world import YEARS, Act, World, make_world
from tests.wire.encode import (
    wire_claim,
    wire_columns,
)

Told = tuple[object, ...]

NEW_YEAR = 1_735_660_800_000
"""The first instant of 2025 in China, UTC+8."""


def _world(seed: int, members: int, city: str) -> World:
    """Return a world whose institutions are as the wire carries them: from 2000, not from 0."""
    world = make_world(seed, members, city)
    world.institutions = [decode_institution(institution_message(i)) for i in world.institutions]
    return world


def _expected(run: Run) -> dict[tuple[str, int], Told]:
    """Return what the pipeline answered, as far as the columns of the wire say it too."""
    expected: dict[tuple[str, int], Told] = {}
    for key, answer in run.answers.items():
        assert isinstance(answer, tuple)
        match answer:
            case ("settled", replayed, parts):
                expected[key] = ("settled", replayed, added(parts))
            case ("refused", reason, detail, *_):
                expected[key] = ("refused", int(reason), int(detail))
            case ("undone", _, parts):
                expected[key] = ("undone", added(parts))
            case ("nothing", *_):
                expected[key] = ("nothing",)
            case _:
                expected[key] = (answer[0],)
    return expected


def _register(client: Client, world: World) -> None:
    members = member_service_pb2_grpc.MemberServiceStub(client.channel)
    institutions = institution_service_pb2_grpc.InstitutionServiceStub(client.channel)
    policy = policy_service_pb2_grpc.PolicyServiceStub(client.channel)
    put = institution_service_pb2.PutInstitutionsRequest(
        institutions=[institution_message(institution) for institution in world.institutions]
    )
    list(institutions.PutInstitutions(iter([put])))
    people = member_service_pb2.PutMembersRequest(
        members=[member_message(member) for member in world.members]
    )
    list(members.PutMembers(iter([people])))
    openings = member_service_pb2.ImportOpeningsRequest(
        openings=[opening_message(opening) for opening in world.openings]
    )
    list(members.ImportOpenings(iter([openings])))
    figures = [
        policy_service_pb2.Figure(
            city=figure.city,
            name=figure.name,
            key=figure.key,
            value=_written(figure),
            source="made up for a test",
            first_day=20000101,
            last_day=29991231,
        )
        for figure in assumed_figures()
    ]
    supply = policy_service_pb2.SupplyFiguresRequest(
        figures=policy_service_pb2.Figures(figures=figures)
    )
    assert policy.SupplyFigures(supply).WhichOneof("answer") == "supplied"


def _written(figure: Figure) -> str:
    spec = cities()[figure.city].figure(figure.name)
    assert spec is not None
    return write_number(spec.unit, figure.value)


def _amounts(settlement: settlement_pb2.Settlement) -> tuple[int, ...]:
    bill, basis, payers = settlement.bill, settlement.basis, settlement.payers
    own = {"total": bill.total_fen, "person": payers.person_fen}
    return tuple(
        own[name]
        if name in own
        else next(
            getattr(group, name).amount_fen
            for group in (bill, basis, payers)
            if name in group.DESCRIPTOR.fields_by_name
        )
        for name in AMOUNTS
    )


def _told(answer: pb.SettleResponse) -> Told:
    match answer.WhichOneof("answer"):
        case "settled":
            return ("settled", answer.settled.replayed, _amounts(answer.settled))
        case "refused":
            return ("refused", answer.refused.reason, answer.refused.detail)
        case "undone":
            return ("undone", _amounts(answer.undone.negated))
        case "nothing_to_reverse":
            return ("nothing",)
        case _:
            return ("error",)


def _one_by_one(client: Client, world: World) -> dict[tuple[str, int], Told]:
    """Play each act on a stream of its institution; a member's acts wait for each other."""
    told: dict[tuple[str, int], Told] = {}
    for name, acts in world.acts.items():
        for n, act in enumerate(acts):
            requests = [pb.SettleRequest(sequence=1, open=pb.Open())]
            requests[0].open.institution_id = act.claim.institution
            requests.append(_request(client, act))
            told[name, n] = _told(list(client.settle(requests))[1])
    return told


def _request(client: Client, act: Act) -> pb.SettleRequest:
    claim = act.claim
    match act.kind:
        case "cancel":
            query = pb.GetSettlementRequest(query=pb.Query(request_id=claim.request_id))
            metadata = (("gongji-institution", claim.institution),)
            found = client.settlement.GetSettlement(query, metadata=metadata).found
            position = found.settlement.settlement_id or 2**40
            cancel = pb.Cancel(request_id=act.undo_id, settlement_id=position)
            return pb.SettleRequest(sequence=2, cancel=cancel)
        case "reverse":
            reverse = pb.Reverse(request_id=act.undo_id, original_request_id=claim.request_id)
            return pb.SettleRequest(sequence=2, reverse=reverse)
        case "preview":
            return pb.SettleRequest(sequence=2, preview=wire_claim(claim))
        case _:
            return pb.SettleRequest(sequence=2, settle=wire_claim(claim))


class Jumping:
    """A clock that jumps, back over midnight and over the new year too."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.instant = NEW_YEAR - 100

    def __call__(self) -> int:
        jump = self._rng.choice((0, 1, 99, 3_600_000, 86_400_000, 366 * 86_400_000))
        self.instant += self._rng.choice((1, -1)) * jump
        return self.instant


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(params=[False, True], ids=["clock", "jumping-clock"])
def client(request: pytest.FixtureRequest, store: MemoryStore) -> Iterator[Client]:
    pipeline = Pipeline.open(store, cities())
    config = ServerConfig("127.0.0.1:0", chunk=37)
    clock = Jumping(1) if request.param else now_ms
    with ServerHandle(pipeline, config, clock) as server:
        client = Client(server.address)
        yield client
        client.channel.close()
    instants = [segment.instant for segment in store.journal]
    assert instants == sorted(instants)
    assert instants[0] < instants[-1]


@pytest.mark.parametrize("city", list(YEARS))
def test_one_by_one(client: Client, city: str) -> None:
    world = _world(11, 30, city)
    _register(client, world)
    assert _one_by_one(client, world) == _expected(run_world(world, FAST))


@pytest.mark.parametrize("city", list(YEARS))
def test_in_columns(client: Client, city: str) -> None:
    world = _world(12, 60, city)
    kept = ("settle", "again")
    world.acts = {
        name: [act for act in acts if act.kind in kept] for name, acts in world.acts.items()
    }
    _register(client, world)
    keys, rng = _dealt(world), random.Random(5)
    messages = []
    while keys:
        size = rng.choice((1, 30, 200))
        messages.append(keys[:size])
        del keys[:size]
    requests = [
        pb.SettleBatchRequest(
            sequence=n, claims=wire_columns([world.acts[name][i].claim for name, i in message])
        )
        for n, message in enumerate(messages)
    ]
    told: dict[tuple[str, int], Told] = {}
    answers = list(client.settlement.SettleBatch(iter(requests), timeout=60))
    assert [answer.sequence for answer in answers] == list(range(len(messages)))
    for message, answer in zip(messages, answers, strict=True):
        columns = answer.answers
        refusals = {refusal.row: refusal.refusal for refusal in columns.refusals}
        amounts = np.array(
            [np.frombuffer(getattr(columns, f"{name}_fen"), "<i8") for name in AMOUNTS]
        )
        for row, key in enumerate(message):
            outcome = columns.outcomes[row]
            if outcome == codes_pb2.OUTCOME_REFUSED:
                told[key] = ("refused", refusals[row].reason, refusals[row].detail)
            elif outcome == codes_pb2.OUTCOME_ERROR:
                told[key] = ("error",)
            else:
                replayed = outcome == codes_pb2.OUTCOME_REPLAYED
                told[key] = ("settled", replayed, tuple(amounts[:, row].tolist()))
    assert told == _expected(run_world(world, FAST))


def _dealt(world: World) -> list[tuple[str, int]]:
    """Return the claims with members mixed, each member's in order."""
    rng = random.Random(3)
    hands = [name for name, acts in world.acts.items() for _ in acts]
    rng.shuffle(hands)
    turn: dict[str, int] = {}
    dealt = []
    for name in hands:
        dealt.append((name, turn.get(name, 0)))
        turn[name] = turn.get(name, 0) + 1
    return dealt
