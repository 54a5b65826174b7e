"""Types: the labels of enums, in the order that comparisons go by, and owners."""

from __future__ import annotations

from copy import copy

import pytest
from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Enum,
    ForeignKeyConstraint,
    Index,
    Integer,
    Interval,
    MetaData,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE, ExcludeConstraint
from sqlalchemy.types import UserDefinedType

from conformance.declarations import (
    DatabaseObject,
    Owner,
    RowSecurity,
    RowSecurityPolicy,
    Trigger,
    View,
)
from conformance.mending.revision import upgrade_body

from .cases import Alteration, parametrize
from .mending import prove

LABELS = "type:side:labels"
OWNER = "owner_of_a_test"
ROLE = f"CREATE ROLE {OWNER};"


def _orders(*labels: str) -> MetaData:
    """A table that uses an enum type, once in an array."""
    metadata = MetaData()
    side = Enum(*labels, name="side")
    Table(
        "orders",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("side", side),
        Column("sides", ARRAY(side)),
    )
    return metadata


CASES = (
    Alteration("nothing", "SELECT 1"),
    Alteration("label added", "ALTER TYPE side ADD VALUE 'short'", {LABELS}),
    Alteration("label added in front", "ALTER TYPE side ADD VALUE 'a' BEFORE 'buy'", {LABELS}),
    Alteration("label renamed", "ALTER TYPE side RENAME VALUE 'buy' TO 'BUY'", {LABELS}),
    Alteration(
        "label missing",
        "ALTER TYPE side RENAME TO old; CREATE TYPE side AS ENUM ('buy');"
        "ALTER TABLE orders DROP side, DROP sides;"
        "ALTER TABLE orders ADD side side, ADD sides side[]",
        {LABELS},
    ),
    Alteration(
        "labels in another order",
        "ALTER TYPE side RENAME TO old; CREATE TYPE side AS ENUM ('sell', 'buy');"
        "ALTER TABLE orders DROP side, DROP sides;"
        "ALTER TABLE orders ADD side side, ADD sides side[]",
        {LABELS},
    ),
    Alteration(
        "renamed",
        "ALTER TYPE side RENAME TO direction",
        {
            "type:side:exists",
            "type:direction:exists",
            "column:orders.side:type",
            "column:orders.sides:type",
        },
    ),
    Alteration(
        "text in its place",
        "ALTER TABLE orders ALTER side TYPE text, ALTER sides TYPE text[]; DROP TYPE side",
        {"type:side:exists", "column:orders.side:type", "column:orders.sides:type"},
    ),
    Alteration(
        "undeclared",
        "CREATE TYPE colour AS ENUM ('red'); ALTER TABLE orders ADD colour colour",
        {"type:colour:exists", "column:orders.colour:exists"},
    ),
    Alteration(
        "text in place of a type that stays",
        "ALTER TABLE orders ALTER side TYPE text, ALTER sides TYPE text[]",
        {"column:orders.side:type", "column:orders.sides:type"},
    ),
    Alteration("of a table that is gone", "DROP TABLE orders", {"table:orders:exists"}),
    Alteration(
        "of columns that are gone",
        "ALTER TABLE orders DROP side, DROP sides",
        {"column:orders.side:exists", "column:orders.sides:exists"},
    ),
    Alteration(
        "label added to a type that no column uses",
        "ALTER TABLE orders DROP side, DROP sides; ALTER TYPE side ADD VALUE 'short'",
        {LABELS, "column:orders.side:exists", "column:orders.sides:exists"},
    ),
    Alteration("unused", "CREATE TYPE colour AS ENUM ('red')"),
    Alteration("another owner", f"{ROLE} ALTER TYPE side OWNER TO {OWNER}", {"type:side:owner"}),
    Alteration(
        "another owner of all",
        f"{ROLE} ALTER TYPE side OWNER TO {OWNER}; ALTER TABLE orders OWNER TO {OWNER}",
    ),
    Alteration(
        "another owner of what is not declared",
        f"{ROLE} CREATE TYPE pair AS (x int); ALTER TYPE pair OWNER TO {OWNER};"
        f"CREATE TYPE colour AS ENUM ('red'); ALTER TYPE colour OWNER TO {OWNER}",
    ),
)


@parametrize(CASES)
def test_alteration(bare_database, case):
    metadata = _orders("buy", "sell")
    metadata.create_all(bare_database.connection)
    bare_database.alter(case)
    bare_database.expect(case.findings, metadata)


