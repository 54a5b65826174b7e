"""Names as SQL needs them, and back."""

from __future__ import annotations

import pytest

from conformance.comparing.identifiers import identifier, printed, unquoted


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("price_2", "price_2"),
        ("Price", '"Price"'),
        ("2nd", '"2nd"'),
        ("select", '"select"'),
        ("lateral", '"lateral"'),
        ("off", "off"),
        ('a "b"', '"a ""b"""'),
    ],
)
def test_a_name_is_quoted_where_it_must_be(name, written):
    assert identifier(name) == written
    assert unquoted(written) == name


@pytest.mark.parametrize("text", ["lower(a)", '"a" || "b"', 'x"', '"'])
def test_another_text_stays(text):
    assert unquoted(text) == text


@pytest.mark.parametrize(
    ("name", "written"),
    [("price", "price"), ("Price", '"Price"'), ("time", '"time"'), ("over", "over")],
)
def test_a_name_as_it_is_printed(name, written):
    assert printed(name) == written
