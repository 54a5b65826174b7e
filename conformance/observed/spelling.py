"""Canonical form of types and expressions, for both sides of a comparison: as EXPLAIN prints them.

EXPLAIN (VERBOSE) prints an expression after PostgreSQL has parsed it, resolved its operators and
folded its constants. The expression does not run, and no table is touched: a subquery provides its
columns as NULLs of their types. (OFFSET 0 keeps the planner from folding these NULLs.) Two
expressions that PostgreSQL prints alike mean the same.

Source: PostgreSQL documentation, "EXPLAIN", VERBOSE: "Output" lists the expressions of a node.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import (
    DERIVED,
    Expression,
    FactKey,
    Facts,
    Includes,
    IndexColumn,
    OutputColumn,
    Query,
    TypeName,
    Value,
)
from conformance.observed.executables import executables
from conformance.observed.explaining import ask_in_halves, normal, plan_of
from conformance.observed.queries import spelled_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from conformance.observed.executables import Executables
    from conformance.observed.queries import Columns

_ALIAS = "conformance_scope"
#: The alias is quoted if quote_all_identifiers is on.
_QUALIFIER = re.compile(rf'"?\b{_ALIAS}(?:_\d+)?\b"?\.')
#: `NEW.price`, `old."Price"`.
_ROW_VARIABLE = re.compile(r'\b(old|new)\.(?:"([^"]+)"|(\w+))', re.IGNORECASE)
#: A target list has at most 1664 entries (MaxTupleAttributeNumber).
_MOST_TYPES = 1600
#: Class of a value -> its attribute that contains types or expressions.
_PARTS: dict[type, str] = {IndexColumn: "value", OutputColumn: "type", Includes: "parts"}
_SPOKEN = frozenset({TypeName, Expression, Query, Includes, tuple})


def canonical(connection: Connection, expected: Facts, observed: Facts) -> tuple[Facts, Facts]:
    """The facts of both sides with every type, expression and query in canonical form.

    The expressions of both sides use the declared types of the columns. A column of another type is
    therefore one difference, and not one more for each expression with the column. An expression
    that the server refuses (because it lacks a function or a type) keeps its text, and so does one
    that a superuser must not plan.
    """
    # Most facts contain none of these; only the others are processed.
    spoken = [_spoken(side) for side in (expected, observed)]
    scope = _Scope(_column_types(spoken[1]) | _column_types(spoken[0]))
    parts = [part for side in spoken for key, value in side.items() for part in _of(key, value)]
    names = _canonical_types(
        connection, {part.text for _, part in parts if isinstance(part, TypeName)}
    )
    forbidden = executables(connection)
    identities = {
        scope.identity(key, part.text) for key, part in parts if isinstance(part, Expression)
    }
    refused = {identity: _refused(identity, forbidden) for identity in identities}
    spelled = _canonical_expressions(
        connection, {identity for identity in identities if not refused[identity]}
    )
    queries = spelled_queries(
        connection,
        {part.text for _, part in parts if isinstance(part, Query)},
        _relations(scope, *spoken),
        forbidden,
    )

    def respell(key: FactKey, value: Any) -> Any:
        if isinstance(value, TypeName):
            return TypeName(names.get(value.text, value.text.lower()), value.text)
        if isinstance(value, Expression):
            identity = scope.identity(key, value.text)
            found = spelled.get(identity, value.text)
            return Expression(found, value.text, refused[identity])
        if isinstance(value, Query):
            return queries[value.text]
        part = _PARTS.get(type(value))
        if part is not None:
            return replace(value, **{part: respell(key, getattr(value, part))})
        if isinstance(value, tuple):
            return tuple(respell(key, item) for item in value)
        return value

    respelled = [{key: respell(key, value) for key, value in side.items()} for side in spoken]
    return expected | respelled[0], observed | respelled[1]


def _spoken(facts: Facts) -> Facts:
    """The facts whose value may contain a type, an expression or a query."""
    return {key: value for key, value in facts.items() if type(value) in _SPOKEN}


def _column_types(facts: Facts) -> dict[tuple[str, str], str]:
    # The conditions of a domain use VALUE like a column.
    return {
        (key.table, key.name or "value"): value.text
        for key, value in facts.items()
        if key.kind in ("column", "domain") and isinstance(value, TypeName)
    }


def _relations(scope: _Scope, expected: Facts, observed: Facts) -> dict[str, Columns]:
    """The columns of every relation: of tables as declared, of views as the server has them."""
    found: dict[str, Columns] = dict(scope.columns)
    for side in (expected, observed):
        for key, value in side.items():
            if key.attribute == "columns" and key.kind in DERIVED:
                parts = value.parts if isinstance(value, Includes) else value
                assert isinstance(parts, tuple)
                found[key.table] = [(column.name, column.type.text) for column in parts]
    return found


def _of(key: FactKey, value: Value) -> Iterable[tuple[FactKey, TypeName | Expression | Query]]:
    """Every type, expression and query in the value."""
    if isinstance(value, TypeName | Expression | Query):
        yield key, value
    elif type(value) in _PARTS:
        yield from _of(key, getattr(value, _PARTS[type(value)]))
    elif isinstance(value, tuple):
        for item in value:
            yield from _of(key, item)


#: All that the canonical form of an expression depends on: its text, the names and types of the
#: columns in it, and the type that its value is cast to (for the default of a column).
_Identity = tuple[str, tuple[tuple[str, str], ...], str | None]


class _Scope:
    """The columns that an expression may name.

    Args:
        types: of every column of every table, by (table, column).
    """

    def __init__(self, types: dict[tuple[str, str], str]) -> None:
        self.types = types
        self.columns: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for (table, column), kind in types.items():
            self.columns[table].append((column, kind))
        self._identities: dict[tuple[str, str | None, str], _Identity] = {}

    def identity(self, key: FactKey, text: str) -> _Identity:
        """All that the canonical form of an expression of this fact depends on."""
        of_value = key.kind == "column" or (key.kind, key.attribute) == ("domain", "default")
        cast = self.types[key.table, key.name or "value"] if of_value else None
        columns = self.columns[key.table]
        if key.kind == "trigger":
            text, columns = _of_row_variables(text, columns)
        asked = key.table, cast, text
        if asked not in self._identities:
            text_of_domain = text.lower() if key.kind == "domain" else text
            # As quotes have it.
            written = text_of_domain.replace('""', '"')
            named = sorted(column for column in columns if column[0] in written)
            self._identities[asked] = text, tuple(named), cast
        return self._identities[asked]


def _of_row_variables(
    text: str, columns: list[tuple[str, str]]
) -> tuple[str, list[tuple[str, str]]]:
    """A trigger's condition in which OLD.price and NEW.price are the names of columns."""
    both = [(f"{row}.{name}", kind) for row in ("old", "new") for name, kind in columns]
    return _ROW_VARIABLE.sub(lambda m: f'"{m[1].lower()}.{m[2] or m[3].lower()}"', text), both


