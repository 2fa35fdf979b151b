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

_EVERYBODY: Final = "public"
"""A role that is everybody, however it is quoted."""

_ROLE: Final = "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s"
_ENTERS: Final = "SELECT has_schema_privilege(%s, %s, 'USAGE')"
_LACKS: Final = """
SELECT asked.privilege || ' on ' || asked.name
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS asked(name, privilege, number)
JOIN pg_catalog.pg_class ON pg_class.relname = asked.name
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace AND nspname = %s
WHERE NOT has_table_privilege(%s, pg_class.oid, asked.privilege)
ORDER BY number
"""
_CHANGES: Final = f"""
SELECT bool_or(role.oid = nspowner), bool_or(rolsuper OR rolname = ANY(%s)
    OR rolcreaterole AND current_setting('server_version_num')::int < 160000),
  bool_or(has_any_column_privilege(role.oid, pg_class.oid, 'UPDATE')),
  bool_or(has_table_privilege(role.oid, pg_class.oid, 'DELETE')),
  bool_or(has_table_privilege(role.oid, pg_class.oid, 'TRUNCATE')),
  bool_or(has_table_privilege(role.oid, pg_class.oid, 'TRIGGER'))
FROM pg_catalog.pg_class
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace
JOIN pg_catalog.pg_roles AS role ON pg_has_role(%s, role.oid, 'MEMBER')
WHERE nspname = '{SCHEMA}' AND relname = 'segment'
"""
"""Of a user and every role that it may take: whether it may change the journal, as `_WHY` says."""
_AS_SUPERUSER: Final = ["pg_write_server_files", "pg_execute_server_program"]
_OWNS: Final = "as the owner of the store or one of the owner's group"
_SUPERUSER: Final = "as a superuser, or as one who can become it"
_WHY: Final = (
    _OWNS,
    _SUPERUSER,
    *(f"having {what} on segment" for what in ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER")),
)


def grant(connection: Connection, user: str) -> None:
    """Let a user of the database serve the store, and not change its journal.

    What else this user was granted of the tables is revoked. Nothing is changed where it fails.

    Args:
        connection: As the owner.
        user: Who is there already.

    Raises:
        StoreError: there is no such user, or one who may change the journal all the same; or the
            connection's own user may not grant.
        psycopg.Error: that user is not even in the store.
    """
    if user == _EVERYBODY:
        raise StoreError(f"{user} is everybody; name one user")
    if connection.execute(_ROLE, (user,)).fetchone() is None:
        raise StoreError(f"the database knows no user {user}; make one with createuser")
    whom, schema = sql.Identifier(user), sql.Identifier(SCHEMA)
    with connection.transaction():
        _require_harmless(connection, user, _OWNS, _SUPERUSER)  # of whom nothing can be taken
        connection.execute(sql.SQL("REVOKE ALL ON SCHEMA {} FROM {}").format(schema, whom))
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, whom))
        for name, privileges in _NEEDED.items():
            table = sql.Identifier(SCHEMA, name)
            connection.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(table, whom))
            granted = sql.SQL(", ").join(map(sql.SQL, privileges))
            connection.execute(sql.SQL("GRANT {} ON {} TO {}").format(granted, table, whom))
        # Whoever has some privilege may say GRANT, which then grants nothing but a warning.
        if lacking(connection, user):
            raise StoreError("nothing was granted: that is for the owner of the store to do")
        _require_harmless(connection, user)


def _require_harmless(connection: Connection, user: str, *reasons: str) -> None:
    """Check that a user may not change the journal, for these reasons or for any."""
    found = ways_to_change(connection, user)
    if reasons:
        found = [reason for reason in found if reason in reasons]
    if found:
        raise StoreError(
            f"{user} may change the journal all the same, {', '.join(found)}; make a user of its "
            "own for servers, and revoke what its groups or PUBLIC may"
        )


def check_rights(connection: Connection) -> None:
    """Check that the connection's user may do what a server does.

    Raises:
        StoreError: something of it is missing; what to do.
    """
    user = _user_of(connection)
    missing = lacking(connection, user)
    if missing:
        raise StoreError(
            f"user {user} lacks {', '.join(missing)}; have the owner of the store run gongji "
            f"store grant URL {user}"
        )


def lacking(connection: Connection, user: str) -> list[str]:
    """Return what a user lacks of what a server needs; of tables that are there."""
    if connection.execute(_ENTERS, (user, SCHEMA)).fetchone() != (True,):
        return [f"USAGE on schema {SCHEMA}"]
    asked = [(table, privilege) for table, needed in _NEEDED.items() for privilege in needed]
    tables, privileges = map(list, zip(*asked, strict=True))
    return [what for (what,) in connection.execute(_LACKS, (tables, privileges, SCHEMA, user))]


def ways_to_change(connection: Connection, user: str) -> list[str]:
    """Return by what a user may change the journal, which no server has to; best nothing."""
    row = connection.execute(_CHANGES, (_AS_SUPERUSER, user)).fetchone() or ()
    return [why for why, may in zip(_WHY, row, strict=False) if may]


def owner_warning(connection: Connection) -> str:
    """Return a warning if the connection's user may change the journal, else nothing."""
    found = ways_to_change(connection, _user_of(connection))
    if not found:
        return ""
    return (
        f"the server's user may change the journal, {', '.join(found)}; let it connect as one who "
        "may not: gongji store grant URL USER"
    )


def _user_of(connection: Connection) -> str:
    (user,) = connection.execute("SELECT current_user::text").fetchone() or ("",)
    return str(user)
