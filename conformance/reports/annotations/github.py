"""Workflow commands, which GitHub Actions shows as annotations of lines.

Source: GitHub's documentation, "Workflow commands for GitHub Actions"; the escaping is that of
`command.ts` in the repository actions/toolkit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.process.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.reports.annotations.annotation import Annotation, Annotations

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
#: In this order: the escapes have a `%` of their own.
_IN_A_MESSAGE = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_IN_A_PROPERTY = (*_IN_A_MESSAGE, (":", "%3A"), (",", "%2C"))


def render(annotations: Annotations) -> str:
    """Return one command for each finding, a line each; empty if there is no finding."""
    return "".join(f"{_command(item)}\n" for item in annotations.all)


def _command(item: Annotation) -> str:
    properties = ",".join(
        f"{name}={_escaped(value, _IN_A_PROPERTY)}" for name, value in _properties(item)
    )
    message = "\n".join(filter(None, (item.message, item.hint)))
    return f"::{_COMMANDS[item.severity]} {properties}::{_escaped(message, _IN_A_MESSAGE)}"


def _properties(item: Annotation) -> Iterator[tuple[str, str]]:
    if item.place is not None:
        yield "file", item.place.file
        yield "line", str(item.place.line)
    yield "title", item.id


def _escaped(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    for character, escape in escapes:
        text = text.replace(character, escape)
    return visible(text)
