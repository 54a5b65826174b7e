"""What PostgreSQL lets everybody do before anybody grants it.

Source: PostgreSQL documentation, "Privileges".
"""

from __future__ import annotations

EVERYBODY = "PUBLIC"
#: Of all schemas only public comes with a privilege.
_USUAL = {"database": ("connect", "temporary"), "schema": ("usage",), "function": ("execute",)}


def usual(granted_on: str, role: str) -> tuple[str, ...]:
    """What the role usually has on the object; `granted_on` is named as in facts."""
    return _USUAL.get(granted_on.partition(" ")[0], ()) if role == EVERYBODY else ()
