"""Sequences that give a number which a row of the table has already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from conformance.observed import Scope

#: The sequences that fill a column of a key: those of identity and serial columns, and others that
#: a default asks. One that cycles is meant to come back to numbers that were there.
_SEQUENCES = text("""
SELECT n.nspname AS schema, c.relname AS table, a.attname AS column,
       pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted_table,
       pg_catalog.quote_ident(a.attname) AS quoted_column,
       pg_catalog.format('%I.%I', m.nspname, r.relname) AS sequence, s.seqincrement AS increment
  FROM (SELECT d.objid AS sequence, d.refobjid AS table, d.refobjsubid AS number
          FROM pg_catalog.pg_depend d
         WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjsubid > 0 AND d.deptype = 'i'
        UNION
        SELECT d.refobjid, f.adrelid, f.adnum
          FROM pg_catalog.pg_depend d
          JOIN pg_catalog.pg_attrdef f ON f.oid = d.objid
         WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass) filled
  JOIN pg_catalog.pg_sequence s ON s.seqrelid = filled.sequence AND NOT s.seqcycle
  JOIN pg_catalog.pg_class r ON r.oid = s.seqrelid
  JOIN pg_catalog.pg_namespace m ON m.oid = r.relnamespace
  JOIN pg_catalog.pg_class c ON c.oid = filled.table AND c.relkind IN ('r', 'p')
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = filled.number
 WHERE n.nspname = ANY(:schemas)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)
   AND EXISTS (SELECT FROM pg_catalog.pg_index k
                WHERE k.indrelid = c.oid AND k.indisunique AND a.attnum = ANY(k.indkey::int2[]))
 ORDER BY 1, 2, 3, 6
""")


@dataclass(frozen=True)
class Behind:
    """A sequence that has not come as far as its column.

    Attributes:
        column: `table.column`.
        following: the number that it gives next.
        furthest: the last number in the column, in the sequence's direction.
        catch_up: SQL that brings the sequence as far.
    """

    column: str
    following: int
    furthest: int
    catch_up: str

    def __str__(self) -> str:
        return (
            f"the sequence of {self.column} gives {self.following} next, and rows that are there "
            f"have numbers up to {self.furthest}: a new row meets one of them"
        )


def sequences_behind(connection: Connection, scope: Scope) -> dict[str, Behind]:
    """By column: what its next row would be given is there already, or soon is.

    Nothing is written; the connection is in no transaction afterwards.
    """
    found = {}
    for row in connection.execute(_SEQUENCES, {"schemas": list(scope.schemas)}).all():
        forward = row.increment > 0
        number = f"{'max' if forward else 'min'}({row.quoted_column})"
        following, furthest = connection.execute(
            text(
                "SELECT last_value + CASE WHEN is_called THEN CAST(:step AS bigint) ELSE 0 END,"
                f" (SELECT {number} FROM {row.quoted_table}) FROM {row.sequence}"
            ),
            {"step": row.increment},
        ).one()
        if furthest is not None and (following <= furthest if forward else following >= furthest):
            name = f"{scope.name(row.schema, row.table)}.{row.column}"
            catch_up = f"SELECT setval('{row.sequence}', {number}) FROM {row.quoted_table}"
            found[name] = Behind(name, following, int(furthest), catch_up)
    connection.rollback()
    return found
