"""Reflect a database into metadata, with declarations of hypertables and compression.

Rows are derived from this metadata if the models do not fit the database, as before a migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

from sqlalchemy import MetaData, Table, text
from sqlalchemy.dialects.postgresql import ARRAY, DOMAIN
from sqlalchemy.exc import SAWarning
from sqlalchemy.types import NullType, UserDefinedType

from conformance.comparing.facts import EXISTS, FactKey, TypeName
from conformance.comparing.lengths import with_length
from conformance.comparing.tokens import quoted_table
from conformance.declarations import Compression, HashPartition, Hypertable, OrderBy
from conformance.observed import Scope, observed_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from conformance.comparing.facts import Facts
    from conformance.intervals import Interval

_SCHEMAS = text("""
SELECT n.nspname FROM pg_catalog.pg_namespace n
 WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
   AND n.nspname NOT LIKE '\\_timescaledb\\_%'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                      AND d.objid = n.oid AND d.deptype = 'e')
 ORDER BY 1
""")

_TYPE = text("""
SELECT pg_catalog.format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute
 WHERE attrelid = CAST(:table AS pg_catalog.regclass) AND attname = :column
""")


class Unknown(UserDefinedType[Any]):
    """A type that SQLAlchemy does not know.

    Args:
        name: the name, as PostgreSQL spells it.
    """

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def get_col_spec(self, **_: Any) -> str:
        """The name in SQL."""
        return self.name


def schemas_of(connection: Connection) -> tuple[str, ...]:
    """The schemas that belong neither to PostgreSQL nor to an extension."""
    return tuple(connection.scalars(_SCHEMAS))


def reflect(connection: Connection, scope: Scope | None = None) -> MetaData:
    """Reflect the tables of the schemas in scope.

    SQLAlchemy reflects columns, keys, foreign keys, checks and indexes; `Hypertable` and
    `Compression` are declared as the catalog shows them. Chunks, partitions and Alembic's version
    table are left out, and so are foreign tables, whose rows are on a server of somebody else.
    """
    scope = scope or Scope(schemas_of(connection))
    facts = observed_facts(connection, scope)
    metadata = MetaData()
    for key, kind in facts.items():
        if key.kind != "table" or key.attribute != "kind" or kind == "foreign table":
            continue
        schema, _, name = key.table.rpartition(".")
        if schema and schema not in scope.schemas:
            schema, name = "", key.table
        with catch_warnings():
            # SQLAlchemy warns about an unknown type, which gets its name below.
            simplefilter("ignore", SAWarning)
            table = Table(name, metadata, schema=schema or None, autoload_with=connection)
        name = quoted_table(table)
        for column in table.columns:
            if isinstance(column.type, NullType):
                where = {"table": name, "column": column.name}
                column.type = Unknown(str(connection.scalar(_TYPE, where)))
            _complete_domain(column.type, facts)
        _declare(table, key.table, facts)
    return metadata


def _complete_domain(kind: Any, facts: Facts) -> None:
    domain = kind.item_type if isinstance(kind, ARRAY) else kind
    if not isinstance(domain, DOMAIN):
        return
    name = f"{domain.schema}.{domain.name}" if domain.schema else str(domain.name)
    spelled = facts.get(FactKey("domain", name, "", "type"))
    if isinstance(spelled, TypeName):
        with_length(domain.data_type, spelled.text)


def _declare(table: Table, name: str, facts: Facts) -> None:
    def value(kind: str, attribute: str) -> Any:
        return facts.get(FactKey(kind, name, "", attribute))

    if not value("hypertable", EXISTS):
        return
    declarations: list[Any] = [
        Hypertable(
            value("hypertable", "time_column"),
            chunk_interval=_length(value("hypertable", "chunk_interval")),
            partitions=_partitions(value("hypertable", "partitions")),
            time_index=False,
        )
    ]
    if value("compression", EXISTS):
        declarations.append(
            Compression(
                segment_by=value("compression", "segment_by"),
                order_by=[_ordered(item) for item in value("compression", "order_by")],
                after=None,
            )
        )
    Table(table.name, table.metadata, *declarations, schema=table.schema, extend_existing=True)


def _length(value: Interval | int) -> str | int:
    return value if isinstance(value, int) else value.plain()


def _partitions(texts: Sequence[str]) -> list[HashPartition]:
    """Parse the dimensions of the facts, such as `hash (column, 4)`."""
    found = []
    for item in texts:
        if item.startswith("hash ("):
            column, _, number = item.removeprefix("hash (").removesuffix(")").rpartition(", ")
            found.append(HashPartition(column, int(number)))
    return found


def _ordered(item: str) -> OrderBy:
    """Parse an order of the facts, such as `column DESC NULLS FIRST`."""
    column, direction, _, nulls = item.rsplit(" ", 3)
    return OrderBy(column, descending=direction == "DESC", nulls_first=nulls == "FIRST")
