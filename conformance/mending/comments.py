"""Comments of relations and of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.mending.scene import Parts, Ref, Scene, Step, dropping, making
from conformance.mending.sql import literal, name, relation

if TYPE_CHECKING:
    from collections.abc import Iterator


def make(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """COMMENT ON."""
    yield making("comment", f"COMMENT ON {_subject(ref, scene)} IS {literal(str(parts['text']))}")


def change(ref: Ref, _before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """COMMENT ON, with the other text."""
    return make(ref, after, scene)


def drop(ref: Ref, _parts: Parts, scene: Scene) -> Iterator[Step]:
    """COMMENT ON ... IS NULL, unless the relation or the column is dropped."""
    if not scene.is_gone(ref.table) and ref not in scene.remade:
        yield dropping("comment", f"COMMENT ON {_subject(ref, scene)} IS NULL")


def _subject(ref: Ref, scene: Scene) -> str:
    if ref.name:
        return f"COLUMN {relation(ref.table)}.{name(ref.name)}"
    if Ref("materialized_view", ref.table) in scene.after:
        return f"MATERIALIZED VIEW {relation(ref.table)}"
    views = (Ref("view", ref.table), Ref("continuous_aggregate", ref.table))
    kind = "VIEW" if any(view in scene.after for view in views) else "TABLE"
    return f"{kind} {relation(ref.table)}"
