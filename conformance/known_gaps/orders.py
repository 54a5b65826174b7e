"""Known gaps by which a query returns rows in another order, or skips chunks."""

from __future__ import annotations

from conformance.known_gaps.registry import KnownGap
from conformance.known_gaps.statements import BY_PROBE, MOMENT, compressed

ORDERS: tuple[KnownGap, ...] = (
    KnownGap(
        code="order-and-collation",
        ticket=9998,
        summary="An ORDER BY with COLLATE of compressed rows uses the column's collation.",
        affects="applications: ORDER BY with COLLATE",
        first="2.26.0",
        last="2.28.2",
        right_until="2.21.0",
        right_from="2.28.3",
        evidence="seen on 2.26.0; right on 2.17.2, 2.21.0 and 2.28.3; the release notes of 2.28.3"
        " name the fix (pull request 10182)",
        setup=(
            "CREATE COLLATION order_and_collation_natural (provider = icu, locale = 'en')",
            *compressed(
                "order_and_collation",
                "moment timestamptz NOT NULL, label text COLLATE order_and_collation_natural",
                "timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'label'",
                f"({MOMENT}, 'B'), ({MOMENT}, 'a')",
            ),
        ),
        query="SELECT count(*) FROM (SELECT label FROM order_and_collation ORDER BY"
        " label COLLATE \"C\" LIMIT 1) AS s WHERE label = 'B'",
        right=1,
        icu=True,
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
        evidence="seen on 2.17.2, 2.21.0, 2.23.0-dev and 2.26.0; right on 2.28.3; the release"
        " notes of 2.28.0 name the fix (pull request 9955)",
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
        first="2.21.0",
        last="2.26.4",
        right_until="2.17.2",
        right_from="2.27.0",
        evidence="seen on 2.21.0, 2.23.0-dev and 2.26.0; right on 2.17.2 and 2.28.3; the release"
        " notes of 2.27.0 name the fix (pull request 9731)",
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
        right_until="2.21.0",
        right_from="2.25.2",
        evidence="seen on 2.23.0-dev; right on 2.17.2, 2.21.0, 2.26.0 and 2.28.3; the release"
        " notes of 2.25.2 name the fix (pull request 9339)",
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
        evidence="seen on 2.17.2 and 2.21.0; right on 2.23.0-dev, 2.26.0 and 2.28.3; the release"
        " notes of 2.21.2 name the fix (pull request 8426)",
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
        evidence="seen on 2.17.2, 2.21.0, 2.23.0-dev and 2.26.0; right on 2.28.3; the release"
        " notes of 2.28.0 name the fix (pull request 10026)",
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
        evidence="seen on 2.17.2; right on 2.23.0-dev, 2.26.0 and 2.28.3; the release"
        " notes of 2.19.1 name the fix (pull request 7816)",
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
)