@pytest.mark.parametrize(
    "labels", [("buy",), ("sell", "buy"), ("buy", "sell", "short"), ("BUY", "SELL")]
)
def test_model_edit(bare_database, labels):
    _orders("buy", "sell").create_all(bare_database.connection)
    bare_database.expect({LABELS}, _orders(*labels))


def test_a_used_type_is_listed_once(bare_database):
    """And not as unused, too."""
    metadata = _orders("buy", "sell")
    metadata.create_all(bare_database.connection)
    comparison = bare_database.compare(metadata)
    assert comparison.accounted["type"] == 1
    assert "unused_type" not in comparison.accounted
    assert not comparison.seen


@pytest.mark.parametrize(
    ("declared", "findings"),
    [
        ([], {"type:side:owner"}),
        ([Owner("postgres")], {"type:side:owner"}),
        ([Owner("postgres"), Owner(OWNER, tables=["side"])], set()),
        ([Owner(OWNER)], {"table:orders:owner"}),
    ],
)
def test_a_declared_owner(bare_database, declared, findings):
    metadata = _orders("buy", "sell")
    metadata.create_all(bare_database.connection)
    for item in declared:
        item.require(metadata)
    bare_database.execute(f"{ROLE} ALTER TYPE side OWNER TO {OWNER}")
    bare_database.expect(findings, metadata)


def test_the_owner_of_a_type_elsewhere_is_not_compared_with_that_of_the_tables(bare_database):
    metadata = MetaData()
    mood = Enum("good", "bad", name="mood", schema="shared")
    Table("days", metadata, Column("id", Integer), Column("mood", mood))
    bare_database.execute(
        f"{ROLE} CREATE SCHEMA shared; CREATE TYPE shared.mood AS ENUM ('good', 'bad');"
        f"ALTER TYPE shared.mood OWNER TO {OWNER}; CREATE TABLE days (id int, mood shared.mood)"
    )
    bare_database.expect((), metadata)


@pytest.mark.parametrize(
    ("kind", "definition", "made"),
    [
        ("composite_type", "x integer", "(x int)"),
        ("range_type", "of integer", "RANGE (subtype = int)"),
    ],
)
def test_the_owner_of_a_declared_type(bare_database, kind, definition, made):
    metadata = _orders("buy", "sell")
    metadata.create_all(bare_database.connection)
    bare_database.execute(f"{ROLE} CREATE TYPE pair AS {made}")
    bare_database.execute(f"ALTER TYPE pair OWNER TO {OWNER}")
    # As long as nobody declares it, it may be anybody's.
    bare_database.expect((), metadata)
    DatabaseObject(kind, "pair", definition).require(metadata)
    bare_database.expect({f"{kind}:pair:owner"}, metadata)
    assert prove(bare_database, metadata).mended


@pytest.mark.parametrize(
    ("made", "attribute"), [("CREATE TYPE pair AS (x text)", "definition"), ("SELECT 1", "exists")]
)
def test_another_composite_type_is_left_to_a_person(bare_database, made, attribute):
    metadata = _orders("buy", "sell")
    metadata.create_all(bare_database.connection)
    DatabaseObject("composite type", "pair", "x integer").require(metadata)
    bare_database.execute(made)
    outcome = prove(bare_database, metadata)
    assert outcome.left == [item.id for item in outcome.plan.unmended]
    assert outcome.left == [f"composite_type:pair:{attribute}"]
    assert "by hand" in outcome.plan.unmended[0].reason


def test_the_message_says_who_owns_the_tables(bare_database):
    metadata = _orders("buy", "sell")
    metadata.create_all(bare_database.connection)
    bare_database.execute(f"{ROLE} ALTER TYPE side OWNER TO {OWNER}")
    (finding,) = bare_database.compare(metadata).findings.values()
    assert finding.message == (
        f"enum type side: owner is {OWNER} (of most: postgres), the models declare one owner for"
        " all tables, views and types"
    )


