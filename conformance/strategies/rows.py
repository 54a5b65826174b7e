"""Rows that a table accepts, from its metadata alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from conformance.declarations import hypertable_of
from conformance.strategies.derivation import LEFT_OUT, Range, derivation_of, table_of
from conformance.strategies.parts import Part, parts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import Table

    from conformance.strategies.checks.reading import UnreadCheck
    from conformance.strategies.parents import Parents
    from conformance.strategies.values.axes import Span

#: Column keys, as `insert()` takes them, and values.
Row = dict[str, Any]


def rows(  # noqa: PLR0913 - what is said of a table, by keyword
    model: Any,
    overrides: Mapping[str, Any] | None = None,
    /,
    *,
    parents: Parents | None = None,
    span: Span | None = None,
    far: bool = False,
    complete: bool = False,
    trusting: Collection[str] = (),
    **more: Any,
) -> SearchStrategy[Row]:
    """Rows that the table accepts, one by one, as dictionaries for `insert()`.

    Values keep to types, nullability, CHECK constraints and foreign keys; they do not keep to
    unique constraints. Columns that the database fills (identity, serial, computed) are never
    given, those with a default sometimes. A nullable JSON column is NULL by not being given.

    Args:
        model: a mapped class or a table.
        overrides: a strategy or a plain value for a column, which is then always given; also as
            keyword arguments, `rows(MarketData, instrument_id=1)`.
        parents: values that foreign keys can take, `{"instruments.id": [1, 2]}`; for a foreign
            key of several columns, rows: `{"orders": [{"id": 1, "region": "eu"}]}`.
        span: first and last value of a hypertable's time column; by default `default_span`.
        far: its values come from the years 1 to 9999 instead; each may be a new chunk.
        complete: every column is given in every row, so that all rows have the same keys. NULL
            of a JSON column is then None, which SQLAlchemy may write as the document `null`.
        trusting: names of CHECK constraints that are not understood, and that the caller's
            overrides or filters keep.

    Raises:
        NotDerivable: a foreign key without parents, a CHECK that is not understood, or a type
            that is not known; all of them are named.
        ValueError: an argument names something that is not there, or contradicts another.
    """
    table = table_of(model)
    parts = parts_of(
        table,
        {**(overrides or {}), **more},
        parents=parents or {},
        span=_range(table, span, far=far, complete=complete),
        trusting=trusting,
    )
    return row_of(parts)


def checks_not_understood(model: Any) -> tuple[UnreadCheck, ...]:
    """The CHECK constraints of a table that rows cannot be derived from."""
    return derivation_of(table_of(model)).demands.unread


@st.composite
def row_of(draw: st.DrawFn, parts: tuple[Part, ...]) -> Row:
    """A row from its parts."""
    row: Row = {}
    for keys, strategy in parts:
        drawn = draw(strategy)
        pairs = [(keys[0], drawn)] if len(keys) == 1 else zip(keys, drawn, strict=True)
        row.update((key, value) for key, value in pairs if value is not LEFT_OUT)
    return row


def _range(table: Table, span: Span | None, *, far: bool, complete: bool) -> Range:
    if span is not None:
        if far:
            raise ValueError("span and far exclude each other")
        if hypertable_of(table) is None:
            raise ValueError(f"span: {table.name} is not declared a Hypertable")
        if span[0] > span[1]:
            raise ValueError(f"span: {span[0]} is after {span[1]}")
    return Range(span, far, complete)
