"""One simulation: a server that dies and comes back, terminals that do not give up, and a nemesis.

The ledger, the batcher, the streams' service, the sessions and their outboxes are the real ones;
the loop, the wire and the disk are not. Everything is drawn from one seed.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import grpc

import clients.exchange
import engine.pipeline
import server.batcher
from clients.errors import CallError, UnknownOutcome
from clients.outbox import Outbox
from clients.session import Session
from engine.domain.claim import Claim
from engine.domain.codes import Level
from engine.domain.journal import Segment
from engine.domain.register import AccountOpening, Institution, Member
from engine.domain.request import ImportOpenings, PutInstitutions, PutMembers
from engine.errors import OutcomeUnknown, StoreError
from engine.pipeline import Pipeline
from engine.verify.check import verify_store
from engine.verify.history import Asked, check_history
from gongji.v1 import settlement_service_pb2 as pb
from server.batcher import Batcher
from server.config import ServerConfig
from server.service import Host, guarded
from server.settlement import SettlementService
from tests.crash.clients import Client, answer_of, history
from tests.simulation.loop import Deadlock, VirtualLoop
from tests.simulation.wire import BREAKS, Channel, Context, Wire
from tests.support.memory_store import MemoryStore
from tests.support.runner import cities
from tests.support.world import ZIBO

TERMINALS = (2, 6)
ACTS = (5, 30)
MEMBERS = 3
HOUR = 3_600.0
NEW_YEAR = 1_767_196_800_000
"""The first instant of 2026 in China, near which the server's clock is."""


class Disk(MemoryStore):
    """A store that survives its process; now and then a commit fails, or nobody knows."""

    fails = 0.01
    in_doubt = 0.01
    """How often, of all commits; of those in doubt half are there."""

    def __init__(self, rng: random.Random, met: Counter[str]) -> None:
        super().__init__()
        self._rng = rng
        self._met = met
        self.faults = False

    def append(self, segments: Sequence[Segment]) -> int:
        draw = self._rng.random() if self.faults and segments else 1.0
        if draw < self.fails:
            self._met["not recorded"] += 1
            raise StoreError("simulated: nothing was recorded")
        if draw < self.fails + self.in_doubt / 2:
            self._met["unknown, not there"] += 1
            raise OutcomeUnknown("simulated: before it was written")
        sequence = super().append(segments)
        if draw < self.fails + self.in_doubt:
            self._met["unknown, there"] += 1
            raise OutcomeUnknown("simulated: after it was written")
        return sequence


