"""Skip CREATE EXTENSION for extensions that the embedded engine lacks.

A migration often creates pgcrypto only for gen_random_uuid(), which PostgreSQL itself has since
version 13. A migration that uses more of the extension fails, and the error names an engine that
has it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Engine, event

from conformance.project.listening import driver_connection, unrecorded_cursor

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@dataclass
class LeftOut:
    """The extensions that were left out because the engine lacks them.

    Attributes:
        names: the extensions that migrations wanted and that were left out.
        offered: the extensions that the engine has, which never change; None: not read yet.
    """

    names: set[str] = field(default_factory=set)
    offered: ClassVar[set[str] | None] = None

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Skip statements that create or drop an extension that the server lacks."""

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
        """Whether the statement creates or drops an extension that the engine lacks."""
        name = _name_in(statement)
        return name is not None and self.offered is not None and name not in self.offered

    def _sent_for(self, connection: Connection, statement: str) -> str:
        name = _name_in(statement)
        if name is None:
            return statement
        if self.offered is None:
            with unrecorded_cursor(driver_connection(connection)) as cursor:
                cursor.execute(_OFFERED)
                LeftOut.offered = {offered for (offered,) in cursor.fetchall()}
        if name in (self.offered or ()):
            return statement
        self.names.add(name)
        return _NOTHING


def _name_in(statement: str) -> str | None:
    found = _STATEMENT.fullmatch(statement)
    return found["name"].strip('"') if found else None
