"""How the server stores a table and its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.declarations.base import Declaration, DeclarationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Table

STORAGES = ("plain", "external", "extended", "main")
COMPRESSIONS = ("pglz", "lz4")


class ColumnStorage:
    """How the server stores a column; None means the default of the column's type.

    Args:
        storage: `"plain"`, `"external"`, `"extended"` or `"main"`.
        compression: the method of TOAST, `"pglz"` or `"lz4"`.
        statistics: the target of `ALTER COLUMN ... SET STATISTICS`.
        options: the options of `ALTER COLUMN ... SET (...)`, `{"n_distinct": -1}`; for the column
            of a dimension also `partitioning_function`, where the function is not TimescaleDB's,
            and for one with a sequence of its own `{"sequence": "unlogged"}`.
    """

    def __init__(
        self,
        *,
        storage: str | None = None,
        compression: str | None = None,
        statistics: int | None = None,
        options: Mapping[str, object] | None = None,
    ) -> None:
        self.storage = None if storage is None else storage.lower()
        self.compression = None if compression is None else compression.lower()
        self.statistics = statistics
        self.options = dict(options or {})


class Storage(Declaration):
    """How the server stores the table.

    Args:
        parameters: the parameters of `ALTER TABLE ... SET (...)`: `{"fillfactor": 70}`,
            `{"autovacuum_enabled": False, "toast.autovacuum_enabled": False}`.
        columns: how the server stores columns, by name.
        replica_identity: `"full"`, `"nothing"` or `"index <name>"`; None: the primary key.
        tablespaces: the tablespaces that are attached to the hypertable.

    SQLAlchemy's own options count as declared, too: `postgresql_tablespace` of a table or an index,
    and `postgresql_with`.
    """

    def __init__(
        self,
        parameters: Mapping[str, object] | None = None,
        *,
        columns: Mapping[str, ColumnStorage] | None = None,
        replica_identity: str | None = None,
        tablespaces: Sequence[str] = (),
    ) -> None:
        self.parameters = dict(parameters or {})
        self.columns = dict(columns or {})
        self.replica_identity = replica_identity
        self.tablespaces = tuple(tablespaces)

    def _check(self, table: Table) -> None:
        identity = self.replica_identity
        if identity not in (None, "full", "nothing") and not str(identity).startswith("index "):
            raise DeclarationError(
                table.name,
                f"replica_identity {identity!r} is not one of full, nothing, index <name>",
            )
        for name, column in self.columns.items():
            self._column(table, name, "storage")
            for what, word, words in (
                ("storage", column.storage, STORAGES),
                ("compression", column.compression, COMPRESSIONS),
            ):
                if word is not None and word not in words:
                    raise DeclarationError(
                        table.name, f"{what} {word!r} of {name!r} is not one of {', '.join(words)}"
                    )
