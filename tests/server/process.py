"""A server in a process of its own: `python -m tests.server.process LEDGER [ADDRESS]`."""

import asyncio
import sys

from engine.pipeline import Pipeline
from engine.rules.load import load_cities
from engine.store.sqlite import SqliteStore
from server.app import serve
from server.config import ServerConfig


def _ready(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def main() -> int:
    ledger, *address = sys.argv[1:]
    pipeline = Pipeline.open(SqliteStore.open(ledger), load_cities())
    config = ServerConfig(address=address[0] if address else "127.0.0.1:0")
    return asyncio.run(serve(pipeline, config, ready=_ready))


if __name__ == "__main__":
    sys.exit(main())
