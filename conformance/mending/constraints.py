"""Primary keys, unique constraints, foreign keys, checks and exclusions."""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING

from conformance.comparing.facts import ANYTHING, EXISTS, referred
from conformance.mending.remaking import refers_to_dropped
from conformance.mending.renaming import rename
from conformance.mending.scene import (
    FIRST,
    LAST,
    CannotMend,
    Objects,
    Parts,
    Ref,
    Scene,
    Step,
    apart,
    differing,
    dropping,
    making,
)
from conformance.mending.sql import ending, name, names, relation, shadow, texts
from conformance.mending.tables import references

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def make(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """ADD CONSTRAINT."""
    if parts.get("enforced") is False:
        raise CannotMend("its triggers are not disabled again", "enforced")
    if parts.get("valid") is False:
        raise CannotMend("its index is not made invalid again", "valid")
    if ref.kind in ("primary_key", "unique"):
        _refuse_without_dimensions(ref.table, texts(parts.get("columns")), scene)
    elif ref.kind == "foreign_key":
        target, columns = referred(parts.get("references"))
        _refuse_without_dimensions(target, columns, scene)
    scene.lift_for_constraint(ref.table)
    named = _name(ref, parts, scene.after)
    add = f"ALTER TABLE {relation(ref.table)} ADD CONSTRAINT {name(named)} "
    definition = f"{_DEFINITIONS[ref.kind](parts)}{_deferrable(parts)}"
    note = "" if scene.is_new(ref.table) else _NOTES.get(ref.kind, "")
    if _is_validated_later(ref, parts, scene):
        yield making(ref.kind, f"{add}{definition} NOT VALID")
        sql = f"ALTER TABLE {relation(ref.table)} VALIDATE CONSTRAINT {name(named)}"
        yield apart(ref.kind, sql, phase=LAST, note=note)
    elif _is_indexed_first(ref, parts, scene):
        index = shadow(named)
        yield from _unique_index(ref, parts, index, note)
        word = "PRIMARY KEY" if ref.kind == "primary_key" else "UNIQUE"
        yield making(ref.kind, f"{add}{word} USING INDEX {name(index)}{_deferrable(parts)}")
    else:
        yield making(ref.kind, f"{add}{definition}{_validated(parts)}", note=note)


def _refuse_without_dimensions(table: str, key: Sequence[str], scene: Scene) -> None:
    """Refuse a unique key without the time column: TimescaleDB does not allow it."""
    hypertable = scene.after.get(Ref("hypertable", table), {})
    time = hypertable.get("time_column")
    if EXISTS in hypertable and time not in key:
        raise CannotMend(f"a unique key of a hypertable must contain its time column {time}")


def _is_validated_later(ref: Ref, parts: Parts, scene: Scene) -> bool:
    """Whether the rows are read in a transaction of their own, under a lock that blocks nobody."""
    target, _ = referred(parts.get("references"))
    return (
        ref.kind in ("check", "foreign_key")
        and parts.get("validated") is not False
        and scene.validates_quietly(ref.table)
        and (ref.kind == "check" or not scene.is_hypertable(target))
    )


def _is_indexed_first(ref: Ref, parts: Parts, scene: Scene) -> bool:
    """Whether the index is built before, without a lock that blocks anybody."""
    columns = [
        Ref("column", ref.table, column)
        for column in (*texts(parts.get("columns")), *texts(parts.get("include")))
    ]
    return (
        ref.kind in ("primary_key", "unique")
        and not parts.get("over_periods")
        and scene.is_quiet(ref.table)
        and all(scene.before.get(column) == scene.after.get(column) for column in columns)
    )


def _unique_index(ref: Ref, parts: Parts, index: str, note: str) -> Iterator[Step]:
    table = relation(ref.table)
    schema = table.rpartition(".")[0]
    where = f"{schema}.{name(index)}" if schema else name(index)
    # One that an interrupted run has left is not valid.
    yield apart("index", f"DROP INDEX CONCURRENTLY IF EXISTS {where}", phase=FIRST)
    nulls = " NULLS NOT DISTINCT" if parts.get("nulls") == "not distinct" else ""
    yield apart(
        "index",
        f"CREATE UNIQUE INDEX CONCURRENTLY {name(index)} ON {table} {_columns(parts)}{nulls}",
        phase=FIRST,
        note=note,
    )


def drop(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """DROP CONSTRAINT, unless the table is dropped."""
    if scene.is_gone(ref.table) and not _is_in_the_way(ref, parts, scene):
        return
    named = _name(ref, parts, scene.before if ref in scene.before else scene.after)
    # Of a new table that is there already where the revision mends nothing.
    table = f"{scene.if_exists if scene.is_new(ref.table) else ''}{relation(ref.table)}"
    yield dropping(ref.kind, f"ALTER TABLE {table} DROP CONSTRAINT {scene.if_exists}{name(named)}")


def change(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """A new name, a validation, or the constraint anew."""
    changed = differing(before, after)
    table = relation(ref.table)
    if changed == {"name"} and after["name"] != ANYTHING:
        old, new = str(before["name"]), str(after["name"])
        # Before another table gets a key of the old name.
        yield making(ref.kind, rename(ref, old, new, guarded=scene.guarded), depth=-1)
    elif changed == {"validated"} and after["validated"] and not _is_compressed(ref, scene):
        sql = f"ALTER TABLE {table} VALIDATE CONSTRAINT {name(ref.name)}"
        note = "Fails if a row breaks the constraint."
        if scene.validates_quietly(ref.table):
            yield apart(ref.kind, sql, phase=LAST, note=note)
        else:
            yield making(ref.kind, sql, note=note)
    else:
        yield from drop(ref, before, scene)
        if scene.guarded and before.get("name") != after.get("name"):
            yield from drop(ref, after, scene)
        yield from make(ref, after, scene)


_NOTES = {
    "primary_key": "Fails if two rows have the same key.",
    "unique": "Fails if two rows have the same key.",
    "check": "Fails if a row breaks the check.",
    "foreign_key": "Fails if a row refers to nothing.",
}


def _is_compressed(ref: Ref, scene: Scene) -> bool:
    return Ref("compression", ref.table) in scene.before


def _is_in_the_way(ref: Ref, parts: Parts, scene: Scene) -> bool:
    """Whether it is a foreign key that is dropped before its table.

    Two tables refer to each other, so that neither can be the first, or a key of a table that
    stays is dropped.
    """
    target, _ = referred(parts.get("references"))
    if ref.kind != "foreign_key" or target == ref.table:
        return False
    if not scene.is_gone(target):
        return refers_to_dropped(parts, scene.before, scene.after, scene.remade)
    return len({references(Ref("table", table), scene) for table in (ref.table, target)}) == 1


def _name(ref: Ref, parts: Parts, objects: Objects) -> str:
    """The name; that of PostgreSQL's own making where the models leave one out.

    Args:
        objects: the state in which there is the constraint.
    """
    if ref.kind == "primary_key":
        found = parts.get("name")
        return found if isinstance(found, str) else f"{ref.table.rpartition('.')[2]}_pkey"
    if not ref.name.startswith("<"):
        return ref.name
    if ref.kind != "check":
        return ref.name[1:-1]
    others = [other for other in objects if other.table == ref.table]
    taken = {other.name for other in others}
    unnamed = [other for other in others if other.kind == "check" and other.name.startswith("<")]
    table = ref.table.rpartition(".")[2]
    free = (
        made for number in count() if (made := ending(table, f"_check{number or ''}")) not in taken
    )
    return next(islice(free, unnamed.index(ref), None))


def _columns(parts: Parts) -> str:
    return names(texts(parts["columns"])) + (
        f" INCLUDE {names(texts(parts['include']))}" if parts.get("include") else ""
    )


def _primary_key(parts: Parts) -> str:
    return f"PRIMARY KEY {_over(parts)}"


def _unique(parts: Parts) -> str:
    nulls = "NULLS NOT DISTINCT " if parts.get("nulls") == "not distinct" else ""
    return f"UNIQUE {nulls}{_over(parts)}"


def _over(parts: Parts) -> str:
    """The columns; over periods the last one is a range (PostgreSQL 18)."""
    text = _columns(parts)
    return f"{text[:-1]} WITHOUT OVERLAPS)" if parts.get("over_periods") else text


def _foreign_key(parts: Parts) -> str:
    target, columns = referred(parts.get("references"))
    if parts.get("over_periods"):
        raise CannotMend("a foreign key over periods is not created from facts")
    words = [
        f"FOREIGN KEY {names(texts(parts['columns']))}",
        f"REFERENCES {relation(target)} {names(columns)}",
    ]
    if parts.get("match", "SIMPLE") != "SIMPLE":
        words.append(f"MATCH {parts['match']}")
    for event in ("on_delete", "on_update"):
        action = str(parts.get(event, "NO ACTION"))
        if action != "NO ACTION":
            word, bracket, some = action.partition(" (")
            part = f" {names(some.rstrip(')').split(', '))}" if bracket else ""
            words.append(f"{event.replace('_', ' ').upper()} {word}{part}")
    return " ".join(words)


def _check(parts: Parts) -> str:
    return f"CHECK ({parts['expression']})"


def _exclusion(parts: Parts) -> str:
    columns, operators = texts(parts["columns"]), texts(parts["operators"])
    pairs = ", ".join(f"{part} WITH {by}" for part, by in zip(columns, operators, strict=True))
    where = "" if parts.get("predicate") is None else f" WHERE ({parts['predicate']})"
    return f"EXCLUDE USING {name(str(parts['method']))} ({pairs}){where}"


_DEFINITIONS = {
    "primary_key": _primary_key,
    "unique": _unique,
    "foreign_key": _foreign_key,
    "check": _check,
    "exclusion": _exclusion,
}


def _deferrable(parts: Parts) -> str:
    found = str(parts.get("deferrable", "no"))
    return "" if found == "no" else f" DEFERRABLE {found.upper()}"


def _validated(parts: Parts) -> str:
    return " NOT VALID" if parts.get("validated") is False else ""
