"""The declarative base of the schema: names, types and columns that every table shares."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    SmallInteger,
    Text,
    TypeDecorator,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

from conformance import DeclarationError, TimescaleDB

if TYPE_CHECKING:
    from sqlalchemy import Dialect

Term = TypeVar("Term", bound=StrEnum)

#: Every constraint and index is named by these rules, in the models and in the database.
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

#: Identity primary key of a metadata table; a foreign key to it has the same type.
MetadataId = Annotated[int, mapped_column(Integer, Identity(always=True), primary_key=True)]
#: First half of a hypertable's primary key; the time column is the other half.
RowId = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
CreatedAt = Annotated[datetime, mapped_column(server_default=func.now())]
UpdatedAt = Annotated[datetime, mapped_column(server_default=func.now(), onupdate=func.now())]
InstrumentId = Annotated[int, mapped_column(Integer, ForeignKey("instruments.id"))]
SeriesId = Annotated[int, mapped_column(Integer, ForeignKey("series_metadata.id"))]
SmallInt = Annotated[int, mapped_column(SmallInteger)]


class Base(DeclarativeBase):
    """Base of all models; `Base.metadata` is the whole schema."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: Integer,
        # TimescaleDB warns about varchar. text has the same storage, without an arbitrary limit.
        str: Text,
        float: Double,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
    }

    def __init_subclass__(cls, **kwargs: Any) -> None:
        try:
            super().__init_subclass__(**kwargs)
        except DeclarationError as error:
            raise error.in_model(cls.__name__) from None


#: The migrations must run on this version, too: what it rejects fails the gate.
TimescaleDB(minimum="2.17").require(Base.metadata)


class Vocabulary(TypeDecorator[Term]):
    """A closed vocabulary: `text` in the database, a StrEnum in Python.

    A native enum type cannot lose a value, and gains a value by a migration only. `text` with the
    check of `one_of` changes like any other check.
    """

    impl = Text
    cache_ok = True

    def __init__(self, terms: type[Term]) -> None:
        super().__init__()
        self.terms = terms

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """The term's text; a text that is not a term raises ValueError."""
        return None if value is None else self.terms(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> Term | None:
        """The term of a text read from the database."""
        return None if value is None else self.terms(value)


def one_of(column: str, terms: type[StrEnum]) -> CheckConstraint:
    """The check that allows only the terms of the vocabulary, `ck_<table>_<column>`."""
    listed = ", ".join(f"'{term.value}'" for term in terms)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
