"""Compression whose order TimescaleDB chooses, with sparse indexes and without."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, DateTime, Double, MetaData, Table, Text

from conformance import Compression, Hypertable

from .mending import prove

pytestmark = pytest.mark.usefixtures("community_edition")

MAKE = """
CREATE TABLE ticks (at timestamptz NOT NULL, venue text, price float8, note text);
SELECT create_hypertable('ticks', 'at', chunk_time_interval => INTERVAL '1 day');
INSERT INTO ticks SELECT timestamptz '2024-01-01' + i * INTERVAL '1 day', 'x', i, 'y'
  FROM generate_series(1, 3) i;
"""
SEGMENT = ", timescaledb.compress_segmentby = 'venue'"
ORDER = ", timescaledb.compress_orderby = 'at DESC'"
BLOOM = ", timescaledb.compress_index = 'bloom(note)'"
EXISTS = "compression:ticks:exists"
SPARSE = "compression:ticks:sparse_indexes"
OF_SEGMENT = "compression:ticks:segment_by"


def models(**settings):
    metadata = MetaData()
    Table(
        "ticks", metadata,
        Column("at", DateTime(timezone=True), nullable=False),
        Column("venue", Text), Column("price", Double), Column("note", Text),
        Hypertable("at", chunk_interval="1 day"),
        Compression(after=None, **{"segment_by": "venue", "order_by": None, **settings}),
    )  # fmt: skip
    return metadata


@pytest.fixture
def ticks(made):
    """The table; `ticks(settings)` compresses its chunks with these."""
    major, minor, *_ = made.value(
        "SELECT string_to_array(extversion, '.') FROM pg_extension WHERE extname = 'timescaledb'"
    )
    if (int(major), int(minor)) < (2, 22):
        pytest.skip("earlier versions store the order that they choose")

    def compressed(settings):
        made.execute(
            f"ALTER TABLE ticks SET (timescaledb.compress{settings});"
            "SELECT compress_chunk(c) FROM show_chunks('ticks') c"
        )
        return made

    return made, compressed


@pytest.mark.parametrize(
    ("settings", "segment_by"),
    [(SEGMENT, "venue"), (", timescaledb.compress_segmentby = ''", ()), ("", ())],
)
def test_chunks_have_the_order_that_was_chosen(ticks, settings, segment_by):
    database = ticks[1](settings)
    database.expect((), models(segment_by=segment_by))


#: Drops the index of the compressed rows of the first chunk, and then executes {}.
ON_COMPRESSED_ROWS = """
DO $$ DECLARE rows regclass := (SELECT min(oid)::regclass FROM pg_class WHERE relkind = 'r'
    AND relname ~ '^compress.*_chunk$|_chunk_compressed$');
BEGIN
    EXECUTE 'DROP INDEX ' || (SELECT indexrelid::regclass FROM pg_index WHERE indrelid = rows);
    {}
END $$
"""
#: A chunk as TimescaleDB before 2.8 has compressed it.
INDEX_FOR_EACH = ON_COMPRESSED_ROWS.format("""
    UPDATE pg_attribute SET attname = '_ts_meta_sequence_num'
     WHERE attrelid = rows AND attname = '_ts_meta_count';
    EXECUTE format('CREATE INDEX ON %s (venue, _ts_meta_sequence_num)', rows);
    EXECUTE format('CREATE INDEX ON %s (note, _ts_meta_sequence_num)', rows);
""")
NO_INDEX = ON_COMPRESSED_ROWS.format("")
OF_CHUNKS = "chunk:ticks:alterations"


@pytest.mark.parametrize(
    ("segment_by", "sql", "found"),
    [
        ((), NO_INDEX, ()),
        (("venue",), NO_INDEX, {OF_CHUNKS}),
        (("venue", "note"), INDEX_FOR_EACH, ()),
        (
            ("venue", "note"),
            INDEX_FOR_EACH.replace("(note, _ts_meta_sequence_num", "(note"),
            {OF_CHUNKS},
        ),
    ],
)
def test_chunks_that_an_earlier_version_compressed(ticks, segment_by, sql, found):
    """Without a segmentby 2.17 makes no index, and none is made by an upgrade."""
    database = ticks[1](f", timescaledb.compress_segmentby = '{', '.join(segment_by)}'")
    database.execute(sql)
    database.expect(found, models(segment_by=segment_by))


def test_chunks_that_were_compressed_by_other_columns_are_still_named(ticks):
    database = ticks[1](SEGMENT)
    database.execute(
        "ALTER TABLE ticks SET (timescaledb.compress, timescaledb.compress_segmentby = 'note')"
    )
    database.expect({"chunk:ticks:other_compression_settings"}, models(segment_by="note"))


@pytest.mark.parametrize(
    ("settings", "declared", "found"),
    [
        ("", {}, {OF_SEGMENT}),
        (SEGMENT, {"segment_by": ()}, {OF_SEGMENT}),
        (SEGMENT + ORDER, {"segment_by": "note"}, {OF_SEGMENT}),
        (SEGMENT + ORDER, {"sparse_indexes": "bloom(note)"}, {SPARSE}),
        (SEGMENT + ORDER + BLOOM, {}, {SPARSE}),
        (SEGMENT + ORDER + BLOOM, {"sparse_indexes": ()}, {SPARSE}),
        (SEGMENT + ORDER + BLOOM, {"segment_by": "note"}, {OF_SEGMENT, SPARSE}),
        (
            SEGMENT + ORDER,
            {"segment_by": "note", "sparse_indexes": "bloom(venue)"},
            {OF_SEGMENT, SPARSE},
        ),
    ],
)
def test_a_revision_leads_there_and_back(ticks, settings, declared, found):
    database = ticks[1](settings)
    metadata = models(**declared)
    database.expect(found, metadata)
    outcome = prove(database, metadata)
    assert outcome.mended, outcome.left
    assert outcome.changed == []


@pytest.mark.parametrize("sparse", ["bloom(note)", ()])
@pytest.mark.parametrize("settings", [None, SEGMENT])
def test_sparse_indexes_need_an_order(ticks, settings, sparse):
    """TimescaleDB refuses them where no order is set."""
    database, compressed = ticks
    if settings is not None:
        compressed(settings)
    metadata = models(sparse_indexes=sparse)
    database.expect({EXISTS if settings is None else SPARSE}, metadata)
    outcome = prove(database, metadata)
    assert outcome.left == [SPARSE]
    (left,) = outcome.plan.unmended
    assert left.id == SPARSE
    assert left.reason.endswith("only together with an order: declare order_by as well")
