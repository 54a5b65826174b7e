"""Whether a database says which of Alembic's revisions it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.codes import WARNING
from conformance.comparing.findings import Finding
from conformance.observed.version_table import is_recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


def unrecorded_revision(connection: Connection) -> Iterator[Finding]:
    """A warning where Alembic's version table is missing or empty."""
    recorded = is_recorded(connection)
    if not recorded:
        is_there = recorded is not None
        lack = "version table is empty" if is_there else "database has no version table"
        yield Finding(
            id="migration:alembic:version_table",
            kind="migration",
            object="alembic",
            attribute="version_table",
            disagreement="different" if is_there else "missing",
            expected=True,
            observed=recorded,
            message=f"migration alembic: the {lack}, so that Alembic takes the database for new",
            hint="The next alembic upgrade runs all migrations again, and fails where a table "
            "exists. If the database is up to date, run alembic stamp head.",
            severity=WARNING,
        )
