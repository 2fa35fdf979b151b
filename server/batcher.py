"""Natural group commit: whatever waits is settled together when a commit returns.

No timer. Single requests of all streams are taken together; a bulk message is cut in chunks, and
between two chunks the single requests go first, so that a terminal never waits for more than one
chunk. Groups of claims are settled in the event loop, and only their commit has a thread of its
own; what may take long is done in the thread as a whole. Who waits for an answer may go away: the
work goes on, and its answer is in the journal.
"""

import asyncio
import contextlib
import functools
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, TypeVar

from engine.domain.request import Answer, Request, SettleBatch
from engine.errors import InvariantBroken, OutcomeUnknown, StoreError
from engine.pipeline import Pipeline
from engine.rules.model import CityRules
from engine.rules.plan import RulePlan
from server.config import ServerConfig
from server.merge import Bulk, Message, Place, Single, digests, merge, reply_of, weight
from server.status import Overloaded, log_error

Call = Callable[[Pipeline], Any]
"""Reads something in the pipeline's thread, after the requests that came before it."""

_ALONE_SECONDS: Final = 1.0
"""How long no terminal asked, before a message is taken in whole chunks again."""

_IDLE_BYTES: Final = 2 << 20
"""What of a checkpoint is written at once while nobody asks: who comes then waits so long."""

_NOT_WRITTEN: Final = "no checkpoint was written"

T = TypeVar("T")

Finish = Callable[[Any, int], None]
"""Takes an answer and the row of it that is meant, or the error there is instead of an answer."""


class Source:
    """Whose messages are answered in order, and taken in order: a stream."""

    def __init__(self) -> None:
        self.broken = False
        """Whether a message of it was not recorded: then none that follows may be."""
        self._open = 0
        self._small = False
        self._idle: asyncio.Future[None] | None = None

    async def turn(self, *, small: bool) -> None:
        """Wait until a message can be asked without overtaking one of the other size."""
        while self._open and self._small != small:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle
        self._small = small
        self._open += 1

    def finished(self) -> None:
        """Note that a message was answered."""
        self._open -= 1
        if not self._open and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)


class _Waiting(NamedTuple):
    """A request, and what takes its answer."""

    ask: Single | Call
    finish: Finish
    source: Source | None = None


class _Outcome(NamedTuple):
    """An answer, and what takes it."""

    finish: Finish
    answer: Any
    row: int = 0


