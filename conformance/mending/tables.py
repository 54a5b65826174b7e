"""Tables: created with their columns, and what is said of a table as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import ANYTHING, USAGE_ON_SCHEMA, Owner, Value, referred
from conformance.mending import columns
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
from conformance.mending.sql import listed, name, relation, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECURITY = {
    "off": ("DISABLE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"),
    "on": ("ENABLE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"),
    "forced": ("ENABLE ROW LEVEL SECURITY", "FORCE ROW LEVEL SECURITY"),
}


def make(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """CREATE TABLE with its columns; keys and constraints follow by themselves."""
    kind = parts.get("kind", "table")
    if kind != "table":
        raise CannotMend(f"a {kind} is not created from facts; write CREATE TABLE by hand")
    for part, values in scene.after.items():
        if part.kind == "column" and part.table == ref.table:
            scene.refuse_absent(values)
    defined = [
        columns.definition(part.name, values)
        for part, values in scene.after.items()
        if part.kind == "column" and part.table == ref.table
    ]
    word = "UNLOGGED TABLE" if parts.get("persistence") == "unlogged" else "TABLE"
    under = ", ".join(relation(parent) for parent in texts(parts.get("inherits")))
    method = parts.get("access_method", "heap")
    yield making(
        "table",
        f"CREATE {word} {scene.if_not_exists}{relation(ref.table)} {listed(defined)}"
        + (f" INHERITS ({under})" if under else "")
        + ("" if method == "heap" else f" USING {name(str(method))}"),
        depth=_generation(ref, scene),
    )
    if parts.get("row_security", "off") != "off":
        yield from _security(ref, parts)
    owner = parts.get("owner")
    if isinstance(owner, Owner) and owner.role != owner.usual:
        yield _owner(ref, owner, scene)


def change(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """ALTER TABLE."""
    table = relation(ref.table)
    changed = differing(before, after)
    for attribute, reason in _NOT_CHANGED.items():
        if attribute in changed:
            raise CannotMend(reason, attribute)
    if "row_security" in changed:
        yield from _security(ref, after)
    if "persistence" in changed:
        word = "LOGGED" if after["persistence"] == "permanent" else "UNLOGGED"
        if Ref("hypertable", ref.table) in scene.before:
            raise CannotMend("a hypertable is not SET LOGGED or UNLOGGED", "persistence")
        yield making("table", f"ALTER TABLE {table} SET {word}", note="Rewrites the table.")
    if "access_method" in changed:
        method = name(str(after["access_method"]))
        yield making("table", f"ALTER TABLE {table} SET ACCESS METHOD {method}")
    if "owner" in changed:
        yield _owner(ref, after["owner"], scene)
    if "inherits" in changed:
        yield from _parents(ref, before, after, scene)
    if "withheld_from_owner" in changed:
        yield from _withheld(ref, before, after)


#: What this module does not change: attribute -> why, and what to do.
_NOT_CHANGED = {
    "kind": "one kind of table does not become another; create the table anew and copy its rows",
    "partitioned_by": "a partition key is not changed; create the table anew and copy its rows",
    "altered_partitions": "undo by hand what was done to the partitions",
    "inherited_by": "the child tables are tables of their own; drop them, or declare them",
    "referred_to_by": "the foreign keys are of tables in schemas that are not read",
    "updates_refused": "change the publication, or the replica identity of the table, by hand",
}


def drop(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """DROP TABLE, and with it all that belongs to the table."""
    word = "FOREIGN TABLE" if parts.get("kind") == "foreign table" else "TABLE"
    note = "Loses the rows of the table."
    for other in _maybe_moved(ref, scene):
        note += (
            f" If it is the later {relation(other.table)}, write SET SCHEMA or RENAME TO instead."
        )
    yield dropping(
        "table",
        f"DROP {word} {scene.if_exists}{relation(ref.table)}",
        depth=references(ref, scene),
        note=note,
    )


def _maybe_moved(ref: Ref, scene: Scene) -> list[Ref]:
    """The new tables with most of the columns; it is a guess, so that a person decides."""
    columns = _columns(ref.table, scene.before)

    def has_most(other: Ref) -> bool:
        there = _columns(other.table, scene.after)
        return 2 * len(columns.items() & there.items()) > max(len(columns), len(there))

    new = (other for other in scene.after if other.kind == "table" and other not in scene.before)
    return [other for other in new if has_most(other)]


def _columns(table: str, objects: Objects) -> dict[str, Value]:
    return {
        ref.name: parts.get("type")
        for ref, parts in objects.items()
        if ref.kind == "column" and ref.table == table
    }


def references(ref: Ref, scene: Scene) -> int:
    """How many tables in a row refer to each other; one is dropped before those it refers to."""

    def below(table: Ref) -> Iterator[Ref]:
        for part, parts in scene.before.items():
            if part.kind == "foreign_key" and part.table == table.table:
                target, _ = referred(parts.get("references"))
                if target != table.table:
                    yield Ref("table", target)

    return scene.depth(ref, scene.before, below)


def _security(ref: Ref, parts: Parts) -> Iterator[Step]:
    for words in _SECURITY[str(parts["row_security"])]:
        yield making("row_security_policy", f"ALTER TABLE {relation(ref.table)} {words}")


def _owner(ref: Ref, owner: object, scene: Scene) -> Step:
    # Only an owner that may log in gets a policy: first on the way up, last on the way back.
    kind = "privilege" if scene.undo else "table"
    return making(kind, f"ALTER TABLE {relation(ref.table)} OWNER TO {new_owner(owner)}")


def new_owner(owner: object) -> str:
    """The role's name in SQL."""
    if owner == ANYTHING or not isinstance(owner, Owner):
        raise CannotMend("the models name no owner, and most tables have several", "owner")
    return name(owner.role)


