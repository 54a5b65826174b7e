"""One database for all tests that only read: everything in it tells when it is executed."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, create_engine

#: Functions that warn when anybody executes them, also in a read-only transaction.
TRAPS = """
CREATE EXTENSION timescaledb;
CREATE SCHEMA evil;
CREATE FUNCTION public.sprung() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RAISE WARNING 'SPRUNG';
    RETURN true;
END $$;
CREATE FUNCTION public.held(number bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RAISE WARNING 'SPRUNG'; RETURN true; END $$;
CREATE FUNCTION public.inlined() RETURNS boolean LANGUAGE sql AS 'SELECT public.held(1)';
"""
#: Types of catalogs, for which PostgreSQL has no operator of just these.
PAIRS = (
    ("oid", "regclass"), ("regclass", "oid"), ("oid", "integer"), ("name", "text"),
    ("text", "name"), ("name", "name"), ("oid", "oid"), ('"char"', "text"), ("smallint", "integer"),
)  # fmt: skip
FUNCTION = """
CREATE FUNCTION {schema}.same(one {left}, other {right}) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
AS $$ BEGIN RAISE WARNING 'SPRUNG'; RETURN true; END $$;
CREATE OPERATOR {schema}.= (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = {schema}.same);
CREATE OPERATOR {schema}.<> (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = {schema}.same);
"""
SHADOWS = """
CREATE FUNCTION {schema}.lower(it text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RAISE WARNING 'SPRUNG'; RETURN it; END $$;
CREATE FUNCTION {schema}.current_schema() RETURNS name LANGUAGE plpgsql AS
$$ BEGIN RAISE WARNING 'SPRUNG'; RETURN 'evil'; END $$;
CREATE FUNCTION {schema}.version() RETURNS text LANGUAGE plpgsql AS
$$ BEGIN RAISE WARNING 'SPRUNG'; RETURN 'none'; END $$;
CREATE FUNCTION {schema}.replace(it text, a text, b text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RAISE WARNING 'SPRUNG'; RETURN it; END $$;
"""
TABLES = """
CREATE TABLE prices (
    at bigint NOT NULL, label text DEFAULT public.inlined()::text,
    CONSTRAINT ck_constant CHECK (public.held(1)),
    CONSTRAINT ck_folded CHECK (public.held(coalesce(1::bigint, at))),
    CONSTRAINT ck_inlined CHECK (public.inlined()),
    CONSTRAINT ck_plain CHECK (public.held(at))
);
CREATE INDEX ix_prices_held ON prices (at) WHERE public.held(2);
ALTER TABLE prices ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON prices USING (public.held(3));
CREATE VIEW held AS SELECT at, public.held(4) AS is_held FROM prices WHERE public.held(5);
CREATE VIEW of_held AS SELECT * FROM held;
CREATE RULE again AS ON UPDATE TO prices WHERE public.held(6) DO ALSO NOTHING;
CREATE DOMAIN sure AS boolean DEFAULT public.held(7) CHECK (public.held(8));
CREATE FUNCTION public.stop() RETURNS event_trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE WARNING 'SPRUNG'; END $$;
CREATE TABLE ticks (at bigint NOT NULL);
SELECT create_hypertable('ticks', 'at', chunk_time_interval => 100);
CREATE FUNCTION public.latest() RETURNS bigint LANGUAGE plpgsql STABLE AS
$$ BEGIN RAISE WARNING 'SPRUNG'; RETURN 1; END $$;
SELECT set_integer_now_func('ticks', 'public.latest');
INSERT INTO ticks VALUES (1);
"""


@pytest.fixture(scope="module")
def trapped(conformance_engine):
    """The URL of a database with traps in each place where code may be."""
    with conformance_engine.database() as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            raw = connection.connection.cursor()
            raw.execute("SET client_min_messages = error")
            raw.execute(TRAPS)
            raw.execute(TABLES)
            for schema in ("public", "evil"):
                raw.execute(SHADOWS.format(schema=schema))
                for left, right in PAIRS:
                    raw.execute(FUNCTION.format(schema=schema, left=left, right=right))
            raw.execute("CREATE EVENT TRIGGER stop ON ddl_command_start EXECUTE FUNCTION stop()")
            raw.execute("SELECT pg_catalog.current_database()")
            name = raw.fetchone()[0]
            raw.execute(f'ALTER DATABASE "{name}" SET search_path = evil, public, pg_catalog')
            raw.execute(f'ALTER DATABASE "{name}" SET client_min_messages = warning')
        yield url
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP EVENT TRIGGER stop")
