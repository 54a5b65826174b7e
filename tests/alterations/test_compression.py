"""Compression: on or off, segment by, order by."""

from __future__ import annotations

import pytest
from sqlalchemy import BigInteger, Column, Double, MetaData, Table

from conformance.declarations import Compression, Hypertable

from .cases import Alteration, ModelEdit, parametrize
from .mending import prove

pytestmark = pytest.mark.usefixtures("community_edition")

SEGMENT_BY = "compression:curves:segment_by"
ORDER_BY = "compression:curves:order_by"


def _set(segment_by: str, order_by: str) -> str:
    """Other settings of curves; what is not changed is stated as the migration has it."""
    return (
        f"ALTER TABLE curves SET (timescaledb.compress,"
        f" timescaledb.compress_segmentby = '{segment_by}',"
        f" timescaledb.compress_orderby = '{order_by}')"
    )


DECLARED = "curve_date DESC, tenor_days, id"

ALTERATIONS = (
    Alteration("the same again", _set("curve_id", DECLARED)),
    Alteration(
        "the same in words", _set('"curve_id"', DECLARED.replace("DESC", "desc nulls first"))
    ),
    Alteration(
        "disabled",
        "ALTER TABLE curves SET (timescaledb.compress = false)",
        {"compression:curves:exists"},
    ),
    Alteration("another column", _set("curve_type", DECLARED), {SEGMENT_BY}),
    Alteration("a column more", _set("curve_id, curve_type", DECLARED), {SEGMENT_BY}),
    Alteration("no column", _set("", DECLARED), {SEGMENT_BY}),
    Alteration("direction", _set("curve_id", "curve_date, tenor_days, id"), {ORDER_BY}),
    Alteration(
        "place of NULLs", _set("curve_id", "curve_date DESC NULLS LAST, tenor_days, id"), {ORDER_BY}
    ),
    Alteration("fewer columns", _set("curve_id", "curve_date DESC"), {ORDER_BY}),
    Alteration("a column more to order", _set("curve_id", DECLARED + ", rate"), {ORDER_BY}),
    Alteration("column order", _set("curve_id", "tenor_days, curve_date DESC, id"), {ORDER_BY}),
    Alteration(
        "a column from one to the other",
        _set("curve_id, tenor_days", "curve_date DESC, id"),
        {SEGMENT_BY, ORDER_BY},
    ),
    Alteration(
        "left to TimescaleDB",
        "ALTER TABLE curves SET (timescaledb.compress = false);"
        "ALTER TABLE curves SET (timescaledb.compress)",
        {SEGMENT_BY, ORDER_BY},
        since=(2, 22),
    ),
    Alteration(
        "guessed by TimescaleDB",
        "ALTER TABLE curves SET (timescaledb.compress = false);"
        "ALTER TABLE curves SET (timescaledb.compress)",
        # Of the natural key it guesses curve_id to segment by, as declared.
        {ORDER_BY},
        before=(2, 22),
    ),
    Alteration(
        "merged chunks",
        "ALTER TABLE signals SET (timescaledb.compress_chunk_time_interval = '720 days')",
        {"compression:signals:chunk_interval"},
    ),
    Alteration(
        "chunks merged no longer",
        "ALTER TABLE signals SET (timescaledb.compress_chunk_time_interval = '720 days');"
        "ALTER TABLE signals SET (timescaledb.compress_chunk_time_interval = '0')",
    ),
    Alteration(
        "undeclared",
        "CREATE TABLE ticks (t timestamptz NOT NULL, v int);"
        "SELECT create_hypertable('ticks', 't');"
        "ALTER TABLE ticks SET (timescaledb.compress)",
        {"table:ticks:exists"},
    ),
)

EDITS = (
    ModelEdit(
        "no compression",
        "curves.py",
        """        Compression(
            segment_by="curve_id", order_by="curve_date DESC, tenor_days, id", after="90 days"
        ),
""",
        "",
        {"compression:curves:exists"},
    ),
    ModelEdit(
        "merged chunks",
        "curves.py",
        'after="90 days"',
        'after="90 days", chunk_interval="1 year"',
        {"compression:curves:chunk_interval"},
    ),
    ModelEdit(
        "another segment by",
        "curves.py",
        'segment_by="curve_id"',
        'segment_by="curve_id, curve_type"',
        {SEGMENT_BY},
    ),
    ModelEdit(
        "another order by",
        "curves.py",
        'order_by="curve_date DESC, tenor_days, id"',
        'order_by="curve_date, tenor_days, id"',
        {ORDER_BY},
    ),
)


@parametrize(ALTERATIONS)
def test_alteration(database, case):
    database.alter(case)
    database.expect(case.findings)


@parametrize(EDITS)
def test_model_edit(database, edited, case):
    database.expect(case.findings, edited(case))


def test_the_length_of_merged_chunks_of_an_integer_time(bare_database):
    """The option is an interval there as well: a plain number would count seconds."""

    def metadata(length):
        found = MetaData()
        Table("ticks", found, Column("at", BigInteger, nullable=False), Column("price", Double),
              Hypertable("at", chunk_interval=1000),
              Compression(order_by="at", after=None, chunk_interval=length))  # fmt: skip
        return found

    bare_database.execute(
        "CREATE TABLE ticks (at bigint NOT NULL, price float);"
        " SELECT create_hypertable('ticks', 'at', chunk_time_interval => 1000);"
        " ALTER TABLE ticks SET (timescaledb.compress, timescaledb.compress_orderby = 'at',"
        " timescaledb.compress_chunk_time_interval = '4000 microseconds')"
    )
    bare_database.expect((), metadata(4000))
    for length in (8000, None):
        bare_database.expect({"compression:ticks:chunk_interval"}, metadata(length))
        outcome = prove(bare_database, metadata(length))
        assert outcome.mended
        assert not outcome.changed
