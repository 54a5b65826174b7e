"""The reports of several databases, and metrics: no name breaks a format."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as read_prometheus
from referencing import Registry, Resource
from rich.console import Console

from conformance.comparing.audits import Audited, Audits
from conformance.comparing.findings import Accepted, Finding, NotChecked
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.process.visible import visible
from conformance.reports import json_report
from conformance.reports.annotations.annotation import of_audits, rules_of
from conformance.reports.audits import console as audits_console
from conformance.reports.audits import markdown, metrics
from conformance.reports.files import write_audit
from conformance.reports.verdict import junit

HOSTILE = (
    "two\nlines", "a\r\n::error::x", "100%0A", "<script>alert(1)</script>", "a|b", 'q"\\uote',
    "# EOF", "\x00\x1b\u2028",
)  # fmt: skip
DOCS = Path(__file__).parents[2] / "docs"
ENGINE = EngineUsed("url", "server", "17.5", "2.23.0", "community")


def finding(name="spread", severity="error"):
    return Finding(
        f"column:curves.{name}:exists", "column", f"curves.{name}", "exists", "unexpected", None,
        True, f"column curves.{name}: is there", f"Declare {name}.", severity,
    )  # fmt: skip


def audits(name="desk", text="spread"):
    differs = Verdict(
        ENGINE,
        (finding(text), finding("note", "warning")),
        (NotChecked(f"policy:{text}:exists", "the server has none"),),
        accepted=(Accepted(finding("bid"), "known"),),
        old=(finding("ask"),),
        by_kind={"table": 3, "column": 9},
        seconds=1.5,
    )
    newer = replace(ENGINE, note="The server is newer than any seen.")
    conforms = Verdict(newer, by_kind={"table": 3}, seconds=0.25)
    stopped = Verdict(EngineUsed("url", "server"), could_not_run=f"Nothing listens at {text}.")
    return Audits(
        (Audited("first", conforms), Audited(name, differs), Audited("gone", stopped)),
        seconds=2.0,
    )


def shown(found, reports=None):
    file = io.StringIO()
    audits_console.show(found, Console(file=file, width=80, soft_wrap=True), reports)
    return file.getvalue()


def test_console():
    assert shown(audits(), "build") == (
        "✗ column curves.spread: is there\n"
        "  Declare spread.\n"
        "  in desk\n"
        "  column:curves.spread:exists\n"
        "\n"
        "! column curves.note: is there\n"
        "  Declare note.\n"
        "  in desk\n"
        "  column:curves.note:exists\n"
        "\n"
        "  database  TimescaleDB  verdict        findings  accepted  not checked  seconds\n"
        "  first     2.23.0       conforms              0         0            0      0.2\n"
        "      The server is newer than any seen.\n"
        "  desk      2.23.0       differs               2         2            1      1.5\n"
        "  gone                   could not run                                       0.0\n"
        "      Nothing listens at spread.\n"
        "\n"
        "  audited      1 conforms, 1 differs, 1 could not run in 2.0 s\n"
        "  reports      build\n"
        "Audit: could not run\n"
    )


def test_console_shows_a_screen():
    many = Verdict(ENGINE, tuple(finding(f"c{n}") for n in range(20)))
    names = [f"d{n}" for n in range(9)]
    found = Audits((*(Audited(name, many) for name in names), Audited("x", Verdict(ENGINE))))
    assert "…and 5 more findings: the reports in build have them.\n" in shown(found, "build")
    text = shown(found)
    assert "…and 5 more findings: --reports FOLDER writes them all.\n" in text
    assert "  in d0, d1, d2, d3, d4, d5 and 3 more\n" in text
    assert "  in all 9 databases\n" in shown(Audits(tuple(Audited(name, many) for name in names)))


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown(text):
    lines = markdown.render(audits(text, text)).splitlines()
    assert lines[0] == "## ⚠️ A database could not be checked"
    tables = [n for n, line in enumerate(lines) if line.startswith("| ---")]
    assert len(tables) == 2
    for number in tables:
        cells = len(re.findall(r"(?<!\\)\|", lines[number]))
        assert len(re.findall(r"(?<!\\)\|", lines[number - 1])) == cells
        for row in lines[number + 1 :]:
            if not row.startswith("|"):
                break
            assert len(re.findall(r"(?<!\\)\|", row)) == cells, row
    assert "<script>" not in "".join(re.sub("`[^`]*`", "", line) for line in lines)


@pytest.mark.parametrize("text", HOSTILE)
def test_junit(text):
    found = audits(text, text)
    root = ElementTree.fromstring(
        junit.render([(item.name, item.verdict) for item in found.databases], 2.0)
    )
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "9", "failures": "1", "errors": "1", "skipped": "3",
    }  # fmt: skip
    first, differs, gone = root
    assert [case.get("name") for case in first] == ["facts of kind table"]
    assert len(differs) == 7
    assert differs.get("time") == "1.500"
    (failure,) = differs.iter("failure")
    assert failure.get("type") == "column"
    (output,) = differs.iter("system-out")
    assert output.text.startswith("warning: column curves.note: is there")
    assert [skip.get("message") for skip in differs.iter("skipped")] == [
        "column curves.bid: is there Accepted: known",
        "column curves.ask: is there Accepted: The baseline has it.",
        "the server has none",
    ]
    (error,) = gone.iter("error")
    assert error.get("message").startswith("Nothing listens at")


def rendered(name="desk"):
    found = audits(name)
    return metrics.render([(item.name, item.verdict) for item in found.databases], 1795902627.5)


def samples(families):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("read", [text_string_to_metric_families, read_prometheus])
def test_metrics(read, text):
    """node_exporter reads Prometheus' own format, others OpenMetrics."""
    found = samples(read(rendered(text)))
    name = ("database", visible(text))
    assert found["conformance_verdict", name] == 1
    assert found["conformance_verdict", ("database", "gone")] == 2
    assert found["conformance_verdict", ("database", "first")] == 0
    assert found["conformance_findings", name, ("severity", "error")] == 1
    assert found["conformance_findings", name, ("severity", "warning")] == 1
    assert found["conformance_accepted_findings", name] == 2
    assert found["conformance_not_checked", name] == 1
    assert found["conformance_duration_seconds", name] == 1.5
    assert found["conformance_timestamp_seconds", name] == 1795902627.5
    # Without a verdict the number of findings is unknown.
    assert ("conformance_findings", ("database", "gone"), ("severity", "error")) not in found
    assert len(found) == 3 * 3 + 2 * 4


