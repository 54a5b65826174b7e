"""One expression in two spellings: no finding; and two expressions that look alike: a finding.

Each pair is compared in both directions, and every spelling with itself.
"""

from __future__ import annotations

import pytest
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    Enum,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import (
    DOMAIN,
    INTERVAL,
    REAL,
    TIME,
    TIMESTAMP,
    ExcludeConstraint,
)

from conformance.declarations import (
    ContinuousAggregate,
    Hypertable,
    RowSecurity,
    RowSecurityPolicy,
    Trigger,
    View,
)

#: The columns of every table here.
TYPES = {
    "a": Integer(), "b": Integer(), "big": Numeric(12, 0), "n": Numeric(), "f": Double(),
    "r": REAL(), "t": Text(), "v": String(20), "ok": Boolean(), "d": Date(), "tm": TIME(),
    "ts": TIMESTAMP(), "at": TIMESTAMP(timezone=True), "span": INTERVAL(),
}  # fmt: skip
COLUMNS = (
    "a int, b int, big numeric(12,0), n numeric, f float8, r real, t text, v varchar(20), ok bool,"
    " d date, tm time, ts timestamp, at timestamptz, span interval"
)

#: The same for the server: a check, a policy, a condition of a trigger, and more.
SAME = (
    # A comparison from the other side.
    ("a < b", "b > a"),
    ("n >= 0", "0 <= n"),
    ("t = CURRENT_USER", "CURRENT_USER = t"),
    ("length(t) > 0", "0 < length(t)"),
    ("length(t) > a", "Length(T) > A"),
    ("a % 2 = 0", "0 = a % 2"),
    ("(a IS NULL) <> (b IS NULL)", "(b IS NULL) <> (a IS NULL)"),
    ("a IS DISTINCT FROM b", "b IS DISTINCT FROM a"),
    ("(a, b) < (b, 1)", "(b, 1) > (a, b)"),
    ("a < b OR lower(t) = t", "t = lower(t) OR b > a"),
    # Numbers.
    ("n >= 0", "n >= 0.0"),
    ("n > -1.50", "-1.5 < n"),
    ("n BETWEEN 0 AND 1", "n <= 1.0 AND n >= 0.00"),
    ("n IN (1, 2.5)", "n = 2.50 OR n = 1.0"),
    ("a = 1", "a = 1::bigint"),
    ("f < 1e3", "f < 1000.0"),
    ("n < 1e3", "1000 > n"),
    ("a > -1", "a > '-1'::int"),
    ("a + 1 > b", "1 + a > b"),
    ("1.5 * a > n", "n < a * 1.5"),
    ("f * 2.5 > 1", "2.5 * f > 1"),
    # Lists.
    ("a IN (1, 2)", "a = 2 OR a = 1"),
    ("a IN (1, 2)", "a = ANY ('{2,1}')"),
    ("a NOT IN (1, 2)", "a <> 2 AND a <> 1"),
    ("a = 1", "a = ANY (ARRAY[1])"),
    ("v IN ('x', 'y')", "v = 'y' OR v = 'x'"),
    ("t IN ('a b', 'c,d')", "t IN ('c,d', 'a b')"),
    ("t IN ('a b', 'c,d')", "t = 'c,d' OR 'a b' = t"),
    ("t IN ('', 'it''s', 'a\\b', 'a\"b', '{')", "t IN ('{', 'a\"b', 'a\\b', 'it''s', '')"),
    ("t IN ('', 'it''s', 'a\\b')", "t = 'a\\b' OR t = '' OR t = 'it''s'"),
    ("lower(t) IN ('x', 'y')", "lower(t) = 'y' OR lower(t) = 'x'"),
    ("d IN ('2020-01-01', '2021-01-01')", "d = '20210101' OR d = '2020-01-01'"),
    # Words of SQL.
    ("trim(t) <> ''", "btrim(t) <> ''"),
    ("trim(LEADING FROM t) = 'x'", "ltrim(t) = 'x'"),
    ("trim(TRAILING 'x' FROM t) = ''", "rtrim(t, 'x') = ''"),
    ("substring(t FROM 1 FOR 2) = 'ab'", "substring(t, 1, 2) = 'ab'"),
    ("substring(t FROM '^a') = 'a'", "substring(t, '^a') = 'a'"),
    ("position('a' IN t) > 0", "\"position\"(t, 'a') > 0"),
    ("overlay(t PLACING 'x' FROM 1 FOR 2) = t", "t = \"overlay\"(t, 'x', 1, 2)"),
    ("ts > at AT TIME ZONE 'UTC'", "timezone('UTC', at) < ts"),
    ("t = CURRENT_USER", "t = CURRENT_ROLE"),
    ("t = CURRENT_USER", "t = user"),
    ("d < CURRENT_DATE", "d < ('now'::text)::date"),
    ("d < CURRENT_DATE", "d < now()::date"),
    ("at < now()", "at < ('now'::text)::timestamptz"),
    ("ts < LOCALTIMESTAMP", "ts < now()::timestamp"),
    ("tm < LOCALTIME", "tm < ('now'::text)::time"),
    ("span > '1 day'", "span > INTERVAL '1' DAY"),
    ("at > now() - INTERVAL '1' DAY", "now() - INTERVAL '1 day' < at"),
    ("span > INTERVAL '1 02:03' DAY TO MINUTE", "span > '1 day 02:03'"),
    # Further spellings, of which each is one to the server.
    ("t = E'it\\'s'", "t = 'it''s'"),
    ("t = U&'\\0061'", "t = 'a'"),
    ("ok = 't'", "ok"),
    ("NOT ok", "ok = 'no'"),
    ("t NOT LIKE 'a%'", "NOT t LIKE 'a%'"),
    ("t ILIKE 'a%'", "t ~~* 'a%'"),
    ("NOT (a > b)", "a <= b"),
    ("coalesce(t, '') = ''", "COALESCE(t, ''::text) = ''"),
    ("t COLLATE \"C\" < 'a'", "t COLLATE pg_catalog.\"C\" < 'a'"),
)  # fmt: skip

