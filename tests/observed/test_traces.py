"""What a downgrade must not leave: objects of the project, and none of an extension."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, pool, text

from conformance.observed.traces import traces

MADE = (
    "CREATE FUNCTION added() RETURNS integer LANGUAGE sql RETURN 1",
    "CREATE TABLE kept_apart (id integer PRIMARY KEY)",
    "CREATE TYPE mood AS ENUM ('calm')",
)
#: Membership alone counts, whichever extension it is: this one is in every database.
BELONG = (
    "ALTER EXTENSION plpgsql ADD FUNCTION added()",
    "ALTER EXTENSION plpgsql ADD TABLE kept_apart",
    "ALTER EXTENSION plpgsql ADD TYPE mood",
)


@pytest.fixture
def connection(migrated_database):
    with create_engine(migrated_database, poolclass=pool.NullPool).connect() as connection:
        yield connection
        connection.rollback()


def test_an_object_of_the_project_is_a_trace_and_one_of_an_extension_is_not(connection):
    before = traces(connection)
    for statement in MADE:
        connection.execute(text(statement))
    left = traces(connection) - before
    assert {"function added()", "relation kept_apart", "type mood"} <= left.keys()
    for statement in BELONG:
        connection.execute(text(statement))
    # The index and the row type of the table, and the array types, belong to it as well.
    assert traces(connection) == before


def test_a_version_table_of_another_name_is_no_trace(connection):
    """env.py chooses its name and its schema; both outlive a downgrade."""
    before = traces(connection)
    connection.exec_driver_sql(
        "CREATE SCHEMA core; CREATE TABLE core.revisions (version_num varchar(32) NOT NULL,"
        " CONSTRAINT revisions_pkc PRIMARY KEY (version_num))"
    )
    assert not traces(connection) - before
    connection.exec_driver_sql("DROP SCHEMA core CASCADE")
