"""Known gaps by which a query returns rows in another order, or skips chunks."""

from __future__ import annotations

from conformance.known_gaps.registry import KnownGap
from conformance.known_gaps.statements import COMPRESS, compressed, hypertable

ORDERS: tuple[KnownGap, ...] = (
    KnownGap(
        code="order-and-collation",
        ticket=9998,
        summary="An ORDER BY with COLLATE of compressed rows uses the column's collation.",
        affects="applications: ORDER BY with COLLATE",
        first="2.25.2",
        last="2.28.2",
        right_until="2.21.0",
        right_from="2.28.3",
        evidence="seen on 2.25.2 and 2.26.0; right on 2.17.2, 2.21.0 and 2.28.3; the release "
        "notes of 2.28.3 name the fix (pull request 10182)",
        setup=(
            "CREATE COLLATION {t}_natural (provider = icu, locale = 'en')",
            *compressed(
                "moment timestamptz NOT NULL, label text COLLATE {t}_natural",
                "({moment}, 'B'), ({moment}, 'a')",
                order="label",
            ),
        ),
        query='SELECT count(*) FROM (SELECT label FROM {t} ORDER BY label COLLATE "C" LIMIT 1)'
        " AS s WHERE label = 'B'",
        right=1,
        icu=True,
    ),
    KnownGap(
        code="order-by-two",
        ticket=9922,
        summary="A query of compressed rows by two order-by columns returns rows in the wrong"
        " order.",
        affects="applications: ORDER BY of the order-by columns across segments",
        last="2.27.3",
        right_from="2.28.0",
        evidence="seen on 2.17.2, 2.21.0, 2.23.0-dev and 2.26.0; right on 2.28.3; the release"
        " notes of 2.28.0 name the fix (pull request 9955)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe int NOT NULL, label text NOT NULL",
                "SELECT {moment} + n * interval '1 minute', n % 4,"
                " 'k' || lpad(((n * 5) % 17)::text, 3, '0') FROM generate_series(0, 8379) AS n",
                segment="probe",
                order="label, moment",
            ),
            "ANALYZE {t}",
        ),
        query="SELECT count(*) FROM (SELECT label, moment, lag(label) OVER () AS bl,"
        " lag(moment) OVER () AS bm FROM (SELECT label, moment"
        " FROM {t} ORDER BY label, moment) AS s) AS o WHERE label < bl OR (label = bl AND"
        " moment < bm)",
        right=0,
        settings=(("enable_sort", "off"),),
    ),
    KnownGap(
        code="order-after-recompression",
        ticket=9731,
        summary="After rows were added to a chunk and the chunk was compressed again, a query by"
        " the order-by columns returns rows in the wrong order.",
        affects="applications: ORDER BY after a recompression",
        first="2.21.0",
        last="2.26.4",
        right_until="2.17.2",
        right_from="2.27.0",
        evidence="seen on 2.21.0, 2.23.0-dev and 2.26.0; right on 2.17.2 and 2.28.3; the release"
        " notes of 2.27.0 name the fix (pull request 9731)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe int, level int",
                "SELECT {moment} + n * interval '1 second', p, 0 FROM generate_series(1,"
                " 100) AS p, generate_series(1, 10) AS n",
                order="probe DESC, moment",
            ),
            "INSERT INTO {t} SELECT {moment} + interval '6 hours' + n * interval '1 second', 50,"
            " 1 FROM generate_series(1, 500) AS n",
            COMPRESS,
            "ANALYZE {t}",
        ),
        query="SELECT count(*) FROM (SELECT probe, lag(probe) OVER () AS before"
        " FROM (SELECT probe FROM {t} ORDER BY probe DESC, moment) AS s) AS o"
        " WHERE probe > before",
        right=0,
    ),
    KnownGap(
        code="order-after-direct",
        ticket=9339,
        summary="After direct compression and a recompression, a query by the order-by column"
        " returns rows in the wrong order.",
        affects="applications that set timescaledb.enable_direct_compress_insert, which is off by"
        " default",
        first="2.23.0",
        last="2.25.1",
        right_until="2.21.0",
        right_from="2.25.2",
        evidence="seen on 2.23.0-dev; right on 2.17.2, 2.21.0, 2.26.0 and 2.28.3; the release"
        " notes of 2.25.2 name the fix (pull request 9339)",
        setup=(
            *hypertable("moment timestamptz NOT NULL, probe int, level int", segment="probe"),
            "INSERT INTO {t} SELECT {moment} + n * interval '1 minute', 1,"
            " 0 FROM generate_series(1, 20) AS n",
            "INSERT INTO {t} SELECT {moment} + n * interval '1 minute', 2,"
            " 0 FROM generate_series(1, 20) AS n",
            "INSERT INTO {t} SELECT {moment} + n * interval '1 minute', 2,"
            " 0 FROM generate_series(1, 20) AS n",
            "SELECT set_config('timescaledb.enable_direct_compress_insert', 'off', false)",
            "INSERT INTO {t} VALUES ({moment} + interval '3 hours', 1, 30)",
            COMPRESS,
        ),
        query="SELECT count(*) FROM (SELECT moment, lag(moment) OVER () AS before"
        " FROM (SELECT moment FROM {t} WHERE probe = 2 ORDER BY probe,"
        " moment) AS s) AS o WHERE moment < before",
        right=0,
        settings=(("timescaledb.enable_direct_compress_insert", "on"),),
    ),
    KnownGap(
        code="skipping-after-recompression",
        ticket=8426,
        summary="With chunk skipping, a query does not find compressed rows of a chunk that was"
        " compressed again.",
        affects="tables with enable_chunk_skipping(), which needs"
        " timescaledb.enable_chunk_skipping, off by default",
        last="2.21.1",
        right_from="2.21.2",
        evidence="seen on 2.17.2 and 2.21.0; right on 2.23.0-dev, 2.26.0 and 2.28.3; the release"
        " notes of 2.21.2 name the fix (pull request 8426)",
        setup=(
            *hypertable(
                "moment timestamptz NOT NULL, probe int, changed timestamptz", segment="probe"
            ),
            "SELECT enable_chunk_skipping('{t}', 'changed')",
            "INSERT INTO {t} VALUES ({moment}, 1, '2025-01-01')",
            COMPRESS,
            "INSERT INTO {t} VALUES ({moment}, 2, '2026-01-01')",
            COMPRESS,
        ),
        query="SELECT count(*) FROM {t} WHERE changed < '2025-06-01'",
        right=1,
        settings=(("timescaledb.enable_chunk_skipping", "on"),),
    ),
    KnownGap(
        code="skipping-the-maximum",
        ticket=9995,
        summary="With chunk skipping, a query does not find rows with the greatest bigint.",
        affects="tables with enable_chunk_skipping(), which needs"
        " timescaledb.enable_chunk_skipping, off by default",
        last="2.27.3",
        right_from="2.28.0",
        evidence="seen on 2.17.2, 2.21.0, 2.23.0-dev and 2.26.0; right on 2.28.3; the release"
        " notes of 2.28.0 name the fix (pull request 10026)",
        setup=(
            *hypertable("moment timestamptz NOT NULL, level bigint", chunk="1 day"),
            "ALTER TABLE {t} SET (timescaledb.compress)",
            "SELECT enable_chunk_skipping('{t}', 'level')",
            "INSERT INTO {t} VALUES ({moment}, 9223372036854775806),"
            " ({moment} + interval '1 day', 9223372036854775807)",
            COMPRESS,
        ),
        query="SELECT count(*) FROM {t} WHERE level >= 9223372036854775806",
        right=2,
        settings=(("timescaledb.enable_chunk_skipping", "on"),),
    ),
    KnownGap(
        code="order-of-a-chunk",
        ticket=7816,
        summary="A query of a partly compressed chunk that groups by the segment-by column returns"
        " one group twice.",
        affects="none: every check reads the hypertable",
        last="2.19.0",
        right_from="2.19.1",
        evidence="seen on 2.17.2; right on 2.23.0-dev, 2.26.0 and 2.28.3; the release notes of"
        " 2.19.1 name the fix (pull request 7816)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe text",
                "({moment}, NULL), ({moment} + interval '1 hour', NULL),"
                " ({moment} + interval '1 hour', 'd')",
                segment="probe",
            ),
            "INSERT INTO {t} VALUES ({moment} + interval '1 hour', 'd')",
            "CREATE TABLE {t}_groups (moment timestamptz, probe text)",
            "DO $$ BEGIN EXECUTE format('INSERT INTO {t}_groups SELECT moment, probe"
            " FROM %s GROUP BY moment, probe', (SELECT c FROM show_chunks('{t}') AS c)); END $$",
        ),
        query="SELECT count(*) FROM {t}_groups",
        right=3,
        settings=(("enable_hashagg", "off"),),
    ),
)
