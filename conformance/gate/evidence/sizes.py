"""How large the tables of a real database are: what `conformance audit --sizes` writes. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: TimescaleDB documentation, "Compression": a batch has up to so many rows.
ROWS_OF_BATCH = 1000


@dataclass(frozen=True)
class Size:
    """One table.

    Attributes:
        bytes: with indexes, all chunks included.
        chunks: how many; 0 of a plain table.
        batches: rows of compressed chunks as they are stored, each of up to `ROWS_OF_BATCH` rows.
    """

    rows: int
    bytes: int
    chunks: int
    batches: int

    @property
    def compressed_rows(self) -> int:
        """How many rows may be in compressed chunks, at most."""
        return min(self.rows, self.batches * ROWS_OF_BATCH)


def sizes_of(data: Any) -> dict[str, Size]:
    """The sizes in a JSON document, by the table's name.

    Raises:
        ValueError: it is of another shape; the sentence says what is wrong.
    """
    if not isinstance(data, dict):
        raise ValueError("it is no object of tables")  # noqa: TRY004 - of what a file holds
    return {name: _size(name, value) for name, value in data.items()}


def _size(name: str, value: Mapping[str, Any]) -> Size:
    wanted = {field.name for field in fields(Size)}
    if not isinstance(value, dict) or value.keys() != wanted:
        raise ValueError(f"{name} needs {', '.join(sorted(wanted))}, and nothing else")
    for key, number in value.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise ValueError(f"{key} of {name} is {number!r}, not a whole number")
    return Size(**value)
