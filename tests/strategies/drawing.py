"""What a strategy draws, sometimes and always."""

from __future__ import annotations

from hypothesis import Phase, find, given, settings
from hypothesis.errors import NoSuchExample


def comes_up(strategy, predicate, *, within=3_000):
    """Whether something of the kind is drawn; not made simpler, which would take longer."""
    try:
        find(
            strategy,
            predicate,
            settings=settings(max_examples=within, phases=[Phase.generate]),
        )
    except NoSuchExample:
        return False
    return True


def always(strategy, predicate):
    """Assert it of everything that is drawn."""

    @settings(max_examples=100)
    @given(strategy)
    def check(drawn):
        assert predicate(drawn)

    check()
