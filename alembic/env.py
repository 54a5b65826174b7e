"""Run the migrations, online against DATABASE_URL or offline into SQL.

All revisions run in one transaction. An advisory lock makes a second migration of the same
database wait for the first one; the second migration then finds the work done. While a migration
waits for a lock behind a long query, every later query waits too. A lock timeout ends this wait.
"""

from __future__ import annotations

import os
from logging.config import fileConfig
from typing import TYPE_CHECKING

from alembic import context
from alembic.util import CommandError
from sqlalchemy import create_engine, make_url, pool
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from conformance.declarations import include_name, include_object
from models import Base

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

#: SQLSTATEs of errors that are shown as one sentence, without a traceback: feature_not_supported (a
#: revision refuses the server), lock_not_available, read_only_sql_transaction.
ANSWERS = {"0A000", "55P03", "25006"}

#: Seconds, unless DATABASE_URL says otherwise.
CONNECT_TIMEOUT = "10"

#: The key of the advisory lock: "timescal" in ASCII.
MIGRATION_LOCK = 0x74696D657363616C

PREPARE = (
    # If two migrations start at once, the second waits here, before it reads the version table.
    "SET LOCAL lock_timeout = '10min'",
    f"SELECT pg_catalog.pg_advisory_xact_lock({MIGRATION_LOCK})",
    "SET LOCAL lock_timeout = '5s'",
    # The schema of new tables must not depend on the role that migrates.
    "SET LOCAL search_path = public",
)


def database_url() -> URL:
    """DATABASE_URL, with the driver that the project uses."""
    text = os.environ.get("DATABASE_URL", "")
    if not text:
        raise CommandError("DATABASE_URL is not set; example: postgresql://user@host:5432/database")
    try:
        url = make_url(text)
    # SQLAlchemy raises a ValueError if the port is not a number. Neither error is shown, because
    # its text may contain the password.
    except (ArgumentError, ValueError):
        raise CommandError(
            "DATABASE_URL is not a database URL; example: postgresql://user@host:5432/database"
        ) from None
    if "@" in (url.host or ""):
        raise CommandError("DATABASE_URL has more than one @; write one in the password as %40")
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise CommandError(f"DATABASE_URL names a {url.get_backend_name()} database")
    # Without a timeout libpq waits forever for a server that accepts and never answers.
    url = url.update_query_dict({"connect_timeout": CONNECT_TIMEOUT, **url.query})
    return url.set(drivername="postgresql+psycopg2")


def said(error: Exception) -> str:
    """The message of the server, or of psycopg2, on one line and without context."""
    original = getattr(error, "orig", None) or error
    diagnostics = getattr(original, "diag", None)
    words = str(getattr(diagnostics, "message_primary", None) or original)
    return " ".join(words.split())


def migrate(connection: Connection | None) -> None:
    """Run the revisions on the connection, or print them as SQL without one."""
    context.configure(
        connection=connection,
        dialect_name="postgresql" if connection is None else None,
        target_metadata=Base.metadata,
        literal_binds=connection is None,
        dialect_opts={"paramstyle": "named"} if connection is None else {},
        compare_type=True,
        compare_server_default=True,
        include_name=include_name,
        include_object=include_object,
    )
    with context.begin_transaction():
        for statement in PREPARE:
            context.execute(statement)
        context.run_migrations()


def migrate_online() -> None:
    """Migrate the caller's connection where one is given, else DATABASE_URL."""
    given = context.config.attributes.get("connection")
    if given is not None and hasattr(given, "exec_driver_sql"):
        migrate(given)
        return
    engine = given if given is not None else create_engine(database_url(), poolclass=pool.NullPool)
    try:
        connection = engine.connect()
    # psycopg2 raises a ValueError for a zero byte in the URL.
    except (DBAPIError, ValueError) as error:
        raise CommandError(f"DATABASE_URL leads to no connection: {said(error)}") from None
    try:
        with connection:
            migrate(connection)
    except DBAPIError as error:
        # An error without a SQLSTATE: no server answered, or the server ended.
        code = getattr(error.orig, "pgcode", None)
        if code in ANSWERS or (code is None and isinstance(error, OperationalError)):
            raise CommandError(said(error)) from None
        raise


# The examples have an ini file of their own, without sections for logging.
wanted = context.config.attributes.get("logging", True)
if wanted and context.config.file_config.has_section("loggers"):
    assert context.config.config_file_name is not None
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)

if context.is_offline_mode():
    migrate(None)
else:
    migrate_online()
