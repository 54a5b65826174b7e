"""The columns of a generated row, its foreign keys, and the arguments of the strategy."""

from __future__ import annotations

import gc
import weakref
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from hypothesis import find, given
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from conformance.population.thinness import why_not_derived
from conformance.strategies import NotDerivable, batches, default_span, rows
from models import FiscalData, MarketData, Signal

from .drawing import always, comes_up

PARENTS = {"instruments.id": [7, 8], "series_metadata.id": [9]}


@pytest.fixture
def shop():
    """Tables with all kinds of columns that a database fills, and a foreign key of two columns."""
    metadata = sa.MetaData()
    sa.Table(
        "orders", metadata,
        sa.Column("region", sa.String(2), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
    )  # fmt: skip
    sa.Table(
        "lines", metadata,
        sa.Column("serial", sa.Integer, primary_key=True),
        sa.Column("net", sa.Integer, nullable=False),
        sa.Column("gross", sa.Integer, sa.Computed("net * 2")),
        sa.Column("counted", sa.Integer, sa.Sequence("counter")),
        sa.Column("xmin", sa.Text, system=True),
        sa.Column("status", sa.Text, server_default="new", nullable=False),
        sa.Column("note", sa.Text, default="none", nullable=False),
        sa.Column("data", JSONB),
        sa.Column("region", sa.String(2)),
        sa.Column("number", sa.Integer),
        sa.Column("far", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(["region", "number"], ["orders.region", "orders.number"]),
    )  # fmt: skip
    return metadata


ORDERS = {"orders": [{"region": "eu", "number": 1}, {"region": "us", "number": 2}]}


def test_columns_that_the_database_fills_are_never_given(shop):
    @given(rows(shop.tables["lines"], parents=ORDERS))
    def check(row):
        assert not {"serial", "gross", "counted", "xmin"} & set(row)
        assert {"net", "far", "region", "number"} <= set(row)

    check()


def test_the_server_can_compute_with_the_numbers():
    """No product or quotient of theirs is out of the range of its type."""
    table = sa.Table(
        "sales", sa.MetaData(),
        sa.Column("price", sa.SmallInteger, nullable=False),
        sa.Column("size", sa.SmallInteger, sa.CheckConstraint("size >= 40"), nullable=False),
        sa.Column("share", sa.Double, nullable=False),
        sa.Column("other", sa.Double, nullable=False),
        sa.Column("worth", sa.SmallInteger, sa.Computed("price * size")),
        sa.Column("whole", sa.Double, sa.Computed("share * share / price")),
    )  # fmt: skip
    always(rows(table), lambda row: 0 < row["price"] * row["size"] < 2**15)
    always(rows(table), lambda row: row["size"] >= 40 and 0.1 < row["share"] < 1000)
    assert comes_up(rows(table), lambda row: row["other"] > 1000)


def test_columns_with_a_default_are_sometimes_left_out(shop):
    strategy = rows(shop.tables["lines"], parents=ORDERS)
    for name in ("status", "note", "data"):
        assert comes_up(strategy, lambda row, name=name: name in row)
        assert comes_up(strategy, lambda row, name=name: name not in row)


def test_complete_rows_have_every_column(shop):
    strategy = rows(shop.tables["lines"], parents=ORDERS, complete=True)
    every = {"net", "status", "note", "data", "region", "number", "far"}
    always(strategy, lambda row: set(row) == every)
    assert comes_up(strategy, lambda row: row["data"] is None)


def test_a_foreign_key_of_two_columns_takes_both_from_one_row(shop):
    strategy = rows(shop.tables["lines"], parents=ORDERS)
    for pair in [("eu", 1), ("us", 2), (None, None)]:
        assert comes_up(strategy, lambda row, pair=pair: (row["region"], row["number"]) == pair)
    pairs = [("eu", 1), ("us", 2), (None, None)]
    always(strategy, lambda row: (row["region"], row["number"]) in pairs)


def test_a_foreign_key_of_two_columns_needs_whole_rows(shop):
    with pytest.raises(NotDerivable, match=r"columns region, number refer to orders"):
        rows(shop.tables["lines"], parents={"orders.number": [1]})
    with pytest.raises(NotDerivable, match="override all of its columns"):
        rows(shop.tables["lines"], region="eu")
    always(rows(shop.tables["lines"], region="eu", number=1), lambda row: row["region"] == "eu")


def test_a_foreign_key_without_a_schema_refers_to_the_one_of_the_metadata():
    metadata = sa.MetaData(schema="plant")
    sa.Table("channels", metadata, sa.Column("id", sa.Integer, primary_key=True))
    readings = sa.Table("readings", metadata, sa.Column("channel", sa.ForeignKey("channels.id")))
    strategy = rows(readings, parents={"plant.channels.id": [5]})
    assert comes_up(strategy, lambda row: row["channel"] == 5)


def test_a_foreign_key_that_is_a_part_of_another_one(shop):
    """The column of a tenant is in a key of its own, and in the keys of all that the tenant has."""
    sa.Table("regions", shop, sa.Column("code", sa.String(2), primary_key=True))
    lines = shop.tables["lines"]
    lines.append_constraint(sa.ForeignKeyConstraint(["region"], ["regions.code"]))
    strategy = rows(lines, parents={**ORDERS, "regions.code": ["us", "jp"]})
    always(strategy, lambda row: (row["region"], row["number"]) in [("us", 2), (None, None)])
    assert comes_up(strategy, lambda row: row["region"] == "us")
    with pytest.raises(NotDerivable, match=r"column region refers to regions\.code; pass parents="):
        rows(lines, parents=ORDERS)
    for name in ("region", "number"):
        lines.c[name].nullable = False
    with pytest.raises(NotDerivable, match=r"no parents agree on \(region\)") as caught:
        rows(lines, parents={**ORDERS, "regions.code": ["jp"]})
    assert len(caught.value.problems) == 1


def of_tenants():
    """A table whose foreign keys share the tenant, and one of three keys in a chain."""
    metadata = sa.MetaData()
    for name in ("sites", "probes"):
        sa.Table(
            name,
            metadata,
            sa.Column("tenant", sa.Integer, primary_key=True),
            sa.Column("id", sa.Integer, primary_key=True),
        )
    sa.Table(
        "kinds",
        metadata,
        sa.Column("probe", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Integer, primary_key=True),
    )
    sa.Table(
        "readings",
        metadata,
        *(
            sa.Column(name, sa.Integer, nullable=False)
            for name in ("tenant", "site", "probe", "kind")
        ),
        sa.ForeignKeyConstraint(["tenant", "site"], ["sites.tenant", "sites.id"]),
        sa.ForeignKeyConstraint(["tenant", "probe"], ["probes.tenant", "probes.id"]),
        sa.ForeignKeyConstraint(["probe", "kind"], ["kinds.probe", "kinds.kind"]),
    )
    return metadata.tables["readings"]  # fmt: skip


PLACES = {
    "sites": [{"tenant": 1, "id": 10}, {"tenant": 2, "id": 20}, {"tenant": 2, "id": 21}],
    "probes": [{"tenant": 2, "id": 5}, {"tenant": 2, "id": 6}, {"tenant": 3, "id": 7}],
    "kinds": [{"probe": 5, "kind": 50}, {"probe": 7, "kind": 70}, {"probe": 5, "kind": 51}],
}


def test_foreign_keys_that_share_a_column_agree_on_it():
    table = of_tenants()
    strategy = rows(table, parents=PLACES)
    every = {(2, site, 5, kind) for site in (20, 21) for kind in (50, 51)}

    def values(row):
        return tuple(row[name] for name in ("tenant", "site", "probe", "kind"))

    always(strategy, lambda row: values(row) in every)
    for one in every:
        assert comes_up(strategy, lambda row, one=one: values(row) == one)
    apart = {**PLACES, "probes": [{"tenant": 3, "id": 7}]}
    with pytest.raises(NotDerivable, match=r"no parents agree on \(tenant, "):
        rows(table, parents=apart)
    for column in table.c:
        column.nullable = True
    strategy = rows(table, parents=apart)
    assert comes_up(strategy, lambda row: set(row.values()) == {None})


def test_rows_of_a_batch_take_columns_of_tied_foreign_keys_together():
    table = of_tenants()
    table.append_constraint(sa.UniqueConstraint("tenant", "site", name="uq_readings_natural_key"))
    places = {**PLACES, "probes": [{"tenant": t, "id": 5} for t in (1, 2)]}
    every = {(1, 10), (2, 20), (2, 21)}
    always(
        batches(table, parents=places, max_size=4),
        lambda batch: all((row["tenant"], row["site"]) in every for row in batch),
    )


def test_a_foreign_key_needs_parents_or_an_override():
    with pytest.raises(NotDerivable) as caught:
        rows(Signal)
    assert isinstance(caught.value, ValueError)
    message = str(caught.value)
    assert message.startswith("cannot generate rows of signals from its metadata:\n")
    assert "column instrument_id refers to instruments.id; pass parents=" in message
    assert "column series_id refers to series_metadata.id; pass parents=" in message
    # A reader of a verdict calls nothing.
    assert why_not_derived(caught.value) == (
        "cannot generate rows: column instrument_id refers to instruments.id; "
        "column series_id refers to series_metadata.id"
    )
    with pytest.raises(NotDerivable, match="series_id") as caught:
        rows(Signal, instrument_id=1, parents={"series_metadata.id": []})
    assert len(caught.value.problems) == 1


def test_foreign_keys_take_parents_and_null_where_they_may():
    strategy = rows(Signal, parents=PARENTS)
    for value in (7, 8, None):
        assert comes_up(strategy, lambda row, value=value: row["instrument_id"] == value)
    always(strategy, lambda row: row["instrument_id"] in (7, 8, None))
    always(rows(MarketData, parents=PARENTS), lambda row: row["instrument_id"] is not None)


def test_parents_that_are_not_there():
    with pytest.raises(ValueError, match=r"neither table nor column 'instrument\.id'"):
        rows(MarketData, parents={"instrument.id": [1]})
    with pytest.raises(ValueError, match=r"neither table nor column 'instruments\.key'"):
        rows(MarketData, parents={"instruments.key": [1]})


def test_overrides_win(shop):
    strategy = rows(
        MarketData,
        instrument_id=st.sampled_from([1, 2]),
        frequency="not in the vocabulary",
        open=None,
        source="desk",
    )
    always(
        strategy,
        lambda row: (
            row["instrument_id"] in (1, 2)
            and row["frequency"] == "not in the vocabulary"
            and row["open"] is None
            and row["source"] == "desk"
        ),
    )
    lines = shop.tables["lines"]
    strategy = rows(lines, parents=ORDERS, status="x", serial=5)
    always(strategy, lambda row: (row["status"], row["serial"]) == ("x", 5))


def test_a_column_that_is_named_like_an_argument_is_overridden_by_a_mapping(shop):
    strategy = rows(shop.tables["lines"], {"far": True}, parents=ORDERS)
    always(strategy, lambda row: row["far"] is True)


def test_values_that_satisfy_a_check_together_are_drawn_together():
    table = sa.Table(
        "clocks",
        sa.MetaData(),
        sa.Column("hour", sa.Integer),
        sa.Column("minute", sa.Integer),
        sa.Column("note", sa.Text),
        sa.CheckConstraint("hour * 60 + minute IN (61, 122)"),
    )
    known = [(1, 1), (2, 2)]
    strategy = rows(table, satisfying={("hour", "minute"): known}, complete=True)
    always(strategy, lambda row: (row["hour"], row["minute"]) in known)
    for row in known:
        comes_up(strategy, lambda drawn, row=row: (drawn["hour"], drawn["minute"]) == row)
    with pytest.raises(NotDerivable, match="is not understood"):
        rows(table, satisfying={("hour",): [(1,)]})
    with pytest.raises(NotDerivable, match="is not understood"):
        rows(table, satisfying={("hour", "minute"): []})
    with pytest.raises(ValueError, match="clocks has no column 'second'; it has hour"):
        rows(table, satisfying={("hour", "second"): known})


def test_wrong_overrides(shop):
    with pytest.raises(ValueError, match="market_data has no column 'price'; it has id, times"):
        rows(MarketData, parents=PARENTS, price=1)
    with pytest.raises(ValueError, match=r"the database computes the column lines\.gross"):
        rows(shop.tables["lines"], parents=ORDERS, gross=1)


def test_wrong_spans():
    day = date(2020, 1, 1)
    with pytest.raises(ValueError, match="is after"):
        rows(FiscalData, parents=PARENTS, span=(day, date(2019, 1, 1)))
    with pytest.raises(ValueError, match="cannot be combined"):
        rows(FiscalData, parents=PARENTS, span=(day, day), far=True)
    plain = sa.Table("plain", sa.MetaData(), sa.Column("day", sa.Date))
    with pytest.raises(ValueError, match=r"does not have Hypertable\(...\)"):
        rows(plain, span=(day, day))
    with pytest.raises(ValueError, match=r"does not have Hypertable\(...\)"):
        default_span(plain)


def test_the_time_column_keeps_to_its_span():
    first, last = date(2021, 5, 1), date(2021, 5, 2)
    strategy = rows(FiscalData, parents=PARENTS, span=(first, last))
    for day in (first, last):
        assert comes_up(strategy, lambda row, day=day: row["observation_date"] == day)
    always(strategy, lambda row: first <= row["observation_date"] <= last)
    first, last = default_span(MarketData.__table__)
    assert (first, last) == (
        datetime(2019, 12, 10, tzinfo=UTC), datetime(2020, 4, 7, 23, 59, 59, 999999, UTC)
    )  # fmt: skip
    strategy = rows(MarketData, parents=PARENTS)
    always(strategy, lambda row: first <= row["timestamp"] <= last)
    assert comes_up(
        rows(MarketData, parents=PARENTS, far=True), lambda row: row["timestamp"] > last
    )


def test_null_comes_up_in_every_nullable_column():
    for model in (MarketData, Signal, FiscalData):
        strategy = rows(model, parents=PARENTS)
        for column in model.__table__.columns:
            if column.nullable:
                assert comes_up(strategy, lambda row, name=column.name: row.get(name) is None)


def test_an_empty_text_comes_up_in_a_key():
    assert comes_up(rows(FiscalData, parents=PARENTS), lambda row: row["fiscal_metric"] == "")


def test_any_model_or_table_will_do():
    class Base(DeclarativeBase):
        pass

    class Plain(Base):
        __tablename__ = "plain"
        code: Mapped[str] = mapped_column("code_column", primary_key=True)
        price: Mapped[float | None]

    assert find(rows(Plain), lambda row: row["price"] is not None) == {
        "code_column": "", "price": 0.0,
    }  # fmt: skip
    assert comes_up(rows(Plain.__table__), lambda row: row["price"] is None)
    with pytest.raises(TypeError, match="neither a table nor a mapped class"):
        rows(int)


def test_a_column_s_key_is_what_insert_takes():
    keyed = sa.Table("keyed", sa.MetaData(), sa.Column("real name", sa.Integer, key="key"))
    keyed.append_constraint(sa.CheckConstraint('"real name" > 3', name="more"))
    found = find(rows(keyed), lambda row: row["key"] is not None)
    assert found == {"key": 4}
    sa.insert(keyed).values(found).compile()
    always(rows(keyed, key=1), lambda row: row == {"key": 1})


def test_what_was_derived_goes_with_its_table():
    def derive():
        plain = sa.Table("plain", sa.MetaData(), sa.Column("x", sa.Integer))
        rows(plain)
        return weakref.ref(plain)

    reference = derive()
    gc.collect()
    assert reference() is None
