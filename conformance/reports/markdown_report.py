"""The verdict as Markdown, fit to be the comment on a pull request."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from conformance.reports.grouping import by_reason, objects_of

if TYPE_CHECKING:
    from jinja2 import Template

    from conformance.verdict import Verdict

#: A comment holds 65,536 characters; a finding takes about 400.
_MOST_FINDINGS = 100


def render(verdict: Verdict) -> str:
    """Findings first; what was not checked is folded away."""
    not_checked = {
        reason: objects_of(ids) for reason, ids in by_reason(verdict.not_checked).items()
    }
    return (
        _template().render(verdict=verdict, not_checked=not_checked, most=_MOST_FINDINGS).strip()
        + "\n"
    )


@cache
def _template() -> Template:
    # Markdown, not HTML: the two filters escape what would break a table or a code span.
    environment = Environment(
        loader=PackageLoader("conformance", "reports"),
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
    )
    environment.filters["cell"] = cell
    environment.filters["code"] = lambda value: str(value).replace("`", "'").replace("|", "\\|")
    return environment.get_template("markdown.md.jinja")


def cell(value: object) -> str:
    """The value's text as what stands in one cell of a table."""
    text = " ".join(str(value).split())
    for character in ("\\", "|", "*", "_", "`", "<", ">"):
        text = text.replace(character, f"\\{character}")
    return text