#: What differs in one detail.
DIFFERENT = (
    ("a < b", "b < a"),
    ("a < b", "a <= b"),
    ("a IS DISTINCT FROM b", "a <> b"),
    ("t = CURRENT_USER", "t = SESSION_USER"),
    ("n >= 0", "n >= 0.05"),
    ("n > 10", "n > 1.0"),
    ("a - 1 > b", "1 - a > b"),
    ("1.5 * n > 1", "1.5 + n > 1"),
    # A numeric shows its zeros.
    ("(1.5 * n)::text = t", "(1.50 * n)::text = t"),
    ("t = '0'", "t = '0.0'"),
    # One compares with the number, the other with the nearest one of four bytes.
    ("r = 0.1", "r = '0.1'"),
    ("a IN (1, 2)", "a NOT IN (1, 2)"),
    ("a IN (1, 2)", "a = 1 OR b = 2"),
    ("a IN (1, 2)", "a <> 1 AND a <> 2"),
    ("t IN ('a b', 'c')", "t IN ('a', 'b c')"),
    ("t IN ('a,b')", "t IN ('a', 'b')"),
    ("t IN ('NULL', 'b')", "t IN (NULL, 'b')"),
    ("t IN ('a\\b', 'c')", "t IN ('ab', 'c')"),
    ("trim(t) = 'x'", "ltrim(t) = 'x'"),
    ("trim('x' FROM t) = 'a'", "btrim('x', t) = 'a'"),
    ("position('a' IN t) > 0", "position(t IN 'a') > 0"),
    ("substring(t FROM 1 FOR 2) = 'ab'", "substring(t FROM 2 FOR 1) = 'ab'"),
    ("d < CURRENT_DATE", "d < (now() AT TIME ZONE 'UTC')::date"),
    ("at < now()", "at < LOCALTIMESTAMP"),
    ("at < now()", "at < clock_timestamp()"),
    ("span > INTERVAL '1' DAY", "span > INTERVAL '1' HOUR"),
    ("span > INTERVAL '1 02:03' DAY TO HOUR", "span > '1 day 02:03'"),
    ("at > now() - INTERVAL '24 hours'", "at > now() - INTERVAL '1 day'"),
    ("t = 'user'", "t = 'current_user'"),
    ("t = '(a = b)'", "t = '(b = a)'"),
    ("t COLLATE \"C\" < 'a'", "t COLLATE \"POSIX\" < 'a'"),
    ("t COLLATE \"C\" < 'a'", "t < 'a'"),
    ("t < v COLLATE \"C\"", "t < v COLLATE \"POSIX\""),
)  # fmt: skip


