"""A question that several parts of a reading have goes to the server once, and no longer."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy import MetaData, NullPool, create_engine, event

from conformance.observed.asked_once import asking_once, once
from conformance.pipeline import check_database


@pytest.fixture
def connection():
    return SimpleNamespace(info={})


def test_within_a_reading_a_question_is_asked_once(connection):
    answers = iter(["first", "second"])
    with asking_once(connection):
        assert [once(connection, "q", lambda: next(answers)) for _ in range(2)] == ["first"] * 2
        assert once(connection, "another", lambda: next(answers)) == "second"


def test_the_next_reading_asks_again(connection):
    answers = iter(["first", "second", "third"])
    for expected in ("first", "second"):
        with asking_once(connection):
            assert once(connection, "q", lambda: next(answers)) == expected
    assert once(connection, "q", lambda: next(answers)) == "third"
    assert connection.info == {}


def test_an_error_leaves_no_answers(connection):
    with pytest.raises(ZeroDivisionError), asking_once(connection):
        once(connection, "q", lambda: 1 / 0)
    assert connection.info == {}


def test_no_statement_is_sent_twice_and_a_later_comparison_sees_a_change(
    conformance_engine, schema_template
):
    sent = []
    with conformance_engine.database(schema_template) as url:
        sessions = create_engine(url, poolclass=NullPool)
        with sessions.connect() as connection:
            event.listen(connection, "before_cursor_execute", lambda *said: sent.append(said[2:4]))

            def jobs():
                compared = check_database(
                    connection, MetaData(), conformance_engine.capabilities, living=True
                )
                return {key for key in compared.findings if key.kind == "job"}

            assert jobs() == set()
            asked = [str(said) for said in sent if "set_config" not in said[0]]
            assert len(asked) == len(set(asked))
            connection.exec_driver_sql(
                "CREATE PROCEDURE tidy(job_id int, config jsonb) LANGUAGE sql AS 'SELECT 1';"
                "SELECT add_job('tidy', '1 hour')"
            )
            assert jobs() != set()