class Batcher:
    """The queue in front of a pipeline. Its methods belong to one event loop."""

    def __init__(self, pipeline: Pipeline, clock: Callable[[], int], config: ServerConfig) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._config = config
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="gongji-commit")
        self._singles: deque[_Waiting] = deque()
        self._sources: dict[Source, deque[Message]] = {}
        self._plans: dict[bytes, RulePlan] = {}
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._closing = False
        self._bulk_next = False
        self._unsaved = False
        self._instant = 0
        self._single_at = -math.inf
        self._runner: asyncio.Task[None] | None = None
        self.failure: BaseException | None = None
        """Why the process must stop, once it must."""
        self.failed = asyncio.Event()

    def start(self) -> None:
        """Begin to take requests."""
        self._runner = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Answer what waits, then close the pipeline; after a failure leave it as it is."""
        self._closing = True
        self._wake.set()
        if self._runner is not None:
            await self._runner
        if self.failure is None:
            await self._in_thread(self._pipeline.close)
        self._executor.shutdown()

    @property
    def cities(self) -> Mapping[str, CityRules]:
        """The rules by area code; they do not change while the server runs."""
        return self._pipeline.book.cities

    def plan(self, digest: bytes) -> RulePlan | None:
        """Return a plan that decided something this batcher has answered."""
        return self._plans.get(digest)

    # --- asking --------------------------------------------------------------------------

    @property
    def is_full(self) -> bool:
        """Whether to wait for `room` before the next single request."""
        return len(self._singles) >= self._config.queue_max

    async def room(self) -> None:
        """Wait until there is room for a single request."""
        while self.is_full and self.failure is None:
            self._room.clear()
            await self._room.wait()

    def ask(self, ask: Single | Call, finish: Finish, source: Source | None = None) -> None:
        """Queue a request; its answer, durable, is handed to `finish` in the event loop.

        Args:
            ask: what is asked.
            finish: what takes the answer.
            source: whose request it is, where those that follow one that was not recorded must
                not be taken.

        Raises:
            OutcomeUnknown, InvariantBroken: the process must stop.
        """
        self._require_running()
        self._singles.append(_Waiting(ask, finish, source))
        self._wake.set()

    async def answer(self, ask: Single | Call) -> Any:
        """Return the answer to a request; giving up waiting does not take it back.

        Raises:
            Overloaded: the queue is full. Streams are not read on where it is; of single calls
                there may be any number, so who makes one has to come back.
        """
        if self.is_full:
            raise Overloaded
        return await self._answer(ask)

    async def answer_step(self, step: Single | Call) -> Any:
        """Return the answer to a step of something long, which waits for room in the queue."""
        await self.room()
        return await self._answer(step)

    async def _answer(self, ask: Single | Call) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def finish(answer: Any, row: int) -> None:
            if future.done():
                return  # nobody waits any more
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(reply_of(answer, row, ask))

        self.ask(ask, finish)
        return await future

    def ask_bulk(self, request: Bulk, source: Source, finish: Finish) -> None:
        """Queue a bulk message; those of one source are answered in order.

        Raises:
            OutcomeUnknown, InvariantBroken: the process must stop.
        """
        self._require_running()
        message = Message(request, finish)
        if source.broken:
            self._refuse([message])
            return
        self._sources.setdefault(source, deque()).append(message)
        self._wake.set()

    def _require_running(self) -> None:
        if self.failure is not None:
            raise self.failure

    # --- the loop ------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._work()
        except Exception as error:  # noqa: BLE001  whoever waits must not wait for ever
            self._stop(error, ())

    async def _work(self) -> None:
        while self.failure is None:
            if self._singles and not (self._bulk_next and self._sources):
                self._bulk_next = True
                await self._commit_singles()
            elif self._sources:
                self._bulk_next = False
                await self._commit_chunk()
            elif self._closing:
                return
            else:
                await self._sleep()
                continue
            await self._checkpoint_if_due()

    async def _sleep(self) -> None:
        self._wake.clear()
        watches = self._unsaved or self._pipeline.is_shared
        try:
            async with asyncio.timeout(self._config.idle_seconds if watches else None):
                await self._wake.wait()
        except TimeoutError:
            with self._harmless("the store could not be read"):
                await self._in_thread(self._pipeline.follow)
            if self.failure is None:
                await self._checkpoint()

    async def _commit_singles(self) -> None:
        taken = self._next_singles()
        places: list[Place | None] = []

        async def work() -> list[Any]:
            requests, found = merge([None if callable(w.ask) else w.ask for w in taken])
            places.extend(found)
            return await self._answers(requests) if requests else []

        answers = await self._guarded(work, [waiting.finish for waiting in taken])
        if answers is None:
            for waiting in taken:
                if waiting.source is not None:
                    waiting.source.broken = True
            return
        placed = list(zip(taken, places, strict=True))
        self._deliver(
            _Outcome(waiting.finish, answers[place.request], place.row)
            for waiting, place in placed
            if place
        )
        await self._call([waiting for waiting, place in placed if place is None])
        # The answers go out, and what follows on them comes in, before the next group is taken.
        await asyncio.sleep(0)

    def _next_singles(self) -> list[_Waiting]:
        """Return what waits, up to a chunk of claims, in its order."""
        self._single_at = time.monotonic()
        taken, room = [], self._config.chunk
        while self._singles and room > 0:
            waiting = self._singles.popleft()
            if waiting.source is not None and waiting.source.broken:
                self._refuse([waiting])
                continue
            taken.append(waiting)
            room -= weight(waiting.ask)
        return taken

    async def _commit_chunk(self) -> None:
        source, messages = next(iter(self._sources.items()))
        message = messages[0]
        chunk = message.chunk(self._chunk_size())
        answers = await self._guarded(lambda: self._answers([chunk], apart=True), [message.finish])
        message.answers.extend(answers or ())
        if self.failure is not None:
            return
        if answers is None:
            # What follows on the stream must not overtake what will be sent again.
            source.broken = True
            self._refuse(list(messages)[1:])
            messages.clear()
        elif message.finished:
            messages.popleft()
            self._deliver([_Outcome(message.finish, message.answer())])
        del self._sources[source]
        if messages:
            self._sources[source] = messages  # behind the others: sources take turns

    def _refuse(self, messages: Sequence[Message | _Waiting]) -> None:
        error = StoreError("an earlier message was not recorded")
        self._deliver([_Outcome(message.finish, error) for message in messages])

    def _chunk_size(self) -> int:
        """Return how many items of a message are taken at once: fewer where terminals are about."""
        alone = time.monotonic() - self._single_at > _ALONE_SECONDS
        return self._config.chunk if alone else self._config.chunk_beside

    # --- the pipeline --------------------------------------------------------------------

    async def _answers(self, requests: Sequence[Request], *, apart: bool = False) -> list[Answer]:
        """Return the answers to requests, durable; with `apart`, the loop does none of it."""
        self._instant = instant = max(self._instant, self._clock())
        apart = apart or self._pipeline.is_shared  # beginning may take as long as a commit
        if apart or not all(isinstance(request, SettleBatch) for request in requests):
            answers = await self._in_thread(lambda: self._pipeline.run(requests, instant))
        else:
            applied = self._pipeline.apply(requests, instant)
            if applied.segments:
                await self._in_thread(lambda: self._pipeline.commit(applied))
            answers = applied.answers
        for answer in answers:
            for digest in digests(answer):
                if digest not in self._plans:
                    plan = self._pipeline.plan(digest)
                    if plan is not None:
                        self._plans[digest] = plan
        return answers

    async def _call(self, waiting: Sequence[_Waiting]) -> None:
        """Answer what only reads; it sees everything that was asked before it."""
        if not waiting:
            return
        calls, finishes = [each.ask for each in waiting], [each.finish for each in waiting]
        work = functools.partial(_outcomes_of, calls, self._pipeline)
        found = await self._guarded(lambda: self._in_thread(work), finishes)
        self._deliver(map(_Outcome, finishes, found or ()))

    async def _guarded(
        self, work: Callable[[], Awaitable[list[Any]]], finishes: Sequence[Finish]
    ) -> list[Any] | None:
        """Do work; on an error tell those who wait, and return None."""
        self._unsaved = True
        try:
            return await work()
        except StoreError as error:
            log_error("nothing was recorded: %s", error, type(error).__name__)
            self._deliver([_Outcome(finish, error) for finish in finishes])
        except Exception as error:  # noqa: BLE001  the state may be ahead of the journal: stop
            self._stop(error, finishes)
        return None

    async def _checkpoint_if_due(self) -> None:
        """Begin a checkpoint where one pays: commits carry it on, a part each."""
        if self.failure is None and self._pipeline.checkpoint_due:
            with self._harmless(_NOT_WRITTEN):
                await self._in_thread(self._pipeline.begin_checkpoint)

    async def _checkpoint(self) -> None:
        """Write a checkpoint while nobody asks; when somebody does, commits carry it on."""
        pipeline = self._pipeline
        self._unsaved = False
        with self._harmless(_NOT_WRITTEN):
            if pipeline.quiet_checkpoint_due:
                await self._in_thread(pipeline.begin_checkpoint)
                while not self._wake.is_set():
                    if await self._in_thread(lambda: pipeline.write_checkpoint(_IDLE_BYTES)):
                        break
            self._unsaved = pipeline.quiet_checkpoint_due

    @contextlib.contextmanager
    def _harmless(self, said: str) -> Iterator[None]:
        """Go on after an error that harms nobody: the journal has everything."""
        try:
            yield
        except StoreError as error:
            log_error(said, error)
        except Exception as error:  # noqa: BLE001  as in _guarded
            self._stop(error, ())

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _deliver(self, outcomes: Iterable[_Outcome]) -> None:
        for finish, answer, row in outcomes:
            try:
                finish(answer, row)
            except Exception as error:  # noqa: BLE001  one answer must not keep back the others
                log_error("an answer could not be given", error)
                with contextlib.suppress(Exception):
                    finish(error, 0)
        self._room.set()

    def _stop(self, error: BaseException, finishes: Sequence[Finish]) -> None:
        """Answer nothing any more: whoever waits learns that the outcome is unknown."""
        log_error("the server must stop", error)
        known = isinstance(error, OutcomeUnknown | InvariantBroken)
        self.failure = error if known else InvariantBroken("an unexpected error")
        waiting = [*finishes, *(each.finish for each in self._singles)]
        messages = [message for of_source in self._sources.values() for message in of_source]
        waiting += [message.finish for message in messages if message.finish not in finishes]
        self._singles.clear()
        self._sources.clear()
        self._deliver([_Outcome(finish, self.failure) for finish in waiting])
        self.failed.set()


def _outcomes_of(calls: Sequence[Single | Call], pipeline: Pipeline) -> list[Any]:
    pipeline.follow()
    return [_outcome_of(call, pipeline) for call in calls]


def _outcome_of(call: Single | Call, pipeline: Pipeline) -> Any:
    """Return what a call returns, or the error it raised: reading harms nobody else."""
    try:
        return call(pipeline) if callable(call) else None
    except Exception as error:  # noqa: BLE001  handed to who asked
        return error
