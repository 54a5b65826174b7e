"""A whole module: classes for all tables, and what belongs to the database."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData
from sqlalchemy.exc import SAWarning

from conformance.inspecting import sequences, subjects, views
from conformance.inspecting.code import Call, Name, given
from conformance.inspecting.options import options_of
from conformance.inspecting.tables import metadata_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Table

    from conformance.inspecting.observed import Observed
    from conformance.inspecting.tables import Reflected


def classes_of(
    observed: Observed, reflected: Reflected, connection: Connection, *, alone: bool = False
) -> Any:
    """The generator of the classes, and the tables by their names in facts.

    Args:
        alone: whether some classes are to be printed by themselves: without relationships, and
            without what belongs to the metadata.
    """
    from conformance.inspecting.classes import Classes, OtherType

    tables = metadata_of(observed, reflected, OtherType)
    args: dict[Table, list[Call]] = {table: [] for table in tables.values()}
    for entry in subjects.of_tables(observed):
        if entry.owner in tables:
            args[tables[entry.owner]].append(entry.call)
    options = {
        table: options_of(observed, name) | given(comment=table.comment)
        for name, table in tables.items()
    }
    metadata = next(iter(tables.values())).metadata if tables else MetaData()

    def of_metadata(reference: str) -> Sequence[Call]:
        return () if alone else calls_for_metadata(observed, reference)

    return Classes(metadata, connection, args, options, of_metadata, related=not alone), tables


def source_of(observed: Observed, reflected: Reflected, connection: Connection) -> str:
    """The source of the module."""
    generator, _ = classes_of(observed, reflected, connection)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        return str(generator.generate())


def calls_for_metadata(observed: Observed, reference: str) -> list[Call]:
    """The statements after the classes.

    Args:
        reference: the code of the metadata.
    """
    calls = [entry.call for entry in sequences.declarations(observed, reference)]
    parts = [entry for entry in subjects.of_tables(observed) if entry.owner in observed.derived]
    entries = [*subjects.of_database(observed), *views.declarations(observed, parts)]
    if entries:
        declared = (Name(reference), *(entry.call for entry in entries))
        calls.append(Call("declare", declared))
    return calls


def metadata_in(source: str) -> MetaData:
    """The metadata of a printed module, which is run for it."""
    names: dict[str, Any] = {"__name__": "inspected"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        exec(compile(source, "inspected", "exec", dont_inherit=True), names)  # noqa: S102 - it is the code that was just made
    base = names.get("Base")
    found = names["metadata"] if base is None else base.metadata
    assert isinstance(found, MetaData)
    return found
