"""What Alembic's autogenerate is told of the declarations, in env.py.

from conformance import include_object

context.configure(..., target_metadata=Base.metadata, include_object=include_object)
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table

from conformance.declarations.views import view_of


def include_object(item: Any, *_: Any) -> bool:
    """Whether autogenerate looks at the object: a class that reads from a view has no table.

    Of the shape that Alembic's `include_object` has. A project with one of its own calls both.
    """
    return not (isinstance(item, Table) and view_of(item) is not None)
