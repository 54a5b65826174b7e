"""`conformance check` with what a project says about findings: verdict and JUnit report."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from tests.suite.projects import CONFIGURATION, REVISION, Edit, check, copied_project

LINE = "    create_hypertables()\n"
COLUMNS = [f"legacy_{number:02}" for number in range(3)]
ADD = [f'    op.execute("ALTER TABLE curves ADD COLUMN {name} text")\n' for name in COLUMNS]
ID = "column:curves.{}:exists"
FACTS = ("-k", "test_facts")


@pytest.fixture
def project(tmp_path):
    """The project, whose migration makes three columns that no model declares."""
    return copied_project(tmp_path, Edit(REVISION, LINE, LINE + "".join(ADD)))


def configure(project, *lines):
    (project / "pyproject.toml").write_text(CONFIGURATION + "\n".join(lines))


def junit(project):
    """The outcome of the check about undeclared columns, and what is said of it."""
    root = ElementTree.parse(project / "build/conformance/junit.xml").getroot()
    (case,) = (c for c in root.iter("testcase") if "undeclared:column]" in c.get("name"))
    return [(child.tag, child.get("message")) for child in case if child.tag != "properties"]


def ids(verdict, part="findings"):
    return [item["id"] for item in verdict[part]]


def test_accepted_old_and_warning(project):
    configure(
        project,
        'baseline = "base.json"',
        'severities = { "column:*.legacy_01:exists" = "warning" }',
        "accepted = [",
        '  { id = "column:curves.legacy_00:exists", reason = "the vendor\'s" },',
        '  { id = "index:nothing:exists", reason = "gone" },',
        "]",
    )
    old = {ID.format(COLUMNS[2]): "It is there."}
    text = json.dumps({"version": 1, "findings": {"check": {**old, "table:x:exists": "No."}}})
    (project / "base.json").write_text(text)
    code, verdict, errors = check(project, *FACTS)
    assert (code, verdict["verdict"]) == (0, "conforms"), errors
    assert (ids(verdict), ids(verdict, "accepted"), ids(verdict, "old")) == tuple(
        [ID.format(name)] for name in (COLUMNS[1], COLUMNS[0], COLUMNS[2])
    )
    ((tag, said),) = junit(project)
    assert tag == "skipped"
    assert "accepted: the vendor's" in said
    # A part of the suite takes nothing out, and says nothing of what is in vain.
    assert (project / "base.json").read_text() == text
    assert (verdict["baseline"]["waiting"], verdict["baseline"]["mended"]) == (2, [])


def test_one_that_counts_fails_the_check(project):
    configure(project, 'accepted = [{ id = "column:curves.legacy_00:*", reason = "theirs" }]')
    code, verdict, _ = check(project, *FACTS)
    assert (code, ids(verdict)) == (1, [ID.format(name) for name in COLUMNS[1:]])
    assert ids(verdict, "accepted") == [ID.format(COLUMNS[0])]
    assert [tag for tag, _ in junit(project)] == ["failure"]


def test_a_part_of_the_suite_writes_no_baseline(project):
    configure(project)
    (project / "build/conformance").mkdir(parents=True)
    (project / "build/conformance/verdict.json").write_text("{}")
    code, _, errors = check(project, *FACTS, "--write-baseline", "base.json")
    assert code == 2
    assert "A part of the suite cannot write a baseline" in errors
    assert not (project / "base.json").exists()


def test_what_the_models_map_cannot_be_left(project):
    configure(project, 'leave = ["celery_*", "trigger:*", "curv*"]')
    code, verdict, _ = check(project, *FACTS)
    assert code == 2
    assert verdict["message"].startswith("leave has 'curv*', which takes in table curves of")


def test_a_house_rule_that_is_off_is_not_checked(project):
    configure(project, "house_rules = { offline_sql = false }")
    code, verdict, errors = check(project, "-k", "test_offline_sql or test_no_warning")
    assert (code, verdict["counts"]["tests"]) == (0, 1), errors
    assert verdict["not_checked"] == [
        {
            "id": "check:test_offline_sql_gives_the_same_facts",
            "reason": "the project has switched off the house rule offline_sql",
        }
    ]
