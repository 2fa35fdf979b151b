"""How a PostgreSQL store is set up: its tables, their format, and what a server must have set.

Plain tables and keys: no triggers, no advisory locks, no notifications, which PostgreSQL-compatible
distributed databases do not have. Everything is in a schema of its own.
"""

from typing import Any, Final

import psycopg

from engine.domain.journal import SegmentKind
from engine.domain.layout import ENTRY, FORMAT, MOVEMENT
from engine.errors import StoreError
from engine.state.tables import ACCOUNT_WIDTH, ID_USE, MEMBER_YEAR_WIDTH, ROW
from engine.store.chain import Link
from engine.store.schema import FOLDED_KINDS, NO_SUMS, PAYERS, POSITIONED_KINDS
from engine.store.seal import SUMS, describe_layout

SCHEMA: Final = "gongji"
STORE_FORMAT: Final = 1
"""Version of the tables below; the layout of an entry has a version of its own."""

_OLDEST_SERVER: Final = 140_000
_NEEDED: Final = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    # Anything less loses acknowledged commits when the server is killed.
    "synchronous_commit": ("on", "remote_write", "remote_apply"),
    "transaction_read_only": ("off",),
    "server_encoding": ("UTF8",),
}
"""Settings, and what they may say."""

_SECRET_SHIFT: Final = 128 - 63
"""From a UUID to a number below 2**63."""

Connection = psycopg.Connection[tuple[Any, ...]]


_TABLES: Final = (
    f"CREATE SCHEMA {SCHEMA}",
    "CREATE TABLE meta(key text PRIMARY KEY, value bigint NOT NULL)",
    "CREATE TABLE layout(format integer PRIMARY KEY, description text NOT NULL)",
    # Where the journal ends. Whoever appends locks this one row first, so segments are numbered in
    # the order of their commits; whoever does not know this digest cannot append.
    """
CREATE TABLE journal_end(
  one integer PRIMARY KEY CHECK (one = 1),
  sequence bigint NOT NULL CHECK (sequence >= 0),
  digest bytea NOT NULL CHECK (length(digest) = 32),
  next_position bigint NOT NULL CHECK (next_position >= 1)
)""",
    # What the lagging tables stand for. Whoever writes a checkpoint holds this row all the while.
    """
CREATE TABLE checkpoint(
  one integer PRIMARY KEY CHECK (one = 1),
  sequence bigint NOT NULL CHECK (sequence >= 0),
  position bigint NOT NULL CHECK (position >= 0)
)""",
    f"""
CREATE TABLE segment(
  sequence bigint PRIMARY KEY CHECK (sequence >= 1),
  kind smallint NOT NULL CHECK (kind BETWEEN 1 AND {max(SegmentKind):d}),
  format integer NOT NULL REFERENCES layout(format),
  instant bigint NOT NULL,
  first_position bigint NOT NULL CHECK (first_position >= 1),
  items integer NOT NULL CHECK (items >= 0),
  {", ".join(f"{name} bigint NOT NULL" for name in SUMS)},
  digest bytea NOT NULL CHECK (length(digest) = 32),
  text_starts bytea NOT NULL,
  text bytea NOT NULL,
  records bytea NOT NULL,
  CONSTRAINT total_of_payers CHECK (total = {PAYERS}),
  CHECK (kind <> 1 OR (items >= 1 AND length(text_starts) = 4 * (items + 1))),
  CHECK (kind <> 1 OR format <> {FORMAT} OR length(records) = items * {ENTRY.itemsize}),
  CHECK (kind <> 8 OR (items >= 1 AND length(text_starts) = 0 AND {NO_SUMS})),
  CHECK (kind <> 8 OR format <> {FORMAT} OR length(records) = items * {MOVEMENT.itemsize}),
  CHECK (kind IN {POSITIONED_KINDS}
    OR (length(text_starts) = 0 AND length(records) = 0 AND {NO_SUMS}))
)""",
    f"CREATE INDEX segment_position ON segment(first_position) WHERE kind IN {POSITIONED_KINDS}",
    f"CREATE INDEX segment_register ON segment(sequence) WHERE kind NOT IN {FOLDED_KINDS}",
    f"""
CREATE TABLE request_id(
  sequence bigint NOT NULL,
  number integer NOT NULL,
  lowest bigint NOT NULL,
  highest bigint NOT NULL CHECK (highest >= lowest),
  last_entry bigint NOT NULL CHECK (last_entry >= 1),
  uses bytea NOT NULL CHECK (length(uses) > 0 AND length(uses) % {ID_USE.itemsize} = 0),
  PRIMARY KEY (sequence, number)
)""",
    "CREATE INDEX request_id_institution ON request_id(lowest, highest)",
    # lowest_fen: the lowest number in the lines, so that nothing is stored that is below 0.
    *(
        f"""
CREATE TABLE {table}(
  place bigint PRIMARY KEY,
  sequence bigint NOT NULL,
  lowest_fen bigint NOT NULL CHECK (lowest_fen >= 0),
  lines bytea NOT NULL CHECK (length(lines) = {8 * ROW * width})
)"""
        for table, width in (("member_year", MEMBER_YEAR_WIDTH), ("account", ACCOUNT_WIDTH))
    ),
    """
CREATE TABLE visit(
  member bigint NOT NULL,
  year integer NOT NULL,
  institution bigint NOT NULL,
  visit text NOT NULL,
  sequence bigint NOT NULL,
  paid bigint NOT NULL CHECK (paid >= 0),
  PRIMARY KEY (member, year, institution, visit)
)""",
    """
CREATE TABLE credit(
  first_position bigint PRIMARY KEY,
  city text NOT NULL,
  month integer NOT NULL,
  lowest bigint NOT NULL CHECK (lowest >= 0),
  highest bigint NOT NULL CHECK (highest >= lowest)
)""",
    "CREATE INDEX credit_month ON credit(city, month)",
)
"""What the columns mean is said at the tables of the same names in `engine.store.schema`."""

