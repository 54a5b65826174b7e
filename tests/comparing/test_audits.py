"""The audits of several databases: the worst verdict, shared findings, what is accepted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from conformance.comparing.acceptance import IN_VAIN, Acceptance, Policy
from conformance.comparing.audits import Audited, Audits, settle_all
from conformance.comparing.findings import Finding
from conformance.comparing.verdict import EngineUsed, Verdict

SCHEMA = Draft202012Validator(
    json.loads((Path(__file__).parents[2] / "docs/verdict.schema.json").read_text("utf-8"))
)


def engine():
    return EngineUsed("url", "server", "17.5", "2.23.0", "community")


def finding(name="spread", severity="error"):
    return Finding(
        f"column:curves.{name}:exists", "column", f"curves.{name}", "exists", "unexpected", None,
        True, f"column curves.{name}: is there", "Declare it.", severity,
    )  # fmt: skip


def audits(**verdicts):
    return Audits(tuple(Audited(name, verdict) for name, verdict in verdicts.items()))


def conforms():
    return Verdict(engine())


def differs(*names):
    return Verdict(engine(), tuple(finding(name) for name in names or ["spread"]))


def stopped():
    return Verdict(engine(), could_not_run="Nothing listens.")


@pytest.mark.parametrize(
    ("found", "verdict", "code"),
    [
        ({}, "conforms", 0),
        ({"a": "c"}, "conforms", 0),
        ({"a": "c", "b": "d"}, "differs", 1),
        ({"a": "d", "b": "s", "c": "c"}, "could_not_run", 2),
        ({"a": "s", "b": "d"}, "could_not_run", 2),
    ],
)
def test_the_worst_verdict_counts(found, verdict, code):
    made = {"c": conforms, "d": differs, "s": stopped}
    all_ = audits(**{name: made[kind]() for name, kind in found.items()})
    assert (all_.verdict, all_.exit_code) == (verdict, code)


def test_without_any_audit_there_is_no_verdict():
    none = replace(audits(a=conforms()), could_not_run="No models.")
    assert (none.verdict, none.exit_code) == ("could_not_run", 2)
    assert none.as_data()["message"] == "No models."


def test_a_shared_finding_is_named_once():
    warned = Verdict(engine(), (finding("spread"), finding("note", "warning")))
    found = audits(a=warned, b=conforms(), c=differs("spread", "bid"), d=stopped()).findings
    assert [(item.finding.id, item.databases, item.where) for item in found] == [
        ("column:curves.spread:exists", ("a", "c"), "in a and c"),
        ("column:curves.bid:exists", ("c",), "in c"),
        # Errors come before warnings.
        ("column:curves.note:exists", ("a",), "in a"),
    ]


def test_a_finding_of_all_databases_names_none():
    (shared,) = audits(a=differs(), b=differs(), c=differs(), d=stopped()).findings
    assert shared.where == "in all 3 databases"
    (alone,) = audits(a=differs()).findings
    assert alone.where == "in a"


def test_other_words_are_another_finding():
    other = replace(finding(), message="column curves.spread: is different")
    found = audits(a=differs(), b=Verdict(engine(), (other,))).findings
    assert [item.where for item in found] == ["in a", "in b"]


def test_the_document_has_a_verdict_for_each():
    data = replace(audits(a=differs(), b=stopped()), seconds=1.23456).as_data()
    assert data["verdict"] == "could_not_run"
    assert data["seconds"] == 1.235
    assert data["counts"] == {"conforms": 0, "differs": 1, "could_not_run": 1}
    assert [(item["name"], item["verdict"]) for item in data["databases"]] == [
        ("a", "differs"), ("b", "could_not_run"),
    ]  # fmt: skip
    assert "message" not in data
    for item in data["databases"]:
        del item["name"]
        SCHEMA.validate(json.loads(json.dumps(item)))


def policy(*ids):
    return Policy(
        "audit", date(2026, 1, 1), accepted=tuple(Acceptance(id_, "known") for id_ in ids)
    )


def test_what_one_database_has_is_not_accepted_in_vain():
    found = audits(a=differs("spread"), b=conforms(), c=stopped())
    settled = settle_all(found.databases, policy("column:curves.spread:*"))
    assert [item.verdict.verdict for item in settled] == ["conforms", "conforms", "could_not_run"]
    assert [len(item.verdict.accepted) for item in settled] == [1, 0, 0]
    assert [item.verdict.findings for item in settled] == [(), (), ()]


def test_what_no_database_has_is_accepted_in_vain():
    found = audits(a=differs("spread"), b=conforms(), c=stopped())
    settled = settle_all(found.databases, policy("column:curves.other:*"))
    assert [[item.kind for item in audited.verdict.findings] for audited in settled] == [
        ["column", IN_VAIN], [IN_VAIN], [],
    ]  # fmt: skip


def test_of_no_verdict_nothing_is_accepted_in_vain():
    (item,) = settle_all(audits(c=stopped()).databases, policy("column:x:*"))
    assert item.verdict == stopped()
