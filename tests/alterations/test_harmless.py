"""Differences that mean nothing: none of them is a finding."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, create_engine

from .cases import Alteration, Database, parametrize

ROWS = """
INSERT INTO data_sources (name) VALUES ('BCB');
INSERT INTO instruments (ticker, name, asset_class)
    SELECT 'T' || n, 'n', 'fx' FROM generate_series(1, 3) n;
INSERT INTO series_metadata (source_id, series_code, name, frequency)
    SELECT id, 'S', 's', 'daily' FROM data_sources;
INSERT INTO market_data (timestamp, instrument_id, frequency, close)
    SELECT '2020-01-01'::timestamptz + n * interval '20 days', i.id, 'daily', n
      FROM generate_series(0, 5) n, instruments i;
INSERT INTO macro_series (observation_date, series_id, value, release_time)
    SELECT '2015-01-01'::date + 300 * n, id, n, now()
      FROM generate_series(0, 5) n, series_metadata;
INSERT INTO flow_data (observation_date, series_id, flow_type, value)
    SELECT '2015-01-01', id, 'net', 1 FROM series_metadata;
INSERT INTO fiscal_data (observation_date, series_id, fiscal_metric, value)
    SELECT '2015-01-01', id, 'debt', 1 FROM series_metadata;
INSERT INTO curves (curve_date, curve_id, tenor_days, rate) VALUES ('2015-01-01', 'DI', 30, 10);
INSERT INTO vol_surfaces (surface_date, instrument_id, delta, tenor_days, call_put, implied_vol)
    SELECT '2015-01-01', id, 0.25, 30, 'put', 12 FROM instruments;
INSERT INTO signals (signal_date, signal_type, value) VALUES ('2015-01-01', 'carry', 1);
"""
COMPRESS_ALL = """
SELECT compress_chunk(c) FROM timescaledb_information.hypertables h,
       show_chunks(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) c;
"""
CURVES_IN_ANOTHER_ORDER = """
DROP TABLE curves;
CREATE TABLE curves (
    source text, curve_type text CONSTRAINT ck_curves_curve_type CHECK (curve_type IN
        ('basis', 'sovereign', 'swap', 'real', 'breakeven', 'credit')),
    rate double precision NOT NULL, tenor_label text, tenor_days integer NOT NULL,
    curve_id text NOT NULL, curve_date date NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY,
    CONSTRAINT ck_curves_tenor_days CHECK (tenor_days >= 0),
    CONSTRAINT uq_curves_natural_key UNIQUE (curve_id, curve_date, tenor_days),
    CONSTRAINT pk_curves PRIMARY KEY (id, curve_date));
SELECT create_hypertable('curves', 'curve_date', chunk_time_interval => INTERVAL '3 months');
"""
COMPRESSION_OF_CURVES = """
ALTER TABLE curves SET (timescaledb.compress, timescaledb.compress_segmentby = 'curve_id',
    timescaledb.compress_orderby = 'curve_date DESC, tenor_days, id');
SELECT add_compression_policy('curves', INTERVAL '90 days');
"""
RENAMED_JOBS = """DO $$ BEGIN
    EXECUTE format('UPDATE %s SET application_name = ''Columnstore Policy [old]''',
        coalesce(to_regclass('_timescaledb_catalog.bgw_job'),
                 to_regclass('_timescaledb_config.bgw_job')));
