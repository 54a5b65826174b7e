"""A picture of the schema, as JSON data: relations with their columns, keys and policies.

Reports draw from it, and from nothing else. Pure: no database, no files, no clock.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import DERIVED, EXISTS, Includes, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.comparing.facts import Facts, Value

    #: Kind -> name -> attribute -> value, of one relation.
    Parts = dict[str, dict[str, dict[str, Value]]]

#: Kinds of facts that the picture shows.
_DRAWN = frozenset(
    {
        "table",
        *DERIVED,
        "column",
        "primary_key",
        "unique",
        "foreign_key",
        "hypertable",
        "compression",
        "policy",
    }
)
#: Attributes of a policy that say how old a row, or its chunk, is when the policy treats it.
_AGES = ("compress_after", "compress_created_before", "drop_after", "drop_created_before")


def picture_of(expected: Facts, observed: Facts) -> dict[str, Any]:
    """Describe every relation of the database, and those that only the models have.

    Returns:
        `{"relations": [...]}`, sorted by name. A relation or column that the database lacks has
        `missing: true` and is described as the models declare it.
    """
    promised, found = _by_table(expected), _by_table(observed)
    names = sorted({*_relations(promised), *_relations(found)})
    relations = [_relation(name, promised.get(name, {}), found.get(name, {})) for name in names]
    known = set(names)
    for relation in relations:
        for key in relation["foreign_keys"]:
            key["table"] = _referred(key["references"], known)
    return {"relations": relations}


def _by_table(facts: Facts) -> dict[str, Parts]:
    tables: dict[str, Parts] = {}
    # To take a key apart at once is much faster than to ask for its parts.
    for (kind, table, name, attribute), value in facts.items():
        if kind in _DRAWN:
            parts = tables.setdefault(table, {})
            parts.setdefault(kind, defaultdict(dict))[name][attribute] = value
    return tables


def _relations(tables: dict[str, Parts]) -> Iterator[str]:
    return (name for name, parts in tables.items() if _kind(parts) is not None)


def _kind(parts: Parts) -> str | None:
    """The kind of the relation; None if it does not exist."""
    for kind in ("table", *DERIVED):
        if EXISTS in parts.get(kind, {}).get("", {}):
            return "hypertable" if "hypertable" in parts else kind
    return None


def _relation(name: str, promised: Parts, found: Parts) -> dict[str, Any]:
    missing = _kind(found) is None
    shown = promised if missing else found
    kind = _kind(shown)
    compression = shown.get("compression", {}).get("")
    return {
        "name": name,
        "kind": kind,
        "missing": missing,
        "declared": _kind(promised) is not None,
        "columns": [*_columns(promised, found, missing=missing)],
        "primary_key": plain(_one(shown, "primary_key", "columns", ())),
        "unique": [plain(item.get("columns", ())) for item in shown.get("unique", {}).values()],
        "foreign_keys": [
            {
                "columns": plain(item.get("columns", ())),
                "references": str(item.get("references", "")),
            }
            for item in shown.get("foreign_key", {}).values()
        ],
        "time": _time(shown, kind),
        "compression": compression
        and {
            "segment_by": plain(compression.get("segment_by", ())),
            "order_by": plain(compression.get("order_by", ())),
        },
        "policies": [
            _policy(part.strip("<>"), values) for part, values in shown.get("policy", {}).items()
        ],
        "aggregate": {
            "source": str(plain(_one(shown, kind, "source"))),
            "bucket": plain(_one(shown, kind, "bucket")),
        }
        if kind == "continuous_aggregate"
        else None,
    }


def _columns(promised: Parts, found: Parts, *, missing: bool) -> Iterator[dict[str, Any]]:
    """The columns of the database in their order, then those that only the models have."""
    for kind in DERIVED:
        outputs = _one(promised if missing else found, kind, "columns")
        outputs = outputs.parts if isinstance(outputs, Includes) else outputs
        for output in outputs if isinstance(outputs, tuple) else ():
            yield {"name": output.name, "type": str(output.type), "nullable": True}
    there = found.get("column", {})
    for name, values in {**there, **promised.get("column", {}), **there}.items():
        column = {
            "name": name,
            "type": plain(values.get("type")),
            "nullable": bool(values.get("nullable", True)),
        }
        yield column if name in there else {**column, "missing": True}


def _time(parts: Parts, kind: str | None) -> dict[str, Any] | None:
    if kind not in ("hypertable", "continuous_aggregate"):
        return None
    return {
        "column": plain(_one(parts, kind, "time_column")),
        "chunk_interval": plain(_one(parts, kind, "chunk_interval")),
        "partitions": plain(_one(parts, kind, "partitions", ())),
    }


def _policy(name: str, values: dict[str, Value]) -> dict[str, Any]:
    """One policy: the age at which it acts, or the window that it refreshes."""
    age = next((attribute for attribute in _AGES if values.get(attribute) is not None), None)
    drawn: dict[str, Any] = {
        "name": name,
        "schedule": plain(values.get("schedule_interval")),
        "scheduled": values.get("scheduled") is not False,
    }
    if age is not None:
        drawn |= {"age": age, "after": plain(values[age])}
    if "start_offset" in values:
        drawn |= {"start": plain(values["start_offset"]), "end": plain(values.get("end_offset"))}
    return drawn


def _one(parts: Parts, kind: str, attribute: str, default: Value = None) -> Value:
    """An attribute of the relation itself, not of a part of it."""
    return parts.get(kind, {}).get("", {}).get(attribute, default)


def _referred(references: Any, known: set[str]) -> str:
    """The table of `instruments (id)`; a name may itself contain a parenthesis."""
    text = str(references)
    ends = [place for place in range(len(text)) if text.startswith(" (", place)]
    candidates = [text[:end] for end in reversed(ends)]
    return next((name for name in candidates if name in known), text.partition(" (")[0])
