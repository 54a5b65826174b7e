"""One view of several MetaData, such as those of two declarative bases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import MetaData

from conformance.errors import ModelsUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What was merged before: asked again, it has the declarations that were added to it meanwhile.
_WHOLES: dict[tuple[MetaData, ...], MetaData] = {}


def merged(named: Mapping[str, MetaData]) -> MetaData:
    """A MetaData with the tables of all; they stay the tables of their mapped classes.

    Naming conventions and an `Owner` count for the tables of their own MetaData; all other
    declarations of a database count for the whole one.

    Args:
        named: by how the project names them, for the error.

    Raises:
        ModelsUnavailable: two of them have a table of the same name.
    """
    # Two names may be names of the same one.
    names: dict[MetaData, str] = {}
    for name, metadata in named.items():
        names.setdefault(metadata, name)
    if len(names) == 1:
        return next(iter(names))
    _refuse_twice(names)
    whole = _WHOLES.setdefault(tuple(names), MetaData())
    for metadata in names:
        _add(metadata, whole)
    return whole


def _refuse_twice(names: Mapping[MetaData, str]) -> None:
    owners: dict[str, str] = {}
    for metadata, name in names.items():
        for key in metadata.tables:
            if key in owners:
                raise ModelsUnavailable(
                    f"The table {key} is in {owners[key]} and in {name}.",
                    "Let one of them have the table, or check them in separate runs.",
                )
            owners[key] = name


def _add(metadata: MetaData, whole: MetaData) -> None:
    for key, table in metadata.tables.items():
        if key not in whole.tables:
            # There is no public way to put a table into a second MetaData without a copy.
            whole._add_table(table.name, table.schema, table)  # noqa: SLF001
    whole._sequences.update(metadata._sequences)  # noqa: SLF001
    for topic, items in metadata.info.items():
        if isinstance(items, list):
            known = whole.info.setdefault(topic, [])
            known += [item for item in items if not any(item is other for other in known)]
