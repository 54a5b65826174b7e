"""Objects that have another name: renamed, where they would be dropped and created."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from conformance.comparing.comparison import match_unnamed
from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import DERIVED, EXISTS, Query, agrees, referred
from conformance.comparing.following import listed_anew, with_column
from conformance.comparing.merging import FEWEST_COLUMNS, OF_QUERY
from conformance.comparing.pairing import mutual, pairs
from conformance.comparing.reading import (
    renamed_outputs,
    with_column_read,
    with_outputs,
    with_relation_read,
)
from conformance.comparing.tokens import tokens_of
from conformance.mending.scene import (
    ORDER,
    Objects,
    Parts,
    Ref,
    Step,
    relation_of,
    schema_of_indexes,
)
from conformance.mending.schemas import create_schema, known, schema_of
from conformance.mending.sql import block, literal, name, regclass, relation, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping

    from conformance.comparing.facts import OutputColumn

    _Search = Callable[[Objects, Objects], Iterator[tuple[Ref, Ref]]]

#: What lists columns by their names.
_OF_COLUMNS = (
    "index",
    "primary_key",
    "unique",
    "check",
    "foreign_key",
    "exclusion",
    "hypertable",
    "compression",
)
#: What reads columns of its table in some of its attributes.
_READING = {
    "column": ("generated",),
    "trigger": ("condition", "events"),
    "row_security_policy": ("using", "check"),
}
_RELATION_WORDS = {
    "table": "TABLE",
    "view": "VIEW",
    "materialized_view": "MATERIALIZED VIEW",
    "continuous_aggregate": "MATERIALIZED VIEW",
}
#: What has the name of its column.
_PARTS = ("comment", "storage", "chunk_skipping")
_CONSTRAINTS = ("unique", "check", "exclusion", "foreign_key")
#: Their names are those of relations, of which a schema has one of a name.
_RELATIONS = ("index", "unique", "exclusion", "primary_key")
_WORDS = {"trigger": "TRIGGER", "rule": "RULE", "row_security_policy": "POLICY"}
#: Where to ask whether there is an object of the old name: the catalog, its table, its name.
_CATALOGS = {
    **dict.fromkeys((*_CONSTRAINTS, "primary_key"), ("pg_constraint", "conrelid", "conname")),
    "column": ("pg_attribute", "attrelid", "attname"),
    "trigger": ("pg_trigger", "tgrelid", "tgname"),
    "rule": ("pg_rewrite", "ev_class", "rulename"),
    "row_security_policy": ("pg_policy", "polrelid", "polname"),
}
#: Before every other statement in the transaction: the others know the new names.
_FIRST = -len(ORDER) - 1


def renames(before: Objects, after: Objects, kinds: Container[str]) -> dict[Ref, Ref]:
    """Old -> new, of objects that differ in nothing but their names.

    Where a table becomes a view, or a view a table, its parts go with it.
    """
    searches: list[tuple[str, _Search]] = [
        ("table", _tables),
        *((kind, partial(_views, kind)) for kind in DERIVED),
        ("column", _columns),
        ("column", _own_outputs),
    ]
    for kind, sought in searches:
        first = dict(sought(before, after)) if kind in kinds else {}
        if first:
            # All that names them is compared under the new names.
            return first | renames(renamed(before, first), after, kinds)
    found: dict[Ref, Ref] = {}
    # A name in angle brackets is not that of the database.
    gone = [ref for ref in before if ref not in after and "<" not in ref.name]
    taken = {
        _relation_of(ref, str(parts.get("name", "")))
        for ref, parts in before.items()
        if ref.kind in _RELATIONS
    }
    for new, parts in after.items():
        if new in before or new.kind not in kinds:
            continue
        if new.kind not in ("index", *_CONSTRAINTS, *_WORDS):
            continue
        # An index of that name may go with its table, which is dropped later.
        if "<" in new.name or (new.kind in _RELATIONS and _relation_of(new) in taken):
            continue
        for old in gone:
            if (
                old[:2] == new[:2]
                and old not in found
                and _are_alike(before[old], parts)
                and relation_of(before, old.table) == relation_of(after, old.table)
            ):
                found[old] = new
                break
    return found


def _relation_of(ref: Ref, name: str = "") -> tuple[str, str]:
    """The schema and name of an index, or of that of a constraint."""
    return ref.table.rpartition(".")[0], ref.name or name


def _tables(before: Objects, after: Objects) -> Iterator[tuple[Ref, Ref]]:
    """The one table with the columns of the one that is new: a new one would have no rows.

    The comparison calls it a rename, too.
    """
    alike: dict[frozenset[str], tuple[list[Ref], list[Ref]]] = defaultdict(lambda: ([], []))
    for number, (own, other) in enumerate(((before, after), (after, before))):
        columns: dict[str, set[str]] = defaultdict(set)
        for ref in own:
            if ref.kind == "column":
                columns[ref.table].add(ref.name)
        for ref, parts in own.items():
            names = frozenset(columns[ref.table])
            if (
                ref.kind == "table"
                and EXISTS in parts
                and len(names) >= FEWEST_COLUMNS
                and relation_of(other, ref.table) is None
            ):
                alike[names][number].append(ref)
    for both in alike.values():
        for gone, new in pairs(*both):
            if before[gone].get("kind") == after[new].get("kind"):
                yield gone, new


def _columns(before: Objects, after: Objects) -> Iterator[tuple[Ref, Ref]]:
    """The columns of a table that only their names tell from those that are new.

    The comparison calls it a rename, too.
    """
    sides: dict[str, tuple[list[Ref], list[Ref]]] = defaultdict(lambda: ([], []))
    for number, (own, other) in enumerate(((before, after), (after, before))):
        for ref in own:
            if ref.kind == "column" and ref not in other:
                sides[ref.table][number].append(ref)
    for table, both in sides.items():
        if relation_of(before, table) == relation_of(after, table) == Ref("table", table):
            for gone, new in mutual(
                *both, lambda one, other: _are_alike(before[one], after[other])
            ):
                yield gone, new
                yield from _outputs(gone, new, before, after)


def _after_rename(ref: Ref, parts: Parts, old: Ref, names: Mapping[Ref, Ref]) -> Parts:
    """The parts of an object after a column was renamed.

    Args:
        names: all that is renamed.
    """
    new = names[old]
    if ref.kind == "foreign_key":
        table, columns = referred(parts.get("references"))
        if table == old.table:
            named = listed_anew(columns, old.name, new.name)
            parts = {**parts, "references": f"{table} ({named})"}
    if ref.kind in DERIVED:
        output = Ref("column", ref.table, old.name) in names
        return _query_after_rename(ref, parts, old, new, output=output)
    if ref.table != old.table or ref.kind not in (*_OF_COLUMNS, *_READING):
        return parts
    return {
        attribute: value
        if attribute in ("name", "references") or attribute not in _READING.get(ref.kind, parts)
        else _of_events(value, old, new)
        if attribute == "events"
        else with_column(value, old.name, new.name)
        for attribute, value in parts.items()
    }


def _query_after_rename(ref: Ref, parts: Parts, old: Ref, new: Ref, *, output: bool) -> Parts:
    """The parts of a view after a column that it reads, or its own, was renamed.

    Args:
        output: whether its own column of that name is renamed as well.
    """
    query = parts.get("definition")
    if ref.table == old.table:
        columns = cast("tuple[OutputColumn, ...]", parts["columns"])
        named = (
            replace(column, name=new.name) if column.name == old.name else column
            for column in columns
        )
        own: dict[str, Any] = {"columns": tuple(named)}
        if isinstance(query, Query):
            own["definition"] = with_outputs(query, {old.name: new.name})
        return {**parts, **own}
    if not isinstance(query, Query):
        return parts
    return {**parts, "definition": with_column_read(query, old, new.name, output=output)}


def _of_events(events: Any, old: Ref, new: Ref) -> Any:
    """The events of a trigger, such as `update of price, volume`."""
    of = "update of "
    return tuple(
        of + listed_anew(event.removeprefix(of).split(", "), old.name, new.name)
        if event.startswith(of)
        else event
        for event in events
    )


def _with_new_name(ref: Ref, old: Ref, new: Ref) -> Ref:
    """A part of the column, or a privilege on it, after the column was renamed."""
    table, bracket, columns = ref.table.partition(" (")
    if table != old.table:
        return ref
    if bracket:
        named = listed_anew(columns.removesuffix(")").split(", "), old.name, new.name)
        return ref._replace(table=f"{table} ({named})")
    return ref._replace(name=new.name) if ref.kind in _PARTS and ref.name == old.name else ref


def _outputs(old: Ref, new: Ref, before: Objects, after: Objects) -> Iterator[tuple[Ref, Ref]]:
    """The columns of views that take their names from the column. PostgreSQL keeps the old name.

    The server cannot plan a declared query that names the new column before the rename. The text of
    the query is therefore searched for an alias.
    """
    alias = re.compile(rf"\bAS\s+\"?{re.escape(old.name)}(?!\w)", re.IGNORECASE)
    table = old.table.rpartition(".")[2]
    for ref, parts in before.items():
        then = after.get(ref, {})
        read, declared = (getattr(side.get("definition"), "text", "") for side in (parts, then))
        if (
            ref.kind not in DERIVED
            or read == declared
            or not {table, old.name} <= _words(read)
            or new.name not in _words(declared)
        ):
            continue
        had, wanted = (_names_of(side.get("columns")) for side in (parts, then))
        if old.name in had and (
            new.name in wanted if wanted and wanted != had else not alias.search(declared)
        ):
            yield Ref("column", ref.table, old.name), Ref("column", ref.table, new.name)


def _own_outputs(before: Objects, after: Objects) -> Iterator[tuple[Ref, Ref]]:
    """The columns of views whose queries differ in their names alone."""
    for ref in before:
        query, then = (side.get(ref, {}).get("definition") for side in (before, after))
        if ref.kind in DERIVED and isinstance(query, Query) and isinstance(then, Query):
            for old, new in renamed_outputs(query, then).items():
                renamed = Ref("column", ref.table, old), Ref("column", ref.table, new)
                yield renamed
                yield from _outputs(*renamed, before, after)


def _words(sql: str) -> set[str | None]:
    return {name for name, _ in tokens_of(sql)}


def _names_of(columns: Any) -> list[str]:
    """The names of a view's columns; none if the server does not know them."""
    return [column.name for column in columns] if isinstance(columns, tuple) else []


