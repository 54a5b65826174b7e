"""Chunks that differ from their hypertable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.mending import compression
from conformance.mending.scene import CannotMend, Parts, Ref, Scene, Step, differing

if TYPE_CHECKING:
    from collections.abc import Iterator


def change(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """Compress chunks again whose settings are older than those of the hypertable."""
    changed = differing(before, after)
    if "alterations" in changed:
        raise CannotMend(
            "the chunk itself was altered, and facts only describe how: undo that by hand",
            "alterations",
        )
    settings = before["other_compression_settings"], after["other_compression_settings"]
    if settings[1] != ():
        raise CannotMend("chunks do not get their older settings back")
    yield compression.recompressed(ref.table, scene)


def make(_ref: Ref, _parts: Parts, _scene: Scene) -> Iterator[Step]:
    """A new hypertable has no chunks."""
    yield from ()


drop = make
