"""Hypertables: made from a table, their chunk interval, their further dimensions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.facts import Given, Value
from conformance.mending.scene import CannotMend, Parts, Ref, Scene, Step, differing, making
from conformance.mending.sql import length, literal, regclass, relation

if TYPE_CHECKING:
    from collections.abc import Iterator

_HASH = re.compile(r"hash \((?P<column>.*), (?P<number>\d+)\)")
_ANEW = "create the table anew with other dimensions, and copy its rows"


def make(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """create_hypertable(); its indexes are created by themselves, like every other index."""
    if scene.before.get(Ref("table", ref.table), {}).get("inherited_by"):
        raise CannotMend(
            "a table with child tables does not become a hypertable. If these are the chunks of a "
            "restored dump, restore all of it anew; otherwise move their rows by hand"
        )
    existing = not scene.is_new(ref.table)
    time = literal(str(parts["time_column"]))
    words = [regclass(ref.table), f"by_range({time}, {length(parts['chunk_interval'])})"]
    words.append("create_default_indexes => false")
    words += ["migrate_data => true"] if existing else []
    words += ["if_not_exists => true"] if scene.guarded else []
    yield making(
        "hypertable",
        f"SELECT create_hypertable({', '.join(words)})",
        note="Moves the rows into chunks under an exclusive lock." if existing else "",
    )
    for dimension in _hashes(parts.get("partitions")):
        yield _add(ref, dimension)
    if parts.get("integer_now") is not None:
        yield from _integer_now(ref, parts["integer_now"])


def change(ref: Ref, before: Parts, after: Parts, _scene: Scene) -> Iterator[Step]:
    """The chunk interval, for new chunks; the function for integer time; the number of hashes."""
    # The type of the time column is a fact of the column, too.
    changed = differing(before, after, ignored=["time_type"])
    if "time_column" in changed:
        raise CannotMend(f"a hypertable keeps its time column; {_ANEW}", "time_column")
    if "root_table_rows" in changed:
        raise CannotMend(
            "nobody knows whether copies of these rows are in chunks, and which are wanted: move "
            "or delete the rows by hand",
            "root_table_rows",
        )
    if "time_type" in differing(before, after) and _unit(before) is not _unit(after):
        raise CannotMend("chunks by time do not become chunks by number; create the table anew")
    if "partitions" in changed:
        yield from _partitions(ref, before, after)
    if "chunk_interval" in changed:
        yield making(
            "hypertable",
            f"SELECT set_chunk_time_interval({regclass(ref.table)},"
            f" {length(after['chunk_interval'])})",
            note="For new chunks; those that exist keep their length.",
        )
    if "chunk_target_size" in changed:
        size = str(after["chunk_target_size"] or "off").replace(" bytes", "B")
        yield making(
            "hypertable", f"SELECT set_adaptive_chunking({regclass(ref.table)}, {literal(size)})"
        )
    if "integer_now" in changed:
        yield from _integer_now(ref, after["integer_now"])


def drop(ref: Ref, _parts: Parts, scene: Scene) -> Iterator[Step]:
    """A hypertable does not become a table again."""
    if not scene.is_gone(ref.table):
        raise CannotMend(
            "a hypertable does not become a plain table again; create the table anew, and copy its "
            "rows"
        )
    yield from ()


def _unit(parts: Parts) -> type:
    return type(parts["chunk_interval"])


def _integer_now(ref: Ref, function: Value) -> Iterator[Step]:
    if isinstance(function, Given):
        raise CannotMend("name the function in the models: integer_now=...", "integer_now")
    if function is None:
        raise CannotMend("a hypertable keeps its function for integer time", "integer_now")
    yield making(
        "hypertable",
        f"SELECT set_integer_now_func({regclass(ref.table)}, {literal(relation(str(function)))},"
        " replace_if_exists => true)",
    )


def _hashes(partitions: Value) -> list[re.Match[str]]:
    listed = partitions if isinstance(partitions, tuple) else ()
    found = [_HASH.fullmatch(str(item)) for item in listed]
    return [match for match in found if match is not None]


def _add(ref: Ref, dimension: re.Match[str]) -> Step:
    by = f"by_hash({literal(dimension['column'])}, {dimension['number']})"
    sql = f"SELECT add_dimension({regclass(ref.table)}, {by})"
    return making("hypertable", sql, note="Refused while the hypertable has chunks.")


def _partitions(ref: Ref, before: Parts, after: Parts) -> Iterator[Step]:
    old = {match["column"]: match for match in _hashes(before["partitions"])}
    new = {match["column"]: match for match in _hashes(after["partitions"])}
    both = [parts["partitions"] for parts in (before, after)]
    plain = all(len(_hashes(value)) == len(value) for value in both if isinstance(value, tuple))
    if not plain or old.keys() - new.keys():
        raise CannotMend(f"a dimension cannot be removed; {_ANEW}", "partitions")
    for column, dimension in new.items():
        if column not in old:
            yield _add(ref, dimension)
        elif old[column]["number"] != dimension["number"]:
            yield making(
                "hypertable",
                f"SELECT set_number_partitions({regclass(ref.table)}, {dimension['number']},"
                f" {literal(column)})",
                note="For new chunks; those that exist keep their partitions.",
            )
