"""Extensions that a schema needs beside TimescaleDB."""

from __future__ import annotations

import re

from conformance.declarations.base import DeclarationError, Requirement


class Extension(Requirement):
    """The database has this extension.

    Args:
        name: the name in `CREATE EXTENSION`.
        minimum: the oldest version that works, `"1.6"`; None: any version.
        schema: the schema of the extension's objects; None: any schema.
    """

    def __init__(self, name: str, *, minimum: str | None = None, schema: str | None = None) -> None:
        self.name = name
        self.minimum = minimum
        self.schema = schema
        if name == "timescaledb":
            raise DeclarationError("Extension", "declare timescaledb with TimescaleDB(minimum=...)")
        if name == "plpgsql":
            raise DeclarationError(
                "Extension", "every database has plpgsql; remove this declaration"
            )
        if minimum is not None and re.fullmatch(r"\d+(\.\d+)*", minimum) is None:
            raise DeclarationError(
                f"Extension {name}", f"minimum {minimum!r} is not a version like 1.6"
            )