@pytest.mark.parametrize("selected", ["side", "id"])
def test_a_view_that_reads_the_column_is_made_again(bare_database, selected):
    """PostgreSQL alters the type of no column that a view reads; others stay as they are."""
    metadata = _orders("buy", "sell")
    View(f"SELECT {selected} FROM orders", name="orders_seen").require(metadata)
    _orders("buy", "hold", "sell").create_all(bare_database.connection)
    bare_database.execute(f"CREATE VIEW orders_seen AS SELECT {selected} FROM orders")
    bare_database.expect({LABELS}, metadata)
    outcome = prove(bare_database, metadata)
    assert outcome.mended, outcome.left
    assert outcome.changed == []
    assert ("orders_seen" in upgrade_body(outcome.plan)) is (selected == "side")


USES = (
    "CREATE INDEX i ON orders (id) WHERE side <> 'sell'",
    "CREATE INDEX i ON orders ((side = 'sell'))",
    "CREATE UNIQUE INDEX i ON orders (side)",
    "ALTER TABLE orders ADD CONSTRAINT i CHECK (side <> 'sell' OR id > 0)",
    "ALTER TABLE orders ADD CONSTRAINT i EXCLUDE (id WITH =) WHERE (side = 'sell')",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
    "CREATE TRIGGER i BEFORE UPDATE OF side ON orders FOR EACH ROW EXECUTE FUNCTION f()",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
    "CREATE TRIGGER i BEFORE INSERT ON orders FOR EACH ROW WHEN (NEW.side = 'sell')"
    " EXECUTE FUNCTION f()",
    "ALTER TABLE orders ENABLE ROW LEVEL SECURITY;CREATE POLICY i ON orders USING (side = 'sell')",
)
#: What says the same of the table as each of `USES`.
DECLARED = (
    Index("i", "id", postgresql_where=text("side <> 'sell'")),
    Index("i", text("(side = 'sell')")),
    Index("i", "side", unique=True),
    CheckConstraint("side <> 'sell' OR id > 0", name="i"),
    ExcludeConstraint(("id", "="), name="i", where=text("side = 'sell'"), using="btree"),
    Trigger("i", timing="before", events="update of side", function="f()"),
    Trigger("i", timing="before", events="insert", condition="NEW.side = 'sell'", function="f()"),
    RowSecurityPolicy("i", using="side = 'sell'"),
)


@pytest.mark.parametrize(("sql", "declared"), [*zip(USES, DECLARED, strict=True)])
def test_what_compares_with_a_label_is_made_again(bare_database, sql, declared):
    """PostgreSQL knows no operator for the old type and the new one."""
    metadata = _orders("buy", "sell")
    metadata.create_all(bare_database.connection)
    more = [RowSecurity()] if isinstance(declared, RowSecurityPolicy) else []
    Table("orders", metadata, copy(declared), *more, extend_existing=True)
    bare_database.execute(sql)
    bare_database.expect((), metadata)
    bare_database.execute("INSERT INTO orders VALUES (1, 'sell', '{}')")
    bare_database.execute("ALTER TYPE side ADD VALUE 'short'")
    bare_database.expect({LABELS}, metadata)
    outcome = prove(bare_database, metadata)
    assert outcome.mended, outcome.left
    assert outcome.changed == []


def test_a_trigger_or_policy_of_a_column_with_another_type_is_made_again(bare_database):
    metadata = MetaData()
    Table(
        "orders",
        metadata,
        Column("id", BigInteger),
        Column("day", Integer),
        Trigger("t", timing="before", events="update of id", function="f()"),
        RowSecurity(),
        RowSecurityPolicy("p", using="id > 0"),
    )
    bare_database.execute(
        "CREATE TABLE orders (id int, day int); ALTER TABLE orders ENABLE ROW LEVEL SECURITY;"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER t BEFORE UPDATE OF id ON orders FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE POLICY p ON orders USING (id > 0)"
    )
    bare_database.expect({"column:orders.id:type"}, metadata)
    outcome = prove(bare_database, metadata)
    assert outcome.mended, outcome.left
    assert outcome.changed == []


class Unit(UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **_):
        return "unit"


ABSENT = """
CREATE TYPE unit AS (symbol text, factor integer);
CREATE COLLATION sorted (provider = libc, locale = 'C');
CREATE TABLE sites (id int PRIMARY KEY, unit unit, name text COLLATE sorted);
CREATE TABLE probes (
    id int PRIMARY KEY, note text, CONSTRAINT fk_site FOREIGN KEY (id) REFERENCES sites);
CREATE VIEW names AS SELECT name FROM sites;
CREATE VIEW further AS SELECT name FROM names;
"""
BY_HAND = {"composite_type:unit:exists", "collation:sorted:exists"}


