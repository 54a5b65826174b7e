"""Views and materialized views: their queries, and undeclared views."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    literal_column,
    select,
)

from conformance.declarations import Hypertable, MaterializedView, View, include_object

from .cases import Alteration, parametrize
from .mending import prove

MAKE = """
CREATE TABLE sites (id int PRIMARY KEY, name text NOT NULL, region text);
CREATE TABLE visits (site int NOT NULL, at timestamptz NOT NULL, cost float, "Full Name" text);
CREATE VIEW latest AS SELECT site, max(at) AS at FROM visits GROUP BY site;
CREATE MATERIALIZED VIEW costs AS
    SELECT s.name, sum(v.cost) AS cost FROM visits v JOIN sites s ON s.id = v.site
    WHERE s.region IN ('north', 'south') GROUP BY s.name;
CREATE UNIQUE INDEX ix_costs_name ON costs (name);
CREATE VIEW northern WITH (security_barrier) AS
    SELECT id, name, now() AS seen FROM sites WHERE region = 'north';
CREATE VIEW ranked AS SELECT l.site, n.name FROM latest l JOIN northern n ON n.id = l.site;
"""


def models() -> MetaData:
    metadata = MetaData()
    sites = Table(
        "sites",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("name", Text, nullable=False),
        Column("region", Text),
    )
    visits = Table(
        "visits",
        metadata,
        Column("site", Integer, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("cost", Double),
        Column("Full Name", Text),
    )
    latest = Table(
        "latest",
        metadata,
        Column("site", Integer, primary_key=True),
        Column("at", DateTime(timezone=True)),
        View(
            select(visits.c.site, func.max(visits.c.at).label("at")).group_by(visits.c.site),
        ),
    )
    costs = (
        select(sites.c.name, func.sum(visits.c.cost).label("cost"))
        .join_from(visits, sites, sites.c.id == visits.c.site)
        .where(sites.c.region.in_(["south", "north"]))
        .group_by(sites.c.name)
    )
    MaterializedView(costs, Index("ix_costs_name", "name", unique=True), name="costs").require(
        metadata
    )
    seen = literal_column("CURRENT_TIMESTAMP").label("seen")
    northern = select(sites.c.id, sites.c.name, seen).where(sites.c.region == "north")
    View(northern, name="northern", security_barrier=True).require(metadata)
    View(
        "SELECT l.site, n.name FROM public.latest l JOIN public.northern n ON l.site = n.id;",
        name="ranked",
    ).require(metadata)
    assert latest.primary_key.columns
    return metadata


ALTERATIONS = (
    Alteration("a view dropped", "DROP VIEW ranked", {"view:ranked:exists"}),
    Alteration(
        "without children",
        "CREATE OR REPLACE VIEW latest AS SELECT site, max(at) AS at FROM ONLY visits"
        " GROUP BY site",
        {"view:latest:definition"},
    ),
    Alteration(
        "a default of its own",
        "ALTER VIEW ranked ALTER site SET DEFAULT 7",
        {"view:ranked:options"},
    ),
    Alteration(
        "another owner",
        "CREATE ROLE another_of_a_test; ALTER VIEW ranked OWNER TO another_of_a_test",
        {"view:ranked:owner"},
    ),
    Alteration(
        "another owner of what is materialized",
        "CREATE ROLE another_of_a_test;"
        "ALTER MATERIALIZED VIEW costs OWNER TO another_of_a_test",
        {"materialized_view:costs:owner"},
    ),
    Alteration(
        "a materialized view dropped",
        "DROP MATERIALIZED VIEW costs",
        {"materialized_view:costs:exists"},
    ),
    Alteration(
        "a view renamed, with its privileges",
        "ALTER VIEW ranked RENAME TO ranking; GRANT SELECT ON ranking TO PUBLIC",
        {"view:ranked:exists"},
    ),
    Alteration(
        "a materialized view renamed",
        "ALTER MATERIALIZED VIEW costs RENAME TO expenses",
        {"materialized_view:costs:exists"},
    ),
    Alteration(
        "a view in place of a materialized one of another name",
        "DO $$ BEGIN EXECUTE 'CREATE VIEW expenses AS '"
        " || pg_get_viewdef('costs'::regclass); END $$; DROP MATERIALIZED VIEW costs",
        {"materialized_view:costs:exists", "view:expenses:exists"},
    ),
    Alteration("a view more", "CREATE VIEW total AS SELECT 1 AS n", {"view:total:exists"}),
    Alteration(
        "a materialized view more",
        "CREATE MATERIALIZED VIEW total AS SELECT count(*) FROM visits;"
        "CREATE INDEX ON total (count)",
        {"materialized_view:total:exists"},
    ),
    Alteration(
        "another query",
        "CREATE OR REPLACE VIEW latest AS SELECT site, min(at) AS at FROM visits GROUP BY site",
        {"view:latest:definition"},
    ),
    Alteration(
        "a column more",
        "CREATE OR REPLACE VIEW latest AS SELECT site, max(at) AS at, count(*) FROM visits"
        " GROUP BY site",
        {"view:latest:definition"},
    ),
    Alteration(
        "a column renamed",
        "ALTER VIEW ranked RENAME COLUMN name TO label",
        {"view:ranked:definition"},
    ),
    Alteration(
        "another condition",
        "CREATE OR REPLACE VIEW northern WITH (security_barrier) AS"
        " SELECT id, name, now() AS seen FROM sites WHERE region <> 'north'",
        {"view:northern:definition"},
    ),
    Alteration(
        "another join",
        "CREATE OR REPLACE VIEW ranked AS"
        " SELECT l.site, n.name FROM latest l LEFT JOIN northern n ON n.id = l.site",
        {"view:ranked:definition"},
    ),
    Alteration(
        "a table of the same name and shape in another schema",
        "CREATE SCHEMA attic; CREATE TABLE attic.visits (LIKE visits);"
        "CREATE OR REPLACE VIEW latest AS"
        " SELECT site, max(at) AS at FROM attic.visits GROUP BY site",
        {"view:latest:definition"},
    ),
    Alteration(
        "no barrier", "ALTER VIEW northern RESET (security_barrier)", {"view:northern:options"}
    ),
    Alteration(
        "a barrier that is off", "ALTER VIEW northern SET (security_barrier = f)",
        {"view:northern:options"},
    ),
    Alteration(
        "the rights of the reader", "ALTER VIEW latest SET (security_invoker = on)",
        {"view:latest:options"},
    ),
    Alteration(
        "a check option",
        "ALTER VIEW northern SET (check_option = local)",
        {"view:northern:options"},
    ),
    Alteration(
        "a materialized view of another query",
        "DROP MATERIALIZED VIEW costs; CREATE MATERIALIZED VIEW costs AS"
        " SELECT s.name, sum(v.cost) AS cost FROM visits v JOIN sites s ON s.id = v.site"
        " WHERE s.region IN ('north', 'west') GROUP BY s.name;"
        "CREATE UNIQUE INDEX ix_costs_name ON costs (name)",
        {"materialized_view:costs:definition"},
    ),
    Alteration(
        "a materialized view without its index",
        "DROP INDEX ix_costs_name",
        {"index:costs.ix_costs_name:exists"},
    ),
    Alteration(
        "a materialized view with another index",
        "CREATE INDEX by_cost ON costs (cost DESC)",
        {"index:costs.by_cost:exists"},
    ),
    Alteration(
        "a table in its place",
        "DROP VIEW ranked, latest; CREATE TABLE latest (site int, at timestamptz);"
        "CREATE VIEW ranked AS SELECT l.site, n.name FROM latest l, northern n WHERE n.id = l.site",
        {"table:latest:exists"},
    ),
    Alteration(
        "a view in place of a materialized one",
        "DROP MATERIALIZED VIEW costs; CREATE VIEW costs AS SELECT name, 1 AS cost FROM sites",
        {"view:costs:exists"},
    ),
    Alteration(
        "a view in place of a table",
        "DROP VIEW ranked, latest; DROP MATERIALIZED VIEW costs; DROP TABLE visits;"
        "CREATE VIEW visits AS SELECT 1 AS site",
        {
            "table:visits:exists", "view:ranked:exists", "view:latest:exists",
            "materialized_view:costs:exists",
        },
    ),
    Alteration(
        "a trigger on a view",
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER kept INSTEAD OF INSERT ON latest FOR EACH ROW EXECUTE FUNCTION keep()",
        {"trigger:latest.kept:exists"},
    ),
    Alteration(
        "a rule on a view",
        "CREATE RULE swallow AS ON INSERT TO latest DO INSTEAD NOTHING",
        {"rule:latest.swallow:exists"},
    ),
)  # fmt: skip

HARMLESS = (
    Alteration("as declared", "SELECT 1"),
    Alteration(
        "in other words",
        "CREATE OR REPLACE VIEW latest AS"
        ' SELECT v."site", max(v.at) AS "at" FROM public.visits AS v GROUP BY 1;'
        "CREATE OR REPLACE VIEW ranked AS SELECT a.site, b.name FROM latest a, northern b"
        " WHERE b.id = a.site",
    ),
    Alteration(
        "with rows", "INSERT INTO sites SELECT n, n FROM generate_series(1, 5000) n; ANALYZE"
    ),
    Alteration("refreshed", "REFRESH MATERIALIZED VIEW costs"),
    Alteration("a switch in other words", "ALTER VIEW northern SET (security_barrier = on)"),
    Alteration("a switch as a number", "ALTER VIEW northern SET (security_barrier = 1)"),
    Alteration(
        "switches that are off anyway",
        "ALTER VIEW latest SET (security_barrier = no, security_invoker = false)",
    ),
    Alteration("comments", "COMMENT ON VIEW latest IS 'last'; COMMENT ON COLUMN latest.at IS 'at'"),
    Alteration(
        "a view of another schema", "CREATE SCHEMA attic; CREATE VIEW attic.latest AS SELECT 1 AS a"
    ),
)


@parametrize(ALTERATIONS)
def test_alteration(made, case):
    made.alter(case)
    made.expect(case.findings)


@parametrize(HARMLESS)
def test_harmless(made, case):
    made.alter(case)
    made.expect(case.findings)


@parametrize(
    (
        Alteration("a view", "CREATE VIEW last AS SELECT * FROM market_data", {"view:last:exists"}),
        Alteration(
            "a materialized view",
            "CREATE MATERIALIZED VIEW last AS SELECT * FROM market_data",
            {"materialized_view:last:exists"},
        ),
    )
)
def test_none_is_declared(database, case):
    database.alter(case)
    (finding,) = database.compare().findings.values()
    assert {finding.id} == case.findings
    assert "View(...) in __table_args__ of its mapped class" in finding.hint


def test_a_class_that_is_declared_a_table(bare_database):
    """The hint says how to declare what is there."""
    metadata = MetaData()
    Table("latest", metadata, Column("site", Integer, primary_key=True))
    bare_database.execute("CREATE VIEW latest AS SELECT 1 AS site")
    (finding,) = bare_database.compare(metadata).findings.values()
    assert finding.id == "table:latest:exists"
    assert finding.message == (
        "table latest: is a view in the database, the models declare a table"
    )
    assert "Declare the view with View(...) in __table_args__" in finding.hint


@pytest.mark.usefixtures("community_edition")
def test_a_class_of_a_continuous_aggregate_that_is_declared_a_table(bare_database):
    """One finding, though nothing declares the aggregate, and one hint, which can be followed."""
    metadata = MetaData()
    at = Column("at", DateTime(timezone=True), primary_key=True)
    Table("flows", metadata, at, Hypertable("at", chunk_interval="7 days"))
    Table("flow_per_day", metadata, Column("day", DateTime(timezone=True), primary_key=True))
    bare_database.execute(
        "CREATE TABLE flows (at timestamptz PRIMARY KEY);"
        "SELECT create_hypertable('flows', by_range('at', INTERVAL '7 days'));"
        "CREATE MATERIALIZED VIEW flow_per_day WITH (timescaledb.continuous) AS"
        " SELECT time_bucket('1 day', at) AS day FROM flows GROUP BY 1 WITH NO DATA"
    )
    (finding,) = bare_database.compare(metadata).findings.values()
    assert finding.id == "table:flow_per_day:exists"
    assert finding.message == (
        "table flow_per_day: is a continuous aggregate in the database, the models declare a table"
    )
    assert "Declare the continuous aggregate with ContinuousAggregate(...)" in finding.hint


def test_a_class_that_reads_another_type(bare_database):
    metadata = MetaData()
    Table("latest", metadata, Column("site", Text, primary_key=True), View())
    bare_database.execute("CREATE VIEW latest AS SELECT 1 AS site, 2 AS more")
    bare_database.expect({"view:latest:columns"}, metadata)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("SELECT site FROM visits FOR UPDATE", id="locks"),
        pytest.param("SELECT id, name, count(*) FROM sites GROUP BY id", id="depends on a key"),
        pytest.param("SELECT ctid FROM sites", id="system columns"),
    ],
)
def test_a_query_that_is_not_taken_apart(bare_database, query):
    """Equal texts agree; where they differ nothing is said."""
    bare_database.execute(MAKE + f"CREATE VIEW odd AS {query}")
    (text,) = bare_database.connection.exec_driver_sql("SELECT pg_get_viewdef('odd'::regclass)")
    for declared, undecided in ((text[0], set()), (query + " --", {"view:odd:definition"})):
        metadata = models()
        View(declared, name="odd").require(metadata)
        compared = bare_database.compare(metadata)
        assert compared.findings == {}
        found = {item.id: item.reason for item in compared.not_checked.values()}
        ours = {name: reason for name, reason in found.items() if name.startswith("view:")}
        assert set(ours) == undecided
        for reason in ours.values():
            assert reason.startswith("PostgreSQL cannot plan this query without its tables")


RANKED = """SELECT DISTINCT ON (v.site) v.site, sum(v.cost) OVER (ORDER BY v.at ROWS 3 PRECEDING)
    FROM "visits" v JOIN (VALUES (1, 'a'), (-2, NULL)) n (i, a) ON i = v.site
    ORDER BY v.site, v.at DESC, v.cost LIMIT 10"""


@pytest.mark.parametrize(
    ("changed", "to", "outcome"),
    [
        pytest.param("LIMIT 10", "FETCH FIRST 10 ROWS ONLY", "agrees", id="spelling of a limit"),
        pytest.param(" v ", " AS v ", "agrees", id="another spelling of an alias"),
        pytest.param("LIMIT 10", "LIMIT 11", "differs", id="limit"),
        pytest.param("LIMIT 10", "LIMIT 10 OFFSET 1", "differs", id="offset"),
        pytest.param("LIMIT 10", "FETCH FIRST 10 ROWS WITH TIES", "differs", id="ties"),
        pytest.param("-2", "-3", "differs", id="a listed number"),
        pytest.param("'a'", "'b'", "differs", id="a listed text"),
        pytest.param("ON (v.site)", "ON (v.site, v.at)", "not checked", id="distinct on"),
        pytest.param("ROWS 3", "ROWS 4", "not checked", id="window"),
    ],
)
def test_clauses_that_no_plan_shows(bare_database, changed, to, outcome):
    assert changed in RANKED
    other = RANKED.replace(changed, to)
    bare_database.execute(f"{MAKE}; CREATE VIEW odd AS {other}")
    metadata = models()
    View(RANKED, name="odd").require(metadata)
    compared = bare_database.compare(metadata)
    key = "view:odd:definition"
    assert (key in {item.id for item in compared.findings.values()}) is (outcome == "differs")
    assert (key in {item.id for item in compared.not_checked.values()}) is (
        outcome == "not checked"
    )


def test_a_definition_that_the_server_refuses(bare_database):
    metadata = models()
    View("SELECT no_such_column FROM sites", name="wrong").require(metadata)
    bare_database.execute(MAKE + "CREATE VIEW wrong AS SELECT id FROM sites")
    bare_database.expect({"view:wrong:definition"}, metadata)


def test_autogenerate_is_quiet(bare_database):
    """With what env.py is offered; without it a table is proposed for the class."""
    bare_database.execute(MAKE)
    proposed = {
        quiet: compare_metadata(
            MigrationContext.configure(
                bare_database.connection, opts={"include_object": include_object} if quiet else {}
            ),
            models(),
        )
        for quiet in (True, False)
    }
    assert proposed[True] == []
    assert [(what, table.name) for what, table in proposed[False]] == [("add_table", "latest")]


@pytest.mark.parametrize(("other", "findings"), [("<", ()), ("<=", {"view:odd:definition"})])
def test_a_comparison_from_the_other_side(bare_database, other, findings):
    query = "SELECT v.site FROM visits v JOIN sites s ON s.id = v.site WHERE {}"
    bare_database.execute(f"{MAKE}; CREATE VIEW odd AS {query.format('v.cost > 3')}")
    metadata = models()
    View(query.format(f"3 {other} v.cost"), name="odd").require(metadata)
    bare_database.expect(findings, metadata)


def test_an_undeclared_view_without_rows_comes_back(bare_database):
    bare_database.execute("CREATE TABLE t (a integer);"
                          "CREATE MATERIALIZED VIEW m AS SELECT a FROM t WITH NO DATA")  # fmt: skip
    metadata = MetaData()
    Table("t", metadata, Column("a", Integer))
    outcome = prove(bare_database, metadata)
    assert outcome.found == {"materialized_view:m:exists"}
    assert (outcome.left, outcome.changed, outcome.plan.unmended) == ([], [], ())
