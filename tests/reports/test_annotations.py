"""Findings as annotations for GitHub and GitLab, and as SARIF: no name breaks a format."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from conformance.comparing.findings import Accepted, Finding
from conformance.comparing.places import Place
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.gate.evidence.report import GateFinding, GateReport
from conformance.pages import page_or_nothing
from conformance.process.visible import visible
from conformance.reports.annotations import FORMATS
from conformance.reports.annotations.annotation import (
    Annotation,
    Annotations,
    of_gate,
    of_verdict,
    rules_of,
)

HOSTILE = (
    "two\nlines",
    "a\r\n::error file=x,line=1::injected",
    "::stop-commands::x",
    "100%0A%25",
    "<script>alert(1)</script>",
    "a|b, c: d",
    'quote " and \\ back',
    "\u2028 line separator \x1b[31m \x00",
)
PLACE = Place("models/a, b:c%.py", 7)
INTERVAL = Finding(
    "hypertable:market_data:chunk_interval", "hypertable", "market_data", "chunk_interval",
    "different", "30 days", "7 days", "chunk interval is 7 days", "Change it.",
)  # fmt: skip


def annotation(text="plain", **more):
    return Annotation(
        **{
            "id": f"table:{text}:exists", "code": "table", "severity": "error",
            "message": f"table {text}: is missing", "hint": f"Create {text}.", "place": PLACE,
            **more,
        }
    )  # fmt: skip


def annotations(*items, **more):
    rules = rules_of(items, lambda code: f"# {code}\n", lambda _: "https://example.org/page")
    return Annotations(items, rules, version="1.2.3", **more)


# GitHub.


def read_command(line):
    """As the runner reads it: `::name key=value,key=value::data`."""
    found = re.fullmatch(r"::(\w+) (.*?)::(.*)", line, re.DOTALL)
    assert found, line
    pairs = (pair.split("=", 1) for pair in found[2].split(","))
    return found[1], {key: unescaped(value) for key, value in pairs}, unescaped(found[3])


def unescaped(text):
    """The percent sign last, as the runner does it."""
    for escape, character in (
        ("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"),
    ):  # fmt: skip
        text = text.replace(escape, character)
    return text


def github_lines(found):
    # The runner ends a line at these two characters.
    return re.split("[\r\n]", FORMATS["github"](found).removesuffix("\n"))


def test_github_names_file_line_and_title():
    (line,) = github_lines(annotations(annotation()))
    assert line == (
        "::error file=models/a%2C b%3Ac%25.py,line=7,title=table%3Aplain%3Aexists::"
        "table plain: is missing%0ACreate plain."
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_github_is_one_command_whatever_the_name(text):
    found = annotation(text)
    (line,) = github_lines(annotations(found))
    assert read_command(line) == (
        "error",
        {"file": PLACE.file, "line": "7", "title": shown(found.id)},
        shown(f"{found.message}\n{found.hint}"),
    )


def shown(text):
    """The text of an annotation; the ends of its lines are escaped as workflow commands have it."""
    return "\r".join(map(visible, text.split("\r")))


def test_github_has_a_command_for_each_severity():
    found = [annotation(severity=severity) for severity in ("error", "warning", "note")]
    lines = github_lines(annotations(*found))
    assert [read_command(line)[0] for line in lines] == ["error", "warning", "notice"]


def test_github_without_a_place_and_without_findings():
    (line,) = github_lines(annotations(annotation(place=None)))
    assert read_command(line)[1].keys() == {"title"}
    assert FORMATS["github"](annotations()) == ""


# GitLab.

CODE_QUALITY = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    # Relative, and not as "./path".
                    "path": {"type": "string", "pattern": "^[^/.]"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def gitlab(found):
    document = json.loads(FORMATS["gitlab"](found))
    Draft202012Validator(CODE_QUALITY).validate(document)
    return document


@pytest.mark.parametrize("text", HOSTILE)
def test_gitlab(text):
    (issue,) = gitlab(annotations(annotation(text)))
    assert issue["description"] == f"table {text}: is missing Create {text}."
    assert issue["location"] == {"path": PLACE.file, "lines": {"begin": 7}}


def test_gitlab_has_a_severity_for_each_of_ours():
    found = [annotation(severity=severity) for severity in ("error", "warning", "note")]
    severities = [issue["severity"] for issue in gitlab(annotations(*found))]
    assert severities == ["critical", "minor", "info"]


def test_gitlab_needs_a_place():
    (issue,) = gitlab(annotations(annotation(place=None)))
    assert issue["location"]["path"] == "pyproject.toml"
    assert gitlab(annotations()) == []


# SARIF. The rules of its schema that concern what is written.

_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
_URI = {"type": "string", "pattern": r"^[!-~]+$", "not": {"pattern": r"[<>\"{}|\\^`]"}}
SARIF = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "runs"],
    "properties": {
        "$schema": _URI,
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["tool", "results"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "additionalProperties": False,
                                            "required": ["id"],
                                            "properties": {
                                                "id": {"type": "string"},
                                                "shortDescription": _TEXT,
                                                "help": _TEXT,
                                                "helpUri": _URI,
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "invocations": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["executionSuccessful"],
                            "properties": {
                                "executionSuccessful": {"type": "boolean"},
                                "exitCode": {"type": "integer"},
                                "toolExecutionNotifications": {
                                    "type": "array",
                                    "items": {"type": "object", "required": ["message"]},
                                },
                            },
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["message", "ruleId", "locations", "partialFingerprints"],
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": _TEXT,
                                "partialFingerprints": {
                                    "type": "object",
                                    "additionalProperties": {"type": "string"},
                                },
                                "properties": {"type": "object"},
                                "locations": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {
                                        "type": "object",
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "required": ["artifactLocation", "region"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "type": "object",
                                                        "properties": {
                                                            "uri": _URI,
                                                            "uriBaseId": {"type": "string"},
                                                        },
                                                    },
                                                    "region": {
                                                        "type": "object",
                                                        "properties": {
                                                            "startLine": {
                                                                "type": "integer",
                                                                "minimum": 1,
                                                            }
                                                        },
                                                    },
                                                },
                                            }
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def sarif(found):
    document = json.loads(FORMATS["sarif"](found))
    Draft202012Validator(SARIF).validate(document)
    (run,) = document["runs"]
    return run


@pytest.mark.parametrize("text", HOSTILE)
def test_sarif(text):
    (result,) = sarif(annotations(annotation(text)))["results"]
    assert result["message"]["text"] == f"table {text}: is missing Create {text}."
    assert result["properties"]["id"] == f"table:{text}:exists"
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "models/a%2C%20b%3Ac%25.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 7},
    }


def test_sarif_has_the_rules_of_its_results():
    items = (
        annotation(), annotation(id="b"), annotation(id="c", code="lock-held", severity="warning"),
    )  # fmt: skip
    run = sarif(annotations(*items))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["lock-held", "table"]
    assert rules[0]["shortDescription"]["text"] == "A blocking lock is held during other work."
    assert rules[1]["help"]["markdown"] == "# table\n"
    assert rules[1]["helpUri"] == "https://example.org/page"
    for item, result in zip(items, run["results"], strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == item.code
        assert result["level"] == item.severity


def test_sarif_tells_a_test_of_the_suite_from_a_check_constraint():
    constraint, test = (
        Finding(
            id_, "check", object_, attribute, "different", None, None, "It differs", "Change it."
        )
        for id_, object_, attribute in (
            ("check:curves.ck_curves_days:exists", "curves.ck_curves_days", "exists"),
            (
                "check:test_a_batch_is_whole_or_not_there[curves]",
                "test_a_batch_is_whole_or_not_there[curves]",
                "call",
            ),
        )
    )
    rows = replace(test, id="rows:curves:upsert", kind="rows", object="curves")
    verdict = Verdict(EngineUsed("url", "server"), (constraint, test, rows))
    found = of_verdict(verdict, lambda _: PLACE)
    rules = sarif(Annotations(found, rules_of(found, page_or_nothing, lambda _: "")))
    told = {
        rule["id"]: (rule["help"]["text"].partition("\n")[0], rule["shortDescription"]["text"])
        for rule in rules["tool"]["driver"]["rules"]
    }
    assert told == {
        "check": ("# check", "Check: the database differs from what is declared."),
        "check:test_a_batch_is_whole_or_not_there": ("# Faults", "A check of the suite fails."),
        "rows": ("# Rows", "A check of the suite fails."),
    }


def test_sarif_without_an_address_has_no_link():
    item = annotation()
    found = Annotations((item,), rules_of([item], lambda _: "", lambda _: ""))
    (rule,) = sarif(found)["tool"]["driver"]["rules"]
    assert rule.keys() == {"id", "shortDescription"}


# All of them.


def test_a_fingerprint_stays_when_the_line_moves():
    moved = annotation(place=Place("models/other.py", 99))
    one, two, other = (
        sarif(annotations(item))["results"][0]["partialFingerprints"]
        for item in (annotation(), moved, annotation("other"))
    )
    assert one == two
    assert one.keys() == other.keys() == {"findingId/v1", "primaryLocationLineHash"}
    assert all(one[name] != other[name] for name in one)
    assert annotation().fingerprint != annotation(where="staging").fingerprint


def test_findings_of_one_id_have_fingerprints_of_their_own():
    """A revision may raise several warnings."""
    one = GateFinding("warning", "0002", "", "A.", "Do.", 2)
    report = GateReport(EngineUsed("x", "y"), findings=(one, replace(one, message="B.")))
    found = of_gate(report, lambda _: PLACE)
    assert len({item.fingerprint for item in found}) == 2
    (alone,) = of_gate(replace(report, findings=(one,)), lambda _: PLACE)
    assert alone.where == ""


def test_no_verdict_is_no_clean_report():
    """Zero findings would read as none found."""
    found = annotations(could_not_run="There is\nno server.", exit_code=2)
    (line,) = github_lines(found)
    assert read_command(line) == ("error", {"title": "could-not-run"}, "There is\nno server.")
    (issue,) = gitlab(found)
    assert (issue["check_name"], issue["severity"]) == ("could-not-run", "blocker")
    run = sarif(found)
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 2
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"] == "There is\nno server."
    assert "locations" not in notification


def test_why_there_is_no_verdict_stands_where_the_error_is():
    found = replace(annotations(could_not_run="No.", exit_code=2), place=PLACE)
    (line,) = github_lines(found)
    assert read_command(line)[1] == {"file": PLACE.file, "line": "7", "title": "could-not-run"}
    (issue,) = gitlab(found)
    assert issue["location"] == {"path": PLACE.file, "lines": {"begin": 7}}
    (notification,) = sarif(found)["invocations"][0]["toolExecutionNotifications"]
    (location,) = notification["locations"]
    assert location["physicalLocation"]["region"] == {"startLine": 7}


def test_what_does_not_count_is_not_annotated():
    warning = replace(INTERVAL, id="table:x:exists", severity="warning")
    verdict = Verdict(
        EngineUsed("url", "server"), (INTERVAL, warning),
        accepted=(Accepted(INTERVAL, "known"),), old=(INTERVAL,),
    )  # fmt: skip
    found = of_verdict(verdict, lambda _: PLACE)
    assert [(item.id, item.severity, item.place) for item in found] == [
        (INTERVAL.id, "error", PLACE), ("table:x:exists", "warning", PLACE),
    ]  # fmt: skip
    held = GateFinding("lock-held", "0002", "curves", "Held.", "Do.", 2)
    report = GateReport(EngineUsed("x", "y"), findings=(held, replace(held, accepted="small")))
    (item,) = of_gate(report, lambda _: None)
    assert (item.id, item.code, item.place) == ("lock-held:0002:curves", "lock-held", None)
