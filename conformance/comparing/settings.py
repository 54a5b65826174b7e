"""Which settings of a database or a role change the meaning of reads and writes.

Source: PostgreSQL documentation, "Server Configuration", and TimescaleDB's, "Configuration". The
names are compared without case.
"""

from __future__ import annotations

#: The setting of TimescaleDB that is judged with the extension, unless it is that of a role.
RESTORING = "timescaledb.restoring"
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
    # TimescaleDB learns by event triggers that a hypertable is dropped or altered.
    "event_triggers": "on",
    # Rows go into the table of the hypertable itself, where no query finds them.
    "timescaledb.disable_load": "off",
    RESTORING: "off",
}
#: Setting -> its usual value. Another value matters where it applies to the whole database.
_MEANING = {
    "default_transaction_read_only": "off",
    "default_transaction_isolation": "read committed",
    "plan_cache_mode": "auto",
    # Without counts autovacuum finds nothing to do.
    "track_counts": "on",
    # A limit leaves out rows that a GIN index finds; `normal` makes a switch of 0.
    "gin_fuzzy_search_limit": "off",
    # Rows that are not sorted are then read in a wrong order. A role may be one that sorts them.
    "timescaledb.enable_direct_compress_copy_client_sorted": "off",
    "timescaledb.enable_direct_compress_insert_client_sorted": "off",
}
#: Setting -> its default. Less loses digits of the numbers that are read, or fails statements that
#: change compressed rows; there 0 means that there is no limit.
_LEAST = {
    "extra_float_digits": 1,
    "timescaledb.max_tuples_decompressed_per_dml_transaction": 100_000,
}
_UTC = frozenset({"utc", "etc/utc", "gmt", "etc/gmt", "zulu", "etc/zulu", "uct", "universal"})
_ON_OFF = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}
#: Prefixes of settings that allow the planner a kind of plan.
_PLANS = ("enable_", "timescaledb.enable_")


def normal(value: str) -> str:
    """The value in a form that can be compared: lists without quotes, one space after a comma."""
    parts = (part.strip().strip('"').strip("'") for part in value.split(","))
    text = ", ".join(parts)
    return _ON_OFF.get(text.lower(), text)


def changes_meaning(
    name: str,
    value: str,
    *,
    of_role: bool,
    hidden: tuple[str, ...] = (),
    initial: str | None = None,
) -> bool:
    """Whether the setting changes rows, plans, or what can be written.

    Args:
        of_role: whether the setting applies to one role only. The time zone of such a role, or
            that it may not write, changes nothing for the application.
        hidden: tables that the search_path hides.
        initial: the value that the server has by itself, if it knows the setting.
    """
    name, value = name.lower(), normal(value).lower()
    if name in _DANGEROUS or of_role:
        return value != _DANGEROUS.get(name, value)
    if name == "search_path":
        return bool(hidden)
    if name == "timezone":
        return value not in _UTC
    if name == "datestyle":
        return _is_another_order(value.split(", "))
    if name in _LEAST:
        return _is_less(name, value)
    # A plan that is off by itself is not forbidden.
    allows_plan = name.startswith(_PLANS) and normal(initial or "on") == "on"
    usual = "on" if allows_plan else value
    return value != _MEANING.get(name, usual)


def _is_another_order(styles: list[str]) -> bool:
    """Whether 02/01 is the second of January. German dates begin with the day by themselves."""
    return any(style in ("dmy", "ymd") or style.startswith("euro") for style in styles) or (
        "german" in styles and not {"mdy", "us", "noneuropean"} & {*styles}
    )


def _is_less(name: str, value: str) -> bool:
    # `normal` makes switches of 0 and 1.
    number = {"off": "0", "on": "1"}.get(value, value)
    unlimited = number == "0" and name != "extra_float_digits"
    return number.removeprefix("-").isdigit() and int(number) < _LEAST[name] and not unlimited
