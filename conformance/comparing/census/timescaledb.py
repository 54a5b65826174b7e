"""How the census treats TimescaleDB's catalog: every table and view of its extension.

The names of 2.17 to 2.29 and of 2.30's development; a server has those of its version. Source:
TimescaleDB documentation, "Informational views"; of the catalog, which is not documented, the
statements that create it.
"""

from __future__ import annotations

from conformance.comparing.census.treatment import Table, Treatment

_INFORMATION, _CATALOG = "timescaledb_information", "_timescaledb_catalog"
_INTERNAL, _CACHE = "_timescaledb_internal", "_timescaledb_cache"

_SIZES = "sizes, which depend on the rows"
_RUNS = "the results of the runs of a job"
_NOTING = "how changes of rows are recorded for the next refresh"
_REFRESHES = "the progress of the refreshes of continuous aggregates"
_INVALIDATION = "invalidates the caches of the server"
_TOLD = "part of the information views"
_NEXT = "when a job runs next"
_STATE = "depends on the rows and the chunks"
_NAMING = "how chunks are named"
_FORM = "whether a version before 2.7 created the continuous aggregate"

_SETTINGS = Treatment(
    ("compression", "chunk"),
    judged="hypertable chunk segmentby orderby compress_interval_length index",
)
_JOBS = Treatment(
    ("policy", "job"),
    judged="job_id schedule_interval max_runtime max_retries proc_schema proc_name scheduled "
    "config next_start hypertable_schema hypertable_name owner initial_start",
    seen="retry_period check_schema check_name fixed_schedule",
    irrelevant={"the name of a job, which versions of TimescaleDB change": "application_name"},
)
_BGW_JOB = Treatment(reason=_TOLD + ": jobs, apart from the time zone, which is seen")
_CHUNK_CONSTRAINT = Treatment(reason="the ranges of chunks, which differ from chunk to chunk")

