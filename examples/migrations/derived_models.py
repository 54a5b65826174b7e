"""The project's models with one change, for the examples: what a pull request makes of them."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from sqlalchemy import MetaData, Table

from models import Base

if TYPE_CHECKING:
    from conformance import Compression, Hypertable, Retention


def copy_of_models() -> MetaData:
    """The project's metadata, to be changed at will."""
    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    metadata.info.update(Base.metadata.info)
    for original in Base.metadata.sorted_tables:
        table = original.to_metadata(metadata)
        # SQLAlchemy copies a table's declarations as one dictionary, and an index without them.
        # What else is kept with a table was worked out from the original.
        table.info = {
            key: copy(value) for key, value in original.info.items() if isinstance(value, dict)
        }
        said = {index.name: index.info for index in original.indexes}
        for index in table.indexes:
            index.info.update(said[index.name])
    return metadata


def redeclare(table: Table, *declarations: Compression | Hypertable | Retention) -> None:
    """Declare this in place of what the table's model says of the same."""
    for declaration in declarations:
        for declared in table.info.values():
            declared.pop(type(declaration), None)
    Table(table.name, table.metadata, *declarations, extend_existing=True)


def drop_column(table: Table, name: str) -> None:
    """Take away a column that no key, constraint or declaration names."""
    # SQLAlchemy has no public way.
    table._columns.remove(table.columns[name])  # noqa: SLF001
