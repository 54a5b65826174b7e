"""Primary keys, unique constraints, foreign keys, checks and exclusions."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from sqlalchemy import (
    CheckConstraint,
    Constraint,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.schema import AddConstraint

from conformance.comparing.facts import ANYTHING, EXISTS, Objects, OneOf, Value
from conformance.declarations import default_name
from conformance.declarations.base import created
from conformance.expected import spelling
from conformance.expected.tables import table_name

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.sql.compiler import DDLCompiler


#: The suffix of the name that PostgreSQL gives to an unnamed constraint.
_SUFFIXES: dict[type[Constraint], str] = {
    ForeignKeyConstraint: "fkey",
    UniqueConstraint: "key",
    ExcludeConstraint: "excl",
}


def expected(table: Table, name: str, default_schema: str) -> Objects:
    """Every constraint of CREATE TABLE."""
    compiler = spelling.ddl_compiler()
    of_columns = [item for column in table.columns for item in column.constraints]
    taken: set[tuple[str, str]] = set()
    for constraint in created((*table._sorted_constraints, *of_columns)):
        if not _is_made(constraint, compiler):
            continue
        found = _constraint(table, constraint, default_schema)
        if found is not None:
            kind, part, attributes = found
            part = _free(kind, part, taken)
            taken.add((kind, part))
            yield kind, name, part, attributes


def _is_made(constraint: Constraint, compiler: DDLCompiler) -> bool:
    """Whether a type's constraint, as of an Enum, is one for PostgreSQL.

    `AddConstraint` takes a constraint out of CREATE TABLE, and adds it itself. So does `create_all`
    with a foreign key of two tables that refer to each other, once it was run.
    """
    rule = constraint._create_rule
    owner = getattr(rule, "__self__", getattr(rule, "target", None))
    return rule is None or isinstance(owner, AddConstraint) or bool(rule(compiler))


def _free(kind: str, name: str, taken: set[tuple[str, str]]) -> str:
    """A name in angle brackets, with the number that PostgreSQL adds where it is taken.

    Columns `a_b` and `a, b` give the same one. Source: ChooseConstraintName() in PostgreSQL's
    pg_constraint.c. The name of a CHECK is its expression.
    """
    if kind == "check" or not name.startswith("<"):
        return name
    numbered = (f"{name[:-1]}{number or ''}>" for number in count())
    return next(free for free in numbered if (kind, free) not in taken)


def _constraint(
    table: Table, constraint: Constraint, default_schema: str
) -> tuple[str, str, dict[str, Value]] | None:
    """Kind, name and attributes of a constraint."""
    if isinstance(constraint, PrimaryKeyConstraint):
        return ("primary_key", "", _primary_key(constraint)) if constraint.columns else None
    if isinstance(constraint, UniqueConstraint):
        return "unique", name_of(table, constraint), _unique(constraint)
    if isinstance(constraint, ForeignKeyConstraint):
        name = name_of(table, constraint)
        return "foreign_key", name, _foreign_key(constraint, default_schema)
    if isinstance(constraint, CheckConstraint):
        return "check", name_of(table, constraint), _check(constraint)
    if isinstance(constraint, ExcludeConstraint):
        return "exclusion", name_of(table, constraint), _exclusion(constraint)
    return None


def name_of(table: Table, constraint: Constraint) -> str:
    """The name in the keys of the constraint's facts; `<...>` if the models do not name it.

    A name in angle brackets is no promise: comparison looks for the same definition under any
    name.
    """
    name = spelling.final_name(constraint)
    if name is not None:
        return name
    if isinstance(constraint, CheckConstraint):
        return f"<{spelling.sql(constraint.sqltext)}>"
    suffix = next(suffix for kind, suffix in _SUFFIXES.items() if isinstance(constraint, kind))
    return f"<{default_name(table.name, '_'.join(_columns_in_name(constraint)), suffix)}>"


def _columns_in_name(constraint: Constraint) -> tuple[str, ...]:
    if isinstance(constraint, ExcludeConstraint):
        # PostgreSQL, too, uses the name of a column or a function if it is one.
        return tuple(getattr(part, "name", "expr") for part, _, _ in constraint._render_exprs)
    if isinstance(constraint, ForeignKeyConstraint):
        return tuple(constraint.column_keys)
    return _columns(constraint) if isinstance(constraint, UniqueConstraint) else ()


def _columns(constraint: PrimaryKeyConstraint | UniqueConstraint) -> tuple[str, ...]:
    return tuple(column.name for column in constraint.columns)


def _deferrable(constraint: Constraint) -> str:
    if not constraint.deferrable:
        return "no"
    initially = str(constraint.initially or "immediate").lower()
    return f"initially {initially}"


def _primary_key(constraint: PrimaryKeyConstraint) -> dict[str, Value]:
    name = spelling.final_name(constraint)
    return {
        EXISTS: True,
        "name": ANYTHING if name is None else name,
        "columns": _columns(constraint),
        "include": tuple(spelling.options(constraint).get("include") or ()),
        "deferrable": _deferrable(constraint),
        "over_periods": False,
        "valid": True,
    }


def _unique(constraint: UniqueConstraint) -> dict[str, Value]:
    options = spelling.options(constraint)
    return {
        EXISTS: True,
        "columns": _columns(constraint),
        "nulls": "not distinct" if options.get("nulls_not_distinct") else "distinct",
        "include": tuple(options.get("include") or ()),
        "deferrable": _deferrable(constraint),
        "over_periods": False,
        "valid": True,
    }


def _foreign_key(constraint: ForeignKeyConstraint, default_schema: str) -> dict[str, Value]:
    elements = constraint.elements
    columns = tuple(element.parent.name for element in elements)
    # Not as it is written: SQLAlchemy adds the schema of the metadata to a name without one.
    referred = table_name(constraint.referred_table, default_schema)
    names = ", ".join(str(element.column.name) for element in elements)
    return {
        EXISTS: True,
        "columns": columns,
        "references": f"{referred} ({names})",
        "on_delete": _action(constraint.ondelete),
        "on_update": _action(constraint.onupdate),
        "match": (constraint.match or "SIMPLE").upper(),
        "deferrable": _deferrable(constraint),
        "over_periods": False,
        "validated": _validated(constraint),
        "enforced": True,
    }


def _validated(constraint: CheckConstraint | ForeignKeyConstraint) -> bool | OneOf:
    """NOT VALID says how a constraint is added; CREATE TABLE and VALIDATE CONSTRAINT go further."""
    return OneOf((False, True)) if spelling.options(constraint).get("not_valid") else True


def _action(declared: str | None) -> str:
    """`NO ACTION`, `SET NULL (broker_id)`: words in capitals, names as they are."""
    action, bracket, names = (declared or "NO ACTION").partition("(")
    words = " ".join(action.upper().split())
    if not bracket:
        return words
    listed = sorted(name.strip().strip('"') for name in names.rstrip(" )").split(","))
    return f"{words} ({', '.join(listed)})"


def _check(constraint: CheckConstraint) -> dict[str, Value]:
    return {
        EXISTS: True,
        "expression": spelling.expression(spelling.sql(constraint.sqltext)),
        "validated": _validated(constraint),
        "enforced": True,
    }


def _exclusion(constraint: ExcludeConstraint) -> dict[str, Value]:
    predicate = constraint.where
    parts = constraint._render_exprs
    return {
        EXISTS: True,
        "columns": tuple(spelling.expression(spelling.sql(part)) for part, _, _ in parts),
        "operators": tuple(operator for _, _, operator in parts),
        "method": str(constraint.using).lower(),
        "predicate": None if predicate is None else spelling.expression(spelling.sql(predicate)),
        "deferrable": _deferrable(constraint),
    }
