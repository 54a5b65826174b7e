"""Render Markdown from templates, with escaping for tables and code spans."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from conformance.process.visible import visible
from conformance.reports.compiled import compiled_templates

if TYPE_CHECKING:
    from jinja2 import Template


def template(name: str) -> Template:
    """Load a template of this folder, with the filters `cell` and `code`."""
    return _environment().get_template(name)


def cell(value: object) -> str:
    """Escape plain text for a cell of a table."""
    text = visible(" ".join(str(value).split()))
    for character in ("\\", "|", "*", "_", "`", "<", ">", "[", "]", "&", "~"):
        text = text.replace(character, f"\\{character}")
    # GitHub and GitLab would notify whoever a name mentions; no backslash stops them.
    return text.replace("@", "@<!-- -->")


def code(value: object) -> str:
    """Escape plain text for a code span in a cell of a table."""
    return visible(" ".join(str(value).split())).replace("`", "'").replace("|", "\\|")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("conformance", "reports"),
        # The output is Markdown, not HTML, and the filters escape it.
        autoescape=False,  # noqa: S701
        bytecode_cache=compiled_templates(),
        undefined=StrictUndefined,
    )
    environment.filters.update(cell=cell, code=code)
    return environment
