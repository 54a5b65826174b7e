"""Markdown from templates, with what would break a table or a code span escaped."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from jinja2 import Template


def template(name: str) -> Template:
    """The template of that name in this folder, with the filters `cell` and `code`."""
    return _environment().get_template(name)


def cell(value: object) -> str:
    """Plain text, fit to be a table's cell."""
    text = " ".join(str(value).split())
    for character in ("\\", "|", "*", "_", "`", "<", ">"):
        text = text.replace(character, f"\\{character}")
    return text


def code(value: object) -> str:
    """Plain text, fit to stand between backticks in a table's cell."""
    return " ".join(str(value).split()).replace("`", "'").replace("|", "\\|")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("conformance", "reports"),
        # Markdown, not HTML: the filters escape.
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
    )
    environment.filters.update(cell=cell, code=code)
    return environment
