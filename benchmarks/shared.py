"""Several servers on one PostgreSQL database, beside one of them, and beside one on SQLite.

    python -m benchmarks.shared [--members N] [--seconds S] [--rounds R]

The same load on each in turn: 256 streams with a claim a message, then a gateway with messages of
10 000. PostgreSQL runs here with its default settings, so every commit is synced. In the end each
store is checked by `gongji verify`'s checker; a finding is a failure. Not part of `make bench`: its
figures are of how a shared store is used, and stand in README.md.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.arena import Supply
from benchmarks.lines import Line, environment, keep, line
from benchmarks.load import Drive, Lane, Load, drive
from benchmarks.messages import Draw, Ids, Messages, opening
from benchmarks.peers.cluster import Server, started
from benchmarks.population import HOMES, Population
from benchmarks.report import table
from benchmarks.rounds import Ratio, ratio
from benchmarks.serving import Process
from benchmarks.shapes import BATCH, GATEWAY, STREAMS, Shape
from clients.cli.local import LocalLedger
from clients.cli.people import read_figures
from clients.cli.stores import Database, Place, open_store
from engine.rules.figures import load_figures, to_json
from engine.rules.load import load_cities
from engine.store.postgres_connection import dial
from engine.store.postgres_schema import create
from engine.verify.check import verify_store

SQLITE: Final = "SQLite, one server"
ONE: Final = "PostgreSQL, one server"
TWO: Final = "PostgreSQL, two servers"
SHAPES: Final = (STREAMS, GATEWAY)
_DRAWN: Final = 100_000
_REGISTERED: Final = 10_000


def make_store(place: Place, population: Population) -> None:
    """Enter figures and registers."""
    with LocalLedger(place) as ledger:
        ledger.supply(to_json(load_figures(read_figures(), load_cities())))
        for items in population.registers(_REGISTERED):
            assert not ledger.register(items)


@contextmanager
def serving(folder: Path, places: dict[str, Place]) -> Iterator[dict[str, list[Process]]]:
    """Yield the servers of each store."""
    with ExitStack() as stack:
        found: dict[str, list[Process]] = {}
        for name, place in places.items():
            url = place.url if isinstance(place, Database) else str(place)
            words = ("clients.cli.main", "serve", "--listen", "127.0.0.1:0", "--store", url)
            count = 2 if name == TWO else 1
            servers = [Process(folder / "servers.log", *words) for _ in range(count)]
            found[name] = [stack.enter_context(server).ready() for server in servers]
        yield found


class Bench:
    """The loads, and what came of them."""

    def __init__(self, population: Population, servers: dict[str, list[Process]]) -> None:
        draw = Draw(population, lambda _: False, 0)
        self._population = population
        self._servers = servers
        self._supplies = {shape: Supply(shape, draw, _drawn(shape)) for shape in SHAPES}
        self._ids = Ids()
        self.rates: dict[tuple[Shape, str], list[float]] = {}
        self.loads: dict[tuple[Shape, str], list[Load]] = {}

    def run(self, shape: Shape, name: str, seconds: float) -> None:
        """Put a load on the servers of a store, each with its part of the streams."""
        supply = self._supplies[shape]
        servers = self._servers[name]
        messages = supply.messages(seconds * 2, self._ids)
        parts = [messages[n :: len(servers)] for n in range(len(servers))]
        drives = [
            self._drive(shape, server, part, seconds)
            for server, part in zip(servers, parts, strict=True)
            if part
        ]
        loads = drive(drives)
        for load in loads:
            supply.learn(load)
        rate = sum(load.messages / load.seconds for load in loads) * shape.claims
        self.rates.setdefault((shape, name), []).append(rate)
        self.loads.setdefault((shape, name), []).extend(loads)

    def _drive(
        self, shape: Shape, server: Process, messages: Sequence[Messages], seconds: float
    ) -> Drive:
        homes = self._population.institutions
        lanes = [
            Lane(sent, b"" if shape.is_batch else opening(homes[stream % HOMES].id))
            for stream, sent in enumerate(messages)
        ]
        return Drive(server, shape.method, lanes, seconds, shape.window, shape.warm)


def _drawn(shape: Shape) -> int:
    return 20 * BATCH if shape.claims == BATCH else _DRAWN


def lines_of(bench: Bench, members: int, claims: dict[str, int]) -> Iterator[Line]:
    """Yield the figures of a run."""
    for shape in SHAPES:
        for name in (SQLITE, ONE, TWO):
            rates = bench.rates[shape, name]
            loads = bench.loads[shape, name]
            of = {SQLITE: "", ONE: SQLITE, TWO: ONE}[name]
            held: Ratio | None = ratio(rates, bench.rates[shape, of]) if of else None
            p99 = max(load.p99_ms for load in loads)
            cpu = sum(load.cpu_seconds for load in loads) / (
                sum(load.messages for load in loads) * shape.claims
            )
            notes = f"worst p99 {p99:.3g} ms; servers {cpu * 1e6:.3g} µs/claim"
            if held:
                notes = f"rounds {held.range}; {notes}"
            rate = sorted(rates)[len(rates) // 2]
            what = f"{shape.name}: {name}"
            found = held.median if held else None
            yield line("shared", what, rate, "claims/s", of=of, ratio=found, notes=notes)
    told = ", ".join(f"{name}: {count:,}" for name, count in claims.items())
    yield line(
        "shared", "settled and checked", sum(claims.values()), "claims",
        notes=f"{told}; {members:,} members; {environment()}",
    )  # fmt: skip


def check(place: Place) -> int:
    """Check a store that nobody serves; return how many settlements it has."""
    with open_store(place) as store, store.snapshot():
        report = verify_store(store)
    assert report.ok, report.findings
    return report.settlements


def measure(server: Server, folder: Path, members: int, seconds: float, rounds: int) -> list[Line]:
    """Measure all three, check them, and return the figures."""
    population = Population(members)
    places: dict[str, Place] = {SQLITE: folder / "ledger.sqlite"}
    for number, name in enumerate((ONE, TWO)):
        server.sql(f"CREATE DATABASE ledger{number}")
        places[name] = Database(server.url(f"ledger{number}"))
        with dial(server.url(f"ledger{number}")) as connection:
            create(connection)
    for place in places.values():
        make_store(place, population)
    with serving(folder, places) as servers:
        bench = Bench(population, servers)
        for turn in range(rounds):
            names = list(places)
            for shape in SHAPES:
                for name in names[turn % 3 :] + names[: turn % 3]:
                    bench.run(shape, name, seconds)
    claims = {name: check(place) for name, place in places.items()}
    return list(lines_of(bench, members, claims))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, check, keep, show."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--members", type=int, default=64_000, help="a multiple of 64")
    parser.add_argument("--seconds", type=float, default=4.0, help="of a load")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    with started(Server) as server, TemporaryDirectory(prefix="gongji-shared-") as name:
        lines = measure(server, Path(name), given.members, given.seconds, given.rounds)
    keep("shared", lines)
    print(table("shared", lines).text())


if __name__ == "__main__":
    main()
