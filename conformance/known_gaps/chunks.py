"""Known gaps of statements that merge, truncate, vacuum, recompress or drop chunks."""

from __future__ import annotations

from conformance.known_gaps.registry import KnownGap
from conformance.known_gaps.statements import BY_PROBE, MOMENT, UNSEGMENTED, compressed


def merged(table: str, days: int) -> str:
    """A statement that merges the chunks of some days; it does nothing without merge_chunks()."""
    return (
        "DO $$ BEGIN EXECUTE format('CALL merge_chunks(ARRAY[%s])', (SELECT"
        " string_agg(quote_literal(c) || '::regclass', ', ') FROM"
        f" show_chunks('{table}', older_than => {MOMENT} + interval '{days} days')"
        " AS c)); EXCEPTION WHEN undefined_function THEN NULL; END $$"
    )


CHUNKS: tuple[KnownGap, ...] = (
    KnownGap(
        code="default-after-a-merge",
        ticket=10797,
        summary="merge_chunks() and split_chunk() of compressed chunks set a column that was added"
        " after the compression to NULL, even if it has a default and is NOT NULL.",
        affects="applications: merges and splits of compressed chunks after ADD COLUMN",
        first="2.23.0",
        last="2.30.2",
        right_until="2.17.2",
        right_from="2.31.0",
        evidence="seen on 2.23.0-dev and 2.28.3; 2.17.2 cannot merge; the release notes of 2.31.0"
        " name the fix",
        setup=(
            *compressed(
                "default_after_a_merge",
                "moment timestamptz NOT NULL, probe int",
                BY_PROBE,
                f"({MOMENT}, 1), ({MOMENT} + interval '7 days', 1)",
            ),
            "ALTER TABLE default_after_a_merge ADD COLUMN level int NOT NULL DEFAULT 7",
            merged("default_after_a_merge", days=14),
        ),
        query="SELECT count(*) FROM default_after_a_merge WHERE level = 7",
        right=2,
    ),
    KnownGap(
        code="order-after-a-merge",
        ticket=10701,
        summary="After merge_chunks() of compressed chunks, a query by the order-by column returns"
        " rows in the wrong order.",
        affects="applications: ORDER BY after a merge of compressed chunks",
        first="2.23.0",
        last="2.30.2",
        right_until="2.17.2",
        right_from="2.31.0",
        evidence="seen on 2.23.0-dev and 2.28.3; 2.17.2 cannot merge; the release notes of 2.31.0"
        " name the fix",
        setup=(
            "CREATE TABLE order_after_a_merge (moment timestamptz NOT NULL, level int)",
            "SELECT create_hypertable('order_after_a_merge', 'moment',"
            " chunk_time_interval => interval '1 day')",
            "ALTER TABLE order_after_a_merge SET (timescaledb.compress,"
            " timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'level')",
            f"INSERT INTO order_after_a_merge SELECT {MOMENT} + n * interval '12 hours',"
            " (n * 7) % 5 FROM generate_series(0, 7) AS n",
            "SELECT compress_chunk(c) FROM show_chunks('order_after_a_merge') AS c",
            merged("order_after_a_merge", days=2),
        ),
        query="SELECT count(*) FROM (SELECT level, lag(level) OVER () AS before FROM"
        " (SELECT level FROM order_after_a_merge ORDER BY level) AS s) AS o WHERE level < before",
        right=0,
    ),
    KnownGap(
        code="order-after-new-settings",
        ticket=10058,
        summary="After a change of the order-by columns and compress_chunk() with recompress =>"
        " true, a query by the new columns returns rows in the wrong order.",
        affects="applications: ORDER BY after a recompression with other settings",
        first="2.24.0",
        last="2.29.2",
        right_until="2.23.0",
        right_from="2.30.0",
        evidence="seen on 2.28.3; right on 2.17.2 and 2.23.0-dev; the release notes of 2.30.0 name"
        " the fix, those of 2.24.0 the new recompression",
        setup=(
            *compressed(
                "order_after_new_settings",
                "moment timestamptz NOT NULL, level int",
                UNSEGMENTED,
                f"SELECT {MOMENT} + n * interval '1 minute', (n * 7) % 11"
                " FROM generate_series(0, 20) AS n",
            ),
            "ALTER TABLE order_after_new_settings SET (timescaledb.compress_orderby = 'level')",
            "SELECT compress_chunk(c, recompress => true)"
            " FROM show_chunks('order_after_new_settings') AS c",
        ),
        query="SELECT count(*) FROM (SELECT level, lag(level) OVER () AS before FROM (SELECT level"
        " FROM order_after_new_settings ORDER BY level) AS s) AS o WHERE level < before",
        right=0,
    ),
    KnownGap(
        code="truncate-of-a-chunk",
        ticket=10715,
        summary="TRUNCATE of a partly compressed chunk leaves the rows that are not compressed.",
        affects="none: every check truncates the hypertable",
        first="2.17",
        last="2.30.2",
        right_until=None,
        right_from="2.31.0",
        evidence="seen on 2.17.2, 2.23.0-dev and 2.28.3; the release notes of 2.31.0 name the fix",
        setup=(
            *compressed(
                "truncate_of_a_chunk",
                "moment timestamptz NOT NULL, probe int",
                BY_PROBE,
                f"({MOMENT}, 1)",
            ),
            f"INSERT INTO truncate_of_a_chunk VALUES ({MOMENT}, 2)",
            "DO $$ BEGIN EXECUTE format('TRUNCATE %s',"
            " (SELECT c FROM show_chunks('truncate_of_a_chunk') AS c)); END $$",
        ),
        query="SELECT count(*) FROM truncate_of_a_chunk",
        right=0,
    ),
    KnownGap(
        code="truncate-and-references",
        ticket=10718,
        summary="TRUNCATE ... CASCADE of a hypertable drops the foreign keys that refer to it.",
        affects="applications: TRUNCATE ... CASCADE of a hypertable that a foreign key refers to",
        first="2.23.0",
        last="2.30.2",
        right_until="2.19.3",
        right_from="2.31.0",
        evidence="seen on 2.23.0-dev and 2.28.3; 2.17.2 rejects the statement; right on 2.19.3 and"
        " 2.31.0",
        setup=(
            "CREATE TABLE truncate_and_references (moment timestamptz, id int,"
            " PRIMARY KEY (id, moment))",
            "SELECT create_hypertable('truncate_and_references', 'moment')",
            "CREATE TABLE truncate_and_references_from (id int, moment timestamptz,"
            " FOREIGN KEY (id, moment) REFERENCES truncate_and_references)",
            f"INSERT INTO truncate_and_references VALUES ({MOMENT}, 1)",
            "DO $$ BEGIN TRUNCATE truncate_and_references CASCADE;"
            " EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END $$",
        ),
        query="SELECT count(*) FROM pg_constraint WHERE contype = 'f'"
        " AND confrelid = 'truncate_and_references'::regclass",
        right=1,
        needs=(),
    ),
    KnownGap(
        code="default-after-a-vacuum",
        ticket=9024,
        summary="VACUUM FULL sets a column that was added after the compression to NULL, even if it"
        " has a default.",
        affects="applications: VACUUM FULL of compressed hypertables after ADD COLUMN",
        first="2.17",
        last="2.17.2",
        right_until=None,
        right_from="2.23.0",
        evidence="seen on 2.17.2; right on 2.23.0-dev and 2.28.3; the release notes of 2.25.0"
        " name a fix",
        setup=(
            *compressed(
                "default_after_a_vacuum",
                "moment timestamptz NOT NULL, probe int",
                BY_PROBE,
                f"({MOMENT}, 1)",
            ),
            "ALTER TABLE default_after_a_vacuum ADD COLUMN level int DEFAULT 7",
            "VACUUM FULL default_after_a_vacuum",
        ),
        query="SELECT count(*) FROM default_after_a_vacuum WHERE level = 7",
        right=1,
    ),
    KnownGap(
        code="relations-after-a-drop",
        ticket=10042,
        summary="DROP TABLE of a hypertable keeps the relations of its compressed chunks, unless"
        " the statement has CASCADE or the hypertable is empty.",
        affects="test_downgrade_leaves_no_trace",
        first="2.28.0",
        last="2.28.3",
        right_until="2.23.0",
        right_from="2.29.0",
        evidence="seen on 2.28.3; right on 2.17.2 and 2.23.0-dev; pull request 9966 of 2.28.0 looks"
        " the relation up after the chunk is gone, and 10042 of 2.29.0 before",
        setup=(
            *compressed(
                "relations_after_a_drop",
                "moment timestamptz NOT NULL, probe_of_the_drop int",
                UNSEGMENTED,
                f"({MOMENT}, 1)",
            ),
            "DROP TABLE relations_after_a_drop",
        ),
        query="SELECT count(*) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " WHERE relkind = 'r' AND attname = 'probe_of_the_drop'",
        right=0,
    ),
)
