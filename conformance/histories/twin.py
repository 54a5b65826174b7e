"""The twin of a hypertable: a plain table with the same columns and constraints."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData, column, table
from sqlalchemy.schema import CreateIndex, CreateTable, sort_tables

from conformance.declarations import Trigger, view_of
from conformance.declarations.base import all_declared, created
from conformance.expected.spelling import dialect
from conformance.strategies.derivation import derivation_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column, Table, TableClause

#: The schema of the twins; `twin_<schema>` for tables that are not in the default schema.
SCHEMA = "twin"


@dataclass(frozen=True)
class Twins:
    """A hypertable and its twin.

    Attributes:
        declared: the hypertable, as the models declare it.
    """

    declared: Table

    @cached_property
    def schema(self) -> str:
        """The schema of the twin."""
        return f"{SCHEMA}_{self.declared.schema}" if self.declared.schema else SCHEMA

    @cached_property
    def columns(self) -> list[Column[Any]]:
        """The columns that a writer sets. The others come from the sequences, which may differ."""
        return [field.column for field in derivation_of(self.declared).inserted.values()]

    @cached_property
    def hypertable(self) -> TableClause:
        """The hypertable for plain statements: names and types, without Python-side defaults."""
        return self._plain(self.declared.schema)

    @cached_property
    def twin(self) -> TableClause:
        """The twin for plain statements."""
        return self._plain(self.schema)

    def _plain(self, schema: str | None) -> TableClause:
        columns = [column(item.name, item.type) for item in self.declared.columns]
        return table(self.declared.name, *columns, schema=schema)

    def statements(self) -> Iterator[str]:
        """The DDL of the twin, from the metadata: without triggers and non-unique indexes.

        The hypertable loses its declared triggers: what they do to rows is no difference of
        storage. A trigger that no model declares stays.
        """
        metadata = MetaData(naming_convention=self.declared.metadata.naming_convention)
        for parent in {key.column.table for key in self.declared.foreign_keys}:
            parent.to_metadata(metadata)
        made = self.declared.to_metadata(
            metadata,
            schema=self.schema,
            # A reference without a schema means the schema of its metadata.
            referred_schema_fn=lambda *given: given[2].referred_table.schema,
        )
        # Undo that SQLAlchemy moves the table's enums to the twin's schema.
        for item in made.columns:
            item.type = self.declared.columns[item.key].type
            if item.computed is not None and item.computed.persisted is None:
                # Which kind is the default depends on the server; each one can store the values.
                item.computed.persisted = True
        yield f"CREATE SCHEMA IF NOT EXISTS {quoted(self.schema)}"
        yield str(CreateTable(made).compile(dialect=dialect())).strip()
        for index in sorted(created(made.indexes), key=lambda index: str(index.name)):
            if index.unique:
                yield str(CreateIndex(index).compile(dialect=dialect())).strip()
        for trigger in self.triggers:
            yield f"DROP TRIGGER IF EXISTS {quoted(trigger)} ON {name(self.hypertable)}"

    @cached_property
    def triggers(self) -> list[str]:
        """The names of the hypertable's declared triggers."""
        return [item.name for item in all_declared(self.declared, Trigger)]

    @cached_property
    def difference(self) -> str:
        """A query for rows that only one of the tables has, by PostgreSQL's equality."""
        listed = ", ".join(quoted(item.name) for item in self.columns)
        as_text = derivation_of(self.declared).without_equality
        read = ", ".join(
            quoted(item.name) + ("::text" if item.name in as_text else "") for item in self.columns
        )
        one, other = name(self.hypertable), name(self.twin)
        first, second = literal(f"only in {one}"), literal(f"only in {other}")
        return (
            f"SELECT CASE WHEN sum(place) > 0 THEN {first} ELSE {second} END"
            f" AS place, {listed}\n"
            f"FROM (SELECT 1, {read} FROM {one}\n"
            f"      UNION ALL SELECT -1, {read} FROM {other}) AS row (place, {listed})\n"
            f"GROUP BY {listed} HAVING sum(place) <> 0"
        )


def quoted(identifier: str) -> str:
    """Quote an identifier for SQL."""
    return dialect().identifier_preparer.quote(identifier)


def literal(value: str) -> str:
    """Quote a text for SQL."""
    return "'" + value.replace("'", "''") + "'"


def name(source: TableClause | Table) -> str:
    """Quote a table's name for SQL, with its schema if it has one."""
    parts = [source.schema, source.name] if source.schema else [source.name]
    return ".".join(quoted(str(part)) for part in parts)


def ancestors(declared: Table) -> list[Table]:
    """The tables that this table references, directly or not; parents before children."""
    found: set[Table] = set()
    waiting = [declared]
    while waiting:
        for key in waiting.pop().foreign_keys:
            parent = key.column.table
            if parent not in found and parent is not declared:
                found.add(parent)
                waiting.append(parent)
    tables = sort_tables(sorted(found, key=str))
    return [item for item in tables if view_of(item) is None]
