"""The server process of the cases: `python -m clients.cli.cases.child STORE FIGURES [FOLDER...]`.

The cities are those of the package and of each FOLDER. Supplies the figures of the JSON file
FIGURES to the new store, listens on a free loopback port and
prints it as the only line once requests are taken; SIGTERM stops it. Figures that a case assumes
name no publication, and the server takes no such figures from outside: hence the file.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from engine.domain.request import Accepted, SupplyFigures
from engine.kernel import FAST
from engine.pipeline import Pipeline
from engine.rules.load import load_cities
from engine.store.sqlite import SqliteStore
from server.app import serve
from server.config import ServerConfig


def _ready(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def main(store: Path, figures: Path, folders: Sequence[Path]) -> int:
    """Serve the store until SIGTERM; return the exit code."""
    cities = load_cities(more=folders)
    pipeline = Pipeline.open(SqliteStore.open(store), kernel=FAST, cities=cities)
    (answer,) = pipeline.run([SupplyFigures(figures.read_bytes())], time.time_ns() // 1_000_000)
    if not isinstance(answer, Accepted) or answer.errors:
        pipeline.close()
        sys.stderr.write(f"the figures were not taken: {answer}\n")
        return 1
    return asyncio.run(serve(pipeline, ServerConfig(address="127.0.0.1:0"), ready=_ready))


if __name__ == "__main__":
    given = [Path(word) for word in sys.argv[1:]]
    sys.exit(main(given[0], given[1], given[2:]))
