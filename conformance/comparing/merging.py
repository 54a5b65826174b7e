"""One cause, one finding: another name, a hypertable's indexes, a library's objects. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from conformance.comparing.enumerating import first_of
from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import (
    DERIVED,
    EXISTS,
    USAGE_ON_SCHEMA,
    FactKey,
    Facts,
    Owner,
    Query,
)
from conformance.comparing.following import (
    first_cause,
    following,
    same,
    with_column,
    with_consequences,
)
from conformance.comparing.identifiers import identifier
from conformance.comparing.messages import noun_of, source_of
from conformance.comparing.pairing import mutual, pairs
from conformance.comparing.reading import renamed_outputs, with_relation_read
from conformance.comparing.serials import of_one_sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from conformance.comparing.facts import Value
    from conformance.comparing.findings import Finding

#: Kinds of objects that exist under another name after a rename.
_RENAMED = (
    *("index", "unique", "foreign_key", "check", "exclusion"),
    *("trigger", "row_security_policy"),
)
#: A table of fewer columns may be any other.
FEWEST_COLUMNS = 2
#: The attributes by which a continuous aggregate is known under another name.
OF_QUERY = ("definition", "columns", "source")
#: So many triggers of one function are a library's work.
_LIBRARY = 3
_MOST_NAMES = 6
#: The name that TimescaleDB gives a chunk.
_CHUNK = re.compile(r"_hyper_\d+_\d+_chunk")
#: A shorter word in front of names does not say whose they are.
_SHORTEST_WORD = 4

_Findings = dict[FactKey, "Finding"]
#: The finding that stays, those that it stands for, and what it says then.
_Merge = tuple[FactKey, "Sequence[FactKey]", "Finding"]


def merge(expected: Facts, observed: Facts, findings: _Findings, consequences: _Findings) -> None:
    """Merge findings of one cause: all but the first move to the consequences."""
    moved = [*_moved(expected, observed, findings)]
    names = {first: found for first, (found,), _ in moved}
    _merge(
        (
            *moved,
            *_renamed(expected, observed, findings, names),
            *_only_indexes(expected, observed, findings),
            *_with_time_indexes(expected, observed, findings),
            *_of_a_library(expected, observed, findings),
            *_without_catalog(observed, findings),
            *_shut_out(observed, findings),
            *of_one_sequence(expected, observed, findings),
        ),
        findings,
        consequences,
    )
    _merge([*following(expected, observed, findings, names)], findings, consequences)
    _merge([*_other_columns(expected, observed, findings)], findings, consequences)


def _merge(merges: Iterable[_Merge], findings: _Findings, consequences: _Findings) -> None:
    for first, others, merged in merges:
        gone = {findings[first].id, *(findings[key].id for key in others)}
        findings[first] = merged
        for key in others:
            del findings[key]
            consequences[key] = merged
        for key, cause in consequences.items():
            if cause.id in gone:
                consequences[key] = merged


def split(findings: _Findings, consequences: _Findings) -> tuple[_Findings, _Findings]:
    """Findings and consequences in which each finding stands for itself alone."""
    alone: _Findings = {}
    for key, finding in {**findings, **consequences}.items():
        if key.id in finding.ids and finding.others:
            alone[key] = replace(
                finding,
                id=key.id,
                kind=key.kind,
                object=key.object,
                attribute=key.attribute,
                others=(),
            )
        elif key in findings:
            alone[key] = finding
    return alone, {
        key: alone.get(key.existence, cause)
        for key, cause in consequences.items()
        if key not in alone
    }


def _renamed(
    expected: Facts, observed: Facts, findings: _Findings, moved: Mapping[FactKey, FactKey]
) -> Iterator[tuple[FactKey, Sequence[FactKey], Finding]]:
    """Declared objects that the database has under another name.

    Args:
        moved: declared columns, and what they are called there. A naming convention gives an
            index of a renamed column another name, too.
    """

    def seen(key: FactKey) -> Value:
        value = observed.get(key)
        for column, found in moved.items():
            if column.kind == "column" and column.table == key.table:
                value = with_column(value, found.name, column.name)
        return value

    undeclared = _existing(findings, "unexpected")
    for key in _existing(findings, "missing"):
        if key.kind not in _RENAMED:
            continue
        found = next(
            (
                other
                for other in undeclared
                if (other.kind, other.table) == (key.kind, key.table)
                and _same(key, other, expected, seen)
            ),
            None,
        )
        if found is not None:
            undeclared.remove(found)
            yield key, (found,), _under_another_name(key, found, findings[key], observed)


def _only_indexes(expected: Facts, observed: Facts, findings: _Findings) -> Iterator[_Merge]:
    """Declared unique constraints of which the database has the index alone."""
    undeclared = {*_existing(findings, "unexpected")}
    for key in _existing(findings, "missing"):
        index = key._replace(kind="index")
        if key.kind != "unique" or index not in undeclared:
            continue
        unique, predicate, columns = (
            observed.get(index._replace(attribute=name))
            for name in ("unique", "predicate", "columns")
        )
        declared = cast("tuple[Any, ...]", expected[key._replace(attribute="columns")])
        if unique is True and predicate is None and [*_names_of(columns)] == [*declared]:
            yield (
                key,
                (index,),
                replace(
                    findings[key],
                    others=(index.id,),
                    message=f"unique constraint {key.object}: is a unique index in the database, "
                    "the models declare a constraint",
                    hint="Read from pg_constraint and pg_index. Likely cause: the index was built "
                    "for a constraint that was never added. Add the constraint in a migration, or "
                    "declare Index(..., unique=True) in the models.",
                ),
            )


def _moved(expected: Facts, observed: Facts, findings: _Findings) -> Iterator[_Merge]:
    """Declared tables, columns, views and aggregates that the database has under another name.

    One is taken for another only where there is no third that it could be. What an aggregate reads
    from may have another name, too.
    """
    columns = [_columns(expected), _columns(observed)]
    names: dict[Value, str] = {}
    found_before: set[FactKey] = set()
    for key, found in _columns_alike(expected, observed, findings):
        yield key, (found,), _under_another_name(key, found, findings[key], observed)
    while alike := [
        pair
        for pair in _alike(expected, observed, findings, columns, names)
        if pair[0] not in found_before
    ]:
        for key, found in alike:
            found_before.add(key)
            names[found.table] = key.table
            yield key, (found,), _under_another_name(key, found, findings[key], observed)


def _alike(
    expected: Facts,
    observed: Facts,
    findings: _Findings,
    columns: list[dict[str, set[str]]],
    names: Mapping[Value, str],
) -> Iterator[tuple[FactKey, FactKey]]:
    """What is missing, and the one that is undeclared and like it.

    Args:
        columns: the names of each table's columns, on both sides.
        names: of relations that have other names, the declared ones.
    """
    alike: dict[object, tuple[list[FactKey], list[FactKey]]] = defaultdict(lambda: ([], []))
    for number, disagreement in enumerate(("missing", "unexpected")):
        for key in _existing(findings, disagreement):
            if key.kind == "table" and len(columns[number][key.table]) >= FEWEST_COLUMNS:
                alike[frozenset(columns[number][key.table])][number].append(key)
            elif key.kind in DERIVED:
                definition = key._replace(attribute="definition")
                query = (
                    _reading(definition, observed, names) if number else expected.get(definition)
                )
                alike[key.kind, query][number].append(key)
    for missing, undeclared in alike.values():
        for key, found in pairs(missing, undeclared):
            if key.kind == "table" or _same(
                key, found, expected, lambda sought: _reading(sought, observed, names)
            ):
                yield key, found


def _columns_alike(
    expected: Facts, observed: Facts, findings: _Findings
) -> Iterator[tuple[FactKey, FactKey]]:
    """The columns that a table lacks, and its undeclared ones of the same definitions."""
    sides: dict[str, tuple[list[FactKey], list[FactKey]]] = defaultdict(lambda: ([], []))
    for number, disagreement in enumerate(("missing", "unexpected")):
        for key in _existing(findings, disagreement):
            if key.kind == "column":
                sides[key.table][number].append(key)
    for both in sides.values():
        yield from mutual(*both, lambda key, found: _same(key, found, expected, observed.get))


def _reading(key: FactKey, observed: Facts, names: Mapping[Value, str]) -> Value:
    """The observed value, read from the declared name of what an aggregate reads from."""
    value = observed.get(key)
    old = observed.get(key._replace(attribute="source"))
    if key.attribute not in ("definition", "source") or old not in names:
        return value
    if isinstance(value, Query):
        return with_relation_read(value, str(old), names[old])
    return names[old] if key.attribute == "source" else value


def _columns(facts: Facts) -> dict[str, set[str]]:
    """The names of each table's columns."""
    columns: dict[str, set[str]] = defaultdict(set)
    for kind, table, name in FactTable.of(facts).objects:
        if kind == "column":
            columns[table].add(name)
    return columns


