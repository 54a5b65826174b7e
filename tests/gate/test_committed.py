"""What was rolled back is told from what was committed, without looking at it."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, pool

from conformance.gate.rehearsing import committed
from conformance.gate.rehearsing.committed import committed_since, next_transaction


@pytest.fixture
def connection(conformance_engine):
    with (
        conformance_engine.database() as url,
        create_engine(url, poolclass=pool.NullPool).connect() as connection,
    ):
        yield connection


def write(connection, name):
    connection.exec_driver_sql(f"CREATE TABLE {name} (id integer)")


def test_nothing_was(connection):
    first = next_transaction(connection)
    connection.rollback()
    connection.exec_driver_sql("SELECT count(*) FROM pg_class")
    connection.rollback()
    assert not committed_since(connection, first)


def test_what_was_rolled_back_is_nothing(connection):
    first = next_transaction(connection)
    connection.rollback()
    for name in ("one", "two"):
        write(connection, name)
        connection.rollback()
    assert not committed_since(connection, first)


@pytest.mark.parametrize("last", [False, True], ids=["before another", "at the end"])
def test_one_of_several_was(connection, last):
    first = next_transaction(connection)
    connection.rollback()
    write(connection, "one")
    (connection.rollback if last else connection.commit)()
    write(connection, "two")
    (connection.commit if last else connection.rollback)()
    assert committed_since(connection, first)


def test_on_a_busy_server_it_is_looked(connection, monkeypatch):
    monkeypatch.setattr(committed, "_MOST", 0)
    first = next_transaction(connection)
    connection.rollback()
    write(connection, "one")
    connection.rollback()
    assert committed_since(connection, first)
