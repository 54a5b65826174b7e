"""What a whole schema needs of its database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.declarations.base import DeclarationError, Requirement, required

if TYPE_CHECKING:
    from sqlalchemy import MetaData


class TimescaleDB(Requirement):
    """What a whole schema needs of its server; kept in `MetaData.info` by `require`.

    Args:
        minimum: the oldest version, `"2.17"`.
        community: the Community edition is needed; None: where a model declares compression or
            retention.
    """

    def __init__(self, *, minimum: str = "2.17", community: bool | None = None) -> None:
        if re.fullmatch(r"\d+(\.\d+){1,2}", minimum) is None:
            raise DeclarationError("TimescaleDB", f"minimum {minimum!r} is not a version like 2.17")
        self.minimum = minimum
        self.community = community


def server_requirement_of(metadata: MetaData) -> TimescaleDB:
    """What the metadata needs of its server."""
    # A later one takes the place of an earlier one.
    return [TimescaleDB(), *required(metadata, TimescaleDB)][-1]
