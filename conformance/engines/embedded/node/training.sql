-- What a run of the suite does, in small: optimized code is kept of the functions that this calls.
-- One statement or several in a query, as clients send them; a blank line ends a query.
CREATE EXTENSION timescaledb

CREATE TYPE side AS ENUM ('bid', 'ask');
CREATE DOMAIN percentage AS numeric(5, 2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE TABLE sources (
    id serial PRIMARY KEY, name varchar(40) NOT NULL UNIQUE, details jsonb, tags text[],
    is_active boolean NOT NULL DEFAULT true, made_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE prices (
    at timestamptz NOT NULL, source_id int NOT NULL REFERENCES sources, symbol text NOT NULL,
    side side, price numeric(18, 6) CHECK (price > 0), size float8, share percentage, day date, note text,
    PRIMARY KEY (source_id, symbol, at), UNIQUE NULLS NOT DISTINCT (symbol, at, side)
);
CREATE INDEX ix_prices_symbol ON prices (symbol, at DESC) WHERE price IS NOT NULL;
CREATE INDEX ix_prices_lower ON prices (lower(symbol));
COMMENT ON TABLE prices IS 'training'

SELECT create_hypertable('prices', by_range('at', interval '7 days'));
ALTER TABLE prices SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'source_id, symbol',
    timescaledb.compress_orderby = 'at DESC'
);
SELECT add_compression_policy('prices', interval '30 days');
SELECT add_retention_policy('prices', interval '10 years')

INSERT INTO sources (name, details, tags)
SELECT 'source ' || g, jsonb_build_object('n', g), ARRAY['a', g::text] FROM generate_series(1, 20) g

INSERT INTO prices VALUES
    ('2024-01-01 00:00+00', 1, 'A', 'bid', 1.5, 2.5, 10, '2024-01-01', 'x'),
    ('2024-01-09 00:00+00', 2, 'B', 'ask', 1.25, 'NaN', 99.5, '2024-01-09', NULL)
ON CONFLICT DO NOTHING

INSERT INTO prices SELECT '2024-01-01'::timestamptz + g * interval '1 hour', 1 + g % 20, 'S' || g % 7, 'ask',
    1 + g / 3.0, random(), g % 100, '2024-01-01'::date + g / 24, repeat('note ', g % 5)
FROM generate_series(1, 500) g
ON CONFLICT (source_id, symbol, at) DO UPDATE SET price = excluded.price, size = excluded.size
RETURNING at, price

SELECT compress_chunk(c) FROM show_chunks('prices', older_than => '2024-01-15'::timestamptz) c

INSERT INTO prices (at, source_id, symbol, price)
SELECT '2024-01-01'::timestamptz + g * interval '1 hour', 1 + g % 20, 'S' || g % 7, 2 FROM generate_series(1, 40) g
ON CONFLICT (source_id, symbol, at) DO UPDATE SET price = excluded.price

UPDATE prices SET size = 1 WHERE symbol = 'S1'; DELETE FROM prices WHERE symbol = 'S2' AND at < '2024-01-05'

SELECT symbol, time_bucket('1 day', at) AS day, count(*), avg(price), max(size) FROM prices
GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 1, 2

BEGIN; SAVEPOINT one

INSERT INTO prices (at, source_id, symbol, price) VALUES (now(), 99, 'S', -1)

ROLLBACK TO SAVEPOINT one; INSERT INTO sources (name) VALUES ('source 1')

ROLLBACK

CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS
SELECT symbol, time_bucket('1 day', at) AS day, avg(price) AS price FROM prices GROUP BY 1, 2 WITH NO DATA

CALL refresh_continuous_aggregate('daily', NULL, NULL)

SELECT add_continuous_aggregate_policy('daily', interval '30 days', interval '1 hour', interval '1 hour');
CREATE VIEW latest AS SELECT DISTINCT ON (symbol) symbol, at, price FROM prices ORDER BY symbol, at DESC;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.tags := ARRAY['touched']; RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON sources FOR EACH ROW EXECUTE FUNCTION touch();
UPDATE sources SET name = upper(name)

SELECT n.nspname, c.relname, c.relkind, pg_get_expr(d.adbin, d.adrelid), format_type(a.atttypid, a.atttypmod),
    col_description(c.oid, a.attnum), a.attnotnull, coalesce(array_to_string(c.reloptions, ','), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND n.nspname IN ('public') ORDER BY 1, 2, a.attnum

SELECT json_agg(json_build_object('name', conname, 'definition', pg_get_constraintdef(oid))) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace

SELECT pg_get_indexdef(indexrelid), pg_get_viewdef('latest'), pg_get_functiondef('touch'::regproc),
    obj_description(indexrelid, 'pg_class'), indnatts, indkey FROM pg_index WHERE indrelid = 'prices'::regclass

WITH RECURSIVE below AS (
    SELECT oid, 0 AS depth FROM pg_class WHERE relname = 'prices'
    UNION ALL SELECT inhrelid, depth + 1 FROM pg_inherits JOIN below ON below.oid = inhparent
)
SELECT depth, count(*), array_agg(oid::regclass::text ORDER BY oid) FROM below GROUP BY depth

SELECT * FROM timescaledb_information.hypertables; SELECT * FROM timescaledb_information.chunks;
SELECT * FROM timescaledb_information.dimensions; SELECT * FROM timescaledb_information.jobs;
SELECT * FROM timescaledb_information.continuous_aggregates;
SELECT * FROM timescaledb_information.hypertable_compression_settings

SELECT c.relname, array_agg(x.grantee::regrole ORDER BY 1), count(*) FROM pg_class c, aclexplode(c.relacl) x
GROUP BY 1; SELECT name, setting, source FROM pg_settings; SELECT deptype, count(*) FROM pg_depend GROUP BY 1

ALTER TABLE sources ADD COLUMN extra int DEFAULT 5, ADD CONSTRAINT positive CHECK (extra > 0) NOT VALID;
ALTER TABLE sources VALIDATE CONSTRAINT positive; ALTER TABLE sources ALTER COLUMN extra TYPE bigint;
ALTER TABLE prices ADD COLUMN extra text; ALTER TABLE prices DROP COLUMN note; ALTER TABLE prices RENAME extra TO more

SELECT decompress_chunk(c, true) FROM show_chunks('prices') c; SELECT drop_chunks('prices', older_than => now())

DROP MATERIALIZED VIEW daily; DROP VIEW latest; DROP TABLE prices CASCADE; DROP TABLE sources;
DROP FUNCTION touch(); DROP DOMAIN percentage; DROP TYPE side
