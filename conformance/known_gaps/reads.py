"""Known gaps by which a query returns other rows than the table has."""

from __future__ import annotations

from conformance.known_gaps.registry import KnownGap
from conformance.known_gaps.statements import COMPRESS, NO_CASE, compress_by, compressed, hypertable


def _refreshed_by(unit: str) -> tuple[str, ...]:
    """Statements that change rows up to the start of the last bucket, and refresh."""
    return (
        *hypertable("moment timestamptz NOT NULL, probe int", chunk="30 days"),
        "INSERT INTO {t} SELECT {moment} + n * interval '1 day', 1"
        " FROM generate_series(0, 120) AS n",
        "CREATE MATERIALIZED VIEW {t}_view WITH (timescaledb.continuous,"
        " timescaledb.materialized_only = true) AS"
        f" SELECT time_bucket(interval '1 {unit}', moment) AS bucket, count(*) AS n"
        " FROM {t} GROUP BY 1",
        "INSERT INTO {t} SELECT {moment} + n * interval '10 days', 2"
        " FROM generate_series(0, 12) AS n",
        "CALL refresh_continuous_aggregate('{t}_view', {moment} - interval '40 days',"
        " {moment} + interval '400 days')",
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
        " 2.28.3, 2.29.2 and 2.31.0; the release notes of 2.30.1 name the fix (pull"
        " request 10592)",
        setup=(
            *hypertable("moment timestamptz NOT NULL"),
            "INSERT INTO {t} SELECT {moment} + n * interval '10 days'"
            " FROM generate_series(1, 6) AS n",
            "PREPARE {t} (bigint) AS SELECT moment FROM {t} ORDER BY moment DESC LIMIT $1",
            *("EXECUTE {t} (6)",) * 6,
            "CREATE TABLE {t}_read AS EXECUTE {t} (6)",
        ),
        query="SELECT count(DISTINCT moment) FROM {t}_read",
        right=6,
        needs=(),
    ),
    KnownGap(
        code="last-bucket-of-a-refresh",
        ticket=10221,
        summary="The refresh of a continuous aggregate by batches skips a bucket if the last"
        " changed row lies exactly at the bucket's start.",
        affects="checks that refresh a continuous aggregate",
        first="2.28.0",
        last="2.28.5",
        right_until="2.25.2",
        right_from="2.29.0",
        evidence="seen on 2.28.0, 2.28.3 and once on 2.26.0; right on 2.17.2, 2.23.0-dev,"
        " 2.25.2, 2.26.0 with PostgreSQL 17, 2.26.4, 2.27.2 and 2.29.2; the release notes"
        " of 2.29.0 name the fix (pull request 10242)",
        setup=_refreshed_by("day"),
        query="SELECT sum(n) FROM {t}_view",
        right=134,
    ),
    KnownGap(
        code="last-month-of-a-refresh",
        ticket=10221,
        summary="The refresh of a continuous aggregate by batches skips the last bucket if buckets"
        " are months and the last changed row lies exactly at the bucket's start.",
        affects="checks that refresh a continuous aggregate of months",
        first="2.25.2",
        last="2.29.2",
        right_until="2.23.0",
        evidence="seen on 2.25.2, 2.26.0, 2.28.3, 2.29.2 and 2.30.0-dev; right on 2.17.2 and "
        "2.23.0-dev; the fix of 2.29.0 (pull request 10242) helps buckets of a fixed "
        "length alone",
        setup=_refreshed_by("month"),
        query="SELECT sum(n) FROM {t}_view",
        right=134,
    ),
    KnownGap(
        code="time-bucket-and-clock-change",
        ticket=7059,
        summary="time_bucket() with a time zone and an origin returns a bucket that starts after"
        " the time, when clocks are set back.",
        affects="applications: buckets in a time zone with daylight saving",
        last="2.24.0",
        right_from="2.25.0",
        evidence="seen on 2.17.2, 2.21.0, 2.19.3 and 2.23.0-dev; right on 2.26.0, 2.28.3 and"
        " 2.31.0; the release notes of 2.25.0 name the fix (pull request 9129)",
        query="SELECT count(*) FROM (SELECT timestamptz '2024-11-03 01:30-04' AS t) AS s WHERE"
        " time_bucket('1 hour', t, 'America/New_York', timestamptz '2000-01-01 00:00-05') >"
        " t",
        right=0,
        needs=(),
    ),
    KnownGap(
        code="space-and-cast",
        ticket=9344,
        summary="A filter on a space-partitioned column by a value of another type excludes the"
        " chunk that has the rows.",
        affects="applications: filters by a value with a cast, such as name for text",
        last="2.25.2",
        right_from="2.26.0",
        evidence="seen on 2.17.2, 2.21.0, 2.19.3 and 2.23.0-dev; right on 2.26.0, 2.28.3 and"
        " 2.31.0; the release notes of 2.26.0 name the fix (pull request 9344)",
        setup=(
            *hypertable("moment timestamptz NOT NULL, label text"),
            "SELECT add_dimension('{t}', 'label', number_partitions => 3)",
            "INSERT INTO {t} VALUES ({moment}, 'abc')",
        ),
        query="SELECT count(*) FROM {t} WHERE label = 'abc'::name",
        right=1,
        needs=(),
    ),
    KnownGap(
        code="limit-in-another-zone",
        ticket=9392,
        summary="A filter of a timestamptz by a date returns rows beyond that date where the"
        " session's time zone is not UTC.",
        affects="applications: filters of a timestamptz by a date",
        first="2.25.2",
        last="2.26.1",
        right_until="2.23.0",
        right_from="2.26.2",
        evidence="seen on 2.25.2 and 2.26.0; right on 2.17.2, 2.19.3, 2.23.0-dev, 2.28.3 and "
        "2.31.0; the release notes of 2.26.2 name the fix (pull request 9392)",
        setup=(
            *hypertable("moment timestamptz NOT NULL", chunk="7 days"),
            "INSERT INTO {t} SELECT timestamptz '2026-01-01 00:00+00' + n * interval '1 hour' FROM"
            " generate_series(0, 1700) AS n",
        ),
        query="SELECT count(*) FROM {t} WHERE moment >= '2026-02-01' AND moment < date"
        " '2026-03-01'",
        right=672,
        needs=(),
        settings=(("timezone", "America/New_York"),),
    ),
    KnownGap(
        code="date-and-moment",
        ticket=9976,
        summary="A date column compared by < with a timestamptz in the middle of that date"
        " excludes the chunk of that date.",
        affects="applications: filters of a date column by a timestamptz",
        last="2.27.3",
        right_from="2.28.0",
        evidence="seen on 2.17.2, 2.21.0, 2.19.3, 2.23.0-dev and 2.26.0; right on 2.28.3 and"
        " 2.31.0; the release notes of 2.28.0 name the fix (pull request 9976)",
        setup=(
            *hypertable("moment date NOT NULL", chunk="1 day"),
            "INSERT INTO {t} SELECT date '2024-03-08' + n FROM generate_series(0, 4) AS n",
        ),
        query="SELECT count(*) FROM {t} WHERE moment < timestamptz '2024-03-10 12:00+00'",
        right=3,
        needs=(),
        settings=(("timezone", "UTC"),),
    ),
    KnownGap(
        code="bucket-and-date",
        ticket=9976,
        summary="A filter of time_bucket() by a date returns no rows.",
        affects="applications: filters of time_bucket() by a value of another type",
        last="2.27.3",
        right_from="2.28.0",
        evidence="seen on 2.17.2, 2.21.0, 2.19.3, 2.23.0-dev and 2.26.0; right on 2.28.3 and"
        " 2.31.0; the release notes of 2.28.0 name the fix (pull request 9976)",
        setup=(
            *hypertable("moment timestamptz NOT NULL", chunk="1 day"),
            "INSERT INTO {t} SELECT timestamptz '2024-03-01 00:00+00' + n * interval '1 day' FROM"
            " generate_series(0, 19) AS n",
        ),
        query="SELECT count(*) FROM {t} WHERE time_bucket('1 day', moment) < date '2024-03-10'",
        right=9,
        needs=(),
        settings=(("timezone", "UTC"),),
    ),
    KnownGap(
        code="first-by-two-orders",
        ticket=10060,
        summary="Two first() or last() of one column by two different orders in one query return"
        " the same value.",
        affects="applications: queries with several first() or last()",
        last="2.28.0",
        right_from="2.28.1",
        evidence="seen on 2.17.2, 2.21.0, 2.19.3, 2.23.0-dev and 2.26.0; right on 2.28.3 and"
        " 2.31.0; the release notes of 2.28.1 name the fix (pull request 10060)",
        setup=(
            *hypertable(
                "moment timestamptz NOT NULL, other timestamptz NOT NULL, level int NOT NULL"
            ),
            "INSERT INTO {t} SELECT {moment} + n * interval '1 minute',"
            " {moment} + (201 - n) * interval '1 minute', n FROM generate_series(1, 200) AS n",
            "CREATE INDEX ON {t} (other)",
            "ANALYZE {t}",
        ),
        query="SELECT first(level, moment) - first(level, other) FROM {t}",
        right=-199,
        needs=(),
    ),
    KnownGap(
        code="is-null-of-a-comparison",
        ticket=9921,
        summary="A filter (column > 0) IS NULL on a compressed order-by column returns no rows.",
        affects="applications: filters by IS NULL of a comparison",
        last="2.29.1",
        right_from="2.29.2",
        evidence="seen on 2.17.2, 2.21.0, 2.23.0-dev, 2.26.0 and 2.28.3; the release notes of"
        " 2.29.2 name the fix (pull request 9921)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, level int",
                "({moment}, NULL), ({moment} + interval '1 hour', 1)",
                order="moment, level",
            ),
        ),
        query="SELECT count(*) FROM {t} WHERE (level > 0) IS NULL",
        right=1,
    ),
    KnownGap(
        code="join-by-bucket",
        ticket=9905,
        summary="A join of two hypertables by equal time_bucket() returns too few rows.",
        affects="applications: joins by time_bucket()",
        first="2.25.2",
        last="2.29.2",
        right_until="2.23.0",
        right_from="2.30.0",
        evidence="seen on 2.25.2, 2.26.0 and 2.28.3; right on 2.17.2, 2.19.3, 2.23.0-dev and "
        "2.31.0; the release notes of 2.30.0 name the fix (pull request 10411)",
        setup=(
            *hypertable("moment timestamptz NOT NULL, k int", table="{t}_a", chunk="1 day"),
            *hypertable("moment timestamptz NOT NULL, k int", table="{t}_b", chunk="1 day"),
            "INSERT INTO {t}_a SELECT {moment} + n * interval '1 hour', 1"
            " FROM generate_series(0, 23) AS n",
            "INSERT INTO {t}_b SELECT {moment} + n * interval '30 minutes',"
            " 1 FROM generate_series(0, 47) AS n",
        ),
        query="SELECT sum(n) FROM (SELECT time_bucket('1 hour', a.moment) AS bucket,"
        " count(*) AS n FROM {t}_a AS a JOIN {t}_b AS b ON time_bucket('1 hour',"
        " a.moment) = time_bucket('1 hour', b.moment) AND a.k = b.k GROUP BY 1) AS s",
        right=48,
        needs=(),
    ),
    KnownGap(
        code="nan-in-a-filter",
        ticket=7598,
        summary="A filter of compressed rows does not treat NaN as greater than all numbers.",
        affects="rows of tables with NaN in a compressed column",
        last="2.17.2",
        right_from="2.18.0",
        evidence="seen on 2.17.2; right on 2.23.0-dev, 2.26.0 and 2.28.3; the release notes of"
        " 2.18.0 name the fix (pull request 7598)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, level float8",
                "SELECT {moment} + n * interval '1 minute', CASE n WHEN 1 THEN float8 'nan' ELSE n"
                " END FROM generate_series(1, 20) AS n",
            ),
        ),
        query="SELECT count(*) FROM {t} WHERE level > 15",
        right=6,
    ),
    KnownGap(
        code="group-by-two",
        ticket=9902,
        summary="A GROUP BY of two columns that the query does not return makes wrong groups of"
        " compressed rows.",
        affects="applications: GROUP BY of columns that are not returned",
        first="2.26.0",
        last="2.27.1",
        right_until="2.25.2",
        right_from="2.27.2",
        evidence="seen on 2.26.0; right on 2.17.2, 2.23.0-dev, 2.25.2 and 2.28.3; the release "
        "notes of 2.27.2 name the fix (pull request 9902)",
        setup=(
            "CREATE TABLE {t} (moment int NOT NULL, a int, b int)",
            "SELECT create_hypertable('{t}', 'moment', chunk_time_interval => 1000000)",
            "INSERT INTO {t} SELECT n, n % 100, n % 5 FROM generate_series(1, 1000) AS n",
            compress_by(segment="b"),
            COMPRESS,
            "ANALYZE {t}",
        ),
        query="SELECT count(*) FROM (SELECT count(*) FROM {t} GROUP BY a, b) AS s",
        right=100,
    ),
    KnownGap(
        code="null-of-a-function",
        ticket=10082,
        summary="An aggregate of a function that returns NULL for some compressed rows treats"
        " later rows as NULL, too.",
        affects="applications: aggregates of function results",
        first="2.26.0",
        last="2.28.2",
        right_until="2.25.2",
        right_from="2.28.3",
        evidence="seen on 2.26.0; right on 2.17.2, 2.23.0-dev, 2.25.2 and 2.28.3; the release "
        "notes of 2.28.3 name the fix (pull request 10082)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, label text",
                "SELECT {moment} + n * interval '1 minute', CASE n % 2 WHEN 1 THEN '12' ELSE 'x'"
                " END FROM generate_series(1, 20) AS n",
            ),
            "ANALYZE {t}",
        ),
        query="SELECT count(substring(label, '12')) FROM {t}",
        right=10,
    ),
    KnownGap(
        code="collation-of-a-filter",
        ticket=10682,
        summary="A filter of compressed rows ignores a non-deterministic collation that the query"
        " gives.",
        affects="applications: filters with COLLATE",
        last="2.30.1",
        right_from="2.30.2",
        evidence="seen on 2.17.2, 2.21.0, 2.26.0 and 2.28.3; the release notes of 2.30.2 name the"
        " fix (pull request 10682)",
        setup=(
            f"CREATE COLLATION {{t}}_no_case {NO_CASE}",
            *compressed(
                "moment timestamptz NOT NULL, label text",
                "SELECT {moment} + n * interval '1 minute', 'abc' FROM generate_series(1, 20) AS n",
            ),
        ),
        query="SELECT count(*) FROM {t} WHERE label = 'ABC' COLLATE {t}_no_case",
        right=20,
        icu=True,
    ),
    KnownGap(
        code="gapfill-in-a-lateral",
        ticket=9293,
        summary="time_bucket_gapfill() in a LATERAL subquery fills no gaps for the second outer"
        " row and later ones, and returns rows of the first.",
        affects="applications: time_bucket_gapfill() in a LATERAL subquery",
        last="2.25.1",
        right_from="2.25.2",
        evidence="seen on 2.17.2 and 2.23.0-dev; right on 2.28.3; the release notes of 2.25.2 name"
        " the fix",
        setup=(
            "CREATE TABLE {t} (probe int, moments timestamptz[])",
            "INSERT INTO {t} VALUES (1, ARRAY[{moment}]), (2, ARRAY[{moment}])",
        ),
        query="SELECT count(*) FROM {t}, LATERAL (SELECT time_bucket_gapfill('1 hour',"
        " moment, {moment}, {moment} + interval '3 hours') AS bucket"
        " FROM unnest(moments) AS moment GROUP BY bucket) AS g",
        right=6,
    ),
)
