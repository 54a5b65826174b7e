"""Run the SQL of `alembic upgrade --sql`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection


def run_as_psql(
    connection: Connection,
    script: Sequence[str],
    about_to_run: Callable[[str], object] = lambda _: None,
) -> None:
    """Run the statements as psql does: in autocommit, with the script's own BEGIN and COMMIT.

    In one query with others a statement is in a transaction, which some cannot be.

    Args:
        connection: has no transaction; stays in autocommit.
        script: the statements, and comments between them.
        about_to_run: called with each statement.
    """
    raw: Any = connection.connection.dbapi_connection
    raw.autocommit = True
    with raw.cursor() as cursor:
        for statement in script:
            about_to_run(statement)
            if has_sql(statement):
                cursor.execute(statement)


def has_sql(statement: str) -> bool:
    """Whether the text is more than a comment."""
    lines = [line for line in statement.splitlines() if not line.strip().startswith("--")]
    return bool("".join(lines).strip().strip(";").strip())
