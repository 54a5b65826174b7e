-- Continuous aggregates, and the hypertable that each is materialized in. Planning the information view,
-- which has their definitions too, takes longer than most of the statements that need the names.
SELECT a.user_view_schema AS view_schema, a.user_view_name AS view_name,
       m.schema_name AS materialization_hypertable_schema,
       m.table_name AS materialization_hypertable_name
  FROM _timescaledb_catalog.continuous_agg a
  JOIN _timescaledb_catalog.hypertable m ON m.id = a.mat_hypertable_id
