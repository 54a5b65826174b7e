"""What autogenerate proposes beside Alembic's own operations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from alembic.autogenerate import renderers
from alembic.operations import Operations
from alembic.operations.ops import CreateTableOp, MigrateOperation, ModifyTableOps
from sqlalchemy import Column, inspect

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import Comparison, compare
from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import DERIVED, EXISTS, FactKey
from conformance.declarations import registered_entities, view_of, views_of
from conformance.declarations.signatures import Signature
from conformance.expected import expected_facts
from conformance.literals import for_sqlalchemy
from conformance.mending.plan import plan_for
from conformance.mending.revision import statements
from conformance.mending.scene import dropping, making
from conformance.mending.schemas import create_schema
from conformance.mending.sql import name
from conformance.observed.privileges import add_unlisted
from conformance.pipeline import check_database, scope_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps
    from sqlalchemy import Connection, MetaData

    from conformance.comparing.findings import Finding
    from conformance.mending.report import Unmended
    from conformance.mending.scene import Step
    from conformance.observed import Scope

#: Kinds that Alembic does not propose and that are not dropped where the models do not declare
#: them: they may be somebody else's.
_OF_OTHERS = frozenset(
    {
        "extension", "sequence", "function", "procedure", "job", "trigger", "rule",
        "row_security_policy", "storage", "privilege", "default_privilege", "setting", *DERIVED,
    }
)  # fmt: skip
#: Kinds that Alembic does not propose. It knows columns, keys, constraints and indexes, and tables
#: apart from their row security.
_KINDS = _OF_OTHERS | {
    "hypertable", "chunk_skipping", "compression", "chunk", "policy", "table",
}  # fmt: skip
#: Kinds that Alembic creates with a table, and does not drop with it.
_LEFT_BEHIND = ("type", "domain")
#: What has a smaller rank is used by tables.
_TABLE = making("table", "").rank
#: What a person writes where the declaration has no body.
_BY_HAND = ("function:", "procedure:")


class ExecuteSteps(MigrateOperation):
    """Statements, and those that undo them."""

    def __init__(
        self, steps: tuple[Step, ...], undo: tuple[Step, ...], by_hand: tuple[Unmended, ...] = ()
    ) -> None:
        self.steps = steps
        self.undo = undo
        self.by_hand = by_hand

    def reverse(self) -> ExecuteSteps:
        """The operation of the downgrade."""
        return ExecuteSteps(self.undo, self.steps)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """What `alembic check` prints."""
        return ("execute", *(step.sql for step in self.steps))


@renderers.dispatch_for(ExecuteSteps)
def _rendered(_context: AutogenContext, operation: ExecuteSteps) -> list[str]:
    texts = [*(f"# Write by hand {item.id}: {item.reason}." for item in operation.by_hand)]
    texts += statements(operation.steps)
    return [line for text in texts for line in text.split("\n")]


@Operations.implementation_for(ExecuteSteps)
def _executed(operations: Operations, operation: ExecuteSteps) -> None:
    for step in operation.steps:
        operations.execute(for_sqlalchemy(step.sql))


def propose(context: AutogenContext, upgrade: UpgradeOps, metadata: MetaData) -> None:
    """Add the statements to those that Alembic proposes.

    Statements that drop something run before Alembic's operations, the others after them.
    """
    _leave_views_out(upgrade, metadata)
    for item in upgrade.ops:
        if isinstance(item, CreateTableOp):
            item.columns = [part for column in item.columns for part in _with_checks(column)]
    connection = context.connection
    if connection is None:
        return
    comparison = _read(connection, metadata)
    _keep_declared(upgrade, comparison)
    theirs = _signatures_of_entities()
    plan = plan_for(
        comparison,
        wanted=lambda finding: _wanted(finding) and finding.object not in theirs,
        kinds=_KINDS,
    )
    types = plan_for(comparison, wanted=_is_new_type, kinds=_LEFT_BEHIND)
    up, down = (
        [step for step in steps if abs(step.rank) != _TABLE]
        for steps in (plan.upgrade, plan.downgrade)
    )
    first = [step for step in up if step.rank < _TABLE]
    last = [step for step in up if step.rank > _TABLE]
    undo_last = [step for step in down if step.rank < 0]
    undo_first = [*(step for step in down if step.rank > 0), *types.downgrade]
    undo_first += _without_new_schemas(connection, metadata, up)
    by_hand = tuple(item for item in plan.unmended if item.id.startswith(_BY_HAND))
    if first or undo_first or (by_hand and (last or upgrade.ops)):
        upgrade.ops.insert(0, ExecuteSteps(tuple(first), tuple(undo_first), by_hand))
    if last or undo_last:
        upgrade.ops.append(ExecuteSteps(tuple(last), tuple(undo_last)))


def _without_new_schemas(
    connection: Connection, metadata: MetaData, upgrade: Iterable[Step]
) -> Iterator[Step]:
    """DROP SCHEMA for each schema that the upgrade creates; others may be somebody else's."""
    there = inspect(connection).get_schema_names()
    created = {step.sql for step in upgrade}
    relations = (*metadata.tables.values(), *views_of(metadata))
    for schema in sorted({item.schema for item in relations if item.schema} - {*there}):
        if create_schema(schema) in created:
            yield dropping("schema", f"DROP SCHEMA {name(schema)}")


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


