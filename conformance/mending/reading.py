"""Read both sides: from a database in use, or from one that the migrations make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.audit import reading
from conformance.comparing.enumerating import first_of
from conformance.comparing.identifiers import USUAL_SCHEMA
from conformance.engines.connecting import connect, parse_url
from conformance.engines.identification import identify_server
from conformance.engines.started import start_session
from conformance.errors import ConformanceError
from conformance.mending.verdicts import described, written_in
from conformance.observed.version_table import version_tables
from conformance.pipeline import check_database, scope_of
from conformance.project.lineage import Lineage
from conformance.project.migrations import Migrations
from conformance.project.models import has_migrations, metadata_for
from conformance.project.scripts import config_for

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL, Connection, MetaData

    from conformance.comparing.comparison import Comparison
    from conformance.mending.verdicts import Written
    from conformance.observed import Scope
    from conformance.process.progress import Progress
    from conformance.project.configuration import Configuration


@dataclass(frozen=True)
class Read:
    """Both sides, and where the findings come from.

    Attributes:
        comparison: with both sides.
        ids: the ids of the verdict's findings; None: all that are found are meant.
        in_use: whether the database is in use, and may differ from what the migrations make.
        schema: the schema that facts leave out of names, if a session looks elsewhere first; else
            empty.
        is_named: whether every table of the models names its own schema; if not, env.py sets the
            search path.
    """

    comparison: Comparison
    source: str
    ids: tuple[str, ...] | None = None
    in_use: bool = False
    schema: str = ""
    is_named: bool = True


def _elsewhere(scope: Scope) -> str:
    return scope.default_schema if scope.default_schema != USUAL_SCHEMA else ""


def _names_schemas(metadata: MetaData) -> bool:
    return all(table.schema is not None for table in metadata.tables.values())


def from_database(address: str, project: Configuration) -> Read:
    """Both sides of a database in use; only reads, as an audit does.

    Raises:
        ConformanceError: the connection fails, the server is not supported, or the database has
            not run all revisions.
    """
    metadata = metadata_for(project)
    url = parse_url(address)
    with reading(url, "fix") as connection:
        server = identify_server(connection)
        if has_migrations(project):
            _refuse_pending(connection, url, Lineage(project))
        scope = scope_of(metadata, project.schemas, project.leave)
        found = check_database(connection, metadata, server.capabilities, scope, living=True)
    return Read(
        found,
        described(url),
        in_use=True,
        schema=_elsewhere(scope),
        is_named=_names_schemas(metadata),
    )


def _refuse_pending(connection: Connection, url: URL, lineage: Lineage) -> None:
    """A revision comes after those that wait, and would bring once more what they bring."""
    tables = version_tables(connection)
    recorded = tables[0].revisions if len(tables) == 1 else None
    if recorded and (pending := lineage.pending(recorded)):
        noun = "revision" if len(pending) == 1 else "revisions"
        raise ConformanceError(
            f"The {described(url)} has not run the {noun} {first_of(pending, 3)}, which may bring "
            "what the database lacks.",
            "Run alembic upgrade heads first, or use the models and revisions of the version that "
            "is deployed.",
        )


def from_verdict(
    path: Path, project: Configuration, progress: Progress, address: str | None = None
) -> Read:
    """Both sides of the database that a verdict is about, and the findings of the verdict.

    A verdict has no statements. For that of a check the migrations make the database again; for
    that of an audit the audited database is read again.

    Args:
        address: the URL of the audited database; None for the verdict of a check.

    Raises:
        ConformanceError: the file has no verdict, the migrations fail, or the database cannot be
            read.
    """
    written = written_in(path, address)
    if address is None:
        return _migrated(path, written, project, progress)
    read = from_database(address, project)
    source = f"{path}, {written.database}"
    if written.database != read.source:
        source += f", read again as {read.source}"
    return replace(read, source=source, ids=written.ids)


def _migrated(path: Path, written: Written, project: Configuration, progress: Progress) -> Read:
    metadata = metadata_for(project)
    scope = scope_of(metadata, project.schemas, project.leave)
    session = start_session(project.engine, project.image, progress)
    try:
        engine = session.engine
        migrations = Migrations.on(engine, config_for(project))
        migrations.use_their_version(engine)
        progress("migrating")
        with engine.database(migrations.template()) as url, connect(url) as connection:
            found = check_database(connection, metadata, engine.capabilities, scope)
            connection.rollback()
    finally:
        session.engine.stop()
    return Read(
        found,
        str(path),
        written.ids,
        schema=_elsewhere(scope),
        is_named=_names_schemas(metadata),
    )
