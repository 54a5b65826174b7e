"""Storage parameters as they are compared, and which of them change rows or plans.

Source: PostgreSQL documentation, "CREATE TABLE" and "CREATE INDEX", storage parameters; the default
fill factors of other indexes than B-trees are in PostgreSQL's headers of their access methods.
"""

from __future__ import annotations

from conformance.comparing.facts import Default, Value

#: A table without autovacuum has stale statistics; parallel_workers decides the planner's choices.
#: An unlogged sequence of a column gives ids again after a crash.
CHANGES_ROWS_OR_PLANS = frozenset(
    {
        "autovacuum_enabled",
        "toast.autovacuum_enabled",
        "parallel_workers",
        "user_catalog_table",
        "sequence",
    }
)
#: Parameter -> its default. Those that a setting of the server gives are not among them, nor is
#: vacuum_truncate, whose default is a setting from PostgreSQL 18 on.
_DEFAULTS = {
    "autovacuum_enabled": "on",
    "toast.autovacuum_enabled": "on",
    "vacuum_index_cleanup": "auto",
    "toast.vacuum_index_cleanup": "auto",
    "fastupdate": "on",
    "buffering": "auto",
    "deduplicate_items": "on",
    "autosummarize": "off",
    "pages_per_range": "128",
    "n_distinct": "0",
    "n_distinct_inherited": "0",
    "user_catalog_table": "off",
    "statistics": "-1",
    "tablespace": "pg_default",
    "replica_identity": "default",
}
#: Access method of an index, None for a table -> the default of fillfactor.
_FILLFACTORS = {None: "100", "btree": "90", "hash": "75", "gist": "90", "spgist": "80"}
_ON_OFF = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}
_SWITCHES = ("enabled", "fastupdate", "buffering", "autosummarize", "deduplicate_items", "table")

#: Option of a refresh policy -> its default in every version that has the option.
_OF_REFRESHES = {"max_batches_per_execution": 0, "refresh_newest_first": True}


def refresh_option(name: str, value: Value) -> Value:
    """The value of an option of a refresh policy; None if it is the default.

    Source: TimescaleDB documentation, "add_continuous_aggregate_policy". The default of
    `buckets_per_batch` is another one in later versions.
    """
    return None if name in _OF_REFRESHES and value == _OF_REFRESHES[name] else value


def normal(name: str, value: object, method: str | None = None) -> str | Default:
    """The value as text, and as `Default` if it is one; `on` or `off` for a switch.

    Args:
        method: the access method of an index; None: the parameter is not one of an index.
    """
    text = str(value).strip().lower() if isinstance(value, bool) else str(value).strip()
    if name.endswith(_SWITCHES):
        text = _ON_OFF.get(text.lower(), text.lower())
    default = _FILLFACTORS.get(method) if name == "fillfactor" else _DEFAULTS.get(name)
    return Default(text) if default == text.lower() else text
