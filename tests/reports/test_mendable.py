"""The reports say once how many findings `conformance fix` mends."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from conformance.comparing.findings import Finding
from conformance.comparing.verdict import EngineUsed, Verdict
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
