"""Reports show what a name contains; no terminal, browser or parser obeys it."""

from __future__ import annotations

import io
import json
from xml.etree import ElementTree

import pytest
from rich.text import Text

from conformance.comparing.findings import Finding
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.reports import json_report
from conformance.reports.annotations import gitlab, sarif
from conformance.reports.annotations.annotation import Annotations, of_verdict, rules_of
from conformance.reports.html import verdict as html
from conformance.reports.templates import cell, code
from conformance.reports.terminal import Terminal
from conformance.reports.verdict import console, junit, markdown

#: ESC and C1 sequences, bell, backspace, carriage return, bidi, zero width, half a surrogate pair.
OBEYED = "\x1b\x9b\x07\x08\r\x85\u202e\u2066\u200b\u2028\ufeff\udc80\x00"
HOSTILE = (
    f"a{OBEYED}b\n::error::it%0A|x|`y`![i](http://e.org)<script>&lt;</script>"
    "\"; DROP TABLE t; --']]>{{ 7*7 }}[bold red]"
)


@pytest.fixture(scope="module")
def verdict():
    parts = ("table", HOSTILE, "comment", "different", HOSTILE, HOSTILE)
    finding = Finding(f"table:{HOSTILE}:comment", *parts, HOSTILE, HOSTILE)
    return Verdict(EngineUsed("url", HOSTILE, "17.1", "2.20.0", "community"), (finding,), ())


def annotated(verdict):
    found = of_verdict(verdict, lambda _: None)
    return Annotations(found, rules_of(found, lambda _: "", lambda _: ""))


def printed(verdict):
    file = io.StringIO()
    console.show(verdict, Terminal(file=file, force_terminal=False, soft_wrap=True))
    return file.getvalue()


WRITERS = {
    "console": printed,
    "json": json_report.render,
    "markdown": markdown.render,
    "junit": lambda verdict: junit.render([("database", verdict)], 0.0),
    "html": html.render,
    "gitlab": lambda verdict: gitlab.render(annotated(verdict)),
    "sarif": lambda verdict: sarif.render(annotated(verdict)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_is_obeyed(verdict, name):
    text = WRITERS[name](verdict)
    assert not set(text) & set(OBEYED)
    text.encode()


def test_json_keeps_the_name(verdict):
    assert json.loads(json_report.render(verdict))["findings"][0]["expected"] == HOSTILE


def test_xml_is_well_formed(verdict):
    ElementTree.fromstring(junit.render([("database", verdict)], 0.0))


def test_html_has_no_element_of_a_name(verdict):
    page = html.render(verdict)
    assert "<script>&" not in page
    assert "{{ 7*7 }}" in page


def test_markdown_has_no_cell_link_or_element_of_a_name():
    assert cell("|[a](b)<i>&lt;`~") == "\\|\\[a\\](b)\\<i\\>\\&lt;\\`\\~"
    assert "`" not in code(HOSTILE)
    assert "\n" not in cell(HOSTILE) + code(HOSTILE)


def test_colours_are_the_terminals_own():
    file = io.StringIO()
    Terminal(file=file, force_terminal=True, color_system="standard").print(
        Text("\x1b[2Jname", style="red")
    )
    assert file.getvalue() == "\x1b[31m\\x1b[2Jname\x1b[0m\n"
