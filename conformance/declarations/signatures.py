"""Signatures of functions, with the types as PostgreSQL prints them."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Source: PostgreSQL documentation, "Data Types", aliases; and what format_type() prints.
_ALIASES = {
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "serial": "integer",
    "bigserial": "bigint",
    "float": "double precision",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "char": "character",
    "varchar": "character varying",
    "bpchar": "character",
    "decimal": "numeric",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
    "varbit": "bit varying",
}
#: Types whose name has several words; in other arguments the first word is the argument's name.
_LONG = frozenset(
    {
        "double precision",
        "character varying",
        "bit varying",
        "timestamp with time zone",
        "timestamp without time zone",
        "time with time zone",
        "time without time zone",
    }
)
_MODES = ("in", "out", "inout", "variadic")
_DEFAULT = re.compile(r"\s+default\s|\s*:?=", re.IGNORECASE)
_SHAPE = re.compile(r'\s*("(?:[^"]|"")+"|[^\s("]+)\s*\((.*)\)\s*', re.DOTALL)


@dataclass(frozen=True)
class Signature:
    """`total(integer, text)`: a name, and the types of the input arguments."""

    name: str
    arguments: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Read `total(x int, label text DEFAULT '')`.

        Raises:
            ValueError: the text has another form.
        """
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise ValueError(f"signature {text!r} does not have the form 'name(type, type)'")
        name = match[1][1:-1].replace('""', '"') if match[1].startswith('"') else match[1]
        arguments = (_argument(part) for part in _split(match[2]))
        return cls(name, tuple(kind for kind in arguments if kind is not None))

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.arguments)})"


def _split(text: str) -> list[str]:
    """Split at the commas outside of brackets and quotes."""
    parts, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == "'"
        if not quoted:
            if letter in "([":
                depth += 1
            elif letter in ")]":
                depth -= 1
        if letter == "," and depth == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in (part.strip() for part in parts) if part]


def _argument(text: str) -> str | None:
    """The type of an argument; None for an OUT argument."""
    words = _bare(_DEFAULT.split(text)[0]).split()
    if len(words) > 1 and words[0].lower() in _MODES:
        mode, *words = words
        if mode.lower() == "out":
            return None
    whole = " ".join(words)
    if len(words) > 1 and whole.removesuffix("[]").lower() not in _LONG:
        whole = " ".join(words[1:])
    return _type(whole)


def _bare(text: str) -> str:
    """The text without lengths: PostgreSQL ignores those of a type and of an array."""
    without = re.sub(r"\([\d, ]*\)", " ", text)
    return " ".join(re.sub(r"(?:\s*\[\s*\d*\s*\])+", "[]", without).split())


def _type(text: str) -> str:
    ending = "[]" if text.endswith("[]") else ""
    bare = text.removesuffix("[]")
    lower = bare if '"' in bare else bare.lower()
    return _ALIASES.get(lower, lower) + ending