def _views(kind: str, before: Objects, after: Objects) -> Iterator[tuple[Ref, Ref]]:
    """The one view or aggregate with the query of the one that is new.

    A new one would have no rows, and none of the privileges. The comparison calls it a rename, too.
    """
    alike: dict[object, tuple[list[Ref], list[Ref]]] = defaultdict(lambda: ([], []))
    for number, (own, other) in enumerate(((before, after), (after, before))):
        for ref, parts in own.items():
            if ref.kind == kind and ref not in other:
                alike[parts.get("definition")][number].append(ref)
    for both in alike.values():
        for gone, new in pairs(*both):
            old, its = (
                {name: side[ref].get(name) for name in OF_QUERY}
                for side, ref in ((before, gone), (after, new))
            )
            if _are_alike(old, its) and relation_of(before, new.table) is None:
                yield gone, new


def _are_alike(old: Parts, new: Parts) -> bool:
    """Whether everything agrees, whichever side is the expected one."""
    return old.keys() == new.keys() and all(
        agrees(old[attribute], new[attribute]) or agrees(new[attribute], old[attribute])
        for attribute in new
    )


def renamed(objects: Objects, names: dict[Ref, Ref]) -> Objects:
    """The objects under their new names, and an index with its storage parameters.

    What belongs to a table or an aggregate, or names it, follows it, and so does what lists a
    column.
    """
    for old, new in names.items():
        if old.kind in _RELATION_WORDS:
            objects = {
                _follows(ref, old.table, new.table): parts
                if ref == old
                else _reading(ref, parts, old.table, new.table)
                for ref, parts in objects.items()
            }
        elif old.kind == "column":
            objects = {
                _with_new_name(ref, old, new): _after_rename(ref, parts, old, names)
                for ref, parts in objects.items()
            }
    storage = {
        Ref("storage", old.table, old.name): Ref("storage", new.table, new.name)
        for old, new in names.items()
        if old.kind == "index"
    }
    both = {**names, **storage}
    return {both.get(ref, ref): parts for ref, parts in objects.items()}


