"""`conformance audit` of a database with a past: its baseline, what is accepted, what is left."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import create_engine, pool, text

from conformance.cli import main
from tests.click_runner import CliRunner

COLUMNS = [f"legacy_{number:02}" for number in range(20)]
ID = "column:curves.{}:exists"


@pytest.fixture
def database(conformance_engine, schema_template, tmp_path, monkeypatch):
    """A migrated database of the test's own; an empty folder is the project's."""
    monkeypatch.chdir(tmp_path)
    with conformance_engine.database(schema_template) as url:
        yield url


def configure(folder, *lines):
    models = 'models = "models:Base.metadata"'
    (folder / "pyproject.toml").write_text("\n".join(["[tool.conformance]", models, *lines]))


def alter(url, *statements):
    with create_engine(url, poolclass=pool.NullPool).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def audit(url, *arguments):
    """Exit code, the verdict's JSON, and what a terminal shows."""
    address = url.render_as_string(hide_password=False)
    done = CliRunner().invoke(
        main, ["audit", address, "--json", "-", *arguments], catch_exceptions=False
    )
    return done.exit_code, json.loads(done.stdout), done.stderr


def ids(verdict, part="findings"):
    return [item["id"] for item in verdict[part]]


def test_twenty_old_findings_pass_and_the_twenty_first_fails(database, tmp_path):
    configure(tmp_path)
    alter(database, *(f"ALTER TABLE curves ADD COLUMN {name} text" for name in COLUMNS))
    code, verdict, _ = audit(database)
    assert (code, verdict["counts"]["findings"]) == (1, 20)

    code, verdict, shown = audit(database, "--write-baseline", "base.json")
    assert (code, verdict["verdict"], verdict["counts"]["old"]) == (0, "conforms", 20)
    assert 'Name the file in pyproject.toml: baseline = "base.json".' in shown

    configure(tmp_path, 'baseline = "base.json"')
    code, verdict, shown = audit(database)
    assert (code, ids(verdict), ids(verdict, "old")) == (0, [], [ID.format(c) for c in COLUMNS])
    assert "20 old findings wait in base.json" in shown

    alter(database, "ALTER TABLE curves ADD COLUMN brand_new text")
    code, verdict, shown = audit(database)
    assert (code, ids(verdict)) == (1, [ID.format("brand_new")])
    assert "20 old findings wait in base.json" in shown

    alter(
        database,
        "ALTER TABLE curves DROP COLUMN brand_new",
        *(f"ALTER TABLE curves DROP COLUMN {name}" for name in COLUMNS[:5]),
    )
    code, verdict, shown = audit(database)
    assert (code, verdict["baseline"]["mended"]) == (0, [ID.format(c) for c in COLUMNS[:5]])
    assert "15 old findings wait in base.json, 5 mended" in shown
    kept = json.loads((tmp_path / "base.json").read_text())["findings"]["audit"]
    assert list(kept) == [ID.format(name) for name in COLUMNS[5:]]

    # What was mended once is new, should it come back.
    alter(database, f"ALTER TABLE curves ADD COLUMN {COLUMNS[0]} text")
    assert audit(database)[0] == 1


def test_what_hides_behind_another_finding_is_not_mended(database, tmp_path):
    configure(tmp_path)
    alter(database, "ALTER TABLE instruments ALTER COLUMN name DROP NOT NULL")
    assert audit(database, "--write-baseline", "base.json")[0] == 0
    alter(database, "DROP TABLE instruments CASCADE")
    code, verdict, _ = audit(database, "--baseline", "base.json")
    assert (code, verdict["baseline"]["waiting"], verdict["baseline"]["mended"]) == (1, 1, [])


def test_accepted_and_a_warning(database, tmp_path):
    alter(
        database,
        "ALTER TABLE curves ADD COLUMN spread text",
        "ALTER TABLE curves ADD COLUMN note text",
    )
    configure(
        tmp_path,
        'severities = { "column:*.note:exists" = "warning" }',
        "[[tool.conformance.accepted]]",
        'id = "column:curves.spread:*"',
        'reason = "the vendor adds it"',
        "until = 2999-12-31",
    )
    code, verdict, shown = audit(database)
    assert (code, verdict["verdict"]) == (0, "conforms")
    assert [(item["id"], item["severity"]) for item in verdict["findings"]] == [
        (ID.format("note"), "warning")
    ]
    (accepted,) = verdict["accepted"]
    assert (accepted["id"], accepted["reason"], accepted["until"]) == (
        ID.format("spread"), "the vendor adds it", "2999-12-31",
    )  # fmt: skip
    assert "the vendor adds it (until 2999-12-31)" in shown
    assert "1 finding (1 warning)" in shown


def test_what_is_accepted_and_gone_is_a_finding(database, tmp_path):
    configure(
        tmp_path,
        'severities = { accepted-in-vain = "error" }',
        '[[tool.conformance.accepted]]\nid = "column:curves.spread:exists"\nreason = "so"',
    )
    code, verdict, shown = audit(database)
    assert (code, ids(verdict)) == (1, ["accepted-in-vain:column:curves.spread:exists"])
    assert "Take it out of accepted in pyproject.toml" in shown


LIBRARY = (
    "CREATE TABLE celery_task (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, task text)",
    "CREATE INDEX ix_task ON celery_task (task)",
    "CREATE VIEW celery_done AS SELECT id FROM celery_task",
    "CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql"
    " AS $$ BEGIN RETURN new; END $$",
    "CREATE TRIGGER keep_curves BEFORE INSERT ON instruments FOR EACH ROW"
    " EXECUTE FUNCTION keep_history()",
)


def test_what_is_left_to_others_is_named_and_not_judged(database, tmp_path):
    configure(tmp_path)
    alter(database, *LIBRARY)
    code, before, _ = audit(database)
    assert code == 1
    configure(tmp_path, 'leave = ["public.celery_*", "keep_history", "trigger:*.keep_*"]')
    code, verdict, shown = audit(database)
    assert (code, ids(verdict)) == (0, [])
    assert verdict["left"] == [
        {
            "pattern": "public.celery_*", "count": 2,
            "objects": ["table celery_task", "view celery_done"],
        },
        {"pattern": "keep_history", "count": 1, "objects": ["function keep_history()"]},
        {
            "pattern": "trigger:*.keep_*", "count": 1,
            "objects": ["trigger instruments.keep_curves"],
        },
    ]  # fmt: skip
    assert "2 objects to others by public.celery_*: table celery_task, view celery_done" in shown
    assert [item for item in verdict["seen"] if "keep_history" in item["object"]] == []
    # Each object is accounted for as before.
    assert verdict["accounted"] == before["accounted"]


def test_what_the_models_map_cannot_be_left(database, tmp_path):
    configure(tmp_path, 'leave = "public.c*"')
    code, verdict, shown = audit(database)
    assert code == 2
    assert verdict["message"].startswith("leave has 'public.c*', which takes in table curves of")
    assert "Name the objects of others more narrowly" in shown


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['baseline = "nowhere.json"'], "The baseline nowhere.json does not exist"),
        (['severities = { column_ = "warning" }'], "Did you mean 'column'?"),
        (["accepted = [{ id = 'column:a.b:type' }]"], "without a reason"),
    ],
)
def test_a_wrong_configuration_is_one_sentence(tmp_path, lines, words):
    configure(tmp_path, *lines)
    done = CliRunner().invoke(main, ["audit", "postgresql://u@127.0.0.1:1/d"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
