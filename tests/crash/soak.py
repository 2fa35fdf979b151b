"""Load for as long as you like, and faults all the while; then everything is counted.

    python -m tests.crash.soak [--store sqlite|postgres] [--seconds S] [--every S] [--only FAULT]

Terminals on one member at a time and gateways on 64 they share, on one server with SQLite or
on two with PostgreSQL. Every few seconds something happens: a server is killed or stands still for
a while, or the database's connections, one of its processes or all of it are ended. Clients go on
with any server that answers. Then nothing happens for a while, and the servers' memory and open
files are looked at. After each epoch what clients were told is held against the journal; in the end
`gongji verify`'s checker looks at the whole store.
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
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.peers.cluster import Server, started
from engine.verify.check import verify_store
from engine.verify.history import check_history
from tests.crash.clients import Client, Gateway, Terminal, history
from tests.crash.database_faults import FAULTS as DATABASE_FAULTS
from tests.crash.judge import Verdict, count_history
from tests.crash.server_process import ServerProcess
from tests.crash.test_contention import SHARED, Place, fill, in_database, in_file
from tests.crash.test_kill import PROMISED
from tests.support.postgres import for_teller, new_database

EPOCH_SECONDS: Final = 300.0
RESOLVE_SECONDS: Final = 120.0
STILL_SECONDS: Final = (0.5, 4.0)
CLAIMS_OF_A_MEMBER: Final = 300
MEMBERS_OF_A_KIND: Final = 10_000
WARM_UP: Final = 0.5
"""Share of the calm stretch after which memory is looked at for the first time: SQLite's cache of
pages, 64 MiB, is full by then."""
_WRONG: Final = ("lost", "doubled", "changed", "torn", "findings")


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Stretch(NamedTuple):
    """Part of a soak: seconds, and seconds between faults; 0: none happen."""

    seconds: float
    every: float


class Size(NamedTuple):
    """How large the larger server is, and of what."""

    applied: int
    """Requests that changed the ledger so far, all servers' together."""
    bytes: int
    files: int
    """Files and sockets it has open."""


class PassingMembers(Sequence[str]):
    """Some members of whom claims are made; after so many claims each, it is the next ones' turn.

    A year of thousands of claims nobody has, and an undo in it takes the checker long: it settles
    again what came later.
    """

    def __init__(self, kind: str, count: int) -> None:
        """Be so many members at a time, of those in `names`."""
        self.names = [f"{kind}-{n}" for n in range(MEMBERS_OF_A_KIND)]
        self._count = count
        self._made = 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        if not 0 <= at < self._count:
            raise IndexError(at)
        self._made += 1
        turn = self._made // (CLAIMS_OF_A_MEMBER * self._count)
        return self.names[(turn * self._count + at) % len(self.names)]


