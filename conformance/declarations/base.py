"""What all declarations have in common: they register with their table and check themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Column, Table, event
from sqlalchemy.exc import ArgumentError
from sqlalchemy.schema import SchemaItem

from conformance.intervals import Interval

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import MetaData
    from sqlalchemy.sql.base import SchemaEventTarget

    #: A length of time, or a number where the time column is an integer.
    Length = str | timedelta | int

#: Where a table's and a metadata's `info` keep the declarations.
INFO_KEY = "timescaledb"

Declared = TypeVar("Declared", bound="Declaration")
Required = TypeVar("Required", bound="Requirement")


class DeclarationError(ArgumentError):
    """A declaration contradicts its table, or itself.

    Attributes:
        subject: the model or table it stands in.
        reason: what is wrong, naming the column.
    """

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(f"{subject}: {reason}")
        self.subject = subject
        self.reason = reason

    def in_model(self, class_name: str) -> DeclarationError:
        """The same error, naming the mapped class as well."""
        return DeclarationError(f"{class_name} ({self.subject})", self.reason)


class Declaration(SchemaItem):
    """A schema item that registers itself with its table and checks it once it is complete."""

    __visit_name__ = "timescaledb_declaration"
    #: Whether a table may have several of the kind.
    _repeatable = False

    def _set_parent(self, parent: SchemaEventTarget, **_: Any) -> None:
        assert isinstance(parent, Table)
        declared: dict[type, list[Declaration]] = parent.info.setdefault(INFO_KEY, {})
        if type(self) in declared and not self._repeatable:
            raise DeclarationError(parent.name, f"declares {type(self).__name__} twice")
        declared.setdefault(type(self), []).append(self)
        self._attach(parent)
        event.listen(parent, "after_parent_attach", self._table_is_complete)

    def _table_is_complete(self, table: Table, _: MetaData) -> None:
        self._check(table)

    def _attach(self, table: Table) -> None:
        """Hook: the table has its columns, but not yet everything after this declaration."""

    def _check(self, table: Table) -> None:
        """Raise DeclarationError where this contradicts the complete table."""

    def _column(self, table: Table, name: str, role: str) -> Column[Any]:
        column = table.columns.get(name)
        if column is None:
            for candidate in table.columns:
                if candidate.name == name:
                    return candidate
            if not table.columns:
                # A view whose query is a text: its columns are known to the server alone.
                return Column(name)
            known = ", ".join(candidate.name for candidate in table.columns)
            raise DeclarationError(
                table.name, f"{role} {name!r} is not a column of it; there are {known}"
            )
        return column

    def interval(self, table: Table, what: str, value: Length) -> Interval | int:
        """The length, which must be more than nothing; microseconds, or a plain number."""
        length = length_of(table.name, what, value)
        if (length if isinstance(length, int) else length.microseconds) <= 0:
            raise DeclarationError(table.name, f"{what} {value!r} is not longer than nothing")
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


def length_of(subject: str, what: str, value: Length) -> Interval | int:
    """The length in microseconds, or the plain number that it is.

    Raises:
        DeclarationError: it is neither.
    """
    if isinstance(value, int):
        return value
    try:
        return Interval.parse(value)
    except ValueError as error:
        raise DeclarationError(subject, f"{what}: {error}") from None


def declared(table: Table, kind: type[Declared]) -> Declared | None:
    """The table's declaration of this kind, if it has one."""
    return next(iter(all_declared(table, kind)), None)


def all_declared(table: Table, kind: type[Declared]) -> list[Declared]:
    """The table's declarations of this kind and of those derived from it."""
    found: dict[type, list[Declaration]] = table.info.get(INFO_KEY, {})
    return [item for items in found.values() for item in items if isinstance(item, kind)]


class Requirement:
    """What a whole schema needs beyond its tables; kept in `MetaData.info` by `require`."""

    def require(self, metadata: MetaData) -> None:
        """Make this a requirement of the metadata."""
        metadata.info.setdefault(INFO_KEY, []).append(self)


def required(metadata: MetaData, kind: type[Required]) -> list[Required]:
    """The requirements of this kind, in the order in which they were made."""
    return [item for item in metadata.info.get(INFO_KEY, ()) if isinstance(item, kind)]