def _sites(*items: object, **defaults: str) -> MetaData:
    """The models of one table: its columns, and what is declared of it."""
    metadata = MetaData()
    columns = (
        Column(name, kind, server_default=text(defaults[name]) if name in defaults else None)
        for name, kind in TYPES.items()
    )
    Table("sites", metadata, *columns, *items)
    return metadata


def _check(name: str, expression: str) -> CheckConstraint:
    return CheckConstraint(text(expression), name=name)


def _policy(name: str, expression: str) -> RowSecurityPolicy:
    return RowSecurityPolicy(name, using=expression)


MADE = {
    "check": ("ALTER TABLE sites ADD CONSTRAINT {} CHECK ({})", "check:sites.{}:expression"),
    "policy": ("CREATE POLICY {} ON sites USING ({})", "row_security_policy:sites.{}:using"),
    "view": ("CREATE VIEW {} AS SELECT a FROM sites WHERE {}", "view:{}:definition"),
}


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize(("pairs", "differ"), [(SAME, False), (DIFFERENT, True)])
def test_conditions(bare_database, kind, pairs, differ):
    """All pairs at once: a comparison costs the same for one and for a hundred."""
    cases = [*pairs, *((other, one) for one, other in pairs)]
    if not differ:
        cases += [(one, one) for pair in pairs for one in pair]
    named = {f"e{number}": case for number, case in enumerate(cases)}
    sql, fact = MADE[kind]
    bare_database.execute(f"CREATE TABLE sites ({COLUMNS})")
    bare_database.execute(";".join(sql.format(name, made) for name, (_, made) in named.items()))
    if kind == "view":
        metadata = _sites()
        for name, (declared, _) in named.items():
            View(f"SELECT a FROM sites WHERE {declared}", name=name).require(metadata)
    else:
        item = _check if kind == "check" else _policy
        metadata = _sites(*(item(name, declared) for name, (declared, _) in named.items()))
    if kind == "policy":
        bare_database.execute("ALTER TABLE sites ENABLE ROW LEVEL SECURITY")
        Table("sites", metadata, RowSecurity(), extend_existing=True)
    compared = bare_database.compare(metadata)
    found = {finding.id for finding in compared.findings.values()}
    wrong = {case for name, case in named.items() if (fact.format(name) in found) is not differ}
    assert not wrong
    assert len(found) == (len(named) if differ else 0)
    assert not any(
        fact.format(name) in {i.id for i in compared.not_checked.values()} for name in named
    )


CONDITIONS = (
    ("OLD.* IS DISTINCT FROM NEW.*", "new.* IS DISTINCT FROM old.*", False),
    ("OLD IS DISTINCT FROM NEW", "OLD.* IS DISTINCT FROM NEW.*", False),
    ("to_jsonb(NEW) <> to_jsonb(OLD)", "to_jsonb(OLD.*) <> to_jsonb(NEW.*)", False),
    ("NEW.t = 'new'", "'new' = new.\"t\"", False),
    ("NEW.t = 'old.a'", "'old.a' = NEW.t", False),
    ("0 < NEW.n", "NEW.n > 0.0", False),
    ("NEW.a <> OLD.a OR NEW.b <> OLD.b", "OLD.b <> NEW.b OR OLD.a <> NEW.a", False),
    ("OLD.* IS DISTINCT FROM NEW.*", "OLD.* IS NOT DISTINCT FROM NEW.*", True),
    ("OLD.* IS DISTINCT FROM NEW.*", "OLD.a IS DISTINCT FROM NEW.a", True),
    ("NEW.t = 'new'", "NEW.t = 'NEW'", True),
    ("NEW.a > OLD.a", "OLD.a > NEW.a", True),
)


@pytest.mark.parametrize(("declared", "made", "differs"), CONDITIONS)
def test_conditions_of_triggers(bare_database, declared, made, differs):
    bare_database.execute(
        f"CREATE TABLE sites ({COLUMNS});"
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        f"CREATE TRIGGER keep BEFORE UPDATE ON sites FOR EACH ROW WHEN ({made})"
        " EXECUTE FUNCTION keep()"
    )
    for condition, finds in ((declared, differs), (made, False)):
        trigger = Trigger(
            "keep", timing="before", events="update", function="keep()", condition=condition
        )
        findings = {"trigger:sites.keep:condition"} if finds else ()
        bare_database.expect(findings, _sites(trigger))


