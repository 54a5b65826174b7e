"""Hooks that keep Alembic's autogenerate away from TimescaleDB's own objects, for env.py.

from conformance import include_name, include_object

context.configure(
    ..., target_metadata=Base.metadata, include_name=include_name, include_object=include_object
)
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table

from conformance.declarations.views import view_of

#: Prefixes of the schemas in which TimescaleDB and its toolkit keep chunks and settings.
_OWN_SCHEMAS = ("_timescaledb_", "timescaledb_", "toolkit_experimental")
#: The triggers that TimescaleDB creates on the tables of a project.
_OWN_TRIGGERS = (".ts_insert_blocker", ".ts_cagg_invalidation_trigger")
#: The kinds that Alembic itself asks for.
_OF_ALEMBIC = frozenset(
    {"schema", "table", "column", "index", "unique_constraint", "foreign_key_constraint"}
)


def include_name(name: str | None, kind: str, parents: Any = None, *_: Any) -> bool:
    """Whether autogenerate compares the object with this name: not TimescaleDB's own schemas.

    Pass it to Alembic as `include_name`. Alembic asks for schemas with `include_schemas=True`.
    Tables and indexes of the project's schemas are compared, also those that TimescaleDB creates.
    A project that has an `include_name` already calls this function from there.

    alembic_utils asks for views, triggers and extensions, whose schema is among the parents.
    """
    if kind in _OF_ALEMBIC:
        return not (kind == "schema" and name is not None and name.startswith(_OWN_SCHEMAS))
    schema = str((parents or {}).get("schema_name"))
    extension = kind == "extension" and name == f"{schema}.timescaledb"
    trigger = kind == "trigger" and str(name).endswith(_OWN_TRIGGERS)
    return not (schema.startswith(_OWN_SCHEMAS) or extension or trigger)


def include_object(item: Any, *_: Any) -> bool:
    """Whether autogenerate compares the object: not the class of a view, which has no table.

    Nor a foreign table, `prefixes=["FOREIGN"]`, which SQLAlchemy does not find in a database.

    Pass it to Alembic as `include_object`. A project that has an `include_object` already calls
    this function from there.
    """
    if not isinstance(item, Table):
        return True
    prefixes = item._prefixes  # noqa: SLF001 - there is no other way to them
    return view_of(item) is None and "FOREIGN" not in {str(prefix).upper() for prefix in prefixes}
