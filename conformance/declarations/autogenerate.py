"""What Alembic's autogenerate is told of TimescaleDB and of the declarations, in env.py.

from conformance import include_name, include_object

context.configure(
    ..., target_metadata=Base.metadata, include_name=include_name, include_object=include_object
)
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table

from conformance.declarations.views import view_of

#: Schemas that TimescaleDB and its toolkit make, and keep chunks and settings in.
_OWN_SCHEMAS = ("_timescaledb_", "timescaledb_", "toolkit_experimental")


def include_name(name: str | None, kind: str, *_: Any) -> bool:
    """Whether autogenerate looks at what has this name: not into TimescaleDB's own schemas.

    Of the shape that Alembic's `include_name` has, which asks of schemas with
    `include_schemas=True`. It hides nothing of the project's own: indexes and tables, also those
    that TimescaleDB makes among them, are compared. A project with one of its own calls both.
    """
    return not (kind == "schema" and name is not None and name.startswith(_OWN_SCHEMAS))


def include_object(item: Any, *_: Any) -> bool:
    """Whether autogenerate looks at the object: a class that reads from a view has no table.

    Of the shape that Alembic's `include_object` has. A project with one of its own calls both.
    """
    return not (isinstance(item, Table) and view_of(item) is not None)
