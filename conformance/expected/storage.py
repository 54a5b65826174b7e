"""Declared storage of tables, columns and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.parameters import normal
from conformance.declarations.base import created, declared
from conformance.declarations.storage import ColumnStorage, Storage
from conformance.expected import spelling
from conformance.expected.indexes import method_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Table

    from conformance.comparing.facts import Objects

    #: A part of the table, its attribute, and the value.
    Said = tuple[str, str, object]


def expected(table: Table, name: str, default_schema: str) -> Objects:
    """Every declared storage parameter."""
    storage = declared(table, Storage) or Storage()
    said = (*_of_options("", spelling.options(table)), *_of(storage), *_indexes(table))
    methods = {spelling.final_name(index): method_of(index) for index in table.indexes}
    for part, attribute, value in said:
        if value is not None:
            yield "storage", name, part, {attribute: normal(attribute, value, methods.get(part))}


def _of(storage: Storage) -> Iterator[Said]:
    yield from (("", attribute, value) for attribute, value in storage.parameters.items())
    yield "", "replica_identity", storage.replica_identity
    yield "", "tablespaces", ", ".join(storage.tablespaces) or None
    for column, kept in storage.columns.items():
        yield from _column(column, kept)


def _column(name: str, kept: ColumnStorage) -> Iterator[Said]:
    yield name, "storage", kept.storage
    yield name, "compression", kept.compression
    yield name, "statistics", kept.statistics
    yield from ((name, option, value) for option, value in kept.options.items())


def _indexes(table: Table) -> Iterator[Said]:
    for index in created(table.indexes):
        name = spelling.final_name(index) or ""
        yield from _of_options(name, spelling.options(index))


def _of_options(part: str, options: Mapping[str, Any]) -> Iterator[Said]:
    """The options of SQLAlchemy; from 2.1 on tables have `postgresql_with`."""
    yield part, "tablespace", options.get("tablespace")
    parameters = options.get("with") or {}
    yield from ((part, attribute, value) for attribute, value in parameters.items())
