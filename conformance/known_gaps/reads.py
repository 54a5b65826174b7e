"""Known gaps by which a query returns other rows than the table has."""

from __future__ import annotations

from conformance.known_gaps.registry import KnownGap
from conformance.known_gaps.statements import BY_PROBE, MOMENT, NO_CASE, UNSEGMENTED, compressed

READS: tuple[KnownGap, ...] = (
    KnownGap(
        code="prepared-limit",
        ticket=10584,
        summary="From the sixth execution on, a prepared ORDER BY time DESC LIMIT with a parameter"
        " repeats the newest row.",
        affects="histories: prepared reads",
        first="2.30.0",
        last="2.30.0",
        right_until="2.29.2",
        right_from="2.31.0",
        evidence="wrong on 2.30.0 by the ticket; right on 2.17.2, 2.19.3, 2.20.3, 2.23.0-dev,"
        " 2.28.3, 2.29.2 and 2.31.0",
        setup=(
            "CREATE TABLE prepared_limit (moment timestamptz NOT NULL)",
            "SELECT create_hypertable('prepared_limit', 'moment')",
            f"INSERT INTO prepared_limit SELECT {MOMENT} + n * interval '10 days'"
            " FROM generate_series(1, 6) AS n",
            "PREPARE prepared_limit (bigint) AS"
            " SELECT moment FROM prepared_limit ORDER BY moment DESC LIMIT $1",
            *("EXECUTE prepared_limit (6)",) * 6,
            "CREATE TABLE prepared_limit_read AS EXECUTE prepared_limit (6)",
        ),
        query="SELECT count(DISTINCT moment) FROM prepared_limit_read",
        right=6,
        needs=(),
    ),
    KnownGap(
        code="last-bucket-of-a-refresh",
        ticket=10221,
        summary="The refresh of a continuous aggregate by batches skips a bucket if the"
        " last changed row lies exactly at the bucket's start.",
        affects="checks that refresh a continuous aggregate",
        first="2.28.3",
        last="2.28.4",
        right_until="2.23.0",
        right_from="2.29.0",
        evidence="seen on 2.28.3; right on 2.17.2 and 2.23.0-dev; the release notes of"
        " 2.29.0 name the fix (pull request 10242)",
        setup=(
            "CREATE TABLE refresh_by_month (moment timestamptz NOT NULL, probe int)",
            "SELECT create_hypertable('refresh_by_month', 'moment',"
            " chunk_time_interval => interval '30 days')",
            f"INSERT INTO refresh_by_month SELECT {MOMENT} + n * interval '1 day',"
            " 1 FROM generate_series(0, 120) AS n",
            "CREATE MATERIALIZED VIEW refresh_by_month_monthly WITH"
            " (timescaledb.continuous, timescaledb.materialized_only = true) AS"
            " SELECT time_bucket(interval '1 month', moment) AS bucket, count(*)"
            " AS n FROM refresh_by_month GROUP BY 1",
            f"INSERT INTO refresh_by_month SELECT {MOMENT} + n * interval '10"
            " days', 2 FROM generate_series(0, 12) AS n",
            "CALL refresh_continuous_aggregate('refresh_by_month_monthly',"
            f" {MOMENT} - interval '3 days', {MOMENT} + interval '74 days')",
            "CALL refresh_continuous_aggregate('refresh_by_month_monthly',"
            f" {MOMENT} - interval '40 days', {MOMENT} + interval '400 days')",
        ),
        query="SELECT sum(n) FROM refresh_by_month_monthly",
        right=134,
    ),
    KnownGap(
        code="time-bucket-and-clock-change",
        ticket=7059,
        summary="time_bucket() with a time zone and an origin returns a bucket that"
        " starts after the time, when clocks are set back.",
        affects="applications: buckets in a time zone with daylight saving",
        first="2.17",
        last="2.24.0",
        right_until=None,
        right_from="2.25.0",
        evidence="seen on 2.17.2, 2.19.3 and 2.23.0-dev; right on 2.28.3 and 2.31.0; the"
        " release notes of 2.25.0 name the fix (pull request 9129)",
        setup=(),
        query="SELECT count(*) FROM (SELECT timestamptz '2024-11-03 01:30-04' AS t) AS"
        " s WHERE time_bucket('1 hour', t, 'America/New_York', timestamptz"
        " '2000-01-01 00:00-05') > t",
        right=0,
        needs=(),
    ),
    KnownGap(
        code="space-and-cast",
        ticket=9344,
        summary="A filter on a space-partitioned column by a value of another type"
        " excludes the chunk that has the rows.",
        affects="applications: filters by a value with a cast, such as name for text",
        first="2.17",
        last="2.25.2",
        right_until=None,
        right_from="2.26.0",
        evidence="seen on 2.17.2, 2.19.3 and 2.23.0-dev; right on 2.28.3 and 2.31.0; the"
        " release notes of 2.26.0 name the fix (pull request 9344)",
        setup=(
            "CREATE TABLE space_and_cast (moment timestamptz NOT NULL, label text)",
            "SELECT create_hypertable('space_and_cast', 'moment')",
            "SELECT add_dimension('space_and_cast', 'label', number_partitions => 3)",
            f"INSERT INTO space_and_cast VALUES ({MOMENT}, 'abc')",
        ),
        query="SELECT count(*) FROM space_and_cast WHERE label = 'abc'::name",
        right=1,
        needs=(),
    ),
    KnownGap(
        code="date-and-moment",
        ticket=9976,
        summary="A date column compared by < with a timestamptz in the middle of that"
        " date excludes the chunk of that date.",
        affects="applications: filters of a date column by a timestamptz",
        first="2.17",
        last="2.27.3",
        right_until=None,
        right_from="2.28.0",
        evidence="seen on 2.17.2, 2.19.3 and 2.23.0-dev; right on 2.28.3 and 2.31.0; the"
        " release notes of 2.28.0 name the fix (pull request 9976)",
        setup=(
            "CREATE TABLE date_and_moment (moment date NOT NULL)",
            "SELECT create_hypertable('date_and_moment', 'moment',"
            " chunk_time_interval => interval '1 day')",
            "INSERT INTO date_and_moment SELECT date '2024-03-08' + n FROM"
            " generate_series(0, 4) AS n",
        ),
        query="SELECT count(*) FROM date_and_moment WHERE moment < timestamptz"
        " '2024-03-10 12:00+00'",
        right=3,
        needs=(),
        settings=(("timezone", "UTC"),),
    ),
    KnownGap(
        code="bucket-and-date",
        ticket=9976,
        summary="A filter of time_bucket() by a date returns no rows.",
        affects="applications: filters of time_bucket() by a value of another type",
        first="2.17",
        last="2.27.3",
        right_until=None,
        right_from="2.28.0",
        evidence="seen on 2.17.2, 2.19.3 and 2.23.0-dev; right on 2.28.3 and 2.31.0; the"
        " release notes of 2.28.0 name the fix (pull request 9976)",
        setup=(
            "CREATE TABLE bucket_and_date (moment timestamptz NOT NULL)",
            "SELECT create_hypertable('bucket_and_date', 'moment',"
            " chunk_time_interval => interval '1 day')",
            "INSERT INTO bucket_and_date SELECT timestamptz '2024-03-01 00:00+00'"
            " + n * interval '1 day' FROM generate_series(0, 19) AS n",
        ),
        query="SELECT count(*) FROM bucket_and_date WHERE time_bucket('1 day', moment)"
        " < date '2024-03-10'",
        right=9,
        needs=(),
        settings=(("timezone", "UTC"),),
    ),
    KnownGap(
        code="first-by-two-orders",
        ticket=10060,
        summary="Two first() or last() of one column by two different orders in one query"
        " return the same value.",
        affects="applications: queries with several first() or last()",
        first="2.17",
        last="2.28.0",
        right_until=None,
        right_from="2.28.1",
        evidence="seen on 2.17.2, 2.19.3 and 2.23.0-dev; right on 2.28.3 and 2.31.0; the"
        " release notes of 2.28.1 name the fix (pull request 10060)",
        setup=(
            "CREATE TABLE first_by_two_orders (moment timestamptz NOT NULL, other"
            " timestamptz NOT NULL, level int NOT NULL)",
            "SELECT create_hypertable('first_by_two_orders', 'moment')",
            f"INSERT INTO first_by_two_orders SELECT {MOMENT} + n * interval '1"
            f" minute', {MOMENT} + (201 - n) * interval '1 minute', n FROM"
            " generate_series(1, 200) AS n",
            "CREATE INDEX ON first_by_two_orders (other)",
            "ANALYZE first_by_two_orders",
        ),
        query="SELECT first(level, moment) - first(level, other) FROM first_by_two_orders",
        right=-199,
        needs=(),
    ),
    KnownGap(
        code="is-null-of-a-comparison",
        ticket=9921,
        summary="A filter (column > 0) IS NULL on a compressed order-by column returns no rows.",
        affects="applications: filters by IS NULL of a comparison",
        first="2.17",
        last="2.29.1",
        right_until=None,
        right_from="2.29.2",
        evidence="seen on 2.17.2, 2.23.0-dev and 2.28.3; the release notes of 2.29.2 name"
        " the fix (pull request 9921)",
        setup=(
            *compressed(
                "is_null_of_a_comparison",
                "moment timestamptz NOT NULL, level int",
                "timescaledb.compress_segmentby = '',"
                " timescaledb.compress_orderby = 'moment, level'",
                f"({MOMENT}, NULL), ({MOMENT} + interval '1 hour', 1)",
            ),
        ),
        query="SELECT count(*) FROM is_null_of_a_comparison WHERE (level > 0) IS NULL",
        right=1,
    ),
    KnownGap(
        code="join-by-bucket",
        ticket=9905,
        summary="A join of two hypertables by equal time_bucket() returns too few rows.",
        affects="applications: joins by time_bucket()",
        first="2.28.3",
        last="2.29.2",
        right_until="2.23.0",
        right_from="2.30.0",
        evidence="seen on 2.28.3; right on 2.17.2, 2.19.3, 2.23.0-dev and 2.31.0; the"
        " release notes of 2.30.0 name the fix (pull request 10411)",
        setup=(
            "CREATE TABLE join_by_bucket_a (moment timestamptz NOT NULL, k int)",
            "SELECT create_hypertable('join_by_bucket_a', 'moment',"
            " chunk_time_interval => interval '1 day')",
            "CREATE TABLE join_by_bucket_b (moment timestamptz NOT NULL, k int)",
            "SELECT create_hypertable('join_by_bucket_b', 'moment',"
            " chunk_time_interval => interval '1 day')",
            f"INSERT INTO join_by_bucket_a SELECT {MOMENT} + n * interval '1"
            " hour', 1 FROM generate_series(0, 23) AS n",
            f"INSERT INTO join_by_bucket_b SELECT {MOMENT} + n * interval '30"
            " minutes', 1 FROM generate_series(0, 47) AS n",
        ),
        query="SELECT sum(n) FROM (SELECT time_bucket('1 hour', a.moment) AS bucket,"
        " count(*) AS n FROM join_by_bucket_a AS a JOIN join_by_bucket_b AS b ON"
        " time_bucket('1 hour', a.moment) = time_bucket('1 hour', b.moment) AND"
        " a.k = b.k GROUP BY 1) AS s",
        right=48,
        needs=(),
    ),
    KnownGap(
        code="nan-in-a-filter",
        ticket=7598,
        summary="A filter of compressed rows does not treat NaN as greater than all numbers.",
        affects="rows of tables with NaN in a compressed column",
        first="2.17",
        last="2.17.2",
        right_until=None,
        right_from="2.18.0",
        evidence="seen on 2.17.2; right on 2.23.0-dev and 2.28.3; the release notes of"
        " 2.18.0 name the fix (pull request 7598)",
        setup=(
            *compressed(
                "nan_in_a_filter",
                "moment timestamptz NOT NULL, level float8",
                UNSEGMENTED,
                f"SELECT {MOMENT} + n * interval '1 minute', CASE n WHEN 1 THEN"
                " float8 'nan' ELSE n END FROM generate_series(1, 20) AS n",
            ),
        ),
        query="SELECT count(*) FROM nan_in_a_filter WHERE level > 15",
        right=6,
    ),
    KnownGap(
        code="order-by-two",
        ticket=9922,
        summary="A query of compressed rows by two order-by columns returns rows in the"
        " wrong order.",
        affects="applications: ORDER BY of the order-by columns across segments",
        first="2.17",
        last="2.27.3",
        right_until=None,
        right_from="2.28.0",
        evidence="seen on 2.17.2 and 2.23.0-dev; right on 2.28.3; the release notes of"
        " 2.28.0 name the fix (pull request 9955)",
        setup=(
            *compressed(
                "order_by_two",
                "moment timestamptz NOT NULL, probe int NOT NULL, label text NOT NULL",
                "timescaledb.compress_segmentby = 'probe',"
                " timescaledb.compress_orderby = 'label, moment'",
                f"SELECT {MOMENT} + n * interval '1 minute', n % 4, 'k' ||"
                " lpad(((n * 5) % 17)::text, 3, '0') FROM generate_series(0, 8379)"
                " AS n",
            ),
            "ANALYZE order_by_two",
        ),
        query="SELECT count(*) FROM (SELECT label, moment, lag(label) OVER () AS bl,"
        " lag(moment) OVER () AS bm FROM (SELECT label, moment FROM order_by_two"
        " ORDER BY label, moment) AS s) AS o WHERE label < bl OR (label = bl AND"
        " moment < bm)",
        right=0,
        settings=(("enable_sort", "off"),),
    ),
    KnownGap(
        code="order-after-recompression",
        ticket=9731,
        summary="After rows were added to a chunk and the chunk was compressed again, a"
        " query by the order-by columns returns rows in the wrong order.",
        affects="applications: ORDER BY after a recompression",
        first="2.23.0",
        last="2.26.4",
        right_until="2.17.2",
        right_from="2.27.0",
        evidence="seen on 2.23.0-dev; right on 2.17.2 and 2.28.3; the release notes of"
        " 2.27.0 name the fix (pull request 9731)",
        setup=(
            *compressed(
                "order_after_recompression",
                "moment timestamptz NOT NULL, probe int, level int",
                "timescaledb.compress_segmentby = '',"
                " timescaledb.compress_orderby = 'probe DESC, moment'",
                f"SELECT {MOMENT} + n * interval '1 second', p, 0 FROM"
                " generate_series(1, 100) AS p, generate_series(1, 10) AS n",
            ),
            f"INSERT INTO order_after_recompression SELECT {MOMENT} + interval '6"
            " hours' + n * interval '1 second', 50, 1 FROM generate_series(1, 500)"
            " AS n",
            "SELECT compress_chunk(c) FROM show_chunks('order_after_recompression') AS c",
            "ANALYZE order_after_recompression",
        ),
        query="SELECT count(*) FROM (SELECT probe, lag(probe) OVER () AS before FROM"
        " (SELECT probe FROM order_after_recompression ORDER BY probe DESC,"
        " moment) AS s) AS o WHERE probe > before",
        right=0,
    ),
    KnownGap(
        code="order-after-direct",
        ticket=9339,
        summary="After direct compression and a recompression, a query by the order-by"
        " column returns rows in the wrong order.",
        affects="applications that set timescaledb.enable_direct_compress_insert, which"
        " is off by default",
        first="2.23.0",
        last="2.25.1",
        right_until="2.17.2",
        right_from="2.25.2",
        evidence="seen on 2.23.0-dev; right on 2.17.2 and 2.28.3; the release notes of"
        " 2.25.2 name the fix (pull request 9339)",
        setup=(
            "CREATE TABLE order_after_direct (moment timestamptz NOT NULL, probe int, level int)",
            "SELECT create_hypertable('order_after_direct', 'moment')",
            "ALTER TABLE order_after_direct SET (timescaledb.compress,"
            " timescaledb.compress_segmentby = 'probe',"
            " timescaledb.compress_orderby = 'moment')",
            f"INSERT INTO order_after_direct SELECT {MOMENT} + n * interval '1"
            " minute', 1, 0 FROM generate_series(1, 20) AS n",
            f"INSERT INTO order_after_direct SELECT {MOMENT} + n * interval '1"
            " minute', 2, 0 FROM generate_series(1, 20) AS n",
            f"INSERT INTO order_after_direct SELECT {MOMENT} + n * interval '1"
            " minute', 2, 0 FROM generate_series(1, 20) AS n",
            "SELECT set_config('timescaledb.enable_direct_compress_insert', 'off', false)",
            f"INSERT INTO order_after_direct VALUES ({MOMENT} + interval '3 hours', 1, 30)",
            "SELECT compress_chunk(c) FROM show_chunks('order_after_direct') AS c",
        ),
        query="SELECT count(*) FROM (SELECT moment, lag(moment) OVER () AS before FROM"
        " (SELECT moment FROM order_after_direct WHERE probe = 2 ORDER BY probe,"
        " moment) AS s) AS o WHERE moment < before",
        right=0,
        settings=(("timescaledb.enable_direct_compress_insert", "on"),),
    ),
    KnownGap(
        code="skipping-after-recompression",
        ticket=8426,
        summary="With chunk skipping, a query does not find compressed rows of a chunk"
        " that was compressed again.",
        affects="tables with enable_chunk_skipping(), which needs"
        " timescaledb.enable_chunk_skipping, off by default",
        first="2.17",
        last="2.21.1",
        right_until=None,
        right_from="2.21.2",
        evidence="seen on 2.17.2; right on 2.23.0-dev and 2.28.3; the release notes of"
        " 2.21.2 name the fix (pull request 8426)",
        setup=(
            "CREATE TABLE skipping_after_recompression (moment timestamptz NOT"
            " NULL, probe int, changed timestamptz)",
            "SELECT create_hypertable('skipping_after_recompression', 'moment')",
            "ALTER TABLE skipping_after_recompression SET (timescaledb.compress,"
            " timescaledb.compress_segmentby = 'probe',"
            " timescaledb.compress_orderby = 'moment')",
            "SELECT enable_chunk_skipping('skipping_after_recompression', 'changed')",
            f"INSERT INTO skipping_after_recompression VALUES ({MOMENT}, 1, '2025-01-01')",
            "SELECT compress_chunk(c) FROM show_chunks('skipping_after_recompression') AS c",
            f"INSERT INTO skipping_after_recompression VALUES ({MOMENT}, 2, '2026-01-01')",
            "SELECT compress_chunk(c) FROM show_chunks('skipping_after_recompression') AS c",
        ),
        query="SELECT count(*) FROM skipping_after_recompression WHERE changed < '2025-06-01'",
        right=1,
        settings=(("timescaledb.enable_chunk_skipping", "on"),),
    ),
    KnownGap(
        code="skipping-the-maximum",
        ticket=9995,
        summary="With chunk skipping, a query does not find rows with the greatest bigint.",
        affects="tables with enable_chunk_skipping(), which needs"
        " timescaledb.enable_chunk_skipping, off by default",
        first="2.17",
        last="2.27.3",
        right_until=None,
        right_from="2.28.0",
        evidence="seen on 2.17.2 and 2.23.0-dev; right on 2.28.3; the release notes of"
        " 2.28.0 name the fix (pull request 10026)",
        setup=(
            "CREATE TABLE skipping_the_maximum (moment timestamptz NOT NULL, level bigint)",
            "SELECT create_hypertable('skipping_the_maximum', 'moment',"
            " chunk_time_interval => interval '1 day')",
            "ALTER TABLE skipping_the_maximum SET (timescaledb.compress)",
            "SELECT enable_chunk_skipping('skipping_the_maximum', 'level')",
            f"INSERT INTO skipping_the_maximum VALUES ({MOMENT},"
            f" 9223372036854775806), ({MOMENT} + interval '1 day',"
            " 9223372036854775807)",
            "SELECT compress_chunk(c) FROM show_chunks('skipping_the_maximum') AS c",
        ),
        query="SELECT count(*) FROM skipping_the_maximum WHERE level >= 9223372036854775806",
        right=2,
        settings=(("timescaledb.enable_chunk_skipping", "on"),),
    ),
    KnownGap(
        code="order-of-a-chunk",
        ticket=7816,
        summary="A query of a partly compressed chunk that groups by the segment-by"
        " column returns one group twice.",
        affects="none: every check reads the hypertable",
        first="2.17",
        last="2.19.0",
        right_until=None,
        right_from="2.19.1",
        evidence="seen on 2.17.2; right on 2.23.0-dev and 2.28.3; the release notes of"
        " 2.19.1 name the fix (pull request 7816)",
        setup=(
            *compressed(
                "order_of_a_chunk",
                "moment timestamptz NOT NULL, probe text",
                BY_PROBE,
                f"({MOMENT}, NULL), ({MOMENT} + interval '1 hour', NULL),"
                f" ({MOMENT} + interval '1 hour', 'd')",
            ),
            f"INSERT INTO order_of_a_chunk VALUES ({MOMENT} + interval '1 hour', 'd')",
            "CREATE TABLE order_of_a_chunk_groups (moment timestamptz, probe text)",
            "DO $$ BEGIN EXECUTE format('INSERT INTO order_of_a_chunk_groups"
            " SELECT moment, probe FROM %s GROUP BY moment, probe', (SELECT c FROM"
            " show_chunks('order_of_a_chunk') AS c)); END $$",
        ),
        query="SELECT count(*) FROM order_of_a_chunk_groups",
        right=3,
        settings=(("enable_hashagg", "off"),),
    ),
    KnownGap(
        code="collation-of-a-filter",
        ticket=10682,
        summary="A filter of compressed rows ignores a non-deterministic collation that"
        " the query gives.",
        affects="applications: filters with COLLATE",
        first="2.17",
        last="2.30.1",
        right_until=None,
        right_from="2.30.2",
        evidence="seen on 2.17.2 and 2.28.3; the release notes of 2.30.2 name the fix"
        " (pull request 10682)",
        setup=(
            f"CREATE COLLATION collation_of_a_filter_no_case {NO_CASE}",
            *compressed(
                "collation_of_a_filter",
                "moment timestamptz NOT NULL, label text",
                UNSEGMENTED,
                f"SELECT {MOMENT} + n * interval '1 minute', 'abc' FROM"
                " generate_series(1, 20) AS n",
            ),
        ),
        query="SELECT count(*) FROM collation_of_a_filter WHERE label = 'ABC' COLLATE"
        " collation_of_a_filter_no_case",
        right=20,
        icu=True,
    ),
)
