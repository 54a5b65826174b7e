"""`Compression`, with the policy that compresses chunks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import AUTOMATIC
from conformance.inspecting.code import Call, given
from conformance.inspecting.observed import Entry, is_plain, length, sql_name
from conformance.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.inspecting.observed import Observed

#: The ages of which a policy has one.
_AGES = {"compress_after", "compress_created_before"}
ATTRIBUTES = {
    "compression": ("segment_by", "order_by", "chunk_interval", "sparse_indexes", "direct"),
    "policy": ("count", "schedule_interval", *_AGES),
}

#: The policy leaves overlapping batches alone.
_UNORDERED = '{"recompress_unordered": false}'
_ORDER = re.compile(r"(?P<column>.*) (?P<way>ASC|DESC) NULLS (?P<nulls>FIRST|LAST)", re.DOTALL)
_SPARSE = re.compile(r"(?P<kind>\w+) \((?P<columns>.*)\)", re.DOTALL)


def declarations(observed: Observed) -> Iterator[Entry]:
    """The declaration of each table with compression."""
    for kind, table, _, settings in observed.all("compression"):
        policy = observed.one("policy", table, "compression") or {}
        # A text is not an age: the policy fails, and nothing declares it.
        if not any(isinstance(policy.get(age), Interval | int) for age in _AGES):
            policy = {}
        call = Call(
            "Compression",
            (),
            {
                **given(
                    segment_by=_joined([sql_name(name) for name in _of(settings, "segment_by")])
                ),
                "order_by": _joined([_ordered(item) for item in _of(settings, "order_by")]),
                "after": length(policy.get("compress_after")),
                **given(
                    created_before=length(policy.get("compress_created_before")),
                    schedule_interval=length(policy.get("schedule_interval")),
                    chunk_interval=length(settings["chunk_interval"]),
                    sparse_indexes=_sparse(settings["sparse_indexes"]),
                    direct=settings["direct"] or None,
                    recompress_unordered=_recompressing(settings["direct"], policy.get("config")),
                ),
            },
        )
        objects = [(kind, table, "")]
        objects += [("policy", table, "compression")] if policy else []
        attributes = {*ATTRIBUTES["compression"], *ATTRIBUTES["policy"]}
        attributes |= {"config"} if policy.get("config") == _UNORDERED else set()
        yield observed.entry(table, call, objects, attributes)


def _recompressing(direct: Any, config: Any) -> bool | None:
    """What the policy does with overlapping batches, if that is not the default."""
    unordered = config != _UNORDERED
    return None if unordered is not direct else unordered


def _of(settings: dict[str, Any], name: str) -> Sequence[str]:
    found: Sequence[str] = settings[name]
    return found


def _joined(items: Sequence[str]) -> Any:
    """`"traded_at DESC, id"`; a list where a name has a comma; None for nothing."""
    if any("," in item for item in items):
        return list(items)
    return ", ".join(items) or None


def _ordered(item: str) -> str:
    """Without what is the default: ascending, NULLs last; descending, NULLs first."""
    match = _ORDER.fullmatch(item)
    assert match is not None
    words = [sql_name(match["column"])]
    words += ["DESC"] if match["way"] == "DESC" else []
    if (match["nulls"] == "FIRST") is not (match["way"] == "DESC"):
        words.append(f"NULLS {match['nulls']}")
    return " ".join(words)


def _sparse(indexes: Any) -> Any:
    if indexes == AUTOMATIC:
        return None
    parts = [match for index in indexes if (match := _SPARSE.fullmatch(index))]
    if not parts:
        return ()
    columns = [match["columns"].split(", ") for match in parts]
    if all(is_plain(name) for names in columns for name in names):
        return ", ".join(f"{part['kind']}({part['columns']})" for part in parts)
    return [
        Call("SparseIndex", (part["kind"], *names))
        for part, names in zip(parts, columns, strict=True)
    ]
