"""The suite on an upgraded database, in a process of its own."""

from __future__ import annotations

import pytest

from conformance.engines.connecting import connect
from conformance.engines.container.engine import ContainerEngine
from conformance.errors import ConformanceError
from conformance.project.configuration import Configuration
from conformance.upgrade.choices import Choices
from conformance.upgrade.suite import check_upgraded
from conformance.upgrade.ways import UpgradedDatabase

pytestmark = pytest.mark.slow

#: Models and migrations of others may print: it is no part of the answer.
NOISY = """
import os
from sqlalchemy import Column, Integer, MetaData, Table, Text
print("loading models")
os.system("echo loading more")
metadata = MetaData()
Table(
    "notes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("said", Text),
)
"""

ENV = """
from alembic import context
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""
REVISION = """
revision, down_revision = "0001", None
def upgrade(): print("migrating")
def downgrade(): pass
"""


@pytest.fixture
def ini(tmp_path):
    """Of migrations that change nothing."""
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001.py").write_text(REVISION)
    (versions.parent / "env.py").write_text(ENV)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    return str(tmp_path / "alembic.ini")


@pytest.fixture
def run(local_image, ini, tmp_path, monkeypatch):
    """What the suite says of a database that some SQL has made."""
    (tmp_path / "noisy.py").write_text(NOISY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def run(sql, models="noisy:metadata"):
        project = Configuration(models=(models,), alembic_ini=ini, reports=str(tmp_path))
        choices = Choices("a", "b", None, None, project)
        engine = ContainerEngine(local_image("pg18"))
        engine.start()
        try:
            with engine.database() as url:
                with connect(url) as connection:
                    connection.exec_driver_sql(f"CREATE EXTENSION timescaledb; {sql}")
                    connection.commit()
                return check_upgraded(UpgradedDatabase(url, engine, "", 0.0), choices)
        finally:
            engine.stop()

    return run


def test_what_holds_and_what_does_not(run):
    outcome = run("CREATE TABLE notes (id integer PRIMARY KEY, said varchar)")
    assert [finding.id for finding in outcome.findings] == ["column:notes.said:type"]
    assert outcome.passed > 10


def test_models_that_cannot_be_imported(run):
    with pytest.raises(ConformanceError, match="There is no module 'nowhere'"):
        run("SELECT 1", "nowhere:metadata")
