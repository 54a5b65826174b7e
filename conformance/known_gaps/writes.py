"""Known gaps by which a statement writes other rows than it says."""

from __future__ import annotations

from conformance.known_gaps.registry import KnownGap
from conformance.known_gaps.statements import COMPRESS, NO_CASE, compress_by, compressed, hypertable

WRITES: tuple[KnownGap, ...] = (
    KnownGap(
        code="count-of-deleted",
        ticket=8031,
        summary="A DELETE of whole compressed batches, which filters by segment-by columns alone,"
        " reports 0 deleted rows.",
        affects="histories: the row count that a DELETE reports",
        last="2.17.2",
        right_from="2.20.0",
        evidence="seen on 2.17.2; right on 2.20.3, 2.23.0-dev, 2.28.3 and 2.29.2; the release"
        " notes of 2.20.0 name the fix",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe int, UNIQUE (probe, moment)",
                "({moment}, 1)",
                segment="probe",
            ),
            "CREATE TABLE {t}_reported (rows bigint)",
            "DO $$ DECLARE deleted bigint; BEGIN DELETE FROM {t} WHERE probe = 1;"
            " GET DIAGNOSTICS deleted = ROW_COUNT; INSERT INTO {t}_reported VALUES (deleted);"
            " END $$",
        ),
        query="SELECT rows FROM {t}_reported",
        right=1,
    ),
    KnownGap(
        code="rows-after-a-conflict",
        ticket=7672,
        summary="An INSERT ... ON CONFLICT DO NOTHING of several rows into a compressed chunk"
        " loses the rows after the first conflict.",
        affects="applications: INSERT of several rows with ON CONFLICT DO NOTHING; histories write"
        " one row in a statement",
        last="2.18.0",
        right_from="2.18.1",
        evidence="seen on 2.17.2; right on 2.23.0-dev, 2.26.0 and 2.28.3; the release notes of"
        " 2.18.1 name the fix (pull request 7673)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe int, UNIQUE (probe, moment)",
                "({moment}, 1)",
                segment="probe",
            ),
            "INSERT INTO {t} VALUES ({moment}, 1), ({moment}, 2) ON CONFLICT DO NOTHING",
        ),
        query="SELECT count(*) FROM {t}",
        right=2,
    ),
    KnownGap(
        code="delete-unlike",
        ticket=7644,
        summary="A DELETE that filters a segment-by column by an operator that no btree index"
        " knows, such as <>, deletes all rows of a compressed chunk.",
        affects="applications: DELETE WHERE <>, NOT IN, LIKE; no check sends one",
        last="2.18.0",
        right_from="2.18.1",
        evidence="seen on 2.17.2; right on 2.23.0-dev, 2.26.0 and 2.28.3; the release notes of"
        " 2.18.1 name the fix (pull request 7645)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe int",
                "({moment}, 1), ({moment}, 2)",
                segment="probe",
            ),
            "DELETE FROM {t} WHERE probe <> 1",
        ),
        query="SELECT count(*) FROM {t}",
        right=1,
    ),
    KnownGap(
        code="null-or-default",
        ticket=7714,
        summary="A NULL that is written to a column added after the first compression turns into"
        " the column's default when the chunk is compressed again.",
        affects="applications: ADD COLUMN ... DEFAULT on a table with compressed chunks, and NULLs"
        " in that column",
        last="2.18.2",
        right_from="2.19.0",
        evidence="seen on 2.17.2; right on 2.23.0-dev, 2.26.0 and 2.28.3; the release notes of"
        " 2.19.0 name the fix (pull request 7798)",
        setup=(
            *compressed("moment timestamptz NOT NULL, probe int", "({moment}, 1)"),
            "ALTER TABLE {t} ADD COLUMN level int DEFAULT 7",
            "UPDATE {t} SET level = NULL",
            COMPRESS,
        ),
        query="SELECT count(*) FROM {t} WHERE level IS NULL",
        right=1,
    ),
    KnownGap(
        code="delete-from-a-chunk",
        ticket=8704,
        summary="A DELETE directly from a compressed chunk does not find compressed rows.",
        affects="none: every check writes to the hypertable",
        last="2.22.1",
        right_from="2.23.1",
        evidence="seen on 2.17.2, 2.21.0 and 2.23.0-dev; right on 2.26.0 and 2.28.3; the release"
        " notes of 2.23.0 name the fix (pull request 8704)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe int",
                "({moment}, 1), ({moment}, 2)",
                segment="probe",
            ),
            "DO $$ BEGIN EXECUTE format('DELETE FROM %s WHERE probe = 1',"
            " (SELECT c FROM show_chunks('{t}') AS c)); END $$",
        ),
        query="SELECT count(*) FROM {t}",
        right=1,
    ),
    KnownGap(
        code="delete-where-nothing-exists",
        ticket=10072,
        summary="A DELETE WHERE EXISTS (a query without rows) deletes all compressed rows.",
        affects="applications: DELETE WHERE EXISTS; no check sends one",
        first="2.25.2",
        last="2.28.0",
        right_until="2.23.0",
        right_from="2.28.1",
        evidence="seen on 2.25.2 and 2.26.0; right on 2.17.2, 2.23.0-dev and 2.28.3; the release"
        " notes of 2.28.1 name the fix (pull request 10089)",
        setup=(
            *compressed("moment timestamptz NOT NULL, probe int", "({moment}, 1), ({moment}, 2)"),
            "DELETE FROM {t} WHERE EXISTS (SELECT 1 WHERE false)",
        ),
        query="SELECT count(*) FROM {t}",
        right=2,
    ),
    KnownGap(
        code="delete-unlike-a-null-array",
        ticket=10129,
        summary="A DELETE WHERE segment <> ANY (NULL) selects no row, but deletes rows of a"
        " compressed chunk.",
        affects="applications: DELETE by an array parameter that is NULL; no check sends one",
        last="2.28.2",
        right_from="2.28.3",
        evidence="seen on 2.17.2, 2.21.0, 2.23.0-dev and 2.26.0; right on 2.28.3; the release"
        " notes of 2.28.3 name the fix (pull request 10254)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe int",
                "({moment}, 1), ({moment}, 2)",
                segment="probe",
            ),
            "DELETE FROM {t} WHERE probe <> ANY (NULL::int[])",
        ),
        query="SELECT count(*) FROM {t}",
        right=2,
    ),
    KnownGap(
        code="update-and-collation",
        ticket=9997,
        summary="An UPDATE of compressed rows by a column with a non-deterministic collation finds"
        " no rows that are equal only by that collation.",
        affects="rows and histories of tables with such a column",
        last="2.28.2",
        right_from="2.28.3",
        evidence="seen on 2.17.2, 2.21.0 and 2.26.0; right on 2.28.3; the release notes of 2.28.3"
        " name the fix (pull request 10230)",
        setup=(
            f"CREATE COLLATION {{t}}_no_case {NO_CASE}",
            *compressed(
                "moment timestamptz NOT NULL, label text COLLATE {t}_no_case, level int",
                "({moment}, 'abc', 1)",
            ),
            "UPDATE {t} SET level = 2 WHERE label = 'ABC'",
        ),
        query="SELECT count(*) FROM {t} WHERE level = 2",
        right=1,
        icu=True,
    ),
    KnownGap(
        code="direct-check",
        ticket=10056,
        summary="An INSERT with direct compression does not enforce CHECK and NOT NULL.",
        affects="applications that set timescaledb.enable_direct_compress_insert, which is off by"
        " default",
        first="2.23.0",
        last="2.28.0",
        right_until="2.21.0",
        right_from="2.28.1",
        evidence="seen on 2.23.0-dev and 2.26.0; right on 2.17.2, 2.21.0 and 2.28.3; the release"
        " notes of 2.28.1 name the fix (pull request 10056)",
        setup=(
            *hypertable("moment timestamptz NOT NULL, level int CHECK (level > 0)", segment=""),
            "INSERT INTO {t} SELECT {moment} + n * interval '1 minute',"
            " CASE n WHEN 50 THEN -1 ELSE n END FROM generate_series(1, 100) AS n",
        ),
        query="SELECT count(*) FROM {t}",
        right=0,
        settings=(("timescaledb.enable_direct_compress_insert", "on"),),
    ),
    KnownGap(
        code="direct-returning",
        ticket=10243,
        summary="An INSERT ... RETURNING with direct compression returns no rows.",
        affects="applications that set timescaledb.enable_direct_compress_insert, which is off by"
        " default",
        first="2.23.0",
        last="2.28.5",
        right_until="2.21.0",
        right_from="2.29.0",
        evidence="seen on 2.23.0-dev, 2.26.0 and 2.28.3; right on 2.17.2 and 2.21.0; the release"
        " notes of 2.29.0 name the fix (pull request 10280)",
        setup=(
            *hypertable("moment timestamptz NOT NULL, probe int", segment="probe"),
            "CREATE TABLE {t}_got (moment timestamptz)",
            "WITH written AS (INSERT INTO {t} SELECT {moment} + n * interval '1 minute',"
            " n % 2 FROM generate_series(1, 20) AS n RETURNING moment) INSERT INTO {t}_got SELECT"
            " moment FROM written",
        ),
        query="SELECT count(*) FROM {t}_got",
        right=20,
        settings=(("timescaledb.enable_direct_compress_insert", "on"),),
    ),
    KnownGap(
        code="direct-from-compressed",
        ticket=9381,
        summary="An INSERT ... SELECT from a compressed table with direct compression of sorted"
        " rows loses rows.",
        affects="applications that set timescaledb.enable_direct_compress_insert_client_sorted,"
        " which is off by default",
        first="2.23.0",
        last="2.25.2",
        right_until="2.21.0",
        right_from="2.26.0",
        evidence="seen on 2.23.0-dev; right on 2.17.2, 2.21.0, 2.26.0 and 2.28.3; the release"
        " notes of 2.26.0 name the fix (pull request 9381)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe int, level float",
                "SELECT {moment} + n * interval '1 minute', p, n FROM generate_series(1,"
                " 240) AS n, generate_series(1, 5) AS p",
                segment="probe",
            ),
            "CREATE TABLE {t}_copy (moment timestamptz NOT NULL, probe int, level float)",
            "SELECT create_hypertable('{t}_copy', 'moment')",
            "ALTER TABLE {t}_copy SET (timescaledb.compress,"
            " timescaledb.compress_segmentby = 'probe', timescaledb.compress_orderby = 'moment')",
            "INSERT INTO {t}_copy SELECT * FROM {t} ORDER BY probe, moment",
        ),
        query="SELECT count(DISTINCT (moment, probe)) FROM {t}_copy WHERE level IS NOT NULL",
        right=1200,
        settings=(
            ("timescaledb.enable_direct_compress_insert", "on"),
            ("timescaledb.enable_direct_compress_insert_client_sorted", "on"),
        ),
    ),
    KnownGap(
        code="merge-of-settings",
        ticket=9655,
        summary="merge_chunks() of chunks that were compressed with different settings corrupts"
        " the rows.",
        affects="applications: merges of compressed chunks after a change of the settings",
        first="2.21.0",
        last="2.26.3",
        right_until="2.17.2",
        right_from="2.26.4",
        evidence="seen on 2.21.0, 2.23.0-dev and 2.26.0; right on 2.17.2 and 2.28.3; the release"
        " notes of 2.26.4 name the fix (pull request 9655)",
        setup=(
            *hypertable(
                "moment timestamptz NOT NULL, probe int, label text, level float", chunk="1 day"
            ),
            "INSERT INTO {t} VALUES ({moment}, 1, 'one', 1.5), ({moment} + interval '1 day',"
            " 2, 'two', 2.5)",
            compress_by(segment="probe"),
            "SELECT compress_chunk(c) FROM show_chunks('{t}',"
            " older_than => {moment} + interval '1 day') AS c",
            compress_by(segment="label"),
            "SELECT compress_chunk(c) FROM show_chunks('{t}',"
            " newer_than => {moment} + interval '1 day') AS c",
            "DO $$ BEGIN EXECUTE format('CALL merge_chunks(ARRAY[%s])',"
            " (SELECT string_agg(quote_literal(c) || '::regclass', ', ')"
            " FROM show_chunks('{t}') AS c)); EXCEPTION WHEN OTHERS THEN NULL; END $$",
        ),
        query="SELECT count(*) FROM {t} WHERE (probe, label, level) IN ((1, 'one', 1.5),"
        " (2, 'two', 2.5))",
        right=2,
    ),
    KnownGap(
        code="insert-unseen",
        ticket=6250,
        summary="A row that is inserted directly into a compressed chunk is not found by queries.",
        affects="none: every check writes to the hypertable",
        last="2.23.0",
        right_from="2.25.2",
        evidence="seen on 2.17.2, 2.21.0 and 2.23.0-dev; right on 2.25.2, 2.26.0 and 2.28.3",
        setup=(
            *compressed("moment timestamptz NOT NULL, probe int", "({moment}, 1)", segment="probe"),
            "DO $$ BEGIN EXECUTE format('INSERT INTO %s VALUES (timestamptz ''2025-01-01"
            " 00:00+00'', 2)', (SELECT c FROM show_chunks('{t}') AS c)); END $$",
        ),
        query="SELECT count(*) FROM {t}",
        right=2,
    ),
    KnownGap(
        code="copy-where",
        ticket=9977,
        summary="COPY ... WHERE filters by the wrong column in a chunk that was created after a"
        " column was dropped.",
        affects="applications: COPY ... WHERE into a hypertable after DROP COLUMN",
        last="2.27.3",
        right_from="2.28.0",
        evidence="seen on 2.17.2, 2.19.3 and 2.23.0-dev; right on 2.28.3 and 2.31.0; the release"
        " notes of 2.28.0 name the fix",
        setup=(
            *hypertable("moment timestamptz NOT NULL, label text, probe int, level int"),
            "ALTER TABLE {t} DROP COLUMN label",
        ),
        copied=("COPY {t} FROM STDIN WHERE probe > 1", "2025-01-01\t1\t30\n2025-01-01\t2\t20\n"),
        query="SELECT sum(level) FROM {t}",
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
            *hypertable("moment timestamptz NOT NULL, label text, level int"),
            "ALTER TABLE {t} DROP COLUMN label",
            "CREATE TABLE {t}_seen (level int)",
            "CREATE FUNCTION {t}_see() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO"
            " {t}_seen SELECT level FROM added; RETURN NULL; END'",
            "DO $$ BEGIN CREATE TRIGGER see AFTER INSERT ON {t} REFERENCING NEW TABLE AS added FOR"
            " EACH STATEMENT EXECUTE FUNCTION {t}_see(); EXCEPTION WHEN feature_not_supported THEN"
            " INSERT INTO {t}_seen VALUES (30); END $$",
        ),
        copied=("COPY {t} FROM STDIN", "2025-01-01\t30\n"),
        query="SELECT count(*) FROM {t}_seen WHERE level = 30",
        right=1,
        needs=("copy",),
    ),
)
