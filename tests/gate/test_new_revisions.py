"""Which revisions are new, told from git or from a revision; and what is wrong with old ones."""

from __future__ import annotations

import subprocess

import pytest

from conformance.errors import BaseUnavailable, MigrationFailed
from conformance.gate.revisions.new import new_since_commit, new_since_revision
from conformance.project.scripts import alembic_config

from .projects import sql

ADD = sql("ALTER TABLE places ADD COLUMN area integer")


def git(folder, *arguments):
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def committed(project):
    """The base is committed on main."""
    git(project.folder, "init", "--initial-branch", "main")
    git(project.folder, "add", ".")
    git(project.folder, "commit", "-m", "base")
    return project


def new(project, reference=None):
    return new_since_commit(alembic_config(project.ini), reference)


def names(found):
    return [revision.identifier for revision in found.revisions]


def test_nothing_is_new(committed):
    found = new(committed)
    assert names(found) == []
    assert found.findings == ()
    assert found.base.startswith("the last commit shared with main (")


def test_a_file_that_is_not_committed_is_new(committed):
    committed.revision(ADD)
    found = new(committed)
    assert names(found) == ["0002"]
    assert found.base_heads == ("0001",)
    assert found.revisions[0].parents == ("0001",)
    assert found.revisions[0].title == "A change."


def test_a_branch_against_main(committed):
    git(committed.folder, "checkout", "-b", "work")
    committed.revision(ADD)
    git(committed.folder, "add", ".")
    git(committed.folder, "commit", "-m", "change")
    assert names(new(committed)) == ["0002"]
    assert names(new(committed, "main")) == ["0002"]
    assert names(new(committed, "HEAD")) == []


def test_what_main_got_since_is_not_ours(committed):
    git(committed.folder, "checkout", "-b", "work")
    committed.revision(ADD)
    git(committed.folder, "add", ".")
    git(committed.folder, "commit", "-m", "ours")
    git(committed.folder, "checkout", "main")
    committed.revision(ADD, revision="0003")
    git(committed.folder, "add", ".")
    git(committed.folder, "commit", "-m", "theirs")
    git(committed.folder, "checkout", "work")
    assert names(new(committed)) == ["0002"]
    found = new(committed, "main")
    assert (names(found), found.findings) == (["0002"], ())


def test_new_ones_in_the_order_in_which_they_run(committed):
    committed.revision(ADD, revision="b", parent="a")
    committed.revision(ADD, revision="a")
    assert names(new(committed)) == ["a", "b"]


def test_an_edited_old_revision_is_a_finding(committed):
    path = committed.folder / "alembic/versions/0001_base.py"
    path.write_text(path.read_text().replace("7 days", "14 days"))
    (finding,) = new(committed).findings
    assert (finding.code, finding.revision, finding.fails) == ("revision-edited", "0001", True)


def test_other_comments_are_no_edit(committed):
    path = committed.folder / "alembic/versions/0001_base.py"
    path.write_text(f'"""Now with a docstring."""\n# and a comment\n{path.read_text()}')
    assert new(committed).findings == ()


def test_a_file_under_another_name_is_no_edit(committed):
    path = committed.folder / "alembic/versions/0001_base.py"
    path.rename(path.with_name("0001_first.py"))
    found = new(committed)
    assert (names(found), found.findings) == ([], ())


def test_an_old_revision_that_is_gone_is_a_finding(committed):
    (committed.folder / "alembic/versions/0001_base.py").unlink()
    committed.revision(ADD, parent=None)
    found = new(committed)
    assert [finding.message.partition(";")[0] for finding in found.findings] == [
        "Revision 0001 is in the base but was deleted"
    ]


def test_several_folders_of_versions(committed):
    ini = committed.folder / "example/alembic.ini"
    (ini.parent / "versions").mkdir(parents=True)
    ini.write_text(
        # The second name of the separator is that of Alembic before 1.16.
        "[alembic]\nscript_location = %(here)s/../alembic\n"
        "path_separator = :\nversion_path_separator = :\n"
        "version_locations = %(here)s/../alembic/versions:%(here)s/versions\n"
    )
    committed.revision(ADD).rename(ini.parent / "versions/0002_change.py")
    found = new_since_commit(alembic_config(ini), None)
    assert (names(found), found.base_heads) == (["0002"], ("0001",))


