"""The columns of a table, resolved once: the type in PostgreSQL, and the role in the table."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from numbers import Number
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    JSON,
    CheckConstraint,
    Enum,
    Interval,
    LargeBinary,
    String,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.dialects.postgresql import DOMAIN, HSTORE, INTERVAL, TSVECTOR
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import ColumnCollectionConstraint

from conformance.declarations import compression_of, hypertable_of
from conformance.expected.spelling import dialect
from conformance.strategies.canonical import canonical
from conformance.strategies.values.narrowing import ANYTHING, Narrowing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column, Table
    from sqlalchemy.types import TypeEngine

#: SQLAlchemy's Interval is a decorator for databases that have no intervals.
INTERVALS = (Interval, INTERVAL)
#: Types whose values have a variable length.
_VARIABLE = (String, LargeBinary, JSON, ARRAY, HSTORE, TSVECTOR)
#: A third of a page, less what an index entry needs beside its values (PostgreSQL, "B-Tree
#: Indexes": 2704 bytes at most). Counted without compression, which not every text allows.
_INDEX_ENTRY = 2_600


@dataclass(frozen=True)
class Kind:
    """A type of SQLAlchemy, resolved.

    Attributes:
        stored: the type that the database stores: without decorators and domains, in the variant
            for PostgreSQL.
        decorators: the TypeDecorators that change values, the outermost first. Their Python values
            may be of any class.
        domain: the domain whose base is the stored type; None: there is none.
    """

    stored: TypeEngine[Any]
    decorators: tuple[TypeDecorator[Any], ...] = ()
    domain: DOMAIN | None = None

    def __str__(self) -> str:
        """The type as PostgreSQL prints it; the class of a TypeDecorator."""
        if self.decorators:
            return type(self.decorators[0]).__name__
        try:
            return (self.domain or self.stored).compile(dialect())
        except CompileError:
            return repr(self.stored)

    @property
    def members(self) -> Iterator[enum.Enum]:
        """The members of every Enum class in an attribute of a decorator."""
        for decorator in self.decorators:
            for kept in {**vars(type(decorator)), **vars(decorator)}.values():
                if isinstance(kept, type) and issubclass(kept, enum.Enum):
                    yield from kept

    def bound(self, value: Any) -> Any:
        """The value that the decorators send to the database for this one."""
        for item in self.decorators:
            if type(item).process_bind_param is not TypeDecorator.process_bind_param:
                value = item.process_bind_param(value, dialect())
        return value

    def read(self, value: Any) -> Any:
        """The value that the decorators return for a stored one."""
        for item in reversed(self.decorators):
            if type(item).process_result_value is not TypeDecorator.process_result_value:
                value = item.process_result_value(value, dialect())
        return value

    def round_trip(self, value: Any, narrowing: Narrowing = ANYTHING) -> Any:
        """The value that the decorators return after storing this one.

        None if they refuse the value, return a value that is stored differently, or store a value
        that the narrowing does not allow.
        """
        try:
            found = self.read(self._returned(self.bound(value)))
            stored = self.bound(found)
            again = self.read(self._returned(stored))
            kept = stored is not None and canonical(again) == canonical(found)
            return found if kept and self._fits(stored) and narrowing.allows(stored) else None
        # A decorator may raise anything.
        except Exception:
            return None

    def _returned(self, sent: Any) -> Any:
        """What the database returns for a value: a UUID, also for its text."""
        is_text = isinstance(self.stored, Uuid) and self.stored.as_uuid and isinstance(sent, str)
        return UUID(sent) if is_text else sent

    def _fits(self, stored: Any) -> bool:
        length = getattr(self.stored, "length", None)
        return length is None or not isinstance(stored, str | bytes) or len(stored) <= length

    def value_stored_as(self, stored: Any, narrowing: Narrowing = ANYTHING) -> Any:
        """A value that the decorators store as this one; None if there is none, as above."""
        if not self.decorators:
            return stored
        try:
            value = self.round_trip(self.read(stored), narrowing)
            again = None if value is None else self.bound(value)
        except Exception:
            return None
        # The driver accepts text for every type, or values of the type's own class.
        alike = isinstance(again, (str, type(stored))) or (
            isinstance(again, Number) and isinstance(stored, Number)
        )
        return value if alike else None


def kind_of(declared: TypeEngine[Any]) -> Kind:
    """Resolve a type."""
    kind, decorators, domain = declared, list[TypeDecorator[Any]](), None
    while True:
        kind = kind._variant_mapping.get("postgresql", kind)
        if isinstance(kind, TypeDecorator) and not isinstance(kind, INTERVALS):
            decorators.append(kind)
            kind = kind.load_dialect_impl(dialect())
        elif isinstance(kind, DOMAIN) and not _is_processed(kind.data_type):
            domain, kind = kind, kind.data_type
        else:
            return Kind(kind, tuple(filter(_changes_values, decorators)), domain)


def _is_processed(base: TypeEngine[Any]) -> bool:
    """Whether SQLAlchemy changes values on the way; of a domain's base it does not."""
    implementation = base.dialect_impl(dialect())
    return implementation.bind_processor(dialect()) is not None


