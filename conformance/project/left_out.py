"""Leave out extensions that the embedded engine lacks, as long as nothing uses them.

A migration often creates pgcrypto for gen_random_uuid() alone, which PostgreSQL has by itself since
version 13. What uses more of such an extension fails, and is told which engine has it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Engine, event

from conformance.project.listening import quiet_cursor, raw_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

#: Under which Alembic's configuration knows it.
LEFT_OUT = "conformance extensions left out"

_STATEMENT = re.compile(
    r"\s*(?:CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?|DROP\s+EXTENSION\s+(?:IF\s+EXISTS\s+)?)"
    r"(?P<name>\"[^\"]+\"|\w+)[^;]*;?\s*",
    re.IGNORECASE,
)
_OFFERED = "SELECT name FROM pg_catalog.pg_available_extensions"
#: What is sent instead.
_NOTHING = "SELECT"


@dataclass
class LeftOut:
    """Which extensions an engine lacks, as far as migrations have asked for them.

    Attributes:
        names: those that were left out.
        offered: those that the engine has, which is the same everywhere; None: it was not asked
            yet.
    """

    names: set[str] = field(default_factory=set)
    offered: ClassVar[set[str] | None] = None

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Send nothing where a migration creates or drops an extension that the server lacks."""

        def before(
            connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object
        ) -> tuple[str, Any]:
            return self._sent_for(connection, statement), parameters

        event.listen(Engine, "before_cursor_execute", before, retval=True)
        try:
            yield
        finally:
            event.remove(Engine, "before_cursor_execute", before)

    def concerns(self, statement: str) -> bool:
        """Whether the statement creates or drops what the engine is known to lack."""
        name = _name_in(statement)
        return name is not None and self.offered is not None and name not in self.offered

    def _sent_for(self, connection: Connection, statement: str) -> str:
        name = _name_in(statement)
        if name is None:
            return statement
        if self.offered is None:
            with quiet_cursor(raw_of(connection)) as cursor:
                cursor.execute(_OFFERED)
                LeftOut.offered = {offered for (offered,) in cursor.fetchall()}
        if name in (self.offered or ()):
            return statement
        self.names.add(name)
        return _NOTHING


def _name_in(statement: str) -> str | None:
    found = _STATEMENT.fullmatch(statement)
    return found["name"].strip('"') if found else None
