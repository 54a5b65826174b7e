"""What `create_all` makes of any models conforms to them, and after an alteration it does not."""

from __future__ import annotations

from contextlib import contextmanager

from hypothesis import assume, given, note, seed
from hypothesis import strategies as st
from sqlalchemy import create_mock_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from conformance.checking.profiles import generation_of

from .random_alterations import STATEMENTS
from .random_models import models

#: Alterations of what nothing else rests on: each is one finding.
ONCE = {
    "NULL", "column added", "default dropped", "default set", "comment dropped",
    "comment of a table", "persistence", "row security", "check added", "rule", "deferrable",
    "not valid", "increment", "identity",
}  # fmt: skip
EXAMPLES = {"quick": 12, "thorough": 100, "nightly": 2000}


def each(request, strategy, property_, by_profile=EXAMPLES):
    """Check the property of some examples, which are fewer in the quick profile."""
    generation = generation_of(request.config)
    examples = generation.examples(by_profile)
    checked = generation.settings_for("", database=None, max_examples=examples)
    checked(seed(generation.seed)(given(strategy)(property_)))()


@contextmanager
def tables_of(database, metadata):
    """Make the tables within a savepoint; the failing example is told by its statements."""
    database.connection.info.clear()
    with database.connection.begin_nested() as savepoint:
        try:
            metadata.create_all(database.connection)
        except (DBAPIError, SQLAlchemyError):
            # Two tables may need an index or a type of one name.
            assume(False)
        for statement in statements_of(metadata):
            note(statement)
        yield
        savepoint.rollback()


def statements_of(metadata):
    statements = []

    def keep(sql, *_, **__):
        statements.append(str(sql.compile(dialect=mock.dialect)).strip())

    mock = create_mock_engine("postgresql+psycopg2://", keep)
    metadata.create_all(mock, checkfirst=False)
    return statements


def test_what_create_all_makes_conforms(request, bare_database):
    def conforms(metadata):
        with tables_of(bare_database, metadata):
            found = bare_database.compare(metadata).findings.values()
            assert [finding.message for finding in found] == []

    each(request, models(), conforms)


def test_an_alteration_is_named(request, bare_database):
    def named(data):
        metadata = data.draw(models())
        with tables_of(bare_database, metadata):
            found = bare_database.connection.exec_driver_sql(STATEMENTS.replace("%", "%%")).all()
            kind, sql = data.draw(st.sampled_from([tuple(row) for row in found]))
            messages = messages_after(bare_database, metadata, sql)
            assume(messages is not None)
            assert messages
            assert len(messages) == 1 or kind not in ONCE

    each(request, st.data(), named)


def messages_after(database, metadata, sql):
    """What is found after the statement, which is undone; None if the server refuses it."""
    database.connection.info.clear()
    with database.connection.begin_nested() as savepoint:
        try:
            database.execute(sql)
        except DBAPIError:
            messages = None
        else:
            messages = [item.message for item in database.compare(metadata).findings.values()]
        savepoint.rollback()
    return messages
