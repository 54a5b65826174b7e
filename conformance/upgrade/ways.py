"""The ways to the new version: update in place, dump and restore, migrate afresh."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from conformance.engines.connecting import connect
from conformance.observed.explaining import is_denied
from conformance.observed.home import function
from conformance.project.migrations import Migrations
from conformance.upgrade.dumping import check_client, copy_rows, dump_and_restore
from conformance.upgrade.extension import update_extension
from conformance.upgrade.failures import WayUnavailable
from conformance.upgrade.preparing import postpone_jobs, prepare
from conformance.upgrade.report import AFRESH, IN_PLACE, RESTORED
from conformance.upgrade.tracing import look, traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from alembic.config import Config
    from sqlalchemy import URL, MetaData

    from conformance.upgrade.report import ExtensionUpdate
    from conformance.upgrade.servers import Servers
    from conformance.upgrade.sides import ServerEngine, Side
    from conformance.upgrade.tracing import Before


@dataclass(frozen=True)
class Project:
    """The project whose database is upgraded.

    Attributes:
        now: the moment that decides which chunks are recent.
    """

    metadata: MetaData
    config: Config
    now: datetime

    def migrations(self, side: Side) -> Migrations:
        """The project's migrations, for the edition of one side."""
        return Migrations(self.config, side.server.edition)

    def home(self, side: Side) -> str | None:
        """The schema in which the migrations create the extension; None for the default schema."""
        return self.migrations(side).home(side.engine)


@dataclass(frozen=True)
class UpgradedDatabase:
    """A database at the new version.

    Attributes:
        method: one sentence that says how the database was upgraded.
        seconds: how long the upgrade took.
        copied: whether the rows were copied, without the chunks' states.
        update: what updating the extension in place did.
    """

    url: URL
    engine: ServerEngine
    method: str
    seconds: float
    notices: tuple[str, ...] = ()
    copied: bool = False
    update: ExtensionUpdate | None = None


@contextmanager
def update_in_place(servers: Servers, _project: Project, source: URL) -> Iterator[UpgradedDatabase]:
    """Update the extension of the database itself, which then has the new version."""
    with servers.moved(source) as (url, engine):
        version = servers.new.server.timescaledb
        before = _look_if_possible(servers, url)
        started = time.monotonic()
        updated = update_extension(url, version)
        seconds = time.monotonic() - started
        method = f"ALTER EXTENSION timescaledb UPDATE TO '{version}'"
        if servers.how_moved:
            method += f", {servers.how_moved}"
        update = None if before is None else traced(before, updated)
        yield UpgradedDatabase(url, engine, f"{method}.", seconds, updated.notices, update=update)


def _look_if_possible(servers: Servers, url: URL) -> Before | None:
    """Look before the update; None if the new server has no library for the old version."""
    if servers.old.server.timescaledb not in servers.new.offered:
        return None
    return look(url)


@contextmanager
def restore(servers: Servers, project: Project, source: URL) -> Iterator[UpgradedDatabase]:
    """Transfer the data to another database: restore a dump, or else copy the rows."""
    old, new = servers.old.server.timescaledb, servers.new.server.timescaledb
    if old in servers.new.offered:
        check_client(servers.client, servers.new.server.postgresql)
        with servers.new.database(project.home(servers.new), old) as url:
            started = time.monotonic()
            _begin_restoring(url)
            dump_and_restore(
                servers.client,
                servers.url_for_client(servers.old, source),
                servers.url_for_client(servers.new, url),
                servers.folder,
                project.home(servers.new),
            )
            # A dump does not record when jobs ran: all would run immediately.
            postpone_jobs(url)
            _call(url, "timescaledb_post_restore")
            notices = update_extension(url, new).notices if new != old else ()
            method = f"pg_dump and pg_restore at TimescaleDB {old}, then updated."
            seconds = time.monotonic() - started
            yield UpgradedDatabase(url, servers.new.engine, method, seconds, notices)
    else:
        with servers.new.database(project.home(servers.new)) as url:
            project.migrations(servers.new).template().prepare(url)
            postpone_jobs(url)
            started = time.monotonic()
            copy_rows(source, url, project.metadata)
            method = (
                f"Migrated, rows copied: the new server does not offer TimescaleDB {old}, and a "
                "dump can be restored only in the same version."
            )
            seconds = time.monotonic() - started
            yield UpgradedDatabase(url, servers.new.engine, method, seconds, copied=True)


@contextmanager
def migrate_afresh(servers: Servers, project: Project, _source: URL) -> Iterator[UpgradedDatabase]:
    """Migrate a new database on the new version, and fill it with the same rows."""
    with servers.new.database(project.home(servers.new)) as url:
        started = time.monotonic()
        prepare(url, project.metadata, project.migrations(servers.new), now=project.now)
        method = "Migrated on the new version, and filled with the same rows."
        yield UpgradedDatabase(url, servers.new.engine, method, time.monotonic() - started)


def _begin_restoring(url: URL) -> None:
    try:
        _call(url, "timescaledb_pre_restore")
    except DBAPIError as error:
        if not is_denied(error):
            raise
        raise WayUnavailable(
            "the role may not call timescaledb_pre_restore(); only a superuser may restore a dump"
        ) from None


def _call(url: URL, name: str) -> None:
    """Call the function in a new session, since a loaded library caches its state."""
    with connect(url, autocommit=True) as connection:
        connection.execute(text(f"SELECT {function(connection, name)}()"))


#: The ways in execution order; the last one changes the source.
RUNNERS: dict[str, Callable[[Servers, Project, URL], AbstractContextManager[UpgradedDatabase]]] = {
    RESTORED: restore,
    AFRESH: migrate_afresh,
    IN_PLACE: update_in_place,
}
