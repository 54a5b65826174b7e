"""The SQL of `alembic upgrade --sql` runs as psql runs it."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import InternalError

from conformance.project.offline import run_as_psql
from conformance.suite.test_migrations import offline_failure

from .projects import EXTENSION, migrations_in, migrations_of

#: VACUUM cannot run in a transaction, and not in one query with other statements.
SCRIPT = (
    "BEGIN;\n\n",
    "CREATE TABLE offline (id int);\n\n",
    "COMMIT;\n\n",
    "-- Running upgrade 1 -> 2\n\n",
    "VACUUM offline;\n\n",
    "BEGIN;\n\n",
    "INSERT INTO offline VALUES (1);\n\n",
    "COMMIT;\n\n",
)


def test_a_statement_outside_a_transaction(conformance_engine):
    said = []
    with conformance_engine.database() as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            run_as_psql(connection, SCRIPT, said.append)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM offline")) == 1
            with pytest.raises(InternalError, match="VACUUM cannot run inside a transaction"):
                connection.exec_driver_sql("".join(SCRIPT[4:]))
    assert said == list(SCRIPT)


UPDATES = """
import sqlalchemy as sa
places = sa.table("places", sa.column("active"))
op.execute(places.update().values(active=False))
"""


@pytest.mark.parametrize(
    ("upgrade", "told", "hint"),
    [
        ("op.get_bind().scalar(1)", "10): AttributeError: ", "the database, and no statement has"),
        (UPDATES, "13): CompileError: ", "give the columns of the statement their types"),
    ],
    ids=["a query", "no type"],
)
def test_the_revision_that_cannot_be_printed_is_named(
    conformance_engine, tmp_path, upgrade, told, hint
):
    migrations = migrations_of(conformance_engine, migrations_in(tmp_path, EXTENSION, upgrade))
    with pytest.raises(Exception, match=r".") as caught:
        migrations.offline_statements()
    finding = offline_failure(caught.value, migrations.place_of(caught.value))
    assert finding.message.startswith(
        "migration: the SQL of 'alembic upgrade --sql' fails at revision 0002"
        f" ({tmp_path}/steps/versions/0002_step.py, line {told}"
    )
    assert hint in finding.hint
    assert "percent" not in finding.hint
