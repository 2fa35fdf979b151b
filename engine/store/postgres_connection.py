"""Connections to a PostgreSQL store, set and checked before anybody uses them."""

from typing import Final

import psycopg

from engine.errors import StoreError
from engine.store.postgres_errors import Translated
from engine.store.postgres_schema import (
    SCHEMA,
    Connection,
    check_exists,
    check_settings,
    recognise,
)

_OPTIONS: Final = {
    "connect_timeout": "3",
    "application_name": "gongji",
    "client_encoding": "UTF8",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
_SETTINGS: Final = {
    "search_path": SCHEMA,
    "lock_timeout": "2s",
    "statement_timeout": "0",
    # A server that stands still in a transaction must not keep the others waiting for ever.
    "idle_in_transaction_session_timeout": "60s",
    # Nor must one whose machine is gone.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "client_min_messages": "warning",
}
_COMPRESS: Final = """
SELECT set_config(name, 'lz4', false) FROM pg_settings
WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)
"""
"""By its default the database takes nineteen times as long for a large segment."""


def dial(url: str) -> Connection:
    """Return a connection to a database, whatever is in it; every statement is on its own.

    Raises:
        StoreError: it cannot be reached.
    """
    try:
        given = psycopg.conninfo.conninfo_to_dict(url)
        whole = psycopg.conninfo.make_conninfo("", **{**_OPTIONS, **given})
        connection = psycopg.connect(whole, autocommit=True)
    except psycopg.Error as error:
        told = " ".join(str(error).split())
        raise StoreError(f"the database cannot be reached: {told}") from error
    with Translated():
        for name, value in _SETTINGS.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.execute(_COMPRESS)
    return connection


def connect(url: str) -> Connection:
    """Return a connection to a database with a store in it, which keeps what it has committed.

    Raises:
        StoreError: it cannot be reached, has no store, or is set up unsafely; what to do.
    """
    connection = dial(url)
    try:
        with Translated():
            check_settings(connection)
            check_exists(connection)
            recognise(connection)
    except BaseException:
        connection.close()
        raise
    return connection
