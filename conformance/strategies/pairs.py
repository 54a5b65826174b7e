"""Columns of which a check demands that two have the same value, or different ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from sqlalchemy import ClauseElement

from conformance.strategies.canonical import canonical
from conformance.strategies.derivation import LEFT_OUT, Row

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from conformance.strategies.fields import Field


@dataclass(frozen=True)
class Related:
    """A pair of columns in a row.

    Attributes:
        fields: the two columns.
        equal: whether their values must be the same; NULL satisfies both demands.
    """

    fields: tuple[Field, Field]
    equal: bool

    def left_of(
        self, keys: tuple[str, ...], strategy: SearchStrategy[Any], row: Row
    ) -> SearchStrategy[Any]:
        """The strategy of these columns, without what the rest of the row forbids.

        Args:
            row: what is drawn already.
        """
        if {field.key for field in self.fields}.isdisjoint(keys):
            return strategy
        if not self.equal or len(keys) > 1:
            return strategy.filter(lambda drawn: self._holds({**row, **assigned(keys, drawn)}))
        field, other = sorted(self.fields, key=lambda field: field.key != keys[0])
        known = row.get(other.key, LEFT_OUT)
        if known is LEFT_OUT:
            return strategy.filter(partial(_fits, other))
        return strategy if known is None else st.just(known).filter(partial(_fits, field))

    def _holds(self, row: Row) -> bool:
        values = [row.get(field.key) for field in self.fields]
        if any(value is None or isinstance(value, ClauseElement) for value in values):
            return True
        one, other = (
            canonical(field.kind.bound(value))
            for field, value in zip(self.fields, values, strict=True)
        )
        return (one == other) is self.equal


def assigned(keys: tuple[str, ...], drawn: Any) -> Row:
    """What is drawn for columns, by key, without the columns that are left out."""
    pairs = [(keys[0], drawn)] if len(keys) == 1 else zip(keys, drawn, strict=True)
    return {key: value for key, value in pairs if value is not LEFT_OUT}


def _fits(field: Field, value: Any) -> bool:
    """Whether the checks of the column alone allow the value."""
    if value is None:
        return field.may_be_null
    return field.narrowing.null is not True and field.narrowing.allows(field.kind.bound(value))
