"""Other objects of a database: sequences, domains, extensions, and what is declared by its kind."""

from __future__ import annotations

import pytest
from sqlalchemy import BigInteger, Column, Integer, MetaData, Sequence, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import DOMAIN

from conformance.comparing.kinds import DECLARATIONS
from conformance.declarations import DatabaseObject, Extension
from conformance.declarations.objects import OBJECT_KINDS

from .cases import Alteration, parametrize

OPTIONS = "sequence:numbers:options"


def _numbers(**options) -> MetaData:
    metadata = MetaData()
    Sequence("numbers", metadata=metadata, **options)
    return metadata


@pytest.mark.parametrize(
    ("options", "sql", "findings"),
    [
        ({}, "CREATE SEQUENCE numbers", set()),
        ({}, "CREATE SEQUENCE numbers AS integer", set()),
        ({}, "CREATE TABLE t (id int); CREATE SEQUENCE numbers OWNED BY t.id",
         {"table:t:exists"}),
        ({"start": 5, "increment": 2}, "CREATE SEQUENCE numbers START 5 INCREMENT 2", set()),
        ({"data_type": SmallInteger()}, "CREATE SEQUENCE numbers AS smallint", set()),
        ({"optional": True}, "SELECT 1", set()),
        ({}, "SELECT 1", {"sequence:numbers:exists"}),
        ({}, "CREATE SEQUENCE numbers START 5", {OPTIONS}),
        ({}, "CREATE SEQUENCE numbers INCREMENT -1", {OPTIONS}),
        ({}, "CREATE SEQUENCE numbers CYCLE", {OPTIONS}),
        ({}, "CREATE SEQUENCE numbers CACHE 20", {OPTIONS}),
        ({}, "CREATE SEQUENCE numbers AS smallint", {OPTIONS}),
        ({}, "CREATE UNLOGGED SEQUENCE numbers", {"sequence:numbers:logged"}),
        ({"data_type": SmallInteger()}, "CREATE SEQUENCE numbers", {OPTIONS}),
        ({"data_type": BigInteger()}, "CREATE SEQUENCE numbers AS integer", {OPTIONS}),
        ({"increment": 2}, "CREATE SEQUENCE numbers", {OPTIONS}),
    ],
)  # fmt: skip
def test_a_declared_sequence(bare_database, options, sql, findings):
    bare_database.execute(sql)
    bare_database.expect(findings, _numbers(**options))


def test_a_sequence_with_its_column_is_no_object_of_its_own(bare_database):
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True))
    metadata.create_all(bare_database.connection)
    compared = bare_database.compare(metadata)
    assert not compared.seen
    assert "sequence" not in compared.accounted


def _prices(**options) -> MetaData:
    """A table with a column of a domain."""
    metadata = MetaData()
    domain = DOMAIN("price", Integer, **({"check": "VALUE > 0"} | options))
    Table("t", metadata, Column("id", Integer, primary_key=True, autoincrement=False),
          Column("price", domain))  # fmt: skip
    return metadata


DOMAINS = (
    Alteration("nothing", "SELECT 1"),
    Alteration("another check", "ALTER DOMAIN price DROP CONSTRAINT price_check;"
               "ALTER DOMAIN price ADD CHECK (VALUE > 1)", {"domain:price:checks"}),
    Alteration("no check", "ALTER DOMAIN price DROP CONSTRAINT price_check",
               {"domain:price:checks"}),
    Alteration("one check more", "ALTER DOMAIN price ADD CHECK (VALUE < 9)",
               {"domain:price:checks"}),
    Alteration("a check that old rows need not keep", "ALTER DOMAIN price DROP CONSTRAINT"
               " price_check; ALTER DOMAIN price ADD CHECK (VALUE > 0) NOT VALID",
               {"domain:price:validated"}),
    Alteration("the same check under another name", "ALTER DOMAIN price RENAME CONSTRAINT"
               " price_check TO positive"),
    Alteration("not null", "ALTER DOMAIN price SET NOT NULL", {"domain:price:nullable"}),
    Alteration("a default", "ALTER DOMAIN price SET DEFAULT 7", {"domain:price:default"}),
    Alteration("another owner", "CREATE ROLE owner_of_a_test;"
               "ALTER DOMAIN price OWNER TO owner_of_a_test", {"domain:price:owner"}),
    Alteration("another type", "ALTER TABLE t ALTER price TYPE int; DROP DOMAIN price;"
               "CREATE DOMAIN price bigint CHECK (VALUE > 0);"
               "ALTER TABLE t ALTER price TYPE price", {"domain:price:type"}),
    Alteration("renamed", "ALTER DOMAIN price RENAME TO cost",
               {"domain:price:exists", "column:t.price:type"}),
    Alteration("gone", "ALTER TABLE t ALTER price TYPE int; DROP DOMAIN price",
               {"domain:price:exists", "column:t.price:type"}),
)  # fmt: skip


