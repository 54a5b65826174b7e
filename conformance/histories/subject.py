"""The subject of a history: a hypertable, its write path, and what the server supports."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from conformance.declarations import compression_of, hypertable_of
from conformance.histories.avoidance import AVOID_NOTHING, Avoidance
from conformance.histories.twin import Twins
from conformance.histories.twin import name as table_name
from conformance.strategies import natural_key, rewritten
from conformance.strategies.derivation import derivation_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Column, Connection, Table

    from conformance.strategies import Row

    #: A function of a write path, which writes rows to a table on a connection.
    Write = Callable[[Connection, Table, Sequence[Mapping[str, Any]]], Any]


@dataclass(frozen=True)
class Subject:
    """A hypertable with a natural key.

    Attributes:
        table: the hypertable, as the models declare it.
        given: what the database says of its values, as arguments of `rows`.
        insert_new, upsert: the write path under test; None if there is none.
        compresses: whether the server supports compression.
        job: the number of the compression policy's job; None if there is no policy.
        restartable: whether the server can be restarted.
        avoidance: what histories leave out because of known gaps of TimescaleDB.
    """

    table: Table
    given: dict[str, Any]
    insert_new: Write | None = None
    upsert: Write | None = None
    compresses: bool = False
    job: int | None = None
    restartable: bool = False
    avoidance: Avoidance = AVOID_NOTHING

    @cached_property
    def twins(self) -> Twins:
        """The hypertable and its twin."""
        return Twins(self.table)

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The natural key.

        Raises:
            ValueError: the table has no natural key.
        """
        return natural_key(self.table)

    @cached_property
    def time_column(self) -> Column[Any]:
        """The time column of the hypertable."""
        hypertable = hypertable_of(self.table)
        assert hypertable is not None
        return next(c for c in self.table.columns if c.name == hypertable.time_column)

    @cached_property
    def is_compressed(self) -> bool:
        """Whether the table's chunks can be compressed on this server."""
        return self.compresses and compression_of(self.table) is not None

    @cached_property
    def updatable(self) -> list[str]:
        """The columns outside of the key that can be updated without moving a row."""
        return self._updatable_without(set(self.key))

    @cached_property
    def updatable_key(self) -> list[str]:
        """The columns of the key that can be updated without moving a row to another chunk."""
        others = {column.key for column in self.table.columns} - set(self.key)
        return self._updatable_without(others)

    def _updatable_without(self, excluded: set[str]) -> list[str]:
        hypertable = hypertable_of(self.table)
        assert hypertable is not None
        partitioning = {hypertable.time_column, *(item.column for item in hypertable.partitions)}
        return [
            field.key
            for name, field in derivation_of(self.table).inserted.items()
            if name not in partitioning and excluded.isdisjoint(self.changed_with(field.key))
        ]

    def avoids_gaps(self, row: Row) -> bool:
        """Whether the row avoids all known gaps."""
        return all(row[column] is not None for column in self.avoidance.never_null)

    def changed_with(self, key: str) -> tuple[str, ...]:
        """The columns that must change together with this one, including this one."""
        everything = dict.fromkeys(column.key for column in self.table.columns)
        return tuple(rewritten(self.table, {}, everything, [key]))

    @cached_property
    def defaulted(self) -> list[str]:
        """The columns with a constant server default, which is the same in both tables."""
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
    """The number of the hypertable's compression job; None if there is none."""
    return connection.exec_driver_sql(_JOB, (table_name(table),)).scalar()
