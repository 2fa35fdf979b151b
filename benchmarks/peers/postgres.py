"""PostgreSQL: a PL/pgSQL function settles one claim a transaction, under `pgbench -c 16`.

A cluster of its own in a temporary folder, default settings (so every commit is synced), reached by
a Unix socket only, run by a user who is not root. `postgres.sql` has the function: unique request
key, update of the member-year's line, row of the journal. `pgbench` sends prepared statements with
members at random among those prepopulated; its own log gives every latency.

What it settled is checked twice: the generated claims one by one against the reference, and after
the load the whole journal, settled again by the compiled kernel in its order.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks.peers.case import Case, settled
from benchmarks.peers.cluster import Missing, Server, started
from benchmarks.peers.peer import Answers, tell, timed
from engine.kernel import FAST

__all__ = ["Cluster", "Missing", "cluster"]

CLIENTS: Final = 16
THREADS: Final = 2
MEMBERS: Final = 1_000_000
YEAR: Final = 2024
SCHEMA: Final = Path(__file__).with_name("postgres.sql")
SCRIPT: Final = r"""
\set n :n + 1
\set member random(0, :members - 1)
\set level :member % 4
\set status :member % 2
\set in_scope 1000 + random_exponential(0, 200000, 6)
SELECT * FROM settle(:client_id, :run || '-' || :n, :member, 2024, :level, :status, :in_scope);
"""


class Load(NamedTuple):
    """What one run of pgbench came to."""

    transactions: int
    seconds: float
    latencies_us: list[int]

    @property
    def tps(self) -> float:
        """Transactions a second."""
        return self.transactions / self.seconds

    def percentile_ms(self, share: int) -> float:
        """Return the latency that so many of a hundred do not exceed."""
        ordered = sorted(self.latencies_us)
        return ordered[max(0, -(-len(ordered) * share // 100) - 1)] / 1e3


@dataclass
class Cluster(Server):
    """A running server with the function in it."""

    runs: int = 0

    def prepare(self, case: Case, members: int) -> None:
        """Make the tables and the function, and a line for each member."""
        rows = ", ".join(str(row) for row in case.tariff())
        self.sql(f"{SCHEMA.read_text('utf-8')}INSERT INTO tariff VALUES {rows};")
        self.sql(
            "INSERT INTO member_year (member, year) "
            f"SELECT n, {YEAR} FROM generate_series(0, {members} - 1) n; "
            "VACUUM (ANALYZE) member_year; CHECKPOINT;"
        )

    def pgbench(self, seconds: float, members: int, clients: int = CLIENTS) -> Load:
        """Settle for so many seconds, members at random."""
        self.runs += 1
        script, log = self.folder / "settle.pgbench", f"log{self.runs}"
        script.write_text(SCRIPT, encoding="utf-8")
        options = ("--no-vacuum", "--protocol=prepared", "--log", f"--log-prefix={log}")
        of = (f"--client={clients}", f"--jobs={THREADS}", f"--time={max(1, round(seconds))}")
        variables = [f"--define={k}={v}" for k, v in (("n", 0), ("members", members))]
        variables.append(f"--define=run={self.runs}")
        began = time.time()
        self.run("pgbench", *options, *of, *variables, f"--file={script}", "postgres")
        latencies, ended = [], began
        for path in self.folder.glob(f"{log}.*"):
            for text in path.read_text("utf-8").splitlines():
                fields = text.split()
                latencies.append(int(fields[2]))
                ended = max(ended, int(fields[4]) + int(fields[5]) / 1e6)
            path.unlink()
        return Load(len(latencies), ended - began, latencies)

    def check(self, case: Case) -> tuple[int, int]:
        """Settle the journal again by the engine; return how many rows there are and differ."""
        text = "member, status, level, in_scope, charged, fund"
        found = self.run(
            *("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "postgres"),
            given=f"COPY (SELECT {text} FROM journal ORDER BY position) TO STDOUT (DELIMITER ' ');",
        )
        rows = np.fromstring(found, np.int64, sep=" ").reshape(-1, 6)
        usual = int(case.rows["facts"][0])
        claims = [(r[3], r[0], r[1], r[2], usual) for r in rows[:, :4].tolist()]
        again = settled(case.plan, claims, FAST)
        return len(rows), again.differ(rows[:, 4], rows[:, 5])


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Yield a new cluster, stopped and removed afterwards.

    Raises:
        Missing: PostgreSQL cannot run here.
    """
    with started(Cluster) as server:
        yield server


def settle(case: Case) -> Answers:
    """Settle the case claim by claim over one connection, a transaction each."""
    with cluster() as server:
        server.prepare(case, 0)
        names = ("member", "level", "status", "in_scope")
        claims = zip(*map(case.column, names), strict=True)
        text = "".join(
            f"SELECT * FROM settle(0, 'B{n}', {member}, {YEAR}, {level}, {status}, {fen});\n"
            for n, (member, level, status, fen) in enumerate(claims)
        )
        answers, seconds = timed(lambda: server.sql(text))
        again = server.sql(text)
        assert again == answers, "the same requests were answered differently"
        (journalled,) = server.sql("SELECT count(*) FROM journal")
        assert journalled == [str(len(case.rows))], journalled
    charged, fund = zip(*answers, strict=True)
    whole: tuple[Sequence[int], Sequence[int]] = ([*map(int, charged)], [*map(int, fund)])
    return Answers(*whole, seconds, "one connection, durable; sent again: the same answers")


if __name__ == "__main__":
    tell("PostgreSQL", "PL/pgSQL function, one transaction a claim", settle, repeats=1)
