"""Known gaps by which a key or a reference is not kept."""

from __future__ import annotations

from conformance.known_gaps.registry import KnownGap
from conformance.known_gaps.statements import BY_PROBE, MOMENT, NO_CASE, UNSEGMENTED, compressed

KEYS: tuple[KnownGap, ...] = (
    KnownGap(
        code="null-segment",
        ticket=10057,
        summary="A NULL in one of several segment-by columns lets a second row of a key into a"
        " compressed chunk, although UNIQUE NULLS NOT DISTINCT forbids it.",
        affects="rows and histories of tables whose natural key treats NULLs as equal and has a"
        " nullable segment-by column",
        first="2.17",
        last=None,
        right_until=None,
        right_from=None,
        evidence="seen on 2.17.2, 2.20.3, 2.23.0-dev, 2.28.3 and 2.29.2; the ticket is open",
        setup=(
            *compressed(
                "null_segment",
                "moment timestamptz NOT NULL, site int, probe int,"
                " UNIQUE NULLS NOT DISTINCT (probe, moment)",
                "timescaledb.compress_segmentby = 'site, probe',"
                " timescaledb.compress_orderby = 'moment'",
                f"({MOMENT}, 1, NULL)",
            ),
            f"INSERT INTO null_segment VALUES ({MOMENT}, 1, NULL) ON CONFLICT DO NOTHING",
        ),
        query="SELECT count(*) FROM null_segment",
        right=1,
    ),
    KnownGap(
        code="null-outside-the-order",
        ticket=9575,
        summary="A second row of a key with a NULL gets into a compressed chunk where the column is"
        " neither in segment-by nor in order-by and is NULL in the whole batch, although UNIQUE"
        " NULLS NOT DISTINCT forbids it.",
        affects="rows and histories of tables whose natural key treats NULLs as equal and has a"
        " nullable column outside of segment-by and order-by",
        first="2.17",
        last="2.25.1",
        right_until=None,
        right_from="2.25.2",
        evidence="seen on 2.17.2, 2.20.3 and 2.23.0-dev; right on 2.28.3 and 2.29.2; the release"
        " notes of 2.25.2 name the fix (pull request 9276)",
        setup=(
            *compressed(
                "null_outside_the_order",
                "moment timestamptz NOT NULL, probe int NOT NULL, unit text,"
                " UNIQUE NULLS NOT DISTINCT (moment, probe, unit)",
                "timescaledb.compress_segmentby = 'probe',"
                " timescaledb.compress_orderby = 'moment DESC'",
                f"({MOMENT}, 1, NULL), ({MOMENT} + interval '1 hour', 1, NULL)",
            ),
            f"INSERT INTO null_outside_the_order VALUES ({MOMENT}, 1, NULL) ON CONFLICT DO NOTHING",
        ),
        query="SELECT count(*) FROM null_outside_the_order",
        right=2,
    ),
    KnownGap(
        code="null-in-the-order",
        ticket=7557,
        summary="A second row of a key with a NULL gets into a compressed chunk where the column is"
        " in order-by, although UNIQUE NULLS NOT DISTINCT forbids it.",
        affects="rows and histories of tables whose natural key treats NULLs as equal and has a"
        " nullable column in order-by, such as signals",
        first="2.17",
        last="2.17.2",
        right_until=None,
        right_from="2.18.0",
        evidence="seen on 2.17.2; right on 2.20.3, 2.23.0-dev, 2.28.3 and 2.29.2; the release"
        " notes of 2.18.0 name the fix (pull request 7557)",
        setup=(
            *compressed(
                "null_in_the_order",
                "moment timestamptz NOT NULL, probe int NOT NULL, unit text,"
                " UNIQUE NULLS NOT DISTINCT (moment, probe, unit)",
                "timescaledb.compress_segmentby = 'probe',"
                " timescaledb.compress_orderby = 'moment, unit'",
                f"({MOMENT}, 1, NULL), ({MOMENT}, 1, 'a')",
            ),
            f"INSERT INTO null_in_the_order VALUES ({MOMENT}, 1, NULL) ON CONFLICT DO NOTHING",
        ),
        query="SELECT count(*) FROM null_in_the_order",
        right=2,
    ),
    KnownGap(
        code="update-of-a-segment",
        ticket=9978,
        summary="An UPDATE of a segment-by column in a compressed chunk can create a second row of"
        " a key.",
        affects="histories: an UPDATE of the key to an existing key",
        first="2.17",
        last="2.27.2",
        right_until=None,
        right_from="2.28.0",
        evidence="seen on 2.17.2, 2.20.3 and 2.23.0-dev; right on 2.28.3 and 2.29.2; the release"
        " notes of 2.28.0 name the fix (pull request 10003)",
        setup=(
            *compressed(
                "update_of_a_segment",
                "moment timestamptz NOT NULL, probe int, UNIQUE (probe, moment)",
                BY_PROBE,
                f"({MOMENT}, 1), ({MOMENT}, 2)",
            ),
            "UPDATE update_of_a_segment SET probe = 2 WHERE probe = 1",
        ),
        query="SELECT count(*) FROM update_of_a_segment WHERE probe = 2",
        right=1,
    ),
    KnownGap(
        code="insert-into-a-chunk",
        ticket=6302,
        summary="An INSERT directly into a compressed chunk accepts a second row of a key.",
        affects="none: every check writes to the hypertable",
        first="2.17",
        last="2.23.0",
        right_until=None,
        right_from="2.26.0",
        evidence="seen on 2.17.2, 2.20.3 and 2.23.0-dev; right on 2.26.0, 2.28.3 and 2.29.2",
        setup=(
            *compressed(
                "insert_into_a_chunk",
                "moment timestamptz NOT NULL, probe int, UNIQUE (probe, moment)",
                BY_PROBE,
                f"({MOMENT}, 1)",
            ),
            "CREATE TABLE insert_into_a_chunk_refused (once int)",
            "DO $$ BEGIN"
            " EXECUTE format('INSERT INTO %s VALUES (timestamptz ''2025-01-01 00:00+00'', 1)',"
            " (SELECT c FROM show_chunks('insert_into_a_chunk') AS c));"
            " EXCEPTION WHEN unique_violation THEN"
            " INSERT INTO insert_into_a_chunk_refused VALUES (1); END $$",
        ),
        query="SELECT count(*) FROM insert_into_a_chunk_refused",
        right=1,
    ),
    KnownGap(
        code="bloom-of-one-key",
        ticket=10565,
        summary="An INSERT ... ON CONFLICT (one key) into a compressed chunk accepts a second row"
        " of another key: the bloom filter of the first key hides the existing row.",
        affects="rows and histories of tables with two unique keys that writers fill",
        first="2.26.0",
        last="2.30.0",
        right_until="2.23.0",
        right_from="2.30.1",
        evidence="seen on 2.26.0, 2.28.3 and 2.29.2; right on 2.17.2, 2.20.3 and 2.23.0-dev; the"
        " release notes of 2.30.1 name the fix (pull request 10580)",
        setup=(
            *compressed(
                "bloom_of_one_key",
                "moment timestamptz NOT NULL, sensor int NOT NULL, probe int NOT NULL,"
                " UNIQUE (sensor, moment), UNIQUE (probe, moment)",
                UNSEGMENTED,
                f"({MOMENT}, 50, 50)",
            ),
            f"INSERT INTO bloom_of_one_key VALUES ({MOMENT}, 999, 50)"
            " ON CONFLICT (sensor, moment) DO NOTHING",
        ),
        query="SELECT count(*) FROM bloom_of_one_key",
        right=1,
    ),
    KnownGap(
        code="bloom-of-a-null",
        ticket=10579,
        summary="An INSERT ... ON CONFLICT into a compressed chunk accepts a second NULL of a NULLS"
        " NOT DISTINCT key whose column has a bloom filter of its own, which hides the NULL.",
        affects="rows and histories of tables with such a key and a declared bloom filter",
        first="2.28.3",
        last="2.30.0",
        right_until="2.23.0",
        right_from="2.30.1",
        evidence="seen on 2.28.3; right on 2.23.0-dev; 2.17.2 has no bloom filters; the release"
        " notes of 2.30.1 name the fix (pull request 10583)",
        setup=(
            "CREATE TABLE bloom_of_a_null (moment timestamptz NOT NULL, probe int, level int,"
            " UNIQUE NULLS NOT DISTINCT (probe, moment))",
            "SELECT create_hypertable('bloom_of_a_null', 'moment')",
            "DO $$ BEGIN ALTER TABLE bloom_of_a_null SET (timescaledb.compress,"
            f" {UNSEGMENTED}, timescaledb.sparse_index = 'bloom(probe)');"
            " EXCEPTION WHEN invalid_parameter_value THEN"
            f" ALTER TABLE bloom_of_a_null SET (timescaledb.compress, {BY_PROBE}); END $$",
            f"INSERT INTO bloom_of_a_null VALUES ({MOMENT}, NULL, 1), ({MOMENT}, 1, 1)",
            "SELECT compress_chunk(c) FROM show_chunks('bloom_of_a_null') AS c",
            f"INSERT INTO bloom_of_a_null VALUES ({MOMENT}, NULL, 2)"
            " ON CONFLICT (probe, moment) DO UPDATE SET level = 2",
        ),
        query="SELECT count(*) FROM bloom_of_a_null",
        right=2,
    ),
    KnownGap(
        code="bloom-and-collation",
        ticket=10586,
        summary="An INSERT ... ON CONFLICT into a compressed chunk accepts a second row of a key"
        " that is equal by a non-deterministic collation: the bloom filter ignores collations.",
        affects="rows and histories of tables with a non-deterministic collation in a key",
        first="2.26.0",
        last=None,
        right_until="2.21.0",
        right_from=None,
        evidence="seen on 2.26.0, 2.28.3 and 2.29.2; right on 2.17.2, 2.20.3 and 2.21.0; the ticket"
        " is open",
        setup=(
            f"CREATE COLLATION bloom_and_collation_no_case {NO_CASE}",
            *compressed(
                "bloom_and_collation",
                "moment timestamptz NOT NULL, label text COLLATE bloom_and_collation_no_case,"
                " UNIQUE (label, moment)",
                UNSEGMENTED,
                f"({MOMENT}, 'abc'), ({MOMENT}, 'def')",
            ),
            f"INSERT INTO bloom_and_collation VALUES ({MOMENT}, 'ABC')"
            " ON CONFLICT (label, moment) DO NOTHING",
        ),
        query="SELECT count(*) FROM bloom_and_collation",
        right=2,
        icu=True,
    ),
    KnownGap(
        code="collation-of-an-index",
        ticket=10297,
        summary="A unique index with a non-deterministic collation of its own does not reject an"
        " equal key in a compressed chunk.",
        affects="rows and histories of tables with such an index",
        first="2.17",
        last="2.30.2",
        right_until=None,
        right_from="2.31.0",
        evidence="seen on 2.17.2, 2.20.3, 2.28.3 and 2.29.2; the release notes of 2.31.0 name the"
        " fix (pull request 10693)",
        setup=(
            f"CREATE COLLATION collation_of_an_index_no_case {NO_CASE}",
            "CREATE TABLE collation_of_an_index (moment timestamptz NOT NULL, label text)",
            "SELECT create_hypertable('collation_of_an_index', 'moment')",
            "CREATE UNIQUE INDEX ON collation_of_an_index"
            " (label COLLATE collation_of_an_index_no_case, moment)",
            f"ALTER TABLE collation_of_an_index SET (timescaledb.compress, {UNSEGMENTED})",
            f"INSERT INTO collation_of_an_index VALUES ({MOMENT}, 'abc')",
            "SELECT compress_chunk(c) FROM show_chunks('collation_of_an_index') AS c",
            f"INSERT INTO collation_of_an_index VALUES ({MOMENT}, 'ABC')",
        ),
        query="SELECT count(*) FROM collation_of_an_index",
        right=1,
        icu=True,
    ),
    KnownGap(
        code="reference-to-a-hypertable",
        ticket=8336,
        summary="From the sixth row on, a foreign key to a hypertable rejects rows whose parent"
        " exists, because its check uses a generic plan.",
        affects="rows of tables with a foreign key to a hypertable",
        first="2.17",
        last="2.21.0",
        right_until=None,
        right_from="2.21.1",
        evidence="seen on 2.17.2, 2.19.3 and 2.20.3; right on 2.23.0-dev, 2.28.3, 2.29.2 and"
        " 2.31.0; the release notes of 2.21.1 name the fix",
        setup=(
            "CREATE TABLE referred (moment timestamptz, id int, PRIMARY KEY (id, moment))",
            "SELECT create_hypertable('referred', 'moment')",
            "CREATE TABLE referring (id int, moment timestamptz,"
            " FOREIGN KEY (id, moment) REFERENCES referred)",
            f"INSERT INTO referred SELECT {MOMENT} + n * interval '1 minute', n"
            " FROM generate_series(1, 8) AS n",
            *(
                f"INSERT INTO referring VALUES ({n}, {MOMENT} + {n} * interval '1 minute')"
                for n in range(1, 9)
            ),
        ),
        query="SELECT count(*) FROM referring",
        right=8,
        needs=(),
    ),
    KnownGap(
        code="generated-key",
        ticket=8500,
        summary="A generated column in a unique key lets a second row of the key into a"
        " compressed chunk.",
        affects="rows and histories of tables with a generated column in the natural key",
        first="2.17",
        last="2.21.4",
        right_until=None,
        right_from="2.22.0",
        evidence="seen on 2.17.2 and 2.21.0; right on 2.23.0-dev, 2.26.0 and 2.28.3; the release"
        " notes of 2.22.0 name the fix (pull request 8500)",
        setup=(
            *compressed(
                "generated_key",
                "moment timestamptz NOT NULL, probe text, label text GENERATED"
                " ALWAYS AS (probe) STORED, UNIQUE (label, moment)",
                "timescaledb.compress_segmentby = 'label', timescaledb.compress_orderby = 'moment'",
                f"({MOMENT}, 'a')",
            ),
            f"INSERT INTO generated_key VALUES ({MOMENT}, 'a') ON CONFLICT DO NOTHING",
        ),
        query="SELECT count(*) FROM generated_key",
        right=1,
    ),
    KnownGap(
        code="generated-after-a-drop",
        ticket=9155,
        summary="After DROP COLUMN, a generated column in a unique key lets a second row of the key"
        " into a compressed chunk.",
        affects="rows and histories of tables with a generated column in the natural key",
        first="2.17",
        last="2.24.0",
        right_until=None,
        right_from="2.25.0",
        evidence="seen on 2.17.2 and 2.23.0-dev; right on 2.28.3; the release notes of 2.25.0 name"
        " the fix",
        setup=(
            "CREATE TABLE generated_after_a_drop (moment timestamptz NOT NULL, label int,"
            " probe int, level int GENERATED ALWAYS AS (probe * 2) STORED, UNIQUE (level, moment))",
            "SELECT create_hypertable('generated_after_a_drop', 'moment')",
            "ALTER TABLE generated_after_a_drop DROP COLUMN label",
            f"ALTER TABLE generated_after_a_drop SET (timescaledb.compress, {UNSEGMENTED})",
            f"INSERT INTO generated_after_a_drop VALUES ({MOMENT}, 1)",
            "SELECT compress_chunk(c) FROM show_chunks('generated_after_a_drop') AS c",
            f"INSERT INTO generated_after_a_drop VALUES ({MOMENT}, 1)",
        ),
        query="SELECT count(*) FROM generated_after_a_drop",
        right=1,
    ),
    KnownGap(
        code="lock-of-a-referred-row",
        ticket=9324,
        summary="The check of a foreign key to a hypertable takes no lock on the row that"
        " it finds, so another session can delete that row before the first one"
        " commits.",
        affects="rows of tables with a foreign key to a hypertable, written by several sessions",
        first="2.17",
        last="2.25.1",
        right_until=None,
        right_from="2.25.2",
        evidence="seen on 2.17.2, 2.21.0, 2.19.3 and 2.23.0-dev; right on 2.26.0, 2.28.3 and"
        " 2.31.0; the release notes of 2.25.2 name the fix (pull request 9324)",
        setup=(
            "CREATE TABLE lock_of_a_referred_row (moment timestamptz NOT NULL, id"
            " int, PRIMARY KEY (id, moment))",
            "SELECT create_hypertable('lock_of_a_referred_row', 'moment')",
            f"INSERT INTO lock_of_a_referred_row VALUES ({MOMENT}, 1)",
            "CREATE TABLE lock_of_a_referred_row_from (id int, moment"
            " timestamptz, FOREIGN KEY (id, moment) REFERENCES"
            " lock_of_a_referred_row)",
            f"INSERT INTO lock_of_a_referred_row_from VALUES (1, {MOMENT})",
        ),
        query="SELECT count(*) FROM lock_of_a_referred_row WHERE xmax::text <> '0'",
        right=1,
        needs=(),
    ),
    KnownGap(
        code="reference-to-an-index",
        ticket=8082,
        summary="A hypertable with a unique index, and no constraint, that a foreign key"
        " refers to rejects the first row of each chunk.",
        affects="rows of hypertables that a foreign key refers to by a unique index",
        first="2.17",
        last="2.25.2",
        right_until=None,
        right_from="2.26.0",
        evidence="seen on 2.17.2, 2.21.0, 2.19.3 and 2.23.0-dev; right on 2.26.0, 2.28.3 and"
        " 2.31.0; the release notes of 2.26.0 name the fix (pull request 9378)",
        setup=(
            "CREATE TABLE reference_to_an_index (moment timestamptz NOT NULL, id int NOT NULL)",
            "SELECT create_hypertable('reference_to_an_index', 'moment')",
            "CREATE UNIQUE INDEX ON reference_to_an_index (moment, id)",
            "CREATE TABLE reference_to_an_index_from (id int, moment timestamptz,"
            " FOREIGN KEY (moment, id) REFERENCES reference_to_an_index (moment,"
            " id))",
            f"INSERT INTO reference_to_an_index VALUES ({MOMENT}, 1)",
        ),
        query="SELECT count(*) FROM reference_to_an_index",
        right=1,
        needs=(),
    ),
    KnownGap(
        code="unique-index-of-a-chunk",
        ticket=9720,
        summary="CREATE UNIQUE INDEX directly on a compressed chunk succeeds although the"
        " chunk has duplicates.",
        affects="none: every check creates indexes on the hypertable",
        first="2.17",
        last="2.27.3",
        right_until=None,
        right_from="2.28.0",
        evidence="seen on 2.17.2, 2.21.0, 2.23.0-dev and 2.26.0; right on 2.28.3; the release"
        " notes of 2.28.0 name the fix (pull request 9745)",
        setup=(
            *compressed(
                "unique_index_of_a_chunk",
                "moment timestamptz NOT NULL, probe int",
                BY_PROBE,
                f"({MOMENT}, 1), ({MOMENT}, 1)",
            ),
            "DO $$ BEGIN EXECUTE format('CREATE UNIQUE INDEX ON %s (probe,"
            " moment)', (SELECT c FROM show_chunks('unique_index_of_a_chunk') AS"
            " c)); END $$",
        ),
        query="SELECT count(*) FROM pg_index WHERE indisunique AND indrelid = (SELECT c"
        " FROM show_chunks('unique_index_of_a_chunk') AS c)",
        right=0,
    ),
    KnownGap(
        code="direct-exclusion",
        ticket=10281,
        summary="An INSERT with direct compression does not enforce an exclusion constraint.",
        affects="applications that set timescaledb.enable_direct_compress_insert, which"
        " is off by default",
        first="2.23.0",
        last="2.28.5",
        right_until="2.17.2",
        right_from="2.29.0",
        evidence="seen on 2.23.0-dev and 2.28.3; 2.17.2 allows no exclusion constraint here; the"
        " release notes of 2.29.0 name the fix",
        setup=(
            "CREATE TABLE direct_exclusion (moment timestamptz NOT NULL, probe int)",
            "SELECT create_hypertable('direct_exclusion', 'moment')",
            f"ALTER TABLE direct_exclusion SET (timescaledb.compress, {UNSEGMENTED})",
            "ALTER TABLE direct_exclusion ADD EXCLUDE USING btree (probe WITH =, moment WITH =)",
            f"INSERT INTO direct_exclusion SELECT {MOMENT}, 1 FROM generate_series(1, 100)",
        ),
        query="SELECT count(*) FROM direct_exclusion, pg_constraint"
        " WHERE contype = 'x' AND conrelid = 'direct_exclusion'::regclass",
        right=0,
        settings=(("timescaledb.enable_direct_compress_insert", "on"),),
    ),
)
