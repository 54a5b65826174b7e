"""Rows, checked and arranged as parameters of the statements that write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import UniqueConstraint

from conformance.declarations import compression_of, hypertable_of
from models.row_checks import Unfit, check_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Table

    from models.row_checks import ColumnCheck

Key = tuple[str, ...]

#: The number of rows that are checked, and usually written, together.
BATCH_ROWS = 5_000
#: The most characters in a statement of several rows; PostgreSQL's limit is 1 GiB.
STATEMENT_CHARACTERS = 16 * 1024 * 1024


class RowError(ValueError):
    """A row that the table cannot hold. The call with this row writes nothing.

    Attributes:
        row: its position among the given rows, from 0.
        column: the wrong column; None if the row is wrong as a whole.
    """

    def __init__(self, table: str, row: int, column: str | None, reason: str) -> None:
        place = "" if column is None else f"[{column!r}]"
        super().__init__(f"{table}: rows[{row}]{place}: {reason}")
        self.row = row
        self.column = column


def natural_key(table: Table) -> Key:
    """The columns that identify a row: those of `uq_<table>_natural_key`.

    If a table has a single unique constraint, its name does not matter.

    Raises:
        LookupError: the table has no unique constraint, or several without this name.
    """
    unique = [item for item in table.constraints if isinstance(item, UniqueConstraint)]
    named = [item for item in unique if item.name == f"uq_{table.name}_natural_key"]
    match named or unique:
        case [constraint]:
            return tuple(column.name for column in constraint.columns)
    raise LookupError(
        f"{table.name} has {len(unique)} unique constraints and none named "
        f"uq_{table.name}_natural_key: which rows are the same is not said"
    )


class Target:
    """A table, and what its rows must contain."""

    def __init__(self, table: Table) -> None:
        hypertable, compression = hypertable_of(table), compression_of(table)
        self.table = table
        self.key = natural_key(table)
        self.time_column = None if hypertable is None else hypertable.time_column
        self.is_compressed = compression is not None
        segment_by = () if compression is None else compression.segment_by
        self.segment_by = tuple(name for name in segment_by if name in self.key)
        self._generated = {c.name for c in table.columns if c.identity is not None}
        self._required = [
            column.name
            for column in table.columns
            if column.name in self.key
            or not (column.nullable or column.server_default or column.identity)
        ]

    @cached_property
    def checks(self) -> dict[str, ColumnCheck]:
        """The checks of all columns that a row may contain, in the table's order."""
        return {
            column.name: check_of(column)
            for column in self.table.columns
            if column.name not in self._generated
        }

    def columns_of(self, row: Any) -> Key:
        """The columns that a row contains, in the table's order.

        Raises:
            Refusal: the row contains a forbidden column, or lacks a required one.
        """
        if not isinstance(row, Mapping):
            raise Refusal(0, None, f"a {type(row).__name__}, not a mapping of columns to values")
        for name in row:
            if name in self._generated:
                raise Refusal(0, name, "the database numbers the rows; leave it out")
            if name not in self.checks:
                raise Refusal(0, str(name), f"{self.table.name} has no such column")
        for name in self._required:
            if name not in row:
                of_key = "; a row gives its whole natural key" if name in self.key else ""
                raise Refusal(0, name, f"missing{of_key}")
        return tuple(name for name in self.checks if name in row)


@cache
def target_of(table: Table) -> Target:
    """The target of a table, created once."""
    return Target(table)


class Refusal(Exception):
    """A wrong row within its batch: position, column and reason."""

    def __init__(self, position: int, column: str | None, reason: str) -> None:
        super().__init__(position, column, reason)
        self.position = position


@dataclass(frozen=True)
class Part:
    """Rows of a batch with the same columns, as elements of array literals.

    Attributes:
        positions: the positions of the rows in the batch.
        elements: by column, in the table's order.
    """

    positions: Sequence[int]
    elements: dict[str, list[str]]

    @property
    def columns(self) -> Key:
        """The columns of the rows."""
        return tuple(self.elements)

    def keys(self, key: Key) -> list[Key]:
        """The natural key of each row; two keys are equal if PostgreSQL considers them equal."""
        columns = (self.elements[name] for name in key)
        # Equal values have equal texts, except for 0.0 and -0.0.
        return list(
            zip(
                *(
                    ["0.0" if element == "-0.0" else element for element in column]
                    if "-0.0" in column
                    else column
                    for column in columns
                ),
                strict=True,
            )
        )


