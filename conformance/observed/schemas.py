"""The schemas of a database that are not those of the server or of an extension."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.observed.catalog import Scope, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def schemas_of_users(connection: Connection) -> tuple[str, ...]:
    """Their names, sorted."""
    return tuple(str(row.name) for row in rows(connection, "schemas", Scope()))
