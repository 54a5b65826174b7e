"""Names and values as SQL."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

from conformance.comparing.facts import UNBOUNDED, TypeName, Value, parts_of_signature
from conformance.comparing.identifiers import identifier
from conformance.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable

_ITEM = re.compile(r'"(?:[^"]|"")*"|[^",\s]+')
_SHADOW = "_mending"
#: Bytes of a name.
_LONGEST = 63
#: Under the name that mending uses.
name = identifier


def shadow(text: str) -> str:
    """A name for what stands in for the object of the name for a while."""
    return ending(text, _SHADOW)


def ending(text: str, end: str) -> str:
    """The text with the end, cut to at most 63 bytes."""
    return text.encode()[: _LONGEST - len(end)].decode(errors="ignore") + end


def names(items: Iterable[str]) -> str:
    """Identifiers in brackets: `(symbol, "At")`."""
    return f"({', '.join(name(item) for item in items)})"


def relation(fact_name: str) -> str:
    """The name of a relation from its name in facts, which has the schema before a dot."""
    return ".".join(name(part) for part in fact_name.split(".", 1))


def signature(fact_name: str) -> str:
    """A function with its arguments, from its name in facts."""
    called, arguments = parts_of_signature(fact_name)
    return f"{relation(called)}{arguments}"


def parameter(text: str) -> str:
    """A setting or a storage parameter, each part of its name quoted if that is needed."""
    return ".".join(name(part) for part in text.split("."))


def items_of(value: str) -> list[str]:
    """The names in a list as the catalog has it, without their quotes."""
    found = (match[0] for match in _ITEM.finditer(value))
    return [item[1:-1].replace('""', '"') if item[0] == '"' else item for item in found] or [""]


def literal(text: object) -> str:
    """A text in quotes."""
    return "'{}'".format(str(text).replace("'", "''"))


def regclass(fact_name: str) -> str:
    """A relation as an argument of TimescaleDB's functions."""
    return literal(relation(fact_name))


def length(value: Value) -> str:
    """A length of time as an interval, or the number that it is; UNBOUNDED is NULL."""
    if isinstance(value, Interval):
        return f"INTERVAL '{value.plain()}'"
    if value is None or value == UNBOUNDED:
        return "NULL"
    # A text is what somebody wrote into the configuration of a job.
    return literal(value) if isinstance(value, str) else str(value)


def argument(value: Value) -> str:
    """An argument of a function."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return length(value)


def texts(value: Value) -> list[str]:
    """The items of a value that is a list; none of any other value."""
    return [str(item) for item in value] if isinstance(value, tuple) else []


def type_of(value: Value) -> str:
    """The type as the models or the catalog write it."""
    return value.text if isinstance(value, TypeName) else str(value)


def is_relation(schema: str, relname: str, fact_name: str) -> str:
    """A condition: the two columns of a catalog name the relation."""
    return f"format('%I.%I', {schema}, {relname})::regclass = {regclass(fact_name)}::regclass"


def materialized_in(fact_name: str) -> str:
    """The schema and name of the hypertable with the rows of a continuous aggregate, as a query."""
    return (
        "SELECT materialization_hypertable_schema, materialization_hypertable_name\n"
        "    FROM timescaledb_information.continuous_aggregates\n"
        f"    WHERE {is_relation('view_schema', 'view_name', fact_name)}"
    )


def block(body: str, declare: str = "") -> str:
    """A DO block, for statements that need a name which only the server knows."""
    tag = _tag("mend", body)
    return f"DO {tag}{f' DECLARE {declare}' if declare else ''} BEGIN {body} END {tag}"


def dollar_quoted(body: str) -> str:
    """The body of a function between quotes that it does not have."""
    tag = _tag("body", body)
    return f"{tag}{body}{tag}"


def _tag(word: str, body: str) -> str:
    tags = (f"${word}{number or ''}$" for number in count())
    return next(tag for tag in tags if tag not in body)


def listed(items: Iterable[str]) -> str:
    """Items on lines of their own, in brackets."""
    lines = ",\n    ".join(items)
    return f"(\n    {lines}\n)" if lines else "()"
