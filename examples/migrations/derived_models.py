"""The project's models with one change, for the examples: what a pull request makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import MetaData, Table

from conformance.declarations.base import declarations_of
from models import Base

if TYPE_CHECKING:
    from conformance import Compression, Hypertable, Retention


def copy_of_models() -> MetaData:
    """The project's metadata, to be changed at will."""
    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    metadata.info.update(Base.metadata.info)
    for original in Base.metadata.sorted_tables:
        table = original.to_metadata(metadata)
        # What is kept with a table, beside its declarations, was worked out from the original.
        table.info.clear()
        # SQLAlchemy copies an index without its info.
        said = {index.name: index.info for index in original.indexes}
        for index in table.indexes:
            index.info.update(said[index.name])
    return metadata


def redeclare(table: Table, *declarations: Compression | Hypertable | Retention) -> None:
    """Declare this in place of what the table's model says of the same."""
    for declaration in declarations:
        declarations_of(table).pop(type(declaration), None)
    Table(table.name, table.metadata, *declarations, extend_existing=True)


def drop_column(table: Table, name: str) -> None:
    """Take away a column that no key, constraint or declaration names."""
    # SQLAlchemy has no public way.
    table._columns.remove(table.columns[name])  # noqa: SLF001