SUBQUERIES = (
    ("a IN (SELECT x.a FROM sites x)", "sites.a = ANY (SELECT y.a FROM public.sites AS y)", False),
    ("EXISTS (SELECT 1 FROM sites x WHERE x.a = sites.b)",
     "EXISTS (SELECT 1 FROM sites y WHERE sites.b = y.a)", False),
    ("EXISTS (SELECT FROM pg_roles r WHERE r.rolname = t)",
     "EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE sites.t = r.rolname)", False),
    ("a = (SELECT max(x.a) FROM sites x)", "(SELECT max(x.a) FROM sites x) = a", False),
    ("a = (SELECT max(x.a) FROM sites x)", "a = (SELECT min(x.a) FROM sites x)", True),
    ("a IN (SELECT x.a FROM sites x)", "a IN (SELECT x.b FROM sites x)", True),
    ("a IN (SELECT x.a FROM sites x LIMIT 1)", "a IN (SELECT x.a FROM sites x LIMIT 2)", True),
    ("a IN (SELECT x.a FROM sites x WHERE x.t = CURRENT_USER)",
     "a IN (SELECT x.a FROM sites x WHERE x.t = SESSION_USER)", True),
    ("EXISTS (SELECT 1 FROM sites x WHERE x.a = sites.b AND x.ok)",
     "EXISTS (SELECT 1 FROM sites x WHERE x.a = sites.b)", True),
)  # fmt: skip


@pytest.mark.parametrize(("declared", "made", "differs"), SUBQUERIES)
def test_subqueries_of_policies(bare_database, declared, made, differs):
    bare_database.execute(
        f"CREATE TABLE sites ({COLUMNS}); ALTER TABLE sites ENABLE ROW LEVEL SECURITY;"
        f"CREATE POLICY p ON sites USING ({made}) WITH CHECK ({made})"
    )
    for expression, finds in ((declared, differs), (made, False)):
        metadata = _sites(RowSecurity(), RowSecurityPolicy("p", using=expression, check=expression))
        named = {f"row_security_policy:sites.p:{part}" for part in ("using", "check")}
        bare_database.expect(named if finds else (), metadata)
        reasons = {item.id for item in bare_database.compare(metadata).not_checked.values()}
        assert not named & reasons


QUERIES = (
    # A statement plans several queries, whose aliases then have numbers.
    ("SELECT a, sum(n) AS s FROM sites GROUP BY ROLLUP (a, b)",
     "SELECT x.a, sum(x.n) AS s FROM sites x GROUP BY ROLLUP (x.a, x.b)", False),
    ("SELECT a, sum(n) AS s FROM sites GROUP BY GROUPING SETS ((a), (b), ())",
     "SELECT a, sum(n) AS s FROM sites GROUP BY GROUPING SETS ((a), (b), ())", False),
    ("SELECT a, n FROM sites UNION ALL SELECT b, a FROM sites ORDER BY 1",
     "SELECT x.a, x.n FROM sites x UNION ALL SELECT y.b, y.a FROM sites y ORDER BY 1", False),
    ("SELECT a AS x, t FROM sites EXCEPT SELECT b, v FROM sites",
     "SELECT a AS x, t FROM sites EXCEPT SELECT b, v FROM sites", False),
    ("SELECT a AS x, t FROM sites INTERSECT SELECT b, v FROM sites",
     "SELECT a AS x, t FROM sites INTERSECT SELECT b AS y, v AS z FROM sites", False),
    ("SELECT z.a FROM sites z CROSS JOIN sites s WHERE z.n > s.f OR z.a > 1",
     "SELECT a.a FROM sites a CROSS JOIN sites s WHERE 1 < a.a OR s.f < a.n", False),
    ("SELECT max(t COLLATE \"C\") AS m FROM sites",
     "SELECT max(x.t COLLATE pg_catalog.\"C\") AS m FROM sites x", False),
    ("SELECT max(t COLLATE \"C\") AS m FROM sites",
     "SELECT max(t COLLATE \"POSIX\") AS m FROM sites", True),
    ("SELECT a, sum(n) AS s FROM sites GROUP BY ROLLUP (a, b)",
     "SELECT a, sum(n) AS s FROM sites GROUP BY CUBE (a, b)", True),
    ("SELECT a, sum(n) AS s FROM sites GROUP BY ROLLUP (a, b)",
     "SELECT a, sum(n) AS s FROM sites GROUP BY ROLLUP (b, a)", True),
    ("SELECT n, f FROM sites UNION ALL SELECT a, b FROM sites",
     "SELECT n, f FROM sites UNION ALL SELECT b, a FROM sites", True),
    ("SELECT a AS x, t FROM sites EXCEPT SELECT b, v FROM sites",
     "SELECT a AS x, t FROM sites EXCEPT SELECT a, v FROM sites", True),
)  # fmt: skip


