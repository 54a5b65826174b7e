"""Recognise from the error of a migration that a PostgreSQL extension is missing."""

from __future__ import annotations

import re

#: Extension -> the server's error where the extension was not created. Sources: each extension's
#: page in PostgreSQL's documentation.
_SIGNS = {
    "timescaledb": r"function ([\w.]+\.)?(create_hypertable|by_range|by_hash|add_dimension|"
    r"time_bucket|add_(retention|compression|columnstore|continuous_aggregate|reorder)_policy|"
    r"set_chunk_time_interval|show_chunks|compress_chunk|add_job|set_integer_now_func)\("
    r'|unrecognized parameter namespace "(timescaledb|tsdb)"'
    r'|schema "_?timescaledb_\w+" does not exist',
    "pgcrypto": r"function (digest|hmac|crypt|gen_salt|gen_random_bytes|pgp_\w+|encrypt|decrypt)\(",
    "uuid-ossp": r"function uuid_(generate_v\d\w*|nil|ns_\w+)\(",
    "citext": r'type "citext"',
    "hstore": r'type "hstore"|function hstore\(',
    "ltree": r'type "ltree"',
    "pg_trgm": r'operator class "(gin|gist)_trgm_ops"|function (similarity|show_trgm)\(',
    "btree_gist": r'no default operator class for access method "gist"',
    "btree_gin": r'no default operator class for access method "gin"',
    "unaccent": r'function unaccent\(|dictionary "unaccent"',
    "postgis": r'type "(geometry|geography|raster)(\(\w+.*\))?"|function st_\w+\(',
    "vector": r'type "(vector|halfvec)(\(\d+\))?"|access method "(hnsw|ivfflat)"',
    "timescaledb_toolkit": r'type "(tdigest|uddsketch|hyperloglog|statssummary\w*)"'
    r"|function ([\w.]+\.)?(time_weight|interpolated_average|approx_percentile\w*|percentile_agg|"
    r"tdigest|uddsketch|hyperloglog|approx_count_distinct|stats_agg|counter_agg|gauge_agg|"
    r"candlestick_agg|state_agg|heartbeat_agg|asap_smooth|lttb|(min|max)_n(_by)?|rollup)\(",
}
#: Extensions of PostgreSQL's own packages ("contrib"), which the official image has as well.
_CONTRIB = frozenset({
    "bloom", "btree_gin", "btree_gist", "citext", "cube", "dblink", "earthdistance",
    "fuzzystrmatch", "hstore", "intarray", "isn", "lo", "ltree", "pg_stat_statements", "pg_trgm",
    "pgcrypto", "pgrowlocks", "pgstattuple", "postgres_fdw", "seg", "sslinfo", "tablefunc",
    "unaccent", "uuid-ossp", "xml2",
})  # fmt: skip
#: Extensions of the image timescale/timescaledb-ha. Source: the page of the image.
_IN_THE_HA_IMAGE = frozenset({"postgis", "timescaledb_toolkit", "vector", "vectorscale"})

_UNKNOWN = re.compile(r"does not exist|no default operator class|unrecognized parameter namespace")
_UNAVAILABLE = re.compile(r'extension "([^"]+)" is not available')


def unavailable(message: str) -> str | None:
    """The extension that the server does not have installed, according to its error."""
    found = _UNAVAILABLE.search(message)
    return found[1] if found else None


def not_created(message: str) -> str | None:
    """The extension that was not created: the error names one of its functions, types, ..."""
    if not _UNKNOWN.search(message):
        return None
    return next((name for name, sign in _SIGNS.items() if re.search(sign, message)), None)


def engines_with(extension: str) -> str:
    """Which engines have the extension; completes "use"."""
    if extension in _CONTRIB:
        return "--engine container, or the URL of a server with PostgreSQL's contrib modules"
    if extension in _IN_THE_HA_IMAGE:
        return (
            "--engine container --image timescale/timescaledb-ha:pg17, or the URL of a server with"
            " this extension"
        )
    return "the URL of a server, or the --image of a container, with this extension"
