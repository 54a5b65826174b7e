"""Read the lines of classes, attributes and calls from a Python file, without running it."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    Condition = Callable[[ast.Call], bool]

#: The number of characters by which a quoted statement is recognised, and the fewest.
QUOTED, _TELLING = 40, 16
#: A constraint's name in the source may be the last part of its conventional name.
_CONVENTION = "_{}"


@cache
def parsed(file: Path) -> ast.Module:
    """The syntax tree of a file; an empty one if the file cannot be read."""
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    # A file may have changed since it was imported.
    except (OSError, ValueError, SyntaxError):
        return ast.Module([], [])


@cache
def class_named(tree: ast.AST, qualified: str) -> ast.ClassDef | None:
    """The class of a qualified name, such as `Outer.Inner`; None if there is none."""
    node: ast.AST | None = tree
    for name in qualified.replace(".<locals>", "").split("."):
        inner = ast.walk(node) if node is not None else ()
        node = next(
            (
                found
                for found in inner
                if isinstance(found, ast.ClassDef | ast.FunctionDef) and found.name == name
            ),
            None,
        )
    return node if isinstance(node, ast.ClassDef) else None


@cache
def calls(node: ast.AST) -> tuple[ast.Call, ...]:
    """All calls below the node, in the order of the source."""
    found = (item for item in ast.walk(node) if isinstance(item, ast.Call))
    return tuple(sorted(found, key=lambda call: (call.lineno, call.col_offset)))


def name_of(call: ast.Call) -> str:
    """The last part of what is called: `Hypertable`, also for `conformance.Hypertable`."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def texts_of(call: ast.Call) -> list[str]:
    """The positional arguments that are texts, also those in a list."""
    return [
        part.value
        for argument in call.args
        for part in (argument.elts if isinstance(argument, ast.List | ast.Tuple) else [argument])
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def keyword(call: ast.Call, name: str) -> ast.keyword | None:
    """The keyword argument of the name."""
    return next((item for item in call.keywords if item.arg == name), None)


def line_of(call: ast.Call, attribute: str) -> int:
    """The line of the keyword argument of the name, else that of the call."""
    given = keyword(call, attribute)
    return call.lineno if given is None else given.lineno


def is_named(call: ast.Call, name: str) -> bool:
    """Whether `name=` or the first argument is the name, or the end of a conventional name."""
    given = keyword(call, "name")
    values = [given.value.value] if given and isinstance(given.value, ast.Constant) else []
    values += texts_of(call)[:1]
    return any(
        name == value or name.endswith(_CONVENTION.format(value))
        for value in values
        if isinstance(value, str) and value
    )


def line_of_column(node: ast.AST, column: str) -> int | None:
    """The line of a column: an attribute of a class, or `Column("name")` of a table."""
    body: list[ast.stmt] = getattr(node, "body", [])
    for statement in body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        elif isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.FunctionDef) and statement.name == column:
            return statement.lineno
        if any(isinstance(target, ast.Name) and target.id == column for target in targets):
            return statement.lineno
    for call in calls(node):
        if name_of(call) in ("Column", "mapped_column") and texts_of(call)[:1] == [column]:
            return call.lineno
    return None


def line_of_call(node: ast.AST, names: Collection[str], attribute: str) -> int | None:
    """The line of the first call of one of the names; of its keyword argument, if it has one."""
    for call in calls(node):
        if name_of(call) in names:
            return line_of(call, attribute)
    return None


def line_of_text(node: ast.AST, sql: str) -> int | None:
    """The line of the only text that is this statement, apart from blanks; else None."""
    wanted = _flat(sql)
    lines = {
        item.lineno
        for item in ast.walk(node)
        if isinstance(item, ast.Constant)
        and isinstance(item.value, str)
        and _flat(item.value) == wanted
    }
    return lines.pop() if len(lines) == 1 else None


def line_of_quoted_text(node: ast.AST, message: str) -> int | None:
    """The line of the only text that a message quotes, or the beginning of which; else None."""
    texts = [
        (item.lineno, _flat(item.value))
        for item in ast.walk(node)
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    ]
    for most in (None, QUOTED):
        lines = {line for line, text in texts if len(text) >= _TELLING and text[:most] in message}
        if lines:
            return lines.pop() if len(lines) == 1 else None
    return None


def _flat(sql: str) -> str:
    return " ".join(sql.split()).rstrip("; ")
