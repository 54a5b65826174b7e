"""Which settings of a database or a role change the meaning of reads and writes.

Source: PostgreSQL documentation, "Server Configuration", and TimescaleDB's, "Configuration". The
names are compared without case.
"""

from __future__ import annotations

#: Setting -> its safe value. Any other value turns checks off or changes the meaning of SQL.
_DANGEROUS = {
    "session_replication_role": "origin",
    "row_security": "on",
    "transform_null_equals": "off",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "zero_damaged_pages": "off",
    "ignore_checksum_failure": "off",
    "ignore_system_indexes": "off",
}
#: Setting -> its usual value. Another value matters where it applies to the whole database.
_MEANING = {
    "default_transaction_read_only": "off",
    "default_transaction_isolation": "read committed",
    "plan_cache_mode": "auto",
}
_UTC = frozenset({"utc", "etc/utc", "gmt", "etc/gmt", "zulu", "etc/zulu", "uct", "universal"})
_ON_OFF = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}
#: Prefixes of settings that allow the planner a kind of plan.
_PLANS = ("enable_", "timescaledb.enable_")

#: The setting of TimescaleDB that is judged with the extension.
RESTORING = "timescaledb.restoring"


def normal(value: str) -> str:
    """The value in a form that can be compared: lists without quotes, one space after a comma."""
    parts = (part.strip().strip('"').strip("'") for part in value.split(","))
    text = ", ".join(parts)
    return _ON_OFF.get(text.lower(), text)


def changes_meaning(name: str, value: str, *, of_role: bool, hidden: tuple[str, ...] = ()) -> bool:
    """Whether the setting changes rows, plans, or what can be written.

    Args:
        of_role: whether the setting applies to one role only. The time zone of such a role, or
            that it may not write, changes nothing for the application.
        hidden: tables that the search_path hides.
    """
    name, value = name.lower(), normal(value).lower()
    if name in _DANGEROUS or of_role:
        return value != _DANGEROUS.get(name, value)
    if name == "search_path":
        return bool(hidden)
    if name == "timezone":
        return value not in _UTC
    if name == "datestyle":
        return "dmy" in value or "ymd" in value
    usual = "on" if name.startswith(_PLANS) else value
    return value != _MEANING.get(name, usual)
