"""Python code as data: calls and texts, and how they are printed."""

from __future__ import annotations

import re
import sys
import textwrap
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.literals import on_one_line, quoted, triple_quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The length of a line, as formatters have it.
WIDTH = 100
_INDENT = "    "
#: With its end.
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True)
class Call:
    """A call, such as `Retention(drop_after="90 days")`.

    Attributes:
        name: the name that is called.
        args: plain values, sequences, mappings and calls.
        kwargs: the same, by name.
        module: the module that `name` is imported from; empty: it needs no import.
        after: what follows the call, such as `.desc()`.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    module: str = "conformance"
    after: str = ""

    def extended(self, *args: Any, **kwargs: Any) -> Call:
        """The same call with further arguments."""
        return Call(
            self.name, (*self.args, *args), {**self.kwargs, **kwargs}, self.module, self.after
        )


@dataclass(frozen=True)
class Name:
    """A name or another expression that is printed as it is."""

    text: str


class Lines(str):
    """A text of several lines, such as a query, that stands where no line is indented."""

    __slots__ = ()


def given(**kwargs: Any) -> dict[str, Any]:
    """The arguments that are not None."""
    return {name: value for name, value in kwargs.items() if value is not None}


def rendered(value: Any, indent: int = 0, *, room: int | None = None) -> str:
    """The value as Python code.

    Args:
        indent: how many levels the line is indented on which the value begins.
        room: the columns that are left on that line; None: all but the indentation.
    """
    left = WIDTH - len(_INDENT) * indent if room is None else room
    flat = _flat(value)
    if "\n" not in flat and len(flat) <= left:
        return flat
    return _broken(value, indent)


def _flat(value: Any) -> str:
    if isinstance(value, Call):
        return f"{value.name}({', '.join(_items(value))}){value.after}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flat(key)}: {_flat(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_flat, value))}{',' * (len(value) == 1)})"
    if isinstance(value, list):
        return f"[{', '.join(map(_flat, value))}]"
    if isinstance(value, Name):
        return value.text
    return _scalar(value)


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return repr(value)
    return triple_quoted(value) if isinstance(value, Lines) and "\n" in value else quoted(value)


def _items(call: Call) -> Iterator[str]:
    yield from map(_flat, call.args)
    yield from (f"{name}={_flat(value)}" for name, value in call.kwargs.items())


def _broken(value: Any, indent: int) -> str:
    """One item a line."""
    inner = indent + 1
    if isinstance(value, Call):
        items = [("", item) for item in value.args]
        items += [(f"{name}=", item) for name, item in value.kwargs.items()]
        opening, closing = f"{value.name}(", f"){value.after}"
    elif isinstance(value, Mapping):
        items = [(f"{_flat(key)}: ", item) for key, item in value.items()]
        opening, closing = "{", "}"
    elif isinstance(value, tuple | list):
        items = [("", item) for item in value]
        opening, closing = ("(", ")") if isinstance(value, tuple) else ("[", "]")
    elif isinstance(value, str) and "\n" in value and not isinstance(value, Lines):
        return _of_lines(value, indent)
    else:
        return _flat(value)
    if not items:
        return _flat(value)
    pad = _INDENT * inner
    lines = (
        f"{pad}{prefix}{rendered(item, inner, room=WIDTH - len(pad) - len(prefix) - 1)},"
        for prefix, item in items
    )
    return "\n".join([opening, *lines, f"{_INDENT * indent}{closing}"])


def _of_lines(text: str, indent: int) -> str:
    """A literal for each line of a text, which may be indented."""
    pad = _INDENT * (indent + 1)
    lines = (f"{pad}{quoted(line)}" for line in _LINE.findall(text))
    return "\n".join(["(", *lines, f"{_INDENT * indent})"])


def comment(text: str, indent: int = 0) -> str:
    """The text as comment lines."""
    pad = f"{_INDENT * indent}# "
    lines = [
        line
        for part in text.splitlines()
        for line in textwrap.wrap(
            on_one_line(part), WIDTH - len(pad), break_long_words=False, break_on_hyphens=False
        )
        or [""]
    ]
    return "\n".join(f"{pad}{line}".rstrip() for line in lines)


def imports_of(values: Iterable[Any]) -> dict[str, set[str]]:
    """Module -> the names that the values need from it."""
    found: dict[str, set[str]] = defaultdict(set)
    for value in values:
        for call in _calls(value):
            if call.module:
                found[call.module].add(call.name)
    return found


def import_lines(names: Mapping[str, Iterable[str]], modules: Iterable[str] = ()) -> list[str]:
    """The import statements, in groups with an empty line between: ours come last.

    Args:
        names: module -> what is imported from it.
        modules: modules that are imported whole.
    """
    of_python = [f"import {module}" for module in sorted(modules)]
    groups: list[list[str]] = [of_python, [], []]
    for module, found in sorted(names.items()):
        package = module.partition(".")[0]
        place = 0 if package in sys.stdlib_module_names else 1 + (package == "conformance")
        groups[place] += [_import(module, sorted(found))] if found else []
    return "\n\n".join("\n".join(group) for group in groups if group).splitlines()


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"from {module} import (", *(f"{_INDENT}{name}," for name in names), ")"])


def _calls(value: Any) -> Iterator[Call]:
    if isinstance(value, Call):
        yield value
        for item in (*value.args, *value.kwargs.values()):
            yield from _calls(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _calls(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _calls(item)
