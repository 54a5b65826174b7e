"""Findings as data."""

from __future__ import annotations

from conformance.comparing.findings import Finding, migration_finding


def test_what_a_finding_about_migrations_is_called():
    assert migration_finding("second_run", "It fails.", "Mend it.") == Finding(
        id="migration:alembic:second_run",
        kind="migration",
        object="alembic",
        attribute="second_run",
        disagreement="different",
        expected=None,
        observed=None,
        message="It fails.",
        hint="Mend it.",
        severity="error",
    )


def test_such_a_finding_has_the_values_of_both_sides():
    owner = migration_finding(
        "owner", "It differs.", "Mend it.", "nobody", expected="desk", severity="warning"
    )
    assert (owner.expected, owner.observed, owner.severity) == ("desk", "nobody", "warning")
    table = migration_finding(
        "version_table", "It is missing.", "Mend it.", expected=True, disagreement="missing"
    )
    assert (table.expected, table.observed, table.disagreement) == (True, None, "missing")
