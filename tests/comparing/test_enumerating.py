"""The first few of many names."""

from __future__ import annotations

import pytest

from conformance.comparing.enumerating import first_of


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a, b"),
        (("a", "b", "c"), "a, b and 1 more"),
        (list("abcd"), "a, b and 2 more"),
    ],
)
def test_two_are_named_and_the_others_counted(names, said):
    assert first_of(names, 2) == said


def test_what_stands_between():
    assert first_of(["a", "b", "c"], 2, "; ") == "a; b and 1 more"
