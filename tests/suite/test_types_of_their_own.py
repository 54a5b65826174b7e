"""A project with type decorators, and with an unknown type.

Rows are values that a decorator takes; a type that is not known leaves the other columns theirs.
"""

from __future__ import annotations

import pytest

from .projects import check

MODELS = '''
from datetime import UTC, datetime

from sqlalchemy import DateTime, Double, Integer, MetaData, Text
from sqlalchemy.dialects.postgresql import TSQUERY, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from conformance.declarations import Compression, Hypertable


class Epoch(TypeDecorator):
    """timestamptz in the database, whole seconds in Python."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return None if value is None else datetime.fromtimestamp(value, tz=UTC)

    def process_result_value(self, value, dialect):
        return None if value is None else int(value.timestamp())


class Secret(TypeDecorator):
    """Takes what nobody can guess."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return None if value is None else value.token

    def process_result_value(self, value, dialect):
        return None if value is None else value.token


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s"})


class Flow(Base):
    __tablename__ = "flows"
    __table_args__ = (
        Hypertable("at", chunk_interval="7 days"),
        Compression(segment_by="probe", order_by="at DESC", after=None),
    )
    probe: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[int] = mapped_column(Epoch, primary_key=True)
    litres: Mapped[float | None] = mapped_column(Double)
    asked: Mapped[str | None] = mapped_column(TSQUERY)
    secret: Mapped[object] = mapped_column(Secret, nullable=SECRET_MAY_BE_NULL)


def insert_new(connection, model, rows):
    with connection.begin_nested():
        return Count(connection.execute(
            insert(model).values(list(rows)).on_conflict_do_nothing().returning(model.probe)
        ).all(), [])


def upsert(connection, model, rows):
    with connection.begin_nested():
        return upserted(connection, model, rows)


def upserted(connection, model, rows):
    last = {(row["probe"], row["at"]): row for row in rows}
    inserted, updated = [], []
    for row in last.values():
        statement = insert(model).values(row)
        given = statement.excluded
        old = model.__table__.c
        changed = (given.litres.is_distinct_from(old.litres)
                   | given.asked.is_distinct_from(old.asked))
        (inserted if connection.execute(
            statement.on_conflict_do_nothing().returning(model.probe)
        ).all() else updated).append(row)
        connection.execute(statement.on_conflict_do_update(
            index_elements=["probe", "at"], where=changed,
            set_={"litres": given.litres, "asked": given.asked},
        ))
    return Count(inserted, [])


class Count:
    def __init__(self, inserted, updated):
        self.inserted, self.updated = len(inserted), len(updated)
'''

REVISION = """
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.execute("SET LOCAL client_min_messages = error")
    op.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    op.execute(
        "CREATE TABLE flows (probe integer NOT NULL, at timestamptz NOT NULL,"
        " litres double precision, asked tsquery, secret text NULLABLE,"
        " CONSTRAINT pk_flows PRIMARY KEY (probe, at))"
    )
    op.execute("SELECT create_hypertable('flows', by_range('at', INTERVAL '7 days'))")
    op.execute(
        "ALTER TABLE flows SET (timescaledb.compress, timescaledb.compress_segmentby = 'probe',"
        " timescaledb.compress_orderby = 'at DESC')"
    )


def downgrade():
    op.drop_table("flows")
"""

ENV = """
from alembic import context

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
else:
    context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""

UNKNOWN = "cannot generate values of type"


def made_in(folder, *, nullable):
    (folder / "alembic/versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/alembic\n")
    (folder / "flows.py").write_text(MODELS.replace("SECRET_MAY_BE_NULL", str(nullable)))
    revision = REVISION.replace("NULLABLE", "" if nullable else "NOT NULL")
    (folder / "alembic/versions/0001.py").write_text(revision)
    (folder / "alembic/env.py").write_text(ENV)
    return folder


def checked(folder, *arguments):
    """What is not checked in a run that finds nothing, by id."""
    code, verdict, err = check(folder, "--models", "flows:Base", "--writes", "flows", *arguments)
    assert (code, verdict["findings"]) == (0, []), err
    return verdict, {item["id"]: item["reason"] for item in verdict["not_checked"]}


@pytest.mark.slow
def test_rows_and_histories_run_and_name_the_columns_that_are_null(tmp_path):
    """The time column is a decorator's, in the key, in the order of compression, in statements."""
    verdict, unseen = checked(made_in(tmp_path, nullable=True), "-k", "test_rows or test_histories")
    assert (
        unseen["rows:flows:asked"]
        == f"plain rows only: the column is NULL in every row: {UNKNOWN} TSQUERY"
    )
    assert (
        unseen["rows:flows:secret"]
        == f"plain rows only: the column is NULL in every row: {UNKNOWN} Secret"
    )
    assert verdict["counts"]["tests"] == 9
    assert not [key for key in unseen if key.startswith("check:")]


@pytest.mark.slow
def test_a_table_that_must_have_such_a_value_is_named_with_the_type(tmp_path):
    _, unseen = checked(made_in(tmp_path, nullable=False), "-k", "test_rows or test_histories")
    for name in ("insert_new_keeps_the_first", "every_table_accepts_its_rows", "history"):
        (reason,) = [why for key, why in unseen.items() if f"test_{name}" in key]
        assert f"{UNKNOWN} Secret" in reason
    assert unseen["rows:flows"] == f"no sample rows can be made: {UNKNOWN} Secret"
