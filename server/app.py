"""A running server: limits, health, graceful stop, and helpers that start one."""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from engine.pipeline import Pipeline
from server import config as limits
from server.accounts import AccountService
from server.batcher import Batcher
from server.config import ServerConfig, check_loopback
from server.guard import check_protobuf, warnings
from server.policy import PolicyService
from server.registers import InstitutionService, MemberService
from server.registrations import RegistrationService
from server.service import Host, Servicer, generic_handler
from server.settlement import SettlementService
from server.store import StoreService

EXIT_OK: Final = 0
EXIT_FAILED: Final = 70
"""The server stopped without knowing whether its last commit is durable: recover."""

_log = logging.getLogger(__name__)

OPTIONS: Final[tuple[tuple[str, int], ...]] = (
    ("grpc.max_receive_message_length", limits.MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", limits.MESSAGE_BYTES_MAX),
    ("grpc.max_concurrent_streams", limits.CONCURRENT_STREAMS_MAX),
    ("grpc.max_allowed_incoming_connections", limits.CONNECTIONS_MAX),
    ("grpc.max_metadata_size", limits.METADATA_BYTES_MAX),
    # As much: between the two, gRPC refuses at random.
    ("grpc.absolute_max_metadata_size", limits.METADATA_BYTES_MAX),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
    ("grpc.so_reuseport", 0),
    ("grpc.enable_channelz", 0),
)


def now_ms() -> int:
    """Return the instant, milliseconds UTC."""
    return time.time_ns() // 1_000_000


class Server:
    """A server on a pipeline, which it closes when it stops. It belongs to one event loop."""

    def __init__(
        self, pipeline: Pipeline, config: ServerConfig, clock: Callable[[], int] = now_ms
    ) -> None:
        self._config = config
        self._batcher = Batcher(pipeline, clock, config)
        self._host = Host(self._batcher, config)
        self._server = aio.server(options=OPTIONS)
        self._health = health.aio.HealthServicer()
        self._services: list[Servicer] = [
            SettlementService(self._host),
            MemberService(self._host),
            InstitutionService(self._host),
            RegistrationService(self._host),
            AccountService(self._host),
            PolicyService(self._host),
            StoreService(self._host),
        ]
        self.port = 0

    async def start(self) -> int:
        """Bind and serve; return the port.

        Raises:
            ValueError: the address is not one of this machine alone.
            OSError: the port is taken.
        """
        address = check_loopback(self._config.address)
        self._server.add_generic_rpc_handlers(
            tuple(generic_handler(service) for service in self._services)
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = ["", *(service.descriptor.full_name for service in self._services)]
        if self._config.reflection:
            shown = (*names[1:], health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(shown, self._server)
        try:
            self.port = self._server.add_insecure_port(address)
        except RuntimeError:
            self.port = 0
        if not self.port:
            raise OSError(
                f"{address} cannot be bound; is another server running there? Stop it, or give "
                "another port"
            )
        self._batcher.start()
        await self._server.start()
        for name in names:
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        _log.info("serving on port %d", self.port)
        return self.port

    @property
    def failed(self) -> asyncio.Event:
        """Set when the process must stop."""
        return self._batcher.failed

    async def stop(self) -> int:
        """Drain the streams, answer what was read, close the pipeline; return the exit code."""
        await self._health.enter_graceful_shutdown()
        self._host.stop()
        failed = self._batcher.failure is not None
        await self._server.stop(1.0 if failed else self._config.grace_seconds)
        await self._batcher.close()
        self._host.close()
        _log.info("stopped")
        return EXIT_OK if self._batcher.failure is None else EXIT_FAILED


async def serve(
    pipeline: Pipeline,
    config: ServerConfig,
    *,
    ready: Callable[[int], None] | None = None,
    clock: Callable[[], int] = now_ms,
) -> int:
    """Serve until SIGTERM, SIGINT or a failure; return the exit code of the process.

    Args:
        pipeline: What answers; a server that ran closes it at the end, unless the outcome of a
            commit is unknown: then the next process recovers it.
        config: Address and limits.
        ready: Called with the port once requests are taken.
        clock: Returns the instant, milliseconds UTC.

    Raises:
        Unsafe: something would not be safe; the message says what to do.
        StoreError: the store cannot be reached.
        ValueError: the address is not one of this machine alone.
        OSError: the port is taken.
    """
    check_protobuf()
    for warning in warnings(pipeline):
        _log.warning("%s", warning)
    server = Server(pipeline, config, clock)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    port = await server.start()
    if ready is not None:
        ready(port)
    waiting = [asyncio.create_task(event.wait()) for event in (stop, server.failed)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    return await server.stop()


class ServerHandle:
    """A server on a thread of its own, for tests and demonstrations.

    with ServerHandle(pipeline) as server:
        channel = grpc.insecure_channel(server.address)
    """

    def __init__(
        self,
        pipeline: Pipeline,
        config: ServerConfig | None = None,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._pipeline = pipeline
        self._config = ServerConfig(address="127.0.0.1:0") if config is None else config
        self._clock = clock
        self._started = threading.Event()
        self._stop: Callable[[], Any] = lambda: None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="gongji-server")
        self.port = 0
        self.exit_code: int | None = None
        """Set once the server has stopped."""

    @property
    def address(self) -> str:
        """Host and port to connect to."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server; return when it takes requests."""
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error

    def stop(self) -> int | None:
        """Stop the server as SIGTERM would; return its exit code."""
        self._stop()
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self.exit_code

    def wait(self, seconds: float) -> int | None:
        """Wait until the server stops by itself; return its exit code, None if it did not."""
        self._thread.join(seconds)
        return self.exit_code

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001  raised again by start
            self._error = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        server = Server(self._pipeline, self._config, self._clock)
        self.port = await server.start()
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: loop.is_closed() or loop.call_soon_threadsafe(stop.set)
        self._started.set()
        waiting = [asyncio.create_task(event.wait()) for event in (stop, server.failed)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        self.exit_code = await server.stop()
