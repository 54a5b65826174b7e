"""Foreign keys whose table or column the metadata does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import NoReferenceError

from conformance.errors import ModelsUnavailable

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def refuse_lost_references(metadata: MetaData) -> None:
    """Refuse metadata with a foreign key that refers to nothing in the metadata.

    Raises:
        ModelsUnavailable: there is such a foreign key.
    """
    # Sorted tables would need the references.
    for table in metadata.tables.values():
        for key in table.foreign_keys:
            try:
                _ = key.column
            except NoReferenceError:
                raise ModelsUnavailable(
                    f"{table.fullname}.{key.parent.name} refers to {key.target_fullname}, which "
                    "the models do not have.",
                    "Correct the name, with its schema, or import the module of that table too.",
                ) from None
