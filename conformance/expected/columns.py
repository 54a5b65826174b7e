"""Columns: type, nullability, default, identity, generation, collation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Computed, DefaultClause, FetchedValue, Identity, SmallInteger

from conformance.expected import spelling
from conformance.facts import ANYTHING, EXISTS, FactKey, Facts, Value

if TYPE_CHECKING:
    from sqlalchemy import Column, Table


def expected(table: Table, name: str, default_schema: str) -> Facts:
    """Every column of the table; the position of a column is no promise."""
    facts: Facts = {}
    for column in table.columns:
        for attribute, value in _attributes(column).items():
            facts[FactKey("column", name, column.name, attribute)] = value
    return facts


def _attributes(column: Column[Any]) -> dict[str, Value]:
    return {
        EXISTS: True,
        "type": spelling.type_name(column.type),
        "nullable": bool(column.nullable),
        "default": _default(column),
        "identity": _identity(column),
        "generated": _generated(column),
        "collation": getattr(column.type, "collation", None),
    }


def _default(column: Column[Any]) -> Value:
    default = column.server_default
    if isinstance(default, Identity | Computed) or _is_serial(column):
        return None
    if isinstance(default, FetchedValue) and not isinstance(default, DefaultClause):
        return ANYTHING
    text = spelling.default_sql(column)
    return None if text is None else spelling.expression(text)


def _generated(column: Column[Any]) -> Value:
    if not isinstance(column.computed, Computed):
        return None
    return spelling.expression(spelling.sql(column.computed.sqltext))


def _is_serial(column: Column[Any]) -> bool:
    """SQLAlchemy makes SERIAL of an autoincrementing integer without anything else."""
    return (
        column is column.table._autoincrement_column
        and column.server_default is None
        and column.default is None
        and column.identity is None
    )


def _identity(column: Column[Any]) -> Value:
    if _is_serial(column):
        return "serial"
    identity = column.identity
    if not isinstance(identity, Identity):
        return None
    options = identity_options(
        "smallint"
        if isinstance(column.type, SmallInteger)
        else "bigint"
        if isinstance(column.type, BigInteger)
        else "integer",
        identity,
    )
    generation = "always" if identity.always else "by default"
    return f"{generation} ({', '.join(options)})" if options else generation


#: The largest value of an identity column, by its type.
_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


def identity_options(kind: str, identity: Identity) -> list[str]:
    """What differs from a plain sequence, in a fixed order.

    Source: PostgreSQL documentation, "CREATE SEQUENCE": an ascending sequence goes from 1 to the
    type's largest value, a descending one from -1 to its smallest.
    """
    descending = (identity.increment or 1) < 0
    defaults = {
        "increment": 1,
        "minvalue": -_LARGEST[kind] - 1 if descending else 1,
        "maxvalue": -1 if descending else _LARGEST[kind],
        "cache": 1,
    }
    stated = {name: getattr(identity, name, None) for name in defaults}
    values = {name: defaults[name] if stated[name] is None else stated[name] for name in defaults}
    begin = values["maxvalue" if descending else "minvalue"]
    start = begin if identity.start is None else identity.start
    words = [f"start {start}"] if start != (-1 if descending else 1) else []
    words += [f"{name} {values[name]}" for name in defaults if values[name] != defaults[name]]
    return words + (["cycle"] if identity.cycle else [])
