"""Natural group commit: one thread runs the pipeline with whatever waits when a commit returns.

No timer. Single requests of all streams are taken together; a bulk message is cut in chunks, and
between two chunks the single requests go first, so that a terminal never waits for more than one
chunk. Who waits for an answer may go away: the work goes on, and its answer is in the journal.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from engine.domain.request import Answer, Request
from engine.errors import InvariantBroken, OutcomeUnknown, StoreError
from engine.pipeline import Pipeline
from engine.rules.model import CityRules
from engine.rules.plan import RulePlan
from server.config import ServerConfig
from server.merge import Bulk, Message, Single, digests, joined, merge, reply_of
from server.status import log_error

Call = Callable[[Pipeline], Any]
"""Reads something in the pipeline's thread, after the requests that came before it."""


T = TypeVar("T")


class _Waiting(NamedTuple):
    """A request and who waits for its answer."""

    ask: Single | Call
    future: asyncio.Future[Any]


class Batcher:
    """The queue in front of a pipeline. Its methods belong to one event loop."""

    def __init__(self, pipeline: Pipeline, clock: Callable[[], int], config: ServerConfig) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._config = config
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="gongji-commit")
        self._singles: deque[_Waiting] = deque()
        self._sources: dict[object, deque[Message]] = {}
        self._bulk_next = False
        self._space = asyncio.Semaphore(config.queue_max)
        self._wake = asyncio.Event()
        self._closing = False
        self._unsaved = False
        self._instant = 0
        self._plans: dict[bytes, RulePlan] = {}
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

    async def ask(self, ask: Single | Call) -> asyncio.Future[Any]:
        """Queue a request, waiting for room; the future is its answer, durable."""
        await self._space.acquire()
        future = self._future()
        self._singles.append(_Waiting(ask, future))
        self._wake.set()
        return future

    async def answer(self, ask: Single | Call) -> Any:
        """Return the answer to a request; giving up waiting does not take it back."""
        return await asyncio.shield(await self.ask(ask))

    def ask_bulk(self, request: Bulk, source: object) -> asyncio.Future[Any]:
        """Queue a bulk message; those of one source are answered in order."""
        future = self._future()
        self._sources.setdefault(source, deque()).append(Message(request, future))
        self._wake.set()
        return future

    def _future(self) -> asyncio.Future[Any]:
        if self.failure is not None:
            raise self.failure
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_look)
        return future

    # --- the loop ------------------------------------------------------------------------

    async def _run(self) -> None:
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
        try:
            async with asyncio.timeout(self._config.idle_seconds if self._unsaved else None):
                await self._wake.wait()
        except TimeoutError:
            await self._checkpoint()

    async def _commit_singles(self) -> None:
        count = min(len(self._singles), self._config.chunk)
        taken = [self._singles.popleft() for _ in range(count)]
        for _ in taken:
            self._space.release()
        futures = [waiting.future for waiting in taken]
        replies = await self._guarded(
            lambda: self._answer_singles([waiting.ask for waiting in taken]), futures
        )
        for future, reply in zip(futures, replies or (), strict=False):
            if isinstance(reply, BaseException):
                _fail(future, reply)
            elif not future.done():
                future.set_result(reply)

    async def _commit_chunk(self) -> None:
        source, messages = next(iter(self._sources.items()))
        message = messages[0]
        chunk = message.chunk(self._config.chunk)
        answers = await self._guarded(lambda: self._pipeline_run([chunk]), [message.future])
        message.answers.extend(answers or ())
        if answers is None:
            # What follows on the stream must not overtake what will be sent again.
            for later in messages:
                _fail(later.future, StoreError("an earlier message was not recorded"))
            messages.clear()
        elif message.finished:
            messages.popleft()
            if not message.future.done():
                message.future.set_result(joined(message.answers, self._config.chunk))
        del self._sources[source]
        if messages:
            self._sources[source] = messages  # behind the others: sources take turns

    async def _guarded(
        self, work: Callable[[], list[Any]], futures: Sequence[asyncio.Future[Any]]
    ) -> list[Any] | None:
        """Run work in the thread; on an error fail the futures and return None."""
        self._unsaved = True
        try:
            return await self._in_thread(work)
        except StoreError as error:
            log_error("nothing was recorded: %s", error, type(error).__name__)
            for future in futures:
                _fail(future, error)
        except Exception as error:  # noqa: BLE001  the state may be ahead of the journal: stop
            self._stop(error, futures)
        return None

    async def _checkpoint_if_due(self) -> None:
        if self.failure is None and self._pipeline.checkpoint_due:
            await self._checkpoint()

    async def _checkpoint(self) -> None:
        try:
            await self._in_thread(self._pipeline.checkpoint)
        except StoreError as error:
            log_error("no checkpoint was written", error)
        except Exception as error:  # noqa: BLE001  as in _guarded
            self._stop(error, ())
        self._unsaved = False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _stop(self, error: BaseException, futures: Sequence[asyncio.Future[Any]]) -> None:
        """Answer nothing any more: whoever waits learns that the outcome is unknown."""
        log_error("the server must stop", error)
        known = isinstance(error, OutcomeUnknown | InvariantBroken)
        self.failure = error if known else InvariantBroken("an unexpected error")
        waiting = [waiting.future for waiting in self._singles]
        bulk = [message.future for messages in self._sources.values() for message in messages]
        for future in (*futures, *waiting, *bulk):
            _fail(future, self.failure)
        self.failed.set()

    # --- in the thread -------------------------------------------------------------------

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

    def _answer_singles(self, asks: Sequence[Single | Call]) -> list[Any]:
        """Return a reply for each; calls see everything that was asked before them."""
        requests, runs = merge([None if callable(ask) else ask for ask in asks])
        replies: list[Any] = [None] * len(asks)
        answers = self._pipeline_run(requests) if requests else []
        for run, answer in zip(runs, answers, strict=True):
            for row, index in enumerate(run):
                replies[index] = reply_of(answer, row, asks[index])
        for index, ask in enumerate(asks):
            if callable(ask):
                replies[index] = _called(ask, self._pipeline)
        return replies


def _called(call: Call, pipeline: Pipeline) -> Any:
    """Return what a call returns, or the error it raised: reading harms nobody else."""
    try:
        return call(pipeline)
    except Exception as error:  # noqa: BLE001  handed to who asked
        return error


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _look(future: asyncio.Future[Any]) -> None:
    """Look at the outcome, so that asyncio does not log it where nobody waits any more."""
    if not future.cancelled():
        future.exception()
