"""The site: the pages of this folder, the README as its front page, and an API page.

A link that leaves this folder works on GitHub. Here it is made to lead to the same file there, at
the commit that the site is built from; on a developer's machine it leads into the checkout.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pygments.lexers import PostgresLexer

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).parent
ROOT = DOCS.parent
#: The pages of findings are part of the package; the site has copies of them.
PAGES = ROOT / "conformance/pages"
COPIES = DOCS / "findings"
#: What the README of a folder adds: its pages.
CONTENTS = "```{toctree}\n:hidden:\n:glob:\n\n*\n```\n"
LINK = re.compile(r"(?P<text>\[[^\]]*\]\()(?P<path>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")

project = "timescaledb-conformance"
author = copyright = "The timescaledb-conformance authors"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinxcontrib.mermaid",
]
html_theme = "furo"
html_title = project
# Single backticks in docstrings are code.
default_role = "code"
# README.md names the sections of other pages as GitHub does.
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "groupwise"


def prepare_page(app: Sphinx, name: str, source: list[str]) -> None:
    """Make links right for the site; put the README before the contents, and those of folders."""
    page = Path(app.env.doc2path(name))
    if page.is_relative_to(COPIES):
        page = PAGES / page.relative_to(COPIES)
    source[0] = relinked(source[0], page)
    if name == "index":
        readme = ROOT / "README.md"
        app.env.note_dependency(str(readme))
        source[0] = f"{relinked(readme.read_text(encoding='utf-8'), readme)}\n{source[0]}"
    elif page.name == "README.md":
        source[0] += f"\n{CONTENTS}"


def relinked(text: str, written: Path) -> str:
    """The text of a page with its links as the site needs them."""

    def on_site(link: re.Match[str]) -> str:
        target = (written.parent / link["path"]).resolve()
        # Left alone, MyST complains of it.
        if not target.exists():
            return link[0]
        return f"{link['text']}{address(target)}{link['anchor'] or ''})"

    return LINK.sub(on_site, text)


def address(target: Path) -> str:
    """Where the site has a file of the checkout, or who has it."""
    if target.is_dir() and target.is_relative_to(DOCS):
        target /= "README.md"
    if target.is_relative_to(DOCS):
        return f"/{target.relative_to(DOCS)}"
    if target.is_relative_to(PAGES):
        return f"/findings/{target.relative_to(PAGES)}"
    if repository := os.environ.get("GITHUB_REPOSITORY"):
        server, commit = os.environ["GITHUB_SERVER_URL"], os.environ["GITHUB_SHA"]
        return f"{server}/{repository}/blob/{commit}/{target.relative_to(ROOT)}"
    return target.as_uri()


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    shutil.copytree(PAGES, COPIES, ignore=shutil.ignore_patterns("*.py*"), dirs_exist_ok=True)
    # Of PostgreSQL, since $$ and $1 are no SQL of the standard.
    app.add_lexer("sql", PostgresLexer)
    app.connect("source-read", prepare_page)
