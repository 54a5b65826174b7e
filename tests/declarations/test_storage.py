"""How a table is kept: what is said of it, and which words there are."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text

from conformance.declarations import ColumnStorage, Storage
from conformance.declarations.base import declared
from conformance.declarations.storage import COMPRESSIONS, STORAGES


def declaring(storage):
    """What a table `ticks` declares."""
    ticks = Table("ticks", MetaData(), Column("price", Integer), Column("symbol", Text), storage)
    return declared(ticks, Storage)


def said_of(declaration):
    """All that it says, without what SQLAlchemy adds once it has a table."""
    return {name: value for name, value in vars(declaration).items() if name != "dispatch"}


def test_where_nothing_is_said():
    assert said_of(declaring(Storage())) == {
        "parameters": {}, "columns": {}, "replica_identity": None, "tablespaces": (),
    }  # fmt: skip
    assert vars(ColumnStorage()) == {
        "storage": None, "compression": None, "statistics": None, "options": {},
    }  # fmt: skip


def test_what_is_said():
    columns = {"price": ColumnStorage(), "symbol": ColumnStorage(storage="plain")}
    found = declaring(
        Storage(
            {"fillfactor": 70}, columns=columns, replica_identity="full", tablespaces=["a", "b"]
        )
    )
    assert said_of(found) == {
        "parameters": {"fillfactor": 70}, "columns": columns, "replica_identity": "full",
        "tablespaces": ("a", "b"),
    }  # fmt: skip
    column = ColumnStorage(
        storage="MAIN", compression="LZ4", statistics=500, options={"n_distinct": -1}
    )
    assert vars(column) == {
        "storage": "main", "compression": "lz4", "statistics": 500, "options": {"n_distinct": -1},
    }  # fmt: skip


@pytest.mark.parametrize("identity", ["full", "nothing", "index ticks_pkey"])
def test_what_identifies_a_replicated_row(identity):
    assert declaring(Storage(replica_identity=identity)).replica_identity == identity


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_every_word_is_known(storage, compression):
    column = ColumnStorage(storage=storage, compression=compression)
    assert declaring(Storage(columns={"symbol": column})).columns == {"symbol": column}


#: What is refused; the words are in refusals.txt.
REFUSED = (
    lambda: declaring(Storage(columns={"size": ColumnStorage()})),
    lambda: declaring(
        Storage(columns={"price": ColumnStorage(), "symbol": ColumnStorage(storage="flat")})
    ),
    lambda: declaring(Storage(columns={"symbol": ColumnStorage(compression="zip")})),
    lambda: declaring(Storage(replica_identity="key")),
    lambda: declaring(Storage(replica_identity="index")),
)
