"""Find sequences whose next value is already in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from conformance.observed import Scope

#: The sequences that fill a column of a key: those of identity and serial columns, and others that
#: a default calls. A cycling sequence is meant to return to earlier values.
_SEQUENCES = text("""
SELECT n.nspname AS schema, c.relname AS table, a.attname AS column,
       pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted_table,
       pg_catalog.quote_ident(a.attname) AS quoted_column,
       pg_catalog.format('%I.%I', m.nspname, r.relname) AS sequence,
       pg_catalog.format('%L', pg_catalog.format('%I.%I', m.nspname, r.relname)) AS literal,
       s.seqincrement AS increment,
       CASE WHEN s.seqincrement > 0 THEN s.seqmax ELSE s.seqmin END AS end
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
class LaggingSequence:
    """A sequence that has not reached the values of its column.

    Attributes:
        column: `table.column`.
        next_value: the next value of the sequence.
        last_value: the last value in the column, in the sequence's direction.
        advance: SQL that advances the sequence to `last_value`.
        room: the number of values that the sequence has after `last_value`.
    """

    column: str
    next_value: int
    last_value: int
    advance: str
    room: int

    def __str__(self) -> str:
        return (
            f"the next value of the sequence of {self.column} is {self.next_value}, but existing "
            f"rows have values up to {self.last_value}: a new row gets a value that is in use"
        )


def lagging_sequences(connection: Connection, scope: Scope) -> dict[str, LaggingSequence]:
    """Find the sequences whose next value, or a later one, is already in use, by column.

    Nothing is written, and the connection's transaction is rolled back.
    """
    found = {}
    for row in connection.execute(_SEQUENCES, {"schemas": list(scope.schemas)}).all():
        forward = row.increment > 0
        number = f"{'max' if forward else 'min'}({row.quoted_column})"
        reached, is_called, last_value = connection.exec_driver_sql(
            f"SELECT last_value, is_called, (SELECT {number} FROM {row.quoted_table})"
            f" FROM {row.sequence}",
            # A % in a name is not a placeholder, nor is a colon.
            execution_options={"no_parameters": True},
        ).one()
        next_value = reached + row.increment if is_called else reached
        if last_value is not None and (
            next_value <= last_value if forward else next_value >= last_value
        ):
            name = f"{scope.name(row.schema, row.table)}.{row.column}"
            advance = f"SELECT setval({row.literal}, {number}) FROM {row.quoted_table}"
            room = (row.end - int(last_value)) // row.increment
            found[name] = LaggingSequence(name, next_value, int(last_value), advance, room)
    connection.rollback()
    return found
