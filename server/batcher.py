"""Natural group commit: one thread runs the pipeline with whatever waits when a commit returns.

No timer. Single requests of all streams are taken together; a bulk message is cut in chunks, and
between two chunks the single requests go first, so that a terminal never waits for more than one
chunk. The answers of a group go back to the event loop in one call. Who waits for an answer may go
away: the work goes on, and its answer is in the journal.
"""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from engine.domain.request import Answer, Request
from engine.errors import InvariantBroken, OutcomeUnknown, StoreError
from engine.pipeline import Pipeline
from engine.rules.model import CityRules
from engine.rules.plan import RulePlan
from server.config import ServerConfig
from server.merge import Bulk, Message, Single, digests, merge, reply_of, weight
from server.status import log_error

Call = Callable[[Pipeline], Any]
"""Reads something in the pipeline's thread, after the requests that came before it."""

_ALONE_SECONDS: Final = 1.0
"""How long no terminal asked, before a message is taken in whole chunks again."""

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
    """The queue in front of a pipeline.

    Its methods belong to one event loop; those below "in the thread" to the thread of the
    pipeline. What both touch are two queues, which are safe for that, and flags.
    """

    def __init__(self, pipeline: Pipeline, clock: Callable[[], int], config: ServerConfig) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._config = config
        self._singles: deque[_Waiting] = deque()
        self._bulk: deque[tuple[Source, Message]] = deque()
        """Messages that the thread has not put into their source's row yet."""
        self._plans: dict[bytes, RulePlan] = {}
        self._wake = threading.Event()
        self._sleeping = False
        self._closing = False
        self._thread: threading.Thread | None = None
        self._room = asyncio.Event()
        self._ended = asyncio.Event()
        self.failure: BaseException | None = None
        """Why the process must stop, once it must."""
        self.failed = asyncio.Event()
        # In the thread.
        self._sources: dict[Source, deque[Message]] = {}
        self._bulk_next = False
        self._unsaved = False
        self._instant = 0
        self._single_at = -math.inf

    def start(self) -> None:
        """Begin to take requests."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="gongji-commit")
        self._thread.start()

    async def close(self) -> None:
        """Answer what waits, then close the pipeline; after a failure leave it as it is."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            await self._ended.wait()
            self._thread.join()
        if self.failure is None:
            self._pipeline.close()

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
        if self._sleeping:
            self._wake.set()

    async def answer(self, ask: Single | Call) -> Any:
        """Return the answer to a request; giving up waiting does not take it back."""
        await self.room()
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
        self._bulk.append((source, Message(request, finish)))
        if self._sleeping:
            self._wake.set()

    def _require_running(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _deliver(self, outcomes: Iterable[_Outcome]) -> None:
        for finish, answer, row in outcomes:
            try:
                finish(answer, row)
            except Exception as error:  # noqa: BLE001  one answer must not keep back the others
                log_error("an answer could not be given", error)
                finish(error, 0)
        self._room.set()

    def _fail_all(self) -> None:
        """Answer nothing any more: whoever waits learns that the outcome is unknown."""
        waiting = [each.finish for each in self._singles]
        waiting += [message.finish for messages in self._sources.values() for message in messages]
        waiting += [message.finish for _, message in self._bulk]
        self._singles.clear()
        self._bulk.clear()
        self._deliver([_Outcome(finish, self.failure) for finish in waiting])
        self.failed.set()
        self._ended.set()

    # --- in the thread -------------------------------------------------------------------

    def _run(self) -> None:
        while self.failure is None:
            self._collect()
            if self._singles and not (self._bulk_next and self._sources):
                self._bulk_next = True
                self._commit_singles()
            elif self._sources:
                self._bulk_next = False
                self._commit_chunk()
            elif self._closing:
                break
            else:
                self._sleep()
                continue
            self._checkpoint_if_due()
        self._tell(self._fail_all if self.failure is not None else self._ended.set)

    def _collect(self) -> None:
        """Put new bulk messages in their source's row."""
        while self._bulk:
            source, message = self._bulk.popleft()
            if source.broken:
                self._refuse([message])
            else:
                self._sources.setdefault(source, deque()).append(message)

    def _refuse(self, messages: Sequence[Message | _Waiting]) -> None:
        """Do not take what follows on a stream: it must not overtake what will be sent again."""
        error = StoreError("an earlier message was not recorded")
        outcomes = [_Outcome(message.finish, error) for message in messages]
        self._tell(lambda: self._deliver(outcomes))

    def _sleep(self) -> None:
        self._sleeping = True
        # What was asked before the flag was seen did not wake anybody.
        if not (self._singles or self._bulk or self._closing):
            seconds = self._config.idle_seconds if self._unsaved else None
            if not self._wake.wait(seconds):
                self._checkpoint()
        self._sleeping = False
        self._wake.clear()

    def _commit_singles(self) -> None:
        self._single_at = time.monotonic()
        taken, room = [], self._config.chunk
        while self._singles and room > 0:
            waiting = self._singles.popleft()
            if waiting.source is not None and waiting.source.broken:
                self._refuse([waiting])
                continue
            taken.append(waiting)
            room -= weight(waiting.ask)
        finishes = [waiting.finish for waiting in taken]
        asks = [waiting.ask for waiting in taken]
        replies = self._guarded(lambda: self._answer_singles(asks), finishes)
        if replies is None:
            for waiting in taken:
                if waiting.source is not None:
                    waiting.source.broken = True
        if replies is not None:
            outcomes = [
                _Outcome(finish, *reply) for finish, reply in zip(finishes, replies, strict=True)
            ]
            self._tell(lambda: self._deliver(outcomes))

    def _commit_chunk(self) -> None:
        source, messages = next(iter(self._sources.items()))
        message = messages[0]
        chunk = message.chunk(self._chunk_size())
        answers = self._guarded(lambda: self._pipeline_run([chunk]), [message.finish])
        message.answers.extend(answers or ())
        if answers is None:
            source.broken = True
            self._refuse(list(messages)[1:])
            messages.clear()
        elif message.finished:
            messages.popleft()
            outcome = _Outcome(message.finish, message.answer())
            self._tell(lambda: self._deliver([outcome]))
        del self._sources[source]
        if messages:
            self._sources[source] = messages  # behind the others: sources take turns

    def _chunk_size(self) -> int:
        """Return how many items of a message are taken at once: fewer where terminals are about."""
        alone = time.monotonic() - self._single_at > _ALONE_SECONDS
        return self._config.chunk if alone else self._config.chunk_beside

    def _guarded(
        self, work: Callable[[], list[Any]], finishes: Sequence[Finish]
    ) -> list[Any] | None:
        """Do work; on an error tell those who wait, and return None."""
        self._unsaved = True
        try:
            return work()
        except StoreError as error:
            log_error("nothing was recorded: %s", error, type(error).__name__)
            outcomes = [_Outcome(finish, error) for finish in finishes]
        except Exception as error:  # noqa: BLE001  the state may be ahead of the journal: stop
            outcomes = [_Outcome(finish, self._stop(error)) for finish in finishes]
        self._tell(lambda: self._deliver(outcomes))
        return None

    def _checkpoint_if_due(self) -> None:
        if self.failure is None and self._pipeline.checkpoint_due:
            self._checkpoint()

    def _checkpoint(self) -> None:
        try:
            self._pipeline.checkpoint()
        except StoreError as error:
            log_error("no checkpoint was written", error)
        except Exception as error:  # noqa: BLE001  as in _guarded
            self._stop(error)
        self._unsaved = False

    def _stop(self, error: BaseException) -> BaseException:
        """Stop for good; return what those who wait are told."""
        log_error("the server must stop", error)
        known = isinstance(error, OutcomeUnknown | InvariantBroken)
        self.failure = error if known else InvariantBroken("an unexpected error")
        return self.failure

    def _tell(self, work: Callable[[], None]) -> None:
        """Have something done in the event loop."""
        self._loop.call_soon_threadsafe(work)

    def _pipeline_run(self, requests: Sequence[Request]) -> list[Answer]:
        self._instant = max(self._instant, self._clock())
        answers = self._pipeline.run(requests, self._instant)
        for answer in answers:
            for digest in digests(answer):
                if digest not in self._plans:
                    plan = self._pipeline.plan(digest)
                    if plan is not None:
                        self._plans[digest] = plan
        return answers

    def _answer_singles(self, asks: Sequence[Single | Call]) -> list[tuple[Any, int]]:
        """Return an answer for each, with its row; calls see all that was asked before them."""
        requests, places = merge([None if callable(ask) else ask for ask in asks])
        answers = self._pipeline_run(requests) if requests else []
        return [
            (answers[place.request], place.row) if place else (_called(ask, self._pipeline), 0)
            for ask, place in zip(asks, places, strict=True)
        ]


def _called(call: Single | Call, pipeline: Pipeline) -> Any:
    """Return what a call returns, or the error it raised: reading harms nobody else."""
    try:
        return call(pipeline) if callable(call) else None
    except Exception as error:  # noqa: BLE001  handed to who asked
        return error
