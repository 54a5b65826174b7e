"""Declarations for `timescaledb` and `sqlalchemy-timescaledb` count as ours, as they are."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import ClassVar

import pytest
from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text
from sqlalchemy.dialects import registry
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.sql.base import DialectKWArgs

from conformance.declarations import (
    DeclarationError,
    Hypertable,
    compression_of,
    declare_packages,
    hypertable_of,
    retention_of,
)
from conformance.intervals import Interval

DAY = Interval.parse("1 day")


@pytest.fixture
def timescaledb():
    return pytest.importorskip("timescaledb")


@pytest.fixture
def model(timescaledb):
    """Makes a table of `timescaledb` with these attributes, in a metadata of its own."""
    from sqlmodel import SQLModel

    made = []

    def make(name="Metric", base=timescaledb.TimescaleModel, **said):
        annotations = {"sensor_id": int, "value": float}
        annotations |= dict.fromkeys(said, ClassVar[object])
        body = {"__annotations__": annotations, "__module__": __name__, **said}
        cls = type(base)(name, (base,), body, table=True)
        made.append(cls)
        declare_packages(cls.metadata)
        return cls

    yield make
    SQLModel.metadata.clear()
    SQLModel._sa_registry.dispose()


def test_a_model_has_a_hypertable_and_retention(model):
    table = model(__chunk_time_interval__="INTERVAL '1 day'").__table__
    assert hypertable_of(table).time_column == "time"
    assert hypertable_of(table).chunk_interval == DAY
    # The package's own default.
    assert retention_of(table).drop_after == Interval.parse("3 months")
    assert compression_of(table) is None
    assert "metric_time_idx" in {index.name for index in table.indexes}


def test_a_model_without_retention(model):
    assert retention_of(model(__drop_after__=None).__table__) is None


def test_a_model_has_compression(model):
    said = compression_of(
        model(
            __enable_compression__=True,
            __compress_orderby__="time DESC NULLS LAST",
            __compress_segmentby__="sensor_id",
            __compress_after__="INTERVAL 7 days",
        ).__table__
    )
    assert said.segment_by == ("sensor_id",)
    assert [str(item) for item in said.order_by] == ["time DESC NULLS LAST"]
    assert said.after == Interval.parse("7 days")


def test_a_model_leaves_the_order_to_timescaledb(model):
    said = compression_of(model(__enable_compression__="true").__table__)
    assert said.order_by == ()
    assert said.after is None


def test_a_model_has_a_columnstore(model):
    said = compression_of(
        model(
            __enable_columnstore__=True,
            __columnstore_orderby__="time",
            __columnstore_after__=timedelta(days=1),
            __columnstore_schedule_interval__='INTERVAL "6 hours"',
        ).__table__
    )
    assert said.after == DAY
    assert said.schedule_interval == Interval.parse("6 hours")


def test_a_model_compresses_by_the_creation_of_chunks(model):
    said = compression_of(
        model(
            __enable_columnstore__=True, __columnstore_created_before__="INTERVAL '30 days'"
        ).__table__
    )
    assert said.after is None
    assert said.created_before == Interval.parse("30 days")


def test_a_number_is_microseconds(model):
    table = model(__chunk_time_interval__=3_600_000_000).__table__
    assert hypertable_of(table).chunk_interval == Interval.parse("1 hour")


def test_a_model_is_read_once(model):
    cls = model()
    declare_packages(cls.metadata)
    assert hypertable_of(cls.__table__) is not None


def test_models_are_found_at_any_distance(timescaledb, model):
    class Base(timescaledb.TimescaleModel):
        pass

    for cls in (model("Near"), model("Far", Base)):
        assert hypertable_of(cls.__table__) is not None


@pytest.fixture
def dialect():
    """The dialect of `sqlalchemy-timescaledb`; `timescaledb` has one of the same name."""
    pytest.importorskip("sqlalchemy_timescaledb")
    known = DialectKWArgs._kw_registry
    before = known.pop("timescaledb", None)
    registry.register("timescaledb", "sqlalchemy_timescaledb.dialect", "TimescaledbPsycopg2Dialect")
    yield
    known.pop("timescaledb", None)
    if before is not None:
        known["timescaledb"] = before


def table_with(option, kind=DateTime, *items):
    metadata = MetaData()
    table = Table(
        "metric",
        metadata,
        Column("name", Text),
        Column("at", kind),
        *items,
        timescaledb_hypertable=option,
    )
    declare_packages(metadata)
    return hypertable_of(table)


@pytest.mark.usefixtures("dialect")
@pytest.mark.parametrize(
    ("option", "kind", "interval"),
    [
        ({"time_column_name": "at"}, DateTime, Interval.parse("7 days")),
        ({"time_column_name": "at", "chunk_time_interval": "1 day"}, DateTime, DAY),
        ({"time_column_name": "at", "chunk_time_interval": 86_400_000_000}, DateTime, DAY),
        ({"time_column_name": "at", "chunk_time_interval": "86400000000"}, DateTime, DAY),
        ({"time_column_name": "at", "chunk_time_interval": 1000}, BigInteger, 1000),
        ({"time_column_name": "at", "chunk_time_interval": "1000"}, BigInteger, 1000),
    ],
)
def test_an_option_of_the_dialect(option, kind, interval):
    found = table_with(option, kind)
    assert found.time_column == "at"
    assert found.chunk_interval == interval


@pytest.mark.usefixtures("dialect")
def test_an_option_in_a_class():
    class Base(DeclarativeBase):
        pass

    class Metric(Base):
        __tablename__ = "metric"
        __table_args__ = ({"timescaledb_hypertable": {"time_column_name": "at"}},)
        at: Mapped[datetime] = mapped_column(primary_key=True)

    declare_packages(Base.metadata)
    assert hypertable_of(Metric.__table__).time_column == "at"


@pytest.mark.usefixtures("dialect")
def test_ours_counts_instead():
    ours = Hypertable("at", chunk_interval="1 hour")
    assert table_with({"time_column_name": "name"}, DateTime, ours) is ours


@pytest.mark.usefixtures("dialect")
@pytest.mark.parametrize("option", [{"time_column_name": "when"}, {"chunk_time_interval": "1 day"}])
def test_an_option_that_contradicts_the_table(option):
    with pytest.raises(DeclarationError, match=r"metric: .*(when|time_column_name)"):
        table_with(option)


def test_nothing_is_said_without_the_packages(monkeypatch):
    monkeypatch.delitem(sys.modules, "timescaledb.models", raising=False)
    metadata = MetaData()
    table = Table("metric", metadata, Column("at", DateTime))
    declare_packages(metadata)
    assert hypertable_of(table) is None
    # Asking for an option of a dialect would import the package that has the dialect.
    assert "timescaledb" not in table.dialect_options
