"""Indexes that do not belong to a constraint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import Expression, IndexColumn, referred, unbracketed
from conformance.mending.scene import (
    LAST,
    CannotMend,
    Parts,
    Ref,
    Scene,
    Step,
    apart,
    dropping,
    making,
    schema_of_indexes,
)
from conformance.mending.sql import literal, name, names, parameter, relation

if TYPE_CHECKING:
    from collections.abc import Iterator


def make(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """CREATE INDEX."""
    if parts.get("valid") is False:
        raise CannotMend("an index is not made invalid again", "valid")
    unique = "UNIQUE " if parts.get("unique") else ""
    columns = parts["columns"]
    assert isinstance(columns, tuple)
    listed = ", ".join(_column(column) for column in columns)
    concurrently = "CONCURRENTLY " if _is_built_beside(ref, parts, scene) else ""
    named = name(unbracketed(ref.name))
    words = [f"CREATE {unique}INDEX {concurrently}{named} ON {relation(ref.table)}"]
    if parts.get("method", "btree") != "btree":
        words.append(f"USING {name(str(parts['method']))}")
    words.append(f"({listed})")
    include = parts.get("include")
    if isinstance(include, tuple) and include:
        words.append(f"INCLUDE {names(str(item) for item in include)}")
    if parts.get("nulls") == "not distinct":
        words.append("NULLS NOT DISTINCT")
    by_chunk = _is_built_by_chunk(ref, parts, scene)
    words += _storage(ref, scene, by_chunk=by_chunk)
    if parts.get("predicate") is not None:
        words.append(f"WHERE {parts['predicate']}")
    sql = " ".join(words)
    beside = concurrently or by_chunk
    yield apart("index", sql, phase=LAST) if beside else making("index", sql)


def _is_built_beside(ref: Ref, parts: Parts, scene: Scene) -> bool:
    """Whether CONCURRENTLY builds the index, and nothing else in the revision needs it."""
    return scene.is_quiet(ref.table) and not (parts.get("unique") and _is_referred_to(ref, scene))


def _is_built_by_chunk(ref: Ref, parts: Parts, scene: Scene) -> bool:
    """Whether a transaction for each chunk builds the index of a hypertable.

    A hypertable has no CONCURRENTLY; a unique index has neither.
    """
    reorder = scene.after.get(Ref("policy", ref.table, "reorder"), {})
    return (
        scene.online
        and scene.is_hypertable(ref.table)
        and not parts.get("unique")
        and reorder.get("index_name") != ref.name
    )


def _is_referred_to(ref: Ref, scene: Scene) -> bool:
    return any(
        referred(parts.get("references"))[0] == ref.table
        for other, parts in scene.after.items()
        if other.kind == "foreign_key"
    )


def drop(ref: Ref, _parts: Parts, scene: Scene) -> Iterator[Step]:
    """DROP INDEX, unless the table is dropped."""
    if scene.is_gone(ref.table):
        return
    schema = schema_of_indexes(ref.table, scene.before)
    named = name(unbracketed(ref.name))
    where = f"{name(schema)}.{named}" if schema else named
    yield dropping("index", f"DROP INDEX {scene.if_exists}{where}")


def _column(column: object) -> str:
    assert isinstance(column, IndexColumn)
    value = column.value
    words = [f"({value})" if isinstance(value, Expression) else name(value)]
    words += [f"COLLATE {name(column.collation)}"] if column.collation else []
    words += [parameter(column.operator_class)] if column.operator_class else []
    words += ["DESC"] if column.descending else []
    if column.nulls_first is not column.descending:
        words.append(f"NULLS {'FIRST' if column.nulls_first else 'LAST'}")
    return " ".join(words)


def _storage(ref: Ref, scene: Scene, *, by_chunk: bool) -> Iterator[str]:
    """The storage parameters that the index is created with."""
    found = dict(scene.after.get(Ref("storage", ref.table, unbracketed(ref.name)), {}))
    space = found.pop("tablespace", None)
    listed = ["timescaledb.transaction_per_chunk"] if by_chunk else []
    listed += [f"{parameter(key)} = {literal(value)}" for key, value in found.items()]
    if listed:
        yield f"WITH ({', '.join(listed)})"
    if space is not None:
        yield f"TABLESPACE {name(str(space))}"
