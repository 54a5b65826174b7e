"""Known gaps by which a key or a reference is not kept."""

from __future__ import annotations

from conformance.known_gaps.registry import KnownGap
from conformance.known_gaps.statements import COMPRESS, NO_CASE, compress_by, compressed, hypertable

KEYS: tuple[KnownGap, ...] = (
    KnownGap(
        code="null-segment",
        ticket=10057,
        summary="A NULL in one of several segment-by columns lets a second row of a key into a"
        " compressed chunk, although UNIQUE NULLS NOT DISTINCT forbids it.",
        affects="rows and histories of tables whose natural key treats NULLs as equal and has a"
        " nullable segment-by column",
        last=None,
        evidence="seen on 2.17.2, 2.20.3, 2.23.0-dev, 2.28.3 and 2.29.2; the ticket is open",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, site int, probe int,"
                " UNIQUE NULLS NOT DISTINCT (probe, moment)",
                "({moment}, 1, NULL)",
                segment="site, probe",
            ),
            "INSERT INTO {t} VALUES ({moment}, 1, NULL) ON CONFLICT DO NOTHING",
        ),
        query="SELECT count(*) FROM {t}",
        right=1,
    ),
    KnownGap(
        code="null-outside-the-order",
        ticket=9575,
        summary="A second row of a key with a NULL gets into a compressed chunk where the column"
        " is neither in segment-by nor in order-by and is NULL in the whole batch,"
        " although UNIQUE NULLS NOT DISTINCT forbids it.",
        affects="rows and histories of tables whose natural key treats NULLs as equal and has a"
        " nullable column outside of segment-by and order-by",
        last="2.25.1",
        right_from="2.25.2",
        evidence="seen on 2.17.2, 2.20.3 and 2.23.0-dev; right on 2.28.3 and 2.29.2; the release"
        " notes of 2.25.2 name the fix (pull request 9276)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe int NOT NULL, unit text,"
                " UNIQUE NULLS NOT DISTINCT (moment, probe, unit)",
                "({moment}, 1, NULL), ({moment} + interval '1 hour', 1, NULL)",
                segment="probe",
                order="moment DESC",
            ),
            "INSERT INTO {t} VALUES ({moment}, 1, NULL) ON CONFLICT DO NOTHING",
        ),
        query="SELECT count(*) FROM {t}",
        right=2,
    ),
    KnownGap(
        code="null-in-the-order",
        ticket=7557,
        summary="A second row of a key with a NULL gets into a compressed chunk where the column"
        " is in order-by, although UNIQUE NULLS NOT DISTINCT forbids it.",
        affects="rows and histories of tables whose natural key treats NULLs as equal and has a"
        " nullable column in order-by, such as signals",
        last="2.17.2",
        right_from="2.18.0",
        evidence="seen on 2.17.2; right on 2.20.3, 2.23.0-dev, 2.28.3 and 2.29.2; the release"
        " notes of 2.18.0 name the fix (pull request 7557)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe int NOT NULL, unit text,"
                " UNIQUE NULLS NOT DISTINCT (moment, probe, unit)",
                "({moment}, 1, NULL), ({moment}, 1, 'a')",
                segment="probe",
                order="moment, unit",
            ),
            "INSERT INTO {t} VALUES ({moment}, 1, NULL) ON CONFLICT DO NOTHING",
        ),
        query="SELECT count(*) FROM {t}",
        right=2,
    ),
    KnownGap(
        code="update-of-a-segment",
        ticket=9978,
        summary="An UPDATE of a segment-by column in a compressed chunk can create a second row of"
        " a key.",
        affects="histories: an UPDATE of the key to an existing key",
        last="2.27.2",
        right_from="2.28.0",
        evidence="seen on 2.17.2, 2.20.3 and 2.23.0-dev; right on 2.28.3 and 2.29.2; the release"
        " notes of 2.28.0 name the fix (pull request 10003)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe int, UNIQUE (probe, moment)",
                "({moment}, 1), ({moment}, 2)",
                segment="probe",
            ),
            "UPDATE {t} SET probe = 2 WHERE probe = 1",
        ),
        query="SELECT count(*) FROM {t} WHERE probe = 2",
        right=1,
    ),
    KnownGap(
        code="insert-into-a-chunk",
        ticket=6302,
        summary="An INSERT directly into a compressed chunk accepts a second row of a key.",
        affects="none: every check writes to the hypertable",
        last="2.23.0",
        right_from="2.25.2",
        evidence="seen on 2.17.2, 2.20.3 and 2.23.0-dev; right on 2.25.2, 2.26.0, 2.28.3 and "
        "2.29.2",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe int, UNIQUE (probe, moment)",
                "({moment}, 1)",
                segment="probe",
            ),
            "CREATE TABLE {t}_refused (once int)",
            "DO $$ BEGIN EXECUTE format('INSERT INTO %s VALUES (timestamptz ''2025-01-01"
            " 00:00+00'', 1)', (SELECT c FROM show_chunks('{t}') AS c));"
            " EXCEPTION WHEN unique_violation THEN INSERT INTO {t}_refused VALUES (1); END $$",
        ),
        query="SELECT count(*) FROM {t}_refused",
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
        right_until="2.25.2",
        right_from="2.30.1",
        evidence="seen on 2.26.0, 2.28.3 and 2.29.2; right on 2.17.2, 2.20.3, 2.23.0-dev and "
        "2.25.2; the release notes of 2.30.1 name the fix (pull request 10580)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, sensor int NOT NULL, probe int NOT NULL,"
                " UNIQUE (sensor, moment), UNIQUE (probe, moment)",
                "({moment}, 50, 50)",
            ),
            "INSERT INTO {t} VALUES ({moment}, 999, 50) ON CONFLICT (sensor, moment) DO NOTHING",
        ),
        query="SELECT count(*) FROM {t}",
        right=1,
    ),
    KnownGap(
        code="bloom-of-a-null",
        ticket=10579,
        summary="An INSERT ... ON CONFLICT into a compressed chunk accepts a second NULL of a"
        " NULLS NOT DISTINCT key whose column has a bloom filter of its own, which hides"
        " the NULL.",
        affects="rows and histories of tables with such a key and a declared bloom filter",
        first="2.26.0",
        last="2.30.0",
        right_until="2.25.2",
        right_from="2.30.1",
        evidence="seen on 2.26.0, 2.26.4, 2.27.2, 2.28.0 and 2.28.3; right on 2.23.0-dev and "
        "2.25.2; 2.17.2 has no bloom filters; the release notes of 2.30.1 name the fix "
        "(pull request 10583)",
        setup=(
            *hypertable(
                "moment timestamptz NOT NULL, probe int, level int,"
                " UNIQUE NULLS NOT DISTINCT (probe, moment)"
            ),
            "DO $$ BEGIN ALTER TABLE {t} SET (timescaledb.compress,"
            " timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'moment',"
            " timescaledb.sparse_index = 'bloom(probe)'); EXCEPTION WHEN invalid_parameter_value"
            " THEN ALTER TABLE {t} SET (timescaledb.compress,"
            " timescaledb.compress_segmentby = 'probe', timescaledb.compress_orderby = 'moment');"
            " END $$",
            "INSERT INTO {t} VALUES ({moment}, NULL, 1), ({moment}, 1, 1)",
            COMPRESS,
            "INSERT INTO {t} VALUES ({moment}, NULL, 2) ON CONFLICT (probe,"
            " moment) DO UPDATE SET level = 2",
        ),
        query="SELECT count(*) FROM {t}",
        right=2,
    ),
    KnownGap(
        code="bloom-and-collation",
        ticket=10586,
        summary="An INSERT ... ON CONFLICT into a compressed chunk accepts a second row of a key"
        " that is equal by a non-deterministic collation: the bloom filter ignores"
        " collations.",
        affects="rows and histories of tables with a non-deterministic collation in a key",
        first="2.26.0",
        last=None,
        right_until="2.25.2",
        evidence="seen on 2.26.0, 2.28.3 and 2.29.2; right on 2.17.2, 2.20.3, 2.21.0 and 2.25.2;"
        " the ticket is open",
        setup=(
            f"CREATE COLLATION {{t}}_no_case {NO_CASE}",
            *compressed(
                "moment timestamptz NOT NULL, label text COLLATE {t}_no_case,"
                " UNIQUE (label, moment)",
                "({moment}, 'abc'), ({moment}, 'def')",
            ),
            "INSERT INTO {t} VALUES ({moment}, 'ABC') ON CONFLICT (label, moment) DO NOTHING",
        ),
        query="SELECT count(*) FROM {t}",
        right=2,
        icu=True,
    ),
    KnownGap(
        code="collation-of-an-index",
        ticket=10297,
        summary="A unique index with a non-deterministic collation of its own does not reject an"
        " equal key in a compressed chunk.",
        affects="rows and histories of tables with such an index",
        last="2.30.2",
        right_from="2.31.0",
        evidence="seen on 2.17.2, 2.20.3, 2.28.3 and 2.29.2; the release notes of 2.31.0 name the"
        " fix (pull request 10693)",
        setup=(
            f"CREATE COLLATION {{t}}_no_case {NO_CASE}",
            *hypertable("moment timestamptz NOT NULL, label text"),
            "CREATE UNIQUE INDEX ON {t} (label COLLATE {t}_no_case, moment)",
            compress_by(segment=""),
            "INSERT INTO {t} VALUES ({moment}, 'abc')",
            COMPRESS,
            "INSERT INTO {t} VALUES ({moment}, 'ABC')",
        ),
        query="SELECT count(*) FROM {t}",
        right=1,
        icu=True,
    ),
    KnownGap(
        code="reference-to-a-hypertable",
        ticket=8336,
        summary="From the sixth row on, a foreign key to a hypertable rejects rows whose parent"
        " exists, because its check uses a generic plan.",
        affects="rows of tables with a foreign key to a hypertable",
        last="2.21.0",
        right_from="2.21.1",
        evidence="seen on 2.17.2, 2.19.3 and 2.20.3; right on 2.23.0-dev, 2.28.3, 2.29.2 and"
        " 2.31.0; the release notes of 2.21.1 name the fix",
        setup=(
            *hypertable("moment timestamptz, id int, PRIMARY KEY (id, moment)"),
            "CREATE TABLE {t}_from (id int, moment timestamptz,"
            " FOREIGN KEY (id, moment) REFERENCES {t})",
            "INSERT INTO {t} SELECT {moment} + n * interval '1 minute', n"
            " FROM generate_series(1, 8) AS n",
            *(
                f"INSERT INTO {{t}}_from VALUES ({n}, {{moment}} + {n} * interval '1 minute')"
                for n in range(1, 9)
            ),
        ),
        query="SELECT count(*) FROM {t}_from",
        right=8,
        needs=(),
    ),
    KnownGap(
        code="generated-key",
        ticket=8500,
        summary="A generated column in a unique key lets a second row of the key into a compressed"
        " chunk.",
        affects="rows and histories of tables with a generated column in the natural key",
        last="2.21.4",
        right_from="2.22.0",
        evidence="seen on 2.17.2 and 2.21.0; right on 2.23.0-dev, 2.26.0 and 2.28.3; the release"
        " notes of 2.22.0 name the fix (pull request 8500)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe text, label text GENERATED ALWAYS AS (probe)"
                " STORED, UNIQUE (label, moment)",
                "({moment}, 'a')",
                segment="label",
            ),
            "INSERT INTO {t} VALUES ({moment}, 'a') ON CONFLICT DO NOTHING",
        ),
        query="SELECT count(*) FROM {t}",
        right=1,
    ),
    KnownGap(
        code="generated-after-a-drop",
        ticket=9155,
        summary="After DROP COLUMN, a generated column in a unique key lets a second row of the"
        " key into a compressed chunk.",
        affects="rows and histories of tables with a generated column in the natural key",
        last="2.24.0",
        right_from="2.25.0",
        evidence="seen on 2.17.2 and 2.23.0-dev; right on 2.28.3; the release notes of 2.25.0 name"
        " the fix",
        setup=(
            *hypertable(
                "moment timestamptz NOT NULL, label int, probe int,"
                " level int GENERATED ALWAYS AS (probe * 2) STORED, UNIQUE (level, moment)"
            ),
            "ALTER TABLE {t} DROP COLUMN label",
            compress_by(segment=""),
            "INSERT INTO {t} VALUES ({moment}, 1)",
            COMPRESS,
            "INSERT INTO {t} VALUES ({moment}, 1)",
        ),
        query="SELECT count(*) FROM {t}",
        right=1,
    ),
    KnownGap(
        code="lock-of-a-referred-row",
        ticket=9324,
        summary="The check of a foreign key to a hypertable takes no lock on the row that it"
        " finds, so another session can delete that row before the first one commits.",
        affects="rows of tables with a foreign key to a hypertable, written by several sessions",
        last="2.25.1",
        right_from="2.25.2",
        evidence="seen on 2.17.2, 2.21.0, 2.19.3 and 2.23.0-dev; right on 2.26.0, 2.28.3 and"
        " 2.31.0; the release notes of 2.25.2 name the fix (pull request 9324)",
        setup=(
            *hypertable("moment timestamptz NOT NULL, id int, PRIMARY KEY (id, moment)"),
            "INSERT INTO {t} VALUES ({moment}, 1)",
            "CREATE TABLE {t}_from (id int, moment timestamptz, FOREIGN KEY (id,"
            " moment) REFERENCES {t})",
            "INSERT INTO {t}_from VALUES (1, {moment})",
        ),
        query="SELECT count(*) FROM {t} WHERE xmax::text <> '0'",
        right=1,
        needs=(),
    ),
    KnownGap(
        code="reference-to-an-index",
        ticket=8082,
        summary="A hypertable with a unique index, and no constraint, that a foreign key refers to"
        " rejects the first row of each chunk.",
        affects="rows of hypertables that a foreign key refers to by a unique index",
        last="2.25.2",
        right_from="2.26.0",
        evidence="seen on 2.17.2, 2.21.0, 2.19.3 and 2.23.0-dev; right on 2.26.0, 2.28.3 and"
        " 2.31.0; the release notes of 2.26.0 name the fix (pull request 9378)",
        setup=(
            *hypertable("moment timestamptz NOT NULL, id int NOT NULL"),
            "CREATE UNIQUE INDEX ON {t} (moment, id)",
            "CREATE TABLE {t}_from (id int, moment timestamptz, FOREIGN KEY (moment,"
            " id) REFERENCES {t} (moment, id))",
            "INSERT INTO {t} VALUES ({moment}, 1)",
        ),
        query="SELECT count(*) FROM {t}",
        right=1,
        needs=(),
    ),
    KnownGap(
        code="unique-index-of-a-chunk",
        ticket=9720,
        summary="CREATE UNIQUE INDEX directly on a compressed chunk succeeds although the chunk"
        " has duplicates.",
        affects="none: every check creates indexes on the hypertable",
        last="2.27.3",
        right_from="2.28.0",
        evidence="seen on 2.17.2, 2.21.0, 2.23.0-dev and 2.26.0; right on 2.28.3; the release"
        " notes of 2.28.0 name the fix (pull request 9745)",
        setup=(
            *compressed(
                "moment timestamptz NOT NULL, probe int",
                "({moment}, 1), ({moment}, 1)",
                segment="probe",
            ),
            "DO $$ BEGIN EXECUTE format('CREATE UNIQUE INDEX ON %s (probe, moment)',"
            " (SELECT c FROM show_chunks('{t}') AS c)); END $$",
        ),
        query="SELECT count(*) FROM pg_index WHERE indisunique AND indrelid = (SELECT c FROM"
        " show_chunks('{t}') AS c)",
        right=0,
    ),
    KnownGap(
        code="direct-exclusion",
        ticket=10281,
        summary="An INSERT with direct compression does not enforce an exclusion constraint.",
        affects="applications that set timescaledb.enable_direct_compress_insert, which is off by"
        " default",
        first="2.23.0",
        last="2.28.5",
        right_until="2.17.2",
        right_from="2.29.0",
        evidence="seen on 2.23.0-dev and 2.28.3; 2.17.2 allows no exclusion constraint here; the"
        " release notes of 2.29.0 name the fix",
        setup=(
            *hypertable("moment timestamptz NOT NULL, probe int", segment=""),
            "ALTER TABLE {t} ADD EXCLUDE USING btree (probe WITH =, moment WITH =)",
            "INSERT INTO {t} SELECT {moment}, 1 FROM generate_series(1, 100)",
        ),
        query="SELECT count(*) FROM {t}, pg_constraint WHERE contype = 'x' AND conrelid ="
        " '{t}'::regclass",
        right=0,
        settings=(("timescaledb.enable_direct_compress_insert", "on"),),
    ),
)
