"""The SQL of `alembic upgrade --sql` runs as psql runs it."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import InternalError

from conformance.project.offline import run_as_psql

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