def settled(before: Objects, there: Objects, after: Objects, names: dict[Ref, Ref]) -> Objects:
    """The state after, with what renamed relations keep: values that agree, and all unjudged.

    So do views where a column was renamed, and what is to stay as it was.

    Args:
        there: the objects before, under their new names.
    """
    columns = {old: new for old, new in names.items() if old.kind == "column"}
    if columns:
        after = dict(_with_columns(before, there, after, columns))
    relations = {old: new for old, new in names.items() if old.kind in _RELATION_WORDS}
    tables = {new.table for new in relations.values()}
    touched = tables | {new.table for new in columns.values()}
    if not touched:
        return after
    # What the models do not name lists the renamed columns.
    found = match_unnamed(_facts_of(after, touched), _facts_of(there, touched))
    named = {Ref.of(key): Ref.of(then) for key, then in found.items()}
    old = {ref.table for ref in relations}
    # What was not judged still has the old name; what is declared goes before it.
    first = dict(sorted(after.items(), key=lambda item: item[0].table not in old))
    return {
        ref: _kept(there[ref], parts)
        if ref in there and (ref.kind in DERIVED or ref.table in tables)
        else parts
        for ref, parts in renamed(first, relations | named).items()
    }


def _with_columns(
    before: Objects, there: Objects, after: Objects, columns: dict[Ref, Ref]
) -> Iterator[tuple[Ref, Parts]]:
    renamed_in = {old.table for old in columns}
    for ref, parts in after.items():
        then = ref
        for old, new in columns.items():
            then = _with_new_name(then, old, new)
        # What belongs to a renamed table has the old name of the table yet.
        if before.get(ref) == parts and then in there:
            if then == ref or then not in after:
                yield then, there[then]
        elif ref.kind in DERIVED and ref in there:
            # Of a view that names the column the declared columns were not known.
            columns_then = {"columns": there[ref]["columns"]} if ref.table in renamed_in else {}
            yield ref, _kept(there[ref], parts | columns_then)
        else:
            yield ref, parts


