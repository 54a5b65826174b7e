"""The registry of known gaps: defects of TimescaleDB itself, with ticket, versions, reproduction.

A gap excuses only its own reproduction, on a small table of its own. Generated histories avoid the
gaps that they would meet by construction, and list what they leave out.

`docs/known-gaps.md` is generated from this registry.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from conformance.comparing.capabilities import version_tuple


class Expected(Enum):
    """What the registry expects of a version."""

    WRONG = "the version has the gap"
    RIGHT = "the version does not have the gap"
    UNKNOWN = "the version was not tried"


@dataclass(frozen=True)
class KnownGap:
    """One defect of TimescaleDB.

    Attributes:
        code: a short, stable name, `update-of-a-segment`.
        ticket: the number of an issue or pull request of timescale/timescaledb.
        summary: one sentence that says what goes wrong.
        affects: the checks that would meet the gap.
        first, last: the oldest and the newest version that is known to be wrong. If `last` is None,
            the ticket is open, and every version from `first` on is expected to be wrong.
        right_until, right_from: versions outside of that range that are known to be right.
        evidence: how the versions are known.
        needs: the capabilities that the reproduction needs.
        icu: whether the reproduction needs ICU collations.
        setup: the statements of the reproduction; an error in the last one is a result.
        query: a query for one number.
        right: the number that a correct server returns.
    """

    code: str
    ticket: int
    summary: str
    affects: str
    first: str
    last: str | None
    right_until: str | None
    right_from: str | None
    evidence: str
    setup: tuple[str, ...]
    query: str
    right: int
    needs: tuple[str, ...] = ("community_edition",)
    icu: bool = False

    @property
    def url(self) -> str:
        """The URL of the ticket."""
        return f"https://github.com/timescale/timescaledb/issues/{self.ticket}"

    def expected(self, version: str) -> Expected:
        """What the registry expects of this version of TimescaleDB."""
        given = version_tuple(version)
        if self.right_from is not None and given >= version_tuple(self.right_from):
            return Expected.RIGHT
        if given >= version_tuple(self.first):
            is_known = self.last is None or given <= version_tuple(self.last)
            return Expected.WRONG if is_known else Expected.UNKNOWN
        if self.right_until is not None and given > version_tuple(self.right_until):
            return Expected.UNKNOWN
        return Expected.RIGHT

    def reason(self, version: str) -> str:
        """The reason why something is not checked on this version."""
        known = self.expected(version) is Expected.WRONG
        kind = "known gap" if known else "possible known gap"
        return f"{kind} timescaledb#{self.ticket} of TimescaleDB {version}: {self.summary}"

    def may_show(self, version: str) -> bool:
        """Whether histories must avoid the gap on this version."""
        return self.expected(version) is not Expected.RIGHT


def gap(code: str) -> KnownGap:
    """Return the gap with this code.

    Raises:
        KeyError: no gap has the code.
    """
    return {item.code: item for item in KNOWN_GAPS}[code]


def _compressed(table: str, columns: str, settings: str, *rows: str) -> tuple[str, ...]:
    """Statements that create a hypertable with these rows in a compressed chunk."""
    return (
        f"CREATE TABLE {table} ({columns})",
        f"SELECT create_hypertable('{table}', 'moment')",
        f"ALTER TABLE {table} SET (timescaledb.compress, {settings})",
        *(f"INSERT INTO {table} VALUES {row}" for row in rows),
        f"SELECT compress_chunk(c) FROM show_chunks('{table}') AS c",
    )


_BY_PROBE = "timescaledb.compress_segmentby = 'probe', timescaledb.compress_orderby = 'moment'"
_UNSEGMENTED = "timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'moment'"
_MOMENT = "timestamptz '2025-01-01 00:00+00'"
_NO_CASE = "(provider = icu, locale = 'und-u-ks-level2', deterministic = false)"

KNOWN_GAPS: tuple[KnownGap, ...] = (
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
            *_compressed(
                "null_segment",
                "moment timestamptz NOT NULL, site int, probe int,"
                " UNIQUE NULLS NOT DISTINCT (probe, moment)",
                "timescaledb.compress_segmentby = 'site, probe',"
                " timescaledb.compress_orderby = 'moment'",
                f"({_MOMENT}, 1, NULL)",
            ),
            f"INSERT INTO null_segment VALUES ({_MOMENT}, 1, NULL) ON CONFLICT DO NOTHING",
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
            *_compressed(
                "null_outside_the_order",
                "moment timestamptz NOT NULL, probe int NOT NULL, unit text,"
                " UNIQUE NULLS NOT DISTINCT (moment, probe, unit)",
                "timescaledb.compress_segmentby = 'probe',"
                " timescaledb.compress_orderby = 'moment DESC'",
                f"({_MOMENT}, 1, NULL), ({_MOMENT} + interval '1 hour', 1, NULL)",
            ),
            f"INSERT INTO null_outside_the_order VALUES ({_MOMENT}, 1, NULL)"
            " ON CONFLICT DO NOTHING",
        ),
        query="SELECT count(*) FROM null_outside_the_order",
        right=2,
    ),
    KnownGap(
        code="null-in-the-order",
        ticket=9575,
        summary="A second row of a key with a NULL gets into a compressed chunk where the column is"
        " in order-by, although UNIQUE NULLS NOT DISTINCT forbids it.",
        affects="rows and histories of tables whose natural key treats NULLs as equal and has a"
        " nullable column in order-by, such as signals",
        first="2.17",
        last="2.17.2",
        right_until=None,
        right_from="2.20.3",
        evidence="seen on 2.17.2; right on 2.20.3, 2.23.0-dev, 2.28.3 and 2.29.2",
        setup=(
            *_compressed(
                "null_in_the_order",
                "moment timestamptz NOT NULL, probe int NOT NULL, unit text,"
                " UNIQUE NULLS NOT DISTINCT (moment, probe, unit)",
                "timescaledb.compress_segmentby = 'probe',"
                " timescaledb.compress_orderby = 'moment, unit'",
                f"({_MOMENT}, 1, NULL), ({_MOMENT}, 1, 'a')",
            ),
            f"INSERT INTO null_in_the_order VALUES ({_MOMENT}, 1, NULL) ON CONFLICT DO NOTHING",
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
            *_compressed(
                "update_of_a_segment",
                "moment timestamptz NOT NULL, probe int, UNIQUE (probe, moment)",
                _BY_PROBE,
                f"({_MOMENT}, 1), ({_MOMENT}, 2)",
            ),
            "UPDATE update_of_a_segment SET probe = 2 WHERE probe = 1",
        ),
        query="SELECT count(*) FROM update_of_a_segment WHERE probe = 2",
        right=1,
    ),
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
            *_compressed(
                "count_of_deleted",
                "moment timestamptz NOT NULL, probe int, UNIQUE (probe, moment)",
                _BY_PROBE,
                f"({_MOMENT}, 1)",
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
        code="insert-into-a-chunk",
        ticket=6302,
        summary="An INSERT directly into a compressed chunk accepts a second row of a key.",
        affects="none: every check writes to the hypertable",
        first="2.17",
        last="2.23.0",
        right_until=None,
        right_from="2.28.3",
        evidence="seen on 2.17.2, 2.20.3 and 2.23.0-dev; right on 2.28.3 and 2.29.2",
        setup=(
            *_compressed(
                "insert_into_a_chunk",
                "moment timestamptz NOT NULL, probe int, UNIQUE (probe, moment)",
                _BY_PROBE,
                f"({_MOMENT}, 1)",
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
        first="2.28.3",
        last="2.30.0",
        right_until="2.23.0",
        right_from=None,
        evidence="seen on 2.28.3 and 2.29.2; right on 2.17.2, 2.20.3 and 2.23.0-dev; reported"
        " after 2.30.0 and fixed since (pull request 10580)",
        setup=(
            *_compressed(
                "bloom_of_one_key",
                "moment timestamptz NOT NULL, sensor int NOT NULL, probe int NOT NULL,"
                " UNIQUE (sensor, moment), UNIQUE (probe, moment)",
                _UNSEGMENTED,
                f"({_MOMENT}, 50, 50)",
            ),
            f"INSERT INTO bloom_of_one_key VALUES ({_MOMENT}, 999, 50)"
            " ON CONFLICT (sensor, moment) DO NOTHING",
        ),
        query="SELECT count(*) FROM bloom_of_one_key",
        right=1,
    ),
    KnownGap(
        code="bloom-and-collation",
        ticket=10586,
        summary="An INSERT ... ON CONFLICT into a compressed chunk accepts a second row of a key"
        " that is equal by a non-deterministic collation: the bloom filter ignores collations.",
        affects="rows and histories of tables with a non-deterministic collation in a key",
        first="2.28.3",
        last=None,
        right_until="2.20.3",
        right_from=None,
        evidence="seen on 2.28.3 and 2.29.2; right on 2.17.2 and 2.20.3; the ticket is open",
        setup=(
            f"CREATE COLLATION bloom_and_collation_no_case {_NO_CASE}",
            *_compressed(
                "bloom_and_collation",
                "moment timestamptz NOT NULL, label text COLLATE bloom_and_collation_no_case,"
                " UNIQUE (label, moment)",
                _UNSEGMENTED,
                f"({_MOMENT}, 'abc'), ({_MOMENT}, 'def')",
            ),
            f"INSERT INTO bloom_and_collation VALUES ({_MOMENT}, 'ABC')"
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
        last=None,
        right_until=None,
        right_from=None,
        evidence="seen on 2.17.2, 2.20.3, 2.28.3 and 2.29.2; the ticket is open",
        setup=(
            f"CREATE COLLATION collation_of_an_index_no_case {_NO_CASE}",
            "CREATE TABLE collation_of_an_index (moment timestamptz NOT NULL, label text)",
            "SELECT create_hypertable('collation_of_an_index', 'moment')",
            "CREATE UNIQUE INDEX ON collation_of_an_index"
            " (label COLLATE collation_of_an_index_no_case, moment)",
            f"ALTER TABLE collation_of_an_index SET (timescaledb.compress, {_UNSEGMENTED})",
            f"INSERT INTO collation_of_an_index VALUES ({_MOMENT}, 'abc')",
            "SELECT compress_chunk(c) FROM show_chunks('collation_of_an_index') AS c",
            f"INSERT INTO collation_of_an_index VALUES ({_MOMENT}, 'ABC')",
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
            f"INSERT INTO referred SELECT {_MOMENT} + n * interval '1 minute', n"
            " FROM generate_series(1, 8) AS n",
            *(
                f"INSERT INTO referring VALUES ({n}, {_MOMENT} + {n} * interval '1 minute')"
                for n in range(1, 9)
            ),
        ),
        query="SELECT count(*) FROM referring",
        right=8,
        needs=(),
    ),
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
            f"INSERT INTO prepared_limit SELECT {_MOMENT} + n * interval '10 days'"
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
)
