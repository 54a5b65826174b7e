"""What the partitions of a table take in, in few words: a table may have thousands of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: What stands before the bound names the parent where that is a partition itself.
_RANGE = re.compile(r"(?P<parent>.*)FOR VALUES FROM (?P<first>\(.*\)) TO (?P<last>\(.*\))")
#: How many are told at most.
_TOLD = 50


def covered(bounds: Iterable[str]) -> str:
    """`FROM ('2020-01-01') TO ('2023-01-01') in 3 partitions, DEFAULT`.

    Args:
        bounds: the partitions' bounds, as PostgreSQL prints them.
    """
    found = list(bounds)
    ranges = [match for bound in found if (match := _RANGE.fullmatch(bound))]
    told = [*_joined(ranges), *(bound for bound in found if _RANGE.fullmatch(bound) is None)]
    more = [f"and {len(told) - _TOLD} more"] if len(told) > _TOLD else []
    return ", ".join(told[:_TOLD] + more) or "none"


def _joined(ranges: list[re.Match[str]]) -> Iterator[str]:
    """Ranges of which each begins where another ends are one."""
    after = {(match["parent"], match["first"]): match["last"] for match in ranges}
    ends = {(parent, last) for (parent, _), last in after.items()}
    for parent, first in sorted(after.keys() - ends):
        last, number = after[parent, first], 1
        while (parent, last) in after:
            last, number = after[parent, last], number + 1
        several = f" in {number} partitions" if number > 1 else ""
        yield f"{parent}FROM {first} TO {last}{several}"
