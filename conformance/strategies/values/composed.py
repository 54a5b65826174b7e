"""Strategies for values with parts: JSON documents, mappings, arrays and ranges."""

from __future__ import annotations

from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import Range

from conformance.strategies.values.narrowing import JSON_TYPES, json_type, made

if TYPE_CHECKING:
    from collections.abc import Collection

    from hypothesis.strategies import SearchStrategy

#: A larger float is written with an exponent, and jsonb returns an integer for it.
_LARGEST_FLOAT = 1e15
_LARGEST_INTEGER = 10**30
#: The number of items of a list that are drawn; a longer list repeats them.
_MOST_DRAWN = 20
_KEYS = ("a", "b", "", " ", "é", "日本", "🙂", "a.b", "$", "'", '"', "\\", "0", "null")
_SCALARS = (None, True, False, 0, 1, -1, 2**53 + 1, 10**20, 0.5, 5e-324, 1e-7)
_TEXTS = ("", "text", "é", "e\u0301", "🙂", "'", '"', "\\", "\\u0000", "%s", "\t\n", "null", " ")


def documents(*, small: bool = False, types: Collection[str] = JSON_TYPES) -> SearchStrategy[Any]:
    """Values that `json` and `jsonb` store: mostly objects, which are nested up to three deep.

    NaN, infinity and NUL are left out. So are floats that `jsonb` would return as an integer or
    without the sign, because `jsonb` stores numbers as `numeric`.

    Args:
        small: whether objects are not nested, for a column in an index.
        types: the types of the documents themselves, as jsonb_typeof() names them.
    """
    leaf = _leaves()
    key = st.sampled_from(_KEYS)
    inner = leaf | st.lists(leaf, max_size=3) | st.dictionaries(key, leaf, max_size=2)
    middle = leaf | st.lists(inner, max_size=2)
    found: list[SearchStrategy[Any]] = []
    if "object" in types:
        found.append(st.dictionaries(key, leaf, max_size=3))
        found += [] if small else [st.dictionaries(key, middle, max_size=3)]
    if "array" in types:
        found.append(st.lists(leaf if small else inner, max_size=3))
    return st.one_of(*found, _leaves(types))


def objects() -> SearchStrategy[dict[str, Any]]:
    """Only objects: a driver may take another document in an array for a part of the array."""
    return st.dictionaries(st.sampled_from(_KEYS), _leaves(), max_size=2)


def _leaves(types: Collection[str] = JSON_TYPES) -> SearchStrategy[Any]:
    found: list[SearchStrategy[Any]] = []
    if some := [value for value in _SCALARS if json_type(value) in types]:
        found.append(st.sampled_from(some))
    if "string" in types:
        found.append(st.sampled_from(_TEXTS))
    if "number" in types:
        floats = made(lambda number: number or 0.0, st.floats(-_LARGEST_FLOAT, _LARGEST_FLOAT))
        found += [st.integers(-_LARGEST_INTEGER, _LARGEST_INTEGER), floats]
    return st.one_of(found)


def arrays(
    element: SearchStrategy[Any], dimensions: int | None, *, least: int = 0, most: int = 3
) -> SearchStrategy[list[Any]]:
    """Rectangular lists; only the outermost list can be empty.

    Args:
        dimensions: the declared number of dimensions; None: one.
        least, most: the number of items of a list without other lists.
    """
    depth = dimensions or 1
    if least > _MOST_DRAWN:
        some = st.lists(element, min_size=1, max_size=_MOST_DRAWN)
        return made(lambda drawn: list(islice(cycle(drawn), least)), some)
    if depth == 1:
        return st.lists(element, min_size=least, max_size=most)
    return st.lists(st.integers(1, 2), min_size=depth, max_size=depth).flatmap(
        lambda sizes: st.just([]) | _rectangle(element, sizes)
    )


def _rectangle(element: SearchStrategy[Any], sizes: list[int]) -> SearchStrategy[list[Any]]:
    inner = element if len(sizes) == 1 else _rectangle(element, sizes[1:])
    return st.lists(inner, min_size=sizes[0], max_size=sizes[0])


def mappings() -> SearchStrategy[dict[str, str | None]]:
    """Values that `hstore` stores."""
    return st.dictionaries(st.sampled_from(_KEYS), st.sampled_from(_TEXTS) | st.none(), max_size=3)


def ranges(bounds: SearchStrategy[Any], *, discrete: bool) -> SearchStrategy[Range[Any]]:
    """Empty ranges, and ranges with two bounds, one bound or none.

    Args:
        bounds: a strategy for a bound.
        discrete: whether every value has a next value; PostgreSQL then writes `[low,high)`.
    """
    ends = st.just("[)") if discrete else st.sampled_from(["[)", "[]", "(]", "()"])
    is_open = st.sampled_from([(False, False), (True, False), (False, True), (True, True)])
    return made(_range, bounds, bounds, ends, is_open)


def _range(one: Any, other: Any, ends: str, is_open: tuple[bool, bool]) -> Range[Any]:
    if one == other and not any(is_open):
        return Range(empty=True)
    low = None if is_open[0] else min(one, other)
    high = None if is_open[1] else max(one, other)
    first, last = "(" if low is None else ends[0], ")" if high is None else ends[1]
    return Range(low, high, bounds=f"{first}{last}")  # type: ignore[arg-type]
