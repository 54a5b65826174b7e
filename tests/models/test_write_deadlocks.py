"""Deadlocks in the write path: a call that loses one is made again."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, insert, pool, text

from conformance.suite.sessions import Sessions, Step
from models import DataSource
from models.writes import Written, insert_new, upsert

pytestmark = pytest.mark.needs("concurrent_sessions")

ROWS = [{"name": "first"}, {"name": "second"}]


@pytest.fixture(scope="module")
def url(conformance_engine, schema_template):
    with conformance_engine.database(schema_template) as url:
        yield url


@pytest.fixture
def sessions(url):
    """Two sessions; PostgreSQL ends the first one where they wait for each other."""
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE data_sources CASCADE"))
        if connection.scalar(text("SHOW is_superuser")) != "on":
            pytest.skip("only superusers set deadlock_timeout")
    with Sessions(url, 2) as sessions:
        yield sessions


def own(name):
    """A statement that makes a row of its own, as the session that does not give way."""

    def run(connection):
        connection.execute(text("SET LOCAL deadlock_timeout = '60s'"))
        connection.execute(insert(DataSource).values(name=name))

    return Step(f"insert {name}", run)


COMMIT = Step("commit", lambda connection: connection.commit())


@pytest.mark.parametrize("given", [list, iter])
@pytest.mark.parametrize("write", [insert_new, upsert])
def test_the_call_is_made_again(sessions, write, given):
    counts, rows = [], given(ROWS)
    call = Step("call", lambda connection: counts.append(write(connection, DataSource, rows)))
    # The call makes the first row and waits for the second; the other session then waits for it.
    sessions.take_turns([[call, COMMIT], [own("second"), own("first"), COMMIT]], [1, 0, 1, 1, 0])
    assert counts == [Written(2, 0, 0, 2, retried=1)]


def test_what_the_caller_locked_before_stays(sessions):
    first, second = (
        Step("call", lambda connection, row=row: insert_new(connection, DataSource, [row]))
        for row in ROWS
    )
    with pytest.raises(AssertionError, match="deadlock detected"):
        # The first row is not the second call's to give up.
        sessions.take_turns(
            [[first, second], [own("second"), own("first"), COMMIT]], [0, 1, 0, 1, 1]
        )
