"""No statement compares each hypertable or chunk with each: time grows with their number only.

The planner decides by the sizes of catalogs: of a hundred hypertables it may choose well what it
chooses badly of 300. The plan tells what the time of a busy machine does not.
"""

from __future__ import annotations

from importlib.resources import files

import pytest
from sqlalchemy import NullPool, create_engine, text

from benchmarks.schema import create, generated_metadata
from conformance.observed.catalog import _JOINED, disable_jit_and_workers, statement
from conformance.observed.successors import for_this_server

pytestmark = pytest.mark.slow

HYPERTABLES = 300
#: A scan of fewer rows is as fast as an index.
FEW_ROWS = 50
#: The parts of a statement, such as those of a UNION, may each read a catalog.
FEW_READINGS = 10

STATEMENTS = sorted(
    file.name.removesuffix(".sql")
    for file in (files("conformance.observed") / "sql").iterdir()
    # What others join is a part of their statements.
    if file.name.removesuffix(".sql") not in (*_JOINED, "compression_settings")
)
PARAMETERS = {
    "schemas": ["public"], "default_schema": "public", "version_table": "alembic_version",
}  # fmt: skip


@pytest.fixture(scope="module")
def plan_of(conformance_engine):
    """`plan_of(sql)`: the plan of a statement, with how often each node ran."""
    if not conformance_engine.capabilities.community_edition:
        pytest.skip("the schema has compression, which only the Community edition has")
    with conformance_engine.database() as url:
        sessions = create_engine(url, poolclass=NullPool)
        with sessions.connect() as connection:
            committing = connection.execution_options(isolation_level="AUTOCOMMIT")
            create(committing, generated_metadata(HYPERTABLES))
            if conformance_engine.capabilities.concurrent_sessions:
                # Autovacuum may have counted the catalogs when half of the hypertables were there,
                # which leads the planner astray. The embedded engine never counts them.
                committing.exec_driver_sql("ANALYZE")
        with sessions.connect() as connection:
            disable_jit_and_workers(connection)

            def run(sql):
                sql = for_this_server(connection, sql)
                used = {key: value for key, value in PARAMETERS.items() if f":{key}" in sql}
                explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}"
                return connection.execute(text(explain), used).scalar_one()[0]["Plan"]

            yield run


def repeated(plan):
    """What the plan reads from end to end more often than a few times: catalogs, parts of it."""
    name = {"Seq Scan": "Relation Name", "CTE Scan": "CTE Name"}.get(plan["Node Type"])
    if name is not None and plan["Actual Loops"] > FEW_READINGS:
        rows = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        if rows > FEW_ROWS:
            yield plan[name]
    for part in plan.get("Plans", ()):
        yield from repeated(part)


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_reads_nothing_again_for_each_hypertable(name, plan_of):
    assert [*repeated(plan_of(statement(name)))] == []


def test_a_reading_for_each_hypertable_would_be_seen(plan_of):
    each = """
        SELECT h.id, found.number
          FROM _timescaledb_catalog.hypertable h
         CROSS JOIN LATERAL (SELECT pg_catalog.count(*) AS number FROM pg_catalog.pg_class c
                              WHERE c.relname::text LIKE h.table_name::text || '%') AS found
    """
    assert [*repeated(plan_of(each))] == ["pg_class"]
