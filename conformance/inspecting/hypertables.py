"""`Hypertable`, with its dimensions and TimescaleDB's own indexes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import IndexColumn
from conformance.declarations.naming import default_name
from conformance.inspecting.code import Call, given
from conformance.inspecting.observed import Entry, length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.inspecting.observed import Observed

ATTRIBUTES = {
    "hypertable": ("time_column", "time_type", "chunk_interval", "partitions", "integer_now")
}

_HASH = re.compile(r"hash \((?P<column>.*), (?P<number>\d+)\)", re.DOTALL)


def declarations(observed: Observed) -> Iterator[Entry]:
    """The declaration of each hypertable."""
    for kind, table, _, attributes in observed.all("hypertable"):
        time: Any = attributes["time_column"]
        partitions: Any = attributes["partitions"]
        dimensions = [(match["column"], int(match["number"])) for match in _hashes(partitions)]
        own = set(own_indexes(observed, table))
        call = Call(
            "Hypertable",
            (time,),
            given(
                chunk_interval=length(attributes["chunk_interval"]),
                partitions=_partitions(observed, table, time, dimensions) or None,
                time_index=None if _has_index(observed, table, (time,)) else False,
                integer_now=attributes.get("integer_now"),
            ),
        )
        indexes = [("index", table, name) for name in own]
        promised = {
            name for _, _, index in indexes for name in observed.one("index", table, index) or ()
        }
        yield observed.entry(
            table, call, [(kind, table, ""), *indexes], {*ATTRIBUTES["hypertable"], *promised}
        )


def own_indexes(observed: Observed, table: str) -> Iterator[str]:
    """The names of the indexes that TimescaleDB has created by itself, as `Hypertable` says.

    `Hypertable` leaves out an index where it sees another one on the same columns.
    """
    attributes = observed.one("hypertable", table)
    if attributes is None:
        return
    time: Any = attributes["time_column"]
    hashes = _hashes(attributes["partitions"])
    for columns in [(time,), *((match["column"], time) for match in hashes[:1])]:
        name = _own_index(observed, table, columns)
        if name is not None and not _has_another_index(observed, table, columns, name):
            yield name


def _has_another_index(observed: Observed, table: str, columns: tuple[str, ...], name: str) -> bool:
    others: Any = [
        of["columns"] for each, of in observed.of("index", table).items() if each != name
    ]
    on_these = any(tuple(item.value for item in other) == columns for other in others)
    return on_these or _has_key(observed, table, columns)


def _hashes(partitions: Any) -> list[re.Match[str]]:
    return [match for part in partitions if (match := _HASH.fullmatch(part))]


def _partitions(
    observed: Observed, table: str, time: str, dimensions: list[tuple[str, int]]
) -> list[Call]:
    calls = []
    for place, (column, number) in enumerate(dimensions):
        indexed = place > 0 or _has_index(observed, table, (column, time))
        calls.append(
            Call("HashPartition", (column, number), given(time_index=None if indexed else False))
        )
    return calls


def _own_index(observed: Observed, table: str, columns: tuple[str, ...]) -> str | None:
    """The index under TimescaleDB's name for these columns, if it is as TimescaleDB makes it."""
    _, local = observed.split(table)
    name = default_name(local, "_".join(columns), "idx")
    found = observed.one("index", table, name)
    *others, time = columns
    usual = {
        "columns": (
            *map(IndexColumn, others),
            IndexColumn(time, descending=True, nulls_first=True),
        ),
        "unique": False,
        "method": "btree",
        "predicate": None,
        "include": (),
        "valid": True,
    }
    if found is None or any(found.get(key) != value for key, value in usual.items()):
        return None
    return None if observed.one("storage", table, name) else name


def _has_index(observed: Observed, table: str, columns: tuple[str, ...]) -> bool:
    """Whether `Hypertable` needs no word about the index: it is there, or a key is as good."""
    if _own_index(observed, table, columns) is not None:
        return True
    if _has_key(observed, table, columns):
        return True
    # Only these are printed by the names of their columns, which `Hypertable` can see.
    plain = tuple(IndexColumn(column) for column in columns)
    return any(index["columns"] == plain for index in observed.of("index", table).values())


def _has_key(observed: Observed, table: str, columns: tuple[str, ...]) -> bool:
    keys = [observed.one("primary_key", table), *observed.of("unique", table).values()]
    return any(key and key["columns"] == columns for key in keys)
