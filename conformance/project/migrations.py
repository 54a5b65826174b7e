"""Run a project's Alembic migrations in this process, on a database of the suite."""

from __future__ import annotations

import hashlib
import io
from contextlib import contextmanager, suppress
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
from conformance.project.configuration import Configuration
from conformance.project.confinement import confined, nowhere
from conformance.project.env_connection import passed_to_env
from conformance.project.failing import ONLINE, failure_in_a_file, place_of, why_it_failed
from conformance.project.flask_app import PROJECT
from conformance.project.left_out import LEFT_OUT, LeftOut
from conformance.project.preparation import prepare, prepared, statements_of
from conformance.project.scripts import (
    command_line,
    copied_config,
    fingerprint,
    heads_of,
    ini_of,
    insist_on_the_extension,
    may_set_extension_schema,
    may_set_extension_version,
    revisions_of,
)
from conformance.project.surroundings import configured_statement, mentions
from conformance.project.swallowing import swallowed_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import URL, Connection

    from conformance.engines.base import Engine
    from conformance.errors import ConformanceError


_CREATE = "CREATE EXTENSION timescaledb"
#: Every version table has this column.
_VERSION_TABLES = """
SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute WHERE attname = 'version_num'
"""


@dataclass(frozen=True)
class Migrations:
    """A project's migrations on servers of one edition.

    Attributes:
        config: Alembic's configuration, from `alembic_config`.
        edition: TimescaleDB's edition, `community` or `apache`. On the Apache edition a migration
            gets `-x apache=allow`, and may leave out what that edition lacks.
    """

    config: Config
    edition: str = "community"

    @classmethod
    def on(cls, engine: Engine, config: Config) -> Self:
        """The migrations on a started engine.

        Extensions that the embedded engine lacks are left out, and CONCURRENTLY is.

        Raises:
            MigrationFailed: env.py migrates several databases: its connections would be led to one,
                and wait for each other.
        """
        _insist_on_one_database(config)
        if engine.name == "embedded":
            config.attributes.setdefault(LEFT_OUT, LeftOut())
        return cls(config, engine.server.edition)

    @property
    def left_out(self) -> set[str]:
        """The extensions that the engine lacks and that were left out so far."""
        known = self.leaving_out
        return known.names | known.lacked_by(self.prepared) if known else set()

    @property
    def leaving_out(self) -> LeftOut | None:
        """What takes in the extensions that the engine lacks; None: they fail."""
        known: LeftOut | None = self.config.attributes.get(LEFT_OUT)
        return known

    @property
    def not_concurrently(self) -> tuple[str, ...]:
        """The statements that use several transactions elsewhere, and ran in one on this engine."""
        known = self.leaving_out
        return tuple(known.concurrently) if known else ()

    @contextmanager
    def as_written(self) -> Iterator[None]:
        """Send statements that use several transactions as they are, whether or not they work."""
        known = self.leaving_out or LeftOut()
        known.as_written = True
        try:
            yield
        finally:
            known.as_written = False

    def __post_init__(self) -> None:
        """Set the edition for code that runs Alembic on the configuration itself."""
        self._choose_edition()

    def _choose_edition(self) -> None:
        """Set `-x` where Alembic keeps it: among the options of its command line."""
        self.config.cmd_opts = command_line(*["apache=allow"] * (self.edition == "apache"))

    @property
    def ini(self) -> str:
        """The path of Alembic's ini file."""
        return str(ini_of(self.config))

    @property
    def unmigrated(self) -> Template | None:
        """The database before the first revision, after `prepare`; None: an empty database."""
        return prepared(self._project, self.leaving_out)

    @property
    def prepared(self) -> tuple[str, ...]:
        """The statements of `prepare`."""
        return statements_of(self._project)

    @property
    def _project(self) -> Configuration:
        return self.config.attributes.get(PROJECT) or Configuration()

    def upgrade(self, connection: Connection, revision: str = "heads") -> None:
        """Run `alembic upgrade` on the connection, and commit; by default of all branches."""
        self._run(command.upgrade, connection, revision)

    def downgrade(self, connection: Connection, revision: str = "base") -> None:
        """Run `alembic downgrade` on the connection, and commit."""
        self._run(command.downgrade, connection, revision)

    def offline_statements(self, revision: str = "heads") -> tuple[str, ...]:
        """The statements of `alembic upgrade --sql`, with the comments between them.

        Args:
            revision: the target revision, or a range: `0001:0002`.
        """
        buffer = _Writes()
        offline = copied_config(self.config, buffer)
        Migrations(offline, self.edition)
        with nowhere(offline):
            command.upgrade(offline, revision, sql=True)
        left_out = self.leaving_out
        return tuple(buffer.writes if left_out is None else left_out.of_script(buffer.writes))

    def version_table(self, connection: Connection) -> str:
        """The name of Alembic's version table, which env.py may choose. Does not migrate."""
        found: list[str] = []
        directory = ScriptDirectory.from_config(self.config)

        def see(_revision: object, context: MigrationContext) -> list[object]:
            found.append(context.version_table)
            return []

        def run_env(_config: object, _revision: object) -> None:
            with EnvironmentContext(self.config, directory, fn=see, dont_mutate=True):
                directory.run_env()

        # If env.py fails, so does the migration, with a better error.
        with suppress(Exception):
            self._run(run_env, connection, "")
        return found[0] if found else Scope.version_table

    def insist_on_the_extension(self, *, schemas: bool = True) -> bool:
        """Whether the migrations create TimescaleDB, or a schema, without IF NOT EXISTS."""
        return insist_on_the_extension(self.config, schemas=schemas)

    def home(self, engine: Engine) -> str | None:
        """The schema in which the migrations create TimescaleDB; None: `public`.

        Args:
            engine: migrates a database if the files mention such a schema.
        """
        if not may_set_extension_schema(self.config) and not self.prepared:
            return None
        with engine.database(self.template()) as url, connect(url) as connection:
            found = home_of(connection)
            return None if found == "public" else found

    def use_their_version(self, engine: Engine) -> None:
        """Set the engine to the version of TimescaleDB that the migrations create.

        Raises:
            ConformanceError: the migration fails, or the server does not support the version.
        """
        if may_set_extension_version(self.config) or self.prepared:
            with engine.database(self.template()) as url, connect(url) as connection:
                version = version_of(connection)
            if version is not None:
                engine.use(version)

    def template(self) -> Template:
        """The database after `alembic upgrade head`.

        The key of the template covers every file that a migration can depend on.

        Raises:
            MigrationFailed: a branch has several heads. Preparing the template also raises it, when
                the migration fails.
        """
        heads = heads_of(self.config)
        head = heads[0] if len(heads) == 1 else "heads"
        statements = self.prepared

        def migrate(url: URL) -> None:
            prepare(url, statements, self.leaving_out)
            try:
                # Not in a transaction: an env.py that connects by itself must not wait for a lock.
                with create_engine(url, poolclass=pool.NullPool).connect() as connection:
                    self.upgrade(connection)
                    there = home_of(connection) is not None
                    ran = there or _has_run(connection)
            # A migration may raise anything, and its author must read it.
            except (Exception, SystemExit) as error:
                raise self.why_it_failed(error, head) from error
            if not ran and self._prints_sql():
                raise MigrationFailed("env.py runs no revision.", ONLINE)
            if not there:
                raise MigrationFailed(
                    f"After the migration to {head} the database does not have the extension"
                    " timescaledb.",
                    "Create the extension in a revision. If the migrations do not create it, set"
                    f" {configured_statement(_CREATE)}.",
                )

        name = "apache" if self.edition == "apache" else "migrated"
        parts = f"{fingerprint(self.config)} {self.edition} {statements}"
        return Template(name, hashlib.sha256(parts.encode()).hexdigest()[:32], migrate)

    def why_it_failed(self, error: BaseException, goal: str = "head") -> ConformanceError:
        """The error of a migration with its revision, its file and its statement."""
        revisions = revisions_of(self.config)
        return why_it_failed(error, revisions, goal, self.left_out, self._prints_sql)

    def _prints_sql(self) -> bool:
        """Whether `alembic upgrade --sql` works and prints something."""
        try:
            return bool(self.offline_statements())
        # env.py or a revision may raise anything.
        except (Exception, SystemExit):
            return False

    def place_of(self, error: BaseException) -> str | None:
        """The revision, its file and the line that raised the error; None if no file raised it."""
        return place_of(error, revisions_of(self.config))

    def failure_in_a_file(self, error: BaseException) -> ConformanceError | None:
        """The error with its revision, its file and its statement; None if no file raised it."""
        return failure_in_a_file(error, revisions_of(self.config), self.left_out)

    def _run(self, what: Callable[..., object], connection: Connection, revision: str) -> None:
        self._choose_edition()
        # An env.py that connects by itself must not wait for an open transaction.
        connection.commit()
        with (
            passed_to_env(self.config, connection),
            confined(self.config, connection.engine.url),
            swallowed_errors(),
        ):
            what(self.config, revision)
        connection.commit()


def _insist_on_one_database(config: Config) -> None:
    """Refuse what `alembic init -t multidb` writes, while its ini file names several databases."""
    names = [name.strip() for name in (config.get_main_option("databases") or "").split(",")]
    if len(names) > 1 and mentions(config, "databases"):
        raise MigrationFailed(
            f"env.py migrates {len(names)} databases ({', '.join(names)}), and the suite has one.",
            f"Copy {ini_of(config).name}, write databases = {names[-1]} in the copy, and name the"
            " copy with --alembic-ini, and the models of that database with --models.",
        )


def _has_run(connection: Connection) -> bool:
    """Whether any schema has a version table of Alembic, by whatever name."""
    return bool(connection.exec_driver_sql(_VERSION_TABLES).scalar_one())


class _Writes(io.StringIO):
    """A buffer that keeps each write apart: Alembic writes one statement at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        """Append the text; called by Alembic."""
        self.writes.append(text)
        return super().write(text)
