"""The numbers of a type."""

from __future__ import annotations

import pytest
from sqlalchemy import Integer, Numeric, String

from conformance.comparing.lengths import with_length


@pytest.mark.parametrize(
    ("spelled", "precision", "scale"),
    [("numeric", None, None), ("numeric(5)", 5, None), ("numeric(2,-3)", 2, -3)],
)
def test_precision_and_scale(spelled, precision, scale):
    kind = with_length(Numeric(), spelled)
    assert (kind.precision, kind.scale) == (precision, scale)


@pytest.mark.parametrize(
    ("spelled", "length"), [("character varying(7)", 7), ("character varying", None)]
)
def test_length(spelled, length):
    assert with_length(String(), spelled).length == length


def test_a_type_without_numbers_stays():
    kind = Integer()
    assert with_length(kind, "integer") is kind
