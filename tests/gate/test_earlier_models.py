"""What the models promised before the new revisions, as git has it."""

from __future__ import annotations

import sys
import tarfile

import pytest

from conformance.checking.session import choice_for_workers
from conformance.gate.revisions.earlier_models import earlier_promises
from conformance.gate.revisions.git import Repository
from conformance.gate.run import Choices, gate
from conformance.project.configuration import Configuration

from .projects import sql
from .test_new_revisions import git, new

MODELS = """
from sqlalchemy import Column, Integer, MetaData, Table

metadata = MetaData()
Table("boxes", metadata, Column("id", Integer){more})
"""
#: Models of the base that lack a column which its revision makes.
OLD_DRIFT = """
from tests.gate.projects import models

metadata = models()
metadata.tables["places"]._columns.remove(metadata.tables["places"].c.size)
"""
ADD = sql("ALTER TABLE readings ADD COLUMN area integer")
DROP = sql("ALTER TABLE readings DROP COLUMN area")
WITH_AREA = """
from sqlalchemy import Column, Integer

metadata.tables["readings"].append_column(Column("area", Integer))
"""


@pytest.fixture
def here(project, monkeypatch):
    """The project is the working directory; nothing is committed."""
    monkeypatch.chdir(project.folder)
    monkeypatch.syspath_prepend(str(project.folder))
    monkeypatch.delitem(sys.modules, "earlier", raising=False)
    git(project.folder, "init", "--initial-branch", "main")
    return project


def write(project, text):
    (project.folder / "earlier.py").write_text(text)


def commit(project, message="more"):
    git(project.folder, "add", ".")
    git(project.folder, "commit", "-m", message)


def promises(project, commit="HEAD"):
    choices = Configuration(models=("earlier:metadata",), alembic_ini=str(project.ini))
    found = earlier_promises(choices, Repository(project.folder), commit, "public")
    return found and {key.id for key in found}


def test_they_are_those_of_the_commit(here):
    write(here, MODELS.format(more=""))
    commit(here)
    write(here, MODELS.format(more=', Column("size", Integer)'))
    found = promises(here)
    assert "column:boxes.id:type" in found
    assert "column:boxes.size:type" not in found
    assert "earlier" not in sys.modules


def test_a_python_without_filters_reads_them_too(here, monkeypatch):
    """As Python 3.11.2, which Debian 12 has: filters came with 3.11.4."""
    extract = tarfile.TarFile.extractall
    monkeypatch.setattr(
        tarfile.TarFile, "extractall", lambda files, path: extract(files, path, filter="data")
    )
    monkeypatch.delattr(tarfile, "data_filter")
    monkeypatch.delattr(tarfile.TarFile, "extraction_filter", raising=False)
    write(here, MODELS.format(more=""))
    commit(here)
    assert "column:boxes.id:type" in promises(here)


@pytest.mark.parametrize(
    "text",
    ["raise ValueError", "import sys; sys.exit(0)", "metadata = None", "import gone"],
    ids=["raises", "exits", "no metadata", "not importable"],
)
def test_they_may_not_be_had(here, text):
    write(here, text)
    commit(here)
    assert promises(here) is None


def test_a_commit_without_them(here):
    commit(here)
    write(here, MODELS.format(more=""))
    assert promises(here) is None


def test_modules_of_the_working_tree_are_not_taken_for_them(here):
    """As an editable installation offers them, whatever the folder."""
    outside = f"import sys; sys.path.insert(0, {str(here.folder)!r})\nfrom aside import metadata"
    write(here, outside)
    (here.folder / "aside.py").write_text(MODELS.format(more=""))
    commit(here)
    assert promises(here) is None


def test_the_commit_before_the_new_revisions(here):
    commit(here, "base")
    git(here.folder, "checkout", "-b", "work")
    here.revision(ADD, DROP)
    repository = Repository(here.folder)
    base = repository.commit("HEAD")
    assert new(here).commit == base
    commit(here, "change")
    file = here.folder / "alembic/versions/0002_change.py"
    assert new(here).commit == base
    assert repository.before([file]) == base
    git(here.folder, "checkout", "main")
    git(here.folder, "merge", "work")
    assert repository.before([file]) == base


@pytest.mark.slow
@pytest.mark.parametrize("forgotten", [False, True], ids=["old", "forgotten"])
def test_drift_of_the_base_is_inherited_and_what_was_forgotten_is_not(here, session, forgotten):
    write(here, OLD_DRIFT)
    commit(here, "base")
    here.revision(ADD, DROP)
    more = 'metadata.tables["readings"].c.value.nullable = False' if forgotten else ""
    write(here, f"{OLD_DRIFT}{WITH_AREA}{more}")
    project = Configuration(
        models=("earlier:metadata",),
        alembic_ini=str(here.ini),
        engine=choice_for_workers(session),
    )
    report = gate(Choices(project, base="main"))
    found = {(item.code, item.revision, item.subject) for item in report.findings}
    inherited = ("inherited-drift", "0001", "column:places.size:exists")
    drift = ("drift", "0002", "column:readings.value:nullable")
    assert found == {inherited, drift} if forgotten else {inherited}
    assert report.exit_code == forgotten
