"""Known gaps of statements that merge, truncate, vacuum, recompress or drop chunks."""

from __future__ import annotations

from conformance.known_gaps.registry import KnownGap
from conformance.known_gaps.statements import COMPRESS, compressed, hypertable


def merged(days: int) -> str:
    """A statement that merges the chunks of some days; it does nothing without merge_chunks()."""
    return (
        "DO $$ BEGIN EXECUTE format('CALL merge_chunks(ARRAY[%s])', (SELECT"
        " string_agg(quote_literal(c) || '::regclass', ', ') FROM"
        f" show_chunks('{{t}}', older_than => {{moment}} + interval '{days} days')"
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
                "moment timestamptz NOT NULL, probe int",
                "({moment}, 1), ({moment} + interval '7 days', 1)",
                segment="probe",
            ),
            "ALTER TABLE {t} ADD COLUMN level int NOT NULL DEFAULT 7",
            merged(days=14),
        ),
        query="SELECT count(*) FROM {t} WHERE level = 7",
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
            *hypertable(
                "moment timestamptz NOT NULL, level int", chunk="1 day", segment="", order="level"
            ),
            "INSERT INTO {t} SELECT {moment} + n * interval '12 hours', (n * 7) % 5"
            " FROM generate_series(0, 7) AS n",
            COMPRESS,
            merged(days=2),
        ),
        query="SELECT count(*) FROM (SELECT level, lag(level) OVER () AS before"
        " FROM (SELECT level FROM {t} ORDER BY level) AS s) AS o WHERE level < before",
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
                "moment timestamptz NOT NULL, level int",
                "SELECT {moment} + n * interval '1 minute', (n * 7) % 11"
                " FROM generate_series(0, 20) AS n",
            ),
            "ALTER TABLE {t} SET (timescaledb.compress_orderby = 'level')",
            "SELECT compress_chunk(c, recompress => true) FROM show_chunks('{t}') AS c",
        ),
        query="SELECT count(*) FROM (SELECT level, lag(level) OVER () AS before"
        " FROM (SELECT level FROM {t} ORDER BY level) AS s) AS o WHERE level < before",
        right=0,
    ),
    KnownGap(
        code="truncate-of-a-chunk",
        ticket=10715,
        summary="TRUNCATE of a partly compressed chunk leaves the rows that are not compressed.",
        affects="none: every check truncates the hypertable",
        last="2.30.2",
        right_from="2.31.0",
        evidence="seen on 2.17.2, 2.23.0-dev and 2.28.3; the release notes of 2.31.0 name the fix",
        setup=(
            *compressed("moment timestamptz NOT NULL, probe int", "({moment}, 1)", segment="probe"),
            "INSERT INTO {t} VALUES ({moment}, 2)",
            "DO $$ BEGIN EXECUTE format('TRUNCATE %s', (SELECT c"
            " FROM show_chunks('{t}') AS c)); END $$",
        ),
        query="SELECT count(*) FROM {t}",
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
            *hypertable("moment timestamptz, id int, PRIMARY KEY (id, moment)"),
            "CREATE TABLE {t}_from (id int, moment timestamptz, FOREIGN KEY (id,"
            " moment) REFERENCES {t})",
            "INSERT INTO {t} VALUES ({moment}, 1)",
            "DO $$ BEGIN TRUNCATE {t} CASCADE; EXCEPTION WHEN dependent_objects_still_exist THEN"
            " NULL; END $$",
        ),
        query="SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid ="
        " '{t}'::regclass",
        right=1,
        needs=(),
    ),
    KnownGap(
        code="default-after-a-vacuum",
        ticket=9024,
        summary="VACUUM FULL sets a column that was added after the compression to NULL, even if"
        " it has a default.",
        affects="applications: VACUUM FULL of compressed hypertables after ADD COLUMN",
        last="2.17.2",
        right_from="2.23.0",
        evidence="seen on 2.17.2; right on 2.23.0-dev and 2.28.3; the release notes of 2.25.0 name"
        " a fix",
        setup=(
            *compressed("moment timestamptz NOT NULL, probe int", "({moment}, 1)", segment="probe"),
            "ALTER TABLE {t} ADD COLUMN level int DEFAULT 7",
            "VACUUM FULL {t}",
        ),
        query="SELECT count(*) FROM {t} WHERE level = 7",
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
        right_until="2.27.2",
        right_from="2.29.0",
        evidence="seen on 2.28.0 and 2.28.3; right on 2.17.2, 2.23.0-dev, 2.25.2, 2.26.4 and "
        "2.27.2; pull request 9966 of 2.28.0 looks the relation up after the chunk is "
        "gone, and 10042 of 2.29.0 before",
        setup=(
            *compressed("moment timestamptz NOT NULL, probe_of_the_drop int", "({moment}, 1)"),
            "DROP TABLE {t}",
        ),
        query="SELECT count(*) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE"
        " relkind = 'r' AND attname = 'probe_of_the_drop'",
        right=0,
    ),
)
