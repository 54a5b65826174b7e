"""The database for the checks of rows, with chunks of every state, and its expected contents."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from sqlalchemy import column, create_engine, delete, pool, select, table
from sqlalchemy.exc import IntegrityError

from conformance.comparing.findings import Finding
from conformance.declarations import hypertable_of, tables_of
from conformance.declarations.hypertables import unique_keys
from conformance.engines.base import Template
from conformance.errors import describe_briefly
from conformance.population.filling import fill_every_state
from conformance.population.keys import rows_key
from conformance.population.stopping import stop_jobs
from conformance.strategies import canonical, natural_key
from conformance.strategies.derivation import derivation_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from sqlalchemy import URL, Connection, MetaData, Table, TableClause

    #: A function of the write path: writes rows to a table, on a connection.
    Write = Callable[[Connection, Table, Sequence[Mapping[str, Any]]], Any]


@dataclass(frozen=True)
class Writes:
    """The functions of the write path under test."""

    insert_new: Write
    upsert: Write


def populated_template(schema: Template, metadata: MetaData, *, compress: bool) -> Template:
    """The schema with parent rows, and with a chunk of every state in every hypertable.

    Creating a chunk takes about ten milliseconds. The chunks are created once, and each example is
    rolled back.
    """

    def prepare(url: URL) -> None:
        schema.prepare(url)
        with create_engine(url, poolclass=pool.NullPool).begin() as connection:
            fill_every_state(connection, metadata, compress=compress)
            if compress:
                # Policies would change the chunks in the middle of a test.
                stop_jobs(connection)

    shape = repr((schema.key, compress, rows_key(metadata)))
    return Template("rows", hashlib.sha256(shape.encode()).hexdigest()[:32], prepare)


def observed(table: Table) -> list[str]:
    """The columns that a writer fills: all except those that the database fills."""
    return [field.key for field in derivation_of(table).inserted.values()]


def contents(connection: Connection, table: Table) -> Counter[tuple[Any, ...]]:
    """All rows of the table, in canonical form: equal if PostgreSQL stores the same values."""
    columns = [table.columns[key] for key in observed(table)]
    return Counter(
        tuple(canonical(value) for value in row) for row in connection.execute(select(*columns))
    )


def as_stored(declared: Table, names: Collection[str]) -> TableClause:
    """A table clause for inserting rows without the defaults of the model.

    Args:
        names: columns whose values are given in the type of the database, not in that of a
            TypeDecorator.
    """
    columns = [
        column(name, field.bare_type if name in names else field.column.type)
        for name, field in derivation_of(declared).fields.items()
    ]
    return table(declared.name, *columns, schema=declared.schema)


def remove_same_keys(connection: Connection, declared: Table, values: Mapping[str, Any]) -> None:
    """Delete the rows that have a unique key of these values, unless others refer to them.

    Args:
        values: by the name of the column.
    """
    for _, columns in unique_keys(declared):
        names = [column.name for column in columns]
        if names and values.keys() >= {*names}:
            same = (declared.c[name].is_not_distinct_from(values[name]) for name in names)
            with suppress(IntegrityError), connection.begin_nested():
                connection.execute(delete(declared).where(*same))


class Ledger:
    """The expected contents of a table: rows by natural key."""

    def __init__(self, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
        self.table = table
        self.columns = observed(table)
        self._places = [self.columns.index(column) for column in natural_key(table)]
        self.rows = {self.key_of(row): row for row in rows}

    def insert_new(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Keep the first row of each key; return the number of new keys."""
        before = len(self.rows)
        for row in rows:
            values = self.values(row)
            self.rows.setdefault(self.key_of(values), values)
        return len(self.rows) - before

    def upsert(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Keep the last row of each key."""
        for row in rows:
            values = self.values(row)
            self.rows[self.key_of(values)] = values

    def must_match(self, connection: Connection) -> None:
        """Check that the table has exactly these rows.

        Raises:
            AssertionError: a row is lost or unexpected; names the first one.
        """
        wanted, found = Counter(self.rows.values()), contents(connection, self.table)
        for what, rows in (("lost", wanted - found), ("unexpected", found - wanted)):
            assert not rows, f"{rows.total()} rows are {what}, such as {min(rows, key=repr)}"

    def key_of(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The natural key of a row of `contents`."""
        return tuple(values[place] for place in self._places)

    def values(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """A row in the form of `contents`."""
        return tuple(canonical(row[column]) for column in self.columns)


def hypertables_of(metadata: MetaData) -> list[Table]:
    """The hypertables of the metadata, parents first."""
    return [table for table in tables_of(metadata) if hypertable_of(table) is not None]


def rows_finding(subject: str, checked: str, batch: list[Any], error: BaseException) -> Finding:
    """The finding of a failed property: the smallest failing rows, and the error."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    reason = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return Finding(
        id=f"rows:{subject}:{checked}",
        kind="rows",
        object=subject,
        attribute=checked,
        disagreement="different",
        expected=None,
        observed=[repr(row) for row in batch],
        message=f"rows of {subject}: {checked.replace('_', ' ')} fails with {batch!r}",
        hint=f"This is the smallest example found. {reason}",
    )


def scenario_finding(
    chapter: str, subject: str, checked: str, scenario: Any, error: BaseException
) -> Finding:
    """The finding of a failed scenario: the steps, and the error."""
    said = shorten(describe_briefly(error), 1_000)
    return Finding(
        id=f"{chapter}:{subject}:{checked}",
        kind=chapter,
        object=subject,
        attribute=checked,
        disagreement="different",
        expected=None,
        observed=repr(scenario),
        message=f"{chapter} on {subject}: {checked.replace('_', ' ')} fails: {said}",
        hint=f"The scenario is: {shorten(repr(scenario), 2_000)}",
    )
