"""How large the tables of a real database are, and what limits its server: audit --sizes. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: TimescaleDB documentation, "Compression": a batch has up to so many rows.
ROWS_OF_BATCH = 1000
#: A compressed row takes so many times as much once it is plain, at most. Measured on rows of five
#: columns: 10 times; more where many values are equal.
PLAIN = 20
#: The key of the server's settings among the tables; no table that Alembic makes has such a name.
SERVER = "(server)"


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

    @property
    def plain_bytes(self) -> int:
        """How many bytes the table has once all of its rows are plain, at most."""
        return self.bytes * PLAIN if self.batches else self.bytes

    @property
    def stored_rows(self) -> int:
        """How many rows the files have, a batch being one."""
        return self.rows - self.compressed_rows + self.batches


@dataclass(frozen=True)
class Limits:
    """What limits statements on the server, as `SHOW` has it; PostgreSQL's defaults if unknown.

    Attributes:
        max_tuples_decompressed: TimescaleDB's limit for one transaction, 0 for none; None if it is
            not known.
        known: whether they are of the real server.
    """

    max_locks_per_transaction: int = 64
    max_connections: int = 100
    max_prepared_transactions: int = 0
    max_tuples_decompressed: int | None = None
    known: bool = False

    @property
    def lock_table(self) -> int:
        """The entries of the lock table (PostgreSQL documentation, "Lock Management")."""
        sessions = self.max_connections + self.max_prepared_transactions
        return self.max_locks_per_transaction * sessions

    @property
    def lock_table_said(self) -> str:
        """A clause that names the number of entries."""
        if not self.known:
            return (
                f"the lock table has {self.lock_table:,} with the defaults of "
                "max_locks_per_transaction and max_connections"
            )
        return (
            f"the lock table of that server has {self.lock_table:,}: max_locks_per_transaction "
            f"{self.max_locks_per_transaction} x (max_connections {self.max_connections} + "
            f"max_prepared_transactions {self.max_prepared_transactions})"
        )


DEFAULT_LIMITS = Limits()


class Sizes(dict[str, Size]):
    """The sizes by table, with the limits of the server."""

    limits = DEFAULT_LIMITS

    @property
    def chunks(self) -> int:
        """The chunks of all tables."""
        return sum(size.chunks for size in self.values())

    @property
    def bytes(self) -> int:
        """The bytes of all tables."""
        return sum(size.bytes for size in self.values())

    @property
    def plain_bytes(self) -> int:
        """The bytes of all tables once their rows are plain, at most."""
        return sum(size.plain_bytes for size in self.values())

    @property
    def told(self) -> str:
        """`of 3 tables, from the given file`."""
        return f"of {len(self)} table{'s' * (len(self) != 1)}, from the given file"


def sizes_of(data: Any) -> Sizes:
    """The sizes in a JSON document, by the table's name.

    Raises:
        ValueError: it is of another shape; the sentence says what is wrong.
    """
    if not isinstance(data, dict):
        raise ValueError("it is no object of tables")  # noqa: TRY004 - of what a file holds
    found = Sizes((name, _size(name, value)) for name, value in data.items() if name != SERVER)
    if SERVER in data:
        found.limits = _limits(data[SERVER])
    return found


def _limits(value: Any) -> Limits:
    """The settings that are known; a newer version may write more."""
    if not isinstance(value, dict):
        raise ValueError(f"{SERVER} is no object of settings")  # noqa: TRY004 - of a file
    wanted = {field.name for field in fields(Limits)} - {"known"}
    for key, number in value.items():
        _check_number(key, SERVER, number)
    return Limits(**{key: value[key] for key in wanted & value.keys()}, known=True)


def _check_number(key: str, of: str, number: Any) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError(f"{key} of {of} is {number!r}, not a whole number")


def _size(name: str, value: Mapping[str, Any]) -> Size:
    wanted = {field.name for field in fields(Size)}
    if not isinstance(value, dict) or value.keys() != wanted:
        raise ValueError(f"{name} needs {', '.join(sorted(wanted))}, and nothing else")
    for key, number in value.items():
        _check_number(key, name, number)
    return Size(**value)
