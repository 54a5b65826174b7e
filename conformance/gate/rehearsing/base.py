"""The base: the state before the new revisions, as a template.

Imports little, so that the database can start before the modules that fill it are imported.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, pool

from conformance.engines.base import Template
from conformance.errors import ConformanceError
from conformance.gate.revisions.files import imports_of
from conformance.population.keys import rows_key
from conformance.project.confinement import confined
from conformance.project.preparation import prepare
from conformance.project.scripts import (
    hash_of,
    ini_of,
    project_sources,
    revisions_of,
    scripts_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config
    from sqlalchemy import URL, Connection

    from conformance.gate.revisions.new import NewRevisions
    from conformance.project.migrations import Migrations

_INSISTS = (
    "The new revisions create TimescaleDB, or its schema, without IF NOT EXISTS; the gate rehearses"
    " in databases that have TimescaleDB already."
)
_WRITE_IF_NOT_EXISTS = "Write CREATE EXTENSION IF NOT EXISTS timescaledb in the new revision."


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
        home: the schema in which the new revisions create TimescaleDB, if the old ones do not.
        version: the version of TimescaleDB in that schema; None for the server's default.
    """
    statements = migrations.prepared
    insists = migrations.insist_on_the_extension(schemas=home is not None)

    def prepare_base(url: URL) -> None:
        from conformance.gate.rehearsing.base_rows import fill
        from conformance.observed.home import create_extension, home_of
        from conformance.population.aggregates import refresh_aggregates

        prepare(url, statements, migrations.leaving_out)
        with connected(url, migrations.config) as connection:
            for head in new.base_heads:
                _migrate(connection, migrations, head)
            if home_of(connection) is None:
                # TimescaleDB comes with the new revisions. A downgrade need not drop it: other
                # schemas may use it.
                if insists:
                    raise ConformanceError(_INSISTS, _WRITE_IF_NOT_EXISTS)
                create_extension(connection, home, version)
                connection.commit()
            fill(
                connection,
                compress=migrations.edition == "community",
                own=migrations.version_table(connection),
            )
        with connected(url, migrations.config) as connection:
            refresh_aggregates(connection)

    parts = f"{_fingerprint(migrations, new)} {statements} {home} {insists}"
    return Template("gate", hashlib.sha256(parts.encode()).hexdigest()[:32], prepare_base)


def _migrate(connection: Connection, migrations: Migrations, head: str) -> None:
    try:
        migrations.upgrade(connection, head)
    # A migration may raise anything; the message is for its author.
    except (Exception, SystemExit) as error:
        raise migrations.why_it_failed(error, head) from error


def _fingerprint(migrations: Migrations, new: NewRevisions) -> str:
    """A hash of all files and versions that the state of the base depends on.

    Of the project's Python count env.py, the old revisions, and the modules and packages that these
    revisions import: the models change with most new revisions.
    """
    config = migrations.config
    recent = {revision.path.resolve() for revision in new.revisions}
    old = {Path(script.path).resolve() for script in revisions_of(config).walk_revisions()} - recent
    imported = {name for file in old for name in imports_of(file)}
    here = ini_of(config).resolve().parent

    def counts(path: Path) -> bool:
        inner = Path(os.path.relpath(path, here)).with_suffix("")
        return path.suffix != ".py" or not imported.isdisjoint(inner.parts)

    sources = set(filter(counts, project_sources(config)))
    files = {*scripts_of(config), *sources, ini_of(config)} - recent
    rows = f"hypothesis {version('hypothesis')} {rows_key()}"
    return f"{hash_of(config, files)} {sorted(new.base_heads)} {migrations.edition} {rows}"
