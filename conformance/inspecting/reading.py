"""Read a living database, and print what declares it."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, text
from sqlalchemy.engine.reflection import ObjectKind
from sqlalchemy.exc import CompileError, SAWarning
from sqlalchemy.types import NullType

from conformance.audit import reading
from conformance.comparing.facts import FactKey, referred
from conformance.comparing.identifiers import USUAL_SCHEMA
from conformance.comparing.leaving import leave as leave_to_others
from conformance.declarations import view_of
from conformance.engines.connecting import parse_url, place
from conformance.engines.identification import identify_server
from conformance.errors import describe_error
from conformance.expected import expected_facts
from conformance.expected.spelling import type_name
from conformance.extras import require
from conformance.inspecting import pasting
from conformance.inspecting.against import Models, lacking, missing_tables, other_columns
from conformance.inspecting.code import comment
from conformance.inspecting.module import classes_of, metadata_in, source_of
from conformance.inspecting.observed import Observed
from conformance.inspecting.pasting import Classes
from conformance.observed import Scope, canonical, observed_facts
from conformance.pipeline import check_database, prepare_session, scope_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection, MetaData, Table
    from sqlalchemy.types import TypeEngine

    from conformance.comparing.capabilities import Server
    from conformance.comparing.facts import Facts


#: The other schemas of a person's tables.
_WITH_TABLES = text(r"""
SELECT DISTINCT n.nspname
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema$|_?timescaledb_)'
   AND n.nspname <> ALL(:schemas)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 1
