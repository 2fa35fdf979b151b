"""What can be done to a PostgreSQL server under load; it runs again then, or a moment later."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import psutil

from benchmarks.peers.cluster import Server

START_TRIES = 100

Fault = Callable[[Server, random.Random], None]


def end_the_connections(database: Server, _: random.Random) -> None:
    """Have the database end every connection of the servers."""
    pids = ", ".join(map(str, backends(database)))
    database.sql(f"SELECT pg_terminate_backend(pid) FROM unnest(array[{pids}]) AS found(pid)")


def kill_a_backend(database: Server, rng: random.Random) -> None:
    """Kill one of the database's processes: it ends all others and recovers."""
    with suppress(ProcessLookupError):
        os.kill(rng.choice(backends(database)), signal.SIGKILL)


def backends(database: Server) -> list[int]:
    """Return the process ids of the servers' connections; they may be coming back just now."""
    for _ in range(START_TRIES):
        found = []
        with suppress(subprocess.CalledProcessError):  # the database may be coming back, too
            found = database.sql(
                "SELECT pid, application_name FROM pg_stat_activity "
                "WHERE application_name LIKE 'gongji%'"
            )
        if any(name.startswith("gongji serve: ") for _, name in found):
            return [int(pid) for pid, _ in found]
        time.sleep(0.1)
    raise AssertionError("no server is connected")


def kill_the_database(database: Server, _: random.Random) -> None:
    """Kill all of its processes, as when the machine dies, and start it again."""
    main = psutil.Process(database.postmaster())
    processes = [main, *main.children()]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes)
    start(database)


def stop_the_database(database: Server, rng: random.Random) -> None:
    """Stop it as an administrator does, one way or the other, and start it again."""
    database.stop(rng.choice(("fast", "immediate")))
    start(database)


def start(database: Server) -> None:
    """Start the database; what was killed may be there for a moment still."""
    for _ in range(START_TRIES):
        try:
            database.start()
        except subprocess.CalledProcessError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the database does not start again")


FAULTS: Sequence[Fault] = (
    end_the_connections,
    kill_a_backend,
    kill_the_database,
    stop_the_database,
)
