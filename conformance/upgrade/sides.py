"""The two ends of an upgrade, and whether there is a way from one to the other."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.comparing.capabilities import version_tuple
from conformance.comparing.verdict import EngineUsed
from conformance.engines.connecting import connect
from conformance.engines.identification import identify_server
from conformance.errors import ConformanceError
from conformance.upgrade.extension import create_extension, offered_versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from conformance.comparing.capabilities import Server
    from conformance.engines.container.engine import ContainerEngine
    from conformance.engines.local.engine import LocalEngine
    from conformance.engines.server.url import UrlEngine

    #: An engine on which every database can have a version of TimescaleDB of its own.
    ServerEngine = ContainerEngine | LocalEngine | UrlEngine


@dataclass(frozen=True)
class Side:
    """One end of the upgrade.

    Attributes:
        engine: where databases are made; started.
        server: versions and edition; TimescaleDB's is the one that databases get.
        offered: all versions of TimescaleDB that its server offers.
    """

    engine: ServerEngine
    server: Server
    offered: frozenset[str]

    @property
    def used(self) -> EngineUsed:
        """For reports."""
        return EngineUsed.of(self.engine.name, self.engine.description, self.server)

    @property
    def postgresql(self) -> int:
        """PostgreSQL's major version."""
        return version_tuple(self.server.postgresql)[0]

    @property
    def community(self) -> bool:
        """Whether it has compression and policies."""
        return self.server.edition == "community"

    @contextmanager
    def database(self, schema: str | None, version: str | None = None) -> Iterator[URL]:
        """A database with nothing but the extension, in this end's version or in another.

        Args:
            schema: that the extension lives in; None: the usual one.
        """
        with self.engine.database() as url:
            create_extension(url, version or self.server.timescaledb, schema)
            yield url


def side_of(engine: ServerEngine, version: str | None = None) -> Side:
    """The end that an engine is.

    Args:
        version: of TimescaleDB; None: the engine's own.

    Raises:
        ConformanceError: the server does not offer the version.
        ServerUnsupported: the version is too old.
    """
    with engine.database() as url:
        offered = offered_versions(url)
        if version is None:
            return Side(engine, engine.server, offered)
        if version not in offered:
            known = ", ".join(sorted(offered, key=version_tuple))
            raise ConformanceError(
                f"The {engine.description} does not offer TimescaleDB {version}.",
                f"It offers {known}.",
            )
        create_extension(url, version)
        with connect(url) as connection:
            return Side(engine, identify_server(connection), offered)


def check_direction(old: Side, new: Side) -> None:
    """See that this is an upgrade.

    Raises:
        ConformanceError: it is a downgrade, no change at all, or a change to an edition that
            cannot read the data.
    """
    before, after = old.server, new.server
    if new.postgresql < old.postgresql:
        raise ConformanceError(
            f"From PostgreSQL {old.postgresql} to {new.postgresql} is a downgrade, which "
            "PostgreSQL does not offer.",
            "Exchange --from and --to.",
        )
    if version_tuple(after.timescaledb) < version_tuple(before.timescaledb):
        raise ConformanceError(
            f"From TimescaleDB {before.timescaledb} to {after.timescaledb} is a downgrade.",
            "Exchange --from and --to.",
        )
    if (before.timescaledb, old.postgresql) == (after.timescaledb, new.postgresql):
        raise ConformanceError(
            f"Both ends have TimescaleDB {after.timescaledb} on PostgreSQL {new.postgresql}: "
            "there is nothing to upgrade.",
            "Give a newer version with --to.",
        )
