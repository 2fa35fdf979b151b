"""How an SQLite store writes the parts of a checkpoint into its lagging tables.

Rows have two sides. A part writes those that do not count yet, so that what the tables stand for
stays whole until the last part says that the others count from now on.
"""

from typing import Final

import apsw

from engine.store.sqlite_tables import STANDS
from engine.store.writing import Part

_OTHER_SIDE: Final = """
2 * ?1 + coalesce((
  SELECT 1 - (place & 1) FROM {table}
  WHERE place BETWEEN 2 * ?1 AND 2 * ?1 + 1 AND sequence <= {stands}
  ORDER BY sequence DESC LIMIT 1), 0)
"""

_PUT_LINES: Final = """
INSERT INTO {table} VALUES({place}, ?2, ?3) ON CONFLICT DO UPDATE
SET sequence = excluded.sequence, lines = excluded.lines
"""
_PUT_VISIT: Final = f"""
INSERT INTO visit VALUES(?1, ?2, ?3, ?4, coalesce((
  SELECT 1 - side FROM visit
  WHERE member = ?1 AND year = ?2 AND institution = ?3 AND visit = ?4 AND sequence <= {STANDS}
  ORDER BY sequence DESC LIMIT 1), 0), ?5, ?6)
ON CONFLICT DO UPDATE SET sequence = excluded.sequence, paid = excluded.paid
"""
_SET: Final = "UPDATE meta SET value = ? WHERE key = ?"
FORGET: Final = (
    *(
        f"DELETE FROM {table} WHERE sequence > {STANDS}"
        for table in ("request_id", "member_year", "account", "visit")
    ),
    "UPDATE meta SET value = 0 WHERE key = 'under_way'",
)
"""Takes away what a checkpoint wrote that was not written to its end; it never counted."""


def _put_lines(table: str) -> str:
    place = _OTHER_SIDE.format(table=table, stands=STANDS)
    return _PUT_LINES.format(table=table, place=place)


_PUT: Final = {
    "member_year": _put_lines("member_year"),
    "account": _put_lines("account"),
    "visit": _PUT_VISIT,
    "request_id": "INSERT INTO request_id VALUES(?, ?, ?, ?, ?, ?)",
    "credit": "INSERT INTO credit VALUES(?, ?, ?, ?, ?)",
}


def write_part(connection: apsw.Connection, part: Part, sequence: int) -> None:
    """Write a part in the transaction that is open; the last one makes its checkpoint count.

    Args:
        connection: of the store.
        part: what is written.
        sequence: of its checkpoint.
    """
    if part.is_first:
        connection.execute(_SET, (1, "under_way"))
    for table, rows in part.rows:
        connection.executemany(_PUT[table], rows)
    if part.is_last:
        connection.executemany(_SET, [(sequence, "checkpoint"), (0, "under_way")])