def _canonical_types(connection: Connection, names: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    ordered = sorted(names)
    for start in range(0, len(ordered), _MOST_TYPES):
        found.update(_types(connection, ordered[start : start + _MOST_TYPES]))
    return found


def _types(connection: Connection, names: Sequence[str]) -> dict[str, str]:
    def explain(some: Sequence[str]) -> list[str]:
        targets = ", ".join(f"NULL::{name}" for name in some)
        return list(plan_of(connection, f"SELECT {targets}")["Output"])

    answers, _ = ask_in_halves(connection, names, explain)
    return {name: output.removeprefix("NULL::") for name, output in answers}


def _refused(identity: _Identity, forbidden: Executables) -> str:
    """Why the expression must not be planned."""
    sql, columns, cast = identity
    return forbidden.reason_against(f"{sql} {cast or ''}", {name for name, _ in columns})


def _canonical_expressions(
    connection: Connection, identities: set[_Identity]
) -> dict[_Identity, str]:
    def explain(some: Sequence[_Identity]) -> list[str]:
        scopes = ", ".join(_scoped(identity) for identity in some)
        plan = plan_of(connection, f"SELECT ARRAY[{scopes}]")
        return [_QUALIFIER.sub("", normal(part["Output"][0])) for part in plan["Plans"]]

    answers, _ = ask_in_halves(connection, sorted(identities, key=repr), explain)
    return dict(answers)


def _scoped(identity: _Identity) -> str:
    text, columns, cast = identity
    quoted = ", ".join(
        'NULL::{} AS "{}"'.format(kind, name.replace('"', '""')) for name, kind in columns
    )
    value = f"({text})::{cast}" if cast else f"({text})"
    # An expression without columns needs a subquery, too, to get a plan node.
    return f"(SELECT ({value})::text FROM (SELECT {quoted or '1 AS nothing'} OFFSET 0) {_ALIAS})"
