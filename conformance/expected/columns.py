"""Columns: type, nullability, default, identity, generation, collation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Computed,
    DefaultClause,
    FetchedValue,
    Identity,
    SmallInteger,
)
from sqlalchemy.dialects.postgresql import DOMAIN

from conformance.comparing.facts import ANYTHING, EXISTS, Objects, Value
from conformance.comparing.sequences import Sequence
from conformance.expected import spelling

if TYPE_CHECKING:
    from sqlalchemy import Column, Table


#: `Computed.persisted` -> storage; without a value PostgreSQL's version decides.
_STORAGE: dict[bool | None, Value] = {True: "stored", False: "virtual", None: ANYTHING}


def expected(table: Table, name: str, default_schema: str) -> Objects:
    """Every column of the table; the order of the columns is not checked."""
    # Every table has PostgreSQL's own columns, such as xmin; models may read them.
    for column in (each for each in table.columns if not each.system):
        yield "column", name, column.name, _attributes(column)


def _attributes(column: Column[Any]) -> dict[str, Value]:
    attributes: dict[str, Value] = {
        EXISTS: True,
        "type": spelling.type_name(column.type),
        "nullable": bool(column.nullable),
        "default": _default(column),
        "identity": _identity(column),
        "generated": _generated(column),
        "collation": _collation(column),
    }
    if isinstance(column.computed, Computed):
        attributes["generated_storage"] = _STORAGE[column.computed.persisted]
    return attributes


def _collation(column: Column[Any]) -> str | None:
    kind = column.type.item_type if isinstance(column.type, ARRAY) else column.type
    # A domain has its own collation, which is not a fact of the column.
    return None if isinstance(kind, DOMAIN) else getattr(kind, "collation", None)


def _default(column: Column[Any]) -> Value:
    default = column.server_default
    if default is None or isinstance(default, Identity | Computed):
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
    """Whether SQLAlchemy creates the column as SERIAL: an autoincrementing plain integer."""
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
    sequence = Sequence(
        _integer_type(column),
        identity.start,
        identity.increment,
        identity.minvalue,
        identity.maxvalue,
        identity.cache,
        identity.cycle,
    )
    return sequence.describe("always" if identity.always else "by default")


def _integer_type(column: Column[Any]) -> str:
    if isinstance(column.type, SmallInteger):
        return "smallint"
    return "bigint" if isinstance(column.type, BigInteger) else "integer"
