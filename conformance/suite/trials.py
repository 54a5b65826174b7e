"""Check a property on many batches at once, and on each batch alone only if that fails."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

from hypothesis import Phase, given

from conformance.strategies import canonical_row, natural_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hypothesis import settings
    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import Table

    from conformance.checking.profiles import Generation
    from conformance.strategies import Row

    #: A property of a batch; raises if the property does not hold.
    Property = Callable[[list[Any]], object]

#: How many examples are always checked alone. The first is the simplest example.
_ALONE = 2


class Trial:
    """A property that is checked on the examples of a strategy.

    An example costs round trips, whatever its size. Most examples are therefore combined into one
    large batch, for which the property must hold as well. If it does not, Hypothesis checks each
    example, and shrinks the failing one.

    Args:
        at_most: the number of examples, if not that of the profile.

    Attributes:
        last: the last batch; after a failure the smallest failing batch.
        rows, examples: how many were checked.
    """

    def __init__(
        self,
        generation: Generation,
        name: str,
        strategy: SearchStrategy[list[Any]],
        property_: Property,
        *,
        at_most: int | None = None,
    ) -> None:
        self._generation = generation
        self._name = name
        self._strategy = strategy
        self._property = property_
        self._limit = {} if at_most is None else {"max_examples": at_most}
        self.last: list[Any] = []
        self.rows = self.examples = 0

    def run(self, undo: Callable[[], object]) -> None:
        """Check the property; raise the error that it raises.

        Args:
            undo: undoes the changes of the property; called after each example.
        """

        def attempt(batch: list[Any]) -> None:
            self.last[:] = batch
            try:
                # Copies: a project's write path may change the rows that it is given.
                self._property([dict(row) if isinstance(row, dict) else row for row in batch])
            finally:
                undo()

        with self._generation.running():
            if self._generation.has_failed(self._name):
                # Hypothesis skips a test of which no example is kept, because it passes by now.
                with suppress(SkipTest):
                    self._one_by_one(attempt, phases=(Phase.reuse, Phase.shrink))
            drawn = _drawn(self._generation, self._strategy, **self._limit)
            self.examples, self.rows = len(drawn), sum(map(len, drawn))
            alone, rest = drawn[:_ALONE], drawn[_ALONE:]
            together = [row for batch in rest for row in batch]
            try:
                for batch in (*alone, together):
                    attempt(batch)
            except Exception as error:
                # Draws the same examples again, up to the first failing one.
                self._one_by_one(attempt)
                self.last[:] = _fewest(attempt, together)
                raise error from None

    def _one_by_one(self, attempt: Property, **more: Any) -> None:
        chosen = self._generation.settings_for(self._name, **self._limit, **more)
        _try_each(self._generation, self._strategy, attempt, chosen)


def _try_each(
    generation: Generation,
    strategy: SearchStrategy[list[Any]],
    attempt: Property,
    chosen: settings,
) -> None:
    @chosen
    @generation.seeded
    @given(strategy)
    def example(batch: list[Any]) -> None:
        attempt(batch)

    example()


@lru_cache(maxsize=32)
def _drawn(
    generation: Generation, strategy: SearchStrategy[list[Any]], **limit: int
) -> list[list[Any]]:
    """The examples of a strategy. They depend on the seed alone: every property gets the same."""
    drawn: list[list[Any]] = []
    chosen = generation.settings_for("", database=None, phases=(Phase.generate,), **limit)
    _try_each(generation, strategy, drawn.append, chosen)
    return drawn


def _fewest(attempt: Property, batch: list[Any]) -> list[Any]:
    """A small part of the batch that still fails, leaving out a half, a quarter, and so on."""
    rows, size = batch, len(batch) // 2
    while size:
        start = 0
        while start < len(rows) > size:
            fewer = rows[:start] + rows[start + size :]
            try:
                attempt(fewer)
                start += size
            except Exception:
                rows = fewer
        size //= 2
    return rows


def pieces(batch: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Split the rows, in order, into pieces of 1, 2, 4 and more rows."""
    start, size = 0, 1
    while start < len(batch):
        yield batch[start : start + size]
        start, size = start + size, 2 * size


def apart(
    table: Table, values: Sequence[Mapping[str, Any]], drawn: Sequence[Row]
) -> Iterator[list[tuple[Mapping[str, Any], Row]]]:
    """One row for each of the values; the rows of a group have different natural keys.

    Args:
        values: values for some of the columns of a row.
        drawn: rows with the values of the other columns.
    """
    key = natural_key(table)
    groups: list[dict[tuple[Any, ...], tuple[Mapping[str, Any], Row]]] = []
    for number, some in enumerate(values):
        row = {**drawn[number % len(drawn)], **some}
        canonical = canonical_row(row)
        known_by = tuple(canonical[name] for name in key)
        group = next((group for group in groups if known_by not in group), None)
        if group is None:
            groups.append(group := {})
        group[known_by] = (some, row)
    for group in groups:
        yield list(group.values())