TIMESCALEDB: Table = {
    f"{_INFORMATION}.hypertables": Treatment(
        ("hypertable", "compression", "storage"),
        judged="hypertable_schema hypertable_name compression_enabled",
        seen="tablespaces",
        irrelevant={
            _STATE: "num_chunks",
            "told by the dimensions": "num_dimensions primary_dimension primary_dimension_type",
            "told by pg_class": "owner",
        },
    ),
    f"{_INFORMATION}.dimensions": Treatment(
        ("hypertable",),
        judged="hypertable_schema hypertable_name dimension_number column_name column_type "
        "dimension_type time_interval integer_interval num_partitions",
        irrelevant={"told with its schema by the catalog": "integer_now_func"},
    ),
    f"{_INFORMATION}.compression_settings": Treatment(
        ("compression",),
        judged="hypertable_schema hypertable_name attname segmentby_column_index "
        "orderby_column_index orderby_asc orderby_nullsfirst",
    ),
    f"{_INFORMATION}.hypertable_compression_settings": _SETTINGS,
    f"{_INFORMATION}.hypertable_columnstore_settings": _SETTINGS,
    f"{_INFORMATION}.chunk_compression_settings": _SETTINGS,
    f"{_INFORMATION}.chunk_columnstore_settings": _SETTINGS,
    f"{_INFORMATION}.jobs": _JOBS,
    f"{_INFORMATION}.job_stats": Treatment(reason=_RUNS),
    f"{_INFORMATION}.job_errors": Treatment(reason=_RUNS),
    f"{_INFORMATION}.job_history": Treatment(reason=_RUNS),
    f"{_INFORMATION}.chunks": Treatment(
        reason="told by pg_inherits; which there are changes with the rows"
    ),
    f"{_INFORMATION}.continuous_aggregates": Treatment(
        ("continuous_aggregate", "compression", "index"),
        judged="hypertable_schema hypertable_name view_schema view_name materialized_only "
        "compression_enabled view_definition",
        irrelevant={
            "told by pg_class": "view_owner",
            _NOTING: "invalidate_using granular_refresh_enabled",
            _FORM: "finalized",
            "named by TimescaleDB": (
                "materialization_hypertable_schema materialization_hypertable_name"
            ),
        },
    ),
    f"{_INFORMATION}.hypertable_granular_refresh_settings": Treatment(reason=_NOTING),
    f"{_INFORMATION}.stat_chunk_activity": Treatment(reason="how much chunks are read and written"),
    "timescaledb_experimental.policies": Treatment(reason=_TOLD + ": jobs"),
    f"{_CATALOG}.hypertable": Treatment(
        ("hypertable", "compression"),
        judged="id schema_name table_name status chunk_target_size",
        irrelevant={
            _NAMING: "associated_schema_name associated_table_prefix",
            "computes the chunk interval from the target size": "chunk_sizing_func_schema"
            " chunk_sizing_func_name",
            _TOLD: "num_dimensions compression_state compressed_hypertable_id",
        },
    ),
    f"{_CATALOG}.dimension": Treatment(
        ("hypertable",),
        judged="id hypertable_id column_name integer_now_func_schema integer_now_func",
        seen="partitioning_func_schema partitioning_func",
        irrelevant={
            _TOLD: "column_type num_slices interval_length compress_interval_length",
            "whether chunks begin at whole intervals": "aligned",
        },
    ),
    f"{_CATALOG}.dimension_slice": _CHUNK_CONSTRAINT,
    f"{_CATALOG}.chunk_constraint": _CHUNK_CONSTRAINT,
    f"{_CATALOG}.chunk_index": Treatment(
        reason="which index of a chunk is which of its hypertable"
    ),
    f"{_CATALOG}.chunk": Treatment(
        reason=_TOLD + ": chunks; that a chunk is frozen, which only its status tells, is judged"
    ),
    f"{_CATALOG}.chunk_rewrite": Treatment(reason="chunks that are being rewritten"),
    f"{_CATALOG}.chunk_column_stats": Treatment(
        ("chunk_skipping",),
        judged="id hypertable_id column_name",
        irrelevant={_STATE: "chunk_id range_start range_end valid"},
    ),
    f"{_CATALOG}.tablespace": Treatment(reason=_TOLD + ": hypertables"),
    f"{_CATALOG}.compression_settings": Treatment(reason=_TOLD + ": compression settings"),
    f"{_CATALOG}.compression_algorithm": Treatment(reason="the algorithms that TimescaleDB has"),
    f"{_CATALOG}.compression_chunk_size": Treatment(reason=_SIZES),
    f"{_CATALOG}.continuous_agg": Treatment(reason=_TOLD + ": continuous aggregates"),
    f"{_CATALOG}.continuous_aggs_bucket_function": Treatment(
        ("continuous_aggregate",),
        judged="mat_hypertable_id bucket_width",
        irrelevant={
            "told by the definition of the continuous aggregate": (
                "bucket_func bucket_origin bucket_offset bucket_timezone bucket_fixed_width"
            )
        },
    ),
    f"{_CATALOG}.hypertable_cagg_settings": Treatment(reason=_NOTING),
    f"{_CATALOG}.continuous_aggs_invalidation_threshold": Treatment(reason=_REFRESHES),
    f"{_CATALOG}.continuous_aggs_watermark": Treatment(
        reason=_REFRESHES + "; that a real-time aggregate is far ahead is named"
    ),
    f"{_CATALOG}.continuous_aggs_hypertable_invalidation_log": Treatment(reason=_REFRESHES),
    f"{_CATALOG}.continuous_aggs_materialization_invalidation_log": Treatment(reason=_REFRESHES),
    f"{_CATALOG}.continuous_aggs_materialization_ranges": Treatment(reason=_REFRESHES),
    f"{_CATALOG}.continuous_aggs_jobs_refresh_ranges": Treatment(reason=_REFRESHES),
    f"{_CATALOG}.continuous_aggs_tenant_tracking": Treatment(reason=_REFRESHES),
    f"{_CATALOG}.continuous_agg_migrate_plan": Treatment(
        reason="how far the migration of an old continuous aggregate has come"
    ),
    f"{_CATALOG}.continuous_agg_migrate_plan_step": Treatment(
        reason="how far the migration of an old continuous aggregate has come"
    ),
    f"{_CATALOG}.metadata": Treatment(reason="identifies the installation for telemetry"),
    f"{_CATALOG}.telemetry_event": Treatment(reason="events for telemetry"),
    f"{_CATALOG}.bgw_job": _BGW_JOB,
    "_timescaledb_config.bgw_job": _BGW_JOB,
    f"{_INTERNAL}.bgw_job_stat": Treatment(reason=_RUNS),
    f"{_INTERNAL}.bgw_job_stat_history": Treatment(reason=_RUNS),
    f"{_INTERNAL}.bgw_policy_chunk_stats": Treatment(reason=_RUNS),
    f"{_INTERNAL}.compressed_chunk_stats": Treatment(reason=_SIZES),
    f"{_INTERNAL}.hypertable_chunk_local_size": Treatment(reason=_SIZES),
    f"{_CACHE}.cache_inval_bgw_job": Treatment(reason=_INVALIDATION),
    f"{_CACHE}.cache_inval_extension": Treatment(reason=_INVALIDATION),
    f"{_CACHE}.cache_inval_hypertable": Treatment(reason=_INVALIDATION),
}