def _facts_of(objects: Objects, tables: Container[str]) -> FactTable:
    facts = FactTable()
    facts.extend((*ref, parts) for ref, parts in objects.items() if ref.table in tables)
    return facts


def _kept(old: Parts, new: Parts) -> Parts:
    return old | {
        attribute: old[attribute]
        # If the view is to be made again, it is made by the text that was declared.
        if attribute in old and agrees(value, old[attribute]) and not isinstance(value, Query)
        else value
        for attribute, value in new.items()
    }


def _follows(ref: Ref, old: str, new: str) -> Ref:
    """Privileges on columns have these behind the name of the relation."""
    table, bracket, columns = ref.table.partition(" (")
    return ref._replace(table=f"{new}{bracket}{columns}") if table == old else ref


def _reading(ref: Ref, parts: Parts, old: str, new: str) -> Parts:
    """The parts of what names a relation as the server prints them after the rename."""
    if ref.kind == "foreign_key":
        table, columns = referred(parts.get("references"))
        then = f"{new} ({', '.join(columns)})"
        return {**parts, "references": then} if table == old else parts
    if ref.kind == "table" and "inherits" in parts:
        under = (new if parent == old else parent for parent in texts(parts["inherits"]))
        return {**parts, "inherits": tuple(under)}
    query = parts.get("definition")
    if not isinstance(query, Query):
        return parts
    source = new if parts.get("source") == old else parts.get("source")
    made = {**parts, "definition": with_relation_read(query, old, new)}
    return made | ({"source": source} if "source" in parts else {})


