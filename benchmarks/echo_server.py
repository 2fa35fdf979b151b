"""What the stack alone can do: answers each request with bytes made before.

The server of `server.app` without everything that is ours behind the wire: grpc.aio with the same
options and the same raw-bytes handlers; requests are parsed, answers are the bytes of a real one.

    python -m benchmarks.echo_server FOLDER

FOLDER holds `single`, the answer to one claim, and for gateways `COUNT`, the answer to a message
of so many claims.
"""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Final

from grpc import aio

from gongji.v1 import settlement_service_pb2 as pb
from server.app import OPTIONS
from server.process import run
from server.service import generic_handler
from server.stream import Context

SINGLE: Final = "single"


class EchoService:
    """The streams of SettlementService."""

    descriptor = pb.DESCRIPTOR.services_by_name["SettlementService"]

    def __init__(self, answers: dict[str, bytes]) -> None:
        self._answers = answers

    async def Settle(self, _: object, context: Context) -> None:  # noqa: N802  the contract's
        answer = self._answers[SINGLE]
        while isinstance(data := await context.read(), bytes):
            pb.SettleRequest.FromString(data)
            await context.write(answer)

    async def SettleBatch(self, _: object, context: Context) -> None:  # noqa: N802
        while isinstance(data := await context.read(), bytes):
            request = pb.SettleBatchRequest.FromString(data)
            await context.write(self._answers[str(request.claims.count)])

    def __getattr__(self, name: str) -> object:
        """Stand in for the other methods, which nobody calls."""
        if name in self.descriptor.methods_by_name:
            return self.Settle
        raise AttributeError(name)


async def serve(answers: dict[str, bytes]) -> None:
    """Serve until SIGTERM."""
    server = aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((generic_handler(EchoService(answers)),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(f"listening on 127.0.0.1:{port}", flush=True)
    await stop.wait()
    await server.stop(0)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    run(serve({path.name: path.read_bytes() for path in folder.iterdir()}))
