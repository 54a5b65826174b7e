"""Revisions that pin TimescaleDB's version, and downgrades that drop the extension."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, DateTime, MetaData, Table, Text

from conformance.declarations import Hypertable
from conformance.engines import open_engine
from conformance.engines.local.installations import installed
from conformance.engines.started import Session
from conformance.errors import ConformanceError
from conformance.process.progress import unwatched

from .projects import BASE, models, sql

pytestmark = pytest.mark.slow

WITHOUT = """
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE events (at timestamptz PRIMARY KEY, note text)")


def downgrade():
    op.execute("DROP TABLE events")
"""


def adopting(project, statement):
    """TimescaleDB comes with the second revision."""
    (project.folder / "alembic/versions/0001_base.py").write_text(WITHOUT)
    project.revision(
        sql(
            statement,
            "SELECT create_hypertable('events', 'at', chunk_time_interval => INTERVAL '1 day',"
            " migrate_data => true)",
        ),
        sql(
            "CREATE TABLE old AS SELECT * FROM events",
            "DROP TABLE events",
            "ALTER TABLE old RENAME TO events",
            "ALTER TABLE events ADD CONSTRAINT events_pkey PRIMARY KEY (at)",
        ),
    )
    metadata = MetaData()
    Table(
        "events",
        metadata,
        Column("at", DateTime(timezone=True), primary_key=True),
        Column("note", Text),
        Hypertable("at", chunk_interval="1 day"),
    )
    return metadata


def test_a_project_adopts_timescaledb(session, project):
    metadata = adopting(project, "CREATE EXTENSION IF NOT EXISTS timescaledb")
    report = project.rehearse(session, metadata)
    (finding,) = report.findings
    assert (finding.code, finding.subject) == ("rewrite", "events")
    assert finding.hint.startswith("Create an empty hypertable")
    assert any("generated rows in 1 table" in check for check in report.revisions[0].checks)


def test_timescaledb_that_must_not_be_there_yet(session, project):
    metadata = adopting(project, "CREATE EXTENSION timescaledb")
    with pytest.raises(ConformanceError) as caught:
        project.rehearse(session, metadata)
    assert caught.value.hint == (
        "Write CREATE EXTENSION IF NOT EXISTS timescaledb in the new revision."
    )


@pytest.mark.parametrize("again", [(), ("CREATE EXTENSION timescaledb",)])
def test_an_upgrade_that_drops_the_extension(session, project, again):
    other = "CREATE EXTENSION IF NOT EXISTS plpgsql"
    project.revision(sql(other, "DROP EXTENSION timescaledb CASCADE", *again), sql())
    (finding,) = project.rehearse(session, models()).findings
    assert finding.code == "upgrade-failed"
    if "already been loaded" in finding.message:
        pytest.skip("this version cannot be created twice in one session")
    assert finding.message.startswith(
        "The upgrade fails at DROP EXTENSION timescaledb CASCADE: it drops the extension"
    )
    assert finding.hint.startswith("Keep the extension")


def test_a_downgrade_that_drops_the_extension_is_one_finding(session, project):
    project.revision(
        sql("COMMENT ON TABLE places IS 'a'"), sql("DROP EXTENSION timescaledb CASCADE")
    )
    report = project.rehearse(session, models())
    assert [finding.code for finding in report.findings] == ["downgrade"]
    assert "drops the extension timescaledb" in report.findings[0].message


def test_a_pinned_version_is_reported_though_the_next_revision_fails(project):
    with_several = [one for one in installed() if len(one.offered) > 1]
    if not with_several:
        pytest.skip("no installed PostgreSQL offers two versions of TimescaleDB")
    installation = with_several[0]
    pinned = next(one for one in installation.offered if one != installation.timescaledb)
    base = project.folder / "alembic/versions/0001_base.py"
    base.write_text(BASE.replace("EXISTS timescaledb", f"EXISTS timescaledb VERSION '{pinned}'"))
    project.revision(sql("ALTER EXTENSION timescaledb UPDATE"))
    engine = open_engine(f"local:{installation.programs}", None, unwatched)
    engine.start()
    try:
        report = project.rehearse(Session(engine), models())
    finally:
        engine.stop()
    (finding,) = report.findings
    assert finding.code == "upgrade-failed"
    assert "first statement of a new session" in finding.hint
    assert report.engine.timescaledb == pinned
