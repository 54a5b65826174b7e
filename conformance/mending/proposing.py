"""What autogenerate proposes beside Alembic's own operations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from alembic.autogenerate import renderers
from alembic.operations import Operations
from alembic.operations.ops import CreateTableOp, MigrateOperation, ModifyTableOps
from sqlalchemy import inspect

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import Comparison, compare
from conformance.comparing.facts import DERIVED, EXISTS, FactKey, Facts
from conformance.declarations import view_of, views_of
from conformance.expected import expected_facts
from conformance.mending.plan import Plan, plan_for
from conformance.mending.revision import statements
from conformance.pipeline import check_database, scope_of

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps
    from sqlalchemy import Connection, MetaData

    from conformance.comparing.findings import Finding
    from conformance.mending.scene import Step
    from conformance.observed import Scope

#: Kinds that Alembic does not propose. It knows tables, columns, keys, constraints and indexes.
_KINDS = frozenset(
    {
        "extension", "hypertable", "chunk_skipping", "compression", "chunk", "policy", "job",
        *DERIVED,
    }
)  # fmt: skip
#: Kinds that are not dropped because the models do not declare them: they may be somebody else's.
_OF_OTHERS = ("extension", "job", *DERIVED)


class ExecuteSteps(MigrateOperation):
    """Statements, and those that undo them."""

    def __init__(self, steps: tuple[Step, ...], undo: tuple[Step, ...]) -> None:
        self.steps = steps
        self.undo = undo

    def reverse(self) -> ExecuteSteps:
        """The operation of the downgrade."""
        return ExecuteSteps(self.undo, self.steps)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """What `alembic check` prints."""
        return ("execute", *(step.sql for step in self.steps))


@renderers.dispatch_for(ExecuteSteps)
def _rendered(_context: AutogenContext, operation: ExecuteSteps) -> list[str]:
    return [line for text in statements(operation.steps) for line in text.split("\n")]


@Operations.implementation_for(ExecuteSteps)
def _executed(operations: Operations, operation: ExecuteSteps) -> None:
    for step in operation.steps:
        operations.execute(step.sql.replace(":", r"\:"))


def propose(context: AutogenContext, upgrade: UpgradeOps, metadata: MetaData) -> None:
    """Add the statements to those that Alembic proposes.

    Statements that drop something run before Alembic's operations, the others after them.
    """
    _leave_views_out(upgrade, metadata)
    connection = context.connection
    if connection is None:
        return
    plan = _plan(connection, metadata)
    first = [step for step in plan.upgrade if step.rank <= 1]
    last = [step for step in plan.upgrade if step.rank > 1]
    dropping = [step for step in plan.downgrade if step.rank < 0]
    making = [step for step in plan.downgrade if step.rank >= 0]
    if first or making:
        upgrade.ops.insert(0, ExecuteSteps(tuple(first), tuple(making)))
    if last or dropping:
        upgrade.ops.append(ExecuteSteps(tuple(last), tuple(dropping)))


def _leave_views_out(upgrade: UpgradeOps, metadata: MetaData) -> None:
    """The class of a view has no table to be created."""
    views = {(table.schema, table.name) for table in views_of(metadata) if view_of(table)}
    upgrade.ops[:] = [
        item
        for item in upgrade.ops
        if not (
            isinstance(item, CreateTableOp | ModifyTableOps)
            and (item.schema, item.table_name) in views
        )
    ]


def _plan(connection: Connection, metadata: MetaData) -> Plan:
    schema = inspect(connection).default_schema_name or "public"
    scope = scope_of(metadata, (schema,))
    savepoint = connection.begin_nested()
    try:
        comparison = _comparison(connection, metadata, scope)
    finally:
        # The settings of the transaction are as before.
        savepoint.rollback()
    return plan_for(comparison, wanted=_wanted, kinds=_KINDS)


def _comparison(connection: Connection, metadata: MetaData, scope: Scope) -> Comparison:
    capabilities = Capabilities(community_edition=True)
    known = "SELECT count(*) FROM pg_catalog.pg_extension WHERE extname = 'timescaledb'"
    if connection.exec_driver_sql(known).scalar_one():
        return check_database(connection, metadata, capabilities, scope)
    # Without the extension there are plain tables at most.
    expected = expected_facts(metadata, default_schema=scope.default_schema)
    inspector = inspect(connection)
    observed: Facts = {
        FactKey("table", scope.name(schema, table), "", EXISTS): True
        for schema in scope.schemas
        for table in inspector.get_table_names(schema=schema)
    }
    comparison = compare(expected, observed, capabilities)
    return replace(comparison, sides=(expected, observed))


def _wanted(finding: Finding) -> bool:
    return not (
        finding.disagreement == "unexpected"
        and finding.attribute == EXISTS
        and finding.kind in _OF_OTHERS
    )