def test_metrics_are_described_and_end():
    text = rendered()
    assert text.endswith("\n# EOF\n")
    assert text.count("# EOF") == 1
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation.endswith(".")
        assert family.unit == ("seconds" if family.name.endswith("_seconds") else "")


def test_files(tmp_path):
    write_audit(audits(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "audit.html", "audit.json", "audit.junit.xml", "audit.md",
    ]  # fmt: skip
    document = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert [item["name"] for item in document["databases"]] == ["first", "desk", "gone"]
    write_audit(replace(audits().databases[1].verdict, seconds=0.0), tmp_path)
    assert "### 2 findings" in (tmp_path / "audit.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))["verdict"] == "differs"


def test_annotations_of_several_databases():
    found = of_audits(audits(), lambda _: None)
    assert [(item.id, item.message) for item in found] == [
        ("column:curves.spread:exists", "column curves.spread: is there (in desk)."),
        ("column:curves.note:exists", "column curves.note: is there (in desk)."),
        ("could-not-run:gone", "gone: Nothing listens at spread."),
    ]
    assert rules_of(found, lambda _: "", lambda _: "")["could-not-run"].title == (
        "There is no verdict."
    )
    other = replace(finding(), message="other words")
    both = Audits((Audited("a", Verdict(ENGINE, (finding(), other))),))
    assert len({item.fingerprint for item in of_audits(both, lambda _: None)}) == 2
    none = replace(audits(), could_not_run="No models.")
    assert len(of_audits(none, lambda _: None)) == 2


def schema_of_audits():
    """The schema, which refers to that of a verdict beside it."""
    one, several = (
        json.loads((DOCS / name).read_text("utf-8"))
        for name in ("verdict.schema.json", "audits.schema.json")
    )
    Draft202012Validator.check_schema(several)
    registry = Registry().with_resource("verdict.schema.json", Resource.from_contents(one))
    return Draft202012Validator(several, registry=registry)


@pytest.mark.parametrize(
    "found",
    [audits(), Audits(()), Audits((), could_not_run="No file.")],
    ids=["several", "none", "could not run"],
)
def test_the_schema_describes_the_audits(found):
    schema_of_audits().validate(json.loads(json_report.render(found)))


@pytest.mark.parametrize("part", ["name", "findings", "counts"])
def test_the_schema_needs_every_part_of_a_database(part):
    data = json.loads(json_report.render(audits()))
    del data["databases"][1][part]
    assert not schema_of_audits().is_valid(data)


def test_the_schema_knows_every_key_of_the_audits():
    data = json.loads(json_report.render(audits()))
    assert not schema_of_audits().is_valid({**data, "unknown": 1})
    data["databases"][0]["unknown"] = 1
    assert not schema_of_audits().is_valid(data)
