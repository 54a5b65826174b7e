"""Render a page from its template. Everything that a template prints is escaped and cut."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from inspect import cleandoc
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from conformance.process.visible import visible
from conformance.reports.compiled import compiled_templates
from conformance.reports.html.text import (
    cut,
    difference,
    headings,
    label,
    plural,
    short_type,
    sides,
    split_hint,
    spoken,
)

#: The longest script, in characters; that of a history has some thousand.
_LONGEST_SCRIPT = 200_000


def render(template: str, **values: Any) -> str:
    """Render a template of this folder as one HTML document that ends with a newline."""
    # An escape of `visible` has no sign of HTML, and neither style nor script has one.
    return visible(_environment().get_template(template).render(**values).strip()) + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("conformance.reports", "html"),
        autoescape=True,
        bytecode_cache=compiled_templates(),
        undefined=StrictUndefined,
        finalize=_cut_text,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(flat=_flat, short_type=short_type, spoken=spoken, whole=_whole)
    script = _read("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment.globals.update(
        difference=difference,
        headings=headings,
        label=label,
        plural=plural,
        sides=sides,
        split_hint=split_hint,
        style=Markup(_read("page.css")),  # noqa: S704 - a file of ours
        script=Markup(script),  # noqa: S704 - a file of ours
        # The browser runs this script alone, and fetches nothing.
        policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "img-src data:; base-uri 'none'; form-action 'none'",
    )
    return environment


def _whole(value: str) -> Markup:
    """A script, which is copied and therefore whole, unless nobody would read it."""
    return escape(cut(value, _LONGEST_SCRIPT))


def _flat(sql: str) -> str:
    """SQL without the indentation of the file that it comes from."""
    return cleandoc(sql)


def _cut_text(value: Any) -> Any:
    """Cut a text of the database, which may be a comment of a megabyte."""
    return cut(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _read(name: str) -> str:
    return (files("conformance.reports.html") / name).read_text("utf-8")
