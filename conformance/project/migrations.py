"""Alembic's migrations, run in this process on a database of our own."""

from __future__ import annotations

import hashlib
import io
import warnings
from contextlib import contextmanager, suppress
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
    from collections.abc import Iterator

    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import URL, Connection


#: What migrations that only print their SQL may ask for; there is nothing to connect to.
_NOWHERE = make_url("postgresql+psycopg2://nowhere/offline")


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


def upgrade(
    connection: Connection, config: Config, revision: str = "head", *, apache: bool = False
) -> None:
    """`alembic upgrade` on the connection, which is committed.

    Args:
        apache: leave out what the Apache edition lacks (`-x apache=allow`).
    """
    _run(command.upgrade, connection, config, revision, apache=apache)


def downgrade(
    connection: Connection, config: Config, revision: str = "base", *, apache: bool = False
) -> None:
    """`alembic downgrade` on the connection, which is committed."""
    _run(command.downgrade, connection, config, revision, apache=apache)


def offline_sql(config: Config, *, apache: bool = False) -> str:
    """What `alembic upgrade head --sql` prints."""
    return "".join(offline_statements(config, apache=apache))


def offline_statements(
    config: Config, revision: str = "head", *, apache: bool = False
) -> tuple[str, ...]:
    """The same, statement by statement, with the comments between them.

    Args:
        revision: where to, or a range: `0001:0002`.
    """
    buffer = _Writes()
    offline = alembic_config(str(config.config_file_name), output=buffer)
    offline.attributes.update(config.attributes, connection=None)
    offline.attributes["apache"] = "allow" if apache else None
    with confined(offline, _NOWHERE):
        command.upgrade(offline, revision, sql=True)
    return tuple(buffer.writes)


class _Writes(io.StringIO):
    """A buffer that remembers what was written at once: Alembic writes one statement at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        """Called by Alembic."""
        self.writes.append(text)
        return super().write(text)


def version_table(connection: Connection, config: Config, *, apache: bool = False) -> str:
    """The name of Alembic's own table, which env.py may choose; nothing is migrated."""
    found: list[str] = []
    directory = ScriptDirectory.from_config(config)

    def see(_revision: object, context: MigrationContext) -> list[object]:
        found.append(context.version_table)
        return []

    def run_env(_config: object, _revision: object) -> None:
        with EnvironmentContext(config, directory, fn=see, dont_mutate=True):
            directory.run_env()

    # Where env.py fails the migration does as well, and says more.
    with suppress(Exception):
        _run(run_env, connection, config, "", apache=apache)
    return found[0] if found else Scope.version_table


def _run(
    what: object, connection: Connection, config: Config, revision: str, *, apache: bool
) -> None:
    assert callable(what)
    config.attributes["apache"] = "allow" if apache else None
    try:
        with given(config, connection), confined(config, connection.engine.url):
            what(config, revision)
    except (InvalidRequestError, ImportError) as error:
        if "asyncio" not in str(error):
            raise
        raise MigrationFailed(
            "env.py makes an asynchronous engine of its own, where the database is reached by "
            "psycopg2.",
            'Let it run the migrations on config.attributes["connection"] where that is set.',
        ) from error
    connection.commit()


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


def migrated_template(config: Config, *, apache: bool = False) -> Template:
    """The database after `alembic upgrade head`.

    Its key covers every file that a migration can depend on: the migrations, the ini file, what
    env.py imports from the project, and the versions of Alembic and SQLAlchemy.
    """
    head = single_head(config)

    def prepare(url: URL) -> None:
        engine = create_engine(url, poolclass=pool.NullPool)
        try:
            # Idle: an env.py that connects by itself meets no lock of it.
            with engine.connect() as connection:
                upgrade(connection, config, apache=apache)
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

    return Template("apache" if apache else "migrated", _fingerprint(config, apache), prepare)


def _fingerprint(config: Config, apache: bool) -> str:
    digest = hashlib.sha256()
    root = Path(str(config.config_file_name)).resolve().parent
    scripts = Path(ScriptDirectory.from_config(config).dir).resolve()
    for path in sorted({*scripts.rglob("*.py"), *_project_modules(root), *root.glob("*.ini")}):
        digest.update(str(path.relative_to(root) if path.is_relative_to(root) else path).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for library in ("alembic", "sqlalchemy", "psycopg2-binary"):
        digest.update(f"{library} {_version(library)}".encode())
    digest.update(f"apache={apache}".encode())
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