""")


def whole_module(
    address: str, *, schemas: Sequence[str] = ("public",), leave: Sequence[str] = ()
) -> str:
    """A module that declares everything that the schemas of the database have.

    Uses one read-only transaction, as an audit does.

    Args:
        address: a database URL in any usual form.
        schemas: the schemas to read, and those that their foreign keys lead to. Tables of the first
            one name no schema.
        leave: patterns of objects that are left to others.

    Raises:
        ConformanceError: the connection fails, the TimescaleDB is not supported, or a timeout
            expires.
    """
    url = parse_url(address)
    with reading(url, "inspection") as connection:
        server = identify_server(connection)
        scope = Scope(tuple(schemas), schemas[0], left=tuple(leave))
        source, scope = module_of(connection, scope)
        left = [*_left(connection, source, server, scope)]
        if "__tablename__" not in source and "Table(" not in source:
            found = connection.execute(_WITH_TABLES, {"schemas": list(scope.schemas)})
            elsewhere = ",".join(found.scalars())
            hint = f" Others have tables: --schemas {elsewhere}" if elsewhere else ""
            left.insert(0, comment(f"No table is in {' or '.join(scope.schemas)}.{hint}"))
        elif schemas[0] != USUAL_SCHEMA:
            where = f"Tables without a schema are those of {schemas[0]}."
            left.insert(0, comment(f"{where} Audit with --schemas {','.join(schemas)}"))
    head = f"The schema of database {url.database},\nread at {place(url)} by conformance inspect."
    return "\n".join([comment(head), *left, source])


def module_of(connection: Connection, scope: Scope) -> tuple[str, Scope]:
    """The source of a module for the database, and the scope with all schemas that it names.

    Only reads, in the transaction of the connection.
    """
    facts, scope = _facts(connection, scope)
    kept = leave_to_others(facts, scope.left, scope.default_schema)[0]
    observed = Observed(kept, scope.schemas, scope.default_schema)
    return source_of(observed, reflected_types(connection, observed, scope), connection), scope


def _left(connection: Connection, source: str, server: Server, scope: Scope) -> Iterator[str]:
    """Every difference that the module leaves, as comments: the module is read back."""
    try:
        metadata = metadata_in(source)
    # A schema that SQLAlchemy refuses is to be corrected by hand.
    except Exception as error:
        yield "#"
        yield comment(f"This module cannot be read back: {describe_error(error)}.")
        return
    own = scope_of(metadata, scope.schemas, scope.left)
    found = check_database(connection, metadata, server.capabilities, own, living=True).findings
    if found:
        yield "#"
        yield comment("No declaration says this, or it is wrong in the database itself:")
        yield from (comment(f"- {item.message} ({item.id})") for item in found.values())


def additions(  # noqa: PLR0913 - what an audit needs, and what is printed
    address: str,
    metadata: MetaData,
    *,
    classes: Mapping[Table, type] | None = None,
    reference: str = "Base.metadata",
    schemas: Sequence[str] = ("public",),
    leave: Sequence[str] = (),
    everything: bool = False,
) -> str:
    """What the database has and the metadata does not declare, as code to paste.

    Args:
        metadata: the models, which the database is compared with as in an audit.
        classes: the mapped classes, for the comments.
        reference: the code of the metadata.
        everything: print also what the models declare already.

    Raises:
        ConformanceError: as `whole_module`.
    """
    url = parse_url(address)
    with reading(url, "inspection") as connection:
        server = identify_server(connection)
        scope = scope_of(metadata, schemas, leave)
        prepare_session(connection, scope)
        facts = observed_facts(connection, scope)
        comparison = check_database(
            connection, metadata, server.capabilities, scope, observed=facts
        )
        kept = leave_to_others(facts, scope.left, scope.default_schema)[0]
        observed = Observed(kept, scope.schemas, scope.default_schema)
        models = _models(metadata, scope, classes or {}, reference)
        made = _made(connection, observed, scope, models, lacking(comparison, observed))
    return pasting.source_of(observed, models, comparison, made, everything=everything)


def _models(
    metadata: MetaData, scope: Scope, classes: Mapping[Table, type], reference: str
) -> Models:
    def name(table: Table) -> str:
        return scope.name(table.schema or scope.default_schema, table.name)

    return Models(
        expected_facts(metadata, default_schema=scope.default_schema),
        reference,
        {name(table): mapped.__name__ for table, mapped in classes.items()},
        frozenset(name(table) for table in metadata.tables.values() if view_of(table)),
        metadata.naming_convention,
    )


def _made(
    connection: Connection, observed: Observed, scope: Scope, models: Models, wanted: set[FactKey]
) -> Classes:
    """The classes and columns that the models lack; without sqlacodegen, what the extra is."""
    tables, columns = missing_tables(wanted, models), other_columns(wanted, models)
    if not tables and not columns:
        return Classes()
    require("inspect", "Printing a class or a column")
    generator, named = classes_of(
        observed, reflected_types(connection, observed, scope), connection, alone=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        made = {model.table: model for model in generator.prepared()}
        return Classes(
            {name: generator.source_of(made[named[name]]) for name in tables if name in named},
            {
                (name, column): generator.column_of(named[name].c[column])
                for name, column in columns
                if name in named
            },
            generator.imports,
            tuple(generator.module_imports),
            generator.helper,
        )


def _facts(connection: Connection, scope: Scope) -> tuple[Facts, Scope]:
    """The facts of the schemas, and of those that foreign keys lead to."""
    while True:
        prepare_session(connection, scope)
        facts = observed_facts(connection, scope)
        further = _further_schemas(facts, scope)
        if not further:
            return facts, scope
        scope = Scope((*scope.schemas, *further), scope.default_schema, left=scope.left)


def _further_schemas(facts: Facts, scope: Scope) -> list[str]:
    observed = Observed(facts, scope.schemas, scope.default_schema)
    targets = {
        referred(attributes["references"])[0] for _, _, _, attributes in observed.all("foreign_key")
    }
    unknown = (name for name in targets if observed.one("table", name) is None)
    return sorted({name.partition(".")[0] for name in unknown if "." in name} - {*scope.schemas})


def reflected_types(
    connection: Connection, observed: Observed, scope: Scope
) -> dict[tuple[str, str], Any]:
    """The types and comments of the tables' columns, in the order of the columns.

    A table itself is a column without a name.

    A type that SQLAlchemy does not know is NullType.
    """
    found: dict[tuple[str, str], Any] = {}
    names: dict[str, list[str]] = {}
    for _, table, _, _ in observed.all("table"):
        schema, local = observed.split(table)
        names.setdefault(schema or scope.default_schema, []).append(local)
    inspector = inspect(connection)
    with warnings.catch_warnings():
        # A type that SQLAlchemy does not know.
        warnings.simplefilter("ignore", SAWarning)
        for schema, tables in names.items():
            columns = inspector.get_multi_columns(schema, tables, kind=ObjectKind.ANY)
            for (_, table), described in columns.items():
                for column in described:
                    key = scope.name(schema, table), column["name"]
                    found[key] = column["type"], column.get("comment")
            for (_, table), said in inspector.get_multi_table_comment(
                schema, tables, kind=ObjectKind.ANY
            ).items():
                found[scope.name(schema, table), ""] = NullType(), said.get("text")
    same = _known(connection, observed, {key: kind for key, (kind, _) in found.items()})
    return {key: (kind if key in same else NullType(), said) for key, (kind, said) in found.items()}


def _known(
    connection: Connection, observed: Observed, types: Mapping[tuple[str, str], TypeEngine[Any]]
) -> set[tuple[str, str]]:
    """The columns whose type SQLAlchemy takes for what it is; `name` for one it takes for text."""
    expected: Facts = {}
    for (table, column), kind in types.items():
        key = FactKey("column", table, column, "type")
        with suppress(CompileError):
            if key in observed.facts:
                expected[key] = type_name(kind)
    there = {key: observed.facts[key] for key in expected}
    ours, theirs = canonical(connection, expected, there)
    return {(key.table, key.name) for key in expected if ours[key] == theirs[key]}
