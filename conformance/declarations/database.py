"""What a schema needs of its server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.declarations.base import DeclarationError, Requirement, required

if TYPE_CHECKING:
    from sqlalchemy import MetaData


#: The oldest version that this tool supports.
_OLDEST = "2.17"


class TimescaleDB(Requirement):
    """The TimescaleDB that a schema needs; `require` registers it with the metadata.

    Args:
        minimum: the oldest version that works, `"2.20"`; None: nobody says, and it may be 2.17,
            the oldest one that this tool supports.
        community: whether the schema needs the Community edition; None: it does if a model declares
            compression or retention.

    Attributes:
        minimum: the oldest version.
        declares_minimum: whether the models name it. A change that only older servers reject fails
            the gate then, and is a warning else.
    """

    def __init__(self, *, minimum: str | None = None, community: bool | None = None) -> None:
        self.declares_minimum = minimum is not None
        minimum = _OLDEST if minimum is None else minimum
        if re.fullmatch(r"\d+(\.\d+){1,2}", minimum) is None:
            raise DeclarationError("TimescaleDB", f"minimum {minimum!r} is not a version like 2.17")
        self.minimum = minimum
        self.community = community


def server_requirement_of(metadata: MetaData) -> TimescaleDB:
    """The TimescaleDB that the metadata requires."""
    # A later requirement replaces an earlier one.
    return [TimescaleDB(), *required(metadata, TimescaleDB)][-1]
