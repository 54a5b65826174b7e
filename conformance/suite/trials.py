"""Properties tried on many batches at once; on each by itself only where something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import Phase, given

from conformance.strategies import canonical_row, natural_key
from conformance.strategies.drawing import drawing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import Table

    from conformance.checking.profiles import Generation
    from conformance.strategies import Row

    #: A property of a batch; it raises where the property does not hold.
    Property = Callable[[list[Any]], object]

#: So many examples are tried alone. The first is the simplest that there is.
_ALONE = 2


class Trial:
    """A property, tried on what a strategy draws.

    An example costs round trips, whatever its size. All but a few are therefore put together into
    one large batch, for which the property must hold as well. Only where it does not, Hypothesis
    tries each of them, and makes the one that fails smaller.

    Attributes:
        last: the batch that was tried last; after a failure the smallest that fails.
        rows, examples: how much was tried.
    """

    def __init__(
        self,
        generation: Generation,
        name: str,
        strategy: SearchStrategy[list[Any]],
        property_: Property,
    ) -> None:
        self._generation = generation
        self._name = name
        self._strategy = strategy
        self._property = property_
        self.last: list[Any] = []
        self.rows = self.examples = 0

    def run(self, undo: Callable[[], object]) -> None:
        """Try it; raise what the property raises.

        Args:
            undo: takes back what the property did, after each example.
        """

        def attempt(batch: list[Any]) -> None:
            self.last[:] = batch
            try:
                self._property(batch)
            finally:
                undo()

        with drawing():
            if self._generation.has_failed(self._name):
                self._one_by_one(attempt, phases=(Phase.reuse, Phase.shrink))
            drawn: list[list[Any]] = []
            self._one_by_one(drawn.append, database=None, phases=(Phase.generate,))
            self.examples, self.rows = len(drawn), sum(map(len, drawn))
            alone, rest = drawn[:_ALONE], drawn[_ALONE:]
            together = [row for batch in rest for row in batch]
            try:
                for batch in (*alone, together):
                    attempt(batch)
            except Exception as error:
                # It is drawn as before, up to the first that fails.
                self._one_by_one(attempt)
                self.last[:] = _fewest(attempt, together)
                raise error from None

    def _one_by_one(self, attempt: Property, **settings: Any) -> None:
        @self._generation.settings_for(self._name, **settings)
        @self._generation.seeded
        @given(self._strategy)
        def example(batch: list[Any]) -> None:
            attempt(batch)

        example()


def _fewest(attempt: Property, batch: list[Any]) -> list[Any]:
    """As few of the rows as fail together, where no batch does by itself."""
    rows = list(batch)
    for row in batch:
        fewer = [other for other in rows if other is not row]
        try:
            attempt(fewer)
        except Exception:
            rows = fewer
    return rows


def pieces(batch: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The rows in their order, in pieces of 1, 2, 4 and more."""
    start, size = 0, 1
    while start < len(batch):
        yield batch[start : start + size]
        start, size = start + size, 2 * size


def apart(
    table: Table, values: Sequence[Mapping[str, Any]], drawn: Sequence[Row]
) -> Iterator[list[tuple[Mapping[str, Any], Row]]]:
    """Rows that have these values, each with its own, in groups of different natural keys.

    Args:
        values: for some of the columns.
        drawn: rows that the others come from.
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
