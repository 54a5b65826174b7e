"""Reports show what a name contains; no terminal, browser or parser obeys it."""

from __future__ import annotations

import ast
import io
import json
import re
import warnings
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.text import Text

import conformance
from conformance.comparing.findings import Finding
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.process.printing import say, show_warnings, without_commands
from conformance.reports import json_report
from conformance.reports.annotations import github, gitlab, sarif
from conformance.reports.annotations.annotation import Annotations, of_verdict, rules_of
from conformance.reports.audits import metrics
from conformance.reports.html import verdict as html
from conformance.reports.templates import cell, code
from conformance.reports.terminal import Terminal, steps
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
    "github": lambda verdict: github.render(annotated(verdict)),
    "metrics": lambda verdict: metrics.render([(HOSTILE, verdict)], 0.0),
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


def test_markdown_mentions_nobody_of_a_name():
    """A comment between the sign and the name shows nothing, and is not copied."""
    assert cell("table @team: a@b") == "table @<!-- -->team: a@<!-- -->b"


def test_colours_are_the_terminals_own():
    file = io.StringIO()
    Terminal(file=file, force_terminal=True, color_system="standard").print(
        Text("\x1b[2Jname", style="red")
    )
    assert file.getvalue() == "\x1b[31m\\x1b[2Jname\x1b[0m\n"


def test_metrics_have_one_label_of_a_name(verdict):
    lines = metrics.render([(HOSTILE, verdict)], 0.0).splitlines()
    sample = re.compile(r'\w+\{database="(?:[^"\\\n]|\\[\\"n])*"(,severity="\w+")?\} [\d.e+-]+')
    assert all(line.startswith("#") or sample.fullmatch(line) for line in lines)


def test_github_has_one_command_of_a_name(verdict):
    lines = github.render(annotated(verdict)).splitlines()
    # Its property ends at the second `::`, and with it what the runner reads before the message.
    assert [line.split("::", 2)[1].count(":") for line in lines] == [0]
    assert [line.partition(" ")[0] for line in lines] == ["::error"]


def test_a_name_in_a_sentence_of_the_program(capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    say(f"conformance: {HOSTILE}")
    printed = capsys.readouterr().err
    assert not set(printed) & set(OBEYED)
    assert "\n::error" not in printed


def test_a_name_in_a_step(capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with steps("starting") as (progress, ended):
        progress(f"{HOSTILE}[/no-markup]")
        ended()
    Terminal(stderr=True).print(Text(f"x\n::error::{HOSTILE}"))
    printed = capsys.readouterr().err
    assert "\\x1b" in printed
    # Those of the terminal are the program's own.
    assert not set(printed) & set(OBEYED) - {"\x1b", "\r"}
    assert "\n::error" not in printed


def test_a_line_of_the_runner_ends_at_a_carriage_return_too():
    stream = io.StringIO()
    without_commands(stream, {"GITHUB_ACTIONS": "true"}).write("x\r::error::y\r\n##[error]z")
    assert stream.getvalue().splitlines() == ["x", ": :error::y", "", "# #[error]z"]


def test_a_name_in_a_warning(monkeypatch):
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    show_warnings()
    text = warnings.formatwarning(HOSTILE, UserWarning, "models.py", 1)
    assert not set(text) & set(OBEYED)


def test_nothing_prints_in_another_way():
    """Each command prints through `Terminal` or `say`; code and JSON have escapes of their own."""
    package = Path(conformance.__file__).parent
    allowed = {"reports/terminal.py": "Console", "process/printing.py": "click.echo"}
    found = set()
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in ("Console", "click.secho", "sys.stdout.write") or called == "click.echo":
                name = str(file.relative_to(package))
                literal = isinstance(node.args[0] if node.args else None, ast.Constant)
                if allowed.get(name) != called and not literal:
                    found.add(f"{name}: {ast.unparse(node)[:40]}")
    assert found == {
        # Python and JSON, SQL and Markdown, which have escapes of their own.
        "commands/carrying_out.py: click.echo(printed, nl=False)",
        "commands/explain.py: click.echo(page, nl=False)",
        "commands/fix.py: click.echo(visible(report.text) if strea",
        "commands/inspect.py: click.echo(code, nl=False)",
    }
