"""Links of the pages on the site: within docs, and out of it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def conf():
    specification = importlib.util.spec_from_file_location("conf", DOCS / "conf.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def on_github(monkeypatch):
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://example.org")
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    monkeypatch.setenv("GITHUB_SHA", "abc")


@pytest.mark.parametrize(
    ("page", "link", "leads_to"),
    [
        ("README.md", "docs/gate.md", "/gate.md"),
        ("README.md", "docs/decisions/", "/decisions/README.md"),
        ("README.md", "LICENSE", "https://example.org/owner/name/blob/abc/LICENSE"),
        ("docs/gate.md", "rows.md#which", "/rows.md#which"),
        ("docs/gate.md", "../Makefile", "https://example.org/owner/name/blob/abc/Makefile"),
        ("docs/gate.md", "https://example.net/a#b", "https://example.net/a#b"),
        ("docs/gate.md", "#here", "#here"),
    ],
)
@pytest.mark.usefixtures("on_github")
def test_where_a_link_leads(conf, page, link, leads_to):
    assert conf.relinked(f"See [it]({link}).", ROOT / page) == f"See [it]({leads_to})."


def test_on_a_developers_machine_it_leads_into_the_checkout(conf, monkeypatch):
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    made = conf.relinked("[it](../Makefile)", DOCS / "gate.md")
    assert made == f"[it]({(ROOT / 'Makefile').as_uri()})"


def test_a_link_to_nothing_is_left_for_myst_to_complain_of(conf):
    assert conf.relinked("[it](none.md)", DOCS / "gate.md") == "[it](none.md)"
