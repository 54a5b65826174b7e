"""How tables, columns and indexes are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.mending.scene import (
    CannotMend,
    Parts,
    Ref,
    Scene,
    Step,
    differing,
    dropping,
    making,
)
from conformance.mending.sql import literal, name, parameter, relation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.comparing.facts import Value

_STATISTICS, _STORAGE, _COMPRESSION = "statistics", "storage", "compression"


def make(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """Every parameter that is not PostgreSQL's default."""
    if not _is_index(ref, scene) or Ref("index", ref.table, ref.name) in scene.before:
        for attribute, value in parts.items():
            yield _set(ref, attribute, value, scene)


def drop(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """PostgreSQL's defaults again, unless the table is dropped."""
    if not scene.is_gone(ref.table):
        for attribute in parts:
            yield _reset(ref, attribute, scene)


def change(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """The parameters that differ."""
    for attribute in sorted(differing(before, after)):
        if attribute in after:
            yield _set(ref, attribute, after[attribute], scene)
        else:
            yield _reset(ref, attribute, scene)


def _set(ref: Ref, attribute: str, value: Value, scene: Scene) -> Step:
    if attribute in ("of_type", "partitioning_function", "tablespaces"):
        raise CannotMend(f"{attribute.replace('_', ' ')} is not changed by fix", attribute)
    if attribute == "sequence":
        return making("storage", _sequence(ref, str(value)))
    table, words = relation(ref.table), f"SET ({parameter(attribute)} = {literal(value)})"
    if not ref.name:
        if attribute == "replica_identity":
            text = str(value)
            word = f"USING INDEX {name(text[6:])}" if text.startswith("index ") else text.upper()
            return making("storage", f"ALTER TABLE {table} REPLICA IDENTITY {word}")
        if attribute == "tablespace":
            return making("storage", f"ALTER TABLE {table} SET TABLESPACE {name(str(value))}")
        return making("storage", f"ALTER TABLE {table} {words}")
    if _is_index(ref, scene):
        return making("storage", f"ALTER INDEX {_index(ref)} {words}")
    return making(
        "storage", f"ALTER TABLE {table} ALTER COLUMN {name(ref.name)} {_of(attribute, value)}"
    )


def _of(attribute: str, value: Value) -> str:
    if attribute in (_STORAGE, _COMPRESSION):
        return f"SET {attribute.upper()} {value}"
    if attribute == _STATISTICS:
        return f"SET STATISTICS {value}"
    return f"SET ({parameter(attribute)} = {literal(value)})"


def _reset(ref: Ref, attribute: str, scene: Scene) -> Step:
    if attribute in ("of_type", "partitioning_function", "tablespaces"):
        raise CannotMend(f"{attribute.replace('_', ' ')} is not changed by fix", attribute)
    if attribute == "sequence":
        return dropping("storage", _sequence(ref, "logged"))
    table = relation(ref.table)
    if not ref.name:
        if attribute == "replica_identity":
            return dropping("storage", f"ALTER TABLE {table} REPLICA IDENTITY DEFAULT")
        if attribute == "tablespace":
            return dropping("storage", f"ALTER TABLE {table} SET TABLESPACE pg_default")
        return dropping("storage", f"ALTER TABLE {table} RESET ({parameter(attribute)})")
    if _is_index(ref, scene):
        return dropping("storage", f"ALTER INDEX {_index(ref)} RESET ({parameter(attribute)})")
    words = {
        _STORAGE: "SET STORAGE DEFAULT",
        _COMPRESSION: "SET COMPRESSION DEFAULT",
        _STATISTICS: "SET STATISTICS -1",
    }.get(attribute, f"RESET ({parameter(attribute)})")
    return dropping("storage", f"ALTER TABLE {table} ALTER COLUMN {name(ref.name)} {words}")


def _sequence(ref: Ref, how: str) -> str:
    """The catalog knows the name of the column's sequence."""
    found = f"pg_get_serial_sequence({literal(relation(ref.table))}, {literal(ref.name)})"
    return f"DO $$ BEGIN\n    EXECUTE 'ALTER SEQUENCE ' || {found} || ' SET {how.upper()}';\nEND $$"


def _is_index(ref: Ref, scene: Scene) -> bool:
    index = Ref("index", ref.table, ref.name)
    return index in scene.before or index in scene.after


def _index(ref: Ref) -> str:
    schema = ref.table.rpartition(".")[0]
    return f"{name(schema)}.{name(ref.name)}" if schema else name(ref.name)
