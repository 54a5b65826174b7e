"""Read a revision's file: its identifier, what it accepts, and whether it was changed."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from conformance.errors import MigrationFailed

if TYPE_CHECKING:
    from pathlib import Path


def identifier_in(source: str) -> str | None:
    """The revision identifier in the source of a file; None if there is none."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        named = any(isinstance(target, ast.Name) and target.id == "revision" for target in targets)
        if named and isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return None


def same_code(before: str, after: str) -> bool:
    """Whether two sources have the same code, apart from comments, docstrings and layout."""
    if before == after:
        return True
    try:
        return _code(before) == _code(after)
    except SyntaxError:
        return False


def _code(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:]
    return ast.dump(tree)


def imports_of(file: Path) -> set[str]:
    """The top-level modules that a Python file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def accepted_in(module: Any, file: str) -> dict[str, str]:
    """Read `accepted = {"lock-scan": "the table is tiny"}`: findings that the revision accepts.

    Raises:
        MigrationFailed: `accepted` is not a dictionary of texts.
    """
    accepted = getattr(module, "accepted", {})
    if isinstance(accepted, dict) and all(
        isinstance(key, str) and isinstance(value, str) for key, value in accepted.items()
    ):
        return dict(accepted)
    raise MigrationFailed(
        f"{file}: accepted is {accepted!r}.",
        'Use a dictionary from code to reason: accepted = {"lock-scan": "tiny table"}.',
    )


def irreversible_in(module: Any, file: str) -> str | None:
    """Read `irreversible = "the old values are gone"`: why the revision cannot be downgraded.

    Raises:
        MigrationFailed: `irreversible` is not a text, or is empty.
    """
    reason = getattr(module, "irreversible", None)
    if reason is None or (isinstance(reason, str) and reason.strip()):
        return reason
    raise MigrationFailed(
        f"{file}: irreversible is {reason!r}.",
        'Give the reason: irreversible = "the old values are not kept".',
    )
