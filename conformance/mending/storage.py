"""How tables, columns and indexes are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.mending import sequences
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

#: What fix does not change.
_NOT_CHANGED = ("of_type", "partitioning_function", "tablespaces")


def make(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """Every parameter that is not PostgreSQL's default."""
    if not _is_index(ref, scene) or Ref("index", ref.table, ref.name) in scene.before:
        for attribute, value in parts.items():
            yield _altered(ref, attribute, value, scene)


def drop(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """PostgreSQL's defaults again, unless the table is dropped."""
    if not scene.is_gone(ref.table):
        for attribute in parts:
            yield _altered(ref, attribute, None, scene)


def change(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """The parameters that differ."""
    for attribute in sorted(differing(before, after)):
        yield _altered(ref, attribute, after.get(attribute), scene)


def _altered(ref: Ref, attribute: str, value: Value, scene: Scene) -> Step:
    """Set a parameter; None: to PostgreSQL's default."""
    if attribute in _NOT_CHANGED:
        raise CannotMend(f"{attribute.replace('_', ' ')} is not changed by fix", attribute)
    step = dropping if value is None else making
    if attribute == "sequence":
        how = "logged" if value is None else str(value)
        return step("storage", _sequence(ref, how))
    if attribute == "populated":
        how = "DATA" if value is None else "NO DATA"
        return step("storage", f"REFRESH MATERIALIZED VIEW {relation(ref.table)} WITH {how}")
    option = parameter(attribute)
    words = f"RESET ({option})" if value is None else f"SET ({option} = {literal(value)})"
    subject = f"TABLE {relation(ref.table)}"
    if not ref.name:
        words = _of_table(attribute, value) or words
    elif _is_index(ref, scene):
        subject = f"INDEX {_index(ref)}"
    else:
        subject += f" ALTER COLUMN {name(ref.name)}"
        words = _of_column(attribute, value) or words
    return step("storage", f"ALTER {subject} {words}")


def _of_table(attribute: str, value: Value) -> str | None:
    if attribute == "replica_identity":
        text = "default" if value is None else str(value)
        word = f"USING INDEX {name(text[6:])}" if text.startswith("index ") else text.upper()
        return f"REPLICA IDENTITY {word}"
    if attribute == "tablespace":
        return f"SET TABLESPACE {'pg_default' if value is None else name(str(value))}"
    return None


def _of_column(attribute: str, value: Value) -> str | None:
    if attribute in ("storage", "compression"):
        return f"SET {attribute.upper()} {'DEFAULT' if value is None else value}"
    if attribute == "statistics":
        return f"SET STATISTICS {-1 if value is None else value}"
    return None


def _sequence(ref: Ref, how: str) -> str:
    found = sequences.of_column(ref)
    return f"DO $$ BEGIN\n    EXECUTE 'ALTER SEQUENCE ' || {found} || ' SET {how.upper()}';\nEND $$"


def _is_index(ref: Ref, scene: Scene) -> bool:
    index = Ref("index", ref.table, ref.name)
    return index in scene.before or index in scene.after


def _index(ref: Ref) -> str:
    schema = ref.table.rpartition(".")[0]
    return f"{name(schema)}.{name(ref.name)}" if schema else name(ref.name)