def steps(
    names: dict[Ref, Ref], before: Objects, there: Objects, *, guarded: bool
) -> Iterator[Step]:
    """ALTER ... RENAME.

    Args:
        before, there: the objects under their old and their new names.
    """
    for old, new in names.items():
        if old.kind in _RELATION_WORDS:
            if (schema := schema_of(new)) and schema not in known(before):
                yield Step(_FIRST, -1, create_schema(schema))
            yield from _moved(old, new, guarded=guarded)
        elif not _is_inherited(old, names, there):
            schema = schema_of_indexes(old.table, there)
            sql = rename(old, old.name, new.name, guarded=guarded, schema=schema)
            yield Step(_FIRST, 0, sql)


def _is_inherited(old: Ref, names: Mapping[Ref, Ref], there: Objects) -> bool:
    """Whether a column is renamed with that of a parent table."""
    parents = texts(there.get(Ref("table", old.table), {}).get("inherits"))
    return old.kind == "column" and any(Ref("column", of, old.name) in names for of in parents)


def _moved(one: Ref, other: Ref, *, guarded: bool) -> Iterator[Step]:
    """The statements that move and rename a relation."""
    old, new = one.table, other.table
    (schema, _, short), (new_schema, _, new_short) = old.rpartition("."), new.rpartition(".")
    alter = f"ALTER {_RELATION_WORDS[one.kind]} {'IF EXISTS ' if guarded else ''}"
    if schema != new_schema:
        move = f"{alter}{relation(old)} SET SCHEMA "
        yield Step(
            _FIRST,
            0,
            f"{move}{name(new_schema)}"
            if new_schema
            else block(f"EXECUTE {literal(move)} || quote_ident(current_schema());"),
        )
    if short != new_short:
        place = f"{name(new_schema)}." if new_schema else ""
        yield Step(_FIRST, 0, f"{alter}{place}{name(short)} RENAME TO {name(new_short)}")


def rename(ref: Ref, old: str, new: str, *, guarded: bool, schema: str = "") -> str:
    """The statement; a guarded one does nothing where there is no object of the old name.

    Args:
        schema: that of an index.
    """
    table = relation(ref.table)
    if ref.kind == "index":
        where = f"{name(schema)}.{name(old)}" if schema else name(old)
        return f"ALTER INDEX {'IF EXISTS ' if guarded else ''}{where} RENAME TO {name(new)}"
    if ref.kind in _WORDS:
        sql = f"ALTER {_WORDS[ref.kind]} {name(old)} ON {table} RENAME TO {name(new)}"
    elif ref.kind == "column":
        sql = f"ALTER TABLE {table} RENAME COLUMN {name(old)} TO {name(new)}"
    else:
        sql = f"ALTER TABLE {table} RENAME CONSTRAINT {name(old)} TO {name(new)}"
    if not guarded:
        return sql
    catalog, owner, column = _CATALOGS[ref.kind]
    known = f"SELECT FROM {catalog} WHERE {owner} = {regclass(ref.table)}::regclass"
    condition = f"IF EXISTS ({known} AND {column} = {literal(old)})"
    return block(f"\n    {condition}\n    THEN {sql};\n    END IF;\n")