@pytest.mark.parametrize(("declared", "made", "differs"), QUERIES)
def test_queries(bare_database, declared, made, differs):
    bare_database.execute(f"CREATE TABLE sites ({COLUMNS}); CREATE VIEW v AS {made}")
    for query, finds in ((declared, differs), (made, False)):
        metadata = _sites()
        View(query, name="v").require(metadata)
        bare_database.expect({"view:v:definition"} if finds else (), metadata)


#: Of a column: what the models and the database have as its default.
DEFAULTS = (
    ("n", "0", "0.00", False),
    ("n", "1.5", "'1.50'", False),
    ("big", "0", "0.0", False),
    ("n", "NULL", "NULL::numeric", False),
    ("t", "NULL", "NULL", False),
    ("d", "CURRENT_DATE", "('now'::text)::date", False),
    ("d", "CURRENT_DATE", "now()", False),
    ("ts", "LOCALTIMESTAMP", "now()", False),
    ("at", "now() + INTERVAL '1' DAY", "INTERVAL '1 day' + CURRENT_TIMESTAMP", False),
    ("v", "'x'", "'x'::text", False),
    ("ok", "true", "'yes'", False),
    ("n", "0", "0.1", True),
    ("n", "10", "1", True),
    ("n", "0", "NULL", True),
    ("t", "'0'", "'0.0'", True),
    ("t", "'NULL'", "NULL", True),
    ("t", "CURRENT_USER", "'CURRENT_USER'", True),
    ("at", "now()", "now()::date", True),
    ("span", "'1 day'", "'24 hours'", True),
)


@pytest.mark.parametrize(("column", "declared", "made", "differs"), DEFAULTS)
def test_defaults(bare_database, column, declared, made, differs):
    bare_database.execute(
        f"CREATE TABLE sites ({COLUMNS}); ALTER TABLE sites ALTER {column} SET DEFAULT {made}"
    )
    for default, finds in ((declared, differs), (made, False)):
        findings = {f"column:sites.{column}:default"} if finds else ()
        bare_database.expect(findings, _sites(**{column: default}))


