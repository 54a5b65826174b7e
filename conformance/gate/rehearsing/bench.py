"""The test bench of revisions: a database at the base with rows, replaced once it is changed."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import DBAPIError

from conformance.engines.base import Template
from conformance.errors import MigrationFailed
from conformance.gate.revisions.files import imports_of
from conformance.observed import Scope
from conformance.observed.home import create_extension
from conformance.population.aggregates import refresh_aggregates
from conformance.population.filling import fill_table, rows_key
from conformance.population.reflection import reflect, schemas_of
from conformance.population.thinness import thin
from conformance.project.confinement import confined
from conformance.project.migrations import Migrations
from conformance.project.preparation import prepare, statements_of
from conformance.project.scripts import variables_named_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alembic.config import Config
    from sqlalchemy import URL, Connection, Table

    from conformance.engines.base import Engine
    from conformance.gate.revisions.new import NewRevisions, Revision

#: Errors that leave a table empty: no rows can be derived, or the database rejects them.
_NO_ROWS = (DBAPIError, ValueError, NotImplementedError)


class Bench:
    """One database at a time, in the state before the revision that is rehearsed.

    Args:
        config: Alembic's configuration.
        new: the revisions to rehearse.
    """

    def __init__(self, engine: Engine, config: Config, new: NewRevisions) -> None:
        self._engine = engine
        self.migrations = Migrations.on(engine, config)
        self._new = new
        self.one_session = not engine.capabilities.concurrent_sessions
        self._database = ExitStack()
        self._url: URL | None = None
        self._reader: Connection | None = None

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the database."""
        self._reader = None
        self._database.close()
        self._url = None

    def renew(self, applied: Sequence[Revision] = ()) -> None:
        """Create a new database: the base with its rows, upgraded by the given revisions."""
        self.close()
        self._url = self._database.enter_context(
            self._engine.database(
                base_template(
                    self.migrations, self._new, self._home(), self._engine.server.timescaledb
                )
            )
        )
        for revision in applied:
            self.upgrade(revision)

    def _home(self) -> str | None:
        """The schema in which the first revisions create TimescaleDB."""
        if self._new.base_heads:
            return None
        # The rehearsal reports the revisions that fail.
        with suppress(MigrationFailed):
            return self.migrations.home(self._engine)
        return None

    def upgrade(self, revision: Revision) -> None:
        """Run one revision's upgrade."""
        with self.connect() as connection:
            self.migrations.upgrade(connection, revision.identifier)

    @cached_property
    def version_table(self) -> str:
        """The name of Alembic's version table, as env.py configures it."""
        with self.connect() as connection:
            return self.migrations.version_table(connection)

    def thin(self) -> dict[tuple[str, str], str]:
        """What the rows of the base cannot show, with the reason: `population.thinness.thin`."""
        version_table = self.version_table
        with self.reader() as connection:
            return thin(connection, _tables(connection, version_table))

    @property
    def is_empty(self) -> bool:
        """Whether the base has no revisions."""
        return not self._new.base_heads

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Open a new session; meanwhile this process can connect to no other database."""
        with connected(self._current_url(), self.migrations.config) as connection:
            yield connection

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """Give a session for reading, in a transaction that is rolled back.

        The session is reused, since it has cached the catalog. Where all connections share one
        session, it is a new connection each time, so that settings of a migration do not persist.
        """
        if self.one_session:
            with self.connect() as connection:
                yield connection
            return
        if self._reader is None:
            self._reader = self._database.enter_context(
                connected(self._current_url(), self.migrations.config)
            )
        yield self._reader
        self._reader.rollback()

    def _current_url(self) -> URL:
        if self._url is None:
            self.renew()
        assert self._url is not None
        return self._url


@contextmanager
def connected(url: URL, config: Config) -> Iterator[Connection]:
    """Open a new session; meanwhile this process can connect to no other database."""
    engine = create_engine(url, poolclass=pool.NullPool)
    with confined(config, url), engine.connect() as connection:
        yield connection


def base_template(
    migrations: Migrations, new: NewRevisions, home: str | None = None, version: str | None = None
) -> Template:
    """The template of the base: migrated, with rows in every table and chunks in every state.

    Args:
        home: the schema in which the new revisions create TimescaleDB, if there are no old ones.
        version: the version of TimescaleDB in that schema; None for the server's default.
    """
    statements = statements_of(migrations.config)

    def prepare_base(url: URL) -> None:
        prepare(url, statements)
        with connected(url, migrations.config) as connection:
            for head in new.base_heads:
                _migrate(connection, migrations, head)
            if not new.base_heads and not migrations.insist_on_the_extension:
                # A downgrade need not drop the extension: other schemas may use it.
                create_extension(connection, home, version)
                connection.commit()
            fill(
                connection,
                compress=migrations.edition == "community",
                own=migrations.version_table(connection),
            )
        with connected(url, migrations.config) as connection:
            refresh_aggregates(connection)

    parts = f"{_fingerprint(migrations, new)} {statements} {home}"
    return Template("gate", hashlib.sha256(parts.encode()).hexdigest()[:32], prepare_base)


def fill(connection: Connection, *, compress: bool, own: str = Scope.version_table) -> None:
    """Fill every table whose rows can be derived from the catalog.

    Args:
        own: Alembic's version table, which is not changed.
    """
    for table in _tables(connection, own):
        # The gate reports the tables that stay empty, with the reason.
        with suppress(*_NO_ROWS), connection.begin_nested():
            fill_table(connection, table, compress=compress)
    connection.commit()


def _tables(connection: Connection, version_table: str) -> Sequence[Table]:
    """All tables but Alembic's, parents before children."""
    scope = Scope(schemas_of(connection), version_table=version_table)
    return reflect(connection, scope).sorted_tables


def _migrate(connection: Connection, migrations: Migrations, head: str) -> None:
    try:
        migrations.upgrade(connection, head)
    # A migration may raise anything; the message is for its author.
    except (Exception, SystemExit) as error:
        raise migrations.why_it_failed(error, head) from error


def _fingerprint(migrations: Migrations, new: NewRevisions) -> str:
    """A hash of all files and versions that the state of the base depends on."""
    digest = hashlib.sha256()
    recent = {revision.path.resolve() for revision in new.revisions}
    directory = ScriptDirectory.from_config(migrations.config)
    old = {Path(script.path).resolve() for script in directory.walk_revisions()} - recent
    scripts = set(Path(directory.dir).resolve().rglob("*.py")) - recent
    imported = {
        path for file in old for name in imports_of(file) for path in _module_files(Path(name))
    }
    read = sorted(old | scripts | imported)
    for path in read:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    digest.update(Path(migrations.ini).read_bytes())
    for library in ("alembic", "sqlalchemy", "psycopg2-binary", "hypothesis"):
        digest.update(f"{library} {version(library)}".encode())
    digest.update(variables_named_in(read))
    digest.update(f"{sorted(new.base_heads)} {migrations.edition} {rows_key()}".encode())
    return digest.hexdigest()[:32]


def _module_files(module: Path) -> list[Path]:
    """The files of the project's own module or package, if the name is one."""
    return [*_python_files(module.with_suffix(".py").resolve()), *_python_files(module.resolve())]


def _python_files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.rglob("*.py"))