def _absent() -> MetaData:
    metadata = MetaData()
    number = Column("id", Integer, primary_key=True, autoincrement=False)
    Table("sites", metadata, number, Column("unit", Unit), Column("name", Text(collation="sorted")))
    Table("probes", metadata, number._copy(), Column("note", Text),
          ForeignKeyConstraint(["id"], ["sites.id"], name="fk_site"))  # fmt: skip
    View("SELECT name FROM sites", name="names").require(metadata)
    View("SELECT name FROM names", name="further").require(metadata)
    DatabaseObject("composite_type", "unit").require(metadata)
    DatabaseObject("collation", "sorted").require(metadata)
    return metadata


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        ("SELECT 1", set()),
        (
            "ALTER TYPE unit RENAME TO units",
            {"composite_type:unit:exists", "column:sites.unit:type"},
        ),
        (
            "ALTER COLLATION sorted RENAME TO other",
            {"collation:sorted:exists", "column:sites.name:collation"},
        ),
        (
            "DROP TABLE sites CASCADE; DROP TYPE unit; DROP COLLATION sorted",
            {
                *BY_HAND, "table:sites:exists",
                "view:names:exists", "view:further:exists",
            },
        ),
    ],
)  # fmt: skip
def test_what_needs_a_missing_type_or_collation_is_left_to_a_person(bare_database, sql, left):
    """Facts do not say how it is made; the rest of the revision runs."""
    bare_database.execute(ABSENT)
    bare_database.execute(f"{sql}; ALTER TABLE probes ALTER note TYPE varchar")
    outcome = prove(bare_database, _absent())
    assert set(outcome.plan.mended) == {"column:probes.note:type"}
    assert {item.id for item in outcome.plan.unmended} == left
    assert (set(outcome.left), outcome.changed) == (left, [])


def test_a_missing_type_of_a_column_whose_name_is_in_another_word(bare_database):
    """The check of another column can be compared without the missing type."""
    metadata = MetaData()
    check = CheckConstraint("outside IN ('left', 'right')", name="ck_outside")
    side = Column("side", Enum("buy", "sell", name="direction"))
    Table("orders", metadata, Column("outside", Text), side, check)
    bare_database.execute(
        "CREATE TYPE side AS ENUM ('buy', 'sell'); CREATE TABLE orders (outside text"
        " CONSTRAINT ck_outside CHECK (outside IN ('left', 'right')), side side)"
    )
    kept = {"type:direction:exists", "type:side:exists", "column:orders.side:type"}
    bare_database.expect(kept, metadata)


@pytest.mark.parametrize(
    ("declared", "type_", "value"),
    [
        (INT4MULTIRANGE, "int8multirange", "{[1,5)}"),
        (Integer, "uuid", None),
        (ARRAY(Integer), "integer", None),
        (Interval, "integer", None),
        (DateTime(timezone=True), "date", "2024-01-01"),
        (Numeric(9, 2), "double precision", "2.5"),
        (Integer, "double precision", "2.5"),
    ],
)
def test_a_type_without_a_cast_to_the_declared_one(bare_database, declared, type_, value):
    metadata = MetaData()
    Table("t", metadata, Column("a", declared))
    bare_database.execute(f"CREATE TABLE t (a {type_})")
    if value is not None:
        bare_database.execute(f"INSERT INTO t VALUES ('{value}')")
    outcome = prove(bare_database, metadata)
    assert (outcome.mended, outcome.changed) == (True, [])


def test_an_enum_type_in_another_schema(bare_database):
    metadata = MetaData()
    side = Enum("buy", "sell", name="side", schema="public")
    Table("orders", metadata, Column("side", side, server_default="buy"),
          Index("ix_buy", "side", postgresql_where=text("side = 'buy'")))  # fmt: skip
    metadata.create_all(bare_database.connection)
    bare_database.execute("INSERT INTO orders VALUES ('sell'); CREATE SCHEMA elsewhere;"
                          " ALTER TYPE side SET SCHEMA elsewhere")  # fmt: skip
    outcome = prove(bare_database, metadata)
    # The type itself is in a schema that is not read.
    assert {item.id for item in outcome.plan.unmended} == {"type:elsewhere.side:exists"}
    assert (outcome.left, outcome.changed) == ([], [])
