"""The default TimescaleDB image; docker-compose.yml names the same one."""

from __future__ import annotations

import re

from conformance.comparing.pairs import why_not_a_pair
from conformance.errors import EngineUnavailable

DEFAULT_IMAGE = "timescale/timescaledb:2.31.2-pg17"

#: Tags of timescale/timescaledb and timescale/timescaledb-ha: `2.29.2-pg17`, `pg17-ts2.29`.
_TAGS = (
    re.compile(r":(?P<timescaledb>\d+\.\d+(\.\d+)?)-pg(?P<postgresql>\d+)"),
    re.compile(r":pg(?P<postgresql>\d+)(\.\d+)?-ts(?P<timescaledb>\d+\.\d+(\.\d+)?)"),
)


def refuse_impossible(image: str) -> None:
    """Refuse an image whose tag names a pair of versions that does not exist.

    Raises:
        EngineUnavailable: TimescaleDB does not exist in this version for this PostgreSQL.
    """
    for tag in _TAGS:
        match = tag.search(image)
        refusal = match and why_not_a_pair(int(match["postgresql"]), match["timescaledb"])
        if refusal:
            raise EngineUnavailable(f"There is no image {image}: {refusal[0]}", refusal[1])
