"""Read the declarations of other packages for TimescaleDB as they are; neither need be installed.

- `timescaledb`, by its class `TimescaleModel`: the attributes `__time_column__`,
  `__chunk_time_interval__`, `__drop_after__`, and those of compression and of the columnstore.
- `sqlalchemy-timescaledb`, by the option `timescaledb_hypertable` of a table.

Source: `timescaledb/models.py` and `timescaledb/metadata.py` (0.2), and
`sqlalchemy_timescaledb/dialect.py` (0.4).
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer

from conformance.declarations.base import Declaration, DeclarationError, attach, declared
from conformance.declarations.compression import Compression
from conformance.declarations.hypertables import Hypertable, underlying
from conformance.declarations.retention import Retention

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import MetaData, Table

#: The module of `timescaledb` that has the base of its models.
_MODELS = "timescaledb.models"
_DIALECT = "timescaledb"
_OPTION = f"{_DIALECT}_hypertable"
#: Where `timescaledb_hypertable` names no interval.
_USUAL_CHUNK = "7 days"
#: What enables compression -> the prefix of its settings; the columnstore, which comes later, wins.
_COMPRESSION = {"columnstore": "columnstore", "compression": "compress"}


def declare_packages(metadata: MetaData) -> None:
    """Declare what the models say in the words of other packages.

    A table that has a `Hypertable` of ours keeps it, and nothing is added.

    Raises:
        DeclarationError: what the package says contradicts the table.
    """
    models = {model.__table__: model for model in _timescale_models()}
    for table in [table for table in metadata.tables.values() if not declared(table, Hypertable)]:
        option = _option_of(table)
        if option:
            attach(table, _by_option(table, option))
        elif table in models:
            attach(table, *_by_model(table, models[table]))


def _option_of(table: Table) -> dict[str, Any] | None:
    """The option, where the table has it.

    Asking any table for it would load the dialect, and with it a package that nobody uses.
    """
    return table.kwargs.get(_OPTION) if _DIALECT in table.dialect_options else None


def _timescale_models() -> Iterator[Any]:
    """The classes with a table that inherit from TimescaleModel, at whatever distance."""
    module = sys.modules.get(_MODELS)
    base = getattr(module, "TimescaleModel", None)
    found = [] if base is None else [base]
    while found:
        model = found.pop()
        found += model.__subclasses__()
        if getattr(model, "__table__", None) is not None:
            yield model


def _by_option(table: Table, option: dict[str, Any]) -> Hypertable:
    if "time_column_name" not in option:
        raise DeclarationError(table.name, f"{_OPTION} has no time_column_name")
    time = option["time_column_name"]
    interval = option.get("chunk_time_interval", _USUAL_CHUNK)
    if isinstance(interval, str) and interval.isdigit():
        interval = int(interval)
    return Hypertable(time, chunk_interval=_length(table, time, interval))


def _by_model(table: Table, model: Any) -> Iterator[Declaration]:
    """What `timescaledb.metadata.create_all()` does for the model."""
    time = model.__time_column__

    def said(name: str) -> Any:
        return getattr(model, f"__{name}__", None)

    def length(value: Any) -> Any:
        return _length(table, time, value)

    yield Hypertable(time, chunk_interval=length(model.__chunk_time_interval__))
    if drop_after := said("drop_after"):
        yield Retention(drop_after=length(drop_after))
    words = next((name for name in _COMPRESSION if _is_on(said(f"enable_{name}"))), None)
    if words is not None:
        prefix = _COMPRESSION[words]
        yield Compression(
            segment_by=said(f"{prefix}_segmentby") or (),
            order_by=said(f"{prefix}_orderby"),
            after=length(said(f"{prefix}_after")),
            created_before=_plain(said(f"{prefix}_created_before")),
            schedule_interval=_plain(said(f"{prefix}_schedule_interval")),
        )


def _is_on(value: Any) -> bool:
    return str(value).lower() == "true"


def _length(table: Table, time: str, value: Any) -> Any:
    """A length as `Hypertable` takes it.

    Where the time column is no integer, TimescaleDB takes a number for microseconds.
    """
    plain = _plain(value)
    column = table.columns.get(time)
    of_integers = column is not None and isinstance(underlying(column.type), Integer)
    if isinstance(plain, int) and not of_integers:
        return timedelta(microseconds=plain)
    return plain


def _plain(value: Any) -> Any:
    """`"7 days"` for `"INTERVAL '7 days'"`."""
    if not isinstance(value, str):
        return value
    return value.replace("INTERVAL", "").replace("'", "").replace('"', "").strip()
