"""Materialize the rows of continuous aggregates."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from sqlalchemy import Connection

# In the order of creation: an aggregate of another one was created after its source.
_AGGREGATES = text("""
SELECT pg_catalog.format('%I.%I', a.user_view_schema, a.user_view_name)
  FROM _timescaledb_catalog.continuous_agg a ORDER BY a.mat_hypertable_id
""")
_REFRESH = text("CALL refresh_continuous_aggregate(CAST(:aggregate AS regclass), NULL, NULL)")


def refresh_aggregates(connection: Connection) -> None:
    """Refresh every continuous aggregate over all rows of its source, in autocommit.

    An aggregate that cannot be refreshed stays empty: for example one of integer time whose source
    has no function for the present.
    """
    by_itself = connection.execution_options(isolation_level="AUTOCOMMIT")
    for aggregate in by_itself.scalars(_AGGREGATES).all():
        with suppress(DBAPIError):
            by_itself.execute(_REFRESH, {"aggregate": aggregate})
