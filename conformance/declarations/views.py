"""Views and materialized views: relations whose rows come from a query."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Column, ColumnClause, Label, MetaData, Select, Table
from sqlalchemy.exc import ConstraintColumnNotFoundError
from sqlalchemy.schema import sort_tables_and_constraints
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
    """A relation whose rows come from a query. There are two ways to declare one.

    Put it into `__table_args__` of its mapped class, which then has no table. Without a mapped
    class, give it a name and call `require(metadata)`.

    Args:
        query: a SQLAlchemy `select()` or its text. None: the query is not checked, only the columns
            are.
        parts: indexes and further declarations, as in `__table_args__`.
        name: the name of a relation without a mapped class; None: the class has it.
        schema: the schema of that name.
    """

    #: The kind of relation in messages.
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
        """Register a relation without a mapped class with the metadata.

        Raises:
            DeclarationError: the relation has no name, its name is taken, or it contradicts itself.
        """
        if self.name is None:
            raise DeclarationError(
                type(self).__name__,
                "has no name; pass name=, or put it into __table_args__ of a mapped class",
            )
        schema = self.schema or metadata.schema
        for table in (*metadata.tables.values(), *views_of(metadata)):
            if (table.schema, table.name) == (schema, self.name):
                raise DeclarationError(
                    self.name,
                    f"a mapped class has the name of the {self.noun} already; put the {self.noun} "
                    "into __table_args__ of that class",
                )
        # A MetaData of its own keeps everybody from taking it for a table.
        apart = MetaData(naming_convention=metadata.naming_convention)
        self.table = Table(self.name, apart, *self._columns(), self, schema=schema)
        super().require(metadata)

    def _set_parent(self, parent: SchemaEventTarget, **_: Any) -> None:
        assert isinstance(parent, Table)
        self.table = parent
        if self.name not in (None, parent.name):
            raise DeclarationError(
                parent.name,
                f"names the {self.noun} {self.name!r} although its class has a name; remove name=",
            )
        super()._set_parent(parent)
        for part in self._parts:
            try:
                part._set_parent_with_dispatch(parent)  # noqa: SLF001 - as Table does with its items
            except ConstraintColumnNotFoundError:
                raise DeclarationError(
                    parent.name,
                    f"index {getattr(part, 'name', None)} names a column that the query does not "
                    "show; if only the server knows the columns, write text() around the name",
                ) from None

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
                table.name,
                f"declares both {type(self).__name__} and {type(others[0]).__name__}; remove one",
            )
        computed = self.column_names()
        for column in table.columns:
            if computed is not None and column.name not in computed:
                raise DeclarationError(
                    table.name,
                    f"column {column.name!r} is not in the query of the {self.noun}; the query has "
                    f"{', '.join(computed)}",
                )

    def column_names(self) -> list[str] | None:
        """The names of the query's columns; None where the query is a text or None.

        Raises:
            DeclarationError: a column has no name; SQLAlchemy and PostgreSQL would choose different
                ones.
        """
        if not isinstance(self.query, Select):
            return None
        return [self._named(column).name for column in self.query.selected_columns]

    def _named(self, column: Any) -> Any:
        # A function without a label: PostgreSQL and SQLAlchemy name its column differently.
        if not isinstance(column, Label | ColumnClause):
            raise DeclarationError(
                str(self.name or self.table.name),
                f"column {column} of the query has no name; give the column one with .label()",
            )
        return column

    def sources(self) -> list[Table] | None:
        """The tables of the query; None where the query is a text or None."""
        if not isinstance(self.query, Select):
            return None
        found = (table for table in find_tables(self.query) if isinstance(table, Table))
        return list(dict.fromkeys(found))

    def _columns(self) -> Sequence[Column[Any]]:
        if not isinstance(self.query, Select):
            return ()
        columns = [self._named(column) for column in self.query.selected_columns]
        return [Column(column.name, column.type) for column in columns]


class View(Derived):
    """A view, and its query.

    Args:
        query: a SQLAlchemy `select()` or its text. None: the query is not checked, only the columns
            are.
        parts: further declarations, as in `__table_args__`.
        name: the name of a view without a mapped class; None: the class has it.
        schema: the schema of that name.
        security_barrier: whether functions of a reader see only rows of the view.
        security_invoker: whether the reader's privileges count instead of the owner's.
        check_option: `"local"` or `"cascaded"`: rows that are written must be rows of the view.

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
        #: `security_barrier=true`, sorted by name.
        self.options = tuple(f"{option}={value}" for option, value in given.items() if value)


class MaterializedView(Derived):
    """A materialized view, and the query that fills it."""

    noun = "materialized view"


def view_of(table: Table) -> Derived | None:
    """The table's `View`, `MaterializedView` or `ContinuousAggregate`; None for a real table."""
    return next(iter(all_declared(table, Derived)), None)


def views_of(metadata: MetaData) -> list[Table]:
    """All relations whose rows come from a query, with and without a mapped class."""
    mapped = [table for table in metadata.tables.values() if view_of(table) is not None]
    return mapped + [item.table for item in required(metadata, Derived)]


def tables_of(metadata: MetaData) -> list[Table]:
    """The tables of the metadata without views, parents first."""
    return [table for table in sorted_tables(metadata) if view_of(table) is None]


def sorted_tables(metadata: MetaData) -> list[Table]:
    """`MetaData.sorted_tables` without its warning about foreign keys in a circle.

    Such keys are nothing that the reader of a verdict has to change.
    """
    by_name = sorted(metadata.tables.values(), key=lambda table: table.key)
    in_order = sort_tables_and_constraints(by_name)  # type: ignore[no-untyped-call]
    return [table for table, _ in in_order if table is not None]
