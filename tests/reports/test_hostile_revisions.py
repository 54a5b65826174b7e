"""Ids, files, titles and labels of revisions, and every other text of a report, are only shown."""

from __future__ import annotations

import io
import re
from dataclasses import fields, is_dataclass, replace
from xml.etree import ElementTree

import pytest

from conformance.mending.report import FixReport, Unmended
from conformance.reports import fix, json_report
from conformance.reports.annotations import FORMATS
from conformance.reports.annotations.annotation import Annotations, of_gate, rules_of
from conformance.reports.gate import console as gate_console
from conformance.reports.gate import junit as gate_junit
from conformance.reports.gate import markdown as gate_markdown
from conformance.reports.html import gate as gate_page
from conformance.reports.html import upgrade as upgrade_page
from conformance.reports.terminal import Terminal
from conformance.reports.upgrade import console as upgrade_console
from conformance.reports.upgrade import junit as upgrade_junit
from conformance.reports.upgrade import markdown as upgrade_markdown

from .samples import GATE, UPGRADE

OBEYED = "\x1b\x9b\x07\x08\r\x85\u202e\u2066\u200b\u2028\ufeff\udc80\x00"
HOSTILE = f"\x1b[2J{OBEYED}\n::error::x%0A|`<script>x</script>[/no][bold]{{{{ 7*7 }}}} %s {{0}} ]]>"
#: Fields with words of the program, of which a report has a fixed number.
WORDS = {"severity", "mode", "code", "kind", "disagreement", "verdict", "edition", "change", "name"}


def spoiled(value, name=""):
    """The report with the hostile text at the end of each text of others."""
    if isinstance(value, str):
        return value if name in WORDS else f"{value}{HOSTILE}"
    if isinstance(value, tuple):
        return tuple(spoiled(item, name) for item in value)
    if is_dataclass(value):
        given = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        return replace(value, **{key: spoiled(item, key) for key, item in given.items()})
    return value


def printed(show, report):
    file = io.StringIO()
    show(report, Terminal(file=file, force_terminal=False, soft_wrap=True))
    return file.getvalue()


def annotated(form):
    def render(report):
        found = of_gate(report, lambda _: None)
        return FORMATS[form](Annotations(found, rules_of(found, lambda _: "", lambda _: "")))

    return render


FIX = FixReport(
    "db", ("a",), (Unmended("b", "c"),), ("d",), (Unmended("e", "f"),), "g", why_no_gate="h"
)
WRITERS = {
    "gate console": (GATE, lambda report: printed(gate_console.show, report)),
    "gate markdown": (GATE, gate_markdown.render),
    "gate junit": (GATE, gate_junit.render),
    "gate html": (GATE, gate_page.render),
    "gate json": (GATE, json_report.render),
    "gate github": (GATE, annotated("github")),
    "gate gitlab": (GATE, annotated("gitlab")),
    "gate sarif": (GATE, annotated("sarif")),
    "upgrade console": (UPGRADE, lambda report: printed(upgrade_console.show, report)),
    "upgrade markdown": (UPGRADE, upgrade_markdown.render),
    "upgrade junit": (UPGRADE, upgrade_junit.render),
    "upgrade html": (UPGRADE, upgrade_page.render),
    "upgrade json": (UPGRADE, json_report.render),
    "fix console": (FIX, lambda report: printed(fix.show, report)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_is_obeyed(name):
    report, render = WRITERS[name]
    text = render(spoiled(report))
    assert not set(text) & set(OBEYED)
    if "html" in name:
        assert "<script>x" not in text
        assert "7*7" in text
    if "junit" in name:
        ElementTree.fromstring(text)
    if "github" in name:
        assert all(line.startswith("::") for line in text.splitlines())
        assert not any(line.startswith("::error::x") for line in text.splitlines())
    if "markdown" in name:
        assert "<script>x" not in re.sub(r"\\`|`[^`\n]*`", "", text)
