"""What follows from a table or a column that is missing, or has another name or type. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.comparing.enumerating import first_of
from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import (
    EXISTS,
    Expression,
    FactKey,
    Facts,
    IndexColumn,
    Query,
    agrees,
    referred,
)
from conformance.comparing.identifiers import printed
from conformance.comparing.messages import noun_of
from conformance.comparing.reading import (
    in_facts,
    read_relations,
    with_column_read,
    with_relation_read,
)
from conformance.comparing.terms import normal
from conformance.comparing.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from conformance.comparing.findings import Finding

_MOST_NAMES = 6
#: How many readings of a query are tried.
_MOST_VALUES = 64
#: A dimension such as `hash (sensor, 4)`, or a sparse index such as `bloom (sensor, unit)`.
_LISTING = re.compile(r"(hash|bloom|minmax|firstlast) \((.*)\)")


def following(
    expected: Facts,
    observed: Facts,
    findings: Mapping[FactKey, Finding],
    names: Mapping[FactKey, FactKey],
) -> Iterator[tuple[FactKey, Sequence[FactKey], Finding]]:
    """Keys, indexes and the like that cannot be as declared because of a table or a column.

    Args:
        names: a declared table, column or aggregate -> the one that the database has instead.
    """
    found = _of_another_type(expected, findings)
    for column, key in _times_of_another_type(expected, findings):
        found[column].append(key)
    causes = [key for key in findings if key in names or _is_cause(key, findings)]
    by_table: dict[str, set[int]] = defaultdict(set)
    for number, cause in enumerate(causes):
        for table in (cause.table, names.get(cause, cause).table):
            by_table[table].add(number)
    for key, finding in findings.items():
        tables = _tables_of(key, expected)
        numbers = sorted(set().union(*(by_table.get(table, ()) for table in tables)))
        near = [causes[number] for number in numbers]
        first = None
        if finding.disagreement == "missing":
            first = next((c for c in near if c not in names and _names(key, c, expected)), None)
        elif finding.disagreement == "different":
            renamed = {cause: names[cause] for cause in near if cause in names}
            first = first_cause(renamed, key, expected[key], observed[key])
        if first is not None:
            found[first].append(key)
    for cause, keys in found.items():
        yield cause, keys, with_consequences(findings[cause], keys)


def first_cause(
    causes: Mapping[FactKey, FactKey], key: FactKey, expected: Any, observed: Any
) -> FactKey | None:
    """The first rename that changes the observed value, if all of them make it the expected one."""
    first, values = None, [observed]
    for cause, name in causes.items():
        then = [new for value in values for new in _anew(value, key, cause, name)]
        if first is None and any(value != observed for value in then):
            first = cause
        # A column of a view has its own name or the new one: as many values as there are ways.
        values = [*dict.fromkeys(then)][:_MOST_VALUES]
    return first if any(same(expected, value) for value in values) else None


def _tables_of(key: FactKey, expected: Facts) -> set[str]:
    """The tables that can be the cause: its own, and the one that it refers to or reads."""
    target, _ = referred(expected.get(key._replace(attribute="references")))
    tables = {key.table, target, str(expected.get(key._replace(attribute="source")))}
    query = expected.get(key)
    if isinstance(query, Query):
        tables.update(*map(in_facts, read_relations(query)))
    return tables


def _is_cause(key: FactKey, findings: Mapping[FactKey, Finding]) -> bool:
    return (
        key.kind in ("table", "column", "primary_key", "unique")
        and key.attribute == EXISTS
        and findings[key].disagreement == "missing"
    )


def _of_another_type(
    expected: Facts, findings: Mapping[FactKey, Finding]
) -> dict[FactKey, list[FactKey]]:
    """The columns of foreign keys that have another type just as the column they refer to."""
    parents: dict[FactKey, FactKey] = {}

    def root(key: FactKey) -> FactKey:
        while key in parents:
            key = parents[key]
        return key

    for (kind, table, _), attributes in FactTable.of(expected).objects.items():
        if kind != "foreign_key":
            continue
        target, others = referred(attributes.get("references"))
        own: Any = attributes["columns"]
        for name, other in zip(own, others, strict=False):
            key = FactKey("column", table, name, "type")
            cause = FactKey("column", target, other, "type")
            one, same = findings.get(key), findings.get(cause)
            if (
                one is not None
                and same is not None
                and (one.expected, one.observed) == (same.expected, same.observed)
                and root(key) != root(cause)
            ):
                parents.setdefault(key, cause)
    found: dict[FactKey, list[FactKey]] = defaultdict(list)
    for key in parents:
        found[root(key)].append(key)
    return found


def _times_of_another_type(
    expected: Facts, findings: Mapping[FactKey, Finding]
) -> Iterator[tuple[FactKey, FactKey]]:
    """The type of a time column, and that of the time of its hypertable."""
    for key in findings:
        if (key.kind, key.attribute) == ("hypertable", "time_type"):
            time = expected.get(key._replace(attribute="time_column"))
            column = FactKey("column", key.table, str(time), "type")
            if column in findings:
                yield column, key


def _names(key: FactKey, cause: FactKey, expected: Facts) -> bool:
    """Whether the declaration of a missing object names the table, the column or the key."""
    target, columns = referred(expected.get(key._replace(attribute="references")))
    if cause.kind not in ("table", "column"):
        # DROP CONSTRAINT ... CASCADE of a key drops the foreign keys that refer to it.
        key_columns: Any = expected.get(cause._replace(attribute="columns"))
        return target == cause.table and columns == [*key_columns]
    if target == cause.table and (not cause.name or cause.name in columns):
        return True
    if key.table != cause.table:
        return False
    own = FactTable.of(expected).objects[key[:3]]
    return any(cause.name in _names_in(value) for value in map(own.get, _NAMING))


#: The attributes in which a constraint, an index or a generated column names columns.
_NAMING = ("columns", "expression", "generated", "predicate", "include")


def _names_in(value: Any) -> Iterator[str | None]:
    if isinstance(value, tuple):
        for item in value:
            yield from _names_in(item)
    elif isinstance(value, IndexColumn):
        yield from _names_in(value.value)
    elif isinstance(value, Expression):
        yield from (name for name, _ in tokens_of(value.text))
    else:
        yield value


def _anew(value: Any, key: FactKey, cause: FactKey, found: FactKey) -> Iterator[Any]:
    """The observed value, with the declared name of the table or the column.

    A column of a view may have its name from the column or keep its own.
    """
    if isinstance(value, Query):
        if cause.kind == "column":
            for output in (True, False):
                yield with_column_read(value, found, cause.name, output=output)
        else:
            yield with_relation_read(value, found.table, cause.table)
    elif key.attribute == "references":
        target, columns = referred(value)
        named = listed_anew(columns, found.name, cause.name)
        yield f"{cause.table} ({named})" if target == found.table else value
    elif key.attribute == "source":
        yield cause.table if value == found.table else value
    elif key.table == cause.table:
        # The terms of a declared expression that the server did not print are in no such order.
        for order in (normal, str):
            yield with_column(value, found.name, cause.name, order)
    else:
        yield value


def with_column(value: Any, old: str, new: str, order: Callable[[str], str] = normal) -> Any:
    """The value of a key, an index or compression after the column was renamed.

    Args:
        order: puts the terms of an expression in order, which depends on names.
    """
    if isinstance(value, Expression):
        return replace(value, canonical=order(_renamed(value.canonical, old, new)))
    if isinstance(value, tuple):
        return tuple(with_column(item, old, new, order) for item in value)
    if isinstance(value, IndexColumn):
        return replace(value, value=with_column(value.value, old, new, order))
    return _text_with_column(value, old, new) if isinstance(value, str) else value


def _text_with_column(value: str, old: str, new: str) -> str:
    if dimension := _LISTING.fullmatch(value):
        word, listed = dimension.groups()
        return f"{word} ({listed_anew(listed.split(', '), old, new)})"
    # An order is `at DESC`.
    if value == old or value.startswith(f"{old} "):
        return new + value[len(old) :]
    return value


def listed_anew(columns: Iterable[str], old: str, new: str) -> str:
    """`a, b` after a column was renamed."""
    return ", ".join(_text_with_column(column, old, new) for column in columns)


def _renamed(text: str, old: str, new: str) -> str:
    return "".join(printed(new) if name == old else said for name, said in tokens_of(text))


def same(expected: Any, observed: Any) -> bool:
    """Whether two values agree; of expressions, whether they differ in brackets and casts alone.

    The server did not print the expected one if its table lacks the column.
    """
    return agrees(expected, observed) or _bare(expected, unprinted=True) == _bare(observed)


def _bare(value: Any, *, unprinted: bool = False) -> Any:
    if isinstance(value, tuple):
        return tuple(_bare(item, unprinted=unprinted) for item in value)
    if isinstance(value, IndexColumn):
        return replace(value, value=_bare(value.value, unprinted=unprinted))
    if not isinstance(value, Expression) or (unprinted and value.canonical != value.text):
        return value
    bare, in_type = [], False
    for name, said in tokens_of(value.canonical):
        if said == "::":
            in_type = True
        elif name is None and (said in "()" or said.isspace()):
            continue
        elif in_type and name is not None:
            in_type = False
        elif name not in _OF_TYPES:
            bare.append(said if name is None else name)
    return tuple(bare)


#: The words after the first one in the name of a type.
_OF_TYPES = ("precision", "varying", "with", "without", "time", "zone")


def with_consequences(finding: Finding, keys: Sequence[FactKey]) -> Finding:
    """The finding, which also stands for what follows from it."""
    if not keys:
        return finding
    objects = [*dict.fromkeys(f"{noun_of(key.kind)} {key.object}" for key in keys)]
    return replace(
        finding,
        others=(*finding.others, *(key.id for key in keys)),
        message=f"{finding.message}; these follow from it: {first_of(objects, _MOST_NAMES)}",
    )
