"""Storage parameters as they are compared, and which of them change rows or plans.

Source: PostgreSQL documentation, "CREATE TABLE", storage parameters.
"""

from __future__ import annotations

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
#: Parameter -> its default.
_DEFAULTS = {
    "autovacuum_enabled": "on",
    "toast.autovacuum_enabled": "on",
    "user_catalog_table": "off",
    "statistics": "-1",
    "tablespace": "pg_default",
    "replica_identity": "default",
}
_ON_OFF = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}
_SWITCHES = ("enabled", "fastupdate", "buffering", "autosummarize", "deduplicate_items", "table")


def normal(name: str, value: object) -> str | None:
    """The value as text; `on` or `off` for a switch; None for the default."""
    text = str(value).strip().lower() if isinstance(value, bool) else str(value).strip()
    if name.endswith(_SWITCHES):
        text = _ON_OFF.get(text.lower(), text.lower())
    return None if _DEFAULTS.get(name) == text.lower() else text
