"""What a database has before the first revision, where somebody else than the migrations makes it.

Extensions, schemas, roles: `prepare` of the project's configuration.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from conformance.engines.connecting import connect
from conformance.errors import MigrationFailed, ModelsUnavailable, describe_briefly
from conformance.observed.tokens import tokens_of
from conformance.project.configuration import SECTION, Configuration
from conformance.project.failing import hint_of
from conformance.project.flask_app import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alembic.config import Config
    from sqlalchemy import URL

#: duplicate_object, duplicate_schema: an earlier database has made the role, which belongs to the
#: server; or the engine has made the extension.
_IS_THERE = {"42710", "42P06"}
#: PostgreSQL's documentation, "CREATE FUNCTION": a body that is written without quotes.
_BODY = re.compile(r"\bbegin\s+atomic\b", re.IGNORECASE)
_MAKES_ONE = re.compile(r"\s*create\s+(role|user|extension|schema)\b[^;]*;?\s*", re.IGNORECASE)


def statements_of(config: Config) -> tuple[str, ...]:
    """The project's statements, one by one.

    Raises:
        ModelsUnavailable: a file cannot be read.
    """
    project: Configuration = config.attributes.get(PROJECT) or Configuration()
    entries = (_read(entry, Path(project.folder or ".")) for entry in project.prepare)
    return tuple(statement for entry in entries for statement in _split(entry))


def _split(sql: str) -> Iterator[str]:
    """The statements of a script; nothing is split that may be the body of a function."""
    if _BODY.search(sql):
        yield sql
        return
    statement: list[str] = []
    for _, written in tokens_of(sql):
        if written == ";":
            yield "".join(statement).strip()
            statement.clear()
        elif not written.startswith(("--", "/*")):
            statement.append(written)
    if rest := "".join(statement).strip():
        yield rest


def _read(entry: str, folder: Path) -> str:
    if not entry.strip().endswith(".sql"):
        return entry
    file = folder / entry.strip()
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ModelsUnavailable(
            f"The file {file} cannot be read: {error}.",
            f"Correct prepare below [{SECTION}] in pyproject.toml.",
        ) from None


def prepare(url: URL, statements: Sequence[str]) -> None:
    """Run the statements in a database, each in a transaction of its own.

    Raises:
        MigrationFailed: the server refuses one.
    """
    if not statements:
        return
    with connect(url, autocommit=True) as connection:
        for statement in statements:
            try:
                # As it is: a percent sign or a colon means nothing to us.
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
            except DBAPIError as error:
                is_there = getattr(error.orig, "pgcode", None) in _IS_THERE
                if not (is_there and _MAKES_ONE.fullmatch(statement)):
                    raise MigrationFailed(
                        f"What prepare says in pyproject.toml fails: {describe_briefly(error)}.",
                        hint_of(error) or f"Correct it below [{SECTION}].",
                    ) from error
