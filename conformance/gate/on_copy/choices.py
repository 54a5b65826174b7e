"""What a person says about the copy. Pure."""

from __future__ import annotations

from dataclasses import dataclass

AS_FOUND, UPGRADED, DROPPED = "as-found", "upgraded", "dropped"
#: What `--leave` takes.
LEAVE = (AS_FOUND, UPGRADED, DROPPED)


@dataclass(frozen=True)
class OnCopy:
    """A copy, and what may be done with it.

    Attributes:
        url: its address, with the password.
        leave: `as-found`, `upgraded` or `dropped`.
        room: how many bytes a second copy may take on the server; None: none may be made.
        others: whether other clients may be connected.
    """

    url: str
    leave: str = AS_FOUND
    room: int | None = None
    others: bool = False
