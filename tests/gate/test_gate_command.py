"""`conformance gate` as a person runs it: what it prints, what it writes, its exit code."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from conformance.checking.session import choice_for_workers
from conformance.cli import main
from tests.click_runner import CliRunner

from .projects import sql

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/gate.schema.json").read_text("utf-8"))
ADD = sql("ALTER TABLE places ADD COLUMN area integer")
DROP = sql("ALTER TABLE places DROP COLUMN area")
MODELS = """
from sqlalchemy import Column, Integer
from tests.gate.projects import models

metadata = models()
metadata.tables["places"].append_column(Column("area", Integer))
"""


@pytest.fixture
def here(project, monkeypatch):
    """The project is the working directory, and can be imported from."""
    monkeypatch.chdir(project.folder)
    monkeypatch.syspath_prepend(str(project.folder))
    (project.folder / "models_with_area.py").write_text(MODELS)
    monkeypatch.delitem(__import__("sys").modules, "models_with_area", raising=False)
    return project


def run(*arguments):
    done = CliRunner().invoke(
        main, ["gate", "--models", "models_with_area:metadata", *arguments], catch_exceptions=False
    )
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.usefixtures("here")
def test_nothing_new_needs_no_server():
    code, output, _ = run(
        "--from-revision", "0001", "--engine", "postgresql://nobody@nohost.invalid/"
    )
    assert code == 0
    assert "No new revision" in output
    assert "Gate: passes" in output


def test_an_edited_revision_alone_fails(here):
    subprocess.run(["git", "init", "-b", "main"], check=True, capture_output=True)
    subprocess.run(["git", "add", "."], check=True)
    subprocess.run(
        ["git", "-c", "user.name=T", "-c", "user.email=t@example.com",
         "-c", "commit.gpgsign=false", "commit", "-m", "base"],
        check=True, capture_output=True,
    )  # fmt: skip
    path = here.folder / "alembic/versions/0001_base.py"
    path.write_text(path.read_text().replace("7 days", "8 days"))
    code, output, _ = run()
    assert code == 1
    assert "revision-edited" in output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--base", "nope"), "is not in a readable git repository"),
        (("--from-revision", "0009"), "There is no revision '0009'"),
        (("--from-revision", ""), "There is no revision ''"),
        (("--from-revision", "0001", "--alembic-ini", "other.ini"), "There is no other.ini"),
        (("--from-revision", "base", "--models", "nothing:x"), "There is no module 'nothing'"),
        (
            ("--from-revision", "base", "--sizes", "none.json"),
            "sizes in none.json cannot be",
        ),
        (("--from-revision", "base", "--sizes", "alembic.ini"), "it is not JSON"),
        (("--from-revision", "base", "--engine", "odd"), "There is no engine 'odd'"),
        (
            ("--from-revision", "base", "--engine", "postgresql://u:secret@nohost.invalid/d"),
            "The host name nohost.invalid cannot be resolved",
        ),
    ],
)
def test_what_cannot_run_is_one_sentence(here, monkeypatch, arguments, sentence):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(here.folder.parent))
    code, output, errors = run(*arguments)
    assert (code, output) == (2, "")
    assert sentence in errors
    assert "Traceback" not in errors
    assert "secret" not in errors
    report = json.loads((here.folder / "build/conformance/gate.json").read_text())
    assert report["verdict"] == "could_not_run"
    assert "secret" not in json.dumps(report)


@pytest.mark.usefixtures("here")
def test_base_and_revision_exclude_each_other():
    code, _, errors = run("--base", "main", "--from-revision", "0001")
    assert code == 2
    assert "not both" in errors


@pytest.mark.slow
def test_a_revision_that_passes(here, session):
    here.revision(ADD, DROP)
    code, output, _ = run("--from-revision", "0001", "--engine", choice_for_workers(session))
    assert code == 0, output
    assert "ACCESS EXCLUSIVE places" in output
    assert "downgrade restores the previous state" in output
    assert output.endswith("Gate: passes\n")
    for name in ("gate.json", "gate.md", "gate.junit.xml"):
        assert (here.folder / "build/conformance" / name).is_file()


@pytest.mark.slow
def test_it_scales_what_it_measured_where_it_knows_the_sizes(here, session):
    here.revision(ADD, DROP)
    arguments = ("--from-revision", "0001", "--engine", choice_for_workers(session), "--json", "-")
    _, output, errors = run(*arguments)
    assert "audit URL --sizes FILE" in json.loads(output)["sizes"]
    assert "sizes        not known" in errors
    size = {"rows": 9_000_000, "bytes": 4_000_000_000, "chunks": 0, "batches": 0}
    (here.folder / "sizes.json").write_text(json.dumps({"places": size}))
    code, output, errors = run(*arguments, "--sizes", "sizes.json")
    report = json.loads(output)
    Draft202012Validator(SCHEMA).validate(report)
    assert (code, report["sizes"]) == (0, "of 1 table, from the given file")
    (estimate,) = report["revisions"][0]["estimates"]
    assert (estimate["relation"], estimate["what"]) == ("places", "seconds of ACCESS EXCLUSIVE")
    assert "places: " in errors
    assert "Estimates for the given sizes" in (here.folder / "build/conformance/gate.md").read_text(
        "utf-8"
    )


@pytest.mark.slow
def test_a_revision_that_fails(here, session):
    here.revision(f"print('noise')\n{ADD}", "pass")
    code, output, errors = run(
        "--from-revision", "0001", "--engine", choice_for_workers(session), "--json", "-"
    )
    assert code == 1
    report = json.loads(output)
    Draft202012Validator(SCHEMA).validate(report)
    assert [finding["code"] for finding in report["findings"]] == ["downgrade-missing"]
    assert errors.endswith("Gate: fails\n")


@pytest.mark.slow
def test_findings_as_annotations_of_the_revision(here, session):
    """At the statement, or else at the function; the report for people is on the other stream."""
    path = here.revision(f"{ADD}\n{sql('UPDATE places SET size = 7')}", "pass")
    code, output, errors = run(
        "--from-revision", "0001", "--engine", choice_for_workers(session), "--format", "github"
    )
    assert code == 1
    assert errors.endswith("Gate: fails\n")
    lines = path.read_text(encoding="utf-8").splitlines()
    for id_, words in (
        ("lock-held%3A0002%3Aplaces", "ADD COLUMN area"), ("downgrade-missing%3A0002", "downgrade")
    ):  # fmt: skip
        number = next(n for n, line in enumerate(lines, 1) if words in line)
        file = f"alembic/versions/0002_change.py,line={number}"
        assert f"::error file={file},title={id_}::" in output


@pytest.mark.slow
def test_what_the_project_says_of_findings(here, session):
    """Left, old, accepted, a house rule that is off: all named, nothing fails."""
    here.revision(
        f"{ADD}\n{sql('ALTER TABLE places ADD COLUMN old integer')}\n"
        f"{sql('ALTER TABLE places ADD COLUMN theirs integer')}\n"
        f"{sql('CREATE TABLE celery_task (id integer PRIMARY KEY)')}",
        f"{sql('DROP TABLE celery_task')}\n{sql('ALTER TABLE places DROP COLUMN theirs')}\n"
        f"{sql('ALTER TABLE places DROP COLUMN old')}\n{DROP}",
    )
    arguments = ("--from-revision", "0001", "--engine", choice_for_workers(session), "--json", "-")
    code, output, _ = run(*arguments)
    found = {item["subject"] for item in json.loads(output)["findings"]}
    old, theirs = "column:places.old:exists", "column:places.theirs:exists"
    assert (code, found) == (1, {old, theirs, "table:celery_task:exists"})
    (here.folder / "base.json").write_text(
        json.dumps({"version": 1, "findings": {"check": {old: "It is there."}}})
    )
    (here.folder / "pyproject.toml").write_text(
        "[tool.conformance]\n"
        'leave = "celery_*"\nbaseline = "base.json"\nhouse_rules = { offline_sql = false }\n'
        f'accepted = [{{ id = "{theirs}", reason = "the vendor adds it" }}]\n'
    )
    code, output, shown = run(*arguments)
    report = json.loads(output)
    Draft202012Validator(SCHEMA).validate(report)
    assert code == 0, shown
    assert {item["subject"]: item["accepted"] for item in report["findings"]} == {
        old: "The baseline has it.", theirs: "the vendor adds it",
    }  # fmt: skip
    off = "the project has switched off the house rule offline_sql"
    assert {"id": "offline-differs", "reason": off} in report["not_checked"]
    assert "Accepted: the vendor adds it" in shown


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("where", ["Choices", "gate"], ids=["before it runs", "while it runs"])
def test_ctrl_c_is_no_verdict(monkeypatch, where):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"conformance.gate.run.{where}", interrupted)
    code, output, errors = run("--from-revision", "0001")
    assert (code, output) == (2, "")
    assert "conformance: Interrupted." in errors
