"""The views and continuous aggregates above a changed column, in the order in which they go."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from conformance.engines.base import Template
from conformance.errors import details_of
from conformance.gate.rehearsing.dependents import name_dependents
from conformance.gate.rules.hints import hint_for_dependents

MAKE = """
CREATE EXTENSION timescaledb;
CREATE TABLE flows (at timestamptz NOT NULL, litres integer, "Note" text);
SELECT create_hypertable('flows', 'at');
CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous)
    AS SELECT time_bucket('1 day', at) AS day, max(litres) AS most FROM flows
    GROUP BY 1 WITH NO DATA;
CREATE MATERIALIZED VIEW weekly WITH (timescaledb.continuous)
    AS SELECT time_bucket('7 days', day) AS week, max(most) AS most FROM daily
    GROUP BY 1 WITH NO DATA;
CREATE VIEW higher AS SELECT litres FROM flows;
CREATE MATERIALIZED VIEW among AS SELECT h.litres FROM higher h, weekly;
CREATE VIEW highest AS SELECT a.litres FROM higher, among a;
CREATE VIEW notes AS SELECT "Note" FROM flows;
"""
KINDS = {"higher": "VIEW", "highest": "VIEW"}


@pytest.fixture(scope="module")
def connection(conformance_engine):
    if conformance_engine.server.edition != "community":
        pytest.skip("needs the Community edition")
    with conformance_engine.database(Template("dependents", "dependents", prepare)) as url:
        server = create_engine(url, poolclass=NullPool)
        with server.connect() as connection:
            yield connection


def prepare(url):
    server = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("SET client_min_messages = error"))
        for statement in MAKE.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)


@pytest.mark.parametrize("change", ["DROP COLUMN litres", "ALTER COLUMN litres TYPE bigint"])
def test_they_can_be_dropped_in_the_order_that_is_named(connection, change):
    """The server names one view of a column that gets another type, and none of an aggregate."""
    change = f"ALTER TABLE flows {change}"
    with pytest.raises(DBAPIError) as raised:
        connection.execute(text(change))
    connection.rollback()
    lines = name_dependents(connection, details_of(raised.value))
    order = hint_for_dependents(lines).partition(";")[0].removeprefix("Drop ")
    names = order.replace(" first", "").split(", then ")
    assert sorted(names) == ["among", "daily", "higher", "highest", "weekly"]
    for name in names:
        connection.execute(text(f"DROP {KINDS.get(name, 'MATERIALIZED VIEW')} {name}"))
    connection.execute(text(change))
    connection.rollback()
