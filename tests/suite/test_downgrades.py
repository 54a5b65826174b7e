"""What the checks of a downgrade say, by what it leaves behind, and by the error it ends with."""

from __future__ import annotations

import json
from contextlib import nullcontext, suppress
from functools import partial
from types import SimpleNamespace

import pytest
from psycopg2 import errors
from sqlalchemy import MetaData, NullPool, create_engine
from sqlalchemy.exc import OperationalError

from conformance.comparing.codes import ERROR, WARNING
from conformance.observed import Scope
from conformance.suite import test_migrations, test_sessions
from conformance.suite.unmigrated import with_extension

SCOPE = Scope(("public",))
#: Versions whose DROP TABLE keeps relations, and does not.
KEEPS, DROPS = "2.28.3", "2.29.0"


@pytest.fixture(scope="module")
def database(conformance_engine):
    with conformance_engine.database(with_extension(conformance_engine)) as url:
        yield url


@pytest.fixture
def connection(database):
    """A connection to a database with the extension, and nothing else."""
    with create_engine(database, poolclass=NullPool).connect() as connection:
        yield connection
        connection.rollback()
        connection.exec_driver_sql("DROP TABLE IF EXISTS prices, compress_hyper_1")
        connection.commit()


class Migrations:
    """Those of a project whose upgrade makes nothing.

    Args:
        statements: of the downgrade, committed.
        error: with which it ends.
    """

    edition = "apache"

    def __init__(self, *statements, error=None):
        self._statements, self._error = statements, error

    def upgrade(self, connection):
        connection.commit()

    def downgrade(self, connection):
        for statement in self._statements:
            connection.exec_driver_sql(statement)
        connection.commit()
        if self._error:
            raise self._error


class Refusal(errors.DependentObjectsStillExist):
    """An error with a DETAIL, which only a server makes."""

    diag = SimpleNamespace(message_detail="column a of table compress_hyper_1 depends on type b")


def refused(error):
    return OperationalError("DROP", None, error)


@pytest.fixture
def traces(connection):
    """A function that checks the traces of a downgrade, on this version of TimescaleDB."""

    def check(migrations, *, version=DROPS):
        engine = SimpleNamespace(server=SimpleNamespace(timescaledb=version))
        given = connection, migrations, engine, MetaData(), SCOPE
        test_migrations.test_downgrade_leaves_no_trace(*given, lambda *_: None)

    return check


LEAVES = partial(Migrations, "CREATE TABLE prices ()")
LEAVES_RELATION = partial(Migrations, "CREATE TABLE compress_hyper_1 ()")


def test_a_downgrade_without_traces(traces):
    traces(Migrations())


@pytest.mark.parametrize(
    ("migrations", "version"),
    [(LEAVES, DROPS), (LEAVES, KEEPS), (LEAVES_RELATION, DROPS)],
)
def test_traces_are_found(traces, migrations, version):
    # A skipped check would skip this test.
    outcomes = pytest.fail.Exception, pytest.skip.Exception
    with pytest.raises(outcomes, match="downgrade to base leaves"):
        traces(migrations(), version=version)


@pytest.mark.parametrize(
    ("migrations", "version", "reason"),
    [
        (LEAVES_RELATION, KEEPS, "known gap timescaledb#10042"),
        (partial(Migrations, error=refused(Refusal("no"))), KEEPS, "known gap timescaledb#10042"),
        (partial(Migrations, error=NotImplementedError("one way")), DROPS,
         "the downgrade raises NotImplementedError: one way"),
    ],
    ids=["a relation", "an error", "no way back"],
)  # fmt: skip
def test_what_is_not_the_projects_is_not_checked(traces, migrations, version, reason):
    with pytest.raises(pytest.skip.Exception, match=reason):
        traces(migrations(), version=version)


@pytest.mark.parametrize(
    ("error", "version"), [(Refusal("no"), DROPS), (errors.DivisionByZero("zero"), KEEPS)]
)
def test_other_errors_are_the_projects(traces, error, version):
    with pytest.raises(OperationalError):
        traces(Migrations(error=refused(error)), version=version)


@pytest.fixture
def among_writers(connection):
    """A function that checks a downgrade while tables are written; returns the finding, or None."""

    def check(migrations):
        found = {}
        engine = SimpleNamespace(database=lambda _: nullcontext(connection.engine.url))
        given = engine, None, migrations, MetaData(), SCOPE
        with suppress(pytest.fail.Exception):
            test_sessions.test_a_migration_gives_up_on_writers(*given, found.__setitem__)
        return json.loads(found["finding"]) if found else None

    return check


class Timeout(errors.LockNotAvailable):
    """An error with a SQLSTATE, which only a server gives."""

    pgcode = test_sessions.LOCK_NOT_AVAILABLE


class Cancelled(errors.QueryCanceled):
    pgcode = test_sessions.QUERY_CANCELED


def test_a_downgrade_that_gives_up(among_writers):
    assert among_writers(Migrations(error=refused(Timeout("lock")))) is None


@pytest.mark.parametrize(
    ("migrations", "severity", "words"),
    [
        (partial(Migrations), WARNING, "succeeds without waiting for the writers"),
        (LEAVES, ERROR, "succeeds without waiting for the writers"),
        (partial(LEAVES, error=refused(Timeout("lock"))), ERROR, "leaves a part of its work"),
        (partial(Migrations, error=refused(Cancelled("slow"))), WARNING, "is still waiting after"),
        (partial(Migrations, error=refused(errors.DivisionByZero("zero"))), WARNING,
         "fails with zero"),
    ],
)  # fmt: skip
def test_a_downgrade_that_does_not(among_writers, migrations, severity, words):
    finding = among_writers(migrations())
    assert finding["severity"] == severity
    assert f"a downgrade while every table is being written {words}" in finding["message"]


def test_a_downgrade_that_nobody_has_written(among_writers):
    with pytest.raises(pytest.skip.Exception, match="raises NotImplementedError: one way"):
        among_writers(Migrations(error=NotImplementedError("one way")))
