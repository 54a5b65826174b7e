"""Alembic's migrations, run in this process on a database of our own."""

from __future__ import annotations

import hashlib
import io
import warnings
from argparse import Namespace
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, make_url, pool
from sqlalchemy.exc import InvalidRequestError

from conformance.engines.base import Template
from conformance.engines.connecting import is_lost_connection, lost_connection
from conformance.errors import MigrationFailed, ModelsUnavailable, named
from conformance.observed import Scope
from conformance.project.confinement import confined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import URL, Connection


#: What migrations that only print their SQL may ask for; there is nothing to connect to.
NOWHERE = make_url("postgresql+psycopg2://nowhere/offline")


def alembic_config(ini: Path | str = "alembic.ini", *, output: io.StringIO | None = None) -> Config:
    """Alembic's configuration from an ini file, silent on the console.

    Raises:
        ModelsUnavailable: there is no such file.
    """
    path = Path(ini)
    if not path.is_file():
        raise ModelsUnavailable(
            f"There is no {path.name} in {path.resolve().parent}.",
            "Run this in the project's folder, or name the file with --alembic-ini.",
        )
    config = Config(str(path), output_buffer=output, stdout=io.StringIO())
    config.attributes["logging"] = False
    return config


def single_head(config: Config) -> str:
    """The one head revision.

    Raises:
        MigrationFailed: the revisions cannot be read, or there is none, or more than one head.
    """
    directory = revisions_of(config)
    heads = directory.get_heads()
    if not heads:
        raise MigrationFailed(
            f"There is no revision in {directory.dir}.",
            "Write the first one with 'alembic revision', or name another ini file with"
            " --alembic-ini.",
        )
    if len(heads) != 1:
        listed = ", ".join(sorted(heads)) or "none"
        raise MigrationFailed(
            f"The migrations have {len(heads)} heads ({listed}) where one is needed.",
            "Join them with 'alembic merge heads'.",
        )
    return heads[0]


def revisions_of(config: Config) -> ScriptDirectory:
    """The folder of the revisions, with every file in it read.

    Raises:
        MigrationFailed: the ini file, the folder or one of the files cannot be read.
    """
    try:
        with warnings.catch_warnings():
            # A revision that is there twice, or that another one follows and is not there.
            warnings.filterwarnings("error", module=r"alembic\.script\.revision")
            directory = ScriptDirectory.from_config(config)
            list(directory.walk_revisions())
    # A revision's file is imported: it may raise anything, and may even exit.
    except (Exception, SystemExit) as error:
        raise MigrationFailed(
            f"The revisions of {config.config_file_name} cannot be read: {named(error)}.",
            "'alembic history' must list them; correct what it stumbles over.",
        ) from None
    return directory


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
        return str(self.config.config_file_name)

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
        offline = alembic_config(self.ini, output=buffer)
        offline.attributes.update(self.config.attributes, connection=None)
        Migrations(offline, self.edition)
        with confined(offline, NOWHERE):
            command.upgrade(offline, revision, sql=True)
        return tuple(buffer.writes)

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

    def template(self) -> Template:
        """The database after `alembic upgrade head`.

        Its key covers every file that a migration can depend on: the migrations, the ini file,
        what env.py imports from the project, and the versions of Alembic and SQLAlchemy.

        Raises:
            MigrationFailed: there is not exactly one head; when it is prepared, the migration
                fails.
        """
        head = single_head(self.config)

        def prepare(url: URL) -> None:
            engine = create_engine(url, poolclass=pool.NullPool)
            try:
                # Idle: an env.py that connects by itself meets no lock of it.
                with engine.connect() as connection:
                    self.upgrade(connection)
            except MigrationFailed:
                raise
            # Whatever a migration raises: its author is the one who must read it.
            except (Exception, SystemExit) as error:
                if is_lost_connection(error):
                    raise lost_connection(f"the migration to {head}") from error
                raise MigrationFailed(
                    f"The migration to {head} fails: {named(error)}.",
                    "Run it with 'alembic upgrade head' on an empty database to see where.",
                ) from error

        name = "apache" if self.edition == "apache" else "migrated"
        return Template(name, _fingerprint(self), prepare)

    def _run(self, what: Callable[..., object], connection: Connection, revision: str) -> None:
        self._choose_edition()
        try:
            with given(self.config, connection), confined(self.config, connection.engine.url):
                what(self.config, revision)
        except (InvalidRequestError, ImportError) as error:
            if "asyncio" not in str(error):
                raise
            raise MigrationFailed(
                "env.py makes an asynchronous engine of its own, where the database is reached by "
                "psycopg2.",
                'Let it run the migrations on config.attributes["connection"] where that is set.',
            ) from error
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


@contextmanager
def given(config: Config, connection: Connection) -> Iterator[None]:
    """Give env.py the connection, as `config.attributes["connection"]`.

    Alembic's documentation gives env.py a connection there, pytest-alembic's an engine. One that
    takes it for an engine, and calls connect(), gets the connection; when it closes it, that is
    rolled back, as one of an engine would be.
    """

    def connect() -> Connection:
        vars(connection)["close"] = connection.rollback
        return connection

    config.attributes["connection"] = connection
    vars(connection).update(connect=connect, dispose=lambda: None)
    try:
        yield
    finally:
        for name in ("connect", "dispose", "close"):
            vars(connection).pop(name, None)
        config.attributes.pop("connection", None)


def _fingerprint(migrations: Migrations) -> str:
    digest = hashlib.sha256()
    root = Path(migrations.ini).resolve().parent
    scripts = Path(ScriptDirectory.from_config(migrations.config).dir).resolve()
    for path in sorted({*scripts.rglob("*.py"), *_project_modules(root), *root.glob("*.ini")}):
        digest.update(str(path.relative_to(root) if path.is_relative_to(root) else path).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for library in ("alembic", "sqlalchemy", "psycopg2-binary"):
        digest.update(f"{library} {_version(library)}".encode())
    digest.update(migrations.edition.encode())
    return digest.hexdigest()[:32]


def _project_modules(root: Path) -> list[Path]:
    """Modules beside the ini file that a migration may import; nothing hidden, no environment."""
    return [
        path
        for folder in sorted(root.iterdir())
        if folder.is_dir() and not folder.name.startswith(".") and _is_source(folder)
        for path in folder.rglob("*.py")
    ]


def _is_source(folder: Path) -> bool:
    return folder.name not in {"build", "dist", "tests", "benchmarks", "docs", "node_modules"}


def _version(library: str) -> str:
    try:
        return version(library)
    except ModuleNotFoundError:
        return "unknown"
