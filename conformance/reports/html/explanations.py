"""The pages about findings, as HTML to embed: nothing of them is fetched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from conformance.errors import ConformanceError

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Explanation:
    """The page about a code or a kind of fact.

    Attributes:
        title: the code, `retention-in-refresh`.
        anchor: the id of its place in the document.
        body: HTML that is safe: rendered from a page of ours.
    """

    title: str
    anchor: str
    body: Markup


def explanations(codes: Iterable[str]) -> dict[str, Explanation]:
    """The pages of these codes and kinds, by code; those without a page are left out."""
    from conformance.pages import page_of

    found: dict[str, Explanation] = {}
    for code in dict.fromkeys(codes):
        try:
            page = page_of(code)
        except ConformanceError:
            continue
        found[code] = Explanation(code, f"page-{len(found)}", _rendered(page))
    return found


def _rendered(page: str) -> Markup:
    """The page without its title, its headings as those below a section of the document."""
    # rich, which prints reports on a terminal, installs it.
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(page)
    if tokens and tokens[0].tag == "h1":
        del tokens[:3]
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "h3"
    html = markdown.renderer.render(tokens, markdown.options, {})
    return Markup(html)  # noqa: S704 - HTML of the page is escaped, and the page is ours
