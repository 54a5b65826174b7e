"""The baseline's file: what it holds, when it is written, and what is said where it cannot be."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conformance.adoption import baseline
from conformance.adoption.stage import Choices, Stage, policy_for
from conformance.comparing.findings import Finding
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.errors import ConformanceError
from conformance.project.configuration import Configuration, ConfigurationWrong

ENGINE = EngineUsed("url", "server")
PROJECT = Configuration()


def finding(number, message="It differs."):
    name = f"column:legacy.c{number:02}"
    return Finding(
        f"{name}:nullable", "column", name[7:], "nullable", "different", 1, 2, message, "Mend it."
    )


OLD = tuple(finding(number) for number in range(20))


def found(*findings, **values):
    return Verdict(ENGINE, findings, **values)


def run(file, verdict, *, command="audit", project=PROJECT, **choices):
    """The verdict with the file as the project's baseline; with `write`, as it is written."""
    if "write" not in choices:
        project = replace(project, baseline=str(file))
    return Stage.of(project, command, Choices(**choices))(verdict)


@pytest.fixture
def file(tmp_path):
    """A baseline with twenty findings."""
    path = tmp_path / "baseline.json"
    run(path, found(*OLD), write=str(path))
    return path


def ids(path, command="audit"):
    return list(json.loads(path.read_text())["findings"][command])


def test_writing_it_makes_the_run_pass(tmp_path):
    path = tmp_path / "base.json"
    verdict = run(path, found(*OLD), write=str(path))
    assert (verdict.verdict, verdict.exit_code, len(verdict.old)) == ("conforms", 0, 20)
    assert verdict.baseline.waiting == 20
    assert verdict.baseline.note == (
        f'20 findings added. Name the file in pyproject.toml: baseline = "{path}".'
    )


def test_the_file_is_sorted_and_the_same_each_time(tmp_path):
    for name, findings in (("a", OLD), ("b", OLD[::-1])):
        run(tmp_path / name, found(*findings), write=str(tmp_path / name))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert ids(tmp_path / "a") == [item.id for item in OLD]
    assert '    "column:legacy.c07:nullable": "It differs."' in (tmp_path / "a").read_text()


def test_twenty_old_findings_pass_and_the_twenty_first_fails(file):
    assert run(file, found(*OLD)).verdict == "conforms"
    new = finding(20)
    verdict = run(file, found(*OLD, new))
    assert (verdict.verdict, verdict.findings, verdict.old) == ("differs", (new,), OLD)
    assert ids(file) == [item.id for item in OLD]


def test_mended_ones_are_taken_out(file):
    verdict = run(file, found(*OLD[3:]))
    assert verdict.baseline.waiting == 17
    assert verdict.baseline.mended == tuple(item.id for item in OLD[:3])
    assert ids(file) == [item.id for item in OLD[3:]]
    # They are new, should they come back.
    assert run(file, found(*OLD)).verdict == "differs"


def test_a_part_of_the_suite_takes_nothing_out(file):
    verdict = run(file, found(), whole=False)
    assert (verdict.baseline.mended, ids(file)) == ((), [item.id for item in OLD])


def test_without_a_verdict_nothing_is_taken_out(file):
    assert run(file, found(could_not_run="No server.")).baseline is None
    assert len(ids(file)) == 20


def test_it_does_not_grow_by_itself(file):
    new = finding(20)
    verdict = run(file, found(*OLD[1:], new), write=str(file))
    assert verdict.verdict == "differs"
    assert verdict.baseline.note == (
        "1 new finding not added: an existing baseline grows with --grow-baseline only."
    )
    # What is mended is taken out all the same.
    assert ids(file) == [item.id for item in OLD[1:]]


def test_it_grows_where_that_is_said(file):
    new = finding(20)
    verdict = run(file, found(*OLD[1:], new), write=str(file), grow=True)
    assert (verdict.verdict, verdict.baseline.waiting) == ("conforms", 20)
    assert ids(file) == [item.id for item in (*OLD[1:], new)]


