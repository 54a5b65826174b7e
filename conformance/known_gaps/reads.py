"""Known gaps by which a query returns other rows than the table has."""

from __future__ import annotations

from conformance.known_gaps.registry import KnownGap
from conformance.known_gaps.statements import MOMENT, NO_CASE, UNSEGMENTED, compressed


def _refreshed_by(unit: str) -> tuple[str, ...]:
    """Statements that change rows up to the start of the last bucket, and refresh."""
    table = f"refresh_by_{unit}"
    return (
        f"CREATE TABLE {table} (moment timestamptz NOT NULL, probe int)",
        f"SELECT create_hypertable('{table}', 'moment', chunk_time_interval => interval '30 days')",
        f"INSERT INTO {table} SELECT {MOMENT} + n * interval '1 day', 1"
        " FROM generate_series(0, 120) AS n",
        f"CREATE MATERIALIZED VIEW {table}_view WITH (timescaledb.continuous,"
        " timescaledb.materialized_only = true) AS"
        f" SELECT time_bucket(interval '1 {unit}', moment) AS bucket, count(*) AS n"
        f" FROM {table} GROUP BY 1",
        f"INSERT INTO {table} SELECT {MOMENT} + n * interval '10 days', 2"
        " FROM generate_series(0, 12) AS n",
        f"CALL refresh_continuous_aggregate('{table}_view', {MOMENT} - interval '40 days',"
        f" {MOMENT} + interval '400 days')",
    )


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
        right_from="2.30.1",
        evidence="wrong on 2.30.0 by the ticket; right on 2.17.2, 2.19.3, 2.20.3, 2.23.0-dev,"
        " 2.28.3, 2.29.2 and 2.31.0; the release notes of 2.30.1 name the fix (pull request 10592)",
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
        first="2.26.0",
        last="2.28.5",
        right_until="2.23.0",
        right_from="2.29.0",
        evidence="seen on 2.26.0 and 2.28.3; right on 2.17.2, 2.23.0-dev and 2.29.2; the release"
        " notes of 2.29.0 name the fix (pull request 10242)",
        setup=_refreshed_by("day"),
        query="SELECT sum(n) FROM refresh_by_day_view",
        right=134,
    ),
    KnownGap(
        code="last-month-of-a-refresh",
        ticket=10221,
        summary="The refresh of a continuous aggregate by batches skips the last bucket if buckets"
        " are months and the last changed row lies exactly at the bucket's start.",
        affects="checks that refresh a continuous aggregate of months",
        first="2.26.0",
        last="2.29.2",
        right_until="2.23.0",
        right_from=None,
        evidence="seen on 2.26.0, 2.28.3, 2.29.2 and 2.30.0-dev; right on 2.17.2 and 2.23.0-dev;"
        " the fix of 2.29.0 (pull request 10242) helps buckets of a fixed length alone",
        setup=_refreshed_by("month"),
        query="SELECT sum(n) FROM refresh_by_month_view",
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
        evidence="seen on 2.17.2, 2.21.0, 2.19.3 and 2.23.0-dev; right on 2.26.0, 2.28.3 and"
        " 2.31.0; the release notes of 2.25.0 name the fix (pull request 9129)",
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
        evidence="seen on 2.17.2, 2.21.0, 2.19.3 and 2.23.0-dev; right on 2.26.0, 2.28.3 and"
        " 2.31.0; the release notes of 2.26.0 name the fix (pull request 9344)",
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
        code="limit-in-another-zone",
        ticket=9392,
        summary="A filter of a timestamptz by a date returns rows beyond that date where"
        " the session's time zone is not UTC.",
        affects="applications: filters of a timestamptz by a date",
        first="2.26.0",
        last="2.26.1",
        right_until="2.23.0",
        right_from="2.26.2",
        evidence="seen on 2.26.0; right on 2.17.2, 2.19.3, 2.23.0-dev, 2.28.3 and 2.31.0;"
        " the release notes of 2.26.2 name the fix (pull request 9392)",
        setup=(
            "CREATE TABLE limit_in_another_zone (moment timestamptz NOT NULL)",
            "SELECT create_hypertable('limit_in_another_zone', 'moment',"
            " chunk_time_interval => interval '7 days')",
            "INSERT INTO limit_in_another_zone SELECT timestamptz '2026-01-01"
            " 00:00+00' + n * interval '1 hour' FROM generate_series(0, 1700) AS n",
        ),
        query="SELECT count(*) FROM limit_in_another_zone WHERE moment >= '2026-02-01'"
        " AND moment < date '2026-03-01'",
        right=672,
        needs=(),
        settings=(("timezone", "America/New_York"),),
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
        evidence="seen on 2.17.2, 2.21.0, 2.19.3, 2.23.0-dev and 2.26.0; right on 2.28.3 and"
        " 2.31.0; the release notes of 2.28.0 name the fix (pull request 9976)",
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
        evidence="seen on 2.17.2, 2.21.0, 2.19.3, 2.23.0-dev and 2.26.0; right on 2.28.3 and"
        " 2.31.0; the release notes of 2.28.0 name the fix (pull request 9976)",
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
        evidence="seen on 2.17.2, 2.21.0, 2.19.3, 2.23.0-dev and 2.26.0; right on 2.28.3 and"
        " 2.31.0; the release notes of 2.28.1 name the fix (pull request 10060)",
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
        evidence="seen on 2.17.2, 2.21.0, 2.23.0-dev, 2.26.0 and 2.28.3; the release notes of"
        " 2.29.2 name the fix (pull request 9921)",
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
        first="2.26.0",
        last="2.29.2",
        right_until="2.23.0",
        right_from="2.30.0",
        evidence="seen on 2.26.0 and 2.28.3; right on 2.17.2, 2.19.3, 2.23.0-dev and"
        " 2.31.0; the release notes of 2.30.0 name the fix (pull request 10411)",
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
        evidence="seen on 2.17.2; right on 2.23.0-dev, 2.26.0 and 2.28.3; the release"
        " notes of 2.18.0 name the fix (pull request 7598)",
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
        code="group-by-two",
        ticket=9902,
        summary="A GROUP BY of two columns that the query does not return makes wrong"
        " groups of compressed rows.",
        affects="applications: GROUP BY of columns that are not returned",
        first="2.26.0",
        last="2.27.1",
        right_until="2.23.0",
        right_from="2.27.2",
        evidence="seen on 2.26.0; right on 2.17.2, 2.23.0-dev and 2.28.3; the release"
        " notes of 2.27.2 name the fix (pull request 9902)",
        setup=(
            "CREATE TABLE group_by_two (moment int NOT NULL, a int, b int)",
            "SELECT create_hypertable('group_by_two', 'moment', chunk_time_interval => 1000000)",
            "INSERT INTO group_by_two SELECT n, n % 100, n % 5 FROM generate_series(1, 1000) AS n",
            "ALTER TABLE group_by_two SET (timescaledb.compress,"
            " timescaledb.compress_segmentby = 'b', timescaledb.compress_orderby ="
            " 'moment')",
            "SELECT compress_chunk(c) FROM show_chunks('group_by_two') AS c",
            "ANALYZE group_by_two",
        ),
        query="SELECT count(*) FROM (SELECT count(*) FROM group_by_two GROUP BY a, b) AS s",
        right=100,
    ),
    KnownGap(
        code="null-of-a-function",
        ticket=10082,
        summary="An aggregate of a function that returns NULL for some compressed rows"
        " treats later rows as NULL, too.",
        affects="applications: aggregates of function results",
        first="2.26.0",
        last="2.28.2",
        right_until="2.23.0",
        right_from="2.28.3",
        evidence="seen on 2.26.0; right on 2.17.2, 2.23.0-dev and 2.28.3; the release"
        " notes of 2.28.3 name the fix (pull request 10082)",
        setup=(
            *compressed(
                "null_of_a_function",
                "moment timestamptz NOT NULL, label text",
                UNSEGMENTED,
                f"SELECT {MOMENT} + n * interval '1 minute', CASE n % 2 WHEN 1"
                " THEN '12' ELSE 'x' END FROM generate_series(1, 20) AS n",
            ),
            "ANALYZE null_of_a_function",
        ),
        query="SELECT count(substring(label, '12')) FROM null_of_a_function",
        right=10,
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
        evidence="seen on 2.17.2, 2.21.0, 2.26.0 and 2.28.3; the release notes of 2.30.2 name the"
        " fix (pull request 10682)",
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
    KnownGap(
        code="gapfill-in-a-lateral",
        ticket=9293,
        summary="time_bucket_gapfill() in a LATERAL subquery fills no gaps for the second outer row"
        " and later ones, and returns rows of the first.",
        affects="applications: time_bucket_gapfill() in a LATERAL subquery",
        first="2.17",
        last="2.25.1",
        right_until=None,
        right_from="2.25.2",
        evidence="seen on 2.17.2 and 2.23.0-dev; right on 2.28.3; the release notes of 2.25.2 name"
        " the fix",
        setup=(
            "CREATE TABLE gapfill_in_a_lateral (probe int, moments timestamptz[])",
            f"INSERT INTO gapfill_in_a_lateral VALUES (1, ARRAY[{MOMENT}]), (2, ARRAY[{MOMENT}])",
        ),
        query="SELECT count(*) FROM gapfill_in_a_lateral, LATERAL (SELECT"
        f" time_bucket_gapfill('1 hour', moment, {MOMENT}, {MOMENT} + interval '3 hours') AS bucket"
        " FROM unnest(moments) AS moment GROUP BY bucket) AS g",
        right=6,
    ),
)
