"""The reports say once how many findings `fix` mends, and for how many `inspect` prints code."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from conformance.comparing.findings import Finding
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.mending.report import FixReport, Unmended
from conformance.reports import fix
from conformance.reports.html import verdict as html
from conformance.reports.verdict import console, markdown

ENGINE = EngineUsed("url", "database desk at db:5432")
FINDING = Finding("t:a:b", "t", "a", "b", "missing", 1, None, "It is missing.", "Make it.")


def on_the_console(verdict):
    written = io.StringIO()
    console.show(verdict, Console(file=written, width=100))
    return written.getvalue()


@pytest.mark.parametrize("render", [on_the_console, markdown.render, html.render])
@pytest.mark.parametrize(
    ("mendable", "words"),
    [
        ([True, True, False], "writes a revision that mends 2 of these 3 findings."),
        ([True, True], "writes a revision that mends these 2 findings."),
        ([True], "writes a revision that mends this finding."),
        ([False, False], None),
    ],
)
def test_what_fix_mends(render, mendable, words):
    findings = [
        replace(FINDING, id=f"t:a:{number}", mendable=value)
        for number, value in enumerate(mendable)
    ]
    text = render(Verdict(ENGINE, tuple(findings)))
    assert text.count("writes a revision") == (words is not None)
    assert words is None or words in text


UNDECLARED = replace(FINDING, attribute="exists", disagreement="unexpected", mendable=True)


@pytest.mark.parametrize("render", [on_the_console, markdown.render, html.render])
@pytest.mark.parametrize(
    ("findings", "against", "words"),
    [
        ((UNDECLARED, replace(FINDING, id="t:c:d")), "", "1 of these 2 findings."),
        ((UNDECLARED,), "", "this finding."),
        ((FINDING, replace(UNDECLARED, kind="catalog")), "", None),
        ((UNDECLARED,), "database other at db:5432", None),
    ],
)
def test_what_inspect_prints(render, findings, against, words):
    text = re.sub(r"</?code>|`", "", render(Verdict(ENGINE, findings, against=against)))
    assert text.count("If the database is right, ") == (words is not None)
    assert text.count("If the models are right, ") == (words is not None)
    assert words is None or f"conformance inspect URL prints the declarations for {words}" in text


@pytest.mark.parametrize("render", [on_the_console, markdown.render, html.render])
def test_what_fix_mends_without_migrations(render):
    text = render(Verdict(ENGINE, (replace(FINDING, mendable=True),), migrated=False))
    assert "conformance fix URL --sql" in text
    assert "prints the SQL that mends this finding." in text
    assert "writes a revision" not in text


def test_fix_says_a_reason_once():
    report = FixReport(
        "database desk at db:5432",
        unmended=(Unmended("a", "why"), Unmended("b", "another"), Unmended("c", "why")),
        why_no_gate="no statement mends anything",
    )
    written = io.StringIO()
    fix.show(report, Console(file=written, width=100))
    shown = [line.strip() for line in written.getvalue().splitlines()]
    assert shown[shown.index("not mended   3:") + 1 :][:5] == ["a", "c", "why", "b", "another"]
