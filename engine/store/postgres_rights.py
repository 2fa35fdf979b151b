"""What a server's user may do in a PostgreSQL store: add to the journal, and never change it."""

from typing import Final

from psycopg import sql

from engine.errors import StoreError
from engine.store.postgres_schema import SCHEMA, Connection

_NEEDED: Final = {
    "meta": ("SELECT", "UPDATE"),
    "layout": ("SELECT",),
    "journal_end": ("SELECT", "UPDATE"),
    "checkpoint": ("SELECT", "UPDATE"),
    "segment": ("SELECT", "INSERT"),
    "request_id": ("SELECT", "INSERT"),
    "credit": ("SELECT", "INSERT"),
    "member_year": ("SELECT", "INSERT", "UPDATE"),
    "account": ("SELECT", "INSERT", "UPDATE"),
    "visit": ("SELECT", "INSERT", "UPDATE"),
}
"""Privileges of a server by table; DELETE and TRUNCATE are for none."""

_CHANGING: Final = ("UPDATE", "DELETE", "TRUNCATE")
"""Privileges that nobody needs on the journal."""

_ENTERS: Final = "SELECT current_user, has_schema_privilege(%s, 'USAGE')"
_MAY: Final = """
SELECT asked.name, asked.privilege, has_table_privilege(pg_class.oid, asked.privilege)
FROM unnest(%s::text[], %s::text[]) AS asked(name, privilege)
JOIN pg_catalog.pg_class ON pg_class.relname = asked.name
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace AND nspname = %s
ORDER BY asked.name, asked.privilege
"""


def grant(connection: Connection, user: str) -> None:
    """Let a user of the database serve the store, and do no more in it; whoever owns it may say so.

    Args:
        connection: As the owner.
        user: Who is there already.

    Raises:
        psycopg.Error: there is no such user, or the connection's own user may not say so.
    """
    whom, schema = sql.Identifier(user), sql.Identifier(SCHEMA)
    with connection.transaction():
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, whom))
        for name, privileges in _NEEDED.items():
            table = sql.Identifier(SCHEMA, name)
            connection.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(table, whom))
            granted = sql.SQL(", ").join(map(sql.SQL, privileges))
            connection.execute(sql.SQL("GRANT {} ON {} TO {}").format(granted, table, whom))


def check_rights(connection: Connection) -> None:
    """Check that the connection's user may do what a server does.

    Raises:
        StoreError: something of it is missing; what to do.
    """
    user, enters = connection.execute(_ENTERS, (SCHEMA,)).fetchone() or ("", False)
    asked = [(table, privilege) for table, needed in _NEEDED.items() for privilege in needed]
    missing = [f"{what} on {table}" for table, what in _held(connection, asked, held=False)]
    if not enters:
        missing = [f"USAGE on schema {SCHEMA}"]
    if missing:
        raise StoreError(
            f"user {user} lacks {', '.join(missing)}; have the owner of the store run gongji "
            f"store grant URL {user}"
        )


def needless_rights(connection: Connection) -> str:
    """Return a warning if the connection's user may change the journal, else nothing."""
    asked = [("segment", privilege) for privilege in _CHANGING]
    found = [what for _, what in _held(connection, asked, held=True)]
    if not found:
        return ""
    return (
        f"the server's user may change the journal ({', '.join(found)} on {SCHEMA}.segment); "
        "let it connect as one who may not: gongji store grant URL USER"
    )


def _held(
    connection: Connection, asked: list[tuple[str, str]], *, held: bool
) -> list[tuple[str, str]]:
    """Return which (table, privilege) the user has, or has not; of tables that are there."""
    tables, privileges = zip(*asked, strict=True)
    rows = connection.execute(_MAY, (list(tables), list(privileges), SCHEMA))
    return [(table, privilege) for table, privilege, has in rows if has is held]