def _changes_values(decorator: TypeDecorator[Any]) -> bool:
    return any(
        getattr(type(decorator), name) is not getattr(TypeDecorator, name)
        for name in ("process_bind_param", "process_result_value")
    )


@dataclass(frozen=True, eq=False)
class Field:
    """A column, resolved.

    Attributes:
        nullable: whether the column and its domain allow NULL.
        is_generated: whether the database fills the column: computed, identity, serial, sequence.
        has_default: whether a row may leave the column out because it has a default.
        is_time: whether a hypertable is partitioned by the column.
        limit: the maximum number of bytes of a value, so that it fits into every index of the
            column; None: the column has no index, or a fixed length.
        narrowing: the values that the CHECK constraints of this column alone allow.
    """

    column: Column[Any]
    kind: Kind
    nullable: bool
    is_generated: bool
    has_default: bool
    is_time: bool
    limit: int | None
    narrowing: Narrowing = ANYTHING

    @property
    def name(self) -> str:
        """The name in the database."""
        return str(self.column.name)

    @property
    def key(self) -> str:
        """The key in `insert()`."""
        return str(self.column.key)

    @property
    def may_be_null(self) -> bool:
        """Whether the column and its checks allow NULL."""
        return self.nullable and self.narrowing.null is not False

    @property
    def needs_value(self) -> bool:
        """Whether a row must have a value for the column."""
        return not (self.may_be_null or self.has_default or self.is_generated)

    @property
    def bare_type(self) -> TypeEngine[Any]:
        """The type without decorators; an Enum stays, because it only accepts its labels."""
        return self.column.type if isinstance(self.kind.stored, Enum) else self.kind.stored


def fields_of(table: Table) -> dict[str, Field]:
    """Every column of the table, by name; without the narrowing by CHECK constraints."""
    kinds = {column.name: kind_of(column.type) for column in table.columns}
    limits = _limits(table, kinds)
    hypertable = hypertable_of(table)
    return {
        column.name: Field(
            column,
            kind := kinds[column.name],
            nullable=bool(column.nullable) and not (kind.domain and kind.domain.not_null),
            is_generated=is_generated(column),
            has_default=column.server_default is not None or column.default is not None,
            is_time=hypertable is not None and hypertable.time_column in (column.name, column.key),
            limit=limits.get(column.name),
        )
        for column in table.columns
    }


def is_generated(column: Column[Any]) -> bool:
    """Whether the database fills the column: computed, identity, serial, sequence, or system."""
    if column.computed is not None or column.identity is not None or column.system:
        return True
    if column.default is not None:
        return bool(column.default.is_sequence)
    return column is column.table._autoincrement_column and column.server_default is None


def _limits(table: Table, kinds: dict[str, Kind]) -> dict[str, int]:
    """Column of variable length -> its maximum bytes in the index with the most such columns."""
    limits: dict[str, int] = {}
    for entry in _index_entries(table):
        variable = [name for name in entry if isinstance(kinds[name].stored, _VARIABLE)]
        for name in variable:
            room = _INDEX_ENTRY // len(variable)
            limits[name] = min(room, limits.get(name, room))
    return limits


def _index_entries(table: Table) -> Iterator[list[str]]:
    """The columns of each index; a column may appear twice."""
    for constraint in table.constraints:
        if isinstance(constraint, ColumnCollectionConstraint) and not isinstance(
            constraint, CheckConstraint
        ):
            yield [column.name for column in constraint.columns]
    names = {column.name for column in table.columns}
    for index in table.indexes:
        included = index.dialect_options["postgresql"].get("include") or ()
        found = [*index.columns, *included]
        yield [name for item in found if (name := str(getattr(item, "name", item))) in names]
    compression = compression_of(table)
    if compression is not None:
        # A compressed batch is indexed by segmentby, and by the first and last value of orderby.
        ordered = [item.column for item in compression.order_by]
        yield [*compression.segment_by, *ordered, *ordered]
