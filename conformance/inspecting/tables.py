"""Facts -> SQLAlchemy's tables, for the classes; the types come from SQLAlchemy's reflection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import (
    Column,
    Computed,
    DefaultClause,
    Double,
    ForeignKeyConstraint,
    Identity,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DOMAIN
from sqlalchemy.types import NullType

from conformance.comparing.facts import Expression, TypeName, referred
from conformance.comparing.identifiers import identifier
from conformance.comparing.lengths import with_length
from conformance.inspecting.expressions import bare
from conformance.inspecting.observed import text_of
from conformance.inspecting.sequences import described
from conformance.literals import for_sqlalchemy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.types import TypeEngine

    from conformance.inspecting.observed import Attributes, Observed

    #: (table, column) -> the type and the comment; a table is a column without a name.
    Reflected = Mapping[tuple[str, str], tuple[TypeEngine[Any], str | None]]


def metadata_of(observed: Observed, reflected: Reflected, other_type: Any) -> dict[str, Table]:
    """The tables by their names in facts, with columns and keys; they share one MetaData.

    Args:
        reflected: the types as SQLAlchemy knows them.
        other_type: makes a type from its spelling in SQL, where SQLAlchemy does not know it.
    """
    metadata = MetaData()
    tables: dict[str, Table] = {}
    places = {column: place for place, column in enumerate(reflected)}
    for _, name, _, attributes in observed.all("table"):
        if "kind" not in attributes:
            continue
        schema, local = observed.split(name)
        columns = [
            _column(observed, column, of, reflected.get((name, column)), other_type)
            for column, of in sorted(
                observed.of("column", name).items(),
                key=lambda item: places.get((name, item[0]), len(places)),
            )
        ]
        said = reflected.get((name, ""), (None, None))[1]
        tables[name] = Table(
            local, metadata, *columns, *_keys(observed, name), schema=schema, comment=said
        )
        _number_only_serials(observed, name, tables[name])
    for name, table in tables.items():
        for constraint, key in observed.of("foreign_key", name).items():
            _add_foreign_key(table, tables, constraint, key)
    return tables


def _column(
    observed: Observed,
    name: str,
    of: Attributes,
    found: tuple[TypeEngine[Any], str | None] | None,
    other_type: Any,
) -> Column[Any]:
    spelled = of["type"]
    assert isinstance(spelled, TypeName)
    kind, comment = found or (NullType(), None)
    return Column(
        name,
        _type(observed, kind, spelled.text, of.get("collation"), other_type),
        *_generation(of),
        nullable=of["nullable"] is True,
        server_default=_default(of),
        comment=comment,
    )


def _type(
    observed: Observed, kind: TypeEngine[Any], spelled: str, collation: Any, other_type: Any
) -> TypeEngine[Any]:
    item: Any = kind.item_type if isinstance(kind, ARRAY) else kind
    if isinstance(item, NullType):
        return cast("TypeEngine[Any]", other_type(spelled))
    if isinstance(item, DOMAIN):
        domain = _domain(observed, item)
        return ARRAY(domain, dimensions=kind.dimensions) if isinstance(kind, ARRAY) else domain
    if isinstance(item, Double):
        # SQLAlchemy reflects a precision that PostgreSQL does not have.
        item.precision = None
    if getattr(item, "collation", None) != collation:
        item.collation = collation
    return kind


def _domain(observed: Observed, domain: DOMAIN) -> DOMAIN:
    """The domain as its facts have it; SQLAlchemy can say one check."""
    name = f"{domain.schema}.{domain.name}" if domain.schema else str(domain.name)
    of = observed.one("domain", name)
    if of is None:
        return domain
    checks: Any = of["checks"]
    default, check = text_of(of["default"]), text_of(next(iter(checks), None))
    spelled = of["type"]
    return DOMAIN(
        str(domain.name),
        with_length(domain.data_type, spelled.text if isinstance(spelled, TypeName) else ""),
        collation=of["collation"],  # type: ignore[arg-type]
        default=None if default is None else text(for_sqlalchemy(default)),
        not_null=True if of["nullable"] is False else None,
        check=None if check is None else text(for_sqlalchemy(bare(check))),
        schema=domain.schema,
    )


def _default(of: Attributes) -> Any:
    default = of.get("default")
    return text(for_sqlalchemy(default.text)) if isinstance(default, Expression) else None


def _generation(of: Attributes) -> list[Any]:
    generated, identity = of.get("generated"), of.get("identity")
    if isinstance(generated, Expression):
        persisted = of.get("generated_storage") == "stored"
        return [Computed(for_sqlalchemy(bare(generated.text)), persisted=persisted)]
    if isinstance(identity, str) and not identity.startswith("serial"):
        generation, options = described(identity)
        return [Identity(always=generation == "always", **options)]
    return []


def _keys(observed: Observed, name: str) -> list[Any]:
    keys: list[Any] = []
    primary = observed.one("primary_key", name)
    if primary is not None:
        columns: Any = primary["columns"]
        keys.append(PrimaryKeyConstraint(*columns, name=str(primary["name"])))
    for unique, of in observed.of("unique", name).items():
        names: Any = of["columns"]
        keys.append(UniqueConstraint(*names, name=unique))
    return keys


def _number_only_serials(observed: Observed, name: str, table: Table) -> None:
    """Say of a numbered column of a key that it is, and of others that they are not.

    SQLAlchemy numbers no column outside the primary key: those draw from their sequence.
    """
    for column in table.columns:
        of = observed.one("column", name, column.name) or {}
        if of.get("identity") == "serial" and not column.primary_key:
            parts = filter(None, (table.schema, f"{table.name}_{column.name}_seq"))
            sequence = ".".join(map(identifier, parts)).replace("'", "''")
            drawn = for_sqlalchemy(f"nextval('{sequence}'::regclass)")
            column.server_default = DefaultClause(text(drawn))
    for column in table.primary_key.columns:
        of = observed.one("column", name, column.name) or {}
        if of.get("identity") == "serial" and len(table.primary_key.columns) > 1:
            column.autoincrement = True
        elif of.get("identity") is None and table._autoincrement_column is column:  # noqa: SLF001 - as `expected` asks
            column.autoincrement = False


def _add_foreign_key(table: Table, tables: Mapping[str, Table], name: str, key: Attributes) -> None:
    target, names = referred(key["references"])
    if target in tables:
        columns: Any = key["columns"]
        elsewhere = [tables[target].c[column] for column in names]
        table.append_constraint(ForeignKeyConstraint(list(columns), elsewhere, name=name))
