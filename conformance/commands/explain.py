"""`conformance explain`."""

from __future__ import annotations

import sys

import click

from conformance.extras import require
from conformance.process.printing import printing


@click.command()
@click.argument("code", default="")
def explain(code: str) -> None:
    """Print the page about a finding. CODE is its code, kind or id; without it, list all codes."""
    require("audit", "conformance explain", versions=False)
    from conformance.pages import page_of

    page = page_of(code)
    with printing():
        if sys.stdout.isatty():
            from rich.markdown import Markdown

            from conformance.reports.terminal import Terminal

            Terminal().print(Markdown(page))
        else:
            click.echo(page, nl=False)
