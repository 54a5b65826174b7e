"""Rows in continuous aggregates: what their sources have, materialized."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from sqlalchemy import Connection

# One that is computed from another was made after it.
_AGGREGATES = text("""
SELECT pg_catalog.format('%I.%I', a.user_view_schema, a.user_view_name)
  FROM _timescaledb_catalog.continuous_agg a ORDER BY a.mat_hypertable_id
""")
_REFRESH = text("CALL refresh_continuous_aggregate(CAST(:aggregate AS regclass), NULL, NULL)")


def refresh_aggregates(connection: Connection) -> None:
    """Materialize all that their sources have; each statement commits by itself.

    One that cannot be refreshed, such as of integer time without a function for it, stays empty.
    """
    by_itself = connection.execution_options(isolation_level="AUTOCOMMIT")
    for aggregate in by_itself.scalars(_AGGREGATES).all():
        with suppress(DBAPIError):
            by_itself.execute(_REFRESH, {"aggregate": aggregate})
