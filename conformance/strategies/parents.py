"""Values for foreign keys: from existing rows, which the caller passes as `parents`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ForeignKeyConstraint, Table

    #: `{"instruments.id": [1, 2]}`, or whole rows: `{"instruments": [{"id": 1}, {"id": 2}]}`.
    Parents = Mapping[str, Sequence[Any]]


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
    table: Table, parents: Parents, overridden: set[str], problems: list[str]
) -> Iterator[tuple[tuple[str, ...], list[tuple[Any, ...]]]]:
    """The columns of each foreign key, by name, with their possible values.

    Args:
        problems: a sentence is added for each foreign key without values.
    """
    taken: set[str] = set(overridden)
    drawn: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    # The longest first: a shorter one may be a part of it.
    for constraint in sorted(table.foreign_key_constraints, key=_first_column):
        columns = tuple(element.parent.name for element in constraint.elements)
        if overridden.issuperset(columns):
            continue
        whole = next((other for other in drawn if {*other}.issuperset(columns)), None)
        if whole is None and taken.intersection(columns):
            problems.append(
                f"the foreign key ({', '.join(columns)}) shares a column with another foreign "
                "key or an override: override all of its columns"
            )
            continue
        taken.update(columns)
        found = _values(constraint, parents)
        if not found:
            problems.append(_missing(constraint, columns))
            continue
        if whole is not None:
            agreeing = _agreeing(drawn[whole], [whole.index(name) for name in columns], found)
            drawn[whole] = agreeing or drawn[whole]
            if not agreeing:
                problems.append(
                    f"no parents agree on ({', '.join(columns)}), to which two foreign keys belong"
                )
            continue
        if all(element.parent.nullable for element in constraint.elements):
            found = [(None,) * len(columns), *found]
        drawn[columns] = found
    yield from drawn.items()


def _agreeing(
    values: list[tuple[Any, ...]], places: list[int], found: list[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """The values of a foreign key that another one, of some of its columns, allows, too."""
    return [
        value
        for value in values
        if (part := tuple(value[place] for place in places)) in found or None in part
    ]


def _first_column(constraint: ForeignKeyConstraint) -> tuple[int, str]:
    return -len(constraint.elements), str(constraint.elements[0].parent.name)


def _targets(constraint: ForeignKeyConstraint) -> tuple[str, list[str]]:
    """The parent's name and its columns' names; the parent itself need not be known."""
    names = [element.target_fullname.rpartition(".") for element in constraint.elements]
    return names[0][0], [column for _, _, column in names]


def _values(constraint: ForeignKeyConstraint, parents: Parents) -> list[tuple[Any, ...]]:
    owner, columns = _targets(constraint)
    if owner in parents:
        return [tuple(row[column] for column in columns) for row in parents[owner]]
    if len(columns) == 1:
        return [(value,) for value in parents.get(f"{owner}.{columns[0]}", ())]
    return []


def _missing(constraint: ForeignKeyConstraint, columns: tuple[str, ...]) -> str:
    owner, targets = _targets(constraint)
    if len(columns) == 1:
        return (
            f"column {columns[0]} refers to {owner}.{targets[0]}: pass "
            f"parents={{'{owner}.{targets[0]}': [...]}} with existing values, or override it"
        )
    return (
        f"columns {', '.join(columns)} refer to {owner} ({', '.join(targets)}): pass "
        f"parents={{'{owner}': [...]}} with existing rows, or override the columns"
    )