END $$"""


def _instruments(change: str) -> str:
    return f"ALTER TABLE instruments {change}"


CASES = (
    Alteration("rows", ROWS),
    Alteration("statistics", ROWS + "ANALYZE"),
    Alteration("compressed chunks", ROWS + COMPRESS_ALL, community=True),
    Alteration(
        "partly compressed chunks",
        ROWS
        + COMPRESS_ALL
        + ROWS.replace("2015-01-01", "2015-01-02")
        .replace("2020-01-01", "2020-01-02")
        .replace("'BCB'", "'FED'")
        .replace("'T'", "'U'")
        .replace("FROM data_sources", "FROM data_sources WHERE name = 'FED'"),
        community=True,
    ),
    Alteration(
        "chunks decompressed again",
        ROWS + COMPRESS_ALL + "SELECT decompress_chunk(c) FROM show_chunks('market_data') c",
        community=True,
    ),
    Alteration("chunks dropped", ROWS + "SELECT drop_chunks('market_data', '2020-03-01'::date)"),
    Alteration("comment on a table", "COMMENT ON TABLE market_data IS 'bars'"),
    Alteration("comment on a column", "COMMENT ON COLUMN market_data.close IS 'last price'"),
    Alteration("comment on a key", "COMMENT ON CONSTRAINT pk_curves ON curves IS 'key'"),
    Alteration("comment on the schema", "COMMENT ON SCHEMA public IS 'the desk''s own'"),
    Alteration("jobs renamed", RENAMED_JOBS, community=True),
    Alteration(
        "columns in another order",
        CURVES_IN_ANOTHER_ORDER + COMPRESSION_OF_CURVES,
        community=True,
    ),
    Alteration(
        "a column made anew",
        _instruments("DROP COLUMN exchange, ADD COLUMN exchange text"),
    ),
    Alteration("statistics objects", "CREATE STATISTICS s ON id, name FROM instruments"),
    Alteration(
        "Alembic's table under another name",
        "CREATE TABLE desk_version (version_num varchar(32) NOT NULL,"
        " CONSTRAINT desk_version_pkc PRIMARY KEY (version_num))",
    ),
    Alteration("a sequence", "CREATE SEQUENCE numbers"),
    Alteration("a composite type", "CREATE TYPE pair AS (a int, b int)"),
    Alteration("a function", "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    Alteration(
        "privileges of a role",
        "CREATE ROLE reader_of_a_test; GRANT USAGE ON SCHEMA public TO reader_of_a_test;"
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_of_a_test;"
        "GRANT UPDATE (name) ON instruments TO reader_of_a_test;"
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader_of_a_test",
    ),
    Alteration(
        "access lists that say what is so anyway",
        "REVOKE ALL ON curves FROM PUBLIC; GRANT ALL ON curves TO CURRENT_USER;"
        "GRANT USAGE ON SCHEMA public TO PUBLIC",
    ),
    Alteration(
        "another owner of all tables",
        "CREATE ROLE desk_owner_of_a_test LOGIN; DO $$ DECLARE name text; BEGIN"
        " FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP"
        " EXECUTE format('ALTER TABLE %I OWNER TO desk_owner_of_a_test', name); END LOOP; END $$",
    ),
    Alteration(
        "another schema",
        "CREATE SCHEMA attic; CREATE TABLE attic.curves (x int PRIMARY KEY);"
        "CREATE INDEX ON attic.curves (x); CREATE TYPE attic.side AS ENUM ('buy')",
    ),
    Alteration(
        "a hypertable in another schema",
        "CREATE SCHEMA attic; CREATE TABLE attic.signals (t timestamptz NOT NULL);"
        "SELECT create_hypertable('attic.signals', 't'); INSERT INTO attic.signals VALUES (now())",
    ),
    Alteration("a temporary table", "CREATE TEMP TABLE curves (x int); ANALYZE pg_temp.curves"),
    Alteration(
        "fill factor and storage",
        _instruments("SET (fillfactor = 70); ALTER TABLE instruments ALTER name SET STORAGE MAIN"),
    ),
    Alteration("statistics target", _instruments("ALTER name SET STATISTICS 1000")),
    Alteration("replica identity", _instruments("REPLICA IDENTITY FULL")),
    Alteration("clustered", _instruments("CLUSTER ON pk_instruments")),
    Alteration("identity further on", _instruments("ALTER id RESTART WITH 1000")),
    Alteration("sequence drawn from", "SELECT setval('instruments_id_seq', 5000)"),
    Alteration("sequence renamed", "ALTER SEQUENCE instruments_id_seq RENAME TO numbers"),
    Alteration(
        "automatic time index renamed", "ALTER INDEX signals_signal_date_idx RENAME TO by_date"
    ),
    Alteration(
        "automatic time index made anew",
        "DROP INDEX signals_signal_date_idx; CREATE INDEX anew ON signals (signal_date DESC)",
    ),
)


@parametrize(CASES)
def test_difference(database, case):
    database.alter(case)
    database.expect(())


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("VACUUM ANALYZE", id="vacuum"),
        pytest.param("VACUUM FULL instruments", id="vacuum full"),
        pytest.param("REINDEX TABLE curves", id="reindex"),
        pytest.param(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = attic, public',"
            " current_database()); END $$;"
            "CREATE SCHEMA attic; CREATE TABLE attic.old_curves (x int)",
            id="search_path of the database",
        ),
        pytest.param(
            "DO $$ BEGIN EXECUTE format('CREATE SCHEMA %I', current_user);"
            " EXECUTE format('CREATE TABLE %I.curves (x int)', current_user);"
            " EXECUTE format('CREATE TABLE %I.instruments (id int)', current_user); END $$",
            id="a schema named like the user",
        ),
        pytest.param(
            "DO $$ BEGIN"
            " EXECUTE format('ALTER DATABASE %I SET IntervalStyle = iso_8601',"
            " current_database());"
            " EXECUTE format('ALTER DATABASE %I SET DateStyle = ''German, MDY''',"
            " current_database());"
            " EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Etc/UTC''',"
            " current_database()); END $$",
            id="styles of the database",
        ),
    ],
)
def test_what_no_transaction_can_do(conformance_engine, migrated, sql):
    with conformance_engine.database(migrated) as url:
        maker = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with maker.connect() as connection:
            connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
        with create_engine(url, poolclass=NullPool).connect() as connection:
            Database(connection, conformance_engine.capabilities).expect(())
