"""Revisions are other people's: what one is called, says and raises is only shown."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import alembic
import pytest

from conformance.checking.session import choice_for_workers, session_of
from conformance.cli import main
from tests.click_runner import CliRunner
from tests.gate.projects import Project

#: What terminals obey, and what has no place in a report at all.
OBEYED = "\x1b\x9b\x07\x08\r\u202e\u2066\u200b"
#: What Markdown, HTML, a workflow of GitHub, rich and templates obey.
WORDS = "::error::it%0A|`y`![i](//e.org)<script>alert(1)</script>[bold red]{{ 7*7 }} %s {0} ]]>"
HOSTILE = f"\x1b[2J{OBEYED}\n{WORDS}"
#: Alembic allows no colon in an id, and its table 32 characters.
IDENTIFIER = "2\x1b[2J\u202e\n|`<script>x</script>%s"
#: A file name has no slash, and Alembic reads none with a newline.
FILE = f"0002_\x1b[2J{OBEYED}{WORDS}".replace("/", "") + ".py"
REVISION = """
from alembic import op
from sqlalchemy import text
revision = {identifier!r}
down_revision = "0001"


def sent(statement):
    op.get_bind().exec_driver_sql(statement, execution_options={{"no_parameters": True}})


def upgrade():
    sent({comment!r})
    sent({warning!r})
    sent({column!r})
    {last}


def downgrade():
    pass
"""
MODELS = "from tests.gate.projects import models\nmetadata = models()\n"
IN_QUOTES = HOSTILE[:40].replace('"', '""')


def quoted(words: str) -> str:
    return "'{}'".format(words.replace("'", "''"))


#: What ends the upgrade: the server with a DETAIL, or the revision itself with a megabyte.
LAST = {
    "nothing": "pass",
    "detail": f"sent('INSERT INTO places (name) VALUES (' + {quoted(HOSTILE)!r} + ')');"
    f" sent('CREATE UNIQUE INDEX ux ON places ((' + {quoted(HOSTILE)!r} + '))')",
    "raises": f"raise RuntimeError({HOSTILE!r} * 5_000)",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose last revision is hostile in every part that a report shows."""

    def made(last: str) -> Project:
        project = Project.made_in(tmp_path)
        docstring = f"A{HOSTILE}\n\n{'megabyte ' * 120_000}"
        body = REVISION.format(
            identifier=IDENTIFIER,
            comment=f"/* {HOSTILE} */ ALTER TABLE places ADD COLUMN area integer",
            warning=f"DO $d$ BEGIN RAISE WARNING USING MESSAGE = {quoted(HOSTILE)}; END $d$",
            column=f'ALTER TABLE places ADD COLUMN "{IN_QUOTES}" integer',
            last=LAST[last],
        )
        (tmp_path / "alembic/versions" / FILE).write_text(f"{docstring!r}\n{body}", "utf-8")
        (tmp_path / "hostile_revision_models.py").write_text(MODELS)
        monkeypatch.chdir(tmp_path)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(__import__("sys").modules, "hostile_revision_models", raising=False)
        # Only a workflow obeys lines that begin with two colons.
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        return project

    return made


def obeyed(text: str) -> set[str]:
    return set(text) & set(OBEYED)


def assert_harmless(name: str, text: str) -> None:
    """No part of the revision is more than text, in this form."""
    assert not obeyed(text), name
    # A report has what an exception says as a whole, and a person sees its beginning.
    assert len(text) < (20_000 if name == "console" else 5_000_000), name
    if "html" in name:
        assert "<script>alert" not in text
        assert "<script>x<" not in text
    if "md" in name:
        assert "<script>" not in re.sub(r"\\.|`[^`\n]*`", "", text)
    if "xml" in name:
        ElementTree.fromstring(text)
    if "json" in name:
        assert json.loads(text)


@pytest.mark.slow
@pytest.mark.parametrize(("last", "form"), [("detail", "github"), ("raises", "sarif")])
def test_the_gate(project, pytestconfig, tmp_path, last, form):
    project(last)
    done = CliRunner().invoke(
        main,
        ["gate", "--from-revision", "0001", "--models", "hostile_revision_models:metadata",
         "--engine", choice_for_workers(session_of(pytestconfig)), "--format", form],
    )  # fmt: skip
    assert done.exit_code == 1, done.stderr
    assert "\n::" not in done.stderr
    reports = {file.name: file.read_text("utf-8") for file in tmp_path.glob("build/*/gate.*")}
    assert len(reports) == 4
    assert_harmless("console", done.stderr)
    for name, text in reports.items():
        assert_harmless(name, text)
    assert_harmless(form if form == "github" else "json", done.stdout)
    if form == "github":
        commands = [line.partition(" ")[0] for line in done.stdout.splitlines()]
        assert set(commands) <= {"::error", "::warning", "::notice"}
    found = json.loads(reports["gate.json"])
    assert [item["revision"] for item in found["revisions"]] == [IDENTIFIER]
    assert {item["code"] for item in found["findings"]} == {"upgrade-failed", "warning"}


def of_hostile(command, *arguments):
    return CliRunner().invoke(
        main, [command, "--models", "hostile_revision_models:metadata", *arguments]
    )


@pytest.mark.slow
def test_check_and_fix(project, pytestconfig, tmp_path):
    """What the revision leaves is found, and mended by a revision that follows it."""
    engine = ["--engine", choice_for_workers(session_of(pytestconfig))]
    made = project("nothing")
    template = Path(alembic.__file__).parent / "templates/generic/script.py.mako"
    (made.folder / "alembic/script.py.mako").write_text(template.read_text())
    checked = of_hostile("check", *engine, "-k", "test_nothing_undeclared")
    assert checked.exit_code == 1, checked.stderr
    reports = {file.name: file.read_text("utf-8") for file in tmp_path.glob("build/*/*.*")}
    assert {*reports} == {"junit.xml", "verdict.html", "verdict.json", "verdict.md"}
    fixed = of_hostile("fix", *engine, "--no-gate")
    assert fixed.exit_code == 0, fixed.stderr
    for name, text in {**reports, "console": checked.stderr + fixed.stderr}.items():
        assert_harmless(name, text)
    assert "\n::" not in checked.stdout + checked.stderr + fixed.stdout + fixed.stderr
    (new,) = {*(made.folder / "alembic/versions").glob("*.py")} - {
        made.folder / "alembic/versions" / name for name in ("0001_base.py", FILE)
    }
    # The docstring is of Alembic's template, which has the id as it is.
    values = {
        node.target.id: node.value
        for node in ast.parse(new.read_text("utf-8")).body
        if isinstance(node, ast.AnnAssign)
    }
    assert ast.literal_eval(values["down_revision"]) == IDENTIFIER
