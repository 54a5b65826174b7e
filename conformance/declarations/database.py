"""What a schema needs of its server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.declarations.base import DeclarationError, Requirement, required

if TYPE_CHECKING:
    from sqlalchemy import MetaData


class TimescaleDB(Requirement):
    """The TimescaleDB that a schema needs; `require` registers it with the metadata.

    Args:
        minimum: the oldest version that works, `"2.17"`.
        community: whether the schema needs the Community edition; None: it does if a model declares
            compression or retention.
    """

    def __init__(self, *, minimum: str = "2.17", community: bool | None = None) -> None:
        if re.fullmatch(r"\d+(\.\d+){1,2}", minimum) is None:
            raise DeclarationError("TimescaleDB", f"minimum {minimum!r} is not a version like 2.17")
        self.minimum = minimum
        self.community = community


def server_requirement_of(metadata: MetaData) -> TimescaleDB:
    """The TimescaleDB that the metadata requires."""
    # A later requirement replaces an earlier one.
    return [TimescaleDB(), *required(metadata, TimescaleDB)][-1]
