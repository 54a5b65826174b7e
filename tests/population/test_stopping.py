"""Before rows are written, the policies stop; one that cannot run needs no stopping."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, create_engine, text

from conformance.population.stopping import stop_jobs

MAKE = """
CREATE EXTENSION timescaledb;
CREATE TABLE spans (id uuid PRIMARY KEY);
SELECT create_hypertable('spans', by_range('id', INTERVAL '1 day'));
SELECT add_retention_policy('spans', INTERVAL '30 days');
CREATE TABLE flows (at timestamptz NOT NULL);
SELECT create_hypertable('flows', 'at');
SELECT add_retention_policy('flows', INTERVAL '30 days');
"""


def test_no_policy_runs_any_more(conformance_engine):
    if conformance_engine.server.edition != "community":
        pytest.skip("needs the Community edition")
    with conformance_engine.database() as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            for statement in MAKE.strip().split("\n"):
                connection.exec_driver_sql(statement)
            stop_jobs(connection)
            still = connection.scalars(
                text("SELECT hypertable_name FROM timescaledb_information.jobs WHERE scheduled")
            ).all()
    # Where its age is not understood, it fails whenever it runs.
    assert {*still} <= {"spans"}