def batches(rows: Iterable[Any]) -> Iterator[tuple[int, list[Any]]]:
    """The rows in lists of at most `BATCH_ROWS`, each with the number of rows before it.

    Each dict of a generator is copied, because the generator may fill the same dict again.
    """
    lasting = isinstance(rows, list | tuple)
    remaining, before = iter(rows if lasting else map(_copied, rows)), 0
    while batch := list(islice(remaining, BATCH_ROWS)):
        yield before, batch
        before += len(batch)


def _copied(row: Any) -> Any:
    return dict(row) if isinstance(row, dict) else row


def parts(target: Target, before: int, batch: list[Any], *, last_wins: bool) -> list[Part]:
    """The rows grouped by their columns, each natural key once.

    Args:
        before: the number of rows before the batch, for errors.
        last_wins: if two rows have the same key, True takes each column from the later row that
            contains it, as if the rows were written one after the other. False takes the first row.

    Raises:
        RowError: a row is wrong; the error is about the first wrong row.
    """
    refusals: list[Refusal] = []
    found = []
    for columns, positions in _shapes(target, batch, refusals).items():
        elements = {}
        for name in columns:
            values = [batch[position][name] for position in positions]
            try:
                elements[name] = target.checks[name].elements(values)
            except Unfit as error:
                refusals.append(Refusal(positions[error.position], name, str(error)))
        found.append(Part(positions, elements))
    if refusals:
        position, column, reason = min(refusals, key=lambda refusal: refusal.position).args
        raise RowError(target.table.name, before + position, column, reason)
    keys = [part.keys(target.key) for part in found]
    if len(set().union(*keys)) == len(batch):
        return found
    return _merged(target, found, keys, last_wins=last_wins)


def _shapes(target: Target, batch: list[Any], refusals: list[Refusal]) -> dict[Key, list[int]]:
    """The columns of a row -> the positions of all rows with these columns."""
    known: dict[Any, list[int]] = {}
    shapes: dict[Key, list[int]] = {}
    for position, row in enumerate(batch):
        names = tuple(row) if isinstance(row, dict) else None
        positions = None if names is None else known.get(names)
        if positions is None:
            try:
                positions = shapes.setdefault(target.columns_of(row), [])
            except Refusal as refusal:
                refusals.append(Refusal(position, *refusal.args[1:]))
                break  # A later row cannot be the first wrong row.
            if names is not None:
                known[names] = positions
        positions.append(position)
    return shapes


def _merged(
    target: Target, found: list[Part], keys: list[list[Key]], *, last_wins: bool
) -> list[Part]:
    """One row for each key; only for batches that contain a key twice."""
    rows = [
        (position, key, dict(zip(part.elements, row, strict=True)))
        for part, part_keys in zip(found, keys, strict=True)
        for position, key, row in zip(
            part.positions, part_keys, zip(*part.elements.values(), strict=True), strict=True
        )
    ]
    chosen: dict[Key, dict[str, str]] = {}
    for _, key, row in sorted(rows, key=itemgetter(0)):
        first = chosen.setdefault(key, row)
        if last_wins and first is not row:
            first.update((name, row[name]) for name in row if name not in target.key)
    shapes: dict[Key, list[dict[str, str]]] = {}
    for row in chosen.values():
        shapes.setdefault(tuple(name for name in target.checks if name in row), []).append(row)
    return [
        Part(range(len(rows)), {name: [row[name] for row in rows] for name in columns})
        for columns, rows in shapes.items()
    ]


def pieces(part: Part) -> Iterator[dict[str, list[str]]]:
    """A part's elements, divided if they are too long for one statement."""
    length = sum(sum(map(len, elements)) for elements in part.elements.values())
    rows = len(part.positions)
    step = max(1, rows // (length // STATEMENT_CHARACTERS + 1))
    for start in range(0, rows, step):
        yield {name: elements[start : start + step] for name, elements in part.elements.items()}
