"""A column that the models call by another name keeps its values, as the finding advises."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from conformance import (
    Compression,
    ContinuousAggregate,
    HashPartition,
    Hypertable,
    RowSecurity,
    RowSecurityPolicy,
    Trigger,
    View,
    declare,
)
from conformance.comparing.identifiers import identifier
from conformance.comparing.tokens import quoted
from conformance.mending.plan import plan_for

FIRST = "ALTER TABLE t RENAME COLUMN heat TO warmth"
MADE = (
    "CREATE TABLE t (at timestamptz NOT NULL, heat integer)",
    "SELECT create_hypertable('t', 'at')",
    "INSERT INTO t VALUES ('2024-01-01', 20)",
)


def models(*names):
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("at", DateTime(timezone=True), nullable=False),
        *(Column(name, Integer) for name in names),
        Hypertable("at", chunk_interval="7 days"),
    )
    return metadata


def test_it_is_renamed_and_back(altered):
    altered.run(MADE)
    assert plan_for(altered.compared(models("heat"))).upgrade == ()
    plan = plan_for(altered.compared(models("warmth")))
    assert plan.mended == ("column:t.warmth:exists",)
    assert [step.sql for step in plan.upgrade] == [FIRST]
    altered.run(step.sql for step in plan.upgrade)
    assert plan_for(altered.compared(models("warmth"))).upgrade == ()
    assert altered.rows("SELECT warmth FROM t") == [(20,)]
    altered.run(step.sql for step in plan.downgrade)
    assert plan_for(altered.compared(models("heat"))).upgrade == ()


USED = (
    "CREATE TABLE t (at timestamptz NOT NULL, heat integer, UNIQUE (heat, at))",
    "CREATE INDEX ix_t_heat ON t (heat)",
    "SELECT create_hypertable('t', 'at')",
    "SELECT add_dimension('t', by_hash('heat', 2))",
    "CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS SELECT time_bucket('1 day',"
    " at) AS day, max(heat) AS most FROM t GROUP BY 1 WITH NO DATA",
    "ALTER TABLE t SET (timescaledb.compress, timescaledb.compress_segmentby = 'heat',"
    " timescaledb.compress_orderby = 'at DESC')",
    "INSERT INTO t VALUES ('2024-01-01', 20)",
)


def used(name):
    metadata = MetaData()
    query = f"SELECT time_bucket('1 day', at) AS day, max({name}) AS most FROM t GROUP BY 1"
    Table(
        "t",
        metadata,
        Column("at", DateTime(timezone=True), nullable=False),
        Column(name, Integer, index=True),
        UniqueConstraint(name, "at", name="t_heat_at_key"),
        Hypertable(
            "at",
            chunk_interval="7 days",
            partitions=[HashPartition(name, 2, time_index=False)],
        ),
        Compression(segment_by=name, order_by="at DESC", after=None),
    )
    declare(metadata, ContinuousAggregate(query, name="daily", materialized_only=True))
    return metadata


def test_what_uses_it_follows(altered):
    """Neither the aggregate nor the values are dropped, and the compressed chunks stay so."""
    if not altered.capabilities.community_edition:
        pytest.skip("needs the Community edition")
    altered.run(USED)
    assert plan_for(altered.compared(used("heat"))).upgrade == ()
    found = altered.compared(used("warmth"))
    assert {finding.id for finding in found.findings.values()} == {
        "column:t.warmth:exists",
        "index:t.ix_t_warmth:exists",
    }
    plan = plan_for(found)
    assert [step.sql for step in plan.upgrade] == [
        FIRST,
        "ALTER INDEX ix_t_heat RENAME TO ix_t_warmth",
    ]
    altered.run(step.sql for step in plan.upgrade)
    assert not altered.compared(used("warmth")).findings
    altered.run(step.sql for step in plan.downgrade)
    assert not altered.compared(used("heat")).findings


def test_two_columns_of_a_hypertable_are_renamed(altered):
    if not altered.capabilities.community_edition:
        pytest.skip("needs the Community edition")

    def models_with(at, sensor):
        metadata = MetaData()
        Table(
            "t",
            metadata,
            Column(at, DateTime(timezone=True), nullable=False),
            Column(sensor, Integer, nullable=False),
            UniqueConstraint(sensor, at, name="t_key"),
            Hypertable(at, chunk_interval="7 days", time_index=False),
            Compression(segment_by=sensor, order_by=f"{at} DESC", after=None),
        )
        query = f"SELECT time_bucket('1 day', {at}) AS day, max({sensor}) AS most FROM t GROUP BY 1"
        declare(metadata, ContinuousAggregate(query, name="daily"))
        return metadata

    altered.run(
        [
            "CREATE TABLE t (at timestamptz NOT NULL, sensor integer NOT NULL,"
            " CONSTRAINT t_key UNIQUE (sensor, at))",
            "SELECT create_hypertable('t', 'at', create_default_indexes => false)",
            "ALTER TABLE t SET (timescaledb.compress, timescaledb.compress_segmentby = 'sensor',"
            " timescaledb.compress_orderby = 'at DESC')",
            "CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS SELECT"
            " time_bucket('1 day', at) AS day, max(sensor) AS most FROM t GROUP BY 1 WITH NO DATA",
            "INSERT INTO t VALUES ('2024-01-01', 20)",
            "SELECT compress_chunk(c) FROM show_chunks('t') c",
        ]
    )
    first, then = models_with("at", "sensor"), models_with("time", "device")
    told = altered.compared(then).findings.values()
    assert {finding.id for finding in told} == {"column:t.time:exists", "column:t.device:exists"}
    assert altered.mended(first, then, {"SELECT device FROM t WHERE time > 'epoch'": [(20,)]}) == [
        "ALTER TABLE t RENAME COLUMN at TO time",
        "ALTER TABLE t RENAME COLUMN sensor TO device",
    ]


@pytest.mark.parametrize(
    ("old", "new"), [("price (€)", "höhe, %"), ("b (c)", "b (d)"), ('a "b"', "select")]
)
def test_a_name_that_needs_quotes(altered, old, new):
    def models_with(name):
        metadata = MetaData()
        Table("t", metadata, Column("id", Integer, primary_key=True, autoincrement=False),
              Column(name, Integer), Column("c", Integer), Index("i", name, "c"),
              CheckConstraint(f"{quoted(name)} > 0", name="k"))  # fmt: skip
        return metadata

    altered.run(
        [
            f"CREATE TABLE t (id integer PRIMARY KEY, {quoted(old)} integer"
            f" CONSTRAINT k CHECK ({quoted(old)} > 0), c integer)",
            f"CREATE INDEX i ON t ({quoted(old)}, c)",
        ]
    )
    first, then = models_with(old), models_with(new)
    told = altered.compared(then).findings.values()
    assert [finding.id for finding in told] == [f"column:t.{new}:exists"]
    rename = f"ALTER TABLE t RENAME COLUMN {identifier(old)} TO {identifier(new)}"
    assert altered.mended(first, then, {}) == [rename]


def test_a_column_with_a_default_that_draws_is_renamed(altered):
    """SQLAlchemy writes the default of a second serial column as text."""

    def models_with(name, table="t"):
        metadata = MetaData()
        Table(table, metadata, Column("id", Integer, primary_key=True),
              Column(name, Integer, nullable=False,
                     server_default=text(f"nextval('{table}_{name}_seq'::regclass)")))  # fmt: skip
        return metadata

    altered.run(
        [
            "CREATE TABLE t (id serial PRIMARY KEY, number serial)",
            "INSERT INTO t DEFAULT VALUES",
        ]
    )
    first, then = models_with("number"), models_with("counter")
    assert altered.mended(first, then, {"SELECT counter FROM t": [(1,)]}) == [
        "ALTER TABLE t RENAME COLUMN number TO counter"
    ]
    then = models_with("number", "u")
    assert altered.mended(first, then, {"SELECT number FROM u": [(1,)]}) == [
        "ALTER TABLE t RENAME TO u"
    ]


def test_terms_in_another_order(altered):
    """PostgreSQL prints no order; the comparison puts terms in that of their names."""

    def models_with(name):
        metadata = MetaData()
        Table(
            "t",
            metadata,
            Column("id", Integer, primary_key=True, autoincrement=False),
            Column(name, Integer, CheckConstraint(f"id > 0 AND {name} < 9", name="k")),
            Index("i", "id", postgresql_where=text(f"(id > 0) AND ({name} < 9)")),
        )
        declare(metadata, View(f"SELECT id FROM t WHERE id > 0 AND {name} < 9", name="v"))
        return metadata

    altered.run(
        [
            "CREATE TABLE t (id integer PRIMARY KEY, a integer"
            " CONSTRAINT k CHECK (id > 0 AND a < 9))",
            "CREATE INDEX i ON t (id) WHERE id > 0 AND a < 9",
            "CREATE VIEW v AS SELECT id FROM t WHERE id > 0 AND a < 9",
        ]
    )
    then = models_with("z")
    told = altered.compared(then).findings.values()
    assert [finding.id for finding in told] == ["column:t.z:exists"]
    assert altered.mended(models_with("a"), then, {}) == ["ALTER TABLE t RENAME COLUMN a TO z"]


def test_a_child_table_follows(altered):
    def models_with(name):
        metadata = MetaData()
        Table("t", metadata, Column("id", Integer), Column(name, Integer))
        Table("child", metadata, Column("id", Integer), Column(name, Integer),
              postgresql_inherits="t")  # fmt: skip
        return metadata

    altered.run(["CREATE TABLE t (id integer, heat integer)", "CREATE TABLE child () INHERITS (t)"])
    assert altered.mended(models_with("heat"), models_with("warmth"), {}) == [FIRST]


NAMED = (
    "CREATE TABLE t (at timestamptz NOT NULL, heat integer CONSTRAINT is_warm CHECK (heat > 0),"
    " UNIQUE (at, heat))",
    "SELECT create_hypertable('t', 'at')",
    "COMMENT ON COLUMN t.heat IS 'in degrees'",
    "CREATE INDEX ix_by_hand ON t (heat)",
    "CREATE VIEW by_hand AS SELECT at, heat FROM t",
    "GRANT SELECT (heat), UPDATE (at, heat) ON t TO PUBLIC",
    "INSERT INTO t VALUES ('2024-01-01', 20)",
)


def test_what_nobody_declared_is_dropped_and_the_values_are_kept(altered):
    """Declared are the check and the key, under the new name; not the comment."""
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("at", DateTime(timezone=True), nullable=False),
        Column("warmth", Integer, CheckConstraint("warmth > 0", name="is_warm")),
        UniqueConstraint("at", "warmth", name="t_at_heat_key"),
        Hypertable("at", chunk_interval="7 days"),
    )
    altered.run(NAMED)
    before = altered.compared(metadata)
    assert {finding.id for finding in before.findings.values() if finding.fails} == {
        "column:t.warmth:exists",
        "index:t.ix_by_hand:exists",
        "privilege:t (at).PUBLIC:exists",
        "view:by_hand:exists",
    }
    plan = plan_for(before)
    altered.run(step.sql for step in plan.upgrade)
    assert not altered.compared(metadata).findings
    assert altered.rows("SELECT warmth FROM t") == [(20,)]
    assert altered.rows("SELECT col_description('t'::regclass, 2)") == [("in degrees",)]
    altered.run(step.sql for step in plan.downgrade)
    assert altered.compared(metadata).sides[1] == before.sides[1]


def test_an_index_that_is_left_follows(altered):
    altered.run((*MADE, "CREATE INDEX ix_by_hand ON t (heat)"))
    comparison = altered.compared(models("warmth"))
    plan = plan_for(comparison, wanted=lambda finding: finding.kind == "column")
    assert [step.sql for step in plan.upgrade] == [FIRST]
    assert [step.sql for step in plan.downgrade] == ["ALTER TABLE t RENAME COLUMN warmth TO heat"]


FUNCTION = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"


def doubled(name):
    return [Column("doubled", Integer, Computed(f"{name} * 2", persisted=True))]


def triggered(name):
    condition = f"NEW.{name} > 2"
    return [
        Trigger(
            "tr",
            timing="before",
            events=f"update of id, {name}",
            condition=condition,
            function="f()",
        )
    ]


def policed(name):
    return [RowSecurity(), RowSecurityPolicy("p", using=f"{name} > 2")]


@pytest.mark.parametrize(
    ("statements", "declared", "more"),
    [
        (
            ["ALTER TABLE t ADD doubled integer GENERATED ALWAYS AS (heat * 2) STORED"],
            doubled,
            [],
        ),
        (
            [
                FUNCTION,
                "CREATE TRIGGER tr BEFORE UPDATE OF heat, id ON t FOR EACH ROW WHEN (NEW.heat > 2)"
                " EXECUTE FUNCTION f()",
            ],
            triggered,
            [
                "DROP TRIGGER tr ON t",
                "CREATE TRIGGER tr BEFORE UPDATE OF id, warmth ON t FOR EACH ROW"
                " WHEN (NEW.warmth > 2) EXECUTE FUNCTION f()",
            ],
        ),
        (
            ["ALTER TABLE t ENABLE ROW LEVEL SECURITY", "CREATE POLICY p ON t USING (heat > 2)"],
            policed,
            [],
        ),
        (
            ["CREATE VIEW v AS SELECT id, heat FROM t"],
            lambda name: [View(f"SELECT id, {name} FROM t", name="v")],
            ["ALTER TABLE v RENAME COLUMN heat TO warmth"],
        ),
        (
            ["CREATE VIEW v AS SELECT id, heat AS h FROM t"],
            lambda name: [View(f"SELECT id, {name} AS h FROM t", name="v")],
            [],
        ),
        (
            ["CREATE VIEW v AS SELECT id, heat FROM t"],
            lambda name: [View(f"SELECT id, {name} AS heat FROM t", name="v")],
            [],
        ),
        (
            ["CREATE VIEW v AS SELECT max(heat) AS heat FROM t"],
            lambda name: [View(f"SELECT max({name}) AS heat FROM t", name="v")],
            [],
        ),
        (
            ["CREATE VIEW v AS SELECT heat FROM other"],
            lambda _: [View("SELECT heat FROM other", name="v")],
            [],
        ),
        (
            ["CREATE VIEW v AS SELECT t.heat + other.heat AS sum FROM t CROSS JOIN other"],
            lambda name: [
                View(f"SELECT t.{name} + other.heat AS sum FROM t CROSS JOIN other", name="v")
            ],
            [],
        ),
    ],
    ids=[
        "generated",
        "trigger",
        "row security",
        "view",
        "alias",
        "alias of the old name",
        "function under the old name",
        "another table",
        "both tables",
    ],
)
def test_what_reads_it_follows(altered, statements, declared, more):
    def models_with(name):
        metadata = MetaData()
        parts = declared(name)
        views = [part for part in parts if isinstance(part, View)]
        Table(
            "t",
            metadata,
            Column("id", Integer, primary_key=True, autoincrement=False),
            Column(name, Integer),
            *(part for part in parts if part not in views),
        )
        Table("other", metadata, Column("heat", Integer))
        declare(metadata, *views)
        return metadata

    altered.run(
        [
            "CREATE TABLE t (id integer PRIMARY KEY, heat integer)",
            "CREATE TABLE other (heat integer)",
            *statements,
        ]
    )
    told = altered.compared(models_with("warmth")).findings.values()
    assert "view:v:definition" not in {finding.id for finding in told}
    assert altered.mended(models_with("heat"), models_with("warmth"), {}) == [FIRST, *more]


@pytest.mark.parametrize(
    ("query", "old"),
    [
        ("SELECT date({0}) AS day, {0}::date AS date, 'date' AS word FROM t", "date"),
        ('SELECT {0}::timestamp with time zone AS "time" FROM t', "time"),
        ("SELECT t.{0} + r.id AS sum FROM t CROSS JOIN t r", "r1"),
        ("SELECT a.most FROM (SELECT max({0}) AS most, id FROM t GROUP BY id) a", "max"),
    ],
)
def test_a_view_keeps_what_is_called_like_the_column(altered, query, old):
    def models_with(name):
        metadata = MetaData()
        Table(
            "t",
            metadata,
            Column("id", Integer, primary_key=True, autoincrement=False),
            Column(name, Integer if old in ("r1", "max") else DateTime(timezone=True)),
        )
        declare(metadata, View(query.format(quoted(name)), name="v"))
        return metadata

    kind = "integer" if old in ("r1", "max") else "timestamptz"
    altered.run(
        [
            f"CREATE TABLE t (id integer PRIMARY KEY, {quoted(old)} {kind})",
            f"CREATE VIEW v AS {query.format(quoted(old))}",
        ]
    )
    rename = f"ALTER TABLE t RENAME COLUMN {identifier(old)} TO at"
    assert altered.mended(models_with(old), models_with("at"), {}) == [rename]


def test_a_view_is_made_again_by_its_declared_text(altered):
    def models_with(name, kind):
        metadata = MetaData()
        Table("t", metadata, Column("id", Integer, primary_key=True, autoincrement=False),
              Column(name, Integer), Column("other", kind))  # fmt: skip
        Table("u", metadata, Column("heat", Integer))
        query = f"SELECT t.{name} + o.heat AS heat, other FROM t CROSS JOIN u o"
        declare(metadata, View(query, name="v"))
        return metadata

    altered.run(
        [
            "CREATE TABLE t (id integer PRIMARY KEY, heat integer, other integer)",
            "CREATE TABLE u (heat integer)",
            "CREATE VIEW v AS SELECT t.heat + o.heat AS heat, other FROM t CROSS JOIN u o",
        ]
    )
    first, then = models_with("heat", Integer), models_with("warmth", BigInteger)
    statements = altered.mended(first, then, {})
    assert statements[0] == FIRST
    made = [statement for statement in statements if "VIEW v AS" in statement]
    assert [statement.splitlines()[-1] for statement in made] == [
        "SELECT t.warmth + o.heat AS heat, other FROM t CROSS JOIN u o"
    ]


SUMMED = (
    "CREATE TABLE t (at timestamptz NOT NULL, heat integer)",
    "SELECT create_hypertable('t', 'at')",
    "INSERT INTO t VALUES ('2024-01-01', 20)",
    "CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS SELECT time_bucket('1 day',"
    " at) AS day, sum(heat) AS heat FROM t GROUP BY 1 WITH NO DATA",
    "CREATE MATERIALIZED VIEW weekly WITH (timescaledb.continuous) AS SELECT time_bucket('7 days',"
    " day) AS week, sum(heat) AS heat FROM daily GROUP BY 1 WITH NO DATA",
    "CALL refresh_continuous_aggregate('daily', NULL, NULL)",
)


def summed(name):
    metadata = models(name)
    declare(
        metadata,
        ContinuousAggregate(
            f"SELECT time_bucket('1 day', at) AS day, sum({name}) AS heat FROM t GROUP BY 1",
            name="daily",
        ),
        ContinuousAggregate(
            "SELECT time_bucket('7 days', day) AS week, sum(heat) AS heat FROM daily GROUP BY 1",
            name="weekly",
        ),
    )
    return metadata


def test_aggregates_keep_a_column_of_the_old_name(altered):
    if not altered.capabilities.community_edition:
        pytest.skip("needs the Community edition")
    altered.run(SUMMED)
    told = altered.compared(summed("warmth")).findings.values()
    assert [finding.id for finding in told] == ["column:t.warmth:exists"]
    rows = {"SELECT heat FROM daily": [(20,)]}
    assert altered.mended(summed("heat"), summed("warmth"), rows) == [FIRST]


GROUPED = (
    "CREATE TABLE t (at timestamptz NOT NULL, heat integer)",
    "SELECT create_hypertable('t', 'at')",
    "INSERT INTO t VALUES ('2024-01-01', 20)",
    "CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS SELECT time_bucket('1 day',"
    " at) AS day, heat, count(*) AS rows FROM t GROUP BY 1, 2 WITH NO DATA",
    "CALL refresh_continuous_aggregate('daily', NULL, NULL)",
)


def test_an_aggregate_keeps_its_rows(altered):
    """Its own column, which has the name of the renamed one, is renamed as well."""
    if not altered.capabilities.community_edition:
        pytest.skip("needs the Community edition")

    def grouped(name):
        metadata = models(name)
        query = (
            f"SELECT time_bucket('1 day', at) AS day, {name}, count(*) AS rows FROM t GROUP BY 1, 2"
        )
        declare(metadata, ContinuousAggregate(query, name="daily", materialized_only=True))
        return metadata

    altered.run(GROUPED)
    altered.mended(
        grouped("heat"), grouped("warmth"), {"SELECT warmth, rows FROM daily": [(20, 1)]}
    )
    assert altered.rows("SELECT heat, rows FROM daily") == [(20, 1)]
