"""The two sides of an upgrade, and the check that one can be upgraded to the other."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
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

    #: An engine whose databases can have different versions of TimescaleDB.
    ServerEngine = ContainerEngine | LocalEngine | UrlEngine


@dataclass(frozen=True)
class Side:
    """One side of the upgrade.

    Attributes:
        engine: the running engine that creates databases.
        server: versions and edition; databases get this version of TimescaleDB.
        offered: all versions of TimescaleDB that the server offers.
        used: the description for reports; of an installation, before another one takes it over.
    """

    engine: ServerEngine
    server: Server
    offered: frozenset[str]
    used: EngineUsed = field(init=False)

    def __post_init__(self) -> None:
        """Describe the engine as it is now."""
        used = EngineUsed.of(self.engine.name, self.engine.description, self.server)
        object.__setattr__(self, "used", used)

    @property
    def postgresql(self) -> int:
        """PostgreSQL's major version."""
        return version_tuple(self.server.postgresql)[0]

    @property
    def community(self) -> bool:
        """Whether the server has compression and policies."""
        return self.server.edition == "community"

    @contextmanager
    def database(self, schema: str | None, version: str | None = None) -> Iterator[URL]:
        """Create a database with only the extension, in this side's version or in another.

        Args:
            schema: the schema of the extension; None for the default schema.
        """
        with self.engine.database() as url:
            create_extension(url, version or self.server.timescaledb, schema)
            yield url


def side_of(engine: ServerEngine, version: str | None = None) -> Side:
    """Make a side of an engine.

    Args:
        version: the version of TimescaleDB; None for the engine's own.

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
    """Check that the new side is an upgrade of the old one.

    Raises:
        ConformanceError: the new side is older than or the same as the old one.
    """
    before, after = old.server, new.server
    if new.postgresql < old.postgresql:
        raise ConformanceError(
            f"From PostgreSQL {old.postgresql} to {new.postgresql} is a downgrade, which "
            "PostgreSQL does not support.",
            "Exchange --from and --to.",
        )
    if version_tuple(after.timescaledb) < version_tuple(before.timescaledb):
        raise ConformanceError(
            f"From TimescaleDB {before.timescaledb} to {after.timescaledb} is a downgrade.",
            "Exchange --from and --to.",
        )
    if (before.timescaledb, old.postgresql) == (after.timescaledb, new.postgresql):
        raise ConformanceError(
            f"Both --from and --to have TimescaleDB {after.timescaledb} on PostgreSQL "
            f"{new.postgresql}: there is nothing to upgrade.",
            "Give a newer version with --to.",
        )