_ENTERS: Final = "SELECT current_user::text, has_schema_privilege(%s, 'USAGE')"
_EXISTS: Final = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s"


def exists(connection: Connection) -> bool:
    """Return whether the database has a store, or something else under its name."""
    return connection.execute(_EXISTS, (SCHEMA,)).fetchone() is not None


def create(connection: Connection) -> None:
    """Create everything, in one transaction.

    Raises:
        StoreError: the schema is there already.
    """
    if exists(connection):
        raise StoreError(f"the database has a schema {SCHEMA} already; nothing was changed")
    end = Link()
    with connection.transaction():
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute("INSERT INTO layout VALUES (%s, %s)", (FORMAT, describe_layout()))
        connection.execute("INSERT INTO journal_end VALUES (1, %s, %s, %s)", end)
        connection.execute("INSERT INTO checkpoint VALUES (1, 0, 0)")
        # A secret of this store, so that nobody can make ids with equal fingerprints; no answer
        # depends on it.
        (secret,) = connection.execute("SELECT gen_random_uuid()").fetchone() or (None,)
        for key, value in (("format", STORE_FORMAT), ("id_seed", secret.int >> _SECRET_SHIFT)):
            connection.execute("INSERT INTO meta VALUES (%s, %s)", (key, value))


def check_exists(connection: Connection) -> None:
    """Check that the database has a store, and that the connection's user may look into it.

    Raises:
        StoreError: it has none, or not for that user; what to do.
    """
    if not exists(connection):
        raise StoreError("the database has no store; make one with gongji store init")
    user, enters = connection.execute(_ENTERS, (SCHEMA,)).fetchone() or ("", False)
    if not enters:
        raise StoreError(
            f"the store is not for user {user}; have its owner run gongji store grant URL {user}"
        )


def recognise(connection: Connection) -> None:
    """Check that the store is of a known format.

    Raises:
        StoreError: it is of another one; what to do.
    """
    found = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
    if found != (STORE_FORMAT,):
        raise StoreError(
            f"the store has format {found[0] if found else None}, this program knows "
            f"{STORE_FORMAT}; use the version that wrote it, or a newer one"
        )
    layouts: dict[int, str] = {}
    for number, description in connection.execute("SELECT format, description FROM layout"):
        layouts[number] = description
    if layouts != {FORMAT: describe_layout()}:
        raise StoreError(
            f"the store's entries have layouts {sorted(layouts)} and this program's layout "
            f"{FORMAT} is not among them, or differs; use the version that wrote it"
        )


def check_settings(connection: Connection) -> None:
    """Check that the server keeps what it has committed, and takes writes.

    Raises:
        StoreError: a setting is unsafe, or the server too old or a standby.
    """
    version = connection.info.server_version
    if version < _OLDEST_SERVER:
        raise StoreError(f"PostgreSQL {version // 10_000} is too old: 14 or newer is needed")
    if connection.execute("SELECT pg_is_in_recovery()").fetchone() != (False,):
        raise StoreError("the server is a standby and takes no writes; name the primary")
    for name, allowed in _NEEDED.items():
        row = connection.execute(f"SHOW {name}").fetchone()
        found = row[0] if row else None
        if found not in allowed:
            raise StoreError(
                f"PostgreSQL runs with {name} = {found} where {allowed[0]} is needed; "
                "the store would not be safe, so it is not opened"
            )