@parametrize(DOMAINS)
def test_a_domain(bare_database, case):
    metadata = _prices()
    metadata.create_all(bare_database.connection)
    bare_database.alter(case)
    bare_database.expect(case.findings, metadata)


@pytest.mark.parametrize(
    ("options", "attribute"),
    [
        ({"check": "value>0"}, None),
        ({"check": "(VALUE) > (0)"}, None),
        ({"check": "VALUE >= 0"}, "checks"),
        ({"check": None}, "checks"),
        ({"not_null": True}, "nullable"),
        ({"default": "7"}, "default"),
    ],
)
def test_another_declaration_of_a_domain(bare_database, options, attribute):
    _prices().create_all(bare_database.connection)
    findings = {f"domain:price:{attribute}"} if attribute else set()
    bare_database.expect(findings, _prices(**options))


def test_a_domain_of_text(bare_database):
    metadata = MetaData()
    code = DOMAIN("code", Text, check="VALUE ~ '^[A-Z]+$'", default="A", collation="C")
    Table("t", metadata, Column("code", code))
    metadata.create_all(bare_database.connection)
    bare_database.expect((), metadata)


KINDS = (
    ("composite type", "pair", "CREATE TYPE pair AS (a int, b text)", "a integer, b text",
     "ALTER TYPE pair ADD ATTRIBUTE c int"),
    ("composite type", "label", 'CREATE TYPE label AS (a text COLLATE "C")', 'a text COLLATE "C"',
     "ALTER TYPE label ALTER ATTRIBUTE a TYPE text"),
    ("range type", "prices", "CREATE TYPE prices AS RANGE (subtype = float8)",
     "of double precision", None),
    ("unused type", "colour", "CREATE TYPE colour AS ENUM ('red', 'blue')", "'red', 'blue'",
     "ALTER TYPE colour ADD VALUE 'green'"),
    ("aggregate", "total(integer)",
     "CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int, initcond = 0)",
     "state integer by int4pl, initially 0",
     "DROP AGGREGATE total(int); CREATE AGGREGATE total(int) (sfunc = int4mul, stype = int)"),
    ("operator", "===(integer, integer)",
     "CREATE OPERATOR === (function = int4eq, leftarg = int, rightarg = int)",
     "by int4eq(integer,integer)",
     "DROP OPERATOR === (int, int);"
     "CREATE OPERATOR === (function = int4ne, leftarg = int, rightarg = int)"),
    ("statistics", "s", "CREATE STATISTICS s ON id, name FROM instruments",
     "ON id, name FROM instruments",
     "DROP STATISTICS s; CREATE STATISTICS s (mcv) ON id, name FROM instruments"),
    ("statistics", "few", "CREATE STATISTICS few ON id, name FROM instruments;"
     "ALTER STATISTICS few SET STATISTICS 10", "ON id, name FROM instruments, target 10",
     "ALTER STATISTICS few SET STATISTICS 0"),
    ("event trigger", "watch",
     "CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
     "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch()",
     "on ddl_command_end execute watch()", "ALTER EVENT TRIGGER watch DISABLE"),
    ("publication", "feed", "CREATE PUBLICATION feed FOR TABLE instruments, data_sources",
     "data_sources, instruments: insert, update, delete, truncate",
     "ALTER PUBLICATION feed DROP TABLE instruments"),
    ("publication", "part", "CREATE PUBLICATION part FOR TABLE instruments (id, name)"
     " WHERE (id > 5)", "instruments (id, name) where (id > 5): insert, update, delete, truncate",
     "ALTER PUBLICATION part SET TABLE instruments (id, name) WHERE (id > 6)"),
    ("publication", "columns", "CREATE PUBLICATION columns FOR TABLE instruments (id, name)",
     "instruments (id, name): insert, update, delete, truncate",
     "ALTER PUBLICATION columns SET TABLE instruments (id, ticker)"),
    ("publication", "whole", "CREATE PUBLICATION whole FOR TABLE instruments",
     "instruments: insert, update, delete, truncate",
     "ALTER PUBLICATION whole SET (publish_via_partition_root = true)"),
    ("foreign server", "nowhere",
     "CREATE FOREIGN DATA WRAPPER n; CREATE SERVER nowhere FOREIGN DATA WRAPPER n",
     "by n", None),
    ("cast", "text as integer", "CREATE CAST (text AS int) WITH INOUT AS IMPLICIT",
     "implicit, by way of text",
     "DROP CAST (text AS int); CREATE CAST (text AS int) WITH INOUT"),
    ("schema", "attic", "CREATE SCHEMA attic", None, None),
    ("collation", "plain", 'CREATE COLLATION plain FROM "C"', "libc C",
     'DROP COLLATION plain; CREATE COLLATION plain FROM "POSIX"'),
)  # fmt: skip
IDS = [kind.replace(" ", "-") for kind, *_ in KINDS]


