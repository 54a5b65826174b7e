"""Read both sides: from a database in use, or from one that the migrations make."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.audit import reading
from conformance.comparing.capabilities import Capabilities
from conformance.engines.connecting import connect, parse_url, place
from conformance.engines.identification import identify_server
from conformance.engines.started import start_session
from conformance.errors import ConformanceError
from conformance.pipeline import check_database, scope_of
from conformance.project.migrations import Migrations
from conformance.project.models import metadata_for
from conformance.project.scripts import config_for

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.comparing.comparison import Comparison
    from conformance.process.progress import Progress
    from conformance.project.configuration import Configuration


@dataclass(frozen=True)
class Read:
    """Both sides, and where the findings come from.

    Attributes:
        comparison: with both sides.
        ids: the ids of the verdict's findings; None: all that are found are meant.
        in_use: whether the database is in use, and may differ from what the migrations make.
    """

    comparison: Comparison
    source: str
    ids: tuple[str, ...] | None = None
    in_use: bool = False


def from_database(address: str, project: Configuration) -> Read:
    """Both sides of a database in use; only reads, as an audit does.

    Raises:
        ConformanceError: the connection fails, or the server is not supported.
    """
    metadata = metadata_for(project)
    url = parse_url(address)
    with reading(url, "fix") as connection:
        server = identify_server(connection)
        capabilities = Capabilities(community_edition=server.edition == "community")
        scope = scope_of(metadata, project.schemas, project.leave)
        found = check_database(connection, metadata, capabilities, scope)
    return Read(found, f"database {url.database} at {place(url)}", in_use=True)


def from_verdict(path: Path, project: Configuration, progress: Progress) -> Read:
    """Both sides of a migrated database, and the findings of a check's verdict.

    A verdict has no statements, so the migrations make the database again.

    Raises:
        ConformanceError: the file is not the verdict of a check, or the migrations fail.
    """
    ids = findings_in(path)
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
    return Read(found, str(path), ids)


def findings_in(path: Path) -> tuple[str, ...]:
    """The ids of the findings in the verdict of a check.

    Raises:
        ConformanceError: there is no such file, or it is not the verdict of a check.
    """
    try:
        verdict: Any = json.loads(path.read_text("utf-8"))
        ids = tuple(str(finding["id"]) for finding in verdict["findings"])
    except FileNotFoundError:
        raise ConformanceError(
            f"There is no verdict at {path}.",
            "Run conformance check first, or give the URL of a database.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise ConformanceError(
            f"{path} is not a verdict of conformance check.",
            "Give the verdict.json that conformance check wrote, or the URL of a database.",
        ) from None
    if verdict.get("verdict") == "could_not_run":
        raise ConformanceError(
            f"{path} has no verdict: the check could not run.", "Run conformance check again."
        )
    if verdict.get("generated") is None:
        raise ConformanceError(
            f"{path} is the verdict of an audit, which does not have the database's address.",
            "Give the URL of the database: conformance fix URL.",
        )
    return ids
