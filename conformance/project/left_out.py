"""Send the embedded engine what it can run: no extension that it lacks, nothing CONCURRENTLY.

A migration often creates pgcrypto only for gen_random_uuid(), which PostgreSQL itself has since
version 13. A migration that uses more of the extension fails, and the error names an engine that
has it.

A statement that uses several transactions fails there, and without CONCURRENTLY it leaves the same
schema. Within a transaction it is sent as it is, since every server refuses it there.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Engine, event

from conformance.project.listening import driver_connection, unrecorded_cursor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

#: The key of the `LeftOut` in the attributes of Alembic's configuration.
LEFT_OUT = "conformance extensions left out"

_STATEMENT = re.compile(
    r"\s*(?:CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?|DROP\s+EXTENSION\s+(?:IF\s+EXISTS\s+)?)"
    r"(?P<name>\"[^\"]+\"|\w+)[^;]*;?\s*",
    re.IGNORECASE,
)
_OFFERED = "SELECT name FROM pg_catalog.pg_available_extensions"
#: The statement that is sent instead.
_NOTHING = "SELECT"
#: PostgreSQL documentation, "CREATE INDEX", "DROP INDEX", "REINDEX" and "ALTER TABLE".
_CONCURRENTLY = re.compile(
    r"(?P<before>\s*(?:(?:CREATE\s+(?:UNIQUE\s+)?|DROP\s+)INDEX|REINDEX\s+(?:\([^)]*\)\s*)?\w+))"
    r"\s+CONCURRENTLY\b"
    r"|(?P<detach>\s*ALTER\s+TABLE\s.*\bDETACH\s+PARTITION\s.*)\s+CONCURRENTLY\s*;?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
#: TimescaleDB documentation, "CREATE INDEX (transaction per chunk)".
_BY_CHUNK = re.compile(
    r"\s+WITH\s*\(\s*timescaledb\.transaction_per_chunk\s*(?:=\s*'?\w+'?\s*)?\)", re.IGNORECASE
)
_AUTOCOMMIT = "AUTOCOMMIT"
_BEGIN = re.compile(r"\s*(BEGIN|START)\b", re.IGNORECASE)
_END = re.compile(r"\s*(COMMIT|ROLLBACK|END)\b", re.IGNORECASE)


@dataclass
class LeftOut:
    """What was left out because the engine lacks it.

    Attributes:
        names: the extensions that migrations wanted and that were left out.
        concurrently: the statements that ran in one transaction instead of several, in order.
        as_written: whether to send a statement that uses several transactions all the same.
        offered: the extensions that the engine has, which never change; None: not read yet.
    """

    names: set[str] = field(default_factory=set)
    concurrently: dict[str, None] = field(default_factory=dict)
    as_written: bool = False
    offered: ClassVar[set[str] | None] = None

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Skip or shorten statements that the server cannot run."""

        def before(
            connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object
        ) -> tuple[str, Any]:
            return self._sent_for(connection, statement), parameters

        event.listen(Engine, "before_cursor_execute", before, retval=True)
        try:
            yield
        finally:
            event.remove(Engine, "before_cursor_execute", before)

    def of_script(self, statements: Iterable[str]) -> Iterator[str]:
        """What the engine can run of statements, with the script's own BEGIN and COMMIT."""
        within = False
        for statement in statements:
            within = within or _BEGIN.match(statement) is not None
            if not self._concerns(statement):
                yield statement if within else in_one_transaction(statement)
            within = within and _END.match(statement) is None

    def lacked_by(self, statements: Iterable[str]) -> set[str]:
        """The extensions that these statements name, which may have run in an earlier process."""
        return {str(_name_in(statement)) for statement in statements if self._concerns(statement)}

    def _concerns(self, statement: str) -> bool:
        """Whether the statement creates or drops an extension that the engine lacks."""
        name = _name_in(statement)
        return name is not None and self.offered is not None and name not in self.offered

    def _sent_for(self, connection: Connection, statement: str) -> str:
        name = _name_in(statement)
        if name is None:
            return self._in_one_transaction(connection, statement)
        if self.offered is None:
            with unrecorded_cursor(driver_connection(connection)) as cursor:
                cursor.execute(_OFFERED)
                LeftOut.offered = {offered for (offered,) in cursor.fetchall()}
        if name in (self.offered or ()):
            return statement
        self.names.add(name)
        return _NOTHING

    def _in_one_transaction(self, connection: Connection, statement: str) -> str:
        shorter = in_one_transaction(statement)
        if self.as_written or shorter == statement or not _is_autocommit(connection):
            return statement
        self.concurrently[" ".join(statement.split())] = None
        return shorter


def in_one_transaction(statement: str) -> str:
    """The statement that leaves the same schema and uses one transaction."""
    found = _CONCURRENTLY.match(statement)
    if found is not None:
        return f"{found['before'] or found['detach']}{statement[found.end() :]}"
    return _BY_CHUNK.sub("", statement)


def _is_autocommit(connection: Connection) -> bool:
    """Whether the connection is outside of transactions, as in an autocommit_block()."""
    level = connection.get_execution_options().get("isolation_level")
    return level == _AUTOCOMMIT or bool(getattr(driver_connection(connection), "autocommit", False))


def _name_in(statement: str) -> str | None:
    found = _STATEMENT.fullmatch(statement)
    return found["name"].strip('"') if found else None
