"""Name the views and continuous aggregates that depend on a changed object, and all above them."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

#: TimescaleDB creates two internal views for each continuous aggregate.
_VIEWS = text("""
SELECT pg_catalog.format('%I.%I', made.schema, made.name) AS view,
       pg_catalog.format('%I.%I', a.user_view_schema, a.user_view_name)
         ::pg_catalog.regclass::text AS aggregate
  FROM _timescaledb_catalog.continuous_agg a
 CROSS JOIN LATERAL (VALUES (a.partial_view_schema, a.partial_view_name),
                            (a.direct_view_schema, a.direct_view_name)) AS made (schema, name)
""")
#: The columns that every view reads, with the names that the server's messages have.
_READERS = text("""
SELECT CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END AS kind,
       c.oid::pg_catalog.regclass::text AS reader, d.refobjid::pg_catalog.regclass::text AS source,
       coalesce(pg_catalog.array_agg(a.attname::text) FILTER (WHERE a.attnum > 0), '{}') AS columns
  FROM pg_catalog.pg_rewrite r
  JOIN pg_catalog.pg_class c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')
  JOIN pg_catalog.pg_depend d ON d.objid = r.oid
   AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
   AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> c.oid
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
 GROUP BY 1, 2, 3
 ORDER BY 2, 3
""")
_VIEW = re.compile(r"\b(?:rule _RETURN on )?view (\S+)")
#: The only dependent that the server names where it refuses another type for a column.
_ONE = re.compile(r'rule \S+ on (?:[a-z]+ )?view .+? depends on column "(?P<column>.+)"')
_SUBJECT = re.compile(r"(?:rule \S+ on )?(?:[a-z]+ )?(?:view|aggregate) (?P<name>.+?) depends on ")
#: A chunk goes with its hypertable, and so do its constraints and triggers.
_OF_A_CHUNK = re.compile(
    r"(?:.* on )?table _timescaledb_internal\._hyper_\d+_\d+_chunk depends on "
)


def name_dependents(connection: Connection, lines: Sequence[str]) -> tuple[str, ...]:
    """Complete the server's lines, and bring them in an order: no view before what it reads from.

    TimescaleDB's internal views become their continuous aggregates: `continuous aggregate daily
    depends on column litres of table flows`. The server leaves out the views of an aggregate, and
    names one view where it refuses another type. Equal lines are merged, and those about
    chunks left out.
    """
    aggregates = {row.view: row.aggregate for row in connection.execute(_VIEWS)}

    def named(match: re.Match[str]) -> str:
        aggregate = aggregates.get(match[1])
        return match[0] if aggregate is None else f"continuous aggregate {aggregate}"

    rows = list(connection.execute(_READERS))
    found: dict[str, list[str]] = defaultdict(list)
    told = (line for line in (*lines, *_others(lines, rows)) if not _OF_A_CHUNK.match(line))
    for line in (_VIEW.sub(named, line) for line in told):
        subject = _SUBJECT.match(line)
        name = subject["name"] if subject else ""
        if line not in found[name]:
            found[name].append(line)
    sources: dict[str, list[str]] = defaultdict(list)
    readers: dict[str, dict[str, str]] = defaultdict(dict)
    known = {*aggregates.values()}
    for row in rows:
        reader = aggregates.get(row.reader, row.reader)
        kind = "continuous aggregate" if reader in known else row.kind
        sources[reader].append(row.source)
        readers[row.source][reader] = f"{kind} {reader} depends on {row.source}"
    queue = [*found]
    for source in queue:
        for reader, line in readers[source].items():
            if reader not in found:
                found[reader].append(line)
                queue.append(reader)
    return tuple(line for name in _in_order(found, sources) for line in found[name])


def _others(lines: Sequence[str], rows: Sequence[Any]) -> Iterator[str]:
    """The further views of a column of which the server names one."""
    for line in lines:
        refused, subject = _ONE.match(line), _SUBJECT.match(line)
        if refused is None or subject is None:
            continue
        column = refused["column"]
        of = {row.source for row in rows if row.reader == subject["name"] and column in row.columns}
        for row in rows:
            if row.source in of and column in row.columns and row.reader != subject["name"]:
                yield f"{row.kind} {row.reader} depends on column {column} of {row.source}"


def _in_order(names: Iterable[str], sources: Mapping[str, Sequence[str]]) -> list[str]:
    """The names, each after those that it reads from; CREATE OR REPLACE VIEW can make a circle."""
    ordered: dict[str, None] = {}
    seen = set()

    def visit(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        for source in sources.get(name, ()):
            visit(source)
        ordered[name] = None

    for name in names:
        visit(name)
    return [name for name in ordered if name in names]
