"""What is told of a project's migrations without loading Alembic."""

from __future__ import annotations

import pytest

from conformance.project.alembic_files import is_newest

INI = "[alembic]\nscript_location = %(here)s/db\n"


def project(folder, settings, text):
    file = folder / "db" / "versions" / "2026" / "a.py"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    name = "pyproject.toml" if "tool." in settings else "alembic.ini"
    (folder / name).write_text(settings)
    return folder / "alembic.ini"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('revision = "ab12"', True),
        ("\nrevision: str = 'ab12'  # the first\n", True),
        ('revision = "ab123"', False),
        ('down_revision = "ab12"', False),
        ('revision = other  # = "ab12"', False),
        ('    revision = "ab12"', False),
        # Another one may come after it.
        ('revision = "ab12"\n#\ndown_revision = (\n    "ab12",\n)', False),
    ],
)
def test_the_newest_revision_is_told_by_its_file(tmp_path, text, found):
    assert is_newest(project(tmp_path, INI, text), "ab12") is found


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("[alembic]\nscript_location=db", True),
        ('[tool.alembic]\nscript_location = "%(here)s/db"\n', True),
        ("[alembic]\nscript_location = elsewhere\n", False),
        ("[alembic]\n# script_location = db\n", False),
        # Those have revisions as well.
        ("[alembic]\nscript_location = db\nversion_locations = more\n", False),
    ],
)
def test_the_script_location_is_that_of_the_settings(tmp_path, settings, found):
    assert is_newest(project(tmp_path, settings, 'revision = "ab12"'), "ab12") is found


def test_a_file_that_cannot_be_read_is_passed_over(tmp_path):
    ini = project(tmp_path, INI, 'revision = "ab12"')
    (ini.parent / "db" / "latin.py").write_bytes(b'revision = "\xe4"')
    assert is_newest(ini, "ab12")
    assert not is_newest(ini.parent / "none.ini", "ab12")