def _existing(findings: _Findings, disagreement: str) -> list[FactKey]:
    return [
        key
        for key, finding in findings.items()
        if finding.disagreement == disagreement and key.attribute == EXISTS
    ]


def _same(key: FactKey, other: FactKey, expected: Facts, seen: Callable[[FactKey], Value]) -> bool:
    """Whether all attributes agree; of a view or an aggregate, those that only CREATE gives it.

    Args:
        seen: the observed value, with the declared names of what it names.
    """
    return all(
        same(value, seen(other._replace(attribute=attribute)))
        for attribute, value in FactTable.of(expected).objects[key[:3]].items()
        if key.kind not in DERIVED or attribute in OF_QUERY
    )


def _under_another_name(key: FactKey, found: FactKey, finding: Finding, observed: Facts) -> Finding:
    noun = noun_of(key.kind)
    names = (found.name, key.name) if key.name else (found.table, key.table)
    table = ".".join(map(identifier, found.table.split(".")))
    schema = f"{table.rpartition('.')[0]}." if "." in table else ""
    if FactKey("continuous_aggregate", found.table, "", EXISTS) in observed:
        # Its indexes are on the table of its rows.
        schema = "_timescaledb_internal."
    old, new = (identifier(name if key.name else name.rpartition(".")[2]) for name in names)
    change = {
        "table": _moving("TABLE", found.table, key.table),
        "view": _moving("VIEW", found.table, key.table),
        "materialized_view": _moving("MATERIALIZED VIEW", found.table, key.table),
        "continuous_aggregate": _moving("MATERIALIZED VIEW", found.table, key.table),
        "trigger": f"ALTER TRIGGER {old} ON {table} RENAME TO {new}",
        "row_security_policy": f"ALTER POLICY {old} ON {table} RENAME TO {new}",
        "column": f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}",
        "index": f"ALTER INDEX {schema}{old} RENAME TO {new}",
    }.get(key.kind, f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")
    alike = "columns" if key.kind == "table" else "definitions"
    return replace(
        finding,
        message=f"{noun} {key.object}: is called {names[0]} in the database, the models declare"
        f" {names[1]}; the {alike} are the same",
        hint=_rename_hint(key, change),
    )


def _rename_hint(key: FactKey, change: str) -> str:
    return (
        f"Read from {source_of(key)}. Likely cause: a rename on one side. Run {change} in"
        " a migration, or use the name of the database in the models."
    )


def _other_columns(expected: Facts, observed: Facts, findings: _Findings) -> Iterator[_Merge]:
    """Views whose queries differ in the names of their columns alone, and what names these."""
    merged: set[FactKey] = set()
    for key, finding in findings.items():
        if key.kind not in DERIVED or key.attribute != "definition" or key in merged:
            continue
        query, then = observed.get(key), expected.get(key)
        if not isinstance(query, Query) or not isinstance(then, Query):
            continue
        names = renamed_outputs(query, then)
        if not names:
            continue
        column = FactKey("column", key.table, "", EXISTS)
        causes = {
            column._replace(name=new): column._replace(name=old) for old, new in names.items()
        }
        others = [
            other
            for other, found in findings.items()
            if other not in (*merged, key)
            and found.disagreement == "different"
            and first_cause(causes, other, expected[other], observed[other]) is not None
        ]
        merged |= {key, *others}
        yield key, others, with_consequences(_columns_told(key, names, finding), others)


def _columns_told(key: FactKey, names: Mapping[str, str], finding: Finding) -> Finding:
    table = ".".join(map(identifier, key.table.split(".")))
    old, new = (", ".join(map(identifier, of)) for of in (names, names.values()))
    noun = "column is" if len(names) == 1 else "columns are"
    change = " and ".join(
        f"ALTER TABLE {table} RENAME COLUMN {identifier(one)} TO {identifier(other)}"
        for one, other in names.items()
    )
    return replace(
        finding,
        expected=[*names.values()],
        observed=[*names],
        message=f"{noun_of(key.kind)} {key.object}: its {noun} called {old} in the database, the"
        f" models declare {new}; the query is the same otherwise",
        hint=_rename_hint(key, change),
    )


def _moving(word: str, old: str, new: str) -> str:
    """The statements that move and rename a relation; a name without schema has the default one."""
    (schema, _, name), (new_schema, _, new_name) = old.rpartition("."), new.rpartition(".")
    words, place = [], f"{identifier(schema)}." if schema else ""
    if schema != new_schema:
        where = identifier(new_schema) if new_schema else "(the default schema)"
        words.append(f"ALTER {word} {place}{identifier(name)} SET SCHEMA {where}")
        place = f"{identifier(new_schema)}." if new_schema else ""
    if name != new_name:
        words.append(f"ALTER {word} {place}{identifier(name)} RENAME TO {identifier(new_name)}")
    return " and ".join(words)


def _with_time_indexes(
    expected: Facts, observed: Facts, findings: _Findings
) -> Iterator[tuple[FactKey, Sequence[FactKey], Finding]]:
    """Undeclared hypertables with the indexes that create_hypertable() makes.

    `Hypertable` leaves out an index where the models have another one on the same columns.
    """
    declared = {
        (key.table, *_names_of(value))
        for key, value in expected.items()
        if key.attribute == "columns" and key.kind in ("index", "primary_key", "unique")
    }
    indexes: dict[str, list[FactKey]] = defaultdict(list)
    for key in _existing(findings, "unexpected"):
        if key.kind == "index":
            indexes[key.table].append(key)
    for key in _existing(findings, "unexpected"):
        if key.kind == "hypertable" and (
            own := _each_once(
                [
                    index
                    for index in indexes[key.table]
                    if _is_its_own(index, key, observed)
                    and (key.table, *_names_of(observed[index._replace(attribute="columns")]))
                    not in declared
                ],
                observed,
            )
        ):
            names = " and ".join(index.name for index in own)
            hint = f"{findings[key].hint} Hypertable(...) also declares {names}."
            yield key, own, replace(findings[key], hint=hint)


def _without_catalog(observed: Facts, findings: _Findings) -> Iterator[_Merge]:
    """Tables that TimescaleDB does not know any more, with the chunks that it has left."""
    for key in _existing(findings, "missing"):
        children = FactKey("table", key.table, "", "inherited_by")
        names = cast("tuple[str, ...]", observed.get(children, ()))
        are_chunks = names and all(_CHUNK.fullmatch(name) for name in names)
        if key.kind == "hypertable" and children in findings and are_chunks:
            chunks = f"{len(names)} chunk{'s' * (len(names) != 1)}"
            yield (
                key,
                (children,),
                replace(
                    findings[key],
                    message=f"hypertable {key.table}: is a plain table with {chunks} as child "
                    f"tables ({first_of(names, _MOST_NAMES)}), the models declare a hypertable",
                    hint="Read from timescaledb_information.dimensions and pg_inherits. Likely "
                    "cause: a dump was restored without the tables of TimescaleDB's catalog, or "
                    "without timescaledb_pre_restore(). Rows of compressed chunks are not in the "
                    "child tables. Restore the whole dump into an empty database.",
                ),
            )


def _shut_out(observed: Facts, findings: _Findings) -> Iterator[_Merge]:
    """Tables of one schema and one owner, who may not use the schema."""
    shut_out: dict[tuple[str, str], list[FactKey]] = defaultdict(list)
    for key in findings:
        lacks = observed.get(key) if key.attribute == "withheld_from_owner" else None
        owner = observed.get(key._replace(attribute="owner"))
        if isinstance(owner, Owner) and isinstance(lacks, tuple) and len(lacks) == 1:
            privilege, _, schema = str(lacks[0]).partition(USAGE_ON_SCHEMA)
            if not privilege:
                shut_out[schema, owner.role].append(key)
    for (schema, role), (first, *others) in shut_out.items():
        tables = first_of([first.table, *(key.table for key in others)], _MOST_NAMES)
        noun, whose = ("tables", "their") if others else ("table", "its")
        yield (
            first,
            others,
            replace(
                findings[first],
                others=tuple(key.id for key in others),
                message=f"{noun} {tables}: {whose} owner {role} has no {USAGE_ON_SCHEMA}{schema}",
                hint="Read from pg_class and pg_namespace. Foreign keys to the tables, and policies"
                " such as compression, run as the owner and fail. Likely cause: REVOKE USAGE ON"
                f" SCHEMA {identifier(schema)}. Run GRANT USAGE ON SCHEMA {identifier(schema)} TO"
                f" {identifier(role)}.",
            ),
        )


def _names_of(columns: Value) -> Iterator[str]:
    """The columns of an index or a key, without their order."""
    for column in cast("tuple[Any, ...]", columns):
        yield str(getattr(column, "value", column))


def _each_once(indexes: Iterable[FactKey], observed: Facts) -> list[FactKey]:
    """One index for each list of columns, that with TimescaleDB's name; others are undeclared."""
    found: dict[object, FactKey] = {}
    for index in indexes:
        prefix = f"{index.table.rpartition('.')[2]}_"
        usual = index.name.startswith(prefix) and index.name.endswith("_idx")
        columns = observed[index._replace(attribute="columns")]
        if columns not in found or usual:
            found[columns] = index
    return [*found.values()]


def _is_its_own(index: FactKey, hypertable: FactKey, observed: Facts) -> bool:
    """Whether the index is on the time, or on the column of a partition and the time."""
    unique, predicate, include, columns = (
        observed[index._replace(attribute=attribute)]
        for attribute in ("unique", "predicate", "include", "columns")
    )
    time, partitions = (
        observed[hypertable._replace(attribute=attribute)]
        for attribute in ("time_column", "partitions")
    )
    *before, last = map(str, cast("tuple[object, ...]", columns))
    hashed = [str(each)[len("hash (") :].partition(",")[0] for each in cast("Any", partitions)]
    return (
        (unique, predicate, include) == (False, None, ())
        and last == f"{time} DESC"
        and before in ([], *([name] for name in hashed))
    )


def _of_a_library(
    expected: Facts, observed: Facts, findings: _Findings
) -> Iterator[tuple[FactKey, Sequence[FactKey], Finding]]:
    """Undeclared triggers of one function: three, or any with a table of the same word."""
    undeclared = _existing(findings, "unexpected")
    by_function: dict[str, list[FactKey]] = defaultdict(list)
    for key in undeclared:
        if key.kind == "trigger":
            by_function[_called(key, observed).partition("(")[0]].append(key)
    tables_of = _tables_by_word(expected, undeclared)
    by_word: dict[str, list[FactKey]] = defaultdict(list)
    for function in [*by_function]:
        word = next((word for word in _words(function) if word in tables_of), None)
        if word is not None:
            by_word[word] += by_function.pop(function)
    for word, triggers in by_word.items():
        first, *others = [*tables_of[word], *triggers]
        functions = dict.fromkeys(_called(key, observed) for key in triggers)
        yield first, others, _of_one_word([first, *others], [*functions], findings[first])
    for function, keys in by_function.items():
        if len(keys) >= _LIBRARY:
            first, *others = keys
            calls = {_called(key, observed) for key in keys}
            called = calls.pop() if len(calls) == 1 else f"{function}(...)"
            yield first, others, _of_one_function(called, keys, findings[first])


def _called(trigger: FactKey, observed: Facts) -> str:
    """The call as PostgreSQL prints it: `audit.log('insert')`."""
    return str(observed.get(trigger._replace(attribute="function")))


def _tables_by_word(expected: Facts, undeclared: list[FactKey]) -> dict[str, list[FactKey]]:
    """Undeclared tables by the first word of their names, which no declared table has."""
    declared = {_first_word(key.table) for key in expected if key.kind == "table"}
    tables: dict[str, list[FactKey]] = defaultdict(list)
    for key in undeclared:
        word = _first_word(key.table)
        if key.kind == "table" and len(word) >= _SHORTEST_WORD and word not in declared:
            tables[word].append(key)
    return tables


def _first_word(name: str) -> str:
    """`audit` of `public.audit_entries`."""
    return name.rpartition(".")[2].partition("_")[0].lower()


def _words(function: str) -> tuple[str, ...]:
    """The words that may say whose a function is: those of its name, and of its schema."""
    schema, _, name = function.partition("(")[0].rpartition(".")
    return *name.lower().split("_"), _first_word(schema)


def _of_one_word(keys: Sequence[FactKey], functions: Sequence[str], finding: Finding) -> Finding:
    objects = [f"{noun_of(key.kind)} {key.object}" for key in keys]
    patterns = dict.fromkeys(
        f'"{key.table}"' if key.kind == "table" else f'"trigger:*.{key.name}"' for key in keys
    )
    return replace(
        finding,
        others=tuple(key.id for key in keys[1:]),
        message=f"{first_of(objects, _MOST_NAMES)} exist, the models declare none of them;"
        f" they go with the function {', '.join(functions)}",
        hint="Read from pg_class and pg_trigger. Declare them, or drop them in a migration. If they"
        f" are a library's: leave = [{', '.join(patterns)}] in pyproject.toml.",
    )


def _of_one_function(function: str, keys: Sequence[FactKey], finding: Finding) -> Finding:
    tables = list(dict.fromkeys(key.table for key in keys))
    names = list(dict.fromkeys(key.name for key in keys))
    on = f"{len(tables)} tables" if len(tables) > 1 else tables[0]
    several = tables if len(tables) > 1 else names
    named = first_of(several, _MOST_NAMES)
    words = {name.partition("_")[0] for name in names}
    if len(names) > _MOST_NAMES and len(words) == 1:
        names = [f"{words.pop()}_*"]
    patterns = ", ".join(f'"trigger:*.{name}"' for name in names)
    return replace(
        finding,
        others=tuple(key.id for key in keys[1:]),
        observed=[key.object for key in keys],
        message=f"triggers of {function} exist on {on}, the models declare none: {named}",
        hint="Read from pg_trigger. Declare the triggers with Trigger(...), or drop them in a"
        f" migration. If they are a library's: leave = [{patterns}] in pyproject.toml.",
    )
