"""Draw values that depend on the seed only."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, seed, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis.strategies import SearchStrategy


def draw(strategy: SearchStrategy[Any], count: int, *, variant: int = 0) -> list[Any]:
    """Draw at most `count` values of the strategy, the same each time.

    Args:
        variant: the seed.
    """
    drawn: list[Any] = []

    @seed(variant)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def keep(value: Any) -> None:
        drawn.append(value)

    with drawing():
        keep()
    return drawn


@contextmanager
def drawing() -> Iterator[None]:
    """Within it, what is drawn follows from the seed alone.

    Hypothesis mixes in constants that it reads in whatever modules of the project are loaded: the
    same test would draw something else in a run of fewer tests, or in a worker of pytest-xdist.
    """
    from hypothesis.internal.conjecture import providers

    if not hasattr(providers, "_get_local_constants"):  # Versions of before 2025 read none.
        yield
        return
    nothing = providers.Constants()  # type: ignore[attr-defined]
    with patch.object(providers, "_get_local_constants", lambda: nothing):
        providers.CONSTANTS_CACHE.cache.clear()
        try:
            yield
        finally:
            providers.CONSTANTS_CACHE.cache.clear()
