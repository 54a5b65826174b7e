"""Values made from drawn ones, and shown as what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy


@st.composite
def made(draw: st.DrawFn, make: Callable[..., Any], *strategies: SearchStrategy[Any]) -> Any:
    """`make` of what is drawn. Of `map` and `builds` Hypothesis shows the call, not the value."""
    return make(*[draw(strategy) for strategy in strategies])
