"""Chunk skipping: the columns by whose range a query skips compressed chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.mending.scene import Parts, Ref, Scene, Step, dropping, making
from conformance.mending.sql import literal, regclass

if TYPE_CHECKING:
    from collections.abc import Iterator

_ON = "SET LOCAL timescaledb.enable_chunk_skipping = on"


def make(ref: Ref, _parts: Parts, scene: Scene) -> Iterator[Step]:
    """enable_chunk_skipping()."""
    yield making("chunk_skipping", _ON)
    asks = ", if_not_exists => true" if scene.guarded else ""
    call = f"enable_chunk_skipping({regclass(ref.table)}, {literal(ref.name)}{asks})"
    yield making("chunk_skipping", f"SELECT {call}", depth=1)


def drop(ref: Ref, _parts: Parts, scene: Scene) -> Iterator[Step]:
    """disable_chunk_skipping(), unless the table is dropped."""
    if scene.is_gone(ref.table):
        return
    yield dropping("chunk_skipping", _ON)
    asks = ", if_not_exists => true" if scene.guarded else ""
    call = f"disable_chunk_skipping({regclass(ref.table)}, {literal(ref.name)}{asks})"
    yield dropping("chunk_skipping", f"SELECT {call}", depth=-1)
