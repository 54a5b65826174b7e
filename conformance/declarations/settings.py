"""Settings of the database or of a role, which every new session starts with."""

from __future__ import annotations

from conformance.declarations.base import DeclarationError, Requirement


class Setting(Requirement):
    """The database, or a role in it, has this setting.

    Args:
        name: the name in `ALTER DATABASE ... SET`, `"TimeZone"`.
        value: the value as text, `"America/Sao_Paulo"`.
        role: the role that has the setting; None: the whole database has it.
    """

    def __init__(self, name: str, value: str | float, *, role: str | None = None) -> None:
        self.name = name
        self.value = _text(value)
        self.role = role
        if not name.strip():
            raise DeclarationError("Setting", "the name is empty")


def _text(value: str | float) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