#: What is declared, what the database has, and the finding, if there is one.
PARTS = {
    "an index": (
        lambda: Index("i", text("(1 + a)")),
        "CREATE INDEX i ON sites ((a + 1))",
        "",
    ),
    "another index": (
        lambda: Index("i", text("(1 + a)")),
        "CREATE INDEX i ON sites ((a + 2))",
        "index:sites.i:columns",
    ),
    "a list in an index": (
        lambda: Index("i", "a", postgresql_where=text("t IN ('a b', 'c')")),
        "CREATE INDEX i ON sites (a) WHERE t IN ('c', 'a b')",
        "",
    ),
    "another list in an index": (
        lambda: Index("i", "a", postgresql_where=text("t IN ('a b', 'c')")),
        "CREATE INDEX i ON sites (a) WHERE t IN ('c', 'a')",
        "index:sites.i:predicate",
    ),
    "a collation in an index": (
        lambda: Index("i", text('lower(t COLLATE "C")')),
        'CREATE INDEX i ON sites (lower(t COLLATE "C"))',
        "",
    ),
    "another collation in an index": (
        lambda: Index("i", text('lower(t COLLATE "C")')),
        'CREATE INDEX i ON sites (lower(t COLLATE "POSIX"))',
        "index:sites.i:columns",
    ),
    "a collation of an index": (
        lambda: Index("i", text('lower(t COLLATE "C")')),
        'CREATE INDEX i ON sites (lower(t) COLLATE "C")',
        "index:sites.i:columns",
    ),
    "an exclusion": (
        lambda: ExcludeConstraint((text("int4range(a, 1 + b)"), "&&"), name="x"),
        "ALTER TABLE sites ADD CONSTRAINT x EXCLUDE USING gist (int4range(a, b + 1) WITH &&)",
        "",
    ),
    "a generated column": (
        lambda: Column("g", Numeric, Computed("1.5 * a")),
        "ALTER TABLE sites ADD g numeric GENERATED ALWAYS AS (a * 1.5) STORED",
        "",
    ),
    "another generated column": (
        lambda: Column("g", Numeric, Computed("1.5 * a")),
        "ALTER TABLE sites ADD g numeric GENERATED ALWAYS AS (a * 1.50) STORED",
        "column:sites.g:generated",
    ),
    "a domain": (
        lambda: Column("g", DOMAIN("positive", Numeric(), check="VALUE >= 0 AND VALUE < 9")),
        "CREATE DOMAIN positive AS numeric CHECK (9.0 > VALUE AND VALUE >= 0.0);"
        "ALTER TABLE sites ADD g positive",
        "",
    ),
    "another domain": (
        lambda: Column("g", DOMAIN("positive", Numeric(), check="VALUE >= 0")),
        "CREATE DOMAIN positive AS numeric CHECK (VALUE >= 0.1); ALTER TABLE sites ADD g positive",
        "domain:positive:checks",
    ),
    "a value of an enumeration": (
        lambda: Column(
            "g", Enum("a", "b c", name="side"), CheckConstraint("g IN ('a', 'b c')", name="c")
        ),
        "CREATE TYPE side AS ENUM ('a', 'b c');"
        "ALTER TABLE sites ADD g side, ADD CONSTRAINT c CHECK (g = 'b c' OR g = 'a')",
        "",
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_parts_of_tables(bare_database, name):
    declared, made, finding = PARTS[name]
    bare_database.execute(f"CREATE TABLE sites ({COLUMNS}); {made}")
    bare_database.expect({finding} if finding else (), _sites(declared()))


def test_a_default_of_null_that_a_domain_needs(bare_database):
    """It hides the default of the domain."""
    bare_database.execute(
        "CREATE DOMAIN seven AS int DEFAULT 7; CREATE TABLE sites (g seven DEFAULT NULL)"
    )
    for default, findings in ((text("NULL"), ()), (None, {"column:sites.g:default"})):
        metadata = MetaData()
        seven = DOMAIN("seven", Integer(), default=text("7"))
        Table("sites", metadata, Column("g", seven, server_default=default))
        bare_database.expect(findings, metadata)


@pytest.mark.usefixtures("community_edition")
@pytest.mark.parametrize(
    ("declared", "made", "differs"),
    [
        ("'1 day', at", "'24 hours', at", False),
        ("'1 week', at", "INTERVAL '168 hours', at", False),
        ("'1 day', at, INTERVAL '1 hour'", "'24 hours', at, INTERVAL '60 minutes'", False),
        ("'1 day', at", "'25 hours', at", True),
        ("'1 month', at", "'30 days', at", True),
        ("'1 day', at, INTERVAL '1 hour'", "'24 hours', at, INTERVAL '2 hours'", True),
        # A refresh adds such a width to the time of the zone, where a day has 23 hours or 25.
        ("'1 day', at, 'Europe/Berlin'", "'24 hours', at, 'Europe/Berlin'", True),
    ],
)
def test_buckets(bare_database, declared, made, differs):
    query = "SELECT time_bucket({}) AS bucket, max(f) AS highest FROM sites GROUP BY 1"
    bare_database.execute(
        "CREATE TABLE sites (at timestamptz NOT NULL, f float8);"
        "SELECT create_hypertable('sites', 'at', chunk_time_interval => INTERVAL '7 days');"
        "CREATE MATERIALIZED VIEW buckets WITH (timescaledb.continuous) AS"
        f" {query.format(made)} WITH NO DATA"
    )
    for width, finds in ((declared, differs), (made, False)):
        metadata = MetaData()
        at = Column("at", DateTime(timezone=True), nullable=False)
        Table("sites", metadata, at, Column("f", Double), Hypertable("at", chunk_interval="7 days"))
        ContinuousAggregate(query.format(width), name="buckets").require(metadata)
        found = bare_database.compare(metadata).findings.values()
        assert bool(found) is finds
        assert {finding.kind for finding in found} <= {"continuous_aggregate"}
