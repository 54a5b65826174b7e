"""Known gaps by which a continuous aggregate does not see a change."""

from __future__ import annotations

from conformance.known_gaps.registry import KnownGap
from conformance.known_gaps.statements import MOMENT


def aggregated(table: str) -> tuple[str, ...]:
    """Statements that create a hypertable of two chunks and a refreshed aggregate of it."""
    return (
        f"CREATE TABLE {table} (moment timestamptz NOT NULL, level int)",
        f"SELECT create_hypertable('{table}', 'moment')",
        f"INSERT INTO {table} VALUES ({MOMENT}, 1), ({MOMENT} + interval '7 days', 2),"
        f" ({MOMENT} + interval '21 days', 0)",
        f"CREATE MATERIALIZED VIEW {table}_hourly WITH (timescaledb.continuous,"
        " timescaledb.materialized_only = true) AS SELECT time_bucket(interval '1 hour', moment)"
        f" AS bucket, sum(level) AS level FROM {table} GROUP BY 1",
    )


def refreshed(table: str) -> str:
    """A statement that refreshes the aggregate but for its last chunk."""
    return (
        f"CALL refresh_continuous_aggregate('{table}_hourly', NULL, {MOMENT} + interval '14 days')"
    )


REFRESHES: tuple[KnownGap, ...] = (
    KnownGap(
        code="merge-without-refresh",
        ticket=10508,
        summary="A refresh does not see rows that MERGE updated or deleted.",
        affects="applications: MERGE into a hypertable with a continuous aggregate",
        first="2.28.3",
        last="2.30.2",
        right_until="2.23.0",
        right_from="2.31.0",
        evidence="seen on 2.28.3; right on 2.17.2 and 2.23.0-dev; the release notes of 2.31.0 name"
        " the fix",
        setup=(
            *aggregated("merge_without_refresh"),
            "MERGE INTO merge_without_refresh AS t USING (VALUES (1)) AS s (level)"
            f" ON t.level = s.level AND t.moment = {MOMENT}"
            " WHEN MATCHED THEN UPDATE SET level = 10",
            refreshed("merge_without_refresh"),
        ),
        query="SELECT sum(level) FROM merge_without_refresh_hourly"
        f" WHERE bucket < {MOMENT} + interval '14 days'",
        right=12,
    ),
    KnownGap(
        code="drop-without-refresh",
        ticket=10783,
        summary="A refresh does not see that a chunk was dropped by its name without the schema.",
        affects="none: every check drops chunks by drop_chunks()",
        first="2.28.3",
        last="2.30.2",
        right_until="2.23.0",
        right_from="2.31.0",
        evidence="seen on 2.28.3; right on 2.17.2 and 2.23.0-dev; the release notes of 2.31.0 name"
        " the fix",
        setup=(
            *aggregated("drop_without_refresh"),
            "DO $$ BEGIN SET LOCAL search_path = _timescaledb_internal, public;"
            " EXECUTE format('DROP TABLE %I', (SELECT relname FROM pg_class WHERE oid ="
            " (SELECT min(c::oid) FROM show_chunks('drop_without_refresh') AS c))); END $$",
            refreshed("drop_without_refresh"),
        ),
        query="SELECT sum(level) FROM drop_without_refresh_hourly"
        f" WHERE bucket < {MOMENT} + interval '14 days'",
        right=2,
    ),
)