def _parents(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    old, new = (set(texts(parts.get("inherits"))) for parts in (before, after))
    unknown = [
        parent for parent in old ^ new if Ref("table", parent) not in scene.before | scene.after
    ]
    if unknown:
        raise CannotMend(
            f"the parent table {unknown[0]} is in a schema that is not read", "inherits"
        )
    for parent in old - new:
        sql = f"ALTER TABLE {relation(ref.table)} NO INHERIT {relation(parent)}"
        # Before the parent is dropped.
        yield dropping("column", sql)
    for parent in new - old:
        sql = f"ALTER TABLE {relation(ref.table)} INHERIT {relation(parent)}"
        yield making("table", sql, depth=_generation(ref, scene))


def _generation(ref: Ref, scene: Scene) -> int:
    """How many tables in a row it inherits from, which must be there first."""

    def below(table: Ref) -> Iterator[Ref]:
        for parent in texts(scene.after.get(table, {}).get("inherits")):
            yield Ref("table", parent)

    return scene.depth(ref, scene.after, below)


def _withheld(ref: Ref, before: Parts, after: Parts) -> Iterator[Step]:
    old, new = (set(texts(parts.get("withheld_from_owner"))) for parts in (before, after))
    owner = after.get("owner")
    role = name(owner.role) if isinstance(owner, Owner) else "CURRENT_USER"
    for word, direction, privileges in (("GRANT", "TO", old - new), ("REVOKE", "FROM", new - old)):
        for schema in (item for item in privileges if item.startswith(USAGE_ON_SCHEMA)):
            on = name(schema.removeprefix(USAGE_ON_SCHEMA))
            yield making("privilege", f"{word} USAGE ON SCHEMA {on} {direction} {role}")
        of_table = [item for item in privileges if not item.startswith(USAGE_ON_SCHEMA)]
        if of_table:
            listed_ones = ", ".join(sorted(of_table)).upper()
            sql = f"{word} {listed_ones} ON {relation(ref.table)} {direction} {role}"
            yield making("privilege", sql)
