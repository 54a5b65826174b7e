"""Revisions that make, change or drop a continuous aggregate, or what one is computed from."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Double

from conformance.declarations import ContinuousAggregate

from .projects import Case, models, sql

pytestmark = pytest.mark.slow

QUERY = (
    "SELECT place_id, time_bucket('1 day', at) AS day, max(value) AS highest"
    " FROM readings GROUP BY 1, 2"
)
CREATE = f"CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS {QUERY}"
MAKE = sql(f"{CREATE} WITH NO DATA")
LOWEST = QUERY.replace("max", "min")
ANEW = sql("DROP MATERIALIZED VIEW daily", f"{CREATE.replace('max', 'min')} WITH NO DATA")
BACK = sql("DROP MATERIALIZED VIEW daily", f"{CREATE} WITH NO DATA")
DROP = sql("DROP MATERIALIZED VIEW daily")


def aggregate(query=QUERY):
    return lambda metadata: ContinuousAggregate(query, name="daily").require(metadata)


def less_value(metadata):
    table = metadata.tables["readings"]
    table._columns.remove(table.c.value)


#: After a base that has no aggregate.
FIRST = (
    Case("made empty", MAKE, DROP, edit=aggregate()),
    Case("made with rows in a transaction", sql(CREATE), DROP, {"upgrade-failed"}),
    Case("undeclared", MAKE, DROP, {"drift"}),
    Case("left behind", MAKE, "pass", {"downgrade-missing"}, aggregate()),
)

#: After a base that has one, with rows.
LATER = (
    Case("dropped", DROP, MAKE, {"data-lost", "squawk:ban-drop-view"}),
    Case("made anew", ANEW, BACK, {"data-lost", "squawk:ban-drop-view"}, aggregate(LOWEST)),
    Case(
        "read with newer rows",
        sql("ALTER MATERIALIZED VIEW daily SET (timescaledb.materialized_only = false)"),
        sql("ALTER MATERIALIZED VIEW daily SET (timescaledb.materialized_only)"),
        edit=lambda metadata: ContinuousAggregate(
            QUERY, name="daily", materialized_only=False
        ).require(metadata),
    ),
    Case(
        "a column dropped that it is computed from",
        sql("ALTER TABLE readings DROP COLUMN value"),
        "pass",
        {"upgrade-failed"},
        less_value,
    ),
    Case(
        "a column more of its source",
        sql("ALTER TABLE readings ADD COLUMN note double precision"),
        sql("ALTER TABLE readings DROP COLUMN note"),
        edit=lambda metadata: [
            aggregate()(metadata),
            metadata.tables["readings"].append_column(Column("note", Double)),
        ],
    ),
)


@pytest.fixture(autouse=True)
def _community_edition(session):
    if session.engine.server.edition != "community":
        pytest.skip("needs the Community edition")


def found(report):
    messages = "\n".join(f"{item.id}: {item.message}" for item in report.findings)
    return {finding.code for finding in report.findings}, messages


@pytest.mark.parametrize("case", FIRST, ids=lambda case: case.name.replace(" ", "-"))
def test_a_first_aggregate(case, session, project):
    project.revision(case.upgrade, case.downgrade)
    codes, messages = found(project.rehearse(session, case.models()))
    assert codes == set(case.codes), messages


@pytest.mark.parametrize("case", LATER, ids=lambda case: case.name.replace(" ", "-"))
def test_an_aggregate_that_is_there(case, session, project):
    project.revision(MAKE, DROP)
    project.revision(case.upgrade, case.downgrade, revision="0003", parent="0002")
    codes, messages = found(project.rehearse(session, case.models(), since="0002"))
    assert codes == set(case.codes), messages


def test_with_rows_it_says_how_to_do_without(session, project):
    project.revision(sql(CREATE), DROP)
    (finding,) = project.rehearse(session, models()).findings
    assert "fails on rows" not in finding.message
    assert "WITH NO DATA" in finding.hint


def test_what_depends_on_a_column_is_named(session, project):
    """Not the views that TimescaleDB computes it by; rows play no part."""
    project.revision(MAKE, DROP)
    project.revision(sql("ALTER TABLE readings DROP COLUMN value"), revision="0003", parent="0002")
    (finding,) = project.rehearse(session, models(), since="0002").findings
    assert "continuous aggregate daily depends on column value" in finding.message
    assert "fails on rows" not in finding.message
    assert finding.hint.startswith("Drop daily first; recreate daily afterwards")


def test_a_constraint_of_each_chunk_is_that_of_the_hypertable(session, project):
    project.revision(sql("DROP TABLE places"))
    (finding,) = project.rehearse(session, models()).findings
    assert finding.message.count("readings_place_id_fkey") == 1
    assert "_hyper_" not in finding.message


def test_rows_of_a_dropped_aggregate_are_lost(session, project):
    project.revision(MAKE, DROP)
    project.revision(DROP, MAKE, revision="0003", parent="0002")
    found = project.rehearse(session, models(), since="0002").findings
    (finding,) = (item for item in found if item.code == "data-lost")
    assert finding.message.startswith("Continuous aggregate daily is dropped")
    assert "WITH NO DATA and refresh it" in finding.hint
