"""`conformance audit URL --against URL`: two databases, both directions, no models."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, pool

from conformance.cli import main
from conformance.comparing.capabilities import REASONS
from conformance.project.migrations import Migrations
from conformance.project.scripts import alembic_config
from tests.click_runner import CliRunner

ALTERED = """
SELECT set_chunk_time_interval('market_data', INTERVAL '7 days');
ALTER TABLE curves ADD COLUMN spread text;
ALTER TABLE curves ALTER COLUMN source SET NOT NULL;
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SCHEMA more;
CREATE TABLE more."a
::error::|<b>" (id int PRIMARY KEY);
CREATE VIEW latest AS SELECT * FROM curves;
"""
#: Id -> the altered database against the other one, and the other way round.
SENTENCES = {
    "hypertable:market_data:chunk_interval": (
        "hypertable market_data: chunk interval is 7 days, the other database has 30 days",
        "hypertable market_data: chunk interval is 30 days, the other database has 7 days",
    ),
    "column:curves.spread:exists": (
        "column curves.spread: is in this database, the other database does not have it",
        "column curves.spread: is missing, the other database has it",
    ),
    "column:curves.source:nullable": (
        "column curves.source: nullable is no, the other database has yes",
        "column curves.source: nullable is yes, the other database has no",
    ),
    "view:latest:exists": (
        "view latest: is in this database, the other database does not have it",
        "view latest: is missing, the other database has it",
    ),
    # An audit with models leaves an undeclared function unjudged.
    "function:one():exists": (
        "function one(): is in this database, the other database does not have it",
        "function one(): is missing, the other database has it",
    ),
    "table:more.a\n::error::|<b>:exists": (
        "table more.a\n::error::|<b>: is in this database, the other database does not have it",
        "table more.a\n::error::|<b>: is missing, the other database has it",
    ),
}


def run(*arguments):
    done = CliRunner().invoke(main, ["audit", *map(str, arguments)], catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def findings(*arguments):
    code, out, _ = run(*arguments, "--json", "-")
    document = json.loads(out)
    assert code == (1 if document["findings"] else 0)
    return document


@pytest.fixture(scope="module")
def databases(server_engine):
    """One as the migrations make it, a second one, and one that somebody has altered."""
    with made(server_engine, 3) as urls:
        with create_engine(urls[2], poolclass=pool.NullPool).begin() as connection:
            connection.exec_driver_sql(ALTERED)
        yield [url.render_as_string(hide_password=False) for url in urls]


@contextmanager
def made(engine, number):
    template = Migrations.on(engine, alembic_config()).template()
    if not number:
        yield []
        return
    with engine.database(template) as url, made(engine, number - 1) as others:
        yield [url, *others]


def test_the_same_migrations_make_the_same(databases, server_engine, monkeypatch, tmp_path):
    """Without models: in a folder that has none."""
    monkeypatch.chdir(tmp_path)
    one, two, _ = databases
    document = findings(one, "--against", two)
    assert document["findings"] == []
    # An Apache edition leaves compression and policies undecided, and nothing else.
    reasons = {item["reason"] for item in document["not_checked"]}
    lacking = {REASONS["community_edition"]}
    assert reasons == (set() if server_engine.capabilities.community_edition else lacking)
    assert document["verdict"] == "conforms"
    assert document["counts"]["facts"] > 1000
    assert ", compared with database " in document["engine"]["description"]


@pytest.mark.parametrize("direction", [0, 1], ids=["altered", "original"])
def test_what_differs_is_found_from_either_side(databases, direction):
    one, _, altered = databases
    first, second = [(altered, one), (one, altered)][direction]
    found = {item["id"]: item for item in findings(first, "--against", second)["findings"]}
    messages = {id_: item["message"].partition(" (")[0] for id_, item in found.items()}
    for id_, sentences in SENTENCES.items():
        assert messages[id_] == sentences[direction]
        assert "models" not in found[id_]["message"] + found[id_]["hint"]
        assert " in both databases. " in found[id_]["hint"]
    disagreements = {found[id_]["disagreement"] for id_ in SENTENCES}
    assert disagreements == {"different", ("unexpected", "missing")[direction]}


def test_what_both_have_alike_is_not_judged(conformance_engine, schema_template):
    with (
        conformance_engine.database(schema_template) as one,
        conformance_engine.database(schema_template) as two,
    ):
        for url in (one, two):
            with create_engine(url, poolclass=pool.NullPool).begin() as connection:
                connection.exec_driver_sql("CREATE TABLE nobodys (id int)")
        addresses = [url.render_as_string(hide_password=False) for url in (one, two)]
        code, out, _ = run(addresses[0], "--against", addresses[1])
        assert (code, "Verdict: conforms" in out) == (0, True)
        assert "What both databases have alike is not judged." in out
        document = findings(addresses[0], "--against", addresses[1])
    assert document["engine"]["note"].startswith("What both databases have alike is not judged.")


def test_as_many_from_one_side_as_from_the_other(databases):
    one, _, altered = databases
    here = findings(altered, "--against", one)["findings"]
    there = findings(one, "--against", altered)["findings"]
    assert {item["id"] for item in here} == {item["id"] for item in there}


def test_several_against_one(databases):
    code, out, _ = run(*databases[1:], "--against", databases[0])
    assert code == 1
    assert "1 conforms, 1 differs in " in out


def test_the_other_one_is_gone(databases):
    gone = "postgresql://u:secret@127.0.0.1:1/x"
    code, out, err = run(databases[0], "--against", gone)
    assert (code, out) == (2, "")
    assert err.startswith("conformance: Nothing listens at 127.0.0.1:1.")
    code, _, err = run(*databases[1:], "--against", gone)
    assert code == 2
    assert err.count("Nothing listens at 127.0.0.1:1.") == 1


def test_what_is_left_to_others_is_left_on_both_sides(databases, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    patterns = [
        "curves.*",
        "curves",
        "latest",
        "function:*",
        "more.*",
        "schema:more",
        "market_data",
    ]
    (tmp_path / "pyproject.toml").write_text(f"[tool.conformance]\nleave = {patterns}\n")
    one, _, altered = databases
    assert findings(altered, "--against", one)["findings"] == []
    assert findings(one, "--against", altered)["findings"] == []


def test_the_project_accepts_findings_here_too(databases, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        "[tool.conformance]\nbaseline = 'gone.json'\n"
        "accepted = [{ id = '*', reason = 'they are on another release' }]\n"
    )
    one, _, altered = databases
    document = findings(altered, "--against", one)
    assert document["findings"] == []
    assert len(document["accepted"]) >= len(SENTENCES)


def test_annotations_need_no_models(databases, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    one, _, altered = databases
    code, out, _ = run(altered, "--against", one, "--format", "github")
    assert code == 1
    assert all(line.startswith("::error title=") for line in out.splitlines())
