"""The bodies of functions are compared by a digest."""

from __future__ import annotations

from hashlib import sha256

import pytest

from conformance.comparing.bodies import digest_of


@pytest.mark.parametrize(
    "body", ["a\nb", "\n  a\n\tb  \n", "a\r\n\r\nb", "\n\n   a\n   \n   b\n\n"]
)
def test_neither_indentation_nor_empty_lines_make_a_difference(body):
    assert digest_of(body) == "sha256:" + sha256(b"a\nb").hexdigest()


@pytest.mark.parametrize("body", ["a b", "ab", "b\na", "A\nb", "a\nb\nc"])
def test_everything_else_does(body):
    assert digest_of(body) != digest_of("a\nb")
