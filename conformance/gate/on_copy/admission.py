"""Decide whether a rehearsal may run on a database; nothing is written before it is decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from conformance.comparing.enumerating import first_of
from conformance.engines.connecting import connect, place
from conformance.engines.identification import identify_server
from conformance.errors import ConformanceError
from conformance.gate.on_copy.choices import AS_FOUND
from conformance.gate.on_copy.mark import is_mark, marking, unfinished_revision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Row

    from conformance.comparing.capabilities import Server
    from conformance.gate.on_copy.choices import OnCopy

_DATABASE = text("""
SELECT d.datname AS name, pg_catalog.quote_ident(d.datname) AS quoted,
       pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       pg_catalog.pg_database_size(d.oid) AS bytes,
       pg_catalog.pg_has_role(d.datdba, 'USAGE') AS owned,
       r.rolname AS role, r.rolsuper AS superuser, r.rolsuper OR r.rolcreatedb AS may_create,
       coalesce(pg_catalog.current_setting('timescaledb.restoring', true), '') = 'on' AS restoring
  FROM pg_catalog.pg_database d, pg_catalog.pg_roles r
 WHERE d.datname = pg_catalog.current_database() AND r.rolname = current_user
""")
#: The kind of a session of another role is hidden from roles that are not in pg_read_all_stats.
_OTHERS = text("""
SELECT coalesce(nullif(application_name, ''), usename, 'unknown') AS who,
       backend_type IS NULL AS hidden
  FROM pg_catalog.pg_stat_activity
 WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
   AND coalesce(backend_type, 'client backend') IN ('client backend', 'walsender')
   AND (backend_type IS NOT NULL OR application_name NOT LIKE 'TimescaleDB Background Worker%')
 UNION ALL
SELECT 'standby ' || coalesce(nullif(application_name, ''), usename, 'unknown'), false
  FROM pg_catalog.pg_stat_replication
 WHERE pid NOT IN (SELECT pid FROM pg_catalog.pg_stat_activity
                    WHERE datname = pg_catalog.current_database())
 ORDER BY 1
""")
_NAMED = 3


class CopyRefused(ConformanceError):
    """No rehearsal may run on the database."""


@dataclass(frozen=True)
class Admitted:
    """A database on which a rehearsal may run.

    Attributes:
        url: its address, with the password.
        quoted: its name, quoted where SQL requires it.
        comment: the mark.
        owned: whether the role may do what only the owner of the database may.
        others: whether other clients are connected.
    """

    url: URL
    name: str
    quoted: str
    comment: str
    bytes: int
    owned: bool
    superuser: bool
    role: str
    may_create: bool
    others: bool
    server: Server

    @property
    def shown(self) -> str:
        """`database market at db:5432`."""
        return f"database {self.name} at {place(self.url)}"


def admit(on: OnCopy, url: URL) -> Admitted:
    """Check everything that does not depend on the revisions; one read-only transaction.

    Raises:
        ConformanceError: the database is not named a copy, cannot be written to, is in use, or does
            not have a supported TimescaleDB.
    """
    with connect(url) as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        # The setting above is the transaction's own; what counts is the one before it.
        read_only = connection.scalar(text("SHOW default_transaction_read_only")) == "on"
        row = connection.execute(_DATABASE).one()
        where = f"Database {row.name} at {place(url)}"
        _check_state(row, where, read_only=read_only)
        _check_mark(row, where)
        server = identify_server(connection)
        if row.restoring:
            raise CopyRefused(
                f"{where} is being restored: timescaledb.restoring is on.",
                "Call timescaledb_post_restore() first.",
            )
        others = list(_others(connection))
        connection.rollback()
    _check_others(on, others, where)
    _check_rights(on, row, where)
    return Admitted(
        url, row.name, row.quoted, row.comment, row.bytes, row.owned, row.superuser, row.role,
        row.may_create, bool(others), server,
    )  # fmt: skip


def _check_state(row: Row[tuple[object, ...]], where: str, *, read_only: bool) -> None:
    if row.in_recovery:
        raise CopyRefused(
            f"{where} is on a hot standby, on which nothing can be changed.",
            "Make a clone or restore a backup, mark that database as a copy, and name its URL.",
        )
    if read_only:
        raise CopyRefused(
            f"{where} is read-only for role {row.role}.",
            "Set default_transaction_read_only to off for the role, or use another role.",
        )


def _check_mark(row: Row[tuple[object, ...]], where: str) -> None:
    if (revision := unfinished_revision(row.comment)) is not None:
        raise CopyRefused(
            f"A rehearsal of {revision} changed {where[0].lower()}{where[1:]} and did not end, so"
            " that its state is unknown.",
            f"Restore the copy again, or drop it. If you know its state: {marking(row.quoted)}.",
        )
    if not is_mark(row.comment):
        raise CopyRefused(
            f"{where} is not named a copy, so nothing was run on it.",
            "If it is a clone or a restored backup that nobody needs, let its owner run "
            f"{marking(row.quoted)}; never mark a database that is in use.",
        )


def _others(connection: Connection) -> Iterator[str]:
    for row in connection.execute(_OTHERS):
        yield f"{row.who} (of a kind that only pg_read_all_stats sees)" if row.hidden else row.who


def _check_others(on: OnCopy, others: list[str], where: str) -> None:
    if others and not on.others:
        raise CopyRefused(
            f"{where} has other clients: {first_of(others, _NAMED)}.",
            "Disconnect them, or say --with-others: their statements then wait for the locks of"
            " the rehearsal.",
        )


def _check_rights(on: OnCopy, row: Row[tuple[object, ...]], where: str) -> None:
    if on.leave != AS_FOUND and not row.owned:
        raise CopyRefused(
            f"{where} does not belong to role {row.role}, so that it cannot be left {on.leave}.",
            "Use the owner of the database, or leave it as found.",
        )
