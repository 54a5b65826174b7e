"""The files of a project's migrations: where they are, and which of them a snapshot depends on."""

from __future__ import annotations

import io
import sys

import pytest
from alembic.script import ScriptDirectory

from conformance.errors import MigrationFailed, ModelsUnavailable
from conformance.project.alembic_files import configures_alembic
from conformance.project.configuration import Configuration
from conformance.project.scripts import (
    alembic_config,
    config_for,
    copied_config,
    fingerprint,
    heads_of,
    insist_on_the_extension,
    may_set_extension_schema,
    may_set_extension_version,
    single_head,
)

from .projects import EXTENSION, migrations_in, write


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory, with one revision."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return migrations_in(tmp_path, EXTENSION)


def test_flask_migrates_ini_file_lies_beside_the_scripts(folder):
    (folder / "alembic.ini").unlink()
    (folder / "steps/alembic.ini").write_text("[alembic]\n")
    config = alembic_config("steps/alembic.ini")
    assert ScriptDirectory.from_config(config).get_heads() == ["0001"]
    assert single_head(copied_config(config, io.StringIO())) == "0001"


def test_a_down_revision_that_no_revision_has(folder):
    """Often it is the name of a file. Alembic names the first one only, and no file."""
    migrations_in(folder, EXTENSION, "pass", "pass", "pass")
    for number, wrong in (("0003", "0002_step"), ("0004", "gone")):
        file = folder / f"steps/versions/{number}_step.py"
        earlier = f"{int(number) - 1:04}"
        file.write_text(
            file.read_text().replace(f"down_revision = '{earlier}'", f"down_revision = {wrong!r}")
        )
    with pytest.raises(MigrationFailed) as caught:
        heads_of(alembic_config("alembic.ini"))
    assert caught.value.problem == (
        "A down_revision is the id of no revision: steps/versions/0003_step.py names '0002_step';"
        " steps/versions/0004_step.py names 'gone'."
    )
    assert caught.value.hint == (
        "Write the id that the earlier file has in 'revision = '. '0002_step' is the name of a"
        " file, whose revision is '0002'."
    )


@pytest.mark.parametrize(
    ("labels", "heads"),
    [
        (["", ""], None),
        (["doors", ""], None),
        (["doors", "windows"], ("0001", "0002")),
    ],
    ids=["without a label", "one has a label", "a branch each"],
)
def test_several_heads_are_branches_with_labels(folder, labels, heads):
    second = (folder / "steps/versions/0001_step.py").read_text().replace('"0001"', '"0002"')
    (folder / "steps/versions/0002_step.py").write_text(second)
    for number, label in enumerate(labels, 1):
        path = folder / f"steps/versions/000{number}_step.py"
        path.write_text(f"{path.read_text()}\nbranch_labels = {label!r} or None\n")
    config = alembic_config("alembic.ini")
    if heads is not None:
        assert heads_of(config) == heads
    else:
        with pytest.raises(MigrationFailed, match="they must have one, or each head a branch"):
            heads_of(config)
    with pytest.raises(MigrationFailed, match=r"2 heads \(0001, 0002\)"):
        single_head(config)


def test_heads_of_one_branch_are_a_forgotten_merge(folder):
    first = folder / "steps/versions/0001_step.py"
    source = first.read_text()
    first.write_text(f"{source}\nbranch_labels = 'doors'\n")
    for number in ("0002", "0003"):
        later = source.replace('revision = "0001"', f'revision = "{number}"')
        later = later.replace("down_revision = None", 'down_revision = "0001"')
        (folder / f"steps/versions/{number}_step.py").write_text(later)
    with pytest.raises(MigrationFailed, match=r"2 heads \(0002, 0003\); they must have one"):
        heads_of(alembic_config("alembic.ini"))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("base", "is a word with which Alembic names other revisions"),
        ("heads", "is a word with which Alembic names other revisions"),
        ("it's", "has a quotation mark, which Alembic writes into SQL without escaping it"),
    ],
)
@pytest.mark.parametrize("last", [True, False], ids=["the last one", "an earlier one"])
def test_an_id_that_alembic_cannot_find_again(folder, name, why, last):
    file = folder / "steps/versions/0001_step.py"
    earlier, later = ("0001", name) if last else (name, "0002")
    source = file.read_text()
    file.write_text(source.replace('"0001"', f'"{earlier}"'))
    source = source.replace('"0001"', f'"{later}"').replace("= None", f'= "{earlier}"')
    (folder / "steps/versions/later.py").write_text(source)
    with pytest.raises(MigrationFailed) as caught:
        heads_of(alembic_config("alembic.ini"))
    place = "steps/versions/" + ("later.py" if last else "0001_step.py")
    assert caught.value.problem == f"The id {name!r} of the revision in {place} {why}."
    assert "Give the revision another id" in caught.value.hint


def test_an_id_with_other_characters_is_one(folder):
    file = folder / "steps/versions/0001_step.py"
    file.write_text(file.read_text().replace('"0001"', "'a b.%\"ü'"))
    assert heads_of(alembic_config("alembic.ini")) == ('a b.%"ü',)


@pytest.mark.parametrize("ini", ["", "[alembic]\nsqlalchemy.url = driver://u:p@h/d\n"])
def test_alembic_may_be_configured_in_pyproject(folder, ini):
    """As `alembic init -t pyproject` does it, with an ini file beside it or without."""
    write(folder, {"pyproject.toml": '[tool.alembic]\nscript_location = "%(here)s/steps"\n'})
    (folder / "alembic.ini").unlink()
    if ini:
        (folder / "alembic.ini").write_text(ini)
    pytest.importorskip("alembic", minversion="1.16")
    for name in ("alembic.ini", "pyproject.toml"):
        config = alembic_config(name)
        assert single_head(config) == "0001"
        assert single_head(copied_config(config, io.StringIO())) == "0001"
        assert len(fingerprint(config)) == 64


