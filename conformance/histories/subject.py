"""What a history is about: a hypertable, who writes to it, and what the server can do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from conformance.declarations import compression_of, hypertable_of
from conformance.histories.avoidance import NOTHING, Avoidance
from conformance.histories.twin import Twins
from conformance.histories.twin import name as table_name
from conformance.strategies import natural_key, rewritten
from conformance.strategies.derivation import derivation_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Column, Connection, Table

    from conformance.strategies import Row
    from conformance.strategies.parents import Parents

    #: A write path: rows into a table, on a connection.
    Write = Callable[[Connection, Table, Sequence[Mapping[str, Any]]], Any]


@dataclass(frozen=True)
class Subject:
    """A hypertable with a natural key.

    Attributes:
        table: the hypertable, as the models declare it.
        parents: values that its foreign keys can take.
        insert_new, upsert: the write path under test; None where there is none.
        compresses: whether the server can compress.
        job: the number of the policy's job that compresses old chunks; None where there is none.
        restartable: whether the server can be restarted.
        avoidance: what is left out to keep out of known gaps of TimescaleDB.
    """

    table: Table
    parents: Parents
    insert_new: Write | None = None
    upsert: Write | None = None
    compresses: bool = False
    job: int | None = None
    restartable: bool = False
    avoidance: Avoidance = NOTHING

    @cached_property
    def twins(self) -> Twins:
        """The hypertable and its twin."""
        return Twins(self.table)

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The natural key.

        Raises:
            ValueError: there is none.
        """
        return natural_key(self.table)

    @cached_property
    def time_column(self) -> Column[Any]:
        """What the hypertable is partitioned by."""
        hypertable = hypertable_of(self.table)
        assert hypertable is not None
        return next(c for c in self.table.columns if c.name == hypertable.time_column)

    @cached_property
    def is_compressed(self) -> bool:
        """Whether chunks are compressed here."""
        return self.compresses and compression_of(self.table) is not None

    @cached_property
    def values(self) -> list[str]:
        """Columns outside the key that can be updated."""
        return self._updatable(set(self.key))

    @cached_property
    def movable(self) -> list[str]:
        """Columns of the key that can be updated: a row stays in its chunk."""
        values = {column.key for column in self.table.columns} - set(self.key)
        return self._updatable(values)

    def _updatable(self, others: set[str]) -> list[str]:
        hypertable = hypertable_of(self.table)
        assert hypertable is not None
        kept = {hypertable.time_column, *(item.column for item in hypertable.partitions)}
        return [
            field.key
            for name, field in derivation_of(self.table).given.items()
            if name not in kept and others.isdisjoint(self.tied(field.key))
        ]

    def may_be_written(self, row: Row) -> bool:
        """Whether the row keeps out of known gaps."""
        return all(row[column] is not None for column in self.avoidance.never_null)

    def tied(self, key: str) -> tuple[str, ...]:
        """The columns that must change together with this one, itself among them."""
        everything = dict.fromkeys(column.key for column in self.table.columns)
        return tuple(rewritten(self.table, {}, everything, [key]))

    @cached_property
    def defaulted(self) -> list[str]:
        """Columns that the server fills, if they are not given, alike in both tables."""
        return [
            column.key
            for column in self.table.columns
            if column.server_default is not None
            and "(" not in str(getattr(column.server_default, "arg", "("))
        ]


_JOB = """
SELECT job_id FROM timescaledb_information.jobs
WHERE proc_name = 'policy_compression'
    AND format('%%I.%%I', hypertable_schema, hypertable_name)::regclass = %s::regclass
"""


def compressing_job(connection: Connection, table: Table) -> int | None:
    """The number of the job that compresses the hypertable's old chunks."""
    return connection.exec_driver_sql(_JOB, (table_name(table),)).scalar()
