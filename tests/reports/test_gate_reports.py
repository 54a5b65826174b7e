"""The gate's reports as Markdown, JUnit XML and JSON: complete, well-formed, of bearable size."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from conformance.comparing.findings import NotChecked
from conformance.comparing.verdict import EngineUsed
from conformance.gate.evidence.report import (
    AffectedTable,
    GateFinding,
    GateReport,
    Lock,
    Notice,
    RevisionReport,
    RowWork,
    Statement,
)
from conformance.reports.files import write_gate
from conformance.reports.gate import console as gate_console
from conformance.reports.gate import junit as gate_junit
from conformance.reports.gate import markdown as gate_markdown

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs/gate.schema.json").read_text(encoding="utf-8"))

ENGINE = EngineUsed("container", "image:1", "17.5", "2.29.2", "community")
ADD = Statement(
    2,
    "ALTER TABLE market_data\n    ADD COLUMN vwap double precision",
    0.004,
    transaction=1,
    lock_timeout="5s",
    locks=(
        Lock("market_data", existed=True, chunks=5, mode="ACCESS EXCLUSIVE"),
        Lock("instruments", existed=True, mode="ACCESS SHARE"),
    ),
    held_seconds=1.5,
)
FILL = Statement(
    3,
    "UPDATE market_data SET vwap = 1 WHERE source = 'a|b`c'",
    1.25,
    transaction=1,
    locks=(Lock("market_data", existed=True, itself=False, chunks=4, mode="ROW EXCLUSIVE"),),
    rows=(RowWork("market_data", existed=True, chunks=5, read=40, written=1),),
    rewrites=(AffectedTable("market_data", existed=True, chunks=5),),
    notices=(Notice("WARNING", "beware of *this*"),),
)
VERSION = Statement(4, "UPDATE alembic_version SET version_num = '0002'", 0.001, by_alembic=True)
HELD = GateFinding(
    "lock-held", "0002", "market_data", "ACCESS EXCLUSIVE is held.", "Commit between.", 2
)
SCAN = GateFinding("lock-scan", "0002", "curves", "Rows are read.", "Wait for the night.", 3)
ACCEPTED = replace(SCAN, subject="signals", accepted="the table is small")
REVISION = RevisionReport(
    "0002", "Fill a column", "versions/0002_fill.py", (ADD, FILL, VERSION), ("Facts are declared.",)
)
FAILING = GateReport(
    ENGINE,
    "main",
    "0001",
    (REVISION,),
    (HELD, SCAN, ACCEPTED),
    (NotChecked("interruption", "the engine has one session"),),
    seconds=12.3,
)
PASSING = replace(FAILING, findings=(SCAN,))
STOPPED = GateReport(ENGINE, could_not_run="There is no engine | here.")


def test_markdown_begins_with_the_verdict_and_the_findings():
    text = gate_markdown.render(FAILING)
    lines = text.splitlines()
    assert lines[0] == "## ❌ Migration gate: fails"
    assert "1 error, 1 warning, 0 notes, 1 accepted, 1 not checked." in lines[2]
    assert text.index("### Findings") < text.index("### Accepted") < text.index("### 0002")
    assert "`lock-held`<br>0002, statement 2: market\\_data" in text
    assert "the table is small" in text
    assert gate_markdown.render(PASSING).startswith("## ✅ Migration gate: passes\n")
    assert "There is no engine \\| here." in gate_markdown.render(STOPPED)


def test_markdown_shows_the_statements_with_their_locks():
    text = gate_markdown.render(FAILING)
    (add,) = (line for line in text.splitlines() if line.startswith("| 2 |"))
    assert add == (
        "| 2 | `ALTER TABLE market_data ADD COLUMN vwap double precision` | 4 ms |"
        " ACCESS EXCLUSIVE: market\\_data and 5 chunks | 1.5 s |  |"
    )
    (fill,) = (line for line in text.splitlines() if line.startswith("| 3 |"))
    assert "`UPDATE market_data SET vwap = 1 WHERE source = 'a\\|b'c'`" in fill
    assert "ROW EXCLUSIVE: 4 chunks of market\\_data" in fill
    assert "rewrites market\\_data and 5 chunks<br>reads 40 rows of" in fill
    assert "writes 1 row of market\\_data and 5 chunks<br>WARNING: beware of \\*this\\*" in fill
    assert "alembic_version" not in text
    assert "\n1 statement is Alembic's own.\n" in text


def test_every_table_row_has_as_many_cells_as_its_header():
    lines = gate_markdown.render(FAILING).splitlines()
    for number, line in enumerate(lines):
        if re.fullmatch(r"\|( :?-+:? \|)+", line):
            cells = cell_count(line)
            assert cell_count(lines[number - 1]) == cells
            for row in lines[number + 1 :]:
                if not row.startswith("|"):
                    break
                assert cell_count(row) == cells, row


def cell_count(line):
    return len(re.findall(r"(?<!\\)\|", line))


def test_the_diagram_shows_what_is_touched_and_how():
    text = gate_markdown.render(FAILING)
    diagram = text.split("```mermaid\n")[1].split("```")[0]
    assert diagram.startswith("flowchart LR\n")
    assert '["0002: Fill a column"]' in diagram
    assert "ACCESS EXCLUSIVE<br>5 chunks<br>rewritten<br>1 row written" in diagram
    assert "linkStyle 0 stroke:#cf222e" in diagram
    assert "instruments" not in diagram


def test_the_diagram_cannot_be_broken_out_of():
    revision = replace(REVISION, title='A "title" with <b> and #1;')
    text = gate_markdown.render(replace(FAILING, revisions=(revision,)))
    assert '(["0002: A #quot;title#quot; with #lt;b#gt; and #35;1;"])' in text


def test_new_tables_are_told_from_old_ones():
    new = Statement(1, "CREATE TABLE t ()", 0.1, locks=(Lock("t", False, mode="ACCESS EXCLUSIVE"),))
    revision = replace(REVISION, statements=(new,))
    text = gate_markdown.render(replace(FAILING, revisions=(revision,)))
    assert "ACCESS EXCLUSIVE: t (new)" in text
    assert '[("t")]:::new' in text
    assert "linkStyle" not in text


def test_pages_can_be_put_elsewhere():
    squawk = replace(SCAN, code="squawk:ban-drop-column")
    text = gate_markdown.render(replace(FAILING, findings=(HELD, squawk)), "https://example.com/b/")
    assert "[`lock-held`](https://example.com/b/conformance/pages/lock-held.md)" in text
    assert "(https://squawkhq.com/docs/ban-drop-column)" in text


def test_a_long_report_still_fits_a_comment():
    findings = tuple(replace(HELD, subject=f"t{n}", message="x" * 900) for n in range(300))
    statements = tuple(replace(ADD, number=n, sql="y" * 5000) for n in range(1, 400))
    revision = replace(REVISION, statements=statements)
    text = gate_markdown.render(replace(FAILING, findings=findings, revisions=(revision,)))
    assert len(text) < 65_536
    assert "more; the JSON report lists them all" in text
    assert "more statements; the JSON report has them" in text


def test_junit_has_a_case_for_every_check_and_every_finding():
    root = ElementTree.fromstring(gate_junit.render(FAILING))
    cases = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert cases == {
        "Facts are declared.": [],
        "lock-held:0002:market_data": ["failure"],
        "lock-scan:0002:curves": ["system-out"],
        "lock-scan:0002:signals": ["skipped"],
        "interruption": ["skipped"],
    }
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("5", "1", "0")
    assert root.get("skipped") == "2"
    assert [suite.get("name") for suite in root] == ["0002", "gate"]


def test_junit_says_why_the_gate_could_not_run():
    root = ElementTree.fromstring(gate_junit.render(STOPPED))
    (error,) = root.iter("error")
    assert error.get("message") == "There is no engine | here."
    assert root.get("errors") == "1"


def test_junit_is_well_formed_whatever_is_said():
    nasty = replace(HELD, message="\x00\x1b]0;<&\ud800", subject="a\x08b", hint="]]>\ufffe")
    text = gate_junit.render(replace(FAILING, findings=(nasty,)))
    (failure,) = ElementTree.fromstring(text.encode()).iter("failure")
    assert failure.text == "]]>\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("report", [FAILING, PASSING, STOPPED], ids=lambda report: report.verdict)
def test_json_keeps_to_its_schema(report):
    Draft202012Validator.check_schema(SCHEMA)
    data = json.loads(json.dumps(report.as_data()))
    Draft202012Validator(SCHEMA).validate(data)


def test_the_schema_refuses_what_it_does_not_describe():
    validator = Draft202012Validator(SCHEMA)
    data = json.loads(json.dumps(FAILING.as_data()))
    data["revisions"][0]["statements"][0]["surprise"] = 1
    assert [error.validator for error in validator.iter_errors(data)] == ["additionalProperties"]
    del data["revisions"][0]["statements"][0]["surprise"], data["findings"][0]["code"]
    assert [error.validator for error in validator.iter_errors(data)] == ["required"]


def test_the_schema_describes_every_key():
    def undescribed(schema, path):
        for name, part in schema.get("properties", {}).items():
            if "description" not in part:
                yield f"{path}.{name}"
            yield from undescribed(part, f"{path}.{name}")
            yield from undescribed(part.get("items", {}), f"{path}.{name}[]")

    assert list(undescribed(SCHEMA, "")) == []


def test_all_are_written(tmp_path):
    write_gate(FAILING, tmp_path / "new", {})
    written = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "new").iterdir()}
    assert set(written) == {"gate.json", "gate.md", "gate.junit.xml", "gate.html"}
    assert json.loads(written["gate.json"])["verdict"] == "fails"
    assert "| `lock-held`<br>" in written["gate.md"]


def test_in_a_workflow_links_are_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    environment = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "desk/schema",
        "GITHUB_SHA": "abc",
    }
    page = "https://github.com/desk/schema/blob/{}/conformance/pages/lock-held.md"
    write_gate(FAILING, tmp_path, environment)
    assert page.format("abc") in (tmp_path / "gate.md").read_text(encoding="utf-8")
    write_gate(FAILING, tmp_path, {**environment, "GITHUB_BASE_REF": "main"})
    assert page.format("main") in (tmp_path / "gate.md").read_text(encoding="utf-8")
    # Another project's repository has no pages of ours.
    monkeypatch.chdir(tmp_path)
    write_gate(FAILING, tmp_path, environment)
    assert "github.com" not in (tmp_path / "gate.md").read_text(encoding="utf-8")


def inherited(count, **changes):
    return tuple(
        replace(
            GateFinding("inherited-drift", "0001", f"column:t.c{n}:exists", f"c{n} is.", "Later."),
            **changes,
        )
        for n in range(count)
    )


def shown(*findings):
    file = io.StringIO()
    gate_console.show(replace(FAILING, findings=findings), Console(file=file, width=300))
    return file.getvalue()


def test_the_console_shows_inherited_differences_as_one():
    text = shown(HELD, *inherited(8))
    assert (
        "i inherited-drift 0001: 8 differences were there before the new revisions: "
        + ", ".join(f"column:t.c{n}:exists" for n in range(6))
        + " and 2 more\n"
    ) in text
    assert text.count("inherited-drift 0001") == text.count("  Later.\n") == 1
    assert "8 notes" in text
    whole = replace(FAILING, findings=inherited(8))
    assert gate_markdown.render(whole).count("`inherited-drift`<br>") == 8
    assert len(whole.as_data()["findings"]) == 8


def test_one_inherited_difference_is_told_in_its_own_words():
    assert "i inherited-drift 0001: c0 is.\n" in shown(*inherited(1))


def test_inherited_differences_that_count_are_shown_one_by_one():
    text = shown(*inherited(2, severity="error"), *inherited(2, accepted="so be it"))
    assert text.count("✗ inherited-drift 0001: ") == 2
    assert text.count("✓ inherited-drift 0001: ") == 2


def test_differences_with_other_hints_are_shown_apart():
    text = shown(*inherited(2), *inherited(3, hint="Now."))
    assert re.findall(r"0001: (\d) differences", text) == ["2", "3"]
