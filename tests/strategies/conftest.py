"""Connections whose work is undone, and writing a row to read it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import create_engine, delete, insert, pool, select, text
from sqlalchemy.exc import IntegrityError

from conformance.declarations import hypertable_of
from conformance.strategies import canonical_row, chunk_starts, rows

if TYPE_CHECKING:
    from sqlalchemy import Table

settings.register_profile(
    "strategies",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def _same_examples_always():
    """These settings for every test here; the profile of before returns afterwards."""
    before = settings.default
    settings.load_profile("strategies")
    yield
    settings.register_profile("before", before)
    settings.load_profile("before")


class Writer:
    """Writes to a table in savepoints that are rolled back."""

    def __init__(self, connection):
        self.connection = connection

    def given_and_read(self, table: Table, row):
        """The row as it was given, and the same columns as they are read, both canonical."""
        savepoint = self.connection.begin_nested()
        try:
            key = self.connection.execute(
                insert(table).values(row).returning(*table.primary_key.columns)
            ).one()
            found = select(*(table.c[name] for name in row))
            for column, value in zip(table.primary_key.columns, key, strict=True):
                found = found.where(column == value)
            read = dict(self.connection.execute(found).mappings().one())
        finally:
            savepoint.rollback()
        return canonical_row(row), canonical_row(read)

    def keeps_every_row(self, table: Table, examples: int) -> None:
        """Generated rows of the new table are read as they were given.

        Raises:
            AssertionError: one of this many is not; an error of the database where it refuses one.
        """
        table.create(self.connection)

        @settings(max_examples=examples)
        @given(row=rows(table))
        def insert_it(row):
            given_row, read = self.given_and_read(table, row)
            assert read == given_row

        insert_it()

    def make_chunks(self, table: Table, row):
        """Every chunk of the default span: making them anew for each example would be slow."""
        for start in chunk_starts(table):
            self.connection.execute(
                insert(table).values({**row, hypertable_of(table).time_column: start})
            )
        self.connection.execute(delete(table))

    def refuses(self, table: Table, row):
        """Whether the database refuses the row, by a constraint."""
        savepoint = self.connection.begin_nested()
        try:
            self.connection.execute(insert(table).values(row))
        except IntegrityError:
            return True
        finally:
            savepoint.rollback()
        return False


def _undone(url):
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        yield Writer(connection)
        connection.rollback()


@pytest.fixture
def writer(migrated_database):
    """To the migrated database, in a transaction that is rolled back."""
    yield from _undone(migrated_database)


@pytest.fixture(scope="module")
def _bare_database(conformance_engine):
    with conformance_engine.database() as url:
        with create_engine(url, poolclass=pool.NullPool).begin() as connection:
            connection.execute(text("SET LOCAL client_min_messages = error"))
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS timescaledb"))
        yield url


@pytest.fixture
def bare_writer(_bare_database):
    """To a database with nothing but the extension, in a transaction that is rolled back."""
    yield from _undone(_bare_database)
