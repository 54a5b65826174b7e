"""Known gaps by which a statement writes other rows than it says."""

from __future__ import annotations

from conformance.known_gaps.registry import KnownGap
from conformance.known_gaps.statements import BY_PROBE, MOMENT, NO_CASE, UNSEGMENTED, compressed

WRITES: tuple[KnownGap, ...] = (
    KnownGap(
        code="count-of-deleted",
        ticket=8031,
        summary="A DELETE of whole compressed batches, which filters by segment-by columns alone,"
        " reports 0 deleted rows.",
        affects="histories: the row count that a DELETE reports",
        first="2.17",
        last="2.17.2",
        right_until=None,
        right_from="2.20.0",
        evidence="seen on 2.17.2; right on 2.20.3, 2.23.0-dev, 2.28.3 and 2.29.2; the release"
        " notes of 2.20.0 name the fix",
        setup=(
            *compressed(
                "count_of_deleted",
                "moment timestamptz NOT NULL, probe int, UNIQUE (probe, moment)",
                BY_PROBE,
                f"({MOMENT}, 1)",
            ),
            "CREATE TABLE count_of_deleted_reported (rows bigint)",
            "DO $$ DECLARE deleted bigint; BEGIN"
            " DELETE FROM count_of_deleted WHERE probe = 1;"
            " GET DIAGNOSTICS deleted = ROW_COUNT;"
            " INSERT INTO count_of_deleted_reported VALUES (deleted); END $$",
        ),
        query="SELECT rows FROM count_of_deleted_reported",
        right=1,
    ),
    KnownGap(
        code="rows-after-a-conflict",
        ticket=7672,
        summary="An INSERT ... ON CONFLICT DO NOTHING of several rows into a compressed"
        " chunk loses the rows after the first conflict.",
        affects="applications: INSERT of several rows with ON CONFLICT DO NOTHING;"
        " histories write one row in a statement",
        first="2.17",
        last="2.18.0",
        right_until=None,
        right_from="2.18.1",
        evidence="seen on 2.17.2; right on 2.23.0-dev, 2.26.0 and 2.28.3; the release"
        " notes of 2.18.1 name the fix (pull request 7673)",
        setup=(
            *compressed(
                "rows_after_a_conflict",
                "moment timestamptz NOT NULL, probe int, UNIQUE (probe, moment)",
                BY_PROBE,
                f"({MOMENT}, 1)",
            ),
            f"INSERT INTO rows_after_a_conflict VALUES ({MOMENT}, 1), ({MOMENT},"
            " 2) ON CONFLICT DO NOTHING",
        ),
        query="SELECT count(*) FROM rows_after_a_conflict",
        right=2,
    ),
    KnownGap(
        code="delete-unlike",
        ticket=7644,
        summary="A DELETE that filters a segment-by column by an operator that no btree"
        " index knows, such as <>, deletes all rows of a compressed chunk.",
        affects="applications: DELETE WHERE <>, NOT IN, LIKE; no check sends one",
        first="2.17",
        last="2.18.0",
        right_until=None,
        right_from="2.18.1",
        evidence="seen on 2.17.2; right on 2.23.0-dev, 2.26.0 and 2.28.3; the release"
        " notes of 2.18.1 name the fix (pull request 7645)",
        setup=(
            *compressed(
                "delete_unlike",
                "moment timestamptz NOT NULL, probe int",
                BY_PROBE,
                f"({MOMENT}, 1), ({MOMENT}, 2)",
            ),
            "DELETE FROM delete_unlike WHERE probe <> 1",
        ),
        query="SELECT count(*) FROM delete_unlike",
        right=1,
    ),
    KnownGap(
        code="null-or-default",
        ticket=7714,
        summary="A NULL that is written to a column added after the first compression"
        " turns into the column's default when the chunk is compressed again.",
        affects="applications: ADD COLUMN ... DEFAULT on a table with compressed chunks,"
        " and NULLs in that column",
        first="2.17",
        last="2.18.2",
        right_until=None,
        right_from="2.19.0",
        evidence="seen on 2.17.2; right on 2.23.0-dev, 2.26.0 and 2.28.3; the release"
        " notes of 2.19.0 name the fix (pull request 7798)",
        setup=(
            "CREATE TABLE null_or_default (moment timestamptz NOT NULL, probe int)",
            "SELECT create_hypertable('null_or_default', 'moment')",
            "ALTER TABLE null_or_default SET (timescaledb.compress,"
            " timescaledb.compress_segmentby = '', timescaledb.compress_orderby ="
            " 'moment')",
            f"INSERT INTO null_or_default VALUES ({MOMENT}, 1)",
            "SELECT compress_chunk(c) FROM show_chunks('null_or_default') AS c",
            "ALTER TABLE null_or_default ADD COLUMN level int DEFAULT 7",
            "UPDATE null_or_default SET level = NULL",
            "SELECT compress_chunk(c) FROM show_chunks('null_or_default') AS c",
        ),
        query="SELECT count(*) FROM null_or_default WHERE level IS NULL",
        right=1,
    ),
    KnownGap(
        code="delete-from-a-chunk",
        ticket=8704,
        summary="A DELETE directly from a compressed chunk does not find compressed rows.",
        affects="none: every check writes to the hypertable",
        first="2.17",
        last="2.22.1",
        right_until=None,
        right_from="2.23.1",
        evidence="seen on 2.17.2, 2.21.0 and 2.23.0-dev; right on 2.26.0 and 2.28.3; the release"
        " notes of 2.23.0 name the fix (pull request 8704)",
        setup=(
            *compressed(
                "delete_from_a_chunk",
                "moment timestamptz NOT NULL, probe int",
                BY_PROBE,
                f"({MOMENT}, 1), ({MOMENT}, 2)",
            ),
            "DO $$ BEGIN EXECUTE format('DELETE FROM %s WHERE probe = 1', (SELECT"
            " c FROM show_chunks('delete_from_a_chunk') AS c)); END $$",
        ),
        query="SELECT count(*) FROM delete_from_a_chunk",
        right=1,
    ),
    KnownGap(
        code="delete-where-nothing-exists",
        ticket=10072,
        summary="A DELETE WHERE EXISTS (a query without rows) deletes all compressed rows.",
        affects="applications: DELETE WHERE EXISTS; no check sends one",
        first="2.26.0",
        last="2.28.0",
        right_until="2.23.0",
        right_from="2.28.1",
        evidence="seen on 2.26.0; right on 2.17.2, 2.23.0-dev and 2.28.3; the release"
        " notes of 2.28.1 name the fix (pull request 10089)",
        setup=(
            *compressed(
                "delete_where_nothing_exists",
                "moment timestamptz NOT NULL, probe int",
                UNSEGMENTED,
                f"({MOMENT}, 1), ({MOMENT}, 2)",
            ),
            "DELETE FROM delete_where_nothing_exists WHERE EXISTS (SELECT 1 WHERE false)",
        ),
        query="SELECT count(*) FROM delete_where_nothing_exists",
        right=2,
    ),
    KnownGap(
        code="delete-unlike-a-null-array",
        ticket=10129,
        summary="A DELETE WHERE segment <> ANY (NULL) selects no row, but deletes rows of"
        " a compressed chunk.",
        affects="applications: DELETE by an array parameter that is NULL; no check sends one",
        first="2.17",
        last="2.28.2",
        right_until=None,
        right_from="2.28.3",
        evidence="seen on 2.17.2, 2.21.0, 2.23.0-dev and 2.26.0; right on 2.28.3; the release"
        " notes of 2.28.3 name the fix (pull request 10254)",
        setup=(
            *compressed(
                "delete_unlike_a_null_array",
                "moment timestamptz NOT NULL, probe int",
                BY_PROBE,
                f"({MOMENT}, 1), ({MOMENT}, 2)",
            ),
            "DELETE FROM delete_unlike_a_null_array WHERE probe <> ANY (NULL::int[])",
        ),
        query="SELECT count(*) FROM delete_unlike_a_null_array",
        right=2,
    ),
    KnownGap(
        code="update-and-collation",
        ticket=9997,
        summary="An UPDATE of compressed rows by a column with a non-deterministic"
        " collation finds no rows that are equal only by that collation.",
        affects="rows and histories of tables with such a column",
        first="2.17",
        last="2.28.2",
        right_until=None,
        right_from="2.28.3",
        evidence="seen on 2.17.2, 2.21.0 and 2.26.0; right on 2.28.3; the release notes of 2.28.3"
        " name the fix (pull request 10230)",
        setup=(
            f"CREATE COLLATION update_and_collation_no_case {NO_CASE}",
            *compressed(
                "update_and_collation",
                "moment timestamptz NOT NULL, label text COLLATE"
                " update_and_collation_no_case, level int",
                UNSEGMENTED,
                f"({MOMENT}, 'abc', 1)",
            ),
            "UPDATE update_and_collation SET level = 2 WHERE label = 'ABC'",
        ),
        query="SELECT count(*) FROM update_and_collation WHERE level = 2",
        right=1,
        icu=True,
    ),
    KnownGap(
        code="direct-check",
        ticket=10056,
        summary="An INSERT with direct compression does not enforce CHECK and NOT NULL.",
        affects="applications that set timescaledb.enable_direct_compress_insert, which"
        " is off by default",
        first="2.23.0",
        last="2.28.0",
        right_until="2.21.0",
        right_from="2.28.1",
        evidence="seen on 2.23.0-dev and 2.26.0; right on 2.17.2, 2.21.0 and 2.28.3; the release"
        " notes of 2.28.1 name the fix (pull request 10056)",
        setup=(
            "CREATE TABLE direct_check (moment timestamptz NOT NULL, level int CHECK (level > 0))",
            "SELECT create_hypertable('direct_check', 'moment')",
            "ALTER TABLE direct_check SET (timescaledb.compress,"
            " timescaledb.compress_segmentby = '', timescaledb.compress_orderby ="
            " 'moment')",
            f"INSERT INTO direct_check SELECT {MOMENT} + n * interval '1 minute',"
            " CASE n WHEN 50 THEN -1 ELSE n END FROM generate_series(1, 100) AS n",
        ),
        query="SELECT count(*) FROM direct_check",
        right=0,
        settings=(("timescaledb.enable_direct_compress_insert", "on"),),
    ),
    KnownGap(
        code="direct-returning",
        ticket=10243,
        summary="An INSERT ... RETURNING with direct compression returns no rows.",
        affects="applications that set timescaledb.enable_direct_compress_insert, which"
        " is off by default",
        first="2.23.0",
        last="2.28.5",
        right_until="2.21.0",
        right_from="2.29.0",
        evidence="seen on 2.23.0-dev, 2.26.0 and 2.28.3; right on 2.17.2 and 2.21.0; the release"
        " notes of 2.29.0 name the fix (pull request 10280)",
        setup=(
            "CREATE TABLE direct_returning (moment timestamptz NOT NULL, probe int)",
            "SELECT create_hypertable('direct_returning', 'moment')",
            "ALTER TABLE direct_returning SET (timescaledb.compress,"
            " timescaledb.compress_segmentby = 'probe',"
            " timescaledb.compress_orderby = 'moment')",
            "CREATE TABLE direct_returning_got (moment timestamptz)",
            f"WITH written AS (INSERT INTO direct_returning SELECT {MOMENT} + n *"
            " interval '1 minute', n % 2 FROM generate_series(1, 20) AS n"
            " RETURNING moment) INSERT INTO direct_returning_got SELECT moment"
            " FROM written",
        ),
        query="SELECT count(*) FROM direct_returning_got",
        right=20,
        settings=(("timescaledb.enable_direct_compress_insert", "on"),),
    ),
    KnownGap(
        code="direct-from-compressed",
        ticket=9381,
        summary="An INSERT ... SELECT from a compressed table with direct compression of"
        " sorted rows loses rows.",
        affects="applications that set"
        " timescaledb.enable_direct_compress_insert_client_sorted, which is off by"
        " default",
        first="2.23.0",
        last="2.25.2",
        right_until="2.21.0",
        right_from="2.26.0",
        evidence="seen on 2.23.0-dev; right on 2.17.2, 2.21.0, 2.26.0 and 2.28.3; the release"
        " notes of 2.26.0 name the fix (pull request 9381)",
        setup=(
            *compressed(
                "direct_from_compressed",
                "moment timestamptz NOT NULL, probe int, level float",
                BY_PROBE,
                f"SELECT {MOMENT} + n * interval '1 minute', p, n FROM"
                " generate_series(1, 240) AS n, generate_series(1, 5) AS p",
            ),
            "CREATE TABLE direct_from_compressed_copy (moment timestamptz NOT"
            " NULL, probe int, level float)",
            "SELECT create_hypertable('direct_from_compressed_copy', 'moment')",
            "ALTER TABLE direct_from_compressed_copy SET (timescaledb.compress,"
            " timescaledb.compress_segmentby = 'probe',"
            " timescaledb.compress_orderby = 'moment')",
            "INSERT INTO direct_from_compressed_copy SELECT * FROM"
            " direct_from_compressed ORDER BY probe, moment",
        ),
        query="SELECT count(DISTINCT (moment, probe)) FROM direct_from_compressed_copy"
        " WHERE level IS NOT NULL",
        right=1200,
        settings=(
            ("timescaledb.enable_direct_compress_insert", "on"),
            ("timescaledb.enable_direct_compress_insert_client_sorted", "on"),
        ),
    ),
    KnownGap(
        code="merge-of-settings",
        ticket=9655,
        summary="merge_chunks() of chunks that were compressed with different settings"
        " corrupts the rows.",
        affects="applications: merges of compressed chunks after a change of the settings",
        first="2.21.0",
        last="2.26.3",
        right_until="2.17.2",
        right_from="2.26.4",
        evidence="seen on 2.21.0, 2.23.0-dev and 2.26.0; right on 2.17.2 and 2.28.3; the release"
        " notes of 2.26.4 name the fix (pull request 9655)",
        setup=(
            "CREATE TABLE merge_of_settings (moment timestamptz NOT NULL, probe"
            " int, label text, level float)",
            "SELECT create_hypertable('merge_of_settings', 'moment',"
            " chunk_time_interval => interval '1 day')",
            f"INSERT INTO merge_of_settings VALUES ({MOMENT}, 1, 'one', 1.5),"
            f" ({MOMENT} + interval '1 day', 2, 'two', 2.5)",
            "ALTER TABLE merge_of_settings SET (timescaledb.compress,"
            " timescaledb.compress_segmentby = 'probe',"
            " timescaledb.compress_orderby = 'moment')",
            "SELECT compress_chunk(c) FROM show_chunks('merge_of_settings',"
            f" older_than => {MOMENT} + interval '1 day') AS c",
            "ALTER TABLE merge_of_settings SET (timescaledb.compress,"
            " timescaledb.compress_segmentby = 'label',"
            " timescaledb.compress_orderby = 'moment')",
            "SELECT compress_chunk(c) FROM show_chunks('merge_of_settings',"
            f" newer_than => {MOMENT} + interval '1 day') AS c",
            "DO $$ BEGIN EXECUTE format('CALL merge_chunks(ARRAY[%s])', (SELECT"
            " string_agg(quote_literal(c) || '::regclass', ', ') FROM"
            " show_chunks('merge_of_settings') AS c)); EXCEPTION WHEN OTHERS THEN"
            " NULL; END $$",
        ),
        query="SELECT count(*) FROM merge_of_settings WHERE (probe, label, level) IN"
        " ((1, 'one', 1.5), (2, 'two', 2.5))",
        right=2,
    ),
    KnownGap(
        code="insert-unseen",
        ticket=6250,
        summary="A row that is inserted directly into a compressed chunk is not found by queries.",
        affects="none: every check writes to the hypertable",
        first="2.17",
        last="2.23.0",
        right_until=None,
        right_from="2.26.0",
        evidence="seen on 2.17.2, 2.21.0 and 2.23.0-dev; right on 2.26.0 and 2.28.3",
        setup=(
            *compressed(
                "insert_unseen",
                "moment timestamptz NOT NULL, probe int",
                BY_PROBE,
                f"({MOMENT}, 1)",
            ),
            "DO $$ BEGIN EXECUTE format('INSERT INTO %s VALUES (timestamptz"
            " ''2025-01-01 00:00+00'', 2)', (SELECT c FROM"
            " show_chunks('insert_unseen') AS c)); END $$",
        ),
        query="SELECT count(*) FROM insert_unseen",
        right=2,
    ),
    KnownGap(
        code="copy-where",
        ticket=9977,
        summary="COPY ... WHERE filters by the wrong column in a chunk that was created after a"
        " column was dropped.",
        affects="applications: COPY ... WHERE into a hypertable after DROP COLUMN",
        first="2.17",
        last="2.27.3",
        right_until=None,
        right_from="2.28.0",
        evidence="seen on 2.17.2, 2.19.3 and 2.23.0-dev; right on 2.28.3 and 2.31.0; the release"
        " notes of 2.28.0 name the fix",
        setup=(
            "CREATE TABLE copy_where (moment timestamptz NOT NULL, label text, probe int, level"
            " int)",
            "SELECT create_hypertable('copy_where', 'moment')",
            "ALTER TABLE copy_where DROP COLUMN label",
        ),
        copied=(
            "COPY copy_where FROM STDIN WHERE probe > 1",
            "2025-01-01\t1\t30\n2025-01-01\t2\t20\n",
        ),
        query="SELECT sum(level) FROM copy_where",
        right=20,
        needs=("copy",),
    ),
    KnownGap(
        code="transition-after-a-drop",
        ticket=9641,
        summary="After DROP COLUMN, a trigger with REFERENCING NEW TABLE reads the values of other"
        " columns of the rows that COPY wrote.",
        affects="applications: statement triggers with a transition table, and COPY",
        first="2.19.3",
        last="2.26.3",
        right_until="2.17.2",
        right_from="2.26.4",
        evidence="seen on 2.19.3 and 2.23.0-dev; right on 2.28.3 and 2.31.0; 2.17.2 has no"
        " transition tables; the release notes of 2.26.4 name the fix",
        setup=(
            "CREATE TABLE transition_after_a_drop (moment timestamptz NOT NULL, label text,"
            " level int)",
            "SELECT create_hypertable('transition_after_a_drop', 'moment')",
            "ALTER TABLE transition_after_a_drop DROP COLUMN label",
            "CREATE TABLE transition_after_a_drop_seen (level int)",
            "CREATE FUNCTION transition_after_a_drop_see() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN INSERT INTO transition_after_a_drop_seen SELECT level FROM added;"
            " RETURN NULL; END'",
            "DO $$ BEGIN CREATE TRIGGER see AFTER INSERT ON transition_after_a_drop REFERENCING NEW"
            " TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION transition_after_a_drop_see();"
            " EXCEPTION WHEN feature_not_supported THEN"
            " INSERT INTO transition_after_a_drop_seen VALUES (30); END $$",
        ),
        copied=("COPY transition_after_a_drop FROM STDIN", "2025-01-01\t30\n"),
        query="SELECT count(*) FROM transition_after_a_drop_seen WHERE level = 30",
        right=1,
        needs=("copy",),
    ),
)
