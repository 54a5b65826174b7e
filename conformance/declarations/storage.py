"""How a table and its columns are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.declarations.base import Declaration, DeclarationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Table

STORAGES = ("plain", "external", "extended", "main")
COMPRESSIONS = ("pglz", "lz4")


class ColumnStorage:
    """How a column is kept; what is None has the default of its type.

    Args:
        storage: `"plain"`, `"external"`, `"extended"` or `"main"`.
        compression: by TOAST, `"pglz"` or `"lz4"`.
        statistics: the target of `ALTER COLUMN ... SET STATISTICS`.
        options: of `ALTER COLUMN ... SET (...)`, `{"n_distinct": -1}`; and of a dimension the
            `partitioning_function`, where that is not one of TimescaleDB's.
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
    """The table is kept like this.

    Args:
        parameters: of `ALTER TABLE ... SET (...)`: `{"fillfactor": 70}`,
            `{"autovacuum_enabled": False, "toast.autovacuum_enabled": False}`.
        columns: how columns are kept, by name.
        replica_identity: `"full"`, `"nothing"` or `"index <name>"`; None: the primary key.
        tablespaces: those that are attached to the hypertable.

    Where SQLAlchemy has an option of its own, that declares the same: `postgresql_tablespace` of a
    table or an index, and `postgresql_with`.
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
                table.name, f"replica identity {identity!r} is not full, nothing or index <name>"
            )
        for name, column in self.columns.items():
            self._column(table, name, "storage of")
            for what, word, words in (
                ("storage", column.storage, STORAGES),
                ("compression", column.compression, COMPRESSIONS),
            ):
                if word is not None and word not in words:
                    raise DeclarationError(
                        table.name, f"{what} {word!r} of {name!r} is not one of {', '.join(words)}"
                    )
