"""Load for as long as you like, and faults all the while; then everything is counted.

    python -m tests.crash.soak [--store sqlite|postgres] [--seconds S] [--every S]

Terminals on one member and gateways on members they share, on one server with SQLite or on two with
PostgreSQL. Every few seconds something happens: a server is killed or stands still for a while, or
the database's connections, one of its processes or all of it are ended. Clients go on with any
server that answers. After each epoch what clients were told is held against the journal; in the end
`gongji verify`'s checker looks at the whole store. Memory is that of the servers.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.peers.cluster import Server, started
from engine.verify.check import verify_store
from engine.verify.history import check_history
from tests.crash.clients import Client, Gateway, Terminal, history
from tests.crash.database_faults import FAULTS as DATABASE_FAULTS
from tests.crash.judge import Verdict, count_history
from tests.crash.server_process import ServerProcess
from tests.crash.test_contention import HOT, SHARED, Place, fill, in_database, in_file
from tests.crash.test_kill import PROMISED
from tests.support.postgres import new_database

EPOCH_SECONDS: Final = 300.0
RESOLVE_SECONDS: Final = 120.0
STILL_SECONDS: Final = (0.5, 4.0)
_WRONG: Final = ("lost", "doubled", "changed", "torn", "findings")


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Soak:
    """Servers, their clients, and what happens to them."""

    def __init__(
        self, place: Place, database: Server | None, clients: tuple[int, int], log: Path
    ) -> None:
        self._place = place
        self._terminals, self._gateways = clients
        self._log = log
        self._rng = random.Random(20261130)
        self._number = 0
        self.database = database
        self.done: Counter[str] = Counter()
        self.verdict: Verdict = Counter()
        self.answered = 0
        self.settled = 0
        self.seconds = 0.0
        self.memory: list[tuple[int, int]] = []
        """After each epoch: requests answered so far, and bytes of memory of the larger server."""
        self._unjudged: list[Client] = []
        fill(place.open(), sum(clients))
        self.servers = [self._start() for _ in range(place.servers)]

    def _start(self) -> ServerProcess:
        return ServerProcess(self._place.name, log=self._log)

    # --- what happens ---------------------------------------------------------------------

    def kill_a_server(self) -> None:
        at = self._rng.randrange(len(self.servers))
        self.servers[at].kill()
        self.servers[at] = self._start()

    def make_a_server_stand_still(self) -> None:
        """Stop a server for a while, wherever it is: in a transaction, perhaps."""
        server = self._rng.choice(self.servers)
        server.signal(signal.SIGSTOP)
        time.sleep(self._rng.uniform(*STILL_SECONDS))
        server.signal(signal.SIGCONT)

    def _faults(self) -> list[Callable[[], None]]:
        own = [self.kill_a_server, self.kill_a_server, self.make_a_server_stand_still]
        if self.database is None:
            return own
        return own + [partial(fault, self.database, self._rng) for fault in DATABASE_FAULTS]

    # --- load -----------------------------------------------------------------------------

    def _new_clients(self) -> list[Terminal | Gateway]:
        """Return clients whose ids nobody had before."""
        self._number += 1
        clients: list[Terminal | Gateway] = []
        for n in range(self._terminals + self._gateways):
            make, members = (Terminal, [HOT]) if n < self._terminals else (Gateway, SHARED)
            name = f"e{self._number}-{n}"
            clients.append(make(name, members, f"h{n}", self._number * 1_000 + n))
        return clients

    async def epoch(self, seconds: float, every: float) -> None:
        """Let new clients work for so long, with faults if `every` is above 0; then judge."""
        clients = self._new_clients()
        began = time.monotonic()
        tasks = [asyncio.create_task(client.keep_asking(self._anybody)) for client in clients]
        while (left := seconds - (time.monotonic() - began)) > 0:
            await asyncio.sleep(min(left, every or left))
            if every and time.monotonic() - began < seconds:
                fault = self._rng.choice(self._faults())
                await asyncio.to_thread(fault)
                named = fault.func if isinstance(fault, partial) else fault
                self.done[named.__name__] += 1
        for client in clients:
            client.leaving = True
        async with asyncio.timeout(RESOLVE_SECONDS):
            await asyncio.gather(*tasks)
        self.seconds += time.monotonic() - began
        self.answered += sum(client.answered for client in clients)
        self.memory.append((self.answered, max(server.memory() for server in self.servers)))
        self._unjudged += clients
        if self._place.servers > 1:  # SQLite is for one process at a time
            await asyncio.to_thread(self._judge)

    def _anybody(self) -> str:
        return self._rng.choice(self.servers).address

    def _judge(self) -> None:
        """Hold the journal against what clients were told."""
        clients, self._unjudged = self._unjudged, []
        with self._place.open() as store, store.snapshot():
            report = check_history(history(clients), store, complete=False)
        count_history(self.verdict, report)
        self.verdict["changed"] += sum(client.changed for client in clients)
        self.verdict["unanswered but there"] += report.unknown_present
        assert [error for client in clients for error in client.errors] == []

    def finish(self) -> None:
        """Stop the servers as asked, and check the store."""
        for server in self.servers:
            assert server.stop() == 0, server.last_words()
        self._judge()
        with self._place.open() as store, store.snapshot():
            report = verify_store(store)
        self.verdict["findings"] += report.finding_count
        self.settled = report.settlements

    def close(self) -> None:
        for server in self.servers:
            server.kill()

    def told(self) -> str:
        """Return what it came to, in lines."""
        rate = self.answered / self.seconds
        done = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in sorted(self.done.items()))
        lines = [
            f"{self.seconds:.0f} s, {self.answered:,} requests answered, {rate:,.0f} a second; "
            f"{self.settled:,} settlements in the journal",
            f"happened: {done or 'nothing'}",
            ", ".join(f"{name} {self.verdict[name]}" for name in _WRONG)
            + f"; {self.verdict['unanswered but there']} were there before they were answered",
        ]
        if len(self.memory) > 1 and not self.done["kill_a_server"]:
            (first, before), (last, after) = self.memory[0], self.memory[-1]
            each = (after - before) / (last - first)
            grown = f"{before >> 20} to {after >> 20} MiB"
            lines.append(f"memory of a server {grown}: {each:.0f} B a request, for each server")
        return "\n".join(lines)


def soak(
    kind: str,
    seconds: float,
    every: float,
    clients: tuple[int, int],
    *,
    epoch: float = EPOCH_SECONDS,
    servers: int | None = None,
) -> Soak:
    """Run a soak; return what it came to."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gongji-soak-")))
        database = stack.enter_context(started(Server)) if kind == "postgres" else None
        place = in_database(new_database(database)) if database else in_file(folder / "ledger.db")
        place = place._replace(servers=servers or place.servers)
        run = Soak(place, database, clients, folder / "servers.log")
        stack.callback(run.close)
        left = seconds
        while left > 0:
            asyncio.run(run.epoch(min(left, epoch), every))
            left -= epoch
            if left > 0:
                say(run.told())
        run.finish()
    return run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and tell; return 1 if anything that was promised does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="postgres")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--every", type=float, default=4.0, help="seconds between faults; 0: none")
    parser.add_argument("--epoch", type=float, default=EPOCH_SECONDS, help="seconds of one")
    parser.add_argument("--servers", type=int, help="how many; SQLite has one")
    parser.add_argument("--terminals", type=int, default=64)
    parser.add_argument("--gateways", type=int, default=8)
    given = parser.parse_args(arguments)
    clients = given.terminals, given.gateways
    run = soak(
        given.store, given.seconds, given.every, clients, epoch=given.epoch, servers=given.servers
    )
    say(run.told())
    return int(any(run.verdict[name] for name in PROMISED))


if __name__ == "__main__":
    sys.exit(main())
