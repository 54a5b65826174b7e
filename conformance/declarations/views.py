"""Relations whose rows come from a query: views, materialized views, and what they share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Column, ColumnClause, Label, MetaData, Select, Table
from sqlalchemy.sql.util import find_tables

from conformance.declarations.base import (
    Declaration,
    DeclarationError,
    Requirement,
    all_declared,
    required,
)
from conformance.declarations.hypertables import Hypertable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.schema import SchemaItem
    from sqlalchemy.sql.base import SchemaEventTarget

_QUERY = re.compile(r"\s*(?:\(|(?:select|with|values|table)\b)", re.IGNORECASE)


class Derived(Declaration, Requirement):
    """A relation whose rows come from a query; it takes its place among the models in two ways.

    In `__table_args__` of a class that reads from it, it says that the class has no table. Without
    a class it is given a name, and `require(metadata)` makes it known.

    Args:
        query: a SQLAlchemy `select()` or the text of one. None: whatever it is computed from, only
            its columns are looked at.
        parts: indexes and further declarations, as they stand in `__table_args__`.
        name: only where there is no mapped class, whose table has the name.
        schema: of the name.
    """

    #: What people call it.
    noun = "view"

    def __init__(
        self,
        query: Select[Any] | str | None = None,
        *parts: SchemaItem,
        name: str | None = None,
        schema: str | None = None,
    ) -> None:
        self.query = query
        self.name = name
        self.schema = schema
        self._parts = parts

    def require(self, metadata: MetaData) -> None:
        """Make this a requirement of the metadata: there is no mapped class for it.

        Raises:
            DeclarationError: it has no name, another one has it, or it contradicts itself.
        """
        if self.name is None:
            raise DeclarationError(
                type(self).__name__, "has no name; give it one, or put it into a mapped class"
            )
        schema = self.schema or metadata.schema
        for table in (*metadata.tables.values(), *views_of(metadata)):
            if (table.schema, table.name) == (schema, self.name):
                raise DeclarationError(
                    self.name,
                    f"the {self.noun} has the name of a table that is declared already; "
                    "put it into __table_args__ there",
                )
        # In metadata of its own, so that nothing takes it for a table.
        apart = MetaData(naming_convention=metadata.naming_convention)
        self.table = Table(self.name, apart, *self._columns(), self, schema=schema)
        super().require(metadata)

    def _set_parent(self, parent: SchemaEventTarget, **keywords: Any) -> None:
        assert isinstance(parent, Table)
        self.table = parent
        if self.name not in (None, parent.name):
            raise DeclarationError(
                parent.name, f"names the {self.noun} {self.name!r}; the class has the name already"
            )
        super()._set_parent(parent, **keywords)
        for part in self._parts:
            part._set_parent_with_dispatch(parent)  # noqa: SLF001 - as Table does with its items

    def _attach(self, table: Table) -> None:
        if isinstance(self.query, str) and not _QUERY.match(self.query):
            raise DeclarationError(table.name, f"query {self.query!r} is not a SELECT")

    def _check(self, table: Table) -> None:
        others = [
            item
            for kind in (Derived, Hypertable)
            for item in all_declared(table, kind)
            if item is not self
        ]
        if others:
            raise DeclarationError(
                table.name, f"declares {type(self).__name__} and {type(others[0]).__name__}"
            )
        computed = self.column_names()
        for column in table.columns:
            if computed is not None and column.name not in computed:
                raise DeclarationError(
                    table.name,
                    f"column {column.name!r} is not in its query; there are {', '.join(computed)}",
                )

    def column_names(self) -> list[str] | None:
        """What the query's columns are called; None where it is a text or not given.

        Raises:
            DeclarationError: one has no name: SQLAlchemy and PostgreSQL would each choose another.
        """
        if not isinstance(self.query, Select):
            return None
        return [self._named(column).name for column in self.query.selected_columns]

    def _named(self, column: Any) -> Any:
        # The name of a function is no label: PostgreSQL and SQLAlchemy make different ones of it.
        if not isinstance(column, Label | ColumnClause):
            raise DeclarationError(
                str(self.name or self.table.name),
                f"column {column} of its query has no name; give it one with .label()",
            )
        return column

    def sources(self) -> list[Table] | None:
        """The tables that the query speaks of; None where it is a text or not given."""
        if not isinstance(self.query, Select):
            return None
        found = find_tables(self.query, include_joins=True, check_columns=True)
        return list(dict.fromkeys(table for table in found if isinstance(table, Table)))

    def _columns(self) -> Sequence[Column[Any]]:
        if not isinstance(self.query, Select):
            return ()
        columns = [self._named(column) for column in self.query.selected_columns]
        return [Column(column.name, column.type) for column in columns]


class View(Derived):
    """A view, and the query that it stands for.

    Args:
        query: as for every relation that comes from a query.
        security_barrier: no function of a reader sees a row that the view leaves out.
        security_invoker: the reader's privileges count, not the owner's.
        check_option: `"local"` or `"cascaded"`: what is written must show in the view.

    Source: PostgreSQL documentation, "CREATE VIEW".
    """

    def __init__(  # noqa: PLR0913 - each is an option of CREATE VIEW
        self,
        query: Select[Any] | str | None = None,
        *parts: SchemaItem,
        name: str | None = None,
        schema: str | None = None,
        security_barrier: bool = False,
        security_invoker: bool = False,
        check_option: Literal["local", "cascaded"] | None = None,
    ) -> None:
        super().__init__(query, *parts, name=name, schema=schema)
        given = {
            "check_option": check_option,
            "security_barrier": security_barrier and "true",
            "security_invoker": security_invoker and "true",
        }
        #: `security_barrier=true`, in the order of their names.
        self.options = tuple(f"{option}={value}" for option, value in given.items() if value)


class MaterializedView(Derived):
    """A materialized view, and the query that fills it."""

    noun = "materialized view"


def view_of(table: Table) -> Derived | None:
    """What the table's rows come from; None for a table that holds its own."""
    return next(iter(all_declared(table, Derived)), None)


def views_of(metadata: MetaData) -> list[Table]:
    """All relations that come from a query: those of mapped classes, and those without one."""
    mapped = [table for table in metadata.tables.values() if view_of(table) is not None]
    return mapped + [item.table for item in required(metadata, Derived)]


def tables_of(metadata: MetaData) -> list[Table]:
    """The tables that hold rows of their own, parents first: what `sorted_tables` has of them."""
    return [table for table in metadata.sorted_tables if view_of(table) is None]
