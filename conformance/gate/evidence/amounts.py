"""Bytes for people, in decimal units. Pure."""

from __future__ import annotations

import re

_UNITS = {"TB": 1e12, "GB": 1e9, "MB": 1e6, "kB": 1e3}
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[kMGT]?B)?", re.IGNORECASE)


def in_bytes(number: float) -> str:
    """`3.2 GB`."""
    for unit, size in _UNITS.items():
        if abs(number) >= size:
            return f"{number / size:,.1f}".removesuffix(".0") + f" {unit}"
    return f"{number:,.0f} bytes"


def bytes_of(text: str) -> int:
    """The number of bytes in `500 GB` or `4096`.

    Raises:
        ValueError: the text is not a size.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError("is not a size such as 500GB")
    units = {unit.lower(): size for unit, size in _UNITS.items()}
    return int(float(match["number"]) * units.get((match["unit"] or "").lower(), 1))
