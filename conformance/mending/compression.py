"""Compression: on or off, its settings, and the chunks that were compressed under others."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from conformance.comparing.facts import AUTOMATIC
from conformance.intervals import Interval
from conformance.mending.scene import (
    LAST,
    CannotMend,
    Parts,
    Ref,
    Scene,
    Step,
    apart,
    differing,
    dropping,
    making,
)
from conformance.mending.sql import (
    block,
    is_relation,
    literal,
    materialized_in,
    name,
    regclass,
    relation,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from conformance.comparing.facts import Value


_DIRECT = (
    "ALTER TABLE ... SET (timescaledb.direct_compress = ...) adds or removes policies as well; "
    "write it by hand, and the policies after it"
)
_WITH_ORDER = (
    "TimescaleDB takes sparse indexes only together with an order: declare order_by as well"
)
#: TimescaleDB forgets one of them where a statement only sets the other.
_BOTH = {"segment_by", "order_by"}


def make(ref: Ref, parts: Parts, scene: Scene) -> Iterator[Step]:
    """Turn compression on; every setting is stated."""
    if parts.get("direct"):
        raise CannotMend(_DIRECT, "direct")
    yield making("compression", _set(ref, _settings(parts, parts), scene))


def change(ref: Ref, before: Parts, after: Parts, scene: Scene) -> Iterator[Step]:
    """Other settings, for compressed chunks as well."""
    changed = differing(before, after)
    if "direct" in changed:
        raise CannotMend(_DIRECT, "direct")
    ordered = bool(after.get("order_by"))
    none = "segment_by" in changed and not after.get("segment_by") and not ordered
    if none or (before.get("order_by") and not ordered):
        # Only TimescaleDB leaves either to itself, where none was ever set.
        yield from off(ref, scene)
        yield from make(ref, after, scene)
        return
    if "sparse_indexes" in changed and after.get("sparse_indexes") == AUTOMATIC:
        # First: a column of an index cannot become one of segment_by.
        yield making(
            "compression", f"{_alter(ref, scene)} RESET (timescaledb.compress_index)", depth=-1
        )
    settings = _settings(after, {*changed, *(_BOTH if changed & _BOTH else ())})
    if settings:
        yield making("compression", _set(ref, settings, scene))
    if changed & _BOTH:
        yield recompressed(ref.table, scene)


def drop(ref: Ref, _parts: Parts, scene: Scene) -> Iterator[Step]:
    """Decompress the chunks, and turn compression off."""
    if scene.is_gone(ref.table):
        return
    yield from off(ref, scene)


def off(ref: Ref, scene: Scene) -> Iterator[Step]:
    """Decompress the chunks, and turn compression off."""
    yield dropping(
        "compression",
        f"SELECT decompress_chunk(c, if_compressed => true)"
        f" FROM show_chunks({regclass(ref.table)}) c",
        note="Decompresses all chunks; the policy compresses them again.",
    )
    sql = f"{_alter(ref, scene)} SET (timescaledb.compress = false)"
    yield dropping("compression", sql, depth=-1)


def recompressed(table: str, scene: Scene) -> Step:
    """Compress the compressed chunks again."""
    where = is_relation("hypertable_schema", "hypertable_name", table)
    if _is_view(table, scene):
        where = f"(hypertable_schema, hypertable_name) IN (\n    {materialized_in(table)}\n)"
    chunk = "format('%I.%I', chunk_schema, chunk_name)::regclass"
    chunks = f"FROM timescaledb_information.chunks\nWHERE is_compressed AND {where}"
    note = "Compresses the compressed chunks again, under the new settings."
    if not scene.online:
        sql = f"SELECT compress_chunk(decompress_chunk({chunk}))\n{chunks}"
        return making("chunk", sql, note=note)
    found = textwrap.indent(f"SELECT {chunk}\n{chunks}", "    ").strip()
    body = (
        f"\nFOR found IN {found}\nLOOP\n"
        "    PERFORM compress_chunk(decompress_chunk(found));\n    COMMIT;\nEND LOOP;\n"
    )
    note += " One chunk at a time is locked."
    return apart("chunk", block(body, "found regclass;"), phase=LAST, note=note)


def _is_view(table: str, scene: Scene) -> bool:
    view = Ref("continuous_aggregate", table)
    return view in scene.before or view in scene.after


def _alter(ref: Ref, scene: Scene) -> str:
    word = "MATERIALIZED VIEW" if _is_view(ref.table, scene) else "TABLE"
    return f"ALTER {word} {relation(ref.table)}"


def _set(ref: Ref, settings: list[str], scene: Scene) -> str:
    listed = ",\n    ".join(["timescaledb.compress", *settings])
    return f"{_alter(ref, scene)} SET (\n    {listed}\n)"


def _settings(parts: Parts, attributes: Collection[str]) -> list[str]:
    found = []
    segments, orders = texts(parts.get("segment_by")), texts(parts.get("order_by"))
    if "segment_by" in attributes and (segments or orders):
        listed = literal(", ".join(map(name, segments)))
        found.append(f"timescaledb.compress_segmentby = {listed}")
    if "order_by" in attributes and orders:
        found.append(f"timescaledb.compress_orderby = {literal(', '.join(map(_ordered, orders)))}")
    interval = parts.get("chunk_interval")
    if "chunk_interval" in attributes and (interval is not None or "segment_by" not in attributes):
        found.append(f"timescaledb.compress_chunk_time_interval = {literal(_merged(interval))}")
    indexes = parts.get("sparse_indexes")
    if "sparse_indexes" in attributes and isinstance(indexes, tuple):
        if not orders:
            raise CannotMend(_WITH_ORDER, "sparse_indexes")
        listed = ", ".join(map(_sparse, texts(indexes)))
        found.append(f"timescaledb.compress_index = {literal(listed)}")
    return found


def _merged(interval: Value) -> str:
    """The length of merged chunks: an interval also of an integer time, a microsecond each unit."""
    if isinstance(interval, Interval):
        return interval.plain()
    return f"{interval} microseconds" if interval else "0"  # Zero: chunks are not merged.


def _sparse(item: str) -> str:
    """`bloom("Venue")` from a description without quotes."""
    kind, _, columns = item.partition(" (")
    return f"{kind}({', '.join(name(column) for column in columns.rstrip(')').split(', '))})"


def _ordered(item: str) -> str:
    """`"At" DESC NULLS FIRST` from a description without quotes."""
    column, direction, nulls, place = item.rsplit(" ", 3)
    return f"{name(column)} {direction} {nulls} {place}"
