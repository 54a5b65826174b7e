"""The base of all declarations: they register with their table and check themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import DDL, Column, Table, event
from sqlalchemy.dialects.postgresql.base import PGDDLCompiler, PGDialect
from sqlalchemy.exc import ArgumentError
from sqlalchemy.schema import SchemaItem

from conformance.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

    from sqlalchemy import Constraint, Index, MetaData
    from sqlalchemy.schema import ExecutableDDLElement
    from sqlalchemy.sql.base import SchemaEventTarget

    #: A length of time, or a number where the time column is an integer.
    Length = str | timedelta | int

#: The key of the requirements in `MetaData.info`.
INFO_KEY = "timescaledb"

Item = TypeVar("Item", bound="Constraint | Index")
Declared = TypeVar("Declared", bound="Declaration")
Required = TypeVar("Required", bound="Requirement")


class _Info(dict[Any, Any]):
    """`Table.info` with the declarations beside its items, which Alembic writes into a revision."""

    def __init__(self, items: dict[Any, Any], declarations: dict[type, list[Declaration]]) -> None:
        super().__init__(items)
        self.declarations = declarations

    def copy(self) -> _Info:
        """With the same declarations; called by `Table.to_metadata()`."""
        return _Info(self, {kind: [*items] for kind, items in self.declarations.items()})


class DeclarationError(ArgumentError):
    """A declaration contradicts its table, or itself.

    Attributes:
        subject: the model or table that has the declaration.
        reason: what is wrong, with the name of the column.
    """

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(f"{subject}: {reason}")
        self.subject = subject
        self.reason = reason

    def in_model(self, class_name: str) -> DeclarationError:
        """The same error with the name of the mapped class."""
        return DeclarationError(f"{class_name} ({self.subject})", self.reason)


class Declaration(SchemaItem):
    """A schema item that registers with its table and checks itself once the table is complete."""

    __visit_name__ = "timescaledb_declaration"
    #: Whether a table may have several declarations of this class.
    _repeatable = False

    def _set_parent(self, parent: SchemaEventTarget, **_: Any) -> None:
        assert isinstance(parent, Table)
        if not isinstance(parent.info, _Info):
            parent.info = _Info(parent.info, {})
        declared = parent.info.declarations
        if type(self) in declared and not self._repeatable:
            raise DeclarationError(parent.name, f"declares {type(self).__name__} twice")
        declared.setdefault(type(self), []).append(self)
        self._attach(parent)
        event.listen(parent, "after_parent_attach", self._table_is_complete)

    def _table_is_complete(self, table: Table, _: MetaData) -> None:
        self._check(table)

    def _attach(self, table: Table) -> None:
        """Hook: the table has its columns, but not yet what `__table_args__` lists after this."""

    def _check(self, table: Table) -> None:
        """Raise DeclarationError if the declaration contradicts the complete table."""

    def _column(self, table: Table, name: str, role: str) -> Column[Any]:
        column = table.columns.get(name)
        if column is None:
            for candidate in table.columns:
                if candidate.name == name:
                    return candidate
            if not table.columns:
                # A view whose query is a text: only the server knows its columns.
                return Column(name)
            known = ", ".join(candidate.name for candidate in table.columns)
            raise DeclarationError(
                table.name, f"the table has no column {name!r} ({role}); it has {known}"
            )
        return column

    def interval(self, table: Table, what: str, value: Length) -> Interval | int:
        """The length in microseconds, or the plain number that it is; more than zero.

        Raises:
            DeclarationError: the value is not a length, or not more than zero.
        """
        length = length_of(table.name, what, value)
        if (length if isinstance(length, int) else length.microseconds) <= 0:
            raise DeclarationError(table.name, f"{what} {value!r} must be more than zero")
        return length

    def schedule(self, table: Table, value: str | timedelta | None) -> Interval | None:
        """How often a policy runs; None: TimescaleDB's default."""
        if value is None:
            return None
        length = self.interval(table, "schedule interval", value)
        if isinstance(length, int):
            raise DeclarationError(
                table.name,
                f"schedule interval {value!r} must be a length of time such as '12 hours'",
            )
        return length


def created(items: Iterable[Item]) -> Iterator[Item]:
    """The constraints or indexes that `ddl_if()` does not leave to other databases."""
    return filter(_is_created, items)


def _is_created(item: Constraint | Index) -> bool:
    """Ask `ddl_if()`, without a connection, as SQLAlchemy does for a CREATE TABLE.

    The project's function may fail because it would ask the server. PostgreSQL then gets the item.
    """
    condition = item._ddl_if  # noqa: SLF001 - there is no public way to read it
    if condition is None:
        return True
    statement: ExecutableDDLElement = DDL("")  # type: ignore[no-untyped-call]
    compiler = PGDDLCompiler(PGDialect(), statement)  # type: ignore[no-untyped-call]
    try:
        return condition._should_execute(  # noqa: SLF001
            statement, item, None, compiler, checkfirst=False
        )
    except Exception:
        return True


def attach(table: Table, *declarations: Declaration) -> None:
    """Add declarations to a complete table, as if its `__table_args__` had listed them.

    Raises:
        DeclarationError: a declaration contradicts the table.
    """
    for declaration in declarations:
        declaration._set_parent_with_dispatch(table)  # noqa: SLF001 - as Table does with its items
    for declaration in declarations:
        declaration._check(table)  # noqa: SLF001 - the table is complete


def length_of(subject: str, what: str, value: Length) -> Interval | int:
    """The length in microseconds, or the plain number that it is.

    Raises:
        DeclarationError: the value is neither.
    """
    if isinstance(value, int):
        return value
    try:
        return Interval.parse(value)
    except ValueError as error:
        raise DeclarationError(subject, f"{what}: {error}") from None


def needed_unit(unit: Interval | int) -> str:
    """Which unit a length needs, and why: that of a known length. Completes "must be"."""
    if isinstance(unit, int):
        return "a number, because the time column is an integer"
    return "a length of time, because the time column is not an integer"


def declared(table: Table, kind: type[Declared]) -> Declared | None:
    """The table's declaration of this kind, if it has one."""
    return next(iter(all_declared(table, kind)), None)


def all_declared(table: Table, kind: type[Declared]) -> list[Declared]:
    """The table's declarations of this class and of its subclasses."""
    found = declarations_of(table).values()
    return [item for items in found for item in items if isinstance(item, kind)]


def declarations_of(table: Table) -> dict[type, list[Declaration]]:
    """The table's declarations by their class."""
    return table.info.declarations if isinstance(table.info, _Info) else {}


class Requirement:
    """What a schema needs beside its tables; `require` registers it with the metadata."""

    def require(self, metadata: MetaData) -> None:
        """Make this a requirement of the metadata."""
        metadata.info.setdefault(INFO_KEY, []).append(self)


def required(metadata: MetaData, kind: type[Required]) -> list[Required]:
    """The requirements of this class, in the order in which they were registered."""
    return [item for item in metadata.info.get(INFO_KEY, ()) if isinstance(item, kind)]