class Soak:
    """Servers, their clients, and what happens to them."""

    def __init__(
        self,
        place: Place,
        database: Server | None,
        clients: tuple[int, int],
        log: Path,
        only: str | None = None,
    ) -> None:
        self._place = place
        self._terminals, self._gateways = clients
        self._only = only
        self._log = log
        self._rng = random.Random(20261130)
        self._number = 0
        self.database = database
        self.done: Counter[str] = Counter()
        self.verdict: Verdict = Counter()
        self.answered = 0
        self._applied = 0
        self.settled = 0
        self.seconds = 0.0
        self.sizes: list[Size] = []
        """In the calm stretch, after warming up and at its end."""
        self._unjudged: list[Client] = []
        self._hot = PassingMembers("hot", 1)
        self._shared = PassingMembers("shared", len(SHARED))
        fill(place.open(), sum(clients), [*self._hot.names, *self._shared.names])
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

    def _faults(self) -> list[tuple[str, Callable[[], None]]]:
        """Return what may happen, by its name; a server is killed twice as often as the rest."""
        own = [self.kill_a_server, self.kill_a_server, self.make_a_server_stand_still]
        faults = [(fault.__name__, fault) for fault in own]
        if self.database is not None:
            for fault in DATABASE_FAULTS:
                faults.append((fault.__name__, partial(fault, self.database, self._rng)))
        return [(name, fault) for name, fault in faults if self._only in (None, name)]

    # --- load -----------------------------------------------------------------------------

    def _new_clients(self) -> list[Terminal | Gateway]:
        """Return clients whose ids nobody had before."""
        self._number += 1
        clients: list[Terminal | Gateway] = []
        for n in range(self._terminals + self._gateways):
            named = (f"h{n}", self._number * 1_000 + n)
            name = f"e{self._number}-{n}"
            if n < self._terminals:
                clients.append(Terminal(name, self._hot, *named))
            else:
                clients.append(Gateway(name, self._shared, *named))
        return clients

    async def epoch(self, seconds: float, every: float) -> None:
        """Let new clients work for so long; then judge.

        Args:
            seconds: for how long.
            every: seconds from one fault to the next; 0: none, and the servers are measured.
        """
        clients = self._new_clients()
        began = time.monotonic()
        tasks = [asyncio.create_task(client.keep_asking(self._anybody)) for client in clients]
        if every:
            await self._have_faults(began + seconds, every)
        else:
            await self._measure(seconds, clients)
        for client in clients:
            client.leaving = True
        async with asyncio.timeout(RESOLVE_SECONDS):
            await asyncio.gather(*tasks)
        self.seconds += time.monotonic() - began
        self.answered += sum(client.answered for client in clients)
        self._applied += sum(len(client.first) for client in clients)
        self._unjudged += clients
        if self._place.servers > 1:  # SQLite is for one process at a time
            await asyncio.to_thread(self._judge)

    async def _have_faults(self, end: float, every: float) -> None:
        """Have something happen again and again."""
        while (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(left, every))
            if time.monotonic() < end:
                name, fault = self._rng.choice(self._faults())
                await asyncio.to_thread(fault)
                self.done[name] += 1

    async def _measure(self, seconds: float, clients: Sequence[Client]) -> None:
        """Look at the servers when they are warm, and when the time is over."""
        for share in (WARM_UP, 1 - WARM_UP):
            await asyncio.sleep(seconds * share)
            applied = self._applied + sum(len(client.first) for client in clients)
            memory = max(server.memory() for server in self.servers)
            files = max(server.open_files() for server in self.servers)
            self.sizes.append(Size(applied, memory, files))

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
        if self.sizes:
            first, last = self.sizes[0], self.sizes[-1]
            each = (last.bytes - first.bytes) / max(1, last.applied - first.applied)
            lines.append(
                f"then calm: memory of a server {first.bytes / 2**20:.0f} to "
                f"{last.bytes / 2**20:.0f} MiB with {last.applied - first.applied:,} settled and "
                f"taken back, {each:.0f} B each; open files {first.files} to {last.files}"
            )
        return "\n".join(lines)


def soak(
    kind: str, clients: tuple[int, int], stretches: Sequence[Stretch], only: str | None = None
) -> Soak:
    """Run a soak; return what it came to."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gongji-soak-")))
        database = stack.enter_context(started(Server)) if kind == "postgres" else None
        if database is not None:
            place = in_database(for_teller(new_database(database)))
        else:
            place = in_file(folder / "ledger.db")
        run = Soak(place, database, clients, folder / "servers.log", only)
        stack.callback(run.close)
        for stretch in stretches:
            asyncio.run(run.epoch(*stretch))
            say(run.told())
        run.finish()
    return run


def stretches_of(seconds: float, every: float, calm: float) -> Iterator[Stretch]:
    """Yield the stretches of a soak: epochs with faults, then a calm one."""
    while seconds > 0:
        yield Stretch(min(seconds, EPOCH_SECONDS), every)
        seconds -= EPOCH_SECONDS
    if calm > 0:
        yield Stretch(calm, 0.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and tell; return 1 if anything that was promised does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="postgres")
    parser.add_argument("--seconds", type=float, default=120.0, help="with faults (120)")
    parser.add_argument("--every", type=float, default=4.0, help="seconds between faults (4)")
    database_faults = [fault.__name__ for fault in DATABASE_FAULTS]
    names = ["kill_a_server", "make_a_server_stand_still", *database_faults]
    parser.add_argument("--only", choices=names, help="make no other fault")
    parser.add_argument(
        "--calm", type=float, default=240.0, help="seconds without faults, then (240)"
    )
    parser.add_argument("--terminals", type=int, default=64)
    parser.add_argument("--gateways", type=int, default=8)
    given = parser.parse_args(arguments)
    if given.every <= 0:
        parser.error("--every: expected seconds above 0; for none at all, --seconds 0")
    if given.store == "sqlite" and given.only in database_faults:
        parser.error(f"--only {given.only}: needs --store postgres")
    stretches = list(stretches_of(given.seconds, given.every, given.calm))
    run = soak(given.store, (given.terminals, given.gateways), stretches, given.only)
    say(run.told())
    return int(any(run.verdict[name] for name in PROMISED))


if __name__ == "__main__":
    sys.exit(main())
