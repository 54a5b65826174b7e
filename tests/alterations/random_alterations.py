"""Statements that alter what is there, one for each column, constraint, index and type.

A query of the catalog prints the statements of each kind.
"""

from __future__ import annotations

_FROM = r"""
WITH tables AS (
    SELECT c.oid, c.oid::regclass::text AS tab, c.relpersistence AS persistence,
           c.reloptions AS options, obj_description(c.oid, 'pg_class') AS said
      FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace),
columns AS (
    SELECT t.tab, quote_ident(a.attname) AS col, a.*, pg_get_expr(d.adbin, d.adrelid) AS def,
           format_type(a.atttypid, a.atttypmod) AS typ, col_description(t.oid, a.attnum) AS said
      FROM tables t
      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum),
constraints AS (
    SELECT t.tab, quote_ident(k.conname) AS con, k.*, pg_get_constraintdef(k.oid) AS def
      FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid WHERE contype <> 'n'),
indexes AS (
    SELECT t.tab, i.indexrelid::regclass AS ind, i.*, x.relam, pg_get_indexdef(x.oid) AS def
      FROM pg_index i JOIN tables t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
     WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)),
enums AS (
    SELECT oid::regtype AS typ, e.enumlabel AS word
      FROM pg_type t JOIN LATERAL (
          SELECT enumlabel FROM pg_enum WHERE enumtypid = t.oid LIMIT 1) e ON true
     WHERE typtype = 'e' AND typnamespace = 'public'::regnamespace),
sequences AS (
    SELECT c.oid::regclass AS seq FROM pg_class c
     WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('i', 'a')))
"""

#: Kind -> the statement, and what it is of.
KINDS = {
    "column dropped": ("'ALTER TABLE %s DROP COLUMN %s CASCADE', tab, col", "columns"),
    "column renamed": ("'ALTER TABLE %s RENAME COLUMN %s TO zz', tab, col", "columns"),
    "column added": ("'ALTER TABLE %s ADD COLUMN zz integer', tab", "tables"),
    "NULL": (
        "'ALTER TABLE %s ALTER %s %s NOT NULL', tab, col,"
        " CASE WHEN attnotnull THEN 'DROP' ELSE 'SET' END",
        "columns",
    ),
    "default dropped": (
        "'ALTER TABLE %s ALTER %s DROP DEFAULT', tab, col",
        "columns WHERE def NOT LIKE 'NULL%' AND attgenerated = ''",
    ),
    "default set": (
        "'ALTER TABLE %s ALTER %s SET DEFAULT %s', tab, col,"
        " CASE WHEN typ = 'integer' THEN '42' ELSE '''1999-09-09''' END",
        "columns WHERE (typ = 'integer' OR typ LIKE 'timestamp%' OR typ = 'text')"
        " AND attidentity = '' AND attgenerated = ''",
    ),
    "type": (
        "'ALTER TABLE %s ALTER %s TYPE %s', tab, col,"
        " CASE typ WHEN 'integer' THEN 'bigint' ELSE 'integer' END",
        "columns WHERE typ IN ('integer', 'bigint')",
    ),
    "length": (
        "'ALTER TABLE %s ALTER %s TYPE varchar(77)', tab, col",
        "columns WHERE typ LIKE 'character%' OR typ = 'text'",
    ),
    "precision": (
        "'ALTER TABLE %s ALTER %s TYPE numeric(11, 3)', tab, col",
        "columns WHERE typ LIKE 'numeric%' AND attgenerated = ''",
    ),
    "precision of time": (
        "'ALTER TABLE %s ALTER %s TYPE timestamptz(1)', tab, col",
        "columns WHERE typ LIKE 'timestamp%'",
    ),
    "collation": (
        "'ALTER TABLE %s ALTER %s TYPE %s COLLATE ucs_basic', tab, col, typ",
        "columns WHERE attcollation <> 0",
    ),
    "comment dropped": (
        "'COMMENT ON COLUMN %s.%s IS NULL', tab, col", "columns WHERE said IS NOT NULL"
    ),
    "comment of a table": (
        "'COMMENT ON TABLE %s IS %L', tab, 'other'", "tables WHERE said IS NOT NULL"
    ),
    "identity": (
        "'ALTER TABLE %s ALTER %s SET GENERATED %s', tab, col,"
        " CASE WHEN attidentity = 'a' THEN 'BY DEFAULT' ELSE 'ALWAYS' END",
        "columns WHERE attidentity <> ''",
    ),
    "increment": (
        "'ALTER TABLE %s ALTER %s SET INCREMENT 7', tab, col", "columns WHERE attidentity <> ''"
    ),
    "identity dropped": (
        "'ALTER TABLE %s ALTER %s DROP IDENTITY', tab, col", "columns WHERE attidentity <> ''"
    ),
    "expression dropped": (
        "'ALTER TABLE %s ALTER %s DROP EXPRESSION', tab, col", "columns WHERE attgenerated <> ''"
    ),
    "persistence": (
        "'ALTER TABLE %s SET %s', tab,"
        " CASE WHEN persistence = 'u' THEN 'LOGGED' ELSE 'UNLOGGED' END",
        "tables",
    ),
    "table renamed": ("'ALTER TABLE %s RENAME TO zz', tab", "tables"),
    "table dropped": ("'DROP TABLE %s CASCADE', tab", "tables"),
    "row security": ("'ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tab", "tables"),
    "check added": ("'ALTER TABLE %s ADD CHECK (1 = 1)', tab", "tables"),
    "rule": ("'CREATE RULE zz AS ON DELETE TO %s DO INSTEAD NOTHING', tab", "tables"),
    "constraint dropped": (
        "'ALTER TABLE %s DROP CONSTRAINT %s CASCADE', tab, con", "constraints"
    ),
    "deferrable": (
        "'ALTER TABLE %s ALTER CONSTRAINT %s %s', tab, con,"
        " CASE WHEN condeferrable THEN 'NOT DEFERRABLE' ELSE 'DEFERRABLE' END",
        "constraints WHERE contype = 'f'",
    ),
    "not valid": (
        "'ALTER TABLE %s DROP CONSTRAINT %s, ADD CONSTRAINT %s %s NOT VALID', tab, con, con, def",
        "constraints WHERE contype = 'c'",
    ),
    "index dropped": ("'DROP INDEX %s', ind", "indexes"),
    "index renamed": ("'ALTER INDEX %s RENAME TO zz', ind", "indexes"),
    "index made unique": (
        "'DROP INDEX %s; %s', ind, replace(def, 'CREATE INDEX', 'CREATE UNIQUE INDEX')",
        "indexes WHERE NOT indisunique AND relam = 403",
    ),
    "word added": ("'ALTER TYPE %s ADD VALUE %L', typ, 'zz'", "enums"),
    "word renamed": ("'ALTER TYPE %s RENAME VALUE %L TO %L', typ, word, 'zz'", "enums"),
    "type renamed": ("'ALTER TYPE %s RENAME TO zz', typ", "enums"),
    "sequence": ("'ALTER SEQUENCE %s INCREMENT 9', seq", "sequences"),
    "sequence dropped": ("'DROP SEQUENCE %s CASCADE', seq", "sequences"),
}  # fmt: skip

#: Their rows are a kind and a statement, in an order that two runs share.
STATEMENTS = (
    _FROM
    + "\nUNION ALL ".join(
        f"SELECT '{kind}', format({statement}) FROM {of}" for kind, (statement, of) in KINDS.items()
    )
    + "\nORDER BY 1, 2"
)
