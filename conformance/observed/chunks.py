"""Chunks that are not like their hypertable, and partitions that are not like their table."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import Default, Detail, FactKey, Objects
from conformance.comparing.parameters import normal
from conformance.observed.catalog import Scope, rows
from conformance.observed.spelling import Formula, canonical_formulas

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    Planned = dict[Formula, tuple[str, str]]

_ATTRIBUTES = {
    "settings": "other_compression_settings", "alteration": "alterations", "storage": "storage",
    "sparse": "other_sparse_indexes", "privilege": "privileges",
}  # fmt: skip
#: What is no finding where a hypertable or table has it: neither rows nor, by much, plans change.
_NAMED_ONLY = ("storage", "partition_storage", "other_sparse_indexes", "privileges")
#: Aspects in which chunks differ as a whole.
_OF_CHUNK = ("settings", "sparse")
#: How many chunks are named: a database may have thousands.
_NAMED = 5


def observed(connection: Connection, scope: Scope) -> Objects:
    """Those that differ; `hypertables` and `tables` set the facts of tables without them."""
    found: dict[FactKey, list[str]] = {}
    differences = rows(connection, "chunks", scope)
    planned = canonical_formulas(connection, _formulas(differences))
    for row in differences:
        if row.aspect == "storage" and is_default(row.detail):
            continue
        table = scope.name(row.schema_name, row.table_name)
        aspect = "alteration" if row.aspect == "formulas" else row.aspect
        key = FactKey("chunk", table, "", _ATTRIBUTES[aspect])
        if row.is_partition:
            attribute = "partition_storage" if aspect == "storage" else "altered_partitions"
            key = FactKey("table", table, "", attribute)
        if texts := list(_texts(row, planned)):
            found.setdefault(key, []).extend(texts)
    for key, texts in found.items():
        named_only = key.attribute in _NAMED_ONLY
        value = Detail(_named(key, texts), judged=False) if named_only else shortened(texts)
        yield *key[:3], {key.attribute: value}


def _named(key: FactKey, texts: list[str]) -> str:
    names = ", ".join(shortened(texts))
    if key.attribute != _ATTRIBUTES["sparse"]:
        return names
    return f"those of {len(texts)} chunk{'s' * (len(texts) != 1)} ({names})"


def _texts(row: Any, planned: Planned) -> Iterator[str]:
    """What is said of the row, which with formulas is of several chunks."""
    if row.aspect == "formulas":
        yield from _of_other_formulas(json.loads(row.detail), planned)
    else:
        yield row.chunk_name if row.aspect in _OF_CHUNK else f"{row.chunk_name} {row.detail}"


def _formulas(differences: Sequence[Any]) -> Iterator[Formula]:
    for row in differences:
        if row.aspect == "formulas":
            said = json.loads(row.detail)
            yield from (*_side(said, "wanted"), *_side(said, "found"))


def _side(said: dict[str, Any], side: str) -> list[Formula]:
    columns = tuple(sorted(said["columns"].items()))
    return [Formula(columns, expressions, predicate) for expressions, predicate in said[side]]


def _of_other_formulas(said: dict[str, Any], planned: Planned) -> Iterator[str]:
    """The indexes of chunks, and of their hypertable, that are not on the other side."""
    wanted, found = (
        [planned.get(one) for one in _side(said, side)] for side in ("wanted", "found")
    )
    if None in wanted or None in found:
        # This role may not have them planned.
        return
    for chunk, names in sorted(said["chunks"].items()):
        added, lacking = (
            _without(names, found, wanted),
            _without(said["wanted_names"], wanted, found),
        )
        yield from (f"{chunk} adds {said['kind']} {name}" for name in added)
        yield from (f"{chunk} lacks {said['kind']} {name}" for name in lacking)


def _without(names: list[str], formulas: list[Any], others: list[Any]) -> Iterator[str]:
    """The names of those that are not among the others."""
    left = Counter(others)
    for name, formula in zip(names, formulas, strict=True):
        if not left[formula]:
            yield name
        left[formula] -= 1


def is_default(detail: str) -> bool:
    """Whether the detail, `has fillfactor=100`, is a storage parameter with its default."""
    name, _, value = detail.removeprefix("has ").partition("=")
    return isinstance(normal(name, value), Default)


def shortened(texts: list[str]) -> tuple[str, ...]:
    """The first of these, and how many more there are."""
    if len(texts) <= _NAMED:
        return tuple(texts)
    return (*texts[:_NAMED], f"and {len(texts) - _NAMED} more")
