"""The ways to the new version: updated in place, dumped and restored, migrated afresh."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from conformance.engines.connecting import connect
from conformance.observed.home import function
from conformance.project.migrations import Migrations
from conformance.upgrade.dumping import check_client, copy_rows, dump_and_restore
from conformance.upgrade.extension import update_extension
from conformance.upgrade.failures import WayNotOpen
from conformance.upgrade.preparing import hold_policies, prepare
from conformance.upgrade.report import AFRESH, IN_PLACE, RESTORED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from alembic.config import Config
    from sqlalchemy import URL, MetaData

    from conformance.upgrade.servers import Servers
    from conformance.upgrade.sides import ServerEngine, Side


#: SQLSTATE of insufficient_privilege.
_NO_RIGHT = "42501"


@dataclass(frozen=True)
class Project:
    """What is upgraded.

    Attributes:
        now: which chunks are recent.
    """

    metadata: MetaData
    config: Config
    now: datetime

    def migrations(self, side: Side) -> Migrations:
        """The project's migrations, as they run on one end."""
        return Migrations(self.config, side.server.edition)

    def home(self, side: Side) -> str | None:
        """The schema that the migrations want the extension in; None: the usual one."""
        return self.migrations(side).home(side.engine)


@dataclass(frozen=True)
class Arrival:
    """A database at the new version.

    Attributes:
        method: how it got there, one sentence.
        seconds: how long that took.
        copied: it got its rows by copying them, without their chunks' states.
    """

    url: URL
    engine: ServerEngine
    method: str
    seconds: float
    notices: tuple[str, ...] = ()
    copied: bool = False


@contextmanager
def updated_in_place(servers: Servers, _project: Project, source: URL) -> Iterator[Arrival]:
    """The database itself, with its extension updated; it is not at the old version any more."""
    with servers.moved(source) as (url, engine):
        version = servers.new.server.timescaledb
        started = time.monotonic()
        notices = update_extension(url, version)
        method = f"ALTER EXTENSION timescaledb UPDATE TO '{version}'"
        if servers.how_moved:
            method += f", {servers.how_moved}"
        yield Arrival(url, engine, f"{method}.", time.monotonic() - started, notices)


@contextmanager
def restored(servers: Servers, project: Project, source: URL) -> Iterator[Arrival]:
    """Another database with what the source holds."""
    old, new = servers.old.server.timescaledb, servers.new.server.timescaledb
    if old in servers.new.offered:
        check_client(servers.client, servers.new.server.postgresql)
        with servers.new.database(project.home(servers.new), old) as url:
            started = time.monotonic()
            _begin_restoring(url)
            dump_and_restore(
                servers.client,
                servers.seen_by_client(servers.old, source),
                servers.seen_by_client(servers.new, url),
                servers.folder,
            )
            # A dump has no record of when policies ran: all would run as soon as they may.
            hold_policies(url)
            _call(url, "timescaledb_post_restore")
            notices = update_extension(url, new) if new != old else ()
            method = f"pg_dump, pg_restore at TimescaleDB {old}, then updated."
            seconds = time.monotonic() - started
            yield Arrival(url, servers.new.engine, method, seconds, notices)
    else:
        with servers.new.database(project.home(servers.new)) as url:
            project.migrations(servers.new).template().prepare(url)
            hold_policies(url)
            started = time.monotonic()
            copy_rows(source, url, project.metadata)
            method = (
                f"Migrated, and rows copied: the new server does not offer TimescaleDB {old}, and "
                "a dump can be restored in the same version only."
            )
            seconds = time.monotonic() - started
            yield Arrival(url, servers.new.engine, method, seconds, copied=True)


@contextmanager
def migrated_afresh(servers: Servers, project: Project, _source: URL) -> Iterator[Arrival]:
    """A database that never was at another version, filled with the same rows."""
    with servers.new.database(project.home(servers.new)) as url:
        started = time.monotonic()
        prepare(url, project.metadata, project.migrations(servers.new), now=project.now)
        method = "Migrated on the new version, and filled with the same rows."
        yield Arrival(url, servers.new.engine, method, time.monotonic() - started)


def _begin_restoring(url: URL) -> None:
    try:
        _call(url, "timescaledb_pre_restore")
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) != _NO_RIGHT:
            raise
        raise WayNotOpen(
            "the role may not call timescaledb_pre_restore(); a dump is restored by a superuser"
        ) from None


def _call(url: URL, name: str) -> None:
    """In a session of its own: a library once loaded keeps what it knows."""
    with connect(url, autocommit=True) as connection:
        connection.execute(text(f"SELECT {function(connection, name)}()"))


#: The last one takes the source away.
IN_ORDER: dict[str, Callable[[Servers, Project, URL], AbstractContextManager[Arrival]]] = {
    RESTORED: restored,
    AFRESH: migrated_afresh,
    IN_PLACE: updated_in_place,
}
