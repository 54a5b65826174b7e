"""Partitions of PostgreSQL: what they take in, in few words, and whose partition a table is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sqlalchemy import Connection

    from conformance.observed.catalog import Scope

#: What stands before the bound names the parent where that is a partition itself.
_RANGE = re.compile(r"(?P<parent>.*)FOR VALUES FROM (?P<first>\(.*\)) TO (?P<last>\(.*\))")
#: How many are told at most: a table may have thousands of partitions.
_TOLD = 50
_PARENTS = text("""
SELECT n.nspname AS schema_name, c.relname AS table_name,
       p.nspname AS parent_schema, parent.relname AS parent_name
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
  JOIN pg_catalog.pg_class parent ON parent.oid = i.inhparent
  JOIN pg_catalog.pg_namespace p ON p.oid = parent.relnamespace
 WHERE c.relispartition AND n.nspname = ANY(:schemas)
   AND (c.relname = ANY(:names) OR n.nspname::text || '.'::text || c.relname::text = ANY(:names))
""")


def parents_of(connection: Connection, scope: Scope, names: Collection[str]) -> dict[str, str]:
    """The tables that those of these names are partitions of, both by their names in facts."""
    if not names:
        return {}
    found = connection.execute(_PARENTS, {"schemas": list(scope.schemas), "names": sorted(names)})
    return {
        scope.name(row.schema_name, row.table_name): scope.name(row.parent_schema, row.parent_name)
        for row in found
    }


def covered(bounds: Iterable[str]) -> str:
    """`FROM ('2020-01-01') TO ('2023-01-01') in 3 partitions, DEFAULT`.

    Args:
        bounds: the partitions' bounds, as PostgreSQL prints them.
    """
    found = list(bounds)
    ranges = [match for bound in found if (match := _RANGE.fullmatch(bound))]
    told = [*_joined(ranges), *(bound for bound in found if _RANGE.fullmatch(bound) is None)]
    more = [f"and {len(told) - _TOLD} more"] if len(told) > _TOLD else []
    return ", ".join(told[:_TOLD] + more) or "none"


def _joined(ranges: list[re.Match[str]]) -> Iterator[str]:
    """Ranges of which each begins where another ends are one."""
    after = {(match["parent"], match["first"]): match["last"] for match in ranges}
    ends = {(parent, last) for (parent, _), last in after.items()}
    for parent, first in sorted(after.keys() - ends):
        last, number = after[parent, first], 1
        while (parent, last) in after:
            last, number = after[parent, last], number + 1
        several = f" in {number} partitions" if number > 1 else ""
        yield f"{parent}FROM {first} TO {last}{several}"
