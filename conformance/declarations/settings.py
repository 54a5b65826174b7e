"""Settings of the database or of a role, with which sessions begin."""

from __future__ import annotations

from conformance.declarations.base import DeclarationError, Requirement


class Setting(Requirement):
    """The database, or a role in it, has this setting.

    Args:
        name: as `ALTER DATABASE ... SET` takes it, `"TimeZone"`.
        value: as text, `"America/Sao_Paulo"`.
        role: whose it is; None: everybody's.
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
