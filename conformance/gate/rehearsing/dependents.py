"""Name the continuous aggregates whose internal views depend on a changed object."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

#: TimescaleDB creates two internal views for each continuous aggregate.
_VIEWS = text("""
SELECT pg_catalog.format('%I.%I', made.schema, made.name) AS view,
       CASE WHEN a.user_view_schema = ANY(pg_catalog.current_schemas(false))
            THEN pg_catalog.quote_ident(a.user_view_name)
            ELSE pg_catalog.format('%I.%I', a.user_view_schema, a.user_view_name) END AS aggregate
  FROM _timescaledb_catalog.continuous_agg a
 CROSS JOIN LATERAL (VALUES (a.partial_view_schema, a.partial_view_name),
                            (a.direct_view_schema, a.direct_view_name)) AS made (schema, name)
""")
_VIEW = re.compile(r"\b(?:rule _RETURN on )?view (\S+)")


def name_aggregates(connection: Connection, lines: Sequence[str]) -> tuple[str, ...]:
    """Replace TimescaleDB's internal views by their continuous aggregates in the server's lines.

    A line reads `continuous aggregate daily depends on column litres of table flows`. Equal lines
    are merged.
    """
    known = {row.view: row.aggregate for row in connection.execute(_VIEWS)}

    def named(match: re.Match[str]) -> str:
        aggregate = known.get(match[1])
        return match[0] if aggregate is None else f"continuous aggregate {aggregate}"

    return tuple(dict.fromkeys(_VIEW.sub(named, line) for line in lines))