@pytest.mark.parametrize(("kind", "name", "sql", "definition", "change"), KINDS, ids=IDS)
def test_an_object_declared_by_its_kind(database, kind, name, sql, definition, change):  # noqa: PLR0913, PLR0917
    metadata = database.requiring(DatabaseObject(kind, name, definition))
    fact = f"{kind.replace(' ', '_')}:{name}"
    database.expect({f"{fact}:exists"}, metadata)
    database.execute(sql)
    compared = database.compare(metadata)
    assert not compared.findings
    assert kind.replace(" ", "_") not in {item.kind for item in compared.seen}
    if change is not None:
        database.execute(change)
        database.expect({f"{fact}:definition"}, metadata)
        database.expect((), database.requiring(DatabaseObject(kind, name)))


IMPLICIT = (
    Alteration("an implicit cast", "CREATE CAST (text AS int) WITH INOUT AS IMPLICIT",
               {"cast:text as integer:exists"}),
    Alteration("a cast on assignment", "CREATE CAST (text AS int) WITH INOUT AS ASSIGNMENT",
               {"cast:text as integer:exists"}),
    Alteration("a cast that somebody writes", "CREATE CAST (text AS int) WITH INOUT"),
    Alteration("a type's own way to sort",
               "CREATE OPERATOR CLASS mine DEFAULT FOR TYPE money USING hash AS OPERATOR 1 =,"
               " FUNCTION 1 hashint8(bigint)",
               {"operator_class:mine using hash:exists"}),
    Alteration("one in another schema", "CREATE SCHEMA attic;"
               "CREATE OPERATOR CLASS attic.mine DEFAULT FOR TYPE money USING hash AS OPERATOR 1 =,"
               " FUNCTION 1 hashint8(bigint)",
               {"operator_class:attic.mine using hash:exists"}),
    Alteration("one in another schema that somebody writes", "CREATE SCHEMA attic;"
               "CREATE OPERATOR CLASS attic.mine FOR TYPE int USING hash AS OPERATOR 1 ="),
)  # fmt: skip


@parametrize(IMPLICIT)
def test_what_expressions_mean_without_anybody_saying_so(database, case):
    database.alter(case)
    database.expect(case.findings)


@pytest.mark.parametrize(
    ("declared", "findings"),
    [
        (Extension("pg_trgm"), {"extension:pg_trgm:exists"}),
        (Extension("pg_trgm", minimum="1.6", schema="public"), {"extension:pg_trgm:exists"}),
    ],
)
def test_an_extension_that_is_not_there(database, declared, findings):
    database.expect(findings, database.requiring(declared))


def test_every_hint_names_a_declaration_that_there_is():
    for kind, declaration in DECLARATIONS.items():
        if declaration.startswith("DatabaseObject("):
            assert kind in OBJECT_KINDS
