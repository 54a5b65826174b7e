"""Plan the queries of a connection with PostgreSQL's own operators, and run them by its path.

A schema of the search_path may have an operator that fits better than PostgreSQL's own, such as `=`
for oid and regclass; a query of the catalog, also one of SQLAlchemy's, would then execute a
function of the database. Yet types are printed as the search_path has them. So each query
becomes a cursor, which is planned under one search_path, and runs under another.

Source: PostgreSQL documentation, "Operator Type Resolution".
"""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Numbers for the names of cursors, which close when the transaction ends.
_CURSORS = count(1)
_QUERY = re.compile(r"(?:\s|--[^\n]*\n)*(?:SELECT|WITH)\b", re.IGNORECASE)
#: A cursor is planned for its first rows unless the fraction says otherwise.
_PLAN = (
    "SELECT pg_catalog.set_config('conformance.printed_path',"
    " pg_catalog.current_setting('search_path'), true),"
    " pg_catalog.set_config('cursor_tuple_fraction', '1', true),"
    " pg_catalog.set_config('search_path', 'pg_catalog', true)"
)
_RUN = (
    "SELECT pg_catalog.set_config('search_path',"
    " pg_catalog.current_setting('conformance.printed_path'), true)"
)


def fence(connection: Connection) -> None:
    """Plan each query from here on with PostgreSQL's own names; call it within a transaction."""
    event.listen(connection, "before_cursor_execute", _planned_plainly, retval=True)


def _planned_plainly(
    _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    if _QUERY.match(statement):
        name = f"conformance_{next(_CURSORS)}"
        statement = (
            f"{_PLAN};\nDECLARE {name} NO SCROLL CURSOR FOR {statement}\n;"
            f"{_RUN}; FETCH ALL FROM {name}"
        )
    return statement, parameters
