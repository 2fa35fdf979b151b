"""Kill the leader of a highly available PostgreSQL under two servers, and measure.

    python -m tests.crash.failover [--times N]

Patroni with etcd and one synchronous standby, on this machine. Terminals and gateways settle on two
servers; the leader is killed, Patroni and PostgreSQL with all its processes; the standby takes over
while the clients wait; the old leader comes back as the new standby; and so on. After each time the
store is held against what the clients were told, and at the end `gongji verify` is run on it.

Needs PostgreSQL, Patroni and etcd (on Debian: `apt install postgresql patroni etcd-server`).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from engine.store.postgres import PostgresStore
from engine.store.postgres_connection import dial
from engine.store.postgres_schema import create
from tests.crash.judge import Verdict
from tests.crash.patroni import HighlyAvailable
from tests.crash.server_process import ServerProcess
from tests.crash.test_kill import PROMISED, fill_registers, judged, make_clients

BEFORE_SECONDS: Final = 3.0
AFTER_SECONDS: Final = 3.0
TAKEOVER_SECONDS: Final = 120.0


class Run:
    """Two servers on the pair, and clients that never give up."""

    def __init__(self, pair: HighlyAvailable, folder: Path) -> None:
        self.pair = pair
        self.clients = make_clients(20261130)
        self.verdict: Verdict = Counter()
        self.gaps: list[float] = []
        with dial(pair.url) as connection:
            create(connection)
        fill_registers(PostgresStore.open(pair.url))
        log = folder / "servers.log"
        self.servers = [ServerProcess(pair.url, log=log) for _ in range(2)]

    async def several(self, times: int) -> None:
        """Do it so many times."""
        for number in range(times):
            await self.once()
            say(f"failover {number + 1}: {self.gaps[-1]:.1f} s without an answer")

    async def once(self) -> None:
        """Kill the leader once under load; note how long nobody was answered."""
        tasks = []
        for n, client in enumerate(self.clients):
            client.leaving = False
            address = partial(getattr, self.servers[n % 2], "address")
            tasks.append(asyncio.create_task(client.keep_asking(address)))
        await asyncio.sleep(BEFORE_SECONDS)
        killed = await asyncio.to_thread(self.pair.kill_leader)
        for client in self.clients:
            client.heard.clear()
        began = time.monotonic()
        async with asyncio.timeout(TAKEOVER_SECONDS):
            await asyncio.gather(*(client.heard.wait() for client in self.clients))
        self.gaps.append(time.monotonic() - began)
        await asyncio.sleep(AFTER_SECONDS)
        for client in self.clients:
            client.leaving = True
        async with asyncio.timeout(TAKEOVER_SECONDS):
            await asyncio.gather(*tasks)
        self.judge()
        await asyncio.to_thread(self.pair.start_node, killed)
        await asyncio.to_thread(self.pair.wait_for_standby)

    def judge(self) -> None:
        """Hold the store against what the clients were told."""
        with PostgresStore.open(self.pair.url) as store, store.snapshot():
            self.verdict += judged(store, self.clients)
            self.verdict["segments"] = store.sequence

    def close(self) -> None:
        for server in self.servers:
            server.kill()


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def measure(folder: Path, times: int) -> Run:
    """Kill the leader so many times; return what came of it."""
    with HighlyAvailable(folder) as pair:
        run = Run(pair, folder)
        try:
            asyncio.run(run.several(times))
            for server in run.servers:
                assert server.stop() == 0, server.last_words()
            run.judge()
        except BaseException:
            say(pair.last_words())
            raise
        finally:
            run.close()
    return run


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 1 if anything that was promised does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--times", type=int, default=3, help="how often the leader is killed")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="gongji-ha-") as name:
        run = measure(Path(name), given.times)
    answered = sum(client.answered for client in run.clients)
    run.verdict["changed"] += sum(client.changed for client in run.clients)
    gaps = sorted(run.gaps)
    say(f"leader killed {len(gaps)} times: {gaps[0]:.1f} to {gaps[-1]:.1f} s without an answer")
    present = run.verdict["unanswered_present"]
    say(f"{answered:,} requests answered; {present} were there without an answer, and got it later")
    say(", ".join(f"{name} {run.verdict[name]}" for name in PROMISED))
    return int(any(run.verdict[name] for name in PROMISED))


if __name__ == "__main__":
    sys.exit(main())
