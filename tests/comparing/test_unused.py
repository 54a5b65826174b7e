"""A declared enum type is one though no column of the database uses it."""

from __future__ import annotations

from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import EXISTS, Detail
from conformance.comparing.unused import with_declared_types

FOUND = {EXISTS: Detail("'a'"), "definition": "'a'", "labels": ("a",), "owner": "desk"}


def test_an_unused_type():
    expected, observed = FactTable(), FactTable()
    expected.add("type", "declared", "", {EXISTS: True, "labels": ("a",)})
    for name in ("declared", "another"):
        observed.add("unused_type", name, "", dict(FOUND))
    observed.add("unused_type", "bare", "", {EXISTS: True})
    observed.add("type", "used", "", {EXISTS: True, "labels": ("b",)})
    found = with_declared_types(expected, observed)
    assert found.objects == {
        ("type", "declared", ""): {EXISTS: True, "labels": ("a",), "owner": "desk"},
        ("unused_type", "another", ""): {EXISTS: Detail("'a'"), "definition": "'a'"},
        ("unused_type", "bare", ""): {EXISTS: True},
        ("type", "used", ""): {EXISTS: True, "labels": ("b",)},
    }
    assert observed.objects["unused_type", "another", ""] == FOUND