def test_a_project_that_says_that_it_has_no_migrations():
    with pytest.raises(ModelsUnavailable) as caught:
        alembic_config("none")
    assert caught.value.problem == 'The project has no migrations: alembic_ini is "none".'
    assert caught.value.hint.startswith("Without Alembic, conformance check takes the schema from")
    assert not configures_alembic("none")


def test_there_is_no_ini_file(folder):
    (folder / "alembic.ini").rename(folder / "steps/alembic.ini")
    write(folder, {"pyproject.toml": "[tool.other]\n"})
    assert not configures_alembic("alembic.ini")
    with pytest.raises(ModelsUnavailable) as caught:
        alembic_config("alembic.ini")
    assert "There is no alembic.ini in" in caught.value.problem
    assert caught.value.hint == "Pass --alembic-ini steps/alembic.ini."
    (folder / "steps/alembic.ini").unlink()
    with pytest.raises(ModelsUnavailable) as caught:
        alembic_config("alembic.ini")
    assert "or from a fixture schema_template in a module" in caught.value.hint


def test_what_a_kept_state_depends_on(folder, monkeypatch):
    """Python and SQL that a migration may read, and variables that they name."""
    elsewhere = folder.parent / f"{folder.name}_elsewhere"
    (folder / "alembic.ini").write_text(
        # The second name of the separator is that of Alembic before 1.16.
        "[alembic]\nscript_location = %(here)s/steps\n"
        "path_separator = :\nversion_path_separator = :\n"
        f"version_locations = %(here)s/steps/versions:{elsewhere}\n"
    )
    write(elsewhere, {"0002.py": "revision = '0002'\ndown_revision = '0001'\n"})
    seen = {fingerprint(alembic_config())}

    def changes():
        seen.add(fingerprint(alembic_config()))
        return len(seen)

    assert changes() == 1
    write(
        folder,
        {
            "build/x.py": "",
            "mutants/x.py": "",
            "venv/pyvenv.cfg": "",
            "venv/x.py": "",
            "notes.txt": "",
        },
    )
    assert changes() == 1
    write(elsewhere, {"0002.py": "revision = '0002'\ndown_revision = '0001'\n# changed\n"})
    assert changes() == 2
    write(folder, {"settings.py": "import os\nKIND = os.environ.get('KIND_OF_HOUSE')\n"})
    assert changes() == 3
    monkeypatch.setenv("KIND_OF_HOUSE", "large")
    assert changes() == 4
    monkeypatch.setenv("DATABASE_URL", "postgresql://other")
    monkeypatch.setenv("PGPORT", "1")
    write(folder, {"settings.py": "# KIND_OF_HOUSE DATABASE_URL PGPORT\n"})
    assert changes() == 5
    monkeypatch.setenv("PGPORT", "2")
    assert changes() == 5
    for name in ("steps/data.sql", ".env"):
        write(folder, {name: "SELECT 1"})
    assert changes() == 6


@pytest.mark.parametrize(
    ("statement", "schema", "version", "insists"),
    [
        ("CREATE EXTENSION IF NOT EXISTS timescaledb", False, False, False),
        ('CREATE EXTENSION IF NOT EXISTS "timescaledb" WITH SCHEMA tools', True, False, False),
        ("CREATE EXTENSION timescaledb SCHEMA tools CASCADE", True, False, True),
        ("create extension if not exists timescaledb\\n  version '2.17.2'", False, True, False),
        ("ALTER EXTENSION timescaledb UPDATE TO '2.20.0'", False, True, False),
        ("CREATE SCHEMA tools", False, False, True),
        ("CREATE EXTENSION hstore; SELECT 'timescaledb'; -- schema, version", False, False, False),
    ],
)
def test_what_the_migrations_say_of_the_extension(folder, statement, schema, version, insists):
    migrations_in(folder, f'op.execute("""{statement}""")')
    config = config_for(Configuration())
    assert may_set_extension_schema(config) is schema
    assert may_set_extension_version(config) is version
    assert insist_on_the_extension(config, schemas=True) is insists
    assert insist_on_the_extension(config, schemas=False) is (insists and "EXTENSION" in statement)


def test_a_script_location_that_is_meant_from_the_folder_of_the_ini_file(folder):
    write(folder, {"app/alembic.ini": "[alembic]\nscript_location = migrations\n"})
    (folder / "steps").rename(folder / "app/migrations")
    with pytest.raises(MigrationFailed) as caught:
        alembic_config("app/alembic.ini")
    assert "The folder migrations (script_location of app/alembic.ini)" in caught.value.problem
    assert "Run this command in app, as you run alembic" in caught.value.hint
    (folder / "app/alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    assert single_head(alembic_config("app/alembic.ini")) == "0001"


@pytest.mark.parametrize("own", ["", "[alembic]\nscript_location = .\n"])
def test_sections_for_the_option_name_of_alembic(folder, own):
    ini = (folder / "alembic.ini").read_text()
    (folder / "alembic.ini").write_text(f"{own}{ini.replace('[alembic]', '[one]')}\n[two]\nx = y\n")
    with pytest.raises(MigrationFailed) as found:
        alembic_config("alembic.ini")
    assert found.value.problem == (
        "alembic.ini names no folder with an env.py in [alembic], but has [one]."
    )
    assert "call the section of these models [alembic] in the copy" in found.value.hint


def test_a_section_of_another_name_is_not_needed(folder):
    ini = (folder / "alembic.ini").read_text()
    (folder / "alembic.ini").write_text(f"{ini}\n[one]\nscript_location = elsewhere\n")
    assert heads_of(alembic_config("alembic.ini")) == ("0001",)
