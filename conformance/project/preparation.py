"""Run `prepare` of the configuration: SQL before the first revision.

The statements create the extensions, schemas and roles that the migrations expect to exist. In a
project without Alembic they create the whole schema.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from conformance.comparing.tokens import tokens_of
from conformance.engines.base import Template
from conformance.engines.connecting import connect
from conformance.errors import MigrationFailed, ModelsUnavailable, describe_briefly, message_of
from conformance.project.configuration import SECTION, Configuration
from conformance.project.failing import creates_what_is_missing, hint_of, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import URL

    from conformance.project.left_out import LeftOut

#: duplicate_object, duplicate_schema: the role exists since an earlier database of the server, or
#: the engine has created the extension.
_IS_THERE = {"42710", "42P06"}
#: A function body without quotes. Source: PostgreSQL documentation, "CREATE FUNCTION".
_BODY = re.compile(r"\bbegin\s+atomic\b", re.IGNORECASE)
_LIKE_A_PATH = re.compile(r"[\w./-]+")
_MAKES_ONE = re.compile(r"\s*create\s+(role|user|extension|schema)\b[^;]*;?\s*", re.IGNORECASE)


def prepared(project: Configuration, left_out: LeftOut | None = None) -> Template | None:
    """The database after `prepare`; None without it: an empty database.

    Args:
        left_out: takes in the extensions that the engine lacks; None: they fail.

    Raises:
        ModelsUnavailable: a .sql file cannot be read.
    """
    statements = statements_of(project)
    if not statements:
        return None
    key = hashlib.sha256(repr(statements).encode()).hexdigest()[:32]
    return Template("prepared", key, lambda url: prepare(url, statements, left_out))


def statements_of(project: Configuration) -> tuple[str, ...]:
    """The statements of `prepare`, one by one.

    Raises:
        ModelsUnavailable: a .sql file cannot be read.
    """
    entries = (_read(entry, Path(project.folder or ".")) for entry in project.prepare)
    return tuple(statement for entry in entries for statement in _split(entry))


def _hint(error: DBAPIError, sql: str) -> str:
    if sql.startswith("\\"):
        return "Commands of psql are no SQL: name a copy of the file without them."
    if statement := creates_what_is_missing(message_of(error)):
        return f"Add an entry to prepare, before this statement: {statement}."
    return hint_of(error) or f"Correct prepare in [{SECTION}]."


def _split(sql: str) -> Iterator[str]:
    """The statements of a script; a script with an unquoted function body is not split."""
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
    file = folder / entry.strip()
    if not entry.strip().endswith(".sql"):
        if _LIKE_A_PATH.fullmatch(entry.strip()) and file.is_file():
            raise ModelsUnavailable(
                f"prepare in pyproject.toml names the file {file}, and it does not end in .sql.",
                "Only names that end in .sql are those of files: copy its statements to such a"
                " file, without the commands of psql.",
            )
        return entry
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ModelsUnavailable(
            f"The file {file} cannot be read: {error}.",
            f"Correct prepare in [{SECTION}] of pyproject.toml.",
        ) from None


def prepare(url: URL, statements: Sequence[str], left_out: LeftOut | None = None) -> None:
    """Run the statements in a database, each in a transaction of its own.

    Args:
        left_out: as in `prepared`.

    Raises:
        MigrationFailed: the server refuses a statement.
    """
    if not statements:
        return
    leaving_out = left_out.applied() if left_out else nullcontext()
    with leaving_out, connect(url, autocommit=True) as connection:
        for statement in statements:
            try:
                # Unchanged: a percent sign or a colon is not a parameter.
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
            except DBAPIError as error:
                is_there = getattr(error.orig, "pgcode", None) in _IS_THERE
                if not (is_there and _MAKES_ONE.fullmatch(statement)):
                    raise MigrationFailed(
                        "A statement of prepare in pyproject.toml fails:"
                        f" {describe_briefly(error)}. The statement is: {shown(statement)}.",
                        _hint(error, statement),
                    ) from error
