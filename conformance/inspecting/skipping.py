"""`ChunkSkipping`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from conformance.inspecting.code import Call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.inspecting.observed import Entry, Observed

ATTRIBUTES: dict[str, tuple[str, ...]] = {"chunk_skipping": ()}


def declarations(observed: Observed) -> Iterator[Entry]:
    """The declaration of each table with chunk skipping."""
    columns: dict[str, list[str]] = defaultdict(list)
    for _, table, column, _ in observed.all("chunk_skipping"):
        columns[table].append(column)
    for table, names in columns.items():
        objects = [("chunk_skipping", table, name) for name in names]
        yield observed.entry(table, Call("ChunkSkipping", tuple(names)), objects, ())
