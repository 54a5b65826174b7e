"""What the kept state before the new revisions depends on."""

from __future__ import annotations

import pytest

from conformance.gate.rehearsing.base import base_template
from conformance.gate.revisions.new import new_since_revision
from conformance.project.migrations import Migrations
from conformance.project.scripts import alembic_config

READS_FILES = """
from pathlib import Path

from alembic import op
from shared.names import TABLE

revision = "0001"
down_revision = None


def upgrade():
    op.execute(Path("sql/places.sql").read_text())
"""


@pytest.fixture
def key(project, monkeypatch):
    """The key of the state, of a project whose first revision reads a file and imports a module."""
    monkeypatch.chdir(project.folder)
    monkeypatch.syspath_prepend(project.folder / "src")
    for name, content in {
        "alembic/versions/0001_base.py": READS_FILES,
        "sql/places.sql": "CREATE TABLE places ()",
        "src/shared/names.py": "TABLE = 'places'",
        "src/models.py": "",
    }.items():
        path = project.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    project.revision("pass")

    def key():
        config = alembic_config(project.ini)
        return base_template(Migrations(config), new_since_revision(config, "0001")).key

    return key


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("alembic/versions/0001_base.py", True),
        ("alembic/env.py", True),
        ("alembic.ini", True),
        ("sql/places.sql", True),
        ("src/shared/names.py", True),
        # The models and the new revision are what a developer changes from run to run. The old
        # revisions import a module that has the name of the folder of scripts.
        ("src/models.py", False),
        ("alembic/versions/0002_change.py", False),
    ],
)
def test_files(key, project, name, counts):
    before = key()
    assert key() == before
    with (project.folder / name).open("a") as file:
        file.write("\n# changed\n")
    assert (key() != before) is counts


def test_variables(key, project, monkeypatch):
    """Those that a file names which counts."""
    (project.folder / "src/shared/names.py").write_text("import os\nTABLE = os.environ['KIND']")
    before = key()
    monkeypatch.setenv("KIND", "places")
    assert key() != before
