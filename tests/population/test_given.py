"""Values that satisfy the checks which strategies do not understand: the database is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import (
    ARRAY,
    CHAR,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    Enum,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    create_engine,
    insert,
    pool,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError

from conformance.declarations import Hypertable
from conformance.population.given import answers, given
from conformance.strategies import canonical_row, checks_of, chunk_starts, refused_by, rows
from conformance.strategies.drawing import draw

PRICE, MOMENT = Numeric(12, 2), DateTime(timezone=True)


@pytest.fixture(scope="module")
def server(conformance_engine):
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=pool.NullPool).connect() as connection,
    ):
        yield connection


@pytest.fixture
def connection(server):
    """Nothing stays."""
    yield server
    server.rollback()


def table(*checks, **columns):
    return Table(
        "fills",
        MetaData(),
        Column("id", Integer, Identity(), primary_key=True),
        *(Column(name, kind, nullable=name == "note") for name, kind in columns.items()),
        *(CheckConstraint(sql, name=f"ck_{number}") for number, sql in enumerate(checks)),
    )


@pytest.mark.parametrize(
    ("checks", "columns"),
    [
        (["n % 2 = 0"], {"n": Integer}),
        (["bid + spread = ask"], {"bid": Integer, "spread": Integer, "ask": Integer}),
        (["price * size = total"], {"price": PRICE, "size": Double, "total": PRICE}),
        (["fills.size / lot > 1"], {"size": Integer, "lot": Integer}),
        (["abs(low - high) < 10", "low < high"], {"low": PRICE, "high": PRICE}),
        (["finish - start <= interval '1 hour'"], {"start": MOMENT, "finish": MOMENT}),
        (["settled = traded + 1"], {"traded": Date, "settled": Date}),
        (["position('@' in mail) > 1"], {"mail": String(20)}),
        (["left(\"Isin\", 2) IN ('US', 'DE')"], {"Isin": Text}),
        (["lower(code) = 'abc'"], {"code": CHAR(3)}),
        (["settings->>'kind' IN ('a', 'b')"], {"settings": JSONB}),
        (["legs[1] <= legs[2]"], {"legs": ARRAY(Integer)}),
        (["length(note) % 2 = 1"], {"note": Text}),
        (["length(side::text) + n = 5"], {"side": Enum("buy", "sell", name="side"), "n": Integer}),
    ],
    ids=lambda value: "; ".join(value) if isinstance(value, list) else "",
)
def test_rows_satisfy_the_check_and_others_are_refused(connection, checks, columns):
    checked = table(*checks, **columns)
    checked.create(connection)
    found = given(connection, checked)
    for row in draw(rows(checked, **found, complete=True), 20):
        key = connection.scalar(insert(checked).values(row).returning(checked.c.id))
        stored = select(*(checked.c[name] for name in row)).where(checked.c.id == key)
        read = dict(connection.execute(stored).mappings().one())
        assert canonical_row(read) == canonical_row(row)
    (answer,) = answers(connection, checked)
    for check in checks_of(checked):
        violating = answer.violating[check.name]
        assert violating
        for row in draw(refused_by(checked, check, violating=violating, **found), 5):
            with pytest.raises(DBAPIError, match=check.name), connection.begin_nested():
                connection.execute(insert(checked).values(row))


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("unheard_of(n)", {"n": Integer}),
        ("n * n = -1", {"n": Integer}),
        ("1 / (n - n) = 1", {"n": Integer}),
    ],
)
def test_of_some_checks_nothing_is_known(connection, sql, columns):
    assert answers(connection, table(sql, **columns)) == []
    # The transaction goes on.
    assert connection.scalar(select(1)) == 1


def test_a_connection_in_autocommit_is_asked_as_well(connection):
    checked = table("12 / n = 3", n=Integer)
    (answer,) = answers(connection, checked)
    connection.rollback()
    with connection.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as another:
        assert answers(another, checked) == [answer]


def test_nothing_is_asked_about_foreign_keys(connection):
    metadata = MetaData()
    Table("parents", metadata, Column("id", Integer, primary_key=True))
    parent = Column("parent", ForeignKey("parents.id"))
    child = Table("children", metadata, parent, CheckConstraint("parent % 2 = 0"))
    assert answers(connection, child) == []


def test_a_check_of_null_alone_is_not_exercised(connection):
    (answer,) = answers(connection, table("md5(note) = 'x'", note=Text))
    assert answer.satisfying == [(None,)]
    assert not answer.is_varied


def test_values_of_the_time_column_are_in_the_span(connection):
    checked = Table(
        "fills",
        MetaData(),
        Column("start", MOMENT, primary_key=True),
        CheckConstraint("extract(second FROM start) < 30"),
        Hypertable("start", chunk_interval=timedelta(days=7)),
    )
    found = given(connection, checked)
    for first in chunk_starts(checked):
        last = first + timedelta(days=7, microseconds=-1)
        drawn = draw(rows(checked, **found, span=(first, last)), 5)
        assert drawn
        assert all(first <= row["start"] <= last for row in drawn)
