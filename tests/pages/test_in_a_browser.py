"""The pages in Chromium: no error, no request, nothing beyond the window; light and dark."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.comparing.picture import picture_of
from conformance.reports.html import audits, gate, upgrade, verdict
from tests.reports.samples import GATE, UPGRADE
from tests.reports.test_pages import (
    AUDITS,
    CONFORMING,
    DIFFERING,
    HOSTILE,
    STOPPED,
    facts,
    hostile_finding,
)

from . import browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser.why_no_browser() is not None, reason=str(browser.why_no_browser())),
]

#: A phone and a desktop, in CSS pixels.
WIDTHS = (360, 1280)
HOSTILE_VERDICT = replace(
    DIFFERING,
    findings=(hostile_finding(), replace(hostile_finding(), object="x" * 300)),
    schema=picture_of({}, {**facts(HOSTILE, HOSTILE), **facts("x" * 300)}),
)
PAGES = {
    "conforms": lambda: verdict.render(CONFORMING),
    "differs": lambda: verdict.render(DIFFERING),
    "could not run": lambda: verdict.render(STOPPED),
    "hostile": lambda: verdict.render(HOSTILE_VERDICT),
    "audits": lambda: audits.render(AUDITS),
    "gate": lambda: gate.render(GATE),
    "upgrade": lambda: upgrade.render(UPGRADE),
}


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with browser.started(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def written(folder, text):
    path = folder / "page.html"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("make", PAGES.values(), ids=list(PAGES))
@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_in_a_browser(chromium, tmp_path, make, width):
    page = written(tmp_path, make())
    shots = []
    for dark in (False, True):
        opened = chromium.open(page, width=width, dark=dark)
        assert opened.errors == []
        assert opened.requests == []
        assert chromium.run("return document.documentElement.scrollWidth") <= width
        shots.append(opened.screenshot)
    assert all(shot.startswith(b"\x89PNG") for shot in shots)
    assert shots[0] != shots[1]


def test_the_browser_would_tell(chromium, tmp_path):
    """The proof: a page with a request, an error, and something that is too wide."""
    bad = written(
        tmp_path,
        "<meta name=viewport content='width=device-width'><img src=missing.png>"
        "<script>nothing.there()</script><div style='width: 3000px'>x</div>",
    )
    opened = chromium.open(bad, width=360)
    assert [url.rpartition("/")[2] for url in opened.requests] == ["missing.png"]
    assert any("nothing is not defined" in error for error in opened.errors)
    assert chromium.run("return document.documentElement.scrollWidth") > 360


def test_injected_code_does_not_run(chromium, tmp_path):
    """Even if escaping failed: the policy of the page allows its own script alone."""
    page = written(
        tmp_path,
        verdict.render(CONFORMING).replace(
            "<footer>", "<script>document.title = 'run'</script><img src=missing.png><footer>"
        ),
    )
    opened = chromium.open(page, width=1280)
    assert chromium.run("return document.title") == "The schema conforms"
    assert len([error for error in opened.errors if "Content Security Policy" in error]) == 2


SHOWN = "return [...document.querySelectorAll('[data-severity]:not([data-hidden])')].length"


def test_findings_are_filtered(chromium, tmp_path):
    chromium.open(written(tmp_path, verdict.render(DIFFERING)), width=1280)
    assert chromium.run(SHOWN) == 4
    assert chromium.run("return document.querySelector('.filter output').textContent") == (
        "4 of 4 shown"
    )
    script = (
        "const form = document.querySelector('.filter');"
        "form.elements.words.value = arguments[0]; form.dispatchEvent(new Event('input'));"
    )
    for words, number in (("INTERVAL 7", 1), ("readings", 3), ("nowhere", 0), ("", 4)):
        chromium.run(script.replace("arguments[0]", repr(words)))
        assert chromium.run(SHOWN) == number
    chromium.run("document.querySelector('[value=error]').click()")
    assert chromium.run(SHOWN) == 1
    groups = "return [...document.querySelectorAll('.group:not([data-hidden])')].length"
    assert chromium.run(groups) == 1


def test_a_link_opens_the_page_of_a_finding(chromium, tmp_path):
    chromium.open(written(tmp_path, verdict.render(DIFFERING)), width=1280)
    target = "document.querySelector('.finding .more a').hash.slice(1)"
    assert chromium.run(f"return document.getElementById({target}).open") is False
    chromium.run("document.querySelector('.finding .more a').click()")
    chromium.wait(f"document.getElementById({target}).open")


def test_a_script_is_copied_or_selected(chromium, tmp_path):
    chromium.open(written(tmp_path, verdict.render(DIFFERING)), width=1280)
    chromium.run("document.querySelector('button[data-copy]').click()")
    assert chromium.run("return getSelection().toString()").startswith("-- insert\nINSERT INTO t")


def test_without_scripts_everything_is_there(chromium, tmp_path):
    chromium.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chromium.open(written(tmp_path, verdict.render(DIFFERING)), width=1280)
    finally:
        chromium.command("Emulation.setScriptExecutionDisabled", value=False)
    assert chromium.run(SHOWN) == 4
    assert chromium.run("return document.querySelector('.filter').hidden") is True
