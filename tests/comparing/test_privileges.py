"""What everybody has, whoever made the object."""

from __future__ import annotations

import pytest

from conformance.comparing.privileges import usual


@pytest.mark.parametrize(
    ("granted_on", "role", "privileges"),
    [
        ("database", "PUBLIC", ("connect", "temporary")),
        ("schema public", "PUBLIC", ("usage",)),
        ("function one(integer, text)", "PUBLIC", ("execute",)),
        ("curves", "PUBLIC", ()),
        ("foreign server nowhere", "PUBLIC", ()),
        ("database", "reader", ()),
    ],
)
def test_what_a_role_usually_has(granted_on, role, privileges):
    assert usual(granted_on, role) == privileges
