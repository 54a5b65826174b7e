"""Known gaps by which a continuous aggregate does not see a change."""

from __future__ import annotations

from conformance.known_gaps.registry import KnownGap
from conformance.known_gaps.statements import hypertable

#: Create a hypertable of two chunks and a refreshed aggregate of it.
_AGGREGATED = (
    *hypertable("moment timestamptz NOT NULL, level int"),
    "INSERT INTO {t} VALUES ({moment}, 1), ({moment} + interval '7 days', 2),"
    " ({moment} + interval '21 days', 0)",
    "CREATE MATERIALIZED VIEW {t}_hourly WITH (timescaledb.continuous,"
    " timescaledb.materialized_only = true) AS SELECT time_bucket(interval '1 hour', moment)"
    " AS bucket, sum(level) AS level FROM {t} GROUP BY 1",
)
#: Refreshes the aggregate but for its last chunk.
_REFRESHED = "CALL refresh_continuous_aggregate('{t}_hourly', NULL, {moment} + interval '14 days')"

REFRESHES: tuple[KnownGap, ...] = (
    KnownGap(
        code="merge-without-refresh",
        ticket=10508,
        summary="A refresh does not see rows that MERGE updated or deleted.",
        affects="applications: MERGE into a hypertable with a continuous aggregate",
        first="2.25.2",
        last="2.30.2",
        right_until="2.23.0",
        right_from="2.31.0",
        evidence="seen on 2.25.2 and 2.28.3; right on 2.17.2 and 2.23.0-dev; the release notes "
        "of 2.31.0 name the fix",
        setup=(
            *_AGGREGATED,
            "MERGE INTO {t} AS t USING (VALUES (1)) AS s (level)"
            " ON t.level = s.level AND t.moment = {moment}"
            " WHEN MATCHED THEN UPDATE SET level = 10",
            _REFRESHED,
        ),
        query="SELECT sum(level) FROM {t}_hourly WHERE bucket < {moment} + interval '14 days'",
        right=12,
    ),
    KnownGap(
        code="drop-without-refresh",
        ticket=10783,
        summary="A refresh does not see that a chunk was dropped by its name without the schema.",
        affects="none: every check drops chunks by drop_chunks()",
        first="2.25.2",
        last="2.30.2",
        right_until="2.23.0",
        right_from="2.31.0",
        evidence="seen on 2.25.2 and 2.28.3; right on 2.17.2 and 2.23.0-dev; the release notes "
        "of 2.31.0 name the fix",
        setup=(
            *_AGGREGATED,
            "DO $$ BEGIN SET LOCAL search_path = _timescaledb_internal, public;"
            " EXECUTE format('DROP TABLE %I', (SELECT relname FROM pg_class WHERE oid ="
            " (SELECT min(c::oid) FROM show_chunks('{t}') AS c))); END $$",
            _REFRESHED,
        ),
        query="SELECT sum(level) FROM {t}_hourly WHERE bucket < {moment} + interval '14 days'",
        right=2,
    ),
)
