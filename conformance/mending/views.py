"""Views, materialized views and continuous aggregates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.facts import DERIVED, Query
from conformance.intervals import Interval
from conformance.mending.scene import (
    CannotMend,
    Objects,
    Parts,
    Ref,
    Scene,
    Step,
    differing,
    dropping,
    making,
)
from conformance.mending.sql import is_relation, length, name, relation, texts
from conformance.mending.tables import new_owner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: What stands before the name of a relation, and seldom before that of a column.
_RELATION = r'(?:\b(?:FROM|JOIN|ONLY|TABLE)[\s(]+|,\s*|\.)"?'
_WORDS = {"view": "VIEW"}
#: Attributes of an aggregate that another statement than CREATE changes.
_SETTINGS = {
    "materialized_only",
    "chunk_interval",
    "automatic_indexes",
    "unindexed_groups",
    "alterations",
}


def make(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """CREATE VIEW, from the query of the models or of the catalog."""
    query = parts.get("definition")
    if not isinstance(query, Query):
        raise CannotMend("the models do not declare its query")
    text = query.text.strip().rstrip(";")
    sql = f"{_head(ref, parts, scene)} AS\n{text}"
    if ref.kind == "continuous_aggregate":
        sql += "\nWITH NO DATA"
    note = "Has no rows until it is refreshed." if ref.kind == "continuous_aggregate" else ""
    depth = _depth(ref, scene.after, scene)
    yield making(ref.kind, sql, depth=depth, note=note)
    yield from _defaults(ref, parts, depth)
    # CREATE takes it from 2.20 on, and there a number is seconds, whatever the unit of the time.
    if isinstance(parts.get("chunk_interval"), int | Interval):
        yield _chunk_interval(ref, parts, depth)


def drop(ref: Ref, _parts: Parts, scene: Scene) -> Iterator[Step]:
    """DROP VIEW."""
    word = _WORDS.get(ref.kind, "MATERIALIZED VIEW")
    kept = ref.kind == "view"
    yield dropping(
        ref.kind,
        f"DROP {word} {scene.if_exists}{relation(ref.table)}",
        depth=_depth(ref, scene.before, scene),
        note="" if kept else "Loses the materialized rows.",
    )


def change(ref: Ref, before: Parts, after: Parts, _scene: Scene) -> Iterator[Step]:
    """Settings of a continuous aggregate; `remade` has the views that are created anew."""
    changed = differing(before, after)
    table = relation(ref.table)
    if "owner" in changed:
        word = _WORDS.get(ref.kind, "MATERIALIZED VIEW")
        yield making(ref.kind, f"ALTER {word} {table} OWNER TO {new_owner(after['owner'])}")
    if "alterations" in changed:
        raise CannotMend("undo by hand what was done to its view or its rows", "alterations")
    if "materialized_only" in changed:
        word = "true" if after["materialized_only"] else "false"
        sql = f"ALTER MATERIALIZED VIEW {table} SET (timescaledb.materialized_only = {word})"
        yield making(ref.kind, sql)
    if "chunk_interval" in changed:
        yield _chunk_interval(ref, after, 0)
    if "automatic_indexes" in changed:
        yield from _automatic_indexes(ref, before, after)
    elif "unindexed_groups" in changed:
        yield from _indexed(ref, texts(before["unindexed_groups"]))


def _chunk_interval(ref: Ref, parts: Parts, depth: int) -> Step:
    return making(
        ref.kind,
        "SELECT set_chunk_time_interval(format('%I.%I', materialization_hypertable_schema,"
        f" materialization_hypertable_name)::regclass, {length(parts['chunk_interval'])})\n"
        "FROM timescaledb_information.continuous_aggregates\n"
        f"WHERE {is_relation('view_schema', 'view_name', ref.table)}",
        depth=depth,
    )


def _automatic_indexes(ref: Ref, before: Parts, after: Parts) -> Iterator[Step]:
    """TimescaleDB names an index of an aggregate itself where the statement does not."""
    old, new = texts(before["automatic_indexes"]), texts(after["automatic_indexes"])
    if set(old) - set(new):
        raise CannotMend(
            "TimescaleDB has named the index, and facts do not have its name", "automatic_indexes"
        )
    yield from _indexed(ref, [item for item in new if item not in old])


def _indexed(ref: Ref, groups: Iterable[str]) -> Iterator[Step]:
    for columns in groups:
        listed = ", ".join(name(column) for column in columns.split(", "))
        yield making("index", f"CREATE INDEX ON {relation(ref.table)} ({listed} DESC)")


def is_made_anew(ref: Ref, before: Parts, after: Parts) -> bool:
    """Whether the change needs the view to be dropped and created."""
    changed = differing(before, after) - {"owner"}
    return bool(changed - (_SETTINGS if ref.kind == "continuous_aggregate" else set()))


def names_relation(parts: Parts, table: str, after: str = r"(?<!\w)") -> bool:
    """Whether the view's query names the relation, which may also be the name of a column.

    Args:
        after: what stands before the name, as a regular expression.
    """
    query = parts.get("definition")
    short = table.rpartition(".")[2]
    return (
        isinstance(query, Query)
        and short in query.text
        and bool(re.search(rf"(?i:{after}){re.escape(short)}(?!\w)", query.text))
    )


def names_column(parts: Parts, column: Ref) -> bool:
    """Whether the view's query names the table and, somewhere, the column."""
    query = parts.get("definition")
    word = rf"(?<!\w){re.escape(column.name)}(?!\w)"
    return (
        isinstance(query, Query)
        and names_relation(parts, column.table)
        and re.search(word, query.text) is not None
    )