def test_each_command_has_a_part(file):
    new = finding(20)
    assert run(file, found(OLD[0]), command="check").verdict == "differs"
    run(file, found(OLD[0], new), command="check", write=str(file))
    assert ids(file, "check") == [OLD[0].id, new.id]
    assert ids(file) == [item.id for item in OLD]
    assert run(file, found(), command="check").baseline.mended == (OLD[0].id, new.id)
    assert ids(file) == [item.id for item in OLD]


def test_only_what_fails_goes_in(tmp_path):
    path = tmp_path / "base.json"
    project = replace(
        PROJECT,
        severities={OLD[1].id: "warning"},
        accepted=({"id": OLD[2].id, "reason": "so"}, {"id": "index:*", "reason": "gone"}),
    )
    verdict = run(path, found(*OLD[:4]), project=project, write=str(path))
    assert ids(path) == [OLD[0].id, OLD[3].id]
    assert [item.id for item in verdict.findings] == [OLD[1].id, "accepted-in-vain:index:*"]


def test_no_password_is_in_it(tmp_path):
    path = tmp_path / "base.json"
    messages = (
        "connects to postgresql://desk:hush@db/desk and on",
        "ALTER ROLE desk PASSWORD 'hush'",
        "options are (user desk, password=hush)",
        'has password: "hush"',
    )
    findings = (finding(number, message) for number, message in enumerate(messages))
    run(path, found(*findings), write=str(path))
    text = path.read_text()
    assert "hush" not in text
    assert "postgresql://desk:***@db/desk and on" in text


def test_a_tree_that_cannot_be_written_is_a_sentence(file, monkeypatch):
    def refuse(*_):
        raise ConformanceError("The report base.json cannot be written: Read-only file system.")

    monkeypatch.setattr(baseline, "write_file", refuse)
    verdict = run(file, found(*OLD[1:]))
    assert (verdict.verdict, verdict.baseline.waiting) == ("conforms", 20)
    assert verdict.baseline.mended == (OLD[0].id,)
    assert verdict.baseline.note == (
        "Fixed findings remain in the file, because it cannot be written: The report base.json"
        " cannot "
        "be written: Read-only file system."
    )
    with pytest.raises(ConformanceError, match="Read-only"):
        run(file, found(*OLD), command="check", write=str(file))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "does not exist"),
        ("{", "cannot be read"),
        ("[]", "is not a baseline of this version"),
        ('{"version": 2, "findings": {}}', "is not a baseline of this version"),
        ('{"version": 1, "findings": {"audit": ["a"]}}', "is not a baseline of this version"),
        ('{"version": 1, "findings": {"audit": {"a": 1}}}', "is not a baseline of this version"),
    ],
)
def test_a_file_that_is_none(tmp_path, text, words):
    path = tmp_path / "base.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(baseline.BaselineUnavailable, match=words):
        run(path, found())


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"grow": True}, "needs a file"),
        ({"write": "base.json", "whole": False}, "A part of the suite cannot write a baseline"),
    ],
)
def test_choices_that_cannot_be_meant(choices, words):
    with pytest.raises(ConformanceError, match=words):
        Stage.of(PROJECT, "check", Choices(**choices))


@pytest.mark.parametrize(
    ("project", "words"),
    [
        ({"accepted": ({"id": "column_:a.b:type", "reason": "x"},)}, "Did you mean 'column'?"),
        ({"severities": {"whatever": "error"}}, "Copy the id from a report."),
    ],
)
def test_an_id_that_no_finding_can_have(project, words):
    with pytest.raises(ConfigurationWrong) as caught:
        policy_for(replace(PROJECT, **project), "audit")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["column:a.b:type", "*:a.b:type", "col*", "lock-held:0002:*", "squawk:ban-drop-column",
     "migration:alembic:second_run", "lost:rows:a", "accepted-in-vain", "rows:a:upsert"],
)  # fmt: skip
def test_ids_that_a_finding_can_have(name):
    assert policy_for(replace(PROJECT, severities={name: "warning"}), "audit").severities


def test_the_gate_and_an_upgrade_know_what_a_check_found(file):
    run(file, found(finding(40)), command="check", write=str(file))
    project = replace(PROJECT, baseline=str(file))
    assert list(policy_for(project, "gate").old) == [finding(40).id]
    assert list(policy_for(project, "upgrade").old) == [finding(40).id]
    assert len(policy_for(project, "audit").old) == 20