@pytest.mark.parametrize("reference", ["nope", "--help", "HEAD:alembic.ini"])
def test_an_unknown_reference(committed, reference):
    with pytest.raises(BaseUnavailable, match="git does not know") as caught:
        new(committed, reference)
    assert "--base" in caught.value.hint


def test_no_repository(project, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.folder.parent))
    with pytest.raises(BaseUnavailable, match="not in a readable git repository") as caught:
        new(project)
    assert "--from-revision" in caught.value.hint


def test_no_git(project, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BaseUnavailable):
        new(project)


def test_no_main_branch(project):
    git(project.folder, "init", "--initial-branch", "trunk")
    with pytest.raises(BaseUnavailable, match="neither origin/main nor main"):
        new(project)


def test_since_a_revision(project):
    project.revision(ADD)
    config = alembic_config(project.ini)
    assert names(new_since_revision(config, "0001")) == ["0002"]
    assert names(new_since_revision(config, "0002")) == []
    assert names(new_since_revision(config, "base")) == ["0001", "0002"]
    assert new_since_revision(config, "base").base_heads == ()


def test_an_unknown_revision(project):
    with pytest.raises(BaseUnavailable, match="There is no revision '0009'") as caught:
        new_since_revision(alembic_config(project.ini), "0009")
    assert caught.value.hint == (
        "Use the id of a revision (0001), -1 to rehearse the last one, or base."
    )


def test_an_unknown_revision_of_a_long_history(project):
    for number in range(2, 9):
        project.revision(ADD, revision=f"{number:04}", parent=f"{number - 1:04}")
    with pytest.raises(BaseUnavailable) as caught:
        new_since_revision(alembic_config(project.ini), "0009")
    assert "(the newest are 0008, 0007, 0006, 0005, 0004), " in caught.value.hint


def test_the_last_few_are_new(project):
    project.revision(ADD)
    config = alembic_config(project.ini)
    found = new_since_revision(config, "-1")
    assert names(found) == ["0002"]
    assert found.base_heads == ("0001",)
    assert found.base == "all revisions but the last 1"
    assert names(new_since_revision(config, "-2")) == ["0001", "0002"]
    assert names(new_since_revision(config, "-30")) == ["0001", "0002"]
    with pytest.raises(BaseUnavailable, match="There is no revision '-0'"):
        new_since_revision(config, "-0")


def test_the_last_few_of_joined_branches(project):
    project.revision(ADD)
    project.revision(sql("SELECT 1"), revision="0003", parent="0001")
    project.revision(sql("SELECT 1"), revision="0004", parent=("0002", "0003"))
    config = alembic_config(project.ini)
    found = new_since_revision(config, "-1")
    assert names(found) == ["0004"]
    assert set(found.base_heads) == {"0002", "0003"}
    assert len(names(new_since_revision(config, "-2"))) == 2


def test_two_heads(project):
    project.revision(ADD)
    project.revision(ADD, revision="0003")
    with pytest.raises(MigrationFailed, match="2 heads"):
        new_since_revision(alembic_config(project.ini), "0001")


@pytest.mark.parametrize(
    "source",
    [
        "def",
        "import nothing_like_it",
        "revision = 1 / 0",
        "raise SystemExit(0)",
        "revision, down_revision = '0001', None",
        "revision, down_revision = '0002', '0000'",
    ],
)
def test_a_broken_file(project, source):
    (project.folder / "alembic/versions/0002_broken.py").write_text(source)
    told = (
        r"The revisions of .*alembic.ini cannot be read|is the id of no revision: .*0002_broken.py"
    )
    with pytest.raises(MigrationFailed, match=told):
        new_since_revision(alembic_config(project.ini), "0001")


@pytest.mark.parametrize(
    "head", ["accepted = ['rewrite']", "accepted = {'rewrite': None}", "irreversible = True"]
)
def test_names_of_another_shape(project, head):
    project.revision(ADD, head=head)
    with pytest.raises(MigrationFailed, match="0002_change"):
        new_since_revision(alembic_config(project.ini), "0001")
