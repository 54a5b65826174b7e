"""Find tables, columns and checks that generated rows cannot exercise, with the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, select, text
from sqlalchemy.exc import DBAPIError

from conformance.errors import describe_briefly
from conformance.population.filling import NoPartition, fill_table
from conformance.population.foreign import how_kept
from conformance.population.given import answers
from conformance.strategies import NotDerivable
from conformance.strategies.derivation import derivation_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sqlalchemy import Connection, Table

    from conformance.strategies.fields import Field


#: What is said of a table that has rows, but no varied values in a column of an unknown type.
PLAIN_ROWS_ONLY = "plain rows only"
_IS_PARTITION_OF = text(
    "SELECT pg_catalog.pg_partition_root(pg_catalog.to_regclass(:table))"
    " = ANY(CAST(:filled AS pg_catalog.regclass[]))"
)


def thin(connection: Connection, tables: Iterable[Table]) -> dict[tuple[str, str], str]:
    """Say why rows cannot exercise a filled table, one of its columns or one of its checks.

    The keys are the table's name and the name of the column or check, which is empty for the whole
    table. Nothing is written; the connection may be in a transaction.
    """
    found = {}
    for table in tables:
        if (why_not := how_kept(connection, table).why_not_filled) is not None:
            found[table.fullname, ""] = f"no sample rows are written: {why_not}"
        elif _is_empty(connection, table):
            why = why_no_rows(connection, table)
            found[table.fullname, ""] = f"no sample rows can be made: {why}"
        else:
            found |= {(table.fullname, part): why for part, why in _thin_parts(connection, table)}
    return found


def without_rows(connection: Connection, tables: Collection[Table]) -> dict[str, str]:
    """Say why tables have no rows, as `thin` does; a partition has rows if its table has them."""
    why = {table: why for (table, part), why in thin(connection, tables).items() if not part}
    quoted = connection.dialect.identifier_preparer.format_table
    filled = [quoted(table) for table in tables if table.fullname not in why]

    def has_none(table: Table) -> bool:
        asked = {"table": quoted(table), "filled": filled}
        return table.fullname in why and not connection.scalar(_IS_PARTITION_OF, asked)

    return {table.fullname: why[table.fullname] for table in tables if has_none(table)}


def why_no_rows(connection: Connection, table: Table) -> str:
    """Why a table is empty: a parent is empty, or filling the table again, undone, fails."""
    if missing := missing_parents(connection, table):
        return missing
    derivation = derivation_of(table)
    savepoint = connection.begin_nested()
    try:
        fill_table(connection, table, compress=False)
    except DBAPIError as error:
        return f"the database rejects the generated rows: {describe_briefly(error)}"
    except NoPartition as error:
        return str(error)
    except ValueError as error:
        needed = {name for name, field in derivation.fields.items() if field.needs_value}
        unknown = [why for name, why in derivation.unknown.items() if name in needed]
        causes = [*unknown, *map(str, derivation.unread)]
        return "; ".join(causes or getattr(error, "problems", ())) or str(error)
    finally:
        savepoint.rollback()
    return "the rows were not tried"


def missing_parents(connection: Connection, table: Table) -> str | None:
    """Why rows of the table have no parent rows to reference; None if they have."""
    for key in sorted(table.foreign_keys, key=str):
        parent = key.column.table
        if parent is not table and not key.parent.nullable and _is_empty(connection, parent):
            return f"{parent.fullname} has no rows: {why_no_rows(connection, parent)}"
    return None


def why_not_generated(connection: Connection, table: Table, error: ValueError) -> str:
    """Why no rows of the table were generated: its parents have none, or the error says it."""
    missing = missing_parents(connection, table)
    return f"cannot generate rows: {missing}" if missing else why_not_derived(error)


def why_not_derived(error: ValueError) -> str:
    """Why no rows were generated, without what a caller of `rows` could pass."""
    causes = "; ".join(error.causes) if isinstance(error, NotDerivable) else str(error)
    return f"cannot generate rows: {causes}"


def _thin_parts(connection: Connection, table: Table) -> Iterator[tuple[str, str]]:
    derivation = derivation_of(table)
    for name, reason in derivation.unknown.items():
        yield name, f"{PLAIN_ROWS_ONLY}: {_instead(derivation.fields[name])}: {reason}"
    found = [answer for answer in answers(connection, table) if answer.is_varied]
    satisfied = {name for answer in found for name in answer.unread}
    for check in derivation.unread:
        if derivation.unknown.keys() >= set(check.columns) or check.name in satisfied:
            continue
        yield check.name, f"generated rows satisfy the check only by chance: {check}"


def _instead(field: Field) -> str:
    if field.may_be_null:
        instead = "is NULL or has its default" if field.has_default else "is NULL"
    else:
        instead = "has its default" if field.has_default else "has the same value"
    return f"the column {instead} in every row"


def _is_empty(connection: Connection, table: Table) -> bool:
    return not connection.scalar(select(exists(select(1).select_from(table))))
