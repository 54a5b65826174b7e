"""House rules: what many teams want of their migrations, and that is no fault of a schema."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HouseRule:
    """One rule, which a project can switch off.

    Attributes:
        name: in the project's configuration.
        rule: what is wanted, a sentence.
        checks: functions of the suite that prove it.
        finding: the id of what they find.
        codes: what the gate finds.
    """

    name: str
    rule: str
    checks: tuple[str, ...]
    finding: str
    codes: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """What stands below a finding."""
        return (
            f"This is a house rule, not a fault of the schema: {self.name} = false below "
            "[tool.conformance.house_rules] switches it off."
        )

    @property
    def off(self) -> str:
        """Why it was not checked."""
        return f"the project has switched off the house rule {self.name}"


HOUSE_RULES = {
    rule.name: rule
    for rule in (
        HouseRule(
            "two_migrations_at_once",
            "A second migration that starts while one runs does no harm.",
            ("test_two_migrations_at_once",),
            "migration:alembic:two_at_once",
        ),
        HouseRule(
            "waiting_on_writers",
            "A migration that waits for a writer gives up after its lock_timeout.",
            ("test_a_migration_gives_up_on_writers",),
            "migration:alembic:gives_up_on_writers",
            ("no-lock-timeout",),
        ),
        HouseRule(
            "offline_sql",
            "The SQL that alembic upgrade --sql prints does what the migration does.",
            ("test_offline_sql_gives_the_same_facts",),
            "migration:alembic:offline_sql",
            ("offline-differs",),
        ),
    )
}


def rule_of(name: str) -> HouseRule | None:
    """The rule that a finding's id, or a code of the gate, belongs to."""
    return next((r for r in HOUSE_RULES.values() if name == r.finding or name in r.codes), None)


def rule_of_check(function: str) -> HouseRule | None:
    """The rule that a function of the suite proves."""
    return next((rule for rule in HOUSE_RULES.values() if function in rule.checks), None)