def _keep_declared(upgrade: UpgradeOps, comparison: Comparison) -> None:
    """Leave out the drops of what the models declare; alembic_utils knows its entities alone."""
    declared = {
        (key.kind, key.table, key.name) for key in comparison.sides[0] if key.attribute == EXISTS
    }
    upgrade.ops[:] = [
        item
        for item in upgrade.ops
        if type(item).__name__ != "DropOp" or declared.isdisjoint(_of_entity(item))
    ]


def _of_entity(item: Any) -> Iterator[tuple[str, str, str]]:
    """What facts may call the entity that an operation of alembic_utils drops."""
    entity = item.target
    kind, part = type(entity).__name__, entity.signature
    if kind == "PGExtension":
        yield "extension", part, ""
    for schema in ("", f"{entity.schema}."):
        if kind in ("PGView", "PGMaterializedView"):
            yield from ((derived, schema + part, "") for derived in DERIVED)
        elif kind == "PGFunction":
            name = f"{schema}{Signature.parse(part)}"
            yield from ((routine, name, "") for routine in ("function", "procedure"))
        elif kind in ("PGTrigger", "PGPolicy"):
            table = entity.on_entity.removeprefix(f"{entity.schema}.").strip('"')
            yield "trigger" if kind == "PGTrigger" else "row_security_policy", schema + table, part
        elif kind == "PGGrantTable":
            yield "privilege", schema + entity.table, entity.role


def _with_checks(item: Any) -> Iterator[Any]:
    """The column, and its own checks as those of the table: Alembic writes no others."""
    checks = item.constraints if isinstance(item, Column) else ()
    if not checks:
        yield item
        return
    column = item._copy()  # noqa: SLF001 - as Alembic does with the columns of a table
    column.constraints.clear()
    yield column
    for check in checks:
        yield check._copy()  # noqa: SLF001


def _read(connection: Connection, metadata: MetaData) -> Comparison:
    schema = inspect(connection).default_schema_name or "public"
    scope = scope_of(metadata, (schema,))
    savepoint = connection.begin_nested()
    try:
        return _comparison(connection, metadata, scope)
    finally:
        # The settings of the transaction are as before.
        savepoint.rollback()


def _comparison(connection: Connection, metadata: MetaData, scope: Scope) -> Comparison:
    capabilities = Capabilities(community_edition=True)
    known = "SELECT count(*) FROM pg_catalog.pg_extension WHERE extname = 'timescaledb'"
    if connection.exec_driver_sql(known).scalar_one():
        return check_database(connection, metadata, capabilities, scope)
    # Without the extension there are plain tables and types at most.
    expected = expected_facts(metadata, default_schema=scope.default_schema)
    inspector: Any = inspect(connection)
    observed = FactTable(
        {
            FactKey(kind, scope.name(schema, name), "", EXISTS): True
            for schema in scope.schemas
            for kind, names in (
                ("table", inspector.get_table_names(schema)),
                ("sequence", inspector.get_sequence_names(schema)),
                ("type", [item["name"] for item in inspector.get_enums(schema)]),
                ("domain", [item["name"] for item in inspector.get_domains(schema)]),
            )
            for name in names
        }
    )
    add_unlisted(connection, expected, observed)
    comparison = compare(expected, observed, capabilities)
    return replace(comparison, sides=(expected, observed), schemas=scope.schemas)


def _wanted(finding: Finding) -> bool:
    return not (
        finding.disagreement == "unexpected"
        and finding.attribute == EXISTS
        and finding.kind in _OF_OTHERS
    )


def _signatures_of_entities() -> set[str]:
    """The functions that alembic_utils proposes itself, with and without their schema."""
    entities = (item for item in registered_entities() if type(item).__name__ == "PGFunction")
    found = [(item.schema, str(Signature.parse(item.signature))) for item in entities]
    return {name for schema, local in found for name in (local, f"{schema}.{local}")}


def _is_new_type(finding: Finding) -> bool:
    return finding.kind in _LEFT_BEHIND and finding.disagreement == "missing"
