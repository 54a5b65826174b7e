"""Which relation of one side is which of the other, where all look alike. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator


class _InTable(Hashable, Protocol):
    @property
    def table(self) -> str:
        """The relation, with its schema."""


Key = TypeVar("Key", bound=_InTable)


def pairs(missing: Collection[Key], undeclared: Collection[Key]) -> Iterator[tuple[Key, Key]]:
    """Each missing relation with the one undeclared relation that it can be.

    That is the only undeclared one, or the only one of its schema, as where each tenant has a
    schema, or the only one of its name, as where several tables move to another schema. Where
    schema and name say different things, there is no pair, because it would be a guess.
    """
    alone = _only_ones(missing, undeclared, lambda _: "")
    found = alone or {
        *_only_ones(missing, undeclared, lambda table: table.rpartition(".")[0]),
        *_only_ones(missing, undeclared, lambda table: table.rpartition(".")[2]),
    }
    times = Counter(key for pair in found for key in pair)
    for one in missing:
        for other in undeclared:
            if (one, other) in found and times[one] == times[other] == 1:
                yield one, other


def mutual(
    missing: Collection[Key], undeclared: Collection[Key], alike: Callable[[Key, Key], bool]
) -> Iterator[tuple[Key, Key]]:
    """Each missing object with the undeclared one that is like it and like no other.

    If one side has more objects, one was added or dropped. There is no pair then, because which
    one would be a guess.
    """
    if len(missing) != len(undeclared):
        return
    found = {one: [other for other in undeclared if alike(one, other)] for one in missing}
    times = Counter(other for others in found.values() for other in others)
    for one, others in found.items():
        if len(others) == 1 and times[others[0]] == 1:
            yield one, others[0]


def _only_ones(
    missing: Collection[Key], undeclared: Collection[Key], part: Callable[[str], str]
) -> set[tuple[Key, Key]]:
    """Those of which each side has one with the same part of the name."""
    sides: dict[str, tuple[list[Key], list[Key]]] = defaultdict(lambda: ([], []))
    for number, keys in enumerate((missing, undeclared)):
        for key in keys:
            sides[part(key.table)][number].append(key)
    return {(one[0], other[0]) for one, other in sides.values() if len(one) == len(other) == 1}
