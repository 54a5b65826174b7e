"""Values for foreign keys: from existing rows, which the caller passes as `parents`."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ForeignKeyConstraint, Table

    #: `{"instruments.id": [1, 2]}`, or whole rows: `{"instruments": [{"id": 1}, {"id": 2}]}`.
    Parents = Mapping[str, Sequence[Any]]

#: So many values of foreign keys that are drawn together are kept.
_MOST = 10_000


def check_names(table: Table, parents: Parents) -> None:
    """Check that each name is that of a table, or of a column, of the metadata.

    Raises:
        ValueError: a name is not.
    """
    # A parent may be in another MetaData.
    referred = {key.column.table for key in table.foreign_keys}
    tables = {**table.metadata.tables, **{parent.key: parent for parent in referred}}
    for name in parents:
        owner, _, column = name.rpartition(".")
        if name not in tables and (owner not in tables or column not in tables[owner].columns):
            raise ValueError(f"parents: the metadata has neither table nor column {name!r}")


def references(
    table: Table, parents: Parents, overridden: set[str], problems: list[tuple[str, str]]
) -> Iterator[tuple[tuple[str, ...], list[tuple[Any, ...]]]]:
    """The columns of each foreign key, by name, with their possible values.

    Args:
        problems: a cause, and what the caller can pass, are added for each foreign key without
            values.
    """
    drawn: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    # The longest first: a shorter one may be a part of it.
    for constraint in sorted(table.foreign_key_constraints, key=_first_column):
        columns = tuple(element.parent.name for element in constraint.elements)
        if overridden.issuperset(columns):
            continue
        if overridden.intersection(columns):
            problems.append(
                (
                    f"the foreign key ({', '.join(columns)}) shares a column with an override",
                    "override all of its columns",
                )
            )
            continue
        found = _values(constraint, parents)
        if not found:
            problems.append(_missing(constraint, columns))
            continue
        if all(element.parent.nullable for element in constraint.elements):
            found = [(None,) * len(columns), *found]
        sharing = [other for other in drawn if {*other}.intersection(columns)]
        whole, values = columns, found
        # Foreign keys that share columns are drawn together.
        for other in sharing:
            whole, values = _joined(other, drawn[other], whole, values)
        if values:
            drawn = {names: drawn[names] for names in drawn if names not in sharing}
            drawn[whole] = values
        else:
            problems.append(
                (
                    f"no parents agree on ({', '.join(columns)}), to which two foreign keys belong",
                    "",
                )
            )
    yield from drawn.items()


def _joined(
    first: tuple[str, ...],
    firsts: list[tuple[Any, ...]],
    second: tuple[str, ...],
    seconds: list[tuple[Any, ...]],
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """The columns of both foreign keys, and the values that agree on the shared ones."""
    shared = [name for name in second if name in first]
    more = [place for place, name in enumerate(second) if name not in first]
    of_shared: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for value in seconds:
        key = tuple(value[second.index(name)] for name in shared)
        of_shared[key].append(tuple(value[place] for place in more))
    joined = (
        (*value, *rest)
        for value in firsts
        for rest in _rests(tuple(value[first.index(name)] for name in shared), of_shared, len(more))
    )
    names = (*first, *(second[place] for place in more))
    return names, list(islice(joined, _MOST))


def _rests(
    key: tuple[Any, ...], of_shared: dict[tuple[Any, ...], list[tuple[Any, ...]]], more: int
) -> list[tuple[Any, ...]]:
    """What a foreign key has beside the shared columns.

    A key that is a part of another one holds if one of its columns is NULL (PostgreSQL
    documentation, "Foreign Keys": MATCH SIMPLE).
    """
    if more:
        return of_shared.get(key, [])
    return [()] if None in key or key in of_shared else []


def _first_column(constraint: ForeignKeyConstraint) -> tuple[int, str]:
    return -len(constraint.elements), str(constraint.elements[0].parent.name)


def _targets(constraint: ForeignKeyConstraint) -> tuple[str, list[str]]:
    """The parent's name, with the schema that SQLAlchemy adds, and the keys of its columns."""
    return constraint.referred_table.fullname, [item.column.key for item in constraint.elements]


def _values(constraint: ForeignKeyConstraint, parents: Parents) -> list[tuple[Any, ...]]:
    owner, columns = _targets(constraint)
    if owner in parents:
        return [tuple(row[column] for column in columns) for row in parents[owner]]
    if len(columns) == 1:
        return [(value,) for value in parents.get(f"{owner}.{columns[0]}", ())]
    return []


def _missing(constraint: ForeignKeyConstraint, columns: tuple[str, ...]) -> tuple[str, str]:
    owner, targets = _targets(constraint)
    if len(columns) == 1:
        return (
            f"column {columns[0]} refers to {owner}.{targets[0]}",
            f"pass parents={{'{owner}.{targets[0]}': [...]}} with existing values, or override it",
        )
    return (
        f"columns {', '.join(columns)} refer to {owner} ({', '.join(targets)})",
        f"pass parents={{'{owner}': [...]}} with existing rows, or override the columns",
    )