class Simulation:
    """Everything of one seed."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.rng = random.Random(seed)
        self.met: Counter[str] = Counter()
        self.loop = VirtualLoop(self.rng)
        self.disk = Disk(self.rng, self.met)
        self._folder = folder
        self._jump = 0
        self._process: Process | None = None
        self._is_there = asyncio.Event()
        self.wires: list[Wire] = []
        self.ended = False
        self.breaks = self.rng.choice((0.0, BREAKS, 8 * BREAKS))

    # --- the server -----------------------------------------------------------------------

    def clock(self) -> int:
        """Return the server's instant, which jumps."""
        return NEW_YEAR + round(self.loop.now * 1000) + self._jump

    def start(self) -> None:
        """Start a server on what is on the disk."""
        self.disk.drop_checkpoint()
        self._process = Process(self)
        self._is_there.set()

    def connect(self, wire: Wire) -> bool:
        """Give a stream to the server; return whether there is one."""
        if self._process is None:
            return False
        self.wires.append(wire)
        self._process.serve(wire)
        return True

    def channel(self) -> Channel:
        """Return a client's connection."""
        return Channel(
            self.connect,
            self._is_there,
            lambda: Wire(self.rng, 0.0 if self.ended else self.breaks),
        )

    def kill(self) -> None:
        """Kill the server, wherever it is."""
        if self._process is not None:
            process, self._process = self._process, None
            self._is_there.clear()
            process.die()
            for wire in self.wires:
                wire.end(grpc.StatusCode.UNAVAILABLE)
            self.wires.clear()

    async def stop(self) -> None:
        """Stop the server as asked."""
        if self._process is not None:
            process, self._process = self._process, None
            self._is_there.clear()
            await process.stop()
            self.wires.clear()

    async def _nemesis(self) -> None:
        """Let something happen now and then."""
        while True:
            await asyncio.sleep(self.rng.choice((0.01, 0.2, 1.0, 5.0)))
            failed = self._process is not None and self._process.batcher.failure is not None
            what = self.rng.choice(("kill", "kill", "stop", "break", "jump", "jump"))
            if failed:
                what = "kill"
            self.met[what] += 1
            match what:
                case "kill":
                    self.kill()
                case "stop":
                    await self.stop()
                case "break":
                    for wire in self.rng.sample(self.wires, len(self.wires) // 2):
                        wire.end(grpc.StatusCode.UNAVAILABLE)
                case _:
                    self._jump += self.rng.choice((1, -1)) * self.rng.choice((100, 86_400_000))
            if self._process is None:
                await asyncio.sleep(self.rng.choice((0.0, 0.1, 3.0)))
                self.start()

    # --- all of it ------------------------------------------------------------------------

    def run(self) -> list[str]:
        """Run it; return what does not hold, nothing if all does."""
        asyncio.set_event_loop(self.loop)
        patched = (
            mock.patch.object(clients.exchange, "random", self.rng),
            mock.patch.object(server.batcher, "time", SimpleNamespace(monotonic=self.loop.time)),
            mock.patch.object(engine.pipeline, "CHECKPOINT_USES", 12),
            mock.patch.object(engine.pipeline, "USES_A_ROW", 1),
        )
        try:
            with patched[0], patched[1], patched[2], patched[3]:
                return self.loop.run_until_complete(self._all())
        except Deadlock:
            return ["everybody waits for ever"]
        finally:
            asyncio.set_event_loop(None)
            self.loop.close()

    async def _all(self) -> list[str]:
        names = [f"m{n}" for n in range(MEMBERS)]
        count = self.rng.randint(*TERMINALS)
        pipeline = Pipeline.open(self.disk, cities())
        places = [Institution(f"h{n}", ZIBO, Level.LEVEL_1) for n in range(count)]
        pipeline.run([PutInstitutions(places), PutMembers([Member(n, ZIBO) for n in names])], 1)
        pipeline.run([ImportOpenings([AccountOpening(name, 40_000) for name in names])], 1)
        self.start()
        self.disk.faults = True
        terminals = [Terminal(self, n, names, self._folder / f"outbox{n}") for n in range(count)]
        nemesis = asyncio.create_task(self._nemesis())
        try:
            async with asyncio.timeout(HOUR):
                await asyncio.gather(*(terminal.work() for terminal in terminals))
        except TimeoutError:
            return ["after an hour somebody was still not answered"]
        nemesis.cancel()
        await asyncio.gather(nemesis, return_exceptions=True)
        await self.stop()
        return self._judge(terminals)

    def _judge(self, terminals: Sequence[Terminal]) -> list[str]:
        report = check_history(history(terminals), self.disk)
        wrong = list(report.examples) if not report.ok else []
        wrong += [f"{t.institution}: answers changed: {t.changed}" for t in terminals if t.changed]
        verified = verify_store(self.disk)
        wrong += [finding.text() for finding in verified.findings]
        self.met["answered"] += sum(terminal.answered for terminal in terminals)
        return wrong


class Process:
    """A server process: pipeline, batcher and service, without a port."""

    def __init__(self, world: Simulation) -> None:
        self._world = world
        config = ServerConfig(in_flight_max=8, queue_max=16, chunk=20, idle_seconds=0.5)
        pipeline = Pipeline.open(world.disk, cities())
        self.batcher = Batcher(pipeline, world.clock, config)
        self.batcher.start()
        self._host = Host(self.batcher, config)
        self._handle = guarded(SettlementService(self._host).Settle)

    def serve(self, wire: Wire) -> None:
        """Answer a stream until it ends."""
        wire.handler = asyncio.create_task(self._serve(wire))

    async def _serve(self, wire: Wire) -> None:
        try:
            await self._handle(None, Context(wire))  # type: ignore[arg-type]  # what it uses of one
            wire.down.send(grpc.StatusCode.OK)
        except (grpc.aio.AbortError, asyncio.CancelledError):
            pass

    def die(self) -> None:
        """End, wherever it is: of the commit that is under way nobody knows."""
        self._world.loop.end_work(self.batcher._executor)
        if self.batcher._runner is not None:
            self.batcher._runner.cancel()

    async def stop(self) -> None:
        """Answer what was read, and end."""
        self._host.stop()
        handlers = [wire.handler for wire in self._world.wires if wire.handler is not None]
        await asyncio.wait(handlers, timeout=5) if handlers else None
        for handler in handlers:
            handler.cancel()
        await self.batcher.close()


class Terminal(Client):
    """A terminal with an outbox: it dies as well, and goes on with what its outbox has."""

    def __init__(self, world: Simulation, number: int, names: Sequence[str], outbox: Path) -> None:
        super().__init__(f"t{number}", names, f"h{number}", world.rng.randrange(1 << 30))
        self._world = world
        self._path = outbox
        self._claims: dict[str, Claim] = {}
        self._settled: list[tuple[Claim, int]] = []
        self._open()

    def _open(self) -> None:
        self._outbox = Outbox(self._path)
        channel = self._world.channel()
        patience = self._world.rng.choice((1.0, 5.0, 30.0))
        self._session = Session(
            "simulated",
            self.institution,
            outbox=self._outbox,
            patience=patience,
            channel=channel,  # type: ignore[arg-type]  # what a session uses of one
        )

    async def work(self) -> None:
        """Do all acts, and have everything answered."""
        for _ in range(self._rng.randint(*ACTS)):
            await self._act()
            if self._rng.random() < 0.3:
                await asyncio.sleep(self._rng.choice((0.001, 0.05, 1.0)))
        await self._resolve()
        self._outbox.close()

    async def _act(self) -> None:
        draw = self._rng.random()
        if draw < 0.15 and self._settled:
            claim, position = self._rng.choice(self._settled)
            self._undoing.add(claim.request_id)
            await self._ask(Asked.CANCEL, self.new_id(), settlement_id=position)
        elif draw < 0.3:
            known = list(self._claims) or [f"{self.new_id()}-lost"]
            original = self._rng.choice([*known, f"{self.new_id()}-lost"])
            self._undoing.add(original)
            await self._ask(Asked.REVERSE, self.new_id(), original=original)
        elif draw < 0.4 and self._settled:
            await self._ask(Asked.SETTLE, self._rng.choice(self._settled)[0].request_id)
        else:
            claim = self.new_claim(self.new_id())
            self._claims[claim.request_id] = claim
            await self._ask(Asked.SETTLE, claim.request_id)

    async def _ask(
        self, asked: Asked, request_id: str, *, settlement_id: int = 0, original: str = ""
    ) -> None:
        """Ask once; when there is no answer, have what the outbox keeps answered first."""
        session = self._session
        if asked == Asked.SETTLE:
            asking = session.settle(self._claims[request_id])
        elif asked == Asked.CANCEL:
            asking = session.cancel(request_id, settlement_id)
        else:
            asking = session.reverse(request_id, original)
        dies = self._rng.choice((0.0005, 0.01, 0.3)) if self._rng.random() < 0.08 else None
        try:
            async with asyncio.timeout(dies):
                response = await asking
        except CallError:
            return  # it was not sent, and is forgotten
        except (UnknownOutcome, TimeoutError) as error:
            self.unanswered(asked, request_id, self._claims.get(request_id))
            if isinstance(error, TimeoutError):
                self._world.met["terminal died"] += 1
                self._outbox.close()
                session._exchange.abandon()
                self._open()
            await self._resolve()
        else:
            self._take(asked, request_id, response)

    async def _resolve(self) -> None:
        """Send again what is in the outbox, until it is empty."""
        while pending := self._outbox.pending():
            for each in pending:
                with suppress(UnknownOutcome, CallError):
                    response = await self._session.resend(each)
                    self._take(Asked(each.kind), each.request_id, response)
            await asyncio.sleep(0.1)

    def _take(self, asked: Asked, request_id: str, response: pb.SettleResponse) -> None:
        claim = self._claims.get(request_id)
        assert response.WhichOneof("answer") != "error", response
        answered = answer_of(response)
        if response.WhichOneof("answer") == "settled" and claim is not None:
            self._settled.append((claim, answered.outcome.position))
        self.told(asked, request_id, claim, answered)
