"""Alembic's migrations, run in this process on a database of our own."""

from __future__ import annotations

import hashlib
import io
from argparse import Namespace
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from alembic import command
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool

from conformance.engines.base import Template
from conformance.engines.connecting import connect
from conformance.errors import MigrationFailed
from conformance.observed import Scope
from conformance.observed.home import home_of, version_of
from conformance.project.confinement import confined, nowhere
from conformance.project.failing import why_it_failed
from conformance.project.giving import given
from conformance.project.left_out import LEFT_OUT, LeftOut
from conformance.project.preparation import prepare, statements_of
from conformance.project.scripts import (
    again,
    fingerprint,
    ini_of,
    insist_on_the_extension,
    name_its_schema,
    name_its_version,
    revisions_of,
    single_head,
)
from conformance.project.surroundings import said_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import URL, Connection

    from conformance.engines.base import Engine
    from conformance.errors import ConformanceError


_CREATE = "CREATE EXTENSION timescaledb"


@dataclass(frozen=True)
class Migrations:
    """A project's migrations, as they run on servers of one edition.

    Attributes:
        config: Alembic's configuration, as `alembic_config` reads it.
        edition: `community` or `apache`, of TimescaleDB. On the Apache edition a migration gets
            `-x apache=allow`, and may leave out what that edition lacks.
    """

    config: Config
    edition: str = "community"

    @classmethod
    def on(cls, engine: Engine, config: Config) -> Self:
        """The migrations as they run on an engine, which was started.

        The embedded one lacks extensions that servers have: those are left out.
        """
        if engine.name == "embedded":
            config.attributes.setdefault(LEFT_OUT, LeftOut())
        return cls(config, engine.server.edition)

    @property
    def left_out(self) -> set[str]:
        """The extensions that were left out so far."""
        known: LeftOut | None = self.config.attributes.get(LEFT_OUT)
        return known.names if known else set()

    def __post_init__(self) -> None:
        """Choose the edition also for those who run Alembic on the configuration themselves."""
        self._choose_edition()

    def _choose_edition(self) -> None:
        """Alembic keeps what `-x` gives among the options of its command line."""
        apache = self.edition == "apache"
        self.config.cmd_opts = Namespace(x=["apache=allow"]) if apache else None

    @property
    def ini(self) -> str:
        """The path of Alembic's ini file."""
        return str(ini_of(self.config))

    @property
    def unmigrated(self) -> Template | None:
        """A database before the first revision, where it is to have something; None: empty."""
        statements = statements_of(self.config)
        if not statements:
            return None
        key = hashlib.sha256(repr(statements).encode()).hexdigest()[:32]
        return Template("prepared", key, lambda url: prepare(url, statements))

    def upgrade(self, connection: Connection, revision: str = "head") -> None:
        """`alembic upgrade` on the connection, which is committed."""
        self._run(command.upgrade, connection, revision)

    def downgrade(self, connection: Connection, revision: str = "base") -> None:
        """`alembic downgrade` on the connection, which is committed."""
        self._run(command.downgrade, connection, revision)

    def offline_sql(self) -> str:
        """What `alembic upgrade head --sql` prints."""
        return "".join(self.offline_statements())

    def offline_statements(self, revision: str = "head") -> tuple[str, ...]:
        """The same, statement by statement, with the comments between them.

        Args:
            revision: where to, or a range: `0001:0002`.
        """
        buffer = _Writes()
        offline = again(self.config, buffer)
        Migrations(offline, self.edition)
        with nowhere(offline):
            command.upgrade(offline, revision, sql=True)
        left_out: LeftOut = self.config.attributes.get(LEFT_OUT) or LeftOut()
        return tuple(item for item in buffer.writes if not left_out.concerns(item))

    def version_table(self, connection: Connection) -> str:
        """The name of Alembic's own table, which env.py may choose; nothing is migrated."""
        found: list[str] = []
        directory = ScriptDirectory.from_config(self.config)

        def see(_revision: object, context: MigrationContext) -> list[object]:
            found.append(context.version_table)
            return []

        def run_env(_config: object, _revision: object) -> None:
            with EnvironmentContext(self.config, directory, fn=see, dont_mutate=True):
                directory.run_env()

        # Where env.py fails the migration does as well, and says more.
        with suppress(Exception):
            self._run(run_env, connection, "")
        return found[0] if found else Scope.version_table

    @property
    def insist_on_the_extension(self) -> bool:
        """Whether they create TimescaleDB, or its schema, as if it could not be there."""
        return insist_on_the_extension(self.config)

    def home(self, engine: Engine) -> str | None:
        """The schema that they create TimescaleDB in; None: the usual one.

        Args:
            engine: migrates a database, where the files say more than the usual.
        """
        if not name_its_schema(self.config) and not statements_of(self.config):
            return None
        with engine.database(self.template()) as url, connect(url) as connection:
            found = home_of(connection)
            return None if found == "public" else found

    def use_their_version(self, engine: Engine) -> None:
        """Let the engine know the version that they create TimescaleDB in, where they say one.

        Raises:
            ConformanceError: the migration does not run, or the server cannot be used with it.
        """
        if name_its_version(self.config) or statements_of(self.config):
            with engine.database(self.template()) as url, connect(url) as connection:
                version = version_of(connection)
            if version is not None:
                engine.use(version)

    def template(self) -> Template:
        """The database after `alembic upgrade head`.

        Its key covers every file that a migration can depend on.

        Raises:
            MigrationFailed: there is not exactly one head; when it is prepared, the migration
                fails.
        """
        head = single_head(self.config)

        statements = statements_of(self.config)

        def migrate(url: URL) -> None:
            prepare(url, statements)
            try:
                # Idle: an env.py that connects by itself meets no lock of it.
                with create_engine(url, poolclass=pool.NullPool).connect() as connection:
                    self.upgrade(connection)
                    there = home_of(connection) is not None
            # Whatever a migration raises: its author is the one who must read it.
            except (Exception, SystemExit) as error:
                raise self.why_it_failed(error, head) from error
            if not there:
                raise MigrationFailed(
                    f"After the migration to {head} the database has no extension timescaledb.",
                    f"If it is not the migrations that create it, say so: {said_once(_CREATE)}.",
                )

        name = "apache" if self.edition == "apache" else "migrated"
        parts = f"{fingerprint(self.config)} {self.edition} {statements}"
        return Template(name, hashlib.sha256(parts.encode()).hexdigest()[:32], migrate)

    def why_it_failed(self, error: BaseException, goal: str = "head") -> ConformanceError:
        """The error of a migration as a sentence: its revision, its file, its statement."""
        return why_it_failed(error, revisions_of(self.config), goal, self.left_out)

    def _run(self, what: Callable[..., object], connection: Connection, revision: str) -> None:
        self._choose_edition()
        with given(self.config, connection), confined(self.config, connection.engine.url):
            what(self.config, revision)
        connection.commit()


class _Writes(io.StringIO):
    """A buffer that remembers what was written at once: Alembic writes one statement at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        """Called by Alembic."""
        self.writes.append(text)
        return super().write(text)
