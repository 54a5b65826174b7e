"""Prove that a plan mends: run its revision up and down in a savepoint, and compare the facts."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.exc import DBAPIError

from conformance.mending.plan import plan_for
from conformance.mending.revision import downgrade_body, upgrade_body
from conformance.pipeline import both_sides

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData

    from conformance.comparing.facts import FactKey, Facts
    from conformance.mending.plan import Plan

    from .cases import Database


@dataclass
class Outcome:
    """What became of the findings of one case.

    Attributes:
        found: the ids of the findings before.
        plan: the statements.
        left: the ids of the findings after the upgrade, or the error of the server.
        changed: the facts that the downgrade did not bring back, or the error of the server.
    """

    found: set[str]
    plan: Plan
    left: list[str]
    changed: list[str]

    @property
    def mended(self) -> bool:
        return not self.left and not self.plan.unmended


def prove(database: Database, metadata: MetaData | None = None) -> Outcome:
    """Mend the findings, and go back."""
    metadata = metadata or database.metadata
    connection = database.connection
    comparison = database.compare(metadata)
    before = comparison.sides[1]
    ids = {finding.id for finding in comparison.findings.values()}
    plan = plan_for(comparison)
    with connection.begin_nested() as savepoint:
        error = run_body(connection, upgrade_body(plan))
        if error:
            savepoint.rollback()
            return Outcome(ids, plan, [error], [])
        found = database.compare(metadata).findings.values()
        left = [finding.id for finding in found if finding.fails]
        error = run_body(connection, downgrade_body(plan))
        changed = [error] if error else _differences(before, both_sides(connection, metadata)[1])
        savepoint.rollback()
    return Outcome(ids, plan, left, changed)


def _differences(before: Facts, after: Facts) -> list[str]:
    keys = [key for key in {*before, *after} if _seen(before, key) != _seen(after, key)]
    return sorted(f"{key.id}: {before.get(key)!r} -> {after.get(key)!r}" for key in keys)


def _seen(facts: Facts, key: FactKey) -> object:
    """The value; of `exists` without its description, which has the spelling of the SQL."""
    if key.kind == "chunk":
        # A table that is no hypertable has no chunks that differ.
        return facts.get(key) or ()
    return key in facts if key.attribute == "exists" else facts.get(key)


def run_body(connection: Connection, body: str) -> str:
    """Run the body of a revision as Alembic does; the server's error, or nothing."""
    lines = ["from alembic import op", "def go():", textwrap.indent(body, "    "), "    return"]
    source = "\n".join(lines)
    made: dict[str, object] = {}
    exec(compile(source, "revision", "exec"), made)
    try:
        with Operations.context(MigrationContext.configure(connection)):
            made["go"]()
    except DBAPIError as error:
        return f"{error.orig}".strip() + f"\n  {error.statement}"
    return ""
