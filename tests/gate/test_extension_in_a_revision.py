"""Revisions that pin TimescaleDB's version, and downgrades that drop the extension."""

from __future__ import annotations

import pytest

from conformance.engines import open_engine
from conformance.engines.local.installations import installed
from conformance.engines.started import Session
from conformance.process.progress import unwatched

from .projects import BASE, models, sql

pytestmark = pytest.mark.slow


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
