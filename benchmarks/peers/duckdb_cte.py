"""DuckDB: a recursive query, whose k-th step settles the k-th claims of all members.

The number of a claim within its member is found by a window function inside the query; the claims
stand in a table before it begins.
"""

from typing import Final

import duckdb
import numpy as np

from benchmarks.peers.case import Case
from benchmarks.peers.peer import Answers, tell, timed

QUERY: Final = """
WITH RECURSIVE numbered AS (
    SELECT c.n, c.member, c.in_scope, t.deductible, t.rate, t.cap,
           row_number() OVER (PARTITION BY c.member ORDER BY c.n) AS k
    FROM claims c JOIN tariff t USING (level, status)
), settled(k, n, member, charged, fund, borne, paid) AS (
    SELECT 0::BIGINT, -1::BIGINT, member, 0::BIGINT, 0::BIGINT, 0::BIGINT, 0::BIGINT
    FROM (SELECT DISTINCT member FROM claims)
  UNION ALL
    SELECT k, n, member, charged, fund, borne + charged, paid + fund
    FROM (
        SELECT *, least((( in_scope - charged) * rate + 5000) // 10000,
                        greatest(0, cap - paid)) AS fund
        FROM (
            SELECT c.k, c.n, c.member, c.in_scope, c.rate, c.cap, s.borne, s.paid,
                   least(c.in_scope, greatest(0, c.deductible - s.borne)) AS charged
            FROM settled s JOIN numbered c ON c.member = s.member AND c.k = s.k + 1
        )
    )
)
SELECT n, charged, fund FROM settled WHERE k > 0 ORDER BY n
"""


def settle(case: Case) -> Answers:
    """Settle all claims by one query, with every core."""
    database = duckdb.connect()
    database.execute(
        "CREATE TABLE claims(n BIGINT, member BIGINT, level INTEGER, status INTEGER, "
        "in_scope BIGINT)"
    )
    names = ("level", "status", "in_scope")
    columns = {name: np.ascontiguousarray(case.rows[name]) for name in names}
    columns["member"] = np.ascontiguousarray(case.rows["counters"])
    columns["n"] = np.arange(len(case.rows))
    database.register("given", columns)
    database.execute("INSERT INTO claims SELECT n, member, level, status, in_scope FROM given")
    database.execute(
        "CREATE TABLE tariff(level INTEGER, status INTEGER, "
        "deductible BIGINT, rate BIGINT, cap BIGINT)"
    )
    database.executemany("INSERT INTO tariff VALUES (?, ?, ?, ?, ?)", case.tariff())
    found, seconds = timed(lambda: database.execute(QUERY).fetchnumpy())
    return Answers(found["charged"], found["fund"], seconds, "64-bit integers, every core")


if __name__ == "__main__":
    tell("DuckDB", "recursive CTE by the number of the visit", settle)
