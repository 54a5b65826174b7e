"""Keep histories out of the known gaps of a server's version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import UniqueConstraint

from conformance.declarations import compression_of
from conformance.known_gaps import gap
from conformance.strategies import natural_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table

    from conformance.declarations import Compression

UPDATE_OF_A_SEGMENT = gap("update-of-a-segment")
COUNT_OF_DELETED = gap("count-of-deleted")
#: The rule `read_latest` meets the gap, also where nothing is compressed.
PREPARED_LIMIT = gap("prepared-limit")


@dataclass(frozen=True)
class Avoidance:
    """What a table's histories leave out.

    Attributes:
        never_null: columns of the natural key that get no NULLs.
        free_keys_only: whether an UPDATE of the key never uses an existing key.
        counts_deleted: whether the row count that a DELETE reports is compared.
        reasons: the reason, with the ticket, by the name of what is left out, which may be that of
            a rule.
    """

    never_null: frozenset[str]
    free_keys_only: bool
    counts_deleted: bool
    reasons: dict[str, str]


AVOID_NOTHING = Avoidance(frozenset(), free_keys_only=False, counts_deleted=True, reasons={})


def avoidance_of(
    table: Table, version: str, *, compresses: bool = True, other_chunks: bool = False
) -> Avoidance:
    """What the table's histories leave out on this TimescaleDB.

    Args:
        table: the hypertable.
        version: the version of TimescaleDB.
        compresses: whether the server can compress the chunks of a table that declares it.
        other_chunks: whether the chunks of the database begin elsewhere than those of the models.
    """
    reasons: dict[str, str] = {}
    if PREPARED_LIMIT.may_show(version):
        reasons["read_latest"] = PREPARED_LIMIT.reason(version)
    if other_chunks:
        reasons["drop_old_chunks"] = "the database has another chunk interval than the models"
    compression = compression_of(table) if compresses else None
    if compression is None:
        return replace(AVOID_NOTHING, reasons=reasons)
    never_null: set[str] = set()
    for column, code in _nulls_that_are_equal(table, compression):
        known = gap(code)
        if known.may_show(version):
            never_null.add(column)
            reasons[f"null_{column}"] = known.reason(version)
    free_keys_only = UPDATE_OF_A_SEGMENT.may_show(version)
    if free_keys_only:
        reasons["update_to_a_taken_key"] = UPDATE_OF_A_SEGMENT.reason(version)
    counts_deleted = not COUNT_OF_DELETED.may_show(version)
    if not counts_deleted:
        reasons["count_of_deleted"] = COUNT_OF_DELETED.reason(version)
    return Avoidance(frozenset(never_null), free_keys_only, counts_deleted, reasons)


def _nulls_that_are_equal(table: Table, compression: Compression) -> Iterator[tuple[str, str]]:
    """The nullable columns of a key that treats NULLs as equal, each with its known gap."""
    if not _treats_nulls_as_equal(table):
        return
    for key in natural_key(table):
        if table.columns[key].nullable:
            yield key, _gap_of(table.columns[key].name, compression)


def _gap_of(column: str, compression: Compression) -> str:
    if column in compression.segment_by:
        return "null-segment"
    ordered = {item.column for item in compression.order_by}
    return "null-in-the-order" if column in ordered else "null-outside-the-order"


def _treats_nulls_as_equal(table: Table) -> bool:
    key = set(natural_key(table))
    return any(
        constraint.dialect_options["postgresql"]["nulls_not_distinct"]
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
        and {column.key for column in constraint.columns} == key
    )