_DEFAULT_OF = "default of "


def _options(parts: Parts) -> list[str]:
    """Those of the view itself."""
    return [option for option in texts(parts.get("options")) if not option.startswith(_DEFAULT_OF)]


def _defaults(ref: Ref, parts: Parts, depth: int) -> Iterator[Step]:
    """What a row that is written to the view gets."""
    for option in texts(parts.get("options")):
        column, found, default = option.removeprefix(_DEFAULT_OF).partition("=")
        if found and option.startswith(_DEFAULT_OF):
            sql = f"ALTER VIEW {relation(ref.table)} ALTER {name(column)} SET DEFAULT {default}"
            yield making(ref.kind, sql, depth=depth)


def _head(ref: Ref, parts: Parts, scene: Scene) -> str:
    table = relation(ref.table)
    if ref.kind == "view":
        listed = ", ".join(_options(parts))
        return f"CREATE OR REPLACE VIEW {table}" + (f" WITH ({listed})" if listed else "")
    head = f"CREATE MATERIALIZED VIEW {scene.if_not_exists}{table}"
    if ref.kind == "materialized_view":
        return head
    words = ["timescaledb.continuous"]
    only = parts.get("materialized_only")
    if isinstance(only, bool):
        words.append(f"timescaledb.materialized_only = {str(only).lower()}")
    of_groups = texts(parts.get("automatic_indexes"))[1:]
    if isinstance(parts.get("automatic_indexes"), tuple) and not of_groups and _groups(parts):
        words.append("timescaledb.create_group_indexes = false")
    return f"{head}\nWITH ({', '.join(words)})"


def _groups(parts: Parts) -> bool:
    """Whether GROUP BY may have another column than the bucket."""
    query = parts.get("definition")
    text = query.text.lower() if isinstance(query, Query) else ""
    return "," in text.rpartition("group by")[2]


def _depth(ref: Ref, objects: Objects, scene: Scene) -> int:
    """How many views are below the view."""

    def below(view: Ref) -> Iterator[Ref]:
        for other in objects:
            is_other = other.kind in DERIVED and other.table != view.table
            if is_other and names_relation(objects[view], other.table, after=_RELATION):
                yield other

    return scene.depth(ref, objects, below) if ref in objects else 0
