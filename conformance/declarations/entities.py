"""Turn the entities of alembic_utils into declarations; the library need not be installed.

An entity is recognised by the names of its class and attributes. Source: alembic_utils, "API".
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table

from conformance.declarations.base import Declaration, DeclarationError, Requirement
from conformance.declarations.extensions import Extension
from conformance.declarations.functions import Function
from conformance.declarations.privileges import Grant
from conformance.declarations.triggers import RowSecurityPolicy, Trigger
from conformance.declarations.views import MaterializedView, View

if TYPE_CHECKING:
    from sqlalchemy import MetaData

#: The key in `MetaData.info` of the entities that were declared already.
_DECLARED = "timescaledb entities"
_MODULE = "alembic_utils.replaceable_entity"

_BODY = re.compile(
    r"\bAS\s+(?:(?P<quote>\$\w*\$)(?P<dollar>.*?)(?P=quote)"
    r"|'(?P<plain>(?:[^']|'')*)')",
    re.IGNORECASE | re.DOTALL,
)
_RETURNS = re.compile(
    r"\bRETURNS\s+(?!NULL\b)(?P<type>.+?)\s*"
    r"(?=\b(?:AS|LANGUAGE|IMMUTABLE|STABLE|VOLATILE|STRICT|CALLED|RETURNS|SECURITY|EXTERNAL|COST"
    r"|ROWS|SET|PARALLEL|LEAKPROOF|NOT|WINDOW|SUPPORT|RETURN|BEGIN)\b|$)",
    re.IGNORECASE | re.DOTALL,
)
_LANGUAGE = re.compile(r"\bLANGUAGE\s+'?(?P<name>\w+)'?", re.IGNORECASE)
_TRIGGER = re.compile(
    r"\s*(?P<timing>BEFORE|AFTER|INSTEAD\s+OF)\s+(?P<events>.+?)\s+ON\s+\S+"
    r"(?P<options>.*?)"
    r"(?:\bFOR\s+(?:EACH\s+)?(?P<level>ROW|STATEMENT)\s*)?"
    r"(?:\bWHEN\s*\((?P<condition>.*)\)\s*)?"
    r"EXECUTE\s+(?:PROCEDURE|FUNCTION)\s+(?P<function>.+?)\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_POLICY = re.compile(
    r"\s*(?:AS\s+(?:PERMISSIVE|(?P<restrictive>RESTRICTIVE))\s*)?(?:FOR\s+(?P<command>\w+)\s*)?"
    r"(?:TO\s+(?P<roles>[^(]+?)\s*)?(?:USING\s*\((?P<using>.*?)\)\s*)?"
    r"(?:WITH\s+CHECK\s*\((?P<check>.*)\)\s*)?;?\s*",
    re.IGNORECASE | re.DOTALL,
)


def declare(metadata: MetaData, *things: Any) -> None:
    """Register requirements with the metadata: declarations, or entities of alembic_utils.

    Entities of an unknown class are ignored.

    Raises:
        DeclarationError: an entity cannot be read, or names a table that is not in the metadata.
    """
    known: list[Any] = metadata.info.setdefault(_DECLARED, [])
    for thing in things:
        if isinstance(thing, Requirement):
            thing.require(metadata)
        elif not any(thing is earlier for earlier in known):
            known.append(thing)
            reader = _READERS.get(type(thing).__name__)
            if reader is not None:
                reader(metadata, thing)


def registered_entities() -> list[Any]:
    """The entities that were registered with alembic_utils; empty if it was not imported."""
    module = sys.modules.get(_MODULE)
    return [] if module is None else list(module.registry.entities())


def _function(metadata: MetaData, entity: Any) -> None:
    definition = _unescaped(entity.definition)
    found = _BODY.search(definition)
    rest = _BODY.sub(" ", definition)
    upper = " ".join(rest.upper().split())
    returns = _RETURNS.search(rest)
    language = _LANGUAGE.search(rest)
    body = None
    if found is not None:
        quoted = found["plain"]
        body = found["dollar"] if quoted is None else quoted.replace("''", "'")
    function = Function(
        entity.signature,
        body=body,
        language=language["name"].lower() if language else None,
        returns=_plain_type(returns["type"]) if returns else None,
        volatility=next((word for word in ("immutable", "stable") if word.upper() in upper),
                        "volatile"),
        strict="STRICT" in upper.split() or "RETURNS NULL ON NULL INPUT" in upper,
        security="definer" if "SECURITY DEFINER" in upper else "invoker",
        settings=None if "SET" in upper.split() else (),
        schema=entity.schema,
    )  # fmt: skip
    function.definition = definition
    function.require(metadata)


def _plain_type(text: str) -> str | None:
    """The type; None for rows, whose spelling by PostgreSQL cannot be predicted."""
    return None if text.upper().startswith(("TABLE", "SETOF")) else text


def _view(metadata: MetaData, entity: Any) -> None:
    kind = MaterializedView if type(entity).__name__ == "PGMaterializedView" else View
    query = _unescaped(entity.definition)
    table = _table(metadata, entity.schema, entity.signature)
    if table is not None:
        _attach(table, kind(query))
    else:
        kind(query, name=entity.signature, schema=entity.schema).require(metadata)


def _trigger(metadata: MetaData, entity: Any) -> None:
    match = _TRIGGER.fullmatch(_unescaped(entity.definition))
    if match is None:
        raise DeclarationError(f"PGTrigger {entity.signature}", "cannot read the definition")
    options = " ".join(match["options"].upper().split())
    deferrable = "initially deferred" if "INITIALLY DEFERRED" in options else "no"
    if deferrable == "no" and "DEFERRABLE" in options and "NOT DEFERRABLE" not in options:
        deferrable = "initially immediate"
    trigger = Trigger(
        entity.signature,
        timing=match["timing"],
        events=match["events"],
        function=match["function"].replace('"', ""),
        level=match["level"] or "statement",
        condition=match["condition"],
        deferrable=deferrable if entity.is_constraint else None,
    )
    _attach(_table_of(metadata, entity), trigger)


def _policy(metadata: MetaData, entity: Any) -> None:
    match = _POLICY.fullmatch(_unescaped(entity.definition))
    if match is None:
        raise DeclarationError(f"PGPolicy {entity.signature}", "cannot read the definition")
    policy = RowSecurityPolicy(
        entity.signature,
        command=match["command"] or "all",
        using=match["using"],
        check=match["check"],
        roles=[role.strip().strip('"') for role in (match["roles"] or "public").split(",")],
        permissive=match["restrictive"] is None,
    )
    _attach(_table_of(metadata, entity), policy)


def _grant(metadata: MetaData, entity: Any) -> None:
    Grant(
        str(entity.grant),
        to=entity.role,
        on=f"{entity.schema}.{entity.table}",
        columns=entity.columns,
        grant_option=entity.with_grant_option,
    ).require(metadata)


def _extension(metadata: MetaData, entity: Any) -> None:
    # TimescaleDB(...) declares timescaledb, and every database has plpgsql.
    if entity.signature not in ("timescaledb", "plpgsql"):
        Extension(entity.signature, schema=entity.schema).require(metadata)


_READERS = {
    "PGExtension": _extension,
    "PGFunction": _function,
    "PGGrantTable": _grant,
    "PGMaterializedView": _view,
    "PGPolicy": _policy,
    "PGTrigger": _trigger,
    "PGView": _view,
}


def _table_of(metadata: MetaData, entity: Any) -> Table:
    schema, _, name = entity.on_entity.rpartition(".")
    table = _table(metadata, schema or entity.schema, name)
    if table is None:
        raise DeclarationError(
            f"{type(entity).__name__} {entity.signature}",
            f"the metadata has no table {entity.on_entity}",
        )
    return table


def _table(metadata: MetaData, schema: str, name: str) -> Table | None:
    """The table; a table without a schema in the metadata matches every schema."""
    found = metadata.tables.get(f"{schema}.{name}")
    return metadata.tables.get(name) if found is None else found


def _attach(table: Table, declaration: Declaration) -> None:
    Table(
        table.name, table.metadata, declaration, schema=table.schema, extend_existing=True
    )  # fmt: skip


def _unescaped(sql: str) -> str:
    """The SQL without the escapes of colons, which SQLAlchemy would take for parameters."""
    return str(sql).replace("\\:", ":")
